"""The migrations build exactly the schema the models describe, up, down and up again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask

from interagency.database import MIGRATIONS, alembic, db
from interagency.history import AuditEntry
from interagency.mail import Letter, OutboxMessage, SendIf, write
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
    for table, rows in before.items():
        columns = sorted(set(rows[0]) & set(after[table][0])) if rows and after[table] else []
        was = sorted(repr([row[name] for name in columns]) for row in rows)
        became = sorted(repr([row[name] for name in columns]) for row in after[table])
        assert was == became, table
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
            letter = Letter("Subject", "Dear Farida,", ("Text.",))
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
