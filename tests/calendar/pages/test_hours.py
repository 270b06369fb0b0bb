"""Hours by the reader's clock, and by the event's beside it, on every page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event
from interagency.db.base import db
from tests.helpers import EVENT, Browser, text_of

Enter = Callable[[str | None], Browser]
DAY = date.today() + timedelta(days=10)


def words(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


@pytest.fixture
def event_id(app: Flask, enter: Enter) -> int:
    """An evening in Vienna: for Tokyo the next morning, for Honolulu the same morning."""
    values = EVENT | {"title": "Evening call", "segments": f"{words(DAY)}, 20:00-21:30", "timezone": "Europe/Vienna"}
    assert enter("who").send("/events/new", values).status_code == 302
    with app.app_context():
        found = db.session.scalar(sa.select(Event.id))
        assert found is not None
        return found


def choose(app: Flask, zone: str) -> None:
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.email == "who@example.org").values(timezone=zone))
        db.session.commit()


def day_in_grid(page: str) -> list[str]:
    """The numbers of the days under which the month shows the call."""
    cells = html.fromstring(page).xpath("//table[@class='month']//td[a[contains(., 'Evening call')]]")
    return [cell.xpath("./span/text()")[0] for cell in cells]


@pytest.mark.parametrize("zone", ["Europe/Vienna", "Asia/Tokyo", "Pacific/Honolulu", "America/New_York"])
@pytest.mark.one_database
def test_hours_are_the_readers_on_every_page(app: Flask, enter: Enter, event_id: int, zone: str) -> None:
    choose(app, zone)
    who = enter("who")
    begins = datetime(DAY.year, DAY.month, DAY.day, 20, tzinfo=ZoneInfo("Europe/Vienna")).astimezone(ZoneInfo(zone))
    ends = begins + timedelta(hours=1, minutes=30)
    day, span = begins.date(), f"{begins:%H:%M}–{ends:%H:%M} {zone}"
    month = who.get(f"/calendar/{day.year}/{day.month}")
    bar = html.fromstring(month.text).xpath("string(//a[contains(., 'Evening call')])")
    assert f"{begins:%H:%M}" in bar
    assert "Vienna" not in bar, "an hour beside the name of a clock that does not show it"
    assert str(day.day) in day_in_grid(month.text)
    assert f"Hours by the clock of {zone}" in text_of(month)
    for address in ("/", "/calendar", f"/calendar/week/{day.isoformat()}", f"/calendar/{day.year}/{day.month}"):
        page = text_of(who.get(address))
        assert span in page, address
        assert zone == "Europe/Vienna" or "20:00–21:30 Europe/Vienna)" in page, address
    event = text_of(who.get(f"/events/{event_id}"))
    assert "20:00–21:30 Europe/Vienna" in event
    assert zone == "Europe/Vienna" or f"{begins:%H:%M}–{ends:%H:%M} {zone})" in event


def test_the_zone_of_the_device_is_preselected_when_it_is_offered(enter: Enter) -> None:
    page = html.fromstring(enter("who").get("/account?zone=Asia/Tokyo").text)
    assert page.xpath("//select[@name='timezone']/option[@selected]/text()") == ["Asia/Tokyo"]
    assert page.xpath("//footer//*[@data-zone-offer='Europe/Vienna'][@hidden]")


def test_a_year_counts_dates_and_events(app: Flask, enter: Enter) -> None:
    who = enter("who")
    series = EVENT | {"title": "Call", "segments": "7 January 2027, 10:00-11:00", "timezone": "Europe/Vienna"}
    who.send("/events/new", series | {"rrule": "FREQ=MONTHLY;COUNT=5"})
    who.send("/events/new", EVENT | {"title": "Once", "segments": "3 May 2027"})
    page = text_of(who.get("/calendar/2027"))
    with app.app_context():
        repeated = db.session.scalar(sa.select(Event.rrule).where(Event.title == "Call"))
    assert f"{6 if repeated else 2} dates of 2 events in the year." in page
