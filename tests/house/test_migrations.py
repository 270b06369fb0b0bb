"""The migrations build exactly the schema the models describe, up, down and up again."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.database import alembic, db
from interagency.history import AuditEntry
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
