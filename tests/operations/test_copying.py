"""Moving to another database loses nothing, and refuses in words what it cannot do."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from interagency import create_app
from interagency.cli import main
from interagency.db.base import Model, db, now
from interagency.db.history import audit
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.record import create_activity
from interagency.operations.copying import BORN_FILLED, CopyRefusal, append_only_tables, copy_to, plain
from interagency.settings import Settings
from interagency.web.idempotency import FormKey
from tests.conftest import close, make_app, make_settings, once
from tests.helpers import activity_draft

HOSTILE = (
    "=1+1",
    "Robert'); DROP TABLE activity;--",
    "\\N",
    "\\. \\x00 %s %(a)s :name {0} $1",
    "‮right to left\u200b\u2028",
    "e\u0301 or é, ﬁ, Ⅳ, 𝔘𝔫, 🇦🇹👩‍💻",
    "\"quotes\" 'and' `ticks` ;\t\r\n  ends with spaces  ",
    "x" * 300_000,
)


@pytest.fixture(scope="session")
def filled(sample_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, a closed month and hostile texts in every text that people write."""
    return once(tmp_path_factory, "filled", lambda folder: _fill(sample_sqlite, folder)) / "interagency.sqlite3"


def _fill(sample: Path, folder: Path) -> None:
    shutil.copy(sample, folder / "interagency.sqlite3")
    app = make_app(make_settings(folder))
    with app.app_context():
        for text in HOSTILE:
            draft = activity_draft(text[:300], description=text, remarks=text)
            create_activity(db.session, draft, by=None, by_name=text[:100])
            audit(db.session, "test", by_name="test", text=text, number=0.1, nothing=None, yes=True, many=[1, "1", []])
        db.session.add(FormKey(person_id=1, key_hash="a" * 64, sent_hash="b" * 64, at=now(), address="/activities/1"))
        first, second = db.session.scalars(sa.select(Activity).order_by(Activity.id).limit(2))
        first.merged_into_id = second.id  # a row that points at a later row of its own table
        db.session.commit()
    close(app)


@pytest.fixture
def source(filled: Path, tmp_path: Path) -> Settings:
    shutil.copy(filled, tmp_path / "interagency.sqlite3")
    return make_settings(tmp_path)


def contents(address: str) -> dict[str, list[object]]:
    """Every row of every table, in a form that does not depend on the engine."""
    engine = sa.create_engine(address)
    with engine.connect() as connection:
        found = {
            table.name: sorted(repr([plain(value) for value in row]) for row in connection.execute(sa.select(table)))
            for table in Model.metadata.sorted_tables
        }
    engine.dispose()
    return found  # type: ignore[return-value]


def nothing(_line: str) -> None:
    """Say nothing."""


@pytest.mark.slow
@pytest.mark.postgresql
def test_there_and_back_every_row_is_the_same(source: Settings, empty_postgresql: str, tmp_path: Path) -> None:
    before = contents(source.database_url)
    done = copy_to(source, empty_postgresql, create_app=create_app, replace_target=False, tell=nothing)
    assert done.rows == sum(len(rows) for rows in before.values()) > 2000
    assert contents(empty_postgresql) == before
    served = make_app(make_settings(tmp_path, DATABASE_URL=empty_postgresql))
    with served.app_context():  # the next row gets a number of its own, and what was said stays said
        made = create_activity(db.session, activity_draft("After"), by=None, by_name="test")
        db.session.commit()
        assert made.id == db.session.scalar(sa.select(sa.func.max(Activity.id)))
        assert append_only_tables(db.session.connection()) >= {"change", "audit_entry", "edition", "agreement"}
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(sa.text("DELETE FROM change"))
        db.session.rollback()
    assert served.test_client().get("/readyz").json["status"] == "ready"  # type: ignore[index]
    close(served)
    moved = contents(empty_postgresql)
    back = f"sqlite:///{tmp_path / 'back.sqlite3'}"
    copy_to(
        make_settings(tmp_path, DATABASE_URL=empty_postgresql),
        back,
        create_app=create_app,
        replace_target=False,
        tell=nothing,
    )
    assert contents(back) == moved
    engine = sa.create_engine(back)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="append-only"):
        connection.execute(sa.text("DELETE FROM change"))
    engine.dispose()


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_target_that_holds_rows_is_replaced_only_when_told(source: Settings, empty_postgresql: str) -> None:
    copy_to(source, empty_postgresql, create_app=create_app, replace_target=False, tell=nothing)
    engine = sa.create_engine(empty_postgresql)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE activity SET title = 'Mine'"))
    mine = contents(empty_postgresql)
    with pytest.raises(CopyRefusal, match="holds rows"):
        copy_to(source, empty_postgresql, create_app=create_app, replace_target=False, tell=nothing)
    assert contents(empty_postgresql) == mine
    engine.dispose()
    copy_to(source, empty_postgresql, create_app=create_app, replace_target=True, tell=nothing)
    assert contents(empty_postgresql) == contents(source.database_url)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE activity SET title = 'a' || char(0) || 'b' WHERE id = 3", r"activity \(id 3\), title: .*NUL"),
        (
            "UPDATE person SET language = hex(zeroblob(200)) WHERE id = 1",
            r"person \(id 1\), language: the text has 400",
        ),
        ("UPDATE activity SET version = 3000000000 WHERE id = 3", r"activity \(id 3\), version: 3000000000 is too"),
    ],
)
def test_a_value_the_target_does_not_keep_is_named_and_nothing_is_copied(
    source: Settings, empty_postgresql: str, statement: str, words: str
) -> None:
    engine = sa.create_engine(source.database_url)
    with engine.begin() as connection:
        assert connection.execute(sa.text(statement)).rowcount == 1
    engine.dispose()
    with pytest.raises(CopyRefusal, match=words):
        copy_to(source, empty_postgresql, create_app=create_app, replace_target=False, tell=nothing)
    assert not [name for name, rows in contents(empty_postgresql).items() if rows and name not in BORN_FILLED]


@pytest.mark.postgresql
def test_a_damaged_edition_is_not_carried_over(source: Settings, empty_postgresql: str) -> None:
    engine = sa.create_engine(source.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER edition_no_update"))
        connection.execute(sa.text("UPDATE edition SET checksum = replace(checksum, substr(checksum, 1, 1), 'z')"))
    engine.dispose()
    with pytest.raises(CopyRefusal, match="edition 1"):
        copy_to(source, empty_postgresql, create_app=create_app, replace_target=False, tell=nothing)
    assert not [name for name, rows in contents(empty_postgresql).items() if rows and name not in BORN_FILLED]


def test_the_database_is_never_its_own_target(app: Flask) -> None:
    settings: Settings = app.extensions["interagency_settings"]
    address = settings.database_url.replace("127.0.0.1", "localhost")
    with pytest.raises(CopyRefusal, match="is the database that is copied"):
        copy_to(settings, address, create_app=create_app, replace_target=True, tell=nothing)
    with app.app_context():
        assert db.session.scalar(sa.text("SELECT count(*) FROM person")) == 5
        db.session.close()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nonsense", "not an address of a database"),
        ("mysql://somewhere/x", "not an address of a database"),
        ("sqlite://", "Name a file"),
        ("postgresql+psycopg://nobody@127.0.0.1:9/none", "does not answer"),
    ],
)
def test_an_address_that_cannot_be_is_one_line(
    source: Settings, monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    monkeypatch.chdir(source.data_folder)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(source.data_folder))
    result = CliRunner().invoke(main, ["copy-to", address])
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output


def test_an_older_schema_is_migrated_first(source: Settings, tmp_path: Path) -> None:
    engine = sa.create_engine(source.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    with pytest.raises(CopyRefusal, match="interagency db upgrade"):
        copy_to(
            source, f"sqlite:///{tmp_path / 'new.sqlite3'}", create_app=create_app, replace_target=False, tell=nothing
        )


def test_equal_means_equal_in_kind() -> None:
    assert plain(1) != plain(True)
    assert plain(1) != plain("1")
    assert plain(1) != plain(1.0)
    assert plain({"a": 1}) != plain({"a": 1.0})
    assert plain({"a": 1, "b": 2}) == plain({"b": 2, "a": 1})
    assert plain(Decimal("1.50")) == plain(Decimal("1.5"))
    assert plain(b"x") == plain(memoryview(b"x"))
    assert plain(datetime(2026, 1, 1, tzinfo=UTC)) != plain(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    "target", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow])]
)
def test_a_copy_that_fails_leaves_what_the_target_held(
    source: Settings, request: pytest.FixtureRequest, tmp_path: Path, target: str
) -> None:
    url = f"sqlite:///{tmp_path / 'target.sqlite3'}"
    if target == "postgresql":
        url = request.getfixturevalue("empty_postgresql")
    copy_to(source, url, create_app=create_app, replace_target=False, tell=nothing)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE activity SET title = 'Mine'"))
    engine.dispose()
    mine = contents(url)

    def fail(line: str) -> None:
        if line.startswith("change"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_to(source, url, create_app=create_app, replace_target=True, tell=fail)
    assert contents(url) == mine
    copy_to(source, url, create_app=create_app, replace_target=True, tell=nothing)
    assert contents(url) == contents(source.database_url)
    assert not [path for path in tmp_path.iterdir() if path.is_dir() and path.name.startswith("tmp")]


def test_a_target_of_something_else_is_not_touched(source: Settings, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'target.sqlite3'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE theirs (id INTEGER)"))
        connection.execute(sa.text("INSERT INTO theirs VALUES (7)"))
    with pytest.raises(CopyRefusal, match="holds rows"):
        copy_to(source, url, create_app=create_app, replace_target=False, tell=nothing)
    with pytest.raises(CopyRefusal, match="something else"):
        copy_to(source, url, create_app=create_app, replace_target=True, tell=nothing)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT id FROM theirs")) == 7
    engine.dispose()
