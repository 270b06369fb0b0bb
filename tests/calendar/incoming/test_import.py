"""Taking .ics files in: what comes in goes out again the same, and nothing is written before it was shown."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from interagency.calendar.events.models import Event
from interagency.calendar.events.queries import everything
from interagency.calendar.feeds.building import calendar_bytes
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.feeds.subscriptions import build_feed
from interagency.calendar.incoming.comparing import Importer, chosen_by_default, preview
from interagency.calendar.incoming.models import CalendarImport
from interagency.calendar.incoming.reading import CalendarNotRead, read_ics
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.sample.load import load_sample
from tests.calendar.incoming.doing import apply
from tests.helpers import EVENT, Browser, text_of

Enter = Callable[[str | None], Browser]
VIENNA = "Europe/Vienna"


def ics(*events: str, before: str = "") -> bytes:
    blocks = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\n{before}{blocks}END:VCALENDAR\n".replace(
        "\n", "\r\n"
    ).encode()


def timed(uid: str = "a@x", start: str = "20261012T150000", **more: str) -> str:
    lines = [f"UID:{uid}", "SUMMARY:A meeting", f"DTSTART;TZID=Europe/Vienna:{start}"]
    return "\n".join([*lines, *(f"{name.replace('_', '-')}:{value}" for name, value in more.items())])


def upload(browser: Browser, body: bytes, **more: str) -> Any:
    data = {"csrf_token": browser.token("/imports/calendar"), "file": (io.BytesIO(body), "team.ics"), **more}
    return browser.client.post("/imports/calendar", data=data, content_type="multipart/form-data")


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.is_listed)) or 0


def take_in(app: Flask, body: bytes) -> dict[str, int]:
    with app.app_context():
        importer = Importer(None, (), None)
        kept = preview(db.session, body, "x.ics", importer, VIENNA)
        counts = apply(db.session, kept, chosen_by_default(kept.result["items"]), importer)
        db.session.commit()
        db.session.close()
        return counts


def test_nothing_is_written_until_confirmed_and_twice_changes_nothing(app: Flask, enter: Enter) -> None:
    who = enter("who")
    body = ics(timed(DTEND="20261012T133000Z"), timed("b@x", "20261013T100000"))
    first = upload(who, body)
    assert "2 new, 0 updated" in text_of(who.get(first.location))
    assert count(app) == 0
    who.send(first.location, {"item": ["0", "1"]})
    who.send(first.location, {"item": ["0", "1"]}, at="/account")
    assert count(app) == 2
    again = upload(who, body)
    assert "0 new, 0 updated, 2 unchanged" in text_of(who.get(again.location))
    with app.app_context():
        event = db.session.scalars(sa.select(Event).where(Event.uid == "a@x")).one()
        assert (event.timezone, event.segments[0].start_time, event.segments[0].end_time) == (
            VIENNA,
            datetime(2026, 1, 1, 15).time(),
            datetime(2026, 1, 1, 15, 30).time(),
        )
        assert [organiser.key for organiser in event.organisers] == ["who"]


def test_a_newer_version_updates_an_older_one_does_not_and_undo_puts_it_back(app: Flask, enter: Enter) -> None:
    who = enter("who")
    take_in(app, ics(timed(SEQUENCE="2", DTEND="20261012T133000Z", CATEGORIES="WHO")))
    newer = upload(who, ics(timed(SEQUENCE="3", start="20261014T150000", DTEND="20261014T133000Z")))
    page = text_of(who.get(newer.location))
    assert "0 new, 1 updated" in page
    assert "12 October 2026, 15:00-15:30 → 14 October 2026, 15:00-15:30" in page
    who.send(newer.location, {"item": "0"})
    older = upload(who, ics(timed(SEQUENCE="1", start="20261001T150000", DTEND="20261001T133000Z")))
    assert "What stands here is newer than the file" in text_of(who.get(older.location))

    def first_day() -> date | None:
        with app.app_context():
            return db.session.scalar(sa.select(Event.first_day))

    assert first_day() == date(2026, 10, 14)
    who.send(f"{newer.location}/undo", {}, at=newer.location)
    assert first_day() == date(2026, 10, 12)


def test_undo_leaves_what_somebody_changed_since(app: Flask, enter: Enter) -> None:
    who = enter("who")
    made = upload(who, ics(timed(), timed("b@x")))
    who.send(made.location, {"item": ["0", "1"]})
    with app.app_context():
        event_id = db.session.scalar(sa.select(Event.id).where(Event.uid == "a@x"))
    values = who.fields(f"/events/{event_id}/edit")
    assert who.send(f"/events/{event_id}/edit", values | {"title": ["Ours now"]}).status_code == 302
    page = who.send(f"{made.location}/undo", {}, at=made.location)
    assert "Ours now" in text_of(who.get(page.location))
    assert count(app) == 1


def test_what_belongs_to_others_is_not_changed(app: Flask, enter: Enter) -> None:
    undp = enter("undp")
    undp.send("/events/new", EVENT | {"organisers": ["undp"]})
    with app.app_context():
        uid = db.session.scalar(sa.select(Event.uid))
    made = upload(enter("who"), ics(timed(str(uid), SEQUENCE="9")))
    page = text_of(enter("coordinator").get(made.location))
    assert "It belongs to other entities" in page
    assert enter("reader").get("/imports/calendar").status_code == 403
    assert enter("undp").get(made.location).status_code == 404


def test_likely_the_same_event_is_shown_and_not_ticked(app: Flask, enter: Enter) -> None:
    who = enter("who")
    who.send("/events/new", EVENT)
    made = upload(who, ics("UID:z@x\nSUMMARY:Expert  Meeting\nDTSTART;VALUE=DATE:20261012"))
    page = html.fromstring(who.get(made.location).text)
    assert "Likely the same as" in page.text_content()
    assert page.xpath("//input[@name='item']/@checked") == []


def test_our_own_feed_taken_in_changes_nothing(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        load_sample(db.session, progress=lambda _line: None)
        db.session.commit()
        body = build_feed(db.session, Filters(), [], "All", "http://localhost/x", "http://localhost", True).body
        kept = preview(db.session, body, "all.ics", Importer(None, (), None), VIENNA)
        acts = {item["act"] for item in kept.result["items"]}
        assert len(kept.result["items"]) > 15
        assert acts == {"unchanged"}, [item for item in kept.result["items"] if item["act"] != "unchanged"]
        db.session.rollback()


def test_one_run_of_days_moved_in_a_file_leaves_the_others(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    who.send("/events/new", EVENT | {"segments": "12-14 October 2026\n20 October 2026"})
    with sqlite_app.app_context():
        body = build_feed(db.session, Filters(), [], "All", "http://localhost/x", "http://localhost", True).body
    take_in(sqlite_app, body.replace(b"20261020", b"20261022").replace(b"20261021", b"20261023"))
    with sqlite_app.app_context():
        event = db.session.scalars(sa.select(Event)).one()
        assert [segment.start_first for segment in event.segments] == [date(2026, 10, 12), date(2026, 10, 22)]
        assert event.title == EVENT["title"]


ZONES = """BEGIN:VTIMEZONE
TZID:Our own zone
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""


@pytest.mark.parametrize(
    ("tzid", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Europe/Vienna", "Europe/Vienna"),
        ("Our own zone", "Europe/Vienna"),
        ("Asia/Kathmandu", "Asia/Kathmandu"),
    ],
)
def test_zones_by_other_names_are_understood(tzid: str, zone: str) -> None:
    event = f"UID:a\nSUMMARY:x\nDTSTART;TZID={tzid}:20260701T120000\nDTEND;TZID={tzid}:20260701T130000"
    (found,) = read_ics(ics(event, before=ZONES), VIENNA).events
    assert found.timezone == zone
    assert (tzid == zone) == (found.notes == [])


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("UID:a\nSUMMARY:x", "no beginning"),
        ("UID:a\nDTSTART:20261012T100000Z\nDTEND:20261012T090000Z", "ends before it begins"),
        ("UID:a\nDTSTART;VALUE=DATE:16010101", "out of range"),
        ("UID:a\nDTSTART:99990101T000000Z", "out of range"),
        ("UID:a\nDTSTART;TZID=Mars/Base:20261012T100000", "not known"),
        ("UID:a\nDTSTART;TZID=Europe/Vienna:20260329T023000", "skip"),
        ("UID:a\nDTSTART:20261012T100000Z\nRRULE:FREQ=SECONDLY", "daily, weekly"),
        ("UID:a\nDTSTART:20261012T100000Z\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", "never"),
        ("UID:a\nDTSTART:20261012T100000Z\nRRULE:FREQ=DAILY;UNTIL=20200101T000000Z", "never"),
        ("UID:a\nDTSTART;VALUE=DATE:20261012\nDTEND:20261013T100000Z", "other way round"),
        ("UID:a\nDTSTART:20261012T100000Z\nRRULE:FREQ=DAILY;COUNT=3\nRDATE:20270101T100000Z", "Split it in two"),
        ("UID:a\nRECURRENCE-ID:20261012T100000Z\nDTSTART:20261012T100000Z\nSTATUS:CANCELLED", "does not hold"),
        ("UID:a\nDTSTART:rubbish", ""),
    ],
)
def test_what_cannot_be_carried_is_left_out_with_a_reason(event: str, reason: str) -> None:
    found = read_ics(ics(event, timed("good@x")), VIENNA)
    assert [one.uid for one in found.events] == ["good@x"]
    assert len(found.skipped) == 1
    assert reason in found.skipped[0][1]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not a calendar"),
        (b"\x00\x01\x02", "not a calendar"),
        (b"PK\x03\x04 a workbook", "not a calendar"),
        (b"BEGIN:VCALENDAR\r\n" + b"X" * 300_000, "Line 2"),
        (ics(*["UID:a"] * 5001), "more than 5,000"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n", ""),
        (b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", ""),
    ],
)
def test_a_file_that_cannot_be_read_says_so(sqlite_app: Flask, enter_sqlite: Enter, body: bytes, reason: str) -> None:
    try:
        found = read_ics(body, VIENNA)
    except CalendarNotRead as problem:
        assert reason in str(problem)
        response = upload(enter_sqlite("who"), body)
        assert response.status_code == 422
        assert "Not taken in" in text_of(response)
    else:
        assert found.events == []


def test_line_breaks_and_controls_smuggle_nothing_in(sqlite_app: Flask) -> None:
    take_in(sqlite_app, ics("UID:a\nSUMMARY:One\\nATTENDEE:mailto:x@example.org\x07\x1f\nDTSTART;VALUE=DATE:20261012"))
    with sqlite_app.app_context():
        event = db.session.scalars(sa.select(Event).options(*everything())).one()
        assert "\n" not in event.title
        body = calendar_bytes("x", "http://localhost", feed_events([event], "http://localhost"))
        assert b"\r\nATTENDEE" not in body


def test_latin_letters_of_an_old_program_are_read() -> None:
    body = ics("UID:a\nSUMMARY:Caf\u00e9\nDTSTART;VALUE=DATE:20261012").decode().encode("latin-1")
    assert read_ics(body, VIENNA).events[0].title == "Café"


# --- What comes in goes out again the same ---

ZONE_NAMES = ["Europe/Vienna", "America/New_York", "Asia/Kathmandu", "UTC", "America/Sao_Paulo"]
RULES = ["", "FREQ=DAILY;COUNT=9", "FREQ=WEEKLY;INTERVAL=2;COUNT=20", "FREQ=MONTHLY;COUNT=14", "FREQ=YEARLY;COUNT=6"]


OF_A_DATE = {
    "location": ["", "Room B\\, Geneva", "Zürich"],
    "description": ["", "Only today: agenda", "Zwei\nZeilen"],
    "status": ["", "TENTATIVE", "CONFIRMED"],
}


@st.composite
def calendars(draw: Any) -> icalendar.Calendar:
    calendar = icalendar.Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//test//test//EN")
    for number in range(draw(st.integers(1, 3))):
        event = icalendar.Event()
        event.add("uid", f"{number}@x")
        event.add("dtstamp", datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")))
        event.add("summary", draw(st.text("abc ,;\\éЖ漢", min_size=1, max_size=20)).strip() or "x")
        day = date(2024, 1, 1) + timedelta(days=draw(st.integers(0, 900)))
        rule = draw(st.sampled_from(RULES))
        if draw(st.booleans()):
            start: Any = day
            end: Any = day + timedelta(days=draw(st.integers(1, 3)))
        else:
            zone = ZoneInfo(draw(st.sampled_from(ZONE_NAMES)))
            start = datetime(day.year, day.month, day.day, draw(st.integers(4, 22)), 15, tzinfo=zone)
            end = start + timedelta(minutes=draw(st.sampled_from([30, 90])))
        event.add("dtstart", start)
        event.add("dtend", end)
        event.add("location", "Room A")
        event.add("description", "Standing agenda")
        if rule:
            event.add("rrule", icalendar.vRecur.from_ical(rule))
            if draw(st.booleans()):
                event.add("exdate", start)
        calendar.add_component(event)
        if rule and draw(st.booleans()) and rule.startswith("FREQ=DAILY"):
            moved = icalendar.Event()
            moved.add("uid", f"{number}@x")
            moved.add("dtstamp", datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")))
            moved.add("summary", "Moved")
            moved.add("recurrence-id", start + timedelta(days=2))
            moved.add("dtstart", start + timedelta(days=40))
            moved.add("dtend", end + timedelta(days=40))
            for name, values in OF_A_DATE.items():
                if value := draw(st.sampled_from(values)):
                    moved.add(name, value)
            calendar.add_component(moved)
    return calendar


def left_out(body: bytes) -> list[str]:
    """The dates that are left out, which are not cancelled ones."""
    said = [one["EXDATE"] for one in icalendar.Calendar.from_ical(body).walk("VEVENT") if "EXDATE" in one]
    return sorted(date.dt.isoformat() for one in said for date in one.dts)


def happenings(body: bytes) -> list[tuple[str, ...]]:
    """Every occurrence over ten years that takes place: title, begin and end (in UTC or as days), place, text, status.

    Our feed adds the address of the event to its text, and a date that says no place, text or status has the series'.
    """

    def plain(value: Any) -> str:
        return value.astimezone(ZoneInfo("UTC")).isoformat() if isinstance(value, datetime) else value.isoformat()

    found = recurring_ical_events.of(icalendar.Calendar.from_ical(body)).between(date(2023, 1, 1), date(2033, 1, 1))
    return sorted(
        (
            " ".join(str(one["SUMMARY"]).split()),
            plain(one["DTSTART"].dt),
            plain(one["DTEND"].dt),
            str(one.get("LOCATION") or "Room A"),
            str(one.get("DESCRIPTION") or "Standing agenda").partition("\n\n")[0],
            str(one.get("STATUS") or "CONFIRMED"),
        )
        for one in found
        if one.get("STATUS") != "CANCELLED"
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calendars())
def test_what_comes_in_goes_out_the_same(sqlite_app: Flask, calendar: icalendar.Calendar) -> None:
    # What was taken in stays: each calendar has events of its own.
    uids = {str(one["UID"]): f"{uuid.uuid4()}" for one in calendar.walk("VEVENT")}
    for one in calendar.walk("VEVENT"):
        one["UID"] = icalendar.vText(uids[str(one["UID"])])
    body = calendar.to_ical()
    with sqlite_app.app_context():
        importer = Importer(None, (), None)
        kept = preview(db.session, body, "x.ics", importer, VIENNA)
        items = kept.result["items"]
        assert [item["act"] for item in items] == ["new"] * len(items), items
        apply(db.session, kept, range(len(items)), importer)
        db.session.flush()
        query = sa.select(Event).where(Event.uid.in_(uids.values())).options(*everything())
        events = list(db.session.scalars(query))
        sent = calendar_bytes("x", "http://localhost", feed_events(events, "http://localhost"))
        db.session.close()
    assert happenings(sent) == happenings(body)
    assert left_out(sent) == left_out(body)


def test_the_file_itself_is_not_kept_only_its_checksum(app: Flask, enter: Enter) -> None:
    upload(enter("who"), ics(timed()))
    with app.app_context():
        kept = db.session.scalars(sa.select(CalendarImport)).one()
        assert len(kept.checksum) == 64
        assert kept.file_name == "team.ics"
