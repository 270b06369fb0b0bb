"""The migrations build exactly the schema the models describe, up, down and up again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask

from interagency.calendar.events.models import Event
from interagency.db.base import MIGRATIONS, Model, alembic, db
from interagency.db.history import AuditEntry
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import MailContent, SendIf, write
from interagency.matrix.cycles.editions import damaged_editions
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
    assert app.test_client().get("/readyz").json["status"] == "ready"  # type: ignore[index]


# Made by triggers out of other rows, and in later schemas no more.
DERIVED = {"feed_revision", "event_block", "activity_tally", "activity_under"}
Rows = dict[str, list[dict[str, object]]]


def rows_of(app: Flask) -> Rows:
    """Every row of every table as the database itself names them, in any order."""
    with app.app_context(), db.engine.connect() as connection:
        names = set(sa.inspect(connection).get_table_names()) - {"alembic_version"} - DERIVED
        found = {
            name: [
                dict(row) for row in connection.execute(sa.select(sa.text("*")).select_from(sa.table(name))).mappings()
            ]
            for name in names
        }
    close(app)
    return found


def assert_kept(before: Rows, after: Rows) -> None:
    """What stood in the columns of `before` stands in them still; what came in between is not looked at."""
    for table, rows in before.items():
        columns = sorted(set(rows[0]) & set(after[table][0])) if rows and after[table] else []
        was = sorted(repr([row[name] for name in columns]) for row in rows)
        became = sorted(repr([row[name] for name in columns]) for row in after[table])
        assert was == became, table


def migrate(app: Flask, revision: str) -> None:
    """Go to a schema, up or down."""
    with app.app_context():
        order = revisions()
        (current,) = db.session.scalars(sa.text("SELECT version_num FROM alembic_version")).all()
        db.session.close()
        (alembic.upgrade if order.index(current) < order.index(revision) else alembic.downgrade)(revision)
    close(app)


def revisions() -> list[str]:
    """Every schema that was ever released, oldest first."""
    scripts = ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS])
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


@pytest.mark.slow
def test_from_every_released_schema_with_data_in_it(sample_data: None, app: Flask) -> None:
    """Down by one schema at a time, and from each the step up keeps all that it holds: so does the way to the newest.

    What a schema holds is lost further down, so each step is taken while it is full.
    """
    with app.app_context():
        add_months(db.session, at=datetime(2026, 11, 10, 9, tzinfo=UTC), zone=ZoneInfo("Europe/Vienna"))
    close(app)
    order = revisions()
    for older, newer in reversed(list(pairwise(order))):
        migrate(app, older)
        before = rows_of(app)
        assert len(before["activity"]) > 100, older
        assert len(before["edition"]) == 1, older
        migrate(app, newer)
        assert_kept(before, rows_of(app))
        migrate(app, older)
    migrate(app, order[-1])
    assert_kept(before, rows_of(app))
    with app.app_context():
        assert alembic.compare_metadata() == []
    close(app)
    with app.app_context():
        assert list(damaged_editions(db.session)) == []
        db.session.close()


WAITING = {
    "": ("", {}),
    "coordinator": ("coordinator", {}),
    "focal_point who undp": ("focal_point", {"entities": ["who", "undp"]}),
    "unanswered 2026-08 who undp": ("unanswered", {"month": "2026-08", "entities": ["who", "undp"]}),
    "returned 12 who": ("returned", {"answer": 12, "entity": "who"}),
}


def test_mails_that_wait_during_an_upgrade_keep_what_they_wait_for(app: Flask) -> None:
    with app.app_context():
        for words, (name, args) in WAITING.items():
            letter = MailContent("Subject", "Dear Farida,", ("Text.",))
            at = datetime(2026, 8, 1, 8, tzinfo=UTC)
            send_if = SendIf(name, args) if name else None
            write(db.session, words, to_address="a@example.org", to_name="A", letter=letter, at=at, send_if=send_if)
        db.session.commit()
        db.session.close()
        alembic.downgrade("0012")
        with db.engine.connect() as connection:
            kept = connection.execute(sa.text("SELECT once, only_while FROM outbox_message")).all()
        assert {row.only_while for row in kept} == set(WAITING)
        assert all(row.once == row.only_while for row in kept)
        alembic.upgrade()
        found = db.session.scalars(sa.select(OutboxMessage)).all()
        assert {message.dedupe_key: (message.send_if, message.send_if_args) for message in found} == WAITING
        db.session.close()
