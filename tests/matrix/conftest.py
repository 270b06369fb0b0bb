"""What the tests of the monthly cycle share: a clock that stands where they put it, and an open month."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from interagency.db.base import db
from interagency.matrix.cycles.opening import open_cycle

VIENNA = ZoneInfo("Europe/Vienna")
MONTH = "2026-08"


class Clock:
    """The service's clock. It stands on 20 August 2026, noon, until a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 8, 20, 12, tzinfo=VIENNA)

    def __call__(self) -> datetime:
        return self.at.astimezone(UTC)

    def move(self, *when: int) -> None:
        """To this local time: `clock.move(2026, 9, 5, 23, 59)`."""
        self.at = datetime(*when, tzinfo=VIENNA)  # type: ignore[arg-type, misc]


def _app(request: pytest.FixtureRequest) -> Flask:
    found: Flask = request.getfixturevalue("app" if "app" in request.fixturenames else "sqlite_app")
    return found


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> Clock:
    """The clock of the service under test."""
    made = Clock()
    _app(request).config["CLOCK"] = made
    return made


@pytest.fixture
def open_month(request: pytest.FixtureRequest, clock: Clock) -> Callable[..., None]:
    """Open a month: `open_month()` opens 2026-08 on 1 August."""
    app = _app(request)

    def act(month: str = MONTH) -> None:
        with app.app_context():
            at = datetime(int(month[:4]), int(month[5:]), 1, 0, 10, tzinfo=VIENNA)
            open_cycle(db.session, month, at=at.astimezone(UTC), zone=VIENNA, by=None)
            db.session.commit()

    return act
