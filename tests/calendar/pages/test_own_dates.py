"""A single date of a series with a place, text, status and title of its own: taken in, shown, edited, sent on."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar
from lxml import html

from interagency.calendar.events.cycle_part import entries
from interagency.calendar.events.models import Event
from interagency.db.base import db
from interagency.exports.external.content import Form, content_of
from interagency.exports.external.files import calendar_file, event_rows
from interagency.matrix.agreement.gate import Passed
from interagency.matrix.cycles.contents import names_of_the_day, pack, read
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
BODY = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:series@example.org
DTSTART;TZID=Europe/Vienna:20270105T100000
DTEND;TZID=Europe/Vienna:20270105T110000
RRULE:FREQ=WEEKLY;COUNT=4
SUMMARY:Weekly coordination
LOCATION:Room A
DESCRIPTION:Standing agenda
CATEGORIES:WHO
END:VEVENT
BEGIN:VEVENT
UID:series@example.org
RECURRENCE-ID;TZID=Europe/Vienna:20270112T100000
DTSTART;TZID=Europe/Vienna:20270112T100000
DTEND;TZID=Europe/Vienna:20270112T110000
SUMMARY:Away day
LOCATION:Room B in Geneva
DESCRIPTION:Bring your badge.
STATUS:TENTATIVE
END:VEVENT
BEGIN:VEVENT
UID:series@example.org
RECURRENCE-ID;TZID=Europe/Vienna:20270119T100000
DTSTART;VALUE=DATE:20270120
DTEND;VALUE=DATE:20270121
SUMMARY:Weekly coordination
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n").encode()


@pytest.fixture
def who(sqlite_app: Flask, enter_sqlite: Enter) -> Browser:
    """A focal point who has taken the file in."""
    sqlite_app.config["CLOCK"] = lambda: datetime(2026, 12, 28, 12, tzinfo=UTC)
    browser = enter_sqlite("who")
    assert "1 new" in take_in(browser, BODY)
    return browser


def take_in(browser: Browser, body: bytes) -> str:
    """Send a file and confirm what is ticked; the words of the preview."""
    data = {"csrf_token": browser.token("/imports/calendar"), "file": (io.BytesIO(body), "team.ics")}
    at = browser.client.post("/imports/calendar", data=data, content_type="multipart/form-data").location
    page = browser.get(at)
    ticked = html.fromstring(page.text).xpath("//input[@name='item'][@checked]/@value")
    browser.send(at, {"item": ticked})
    return text_of(page)


def version_at(browser: Browser, address: str) -> str:
    return str(html.fromstring(browser.get(address).text).xpath("//input[@name='version']/@value")[0])


def feed(browser: Browser) -> bytes:
    page = browser.send("/subscriptions", {"name": "Mine"}).text
    return browser.get("/feeds/" + page.split('value="http://localhost/feeds/')[1].split('"')[0]).data


def dates(body: bytes) -> dict[str, dict[str, str]]:
    """What the feed says of each changed date, by its original day."""
    names = ("SUMMARY", "LOCATION", "DESCRIPTION", "STATUS")
    changed = [one for one in Calendar.from_ical(body).walk("VEVENT") if "RECURRENCE-ID" in one]
    return {f"{one['RECURRENCE-ID'].dt:%d}": {name: str(one.get(name)) for name in names} for one in changed}


def rows(browser: Browser) -> dict[str, dict[str, str]]:
    found = csv.DictReader(io.StringIO(browser.get("/exports/calendar.csv").data.decode("utf-8-sig")))
    return {row["First day"][-2:]: row for row in found}


def test_pages_feed_and_lists_say_what_the_date_says(who: Browser) -> None:
    for address in ("/events/1", "/calendar?view=agenda&from=2027-01-01", "/events/1/occurrences"):
        page = text_of(who.get(address))
        for words in ("Away day", "Room B in Geneva", "Bring your badge.", "Tentative"):
            assert words in page, (address, words)
    said = dates(feed(who))
    assert said["12"]["SUMMARY"] == "Away day"
    assert said["12"]["LOCATION"] == "Room B in Geneva"
    assert said["12"]["DESCRIPTION"].startswith("Bring your badge.")
    assert said["12"]["STATUS"] == "TENTATIVE"
    assert said["19"]["LOCATION"] == "Room A"
    found = rows(who)
    assert {name: found["12"][name] for name in ("Title", "Venue", "Status", "Description")} == {
        "Title": "Away day", "Venue": "Room B in Geneva", "Status": "tentative", "Description": "Bring your badge.",
    }  # fmt: skip
    assert (found["05"]["Venue"], found["05"]["Status"]) == ("Room A", "confirmed")
    assert (found["05"]["From"], found["20"]["From"]) == ("10:00", "")


def test_the_feed_taken_in_again_changes_nothing(who: Browser) -> None:
    assert "1 unchanged" in take_in(who, BODY)
    assert "1 unchanged" in take_in(who, feed(who))


def test_one_date_moved_in_our_own_feed_leaves_what_the_others_say(who: Browser) -> None:
    body = feed(who).replace(b"DTSTART;TZID=Europe/Vienna:20270112T10", b"DTSTART;TZID=Europe/Vienna:20270112T09")
    assert "1 updated" in take_in(who, body.replace(b"DTSTAMP:2026", b"DTSTAMP:2027"))
    assert rows(who)["12"]["From"] == "09:00"
    assert rows(who)["12"]["Venue"] == "Room B in Geneva"


def test_the_form_sets_and_keeps_what_a_date_says(who: Browser) -> None:
    address = "/events/1/occurrences"
    version = version_at(who, address)
    typed = {
        "original": "2027-01-26T10:00:00",
        "act": "move",
        "version": version,
        "when": "26 January 2027, 10:00-11:00",
    }
    more = {"title": "Weekly coordination", "venue": "Room C", "status": "postponed", "description": "", "note": "Late"}
    assert who.send(address, typed | more).status_code == 302
    said = dates(feed(who))
    assert said["26"]["LOCATION"] == "Room C"
    assert said["26"]["SUMMARY"] == "Weekly coordination (postponed)"
    assert said["26"]["DESCRIPTION"].startswith("Late\n\nStanding agenda")
    assert said["12"]["LOCATION"] == "Room B in Geneva"


def test_a_date_without_hours_is_ticked_as_one(who: Browser) -> None:
    address = "/events/1/occurrences"
    version = version_at(who, address)
    typed = {"original": "2027-01-26T10:00:00", "act": "move", "version": version, "when": "27 January 2027"}
    refused = who.send(address, typed)
    assert refused.status_code == 422
    assert "tick that this date has whole days" in text_of(refused)
    assert who.send(address, typed | {"whole_day": "1"}).status_code == 302
    assert rows(who)["27"]["From"] == ""


def test_the_form_of_the_event_keeps_its_dates(who: Browser) -> None:
    values = who.fields("/events/1/edit")
    assert who.send("/events/1/edit", values | {"title": ["Weekly talk"]}).status_code == 302
    assert dates(feed(who))["12"]["LOCATION"] == "Room B in Geneva"


def test_hand_outs_say_place_and_status_and_no_text(who: Browser, sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        found = entries(db.session, date(2026, 12, 28))
        assert db.session.scalar(sa.select(Event.id)) == found[0]["id"]
        contents = names_of_the_day(db.session) | {"activities": [], "event": found, "month": "2026-12"}
        edition = read(*pack(contents | {"made_at": "2026-12-28T00:00:00+00:00"}))
        content = content_of(Passed([], edition["event"], []), edition, audience="public", form=Form.FULL)
        shown = {row["day"].first[-2:]: row["day"] for row in event_rows(content)}
        assert (shown["12"].title, shown["12"].venue, shown["12"].status) == (
            "Away day",
            "Room B in Geneva",
            "tentative",
        )
        assert "Bring your badge." in str(found)
        assert b"badge" not in calendar_file(content, "http://localhost")
        assert "badge" not in str(content)
        assert b"LOCATION:Room B in Geneva" in calendar_file(content, "http://localhost")


LEFT_OUT = BODY.replace(b"CATEGORIES:WHO", b"EXDATE;TZID=Europe/Vienna:20270126T100000\r\nCATEGORIES:WHO")


def test_a_date_left_out_is_not_a_cancelled_one(who: Browser) -> None:
    """It stands nowhere, and in the feed as one left out."""
    assert "1 updated" in take_in(who, LEFT_OUT)
    assert "26" not in rows(who)
    assert "26 January" not in text_of(who.get("/events/1"))
    assert "Left out" in text_of(who.get("/events/1/occurrences"))
    body = feed(who)
    assert b"EXDATE;TZID=Europe/Vienna:20270126T100000" in body
    assert set(dates(body)) == {"12", "19"}
    assert "1 unchanged" in take_in(who, body)


def test_a_cancelled_date_is_left_out_and_put_back(who: Browser) -> None:
    address = "/events/1/occurrences"
    for act, stands, is_marked in (("cancel", True, True), ("leave_out", False, False), ("restore", True, False)):
        typed = {"original": "2027-01-26T10:00:00", "act": act, "version": version_at(who, address)}
        assert who.send(address, typed).status_code == 302
        assert ("26" in rows(who)) is stands
        said = dates(feed(who)).get("26", {})
        assert (said.get("SUMMARY") == "Cancelled: Weekly coordination") is is_marked


def test_outlook_sees_what_is_cancelled(who: Browser) -> None:
    """It goes by title and transparency; what comes back has its own title again."""
    values = who.fields("/events/1/edit")
    assert who.send("/events/1/edit", values | {"status": ["cancelled"]}).status_code == 302
    body = feed(who)
    for one in Calendar.from_ical(body).walk("VEVENT"):
        assert str(one["SUMMARY"]).startswith("Cancelled: ")
        assert (one["STATUS"], one["TRANSP"]) == ("CANCELLED", "TRANSPARENT")
    assert "1 unchanged" in take_in(who, body)
    assert "1 new" in take_in(who, body.replace(b"UID:series", b"UID:other"))
    assert "Cancelled: Weekly" not in who.get("/events/2").text
