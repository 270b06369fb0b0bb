"""The index at the command line: names that change reach the records, check tells, rebuild repairs."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from interagency.cli import main
from interagency.db import fulltext
from interagency.db.base import db
from interagency.matrix.activities.models import Activity, Status
from interagency.matrix.activities.record import create_activity
from interagency.matrix.organisations.models import OrganisationName
from interagency.matrix.organisations.queries import Directory
from interagency.text.folding import search_terms
from tests.conftest import close
from tests.helpers import activity_draft


def found(app: Flask, words: str) -> int:
    with app.app_context():
        number = fulltext.count(db.session, Activity, search_terms(words))
        db.session.close()
        return number


def test_a_name_that_is_added_reaches_the_records(
    sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    run = CliRunner()
    with sqlite_app.app_context():
        db.session.execute(sa.delete(OrganisationName).where(OrganisationName.name == "DPKO"))
        draft = activity_draft("Police advisers", Status.ONGOING, lead=Directory(db.session).find("dpo"))
        create_activity(db.session, draft, by=None)
        db.session.commit()
    close(sqlite_app)
    assert found(sqlite_app, "DPKO") == 0
    loaded = run.invoke(main, ["framework", "load"])
    assert "search: 1 records found by other names than before" in loaded.output
    assert found(sqlite_app, "DPKO") == 1
    assert "search:" not in run.invoke(main, ["framework", "load"]).output, "nothing changed, nothing to do"
    with sqlite_app.app_context():
        db.session.execute(sa.text("UPDATE activity SET search_text = ' other words '"))
        db.session.commit()
        db.session.close()
    told = run.invoke(main, ["check"])
    assert told.exit_code == 1
    assert "activity 1 is not found by what it says" in told.output
    assert "Run: interagency search rebuild" in told.output
    for wrong in ("1 records", "0 records"):
        assert wrong in run.invoke(main, ["search", "rebuild"]).output
    assert run.invoke(main, ["check"]).exit_code == 0
    assert found(sqlite_app, "DPKO") == 1
