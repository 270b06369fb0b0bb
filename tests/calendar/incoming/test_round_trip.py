"""What comes in goes out with the same dates, places, texts and status, over ten years, read back by other readers.

Series are generated with dates left out, moved, cancelled and changed in every way a file can say it. `make attack`
tries many more.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
import sqlalchemy as sa
from dateutil.rrule import rrulestr
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Timezone

from interagency.calendar.events.models import Event
from interagency.calendar.feeds.building import calendar_bytes
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.incoming.comparing import Importer, preview
from interagency.db.base import db
from tests.calendar.incoming.doing import apply
from tests.calendar.vobject_reader import read_by_vobject
from tests.conftest import ICAL_JS

SERIES = min(3_000, max(40, int(os.environ.get("INTERAGENCY_TEST_INPUTS", "10"))))
YEARS = timedelta(days=3_653)
ZONES = ["Europe/Vienna", "America/New_York", "Asia/Kathmandu", "Africa/Casablanca", "Australia/Lord_Howe"]
RULES = [
    "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "FREQ=MONTHLY",
    "FREQ=MONTHLY;BYDAY=2TU,4TH", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=3,9;BYDAY=1MO",
]  # fmt: skip
WORDS = ["Room A", "Salle d’été; 2, rue", "会议室", "C:\\New", "Line, one", "x" * 90]
CHANGES = ["left out", "moved", "cancelled", "place", "text", "status", "title", "all"]


class Change(NamedTuple):
    """What a file says of one date, by its place in the series."""

    place: int
    what: str
    word: str
    hours: int


class Series(NamedTuple):
    """A repeated event as a file says it."""

    first: datetime
    zone: str | None  # None: whole days
    rule: str
    end: str
    count: int
    changes: tuple[Change, ...]

    @property
    def full_rule(self) -> str:
        if self.end == "count":
            return f"{self.rule};COUNT={self.count}"
        if self.end == "until":
            until = self.begins()[-1]
            if self.zone is None:
                return f"{self.rule};UNTIL={until:%Y%m%d}"
            return f"{self.rule};UNTIL={until.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC):%Y%m%dT%H%M%SZ}"
        return self.rule

    def begins(self) -> list[datetime]:
        """Its first dates, local time."""
        found = iter(rrulestr(self.rule, dtstart=self.first))
        return [next(found) for _number in range(self.count)]


class Said(NamedTuple):
    """One date as a reader sees it."""

    begins: str
    ends: str
    title: str
    place: str
    text: str
    status: str


@st.composite
def series(draw: Any) -> Series:
    day = draw(st.dates(date(2026, 1, 1), date(2027, 12, 28)))
    zone = draw(st.sampled_from([*ZONES, None]))
    # No hour that clocks skip.
    hour = draw(st.sampled_from([0, 9, 15, 23])) if zone else 0
    rule = draw(st.sampled_from(RULES))
    start = rrulestr(rule, dtstart=datetime(day.year, day.month, min(day.day, 28), hour))[0]
    count = draw(st.integers(3, 30))
    places = draw(st.lists(st.integers(0, count - 1), unique=True, max_size=6))
    changes = tuple(
        Change(place, draw(st.sampled_from(CHANGES)), draw(st.sampled_from(WORDS)), draw(st.integers(1, 20)))
        for place in sorted(places)
    )
    return Series(start, zone, rule, draw(st.sampled_from(["count", "until", "never"])), count, changes)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def moment(series: Series, name: str, when: datetime) -> str:
    return (
        f"{name};VALUE=DATE:{when:%Y%m%d}" if series.zone is None else f"{name};TZID={series.zone}:{when:%Y%m%dT%H%M%S}"
    )


def times(series: Series, begins: datetime) -> list[str]:
    ends = begins + (timedelta(days=1) if series.zone is None else timedelta(hours=1, minutes=30))
    return [moment(series, "DTSTART", begins), moment(series, "DTEND", ends)]


def lines_of(series: Series, uid: str) -> Iterator[str]:
    """The file, as programs write it: what a changed date says, it says in full."""
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", f"UID:{uid}", *times(series, series.first))
    yield from (f"RRULE:{series.full_rule}", "SUMMARY:Meeting", "LOCATION:Room A", "DESCRIPTION:As usual")
    begins = series.begins()
    for change in series.changes:
        if change.what == "left out":
            yield moment(series, "EXDATE", begins[change.place])
    yield "END:VEVENT"
    for change in series.changes:
        if change.what == "left out":
            continue
        original, own = begins[change.place], {change.what} if change.what != "all" else set(CHANGES[3:]) | {"moved"}
        shift = timedelta(days=change.hours) if series.zone is None else timedelta(hours=change.hours)
        yield from ("BEGIN:VEVENT", f"UID:{uid}", moment(series, "RECURRENCE-ID", original))
        yield from times(series, original + shift if "moved" in own else original)
        yield "SUMMARY:" + escaped(change.word if "title" in own else "Meeting")
        yield "LOCATION:" + escaped(f"To {change.word}" if "place" in own else "Room A")
        yield "DESCRIPTION:" + escaped(f"On {change.word}" if "text" in own else "As usual")
        yield "STATUS:" + ("CANCELLED" if "cancelled" in own else "TENTATIVE" if "status" in own else "CONFIRMED")
        yield "END:VEVENT"
    yield "END:VCALENDAR"


def instant(value: date | datetime) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()


def said(body: bytes, first: datetime, last: datetime) -> list[Said]:
    """What icalendar with recurring-ical-events reads."""
    found = []
    for entry in recurring_ical_events.of(Calendar.from_ical(body)).between(first, last):
        title, text = str(entry["SUMMARY"]), str(entry.get("DESCRIPTION", ""))
        found.append(
            Said(
                instant(entry["DTSTART"].dt), instant(entry["DTEND"].dt), title.removeprefix("Cancelled: "),
                str(entry.get("LOCATION", "")), text.split("\n\n")[0], str(entry.get("STATUS", "CONFIRMED")),
            )
        )  # fmt: skip
    return sorted(found)


def dates_by_vobject(body: bytes, last: datetime) -> list[str]:
    """When the series takes place, as vobject reads it: the dates of the rule that are not changed, and the changed."""
    entries = read_by_vobject(body).vevent_list
    changed = {instant(one.recurrence_id.value) for one in entries if hasattr(one, "recurrence_id")}
    found = [instant(one.dtstart.value) for one in entries if hasattr(one, "recurrence_id")]
    (master,) = (one for one in entries if not hasattr(one, "recurrence_id"))
    is_day = not isinstance(master.dtstart.value, datetime)
    rules = master.getrruleset(addRDate=False)
    # It puts naive dates for whole days.
    for begins in rules if rules is not None else [master.dtstart.value]:
        if begins.replace(tzinfo=None) > last.replace(tzinfo=None):
            break
        text = instant(begins.date() if is_day else begins)
        if text not in changed:
            found.append(text)
    return sorted(found)


def compare_with_ical_js(given: list[tuple[bytes, datetime, list[Said]]]) -> None:
    """All calendars at once: what ical.js reads of each, up to a day, is what is meant."""
    asked = [{"body": body.decode(), "last": f"{last:%Y-%m-%d}"} for body, last, _meant in given]
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("occurrences.mjs"))],
        input=json.dumps(asked), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for (_body, last, meant), found in zip(given, json.loads(done.stdout), strict=True):
        # A date moved beyond the last day, or before it, is on one side only.
        until = f"{last - timedelta(days=40):%Y-%m-%d}"
        read = sorted(
            (begins, ends, title.removeprefix("Cancelled: "), place, status)
            for begins, ends, title, place, status in found
            if begins[:10] < until
        )
        expected = sorted(
            (one.begins[:19], one.ends[:19], one.title, one.place, one.status)
            for one in meant
            if one.begins[:10] < until
        )
        assert [(one[0], *one[2:]) for one in read] == [(one[0], *one[2:]) for one in expected]
        # Of an hour that comes twice when clocks go back ical.js takes the later one, for an end too.
        apart = {
            datetime.fromisoformat(one[1]) - datetime.fromisoformat(other[1])
            for one, other in zip(read, expected, strict=True)
        }
        assert apart <= {timedelta(0), timedelta(hours=1)}


def test_vobject_reads_each_calendar_by_its_own_clocks() -> None:
    """What it read before does not decide: a calendar of summer describes no clock of winter."""
    read = []
    for first in (datetime(2027, 6, 1), datetime(2026, 1, 1)):
        one = Series(first, "Australia/Lord_Howe", "FREQ=DAILY", "count", 3, ())
        zone = Timezone.from_tzid("Australia/Lord_Howe", first_date=first.date(), last_date=first.date() + YEARS)
        head, *rest = lines_of(one, "a@x")
        body = "\r\n".join([head, *zone.to_ical().decode().splitlines(), *rest, ""]).encode()
        read.append(dates_by_vobject(body, first + timedelta(days=10))[0])
    assert read == ["2027-05-31T13:30:00+00:00", "2025-12-31T13:00:00+00:00"]


@pytest.mark.parametrize("part", range(2))
def test_what_comes_in_goes_out(sqlite_app: Flask, part: int) -> None:
    numbers, given_out = iter(range(1_000_000)), []

    @settings(max_examples=SERIES // 2, suppress_health_check=list(HealthCheck))
    @given(series())
    def check(one: Series) -> None:
        uid = f"{part}-{next(numbers)}@x"
        body = "\r\n".join([*lines_of(one, uid), ""]).encode()
        importer = Importer(None, (), None)
        kept = preview(db.session, body, "series.ics", importer, "Europe/Vienna")
        assert [item["act"] for item in kept.result["items"]] == ["new"], kept.result["items"]
        assert apply(db.session, kept, {0}, importer)["added"] == 1
        event = db.session.scalars(sa.select(Event).where(Event.uid == uid)).one()
        out = calendar_bytes("All", "https://example.org/x.ics", feed_events([event], "https://example.org"))
        start, end = one.first - timedelta(days=30), one.first + YEARS
        assert said(out, start, end) == said(body, start, end)
        # vobject reads a clock's last rule for all years, so only the near ones are compared.
        near = one.first + timedelta(days=400)
        meant = [date.begins for date in said(out, start, near)]
        assert [one for one in dates_by_vobject(out, near) if one[:10] < f"{near - timedelta(days=40):%Y-%m-%d}"] == [
            one for one in meant if one[:10] < f"{near - timedelta(days=40):%Y-%m-%d}"
        ]
        given_out.append((out, end, said(out, start, end)))

    with sqlite_app.app_context():
        check()
    if shutil.which("node") and ICAL_JS.is_dir():
        compare_with_ical_js(given_out)
