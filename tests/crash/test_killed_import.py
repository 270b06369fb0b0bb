"""An import killed before any of its statements is whole once somebody goes on with it: every row once."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.db.history import Change
from interagency.exports.incoming.apply import begin, go_on
from interagency.exports.incoming.batches import MOST
from interagency.exports.incoming.compare import Rights
from interagency.exports.models import MatrixImport
from interagency.matrix.activities.models import Activity
from interagency.settings import Settings
from tests.conftest import close, make_app
from tests.crash.killing import killed
from tests.exports.incoming.files import previewed

pytestmark = pytest.mark.crash
ROWS = MOST + 8
AT = datetime(2026, 9, 6, 9, tzinfo=UTC)


def go(app: Flask, counting: Callable[[], None] = lambda: None) -> None:
    """Carry on with the one import."""
    with app.app_context():
        kept = db.session.scalars(sa.select(MatrixImport)).one()
        db.session.commit()
        counting()
        go_on(db.session, kept, Rights(None, ()), at=AT)


def test_killed_anywhere_it_goes_on(app: Flask, copy_database: Callable[[], Settings]) -> None:
    with app.app_context():
        body = "\r\n".join(["Title,Status", *(f"Work {number},planned" for number in range(ROWS))]).encode()
        kept = previewed(body, "file.csv", Rights(None, ()))
        begin(db.session, kept, rows=None, answers={})
    whole = killed(copy_database(), go, None)
    assert whole is not None
    killings = 0
    for point in (2, *random.Random(18).sample(range(3, whole - 2), 3), whole - 1):
        settings = copy_database()
        # How many rows a batch has depends on the time, and so how many statements there are.
        killings += killed(settings, go, point) is None
        again = make_app(settings)
        go(again)
        with again.app_context():
            titles = sorted(db.session.scalars(sa.select(Activity.title)))
            assert titles == sorted(f"Work {number}" for number in range(ROWS)), point
            assert db.session.scalar(sa.select(sa.func.count()).select_from(Change)) == ROWS
            state = db.session.scalars(sa.select(MatrixImport)).one()
            assert (state.state.value, state.result["counts"]["added"]) == ("applied", ROWS)
        close(again)
    assert killings >= 3
