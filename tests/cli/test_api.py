"""`interagency api token`: for programs on the service's own machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from interagency.cli import main
from interagency.db.base import db
from interagency.db.history import AuditEntry
from tests.api.conftest import Program


@pytest.fixture
def run(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    monkeypatch.setenv("INTERAGENCY_BASE_URL", "http://localhost")

    def act(*words: str) -> Result:
        return CliRunner().invoke(main, ["api", "token", *words])

    return act


def test_a_token_acts_for_its_account(sqlite_app: Flask, run: object) -> None:
    assert callable(run)
    made = run("who@example.org", "--label", "Nightly import", "--scope", "read", "--scope", "write")
    assert made.exit_code == 0, made.output
    script = Program(sqlite_app.test_client(), made.output.strip())
    assert script.get("/cycles").status_code == 200
    sent = {"title": "By a script", "status": "ongoing", "lead": "who"}
    assert script.post("/activities", sent).status_code == 201
    with sqlite_app.app_context():
        (entry,) = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.act == "token.made"))
        assert entry.details["scopes"] == "read write"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nobody@example.org", "--label", "x"], "There is no living account"),
        (["who@example.org", "--label", "x", "--scope", "coordinate"], "is no coordinator"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(run: object, words: list[str], why: str) -> None:
    assert callable(run)
    done = run(*words)
    assert done.exit_code == 1
    assert why in done.output
