"""The migrations build exactly the schema the models describe, up, down and up again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask

from interagency.calendar.feed_cache import EventCache
from interagency.calendar.subscriptions import build_feed
from interagency.database import MIGRATIONS, alembic, db
from interagency.history import AuditEntry
from interagency.matrix.cycles.editions import damaged_editions
from interagency.matrix.filters import Filters
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


def feed_of(app: Flask) -> bytes:
    """The whole calendar, made from the records alone."""
    with app.app_context():
        app.extensions["interagency_event_cache"] = EventCache()
        return build_feed(db.session, Filters(), [], "All", "http://localhost/x", "http://localhost", True).body


def test_feeds_hold_the_same_entries_after_the_upgrade_from_0012(app: Flask) -> None:
    """UID, DTSTAMP and SEQUENCE of each, and everything else."""
    with app.app_context():
        load_sample(db.session, progress=lambda _line: None)
        db.session.commit()
    before = feed_of(app)
    assert before.count(b"BEGIN:VEVENT") > 20
    close(app)
    with app.app_context():
        alembic.downgrade("0012")
        db.session.execute(sa.text("UPDATE event SET updated_at = updated_at"))  # the triggers of that time
        db.session.commit()
    close(app)
    with app.app_context():
        alembic.upgrade()
    close(app)
    assert feed_of(app) == before


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
    before.pop("event_block", None)  # is no more: each process makes and caches the bytes of events
    for table, rows in before.items():
        columns = sorted(set(rows[0]) & set(after[table][0])) if rows and after[table] else []
        was = sorted(repr([row[name] for name in columns]) for row in rows)
        became = sorted(repr([row[name] for name in columns]) for row in after[table])
        assert was == became, table
    with app.app_context():
        assert list(damaged_editions(db.session)) == []
        db.session.close()
