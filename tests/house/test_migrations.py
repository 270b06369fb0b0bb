"""The migrations build exactly the schema the models describe, up, down and up again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask

from interagency.calendar.models import Event
from interagency.database import MIGRATIONS, Model, alembic, db
from interagency.history import AuditEntry
from interagency.matrix.cycles.editions import damaged_editions
from interagency.sample.load import load_sample
from interagency.sample.months import add_months
from tests.conftest import close, make_app, make_settings


def test_upgrade_from_empty_equals_the_models(app: Flask) -> None:
    with app.app_context():
        assert alembic.compare_metadata() == []


def test_down_and_up_again(app: Flask) -> None:
    with app.app_context():
        db.session.close()
        alembic.downgrade("base")
        assert set(sa.inspect(db.engine).get_table_names()) == {"alembic_version"}
        alembic.upgrade()
        assert alembic.compare_metadata() == []


LITERAL = re.compile(r"'((?:[^']|'')*)'")


def guards_that_differ() -> list[str]:
    """A line for each column of an enum whose CHECK constraint in the database takes other values than the enum has."""
    database, found = sa.inspect(db.engine), []
    for table in Model.metadata.sorted_tables:
        checks = [check["sqltext"] for check in database.get_check_constraints(table.name)]
        for column in table.columns:
            if not isinstance(column.type, sa.Enum):
                continue
            own = [text for text in checks if re.match(rf"\W*{column.name}\b", text) and LITERAL.search(text)]
            taken = {value.replace("''", "'") for text in own for value in LITERAL.findall(text)}
            members = set(column.type.enums)
            if len(own) != 1:
                found.append(f"{table.name}.{column.name}: {len(own)} CHECK constraints")
            elif taken != members:
                found.append(f"{table.name}.{column.name}: {sorted(taken ^ members)}")
    return found


def test_every_enum_has_the_members_that_the_database_takes(app: Flask) -> None:
    with app.app_context():
        assert guards_that_differ() == [], "a member that comes or goes needs a migration of its CHECK constraint"


def test_a_member_without_a_migration_is_named_with_its_column(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = Event.__table__.c.kind.type
    with app.app_context():
        monkeypatch.setattr(kinds, "enums", [*kinds.enums, "hearing"])
        assert guards_that_differ() == ["event.kind: ['hearing']"]
        monkeypatch.setattr(kinds, "enums", [kind for kind in kinds.enums if kind not in ("hearing", "training")])
        assert guards_that_differ() == ["event.kind: ['training']"]


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET act = 'x'", "DELETE FROM audit_entry"])
def test_the_database_refuses_to_change_what_was_said(app: Flask, statement: str) -> None:
    with app.app_context():
        db.session.add(AuditEntry(act="test", by_name="test", details={}))
        db.session.commit()
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(sa.text(statement))


def test_an_unmigrated_database_says_what_to_run(tmp_path: Path) -> None:
    app = make_app(make_settings(tmp_path))
    client = app.test_client()
    assert client.get("/sign-in").status_code == 200
    page = client.get("/feeds/abc.ics")
    assert page.status_code == 503
    assert "interagency db upgrade" in page.text
    assert client.get("/readyz").status_code == 503
    close(app)


def test_ready_when_migrated(app: Flask) -> None:
    assert app.test_client().get("/readyz").json == {"status": "ready"}


def rows_of(app: Flask) -> dict[str, list[dict[str, object]]]:
    """Every row of every table as the database itself describes them, in any order."""
    engine = sa.create_engine(app.extensions["interagency_settings"].database_url)
    found = sa.MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        kept = {
            name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for name, table in found.tables.items()
            if name != "alembic_version"
        }
    engine.dispose()
    return kept


def revisions() -> list[str]:
    """Every schema that was ever released, oldest first."""
    scripts = ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS])
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


# Tables of earlier schemas that held nothing but what was made from the records and can be made again.
DERIVED = ("activity_under", "activity_tally")


@pytest.mark.parametrize("revision", revisions())
def test_from_every_released_schema_with_data_in_it(app: Flask, revision: str) -> None:
    with app.app_context():
        load_sample(db.session, progress=lambda _line: None)
        db.session.commit()
        add_months(db.session, at=datetime(2026, 11, 10, 9, tzinfo=UTC), zone=ZoneInfo("Europe/Vienna"))
    close(app)
    with app.app_context():
        alembic.downgrade(revision)
    close(app)
    before = rows_of(app)
    assert len(before["activity"]) > 100
    assert len(before["edition"]) == 1
    with app.app_context():
        alembic.upgrade()
        assert alembic.compare_metadata() == []
    close(app)
    after = rows_of(app)
    before.pop("feed_revision")  # rises with each change, and migrations change
    for table in DERIVED:
        before.pop(table, None)
    for table, rows in before.items():
        columns = sorted(set(rows[0]) & set(after[table][0])) if rows and after[table] else []
        was = sorted(repr([row[name] for name in columns]) for row in rows)
        became = sorted(repr([row[name] for name in columns]) for row in after[table])
        assert was == became, table
    with app.app_context():
        assert list(damaged_editions(db.session)) == []
        db.session.close()
