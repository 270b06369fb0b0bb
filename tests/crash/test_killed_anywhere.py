"""Killed before any one of its statements, an act was done whole or not at all, and can be done again."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.cli.cycle import _broken_links
from interagency.db.base import alembic, db
from interagency.db.history import Change
from interagency.matrix.activities.models import Activity
from interagency.matrix.cycles.editions import close_cycle, damaged_editions
from interagency.matrix.cycles.models import Cycle, CycleState, Edition
from interagency.matrix.cycles.months import month_after
from interagency.matrix.cycles.opening import open_cycle
from interagency.settings import Settings
from tests.conftest import close, make_app
from tests.crash.killing import Act, killed
from tests.helpers import Browser
from tests.stalling import ATTACK

pytestmark = pytest.mark.crash
POINTS = 6 if ATTACK else 3
VIENNA = ZoneInfo("Europe/Vienna")
AT = datetime(2026, 9, 6, 9, tzinfo=UTC)


@pytest.fixture
def kill_at_many_points(app: Flask) -> Callable[[Callable[[int], Act], Callable[[bool], None]], None]:
    """Do an act over and over, killed somewhere else each time; `check(done)` looks at what is left."""
    settings: Settings = app.extensions["interagency_settings"]
    close(app)

    def run(act: Callable[[int], Act], check: Callable[[bool], None]) -> None:
        whole = killed(settings, act(0), None)
        assert whole is not None
        check(True)
        chance = random.Random(8)
        middle = chance.sample(range(2, whole), min(POINTS, whole - 2))
        for number, point in enumerate([1, *middle, whole - 1, whole], start=1):
            ended = killed(settings, act(number), point)
            assert ended is None or point > whole - 5, f"it ended before statement {point} of {whole}"
            check(ended is not None)
        close(app)

    return run


def in_order(app: Flask) -> None:
    """Every record has a history row for each of its versions, and nothing leads nowhere."""
    assert _broken_links() == []
    assert list(damaged_editions(db.session)) == []
    query = sa.select(Activity.id, Activity.version, sa.func.count(Change.id)).join(
        Change, (Change.record_id == Activity.id) & (Change.record_type == "activity")
    )
    for record, version, changes in db.session.execute(query.group_by(Activity.id, Activity.version)):
        assert changes == version, record


def signed_in(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    browser.sign_in("coordinator@example.org")
    return browser


def test_saving(app: Flask, kill_at_many_points: Callable[..., None], add_activity: Callable[..., int]) -> None:
    edited = add_activity("The edited one")
    seen = {"titles": 1, "version": 1}

    def act(number: int, app: Flask, begin: Callable[[], None]) -> None:
        browser = signed_in(app)
        new = {
            "title": f"New {uuid.uuid4().hex}",
            "status": "ongoing",
            "lead": "who",
            "csrf_token": browser.token("/account"),
        }
        change = browser.fields(f"/activities/{edited}/edit") | {"title": f"Edited {number}", "entities": ["undp"]}
        begin()
        assert browser.client.post("/activities/new", data=new).status_code == 302
        assert browser.client.post(f"/activities/{edited}/edit", data=change).status_code == 302

    def check(done: bool) -> None:
        with app.app_context():
            in_order(app)
            titles = db.session.scalar(sa.select(sa.func.count()).select_from(Activity))
            version = db.session.get_one(Activity, edited).version
            assert titles in ({seen["titles"] + 1} if done else {seen["titles"], seen["titles"] + 1})
            assert version in ({seen["version"] + 1} if done else {seen["version"], seen["version"] + 1})
            seen.update(titles=titles, version=version)
            db.session.close()
        close(app)

    kill_at_many_points(lambda number: partial(act, number), check)


def test_closing_a_month(
    app: Flask, kill_at_many_points: Callable[..., None], add_activity: Callable[..., int]
) -> None:
    for number in range(3):
        add_activity(f"Activity {number}")

    def act(_number: int, app: Flask, begin: Callable[[], None]) -> None:
        with app.app_context():
            newest = db.session.scalar(sa.select(sa.func.max(Cycle.month)))
            cycle = db.session.get(Cycle, newest) if newest else None
            month = newest if cycle and cycle.is_open else month_after(newest or "2026-07")
            if cycle is None or not cycle.is_open:
                # A year ahead: who is killed after the commit has closed the month, and the next is opened.
                open_cycle(db.session, month, at=AT.replace(year=2027), zone=VIENNA, by=None)
                db.session.commit()
            begin()
            close_cycle(db.session, month, at=AT, zone=VIENNA, by=None)

    def check(done: bool) -> None:
        with app.app_context():
            in_order(app)
            months = list(db.session.scalars(sa.select(Edition.cycle_month).order_by(Edition.number)))
            closed = sa.select(Cycle.month).where(Cycle.state == CycleState.CLOSED).order_by(Cycle.month)
            assert months == list(db.session.scalars(closed))
            assert months or not done
            db.session.close()
        close(app)

    kill_at_many_points(lambda number: partial(act, number), check)


def test_migrating_with_data_in_it(
    app: Flask, add_activity: Callable[..., int], copy_database: Callable[[], Settings]
) -> None:
    """From the first schema to the newest: what is there stays, and migrating again ends well."""
    add_activity("Kept through it all")
    close(app)

    def act(app: Flask, begin: Callable[[], None]) -> None:
        with app.app_context():
            begin()
            alembic.upgrade()

    with app.app_context():
        alembic.downgrade("0001")
        db.session.close()
    whole = killed(copy_database(), act, None)
    assert whole is not None
    assert whole > 5
    chance = random.Random(8)
    for point in sorted(chance.sample(range(1, whole + 1), min(2 * POINTS, whole))):
        settings = copy_database()
        assert killed(settings, act, point) is None
        service = make_app(settings)
        with service.app_context():
            assert db.session.scalar(sa.text("SELECT title FROM activity")) == "Kept through it all", point
            db.session.close()
            alembic.upgrade()
            assert alembic.compare_metadata() == [], point
        close(service)
        with service.app_context():
            in_order(service)
            db.session.close()
        close(service)
