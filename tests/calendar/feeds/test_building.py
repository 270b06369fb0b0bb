"""The bytes of a feed, read back by two parsers that did not write them and compared with what was meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
import sqlalchemy as sa
from dateutil.rrule import rrulestr
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Calendar

from interagency.calendar.events.models import Event
from interagency.calendar.events.occurrences import all_occurrences
from interagency.calendar.events.queries import everything
from interagency.calendar.events.recurrence_rules import RuleError, check_rule
from interagency.calendar.feeds.building import FeedEvent, FeedOverride, calendar_bytes, event_bytes
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.incoming.lines import FileBlocks
from interagency.db.base import db
from interagency.text.folding import clean
from tests.calendar.vobject_reader import read_by_vobject

STAMP = datetime(2026, 1, 1, tzinfo=UTC)
VIENNA = ZoneInfo("Europe/Vienna")


def event(**more: object) -> FeedEvent:
    values: dict[str, object] = {
        "uid": "event-1@test",
        "sequence": 0,
        "stamp": STAMP,
        "created": STAMP,
        "title": "Meeting",
        "status": "confirmed",
        "start": datetime(2026, 10, 25, 23, 30),
        "end": datetime(2026, 10, 26, 0, 30),
        "tzid": "Europe/Vienna",
    }
    return FeedEvent(**(values | more))  # type: ignore[arg-type]


def feed(*events: FeedEvent) -> bytes:
    return calendar_bytes("Test", "http://localhost/feeds/x.ics", events)


def first_entry(body: bytes) -> object:
    return Calendar.from_ical(body).walk("VEVENT")[0]


def test_half_past_eleven_on_the_last_sunday_of_october() -> None:
    body = feed(event())
    read = Calendar.from_ical(body).walk("VEVENT")[0]
    assert read.start.astimezone(UTC) == datetime(2026, 10, 25, 22, 30, tzinfo=UTC)
    other = read_by_vobject(body).vevent
    assert other.dtstart.value.astimezone(UTC) == datetime(2026, 10, 25, 22, 30, tzinfo=UTC)
    assert other.dtend.value.astimezone(UTC) == datetime(2026, 10, 25, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize("tzid", ["Europe/Vienna", "America/New_York", "Asia/Kathmandu", "America/Sao_Paulo"])
def test_every_occurrence_of_a_series_is_where_the_clock_says(tzid: str) -> None:
    series = event(
        start=datetime(2026, 1, 20, 15),
        end=datetime(2026, 1, 20, 16),
        tzid=tzid,
        rrule="FREQ=MONTHLY;BYDAY=3TU",
        overrides=(
            FeedOverride(datetime(2026, 3, 17, 15), datetime(2026, 3, 19, 9), datetime(2026, 3, 19, 10), note="Moved."),
            FeedOverride(
                datetime(2026, 7, 21, 15), datetime(2026, 7, 21, 15), datetime(2026, 7, 21, 16), cancelled=True
            ),
        ),
    )
    found = recurring_ical_events.of(Calendar.from_ical(feed(series))).between(date(2026, 1, 1), date(2028, 1, 1))
    read = {(one.start.astimezone(UTC), str(one["STATUS"])) for one in found}
    zone = ZoneInfo(tzid)
    meant = set()
    for local in rrulestr(series.rrule, dtstart=series.start).between(datetime(2026, 1, 1), datetime(2028, 1, 1)):
        moved = datetime(2026, 3, 19, 9) if local == datetime(2026, 3, 17, 15) else local
        status = "CANCELLED" if local == datetime(2026, 7, 21, 15) else "CONFIRMED"
        meant.add((moved.replace(tzinfo=zone).astimezone(UTC), status))
    assert read == meant


def test_whole_days_end_on_the_day_after_the_last() -> None:
    read = Calendar.from_ical(feed(event(start=date(2026, 3, 9), end=date(2026, 3, 13), tzid=None))).walk("VEVENT")[0]
    assert (read["DTSTART"].dt, read["DTEND"].dt) == (date(2026, 3, 9), date(2026, 3, 14))
    assert read["DTSTART"].params["VALUE"] == "DATE"


def test_an_event_of_no_length_is_written_as_a_duration() -> None:
    body = event_bytes(event(end=datetime(2026, 10, 25, 23, 30)))
    assert b"DURATION:PT0S" in body
    assert b"DTEND" not in body


TITLES = ["a, b; c: d", 'quote " and \\ backslash', "🎉 party 👩‍⚕️", "مكافحة المخدرات", "禁毒" * 150, "наркотики"]


@pytest.mark.parametrize("title", TITLES)
def test_titles_of_every_script_come_back_whole(title: str) -> None:
    body = feed(event(title=title, description=f"{title}\nsecond line"))
    assert str(Calendar.from_ical(body).walk("VEVENT")[0]["SUMMARY"]) == title
    assert read_by_vobject(body).vevent.summary.value == title
    for line in body.split(b"\r\n"):
        assert len(line) <= 75
        line.decode("utf-8")
    assert body.count(b"\n") == body.count(b"\r\n")
    assert body.endswith(b"END:VCALENDAR\r\n")


@pytest.mark.parametrize("trick", ["\r\n", "\n", "\r", "\x85", "\u2028", "\x00", "\x0b"])
def test_line_breaks_smuggle_nothing_in(trick: str) -> None:
    title = f"Meeting{trick}ATTENDEE:mailto:a@example.org{trick}BEGIN:VALARM"
    body = feed(
        event(title=title, description=title, location=title, categories=(title,), url=f"http://localhost/{title}")
    )
    entry = Calendar.from_ical(body).walk("VEVENT")[0]
    assert "ATTENDEE" not in entry
    assert entry.subcomponents == []
    assert not any(line.startswith((b"ATTENDEE", b"BEGIN:VALARM")) for line in body.split(b"\r\n"))


def test_nothing_that_leaks_or_nags_is_there() -> None:
    body = feed(event(links=(("Meeting: call", "https://example.org/a,b"),)))
    for name in (b"METHOD", b"ORGANIZER", b"ATTENDEE", b"VALARM"):
        assert name not in body
    assert b"CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://example.org/a,b" in body.replace(b"\r\n ", b"")
    assert "https://example.org/a,b" in str(Calendar.from_ical(body).walk("VEVENT")[0]["DESCRIPTION"])


@pytest.mark.parametrize(
    ("start", "until"), [(datetime(2026, 1, 5, 9), "UNTIL=20260305T225959Z"), (date(2026, 1, 5), "UNTIL=20260305")]
)
def test_until_has_the_type_of_the_start(start: date, until: str) -> None:
    timed = isinstance(start, datetime)
    one = event(start=start, end=start, tzid="Europe/Vienna" if timed else None, rrule="FREQ=WEEKLY;UNTIL=20260305")
    rule = next(line for line in event_bytes(one).decode().splitlines() if line.startswith("RRULE"))
    assert until in rule.split(";") or rule.endswith(until)


def test_a_rule_of_one_time_is_no_rule() -> None:
    assert b"RRULE" not in event_bytes(event(rrule="FREQ=DAILY;COUNT=1"))


def test_an_exception_that_hits_nothing_is_dropped() -> None:
    one = event(
        start=date(2026, 1, 5),
        end=date(2026, 1, 5),
        tzid=None,
        rrule="FREQ=WEEKLY",
        exdates=(date(2026, 1, 12), date(2026, 1, 13)),
    )
    assert event_bytes(one).count(b"EXDATE") == 1


def test_the_same_events_give_the_same_bytes_in_any_order() -> None:
    one, two = event(), event(uid="event-2@test", title="Other")
    assert feed(one, two) == feed(two, one)


def test_two_events_with_one_uid_get_one_each() -> None:
    found = [str(one["UID"]) for one in Calendar.from_ical(feed(event(), event())).walk("VEVENT")]
    assert len(set(found)) == 2
    assert "event-1@test" in found


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=HOURLY;COUNT=3",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "FREQ=DAILY;COUNT=99999",
        "FREQ=DAILY;UNTIL=20200101",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYDAY=XX",
        "",
    ],
)
def test_rules_calendars_do_not_agree_on_are_refused(rule: str) -> None:
    with pytest.raises(RuleError):
        check_rule(date(2026, 1, 5), rule)


def test_a_first_day_that_is_not_of_the_rule_is_refused() -> None:
    with pytest.raises(RuleError, match="first day"):
        check_rule(date(2026, 1, 6), "FREQ=WEEKLY;BYDAY=MO")
    check_rule(date(2026, 1, 5), "FREQ=WEEKLY;BYDAY=MO")


@given(st.text(max_size=200))
@example("\\\\server\\New; a, b")
def test_any_text_survives(text: str) -> None:
    body = feed(event(title=text, description=text, location=text))
    # Not read by icalendar, which takes a backslash before an N for a line break.
    entry = next(part for part in FileBlocks(body).calendars[0].parts if part.name == "VEVENT")
    assert entry.text("SUMMARY") == clean(text, lines=False)
    assert len(Calendar.from_ical(body).walk("VEVENT")) == 1


@pytest.fixture
def sample(sample_data: None, sqlite_app: Flask) -> Flask:
    return sqlite_app


def test_the_feed_of_the_sample_says_what_the_calendar_says(sample: Flask) -> None:
    with sample.app_context():
        events = list(db.session.scalars(sa.select(Event).options(*everything())))
        body = calendar_bytes("Sample", "http://localhost/x.ics", feed_events(events, "http://localhost"))
        first, last = date(2012, 1, 1), date(2028, 12, 31)
        meant = {
            (one.start.astimezone(UTC) if one.start else one.first, one.is_cancelled)
            for one in all_occurrences(events, first, last)
            if one.exact
        }
    found = recurring_ical_events.of(Calendar.from_ical(body)).between(first, last + timedelta(days=1))
    read = {
        (one.start.astimezone(UTC) if isinstance(one.start, datetime) else one.start, one["STATUS"] == "CANCELLED")
        for one in found
    }
    assert read == meant
    assert len(found) > 80


def test_autumn_2017_is_three_entries_with_nothing_between(sample: Flask) -> None:
    with sample.app_context():
        events = db.session.scalars(sa.select(Event).where(Event.sample_key == "thematic-2017-autumn")).all()
        body = calendar_bytes("Autumn", "http://localhost/x.ics", feed_events(events, "http://localhost"))
    entries = Calendar.from_ical(body).walk("VEVENT")
    assert [(e["DTSTART"].dt, e["DTEND"].dt) for e in entries] == [
        (date(2017, 9, 26), date(2017, 9, 30)),
        (date(2017, 10, 16), date(2017, 10, 19)),
        (date(2017, 11, 16), date(2017, 11, 17)),
    ]
    assert len({str(e["UID"]) for e in entries}) == 3
    assert "chapter IV" in str(entries[0]["DESCRIPTION"])


def test_a_later_stamp_is_a_later_change() -> None:
    later = replace(event(), stamp=STAMP + timedelta(hours=1), sequence=1)
    entry = Calendar.from_ical(feed(later)).walk("VEVENT")[0]
    assert entry["SEQUENCE"] == 1
    assert entry["LAST-MODIFIED"].dt == entry["DTSTAMP"].dt == STAMP + timedelta(hours=1)


def test_a_series_with_a_number_of_times_brings_the_years_it_needs() -> None:
    """Cairo ends its summer on a last Thursday, which no yearly rule says: each year takes parts of its own."""
    hours = {"start": datetime(2026, 1, 20, 9), "end": datetime(2026, 1, 20, 10), "tzid": "Africa/Cairo"}
    ten, endless = (feed(event(**hours, rrule=rule)) for rule in ("FREQ=WEEKLY;COUNT=10", "FREQ=WEEKLY"))
    assert ten.count(b"TZOFFSETTO") < 10
    assert endless.count(b"TZOFFSETTO") > 60
    thirty = feed(event(**hours, rrule="FREQ=MONTHLY;COUNT=300"))
    read = recurring_ical_events.of(Calendar.from_ical(thirty)).between(2050, 2051)
    assert [one.start.hour for one in read] == [9] * 12
