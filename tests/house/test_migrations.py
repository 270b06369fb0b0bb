"""The migrations build exactly the schema the models describe, up, down and up again."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask

from interagency.database import MIGRATIONS, alembic, db
from interagency.history import AuditEntry
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


Rows = dict[str, list[dict[str, object]]]


def rows_of(app: Flask) -> Rows:
    """Every row of every table as the database itself names them, in any order."""
    with app.app_context(), db.engine.connect() as connection:
        names = set(sa.inspect(connection).get_table_names()) - {"alembic_version", "feed_revision"}
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
