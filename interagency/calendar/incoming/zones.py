"""What a TZID means in one .ics file: the file's own VTIMEZONE where it has one, otherwise a name that is known.

Each file (and each VCALENDAR in it) is read for itself; nothing of one file is kept for the next.
"""

from __future__ import annotations

import bisect
import calendar as months
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from interagency.calendar.events.recurrence_rules import WEEKDAYS, as_moment, parts_of
from interagency.calendar.incoming.lines import Block, read_moment
from interagency.text.typed_dates import LAST_YEAR
from interagency.text.zones import is_known_zone, local_problem, zones_by_city

MOST_PARTS = 100
MOST_ZONES = 200
# Onsets before this year are taken as the rule of this year gives them: no tzdata goes by Outlook's 1601.
EARLIEST = 1950
_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)\Z", re.ASCII)
_SAMPLES = tuple(datetime(year, month, 15, 12) for year in (2019, 2023, 2026) for month in range(1, 13))


class ZoneNotRead(ValueError):
    """A description of a zone that says nothing usable."""


class Clock:
    """A zone as one file means it: the name it goes by, and the offsets the file gives it (or none)."""

    __slots__ = ("named", "offsets", "onsets", "tzid")

    def __init__(self, tzid: str, named: str | None, table: list[tuple[datetime, timedelta]], first: timedelta) -> None:
        self.tzid, self.named = tzid, named
        self.onsets = [onset for onset, _offset in table]
        self.offsets = [first, *(offset for _onset, offset in table)]

    @property
    def has_own_offsets(self) -> bool:
        """Whether the file itself says how this clock stands."""
        return bool(self.onsets)

    def offset(self, local: datetime) -> timedelta:
        """How the file says this clock stands at a naive local time."""
        return self.offsets[bisect.bisect_right(self.onsets, local)]

    def instant(self, local: datetime) -> datetime:
        """The instant of a naive local time, in UTC."""
        if self.has_own_offsets:
            return (local - self.offset(local)).replace(tzinfo=UTC)
        return local.replace(tzinfo=ZoneInfo(self.named or "UTC")).astimezone(UTC)

    def local(self, instant: datetime) -> datetime:
        """The naive local time of an instant."""
        if not self.has_own_offsets:
            return instant.astimezone(ZoneInfo(self.named or "UTC")).replace(tzinfo=None)
        plain = instant.astimezone(UTC).replace(tzinfo=None)
        near = [self.offset(plain + timedelta(days=days)) for days in (0, -1, 1)]
        return next((plain + one for one in near if self.offset(plain + one) == one), plain + near[0])

    def fits(self, name: str, times: Iterable[datetime]) -> bool:
        """Whether the clocks of the zone `name` stand as the file says, at each of the local `times` they show."""
        zone = ZoneInfo(name)
        return all(
            time.replace(tzinfo=zone).utcoffset() == self.offset(time) or local_problem(time, name) == "skipped"
            for time in times
        )

    def zone_for(self, times: Sequence[datetime], preferred: str, *, exactly: bool) -> str | None:
        """A zone by region and city for these local `times`: the one the file names where it stands as the file
        says, otherwise one that does.

        With `exactly=False` (nothing repeats) the named zone will do in any case, because single times can be
        converted. None when no zone will do.
        """
        if not self.has_own_offsets:
            return self.named
        if self.named and self.fits(self.named, times):
            return self.named
        if self.named and not exactly:
            return self.named
        try:
            for usual in ((*_SAMPLES, *times), times):
                for name in (preferred, *zones_by_city()):
                    if self.fits(name, usual):
                        return name
        except OverflowError:
            return None
        return None if exactly else "UTC"


class FileZones:
    """The clocks of one calendar of a file, by TZID."""

    def __init__(self, calendar: Block) -> None:
        self._described: dict[str, Block] = {}
        for block in calendar.parts:
            if block.name == "VTIMEZONE" and len(self._described) < MOST_ZONES:
                self._described.setdefault(block.text("TZID").strip().strip('"'), block)
        self._clocks: dict[str, Clock | None] = {}

    def clock(self, tzid: str) -> Clock | None:
        """What `tzid` means here; None when neither the file nor any list of names says."""
        if tzid not in self._clocks:
            self._clocks[tzid] = self._read(tzid)
        return self._clocks[tzid]

    def _read(self, tzid: str) -> Clock | None:
        block = self._described.get(tzid)
        named = _named(tzid, block.text("X-LIC-LOCATION") if block else "")
        if block is not None:
            try:
                table = _table(block)
            except (ValueError, OverflowError):
                table = []
            if table:
                return Clock(tzid, named, [(onset, after) for onset, _before, after in table], table[0][1])
        return Clock(tzid, named, [], timedelta()) if named else None


def _named(tzid: str, location: str) -> str | None:
    """The IANA name behind a TZID: itself, Outlook's name of it, a path that ends in it, or what libical adds."""
    parts = tzid.strip("/").split("/")
    candidates = [tzid, WINDOWS_TO_OLSON.get(tzid, ""), *("/".join(parts[-n:]) for n in (3, 2, 1)), location.strip()]
    if parts[-1].upper() in ("UTC", "GMT", "Z"):
        candidates.append("UTC")
    return next((name for name in candidates if name and is_known_zone(name)), None)


def _table(block: Block) -> list[tuple[datetime, timedelta, timedelta]]:
    """The onsets of a VTIMEZONE in order: local time by the clock before, offset before, offset after.

    Raises ValueError when it cannot be read.
    """
    if len(block.parts) > MOST_PARTS:
        raise ZoneNotRead("too many parts")
    table: list[tuple[datetime, timedelta, timedelta]] = []
    for part in block.parts:
        before, after = _offset(part.text("TZOFFSETFROM")), _offset(part.text("TZOFFSETTO"))
        table += [(onset, before, after) for onset in _onsets(part)]
    return sorted(table)


def _onsets(part: Block) -> set[datetime]:
    start = read_moment(part.text("DTSTART"))
    begins = as_moment(start).replace(tzinfo=None)
    found = {begins}
    for line in part.all("RDATE"):
        for text in line.value.split(",")[:500]:
            moment = read_moment(text.partition("/")[0])
            day = (
                moment.replace(tzinfo=None) if isinstance(moment, datetime) else datetime.combine(moment, begins.time())
            )
            found.add(day)
    for line in part.all("RRULE")[:2]:
        found |= _yearly(line.value, begins)
    return found


def _yearly(rule: str, begins: datetime) -> set[datetime]:
    """The onsets of a yearly rule (last Sunday of March; first Sunday from the 8th on) up to the last year known."""
    parts = parts_of(rule)
    if parts.pop("FREQ", "") != "YEARLY" or set(parts) - {"UNTIL", "WKST", "BYMONTH", "BYDAY", "BYMONTHDAY"}:
        raise ZoneNotRead("not a yearly rule")
    last = read_moment(parts["UNTIL"]) if "UNTIL" in parts else date(LAST_YEAR, 12, 31)
    # UNTIL is in UTC, onsets are local: no place is further than this from UTC.
    end = as_moment(last).replace(tzinfo=None) + timedelta(hours=15)
    month = int(parts.get("BYMONTH", begins.month))
    found = set()
    for year in range(max(begins.year, EARLIEST), min(end.year, LAST_YEAR) + 1):
        day = _day_in(year, month, parts, begins.day)
        if day is not None and begins <= (onset := datetime.combine(day, begins.time())) <= end:
            found.add(onset)
    return found


def _day_in(year: int, month: int, parts: dict[str, str], usual: int) -> date | None:
    """The day of a month that a yearly rule means. Raises ValueError."""
    days = months.monthrange(year, month)[1]
    named = _DAY.match(parts.get("BYDAY", ""))
    if "BYDAY" in parts and named is None:
        raise ZoneNotRead("not one weekday")
    listed = [int(number) for number in parts.get("BYMONTHDAY", "").split(",") if number]
    if named and named[1]:
        listed = [1 + 7 * (int(named[1]) - 1)] if int(named[1]) > 0 else [days + 1 + 7 * int(named[1])]
        listed = list(range(listed[0], listed[0] + 7))
    elif not listed:
        listed = list(range(1, days + 1)) if named else [usual]
    for number in listed:
        number = number if number > 0 else days + 1 + number
        if 1 <= number <= days and (named is None or date(year, month, number).weekday() == WEEKDAYS.index(named[2])):
            return date(year, month, number)
    return None


def _offset(text: str) -> timedelta:
    """`+0545` as a length of time. Raises ValueError."""
    sign, figures = text[:1], text[1:].strip()
    if sign not in ("+", "-") or len(figures) not in (4, 6) or not (figures.isascii() and figures.isdecimal()):
        raise ZoneNotRead("not an offset")
    hours, minutes, seconds = int(figures[:2]), int(figures[2:4]), int(figures[4:] or 0)
    if hours > 15 or minutes > 59 or seconds > 59:
        raise ZoneNotRead("not an offset")
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -length if sign == "-" else length
