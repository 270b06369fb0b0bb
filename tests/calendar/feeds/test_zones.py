"""VTIMEZONEs agree with the zones they stand for, in the years of the events and at every change of clocks."""

from __future__ import annotations

import io
import zoneinfo
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz as dateutil_tz
from dateutil.rrule import rrulestr
from icalendar import Timezone

from interagency.calendar.feeds.zones import onsets, vtimezone
from interagency.text.zones import local_problem

ZONES = [
    "Europe/Vienna",
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Asia/Kolkata",
]
YEARS = [(2026, 2028), (1987, 1990), (1985, 2045), (2016, 2018), (2050, 2051), (1972, 1975)]


def offset_at(made: Timezone, instant: datetime) -> timedelta:
    """What a reader of the VTIMEZONE takes for the offset: the newest onset that has begun (RFC 5545, 3.6.5)."""
    found: tuple[datetime, timedelta] | None = None
    for part in made.subcomponents:
        before, after, begins = part["tzoffsetfrom"].td, part["tzoffsetto"].td, part["dtstart"].dt
        local = (instant + before).replace(tzinfo=None)
        onset = begins if begins <= local else None
        if "rrule" in part:
            onset = rrulestr(part["rrule"].to_ical().decode(), dtstart=begins).before(local, inc=True)
        if onset is not None and (found is None or onset - before > found[0]):
            found = (onset - before, after)
    assert found is not None, f"nothing holds at {instant}"
    return found[1]


@pytest.mark.parametrize("years", YEARS, ids=lambda years: f"{years[0]}-{years[1]}")
@pytest.mark.parametrize("tzid", ZONES)
@pytest.mark.slow
def test_the_offset_is_right_on_every_day_and_around_every_change(tzid: str, years: tuple[int, int]) -> None:
    made, zone = vtimezone(tzid, *years), ZoneInfo(tzid)
    first, last = datetime(years[0], 1, 2, tzinfo=UTC), datetime(years[1], 12, 30, tzinfo=UTC)
    step = max(timedelta(hours=29), (last - first) / 150)
    instants = [first + step * n for n in range(int((last - first) / step))]
    for change in onsets(tzid):
        if first < change.at < last:
            instants += [change.at + timedelta(seconds=seconds) for seconds in (-3600, -1, 0, 3600)]
    for instant in instants:
        assert offset_at(made, instant) == instant.astimezone(zone).utcoffset(), instant


@pytest.mark.parametrize("tzid", ZONES)
def test_what_hurts_clients_is_not_there(tzid: str) -> None:
    text = vtimezone(tzid, 1960, 2060).to_ical().decode()
    assert "RDATE" not in text
    assert "UNTIL" not in text
    for line in text.splitlines():
        if line.startswith("DTSTART"):
            assert line.startswith("DTSTART:"), line
            assert not line.endswith("Z"), line
        if line.startswith("TZOFFSET"):
            assert len(line.split(":")[1]) == 5, line


def test_vienna_springs_forward_at_two_by_the_old_clock() -> None:
    text = vtimezone("Europe/Vienna", 2026, 2027).to_ical().decode()
    assert "DTSTART:20250330T020000" in text
    assert "DTSTART:20251026T030000" in text


def test_another_reader_agrees_about_vienna() -> None:
    text = vtimezone("Europe/Vienna", 2026, 2030).to_ical().decode()
    read = dateutil_tz.tzical(io.StringIO(text)).get("Europe/Vienna")
    zone = ZoneInfo("Europe/Vienna")
    for n in range(0, 1800, 5):
        local = datetime(2026, 1, 1, 12) + timedelta(days=n)
        assert local.replace(tzinfo=read).utcoffset() == local.replace(tzinfo=zone).utcoffset(), local


@pytest.mark.parametrize(
    ("local", "problem"),
    [
        (datetime(2026, 3, 29, 2, 30), "skipped"),
        (datetime(2026, 10, 25, 2, 30), "doubled"),
        (datetime(2026, 10, 25, 23, 30), None),
    ],
)
def test_times_the_clock_skips_or_shows_twice(local: datetime, problem: str | None) -> None:
    assert local_problem(local, "Europe/Vienna") == problem


@pytest.mark.parametrize(
    "tzid",
    # Moved for good, put forward for the summer and left there, and as most are.
    ["Asia/Kathmandu", "Asia/Singapore", "Asia/Bishkek", "America/Asuncion", "Africa/Algiers", "Europe/Vienna"],
)
@pytest.mark.parametrize("years", [(1985, 1990), (2026, 2027)])
def test_there_is_a_standard_time_for_outlook(tzid: str, years: tuple[int, int]) -> None:
    assert "STANDARD" in [part.name for part in vtimezone(tzid, *years).subcomponents]


@pytest.mark.parametrize(("tzid", "offset"), [("Africa/Casablanca", 0), ("America/Vancouver", -7)])
def test_clocks_are_those_of_the_pinned_tzdata(tzid: str, offset: int) -> None:
    """Both changed their law in 2026, after many a machine was installed."""
    assert datetime(2027, 1, 19, 10, tzinfo=ZoneInfo(tzid)).utcoffset() == timedelta(hours=offset)
    assert zoneinfo.TZPATH == ()
