"""What a TZID means in one .ics file: the file's own VTIMEZONE where it has one, otherwise a name that is known.

Each file (and each VCALENDAR in it) is read for itself; nothing of one file is kept for the next.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import vUTCOffset

from interagency.calendar.events.recurrence_rules import as_moment, parts_of
from interagency.calendar.incoming.lines import Block, Budget, read_moment
from interagency.calendar.incoming.zone_names import distance_of_name, iana_name, zone_of_name
from interagency.text.typed_dates import LAST_YEAR
from interagency.text.zones import is_known_zone, local_problem, zones_by_city

MAX_PARTS = 100
MAX_ZONES = 200
# Onsets before this year are taken as the rule of this year gives them: no tzdata goes by Outlook's 1601.
EARLIEST = 1950
# What a rule of onsets may say, and how: one onset a year.
# What may stand in the rule of an onset: one part of it.
_ONSET_PART = re.compile(
    r"INTERVAL=1|WKST=[A-Z]{2}|UNTIL=[0-9TZ]+|BYMONTH=[0-9]{1,2}|BYDAY=(?:[+-]?[1-5])?[A-Z]{2}"
    r"|BYMONTHDAY=[+-]?[0-9]{1,2}(?:,[+-]?[0-9]{1,2}){0,30}|BY(?:HOUR|MINUTE|SECOND)=[0-9]{1,2}"
)
_FOR_EVER = datetime(9999, 12, 31)
_WORK_OF_ONSETS = 1_000
_SAMPLES = tuple(datetime(year, month, 15, 12) for year in (2019, 2023, 2026) for month in range(1, 13))


class ZoneNotRead(ValueError):
    """A description of a zone that says nothing usable."""


class Clock:
    """A zone as one file means it: the name it goes by, and the offsets the file gives it (or none).

    `table` are the onsets in local time with the offset from each on, `first` is the offset before them. What is
    described under the name of a zone counts for the local times it `covers`, first and last; None: for all.
    """

    __slots__ = ("covers", "named", "offsets", "onsets", "tzid")

    def __init__(
        self,
        tzid: str,
        named: str | None,
        table: Sequence[tuple[datetime, timedelta]] = (),
        first: timedelta = timedelta(),
        covers: tuple[datetime, datetime] | None = None,
    ) -> None:
        self.tzid, self.named, self.covers = tzid, named, covers
        self.onsets = [onset for onset, _offset in table]
        self.offsets = [first, *(offset for _onset, offset in table)]

    @property
    def has_own_offsets(self) -> bool:
        """Whether the file itself says how this clock stands."""
        return bool(self.onsets)

    def offset(self, local: datetime) -> timedelta:
        """How this clock stands at a naive local time: as the file says where it covers that time."""
        if self.covers and self.named and not self.covers[0] <= local <= self.covers[1]:
            return local.replace(tzinfo=ZoneInfo(self.named)).utcoffset() or timedelta()
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
    """The clocks of one calendar of a file, by TZID; `budget` is that of the file."""

    def __init__(self, calendar: Block, budget: Budget) -> None:
        self._budget = budget
        self._described: dict[str, Block] = {}
        for block in calendar.parts:
            if block.name == "VTIMEZONE" and len(self._described) < MAX_ZONES:
                self._described.setdefault(block.text("TZID").strip().strip('"'), block)
        self._clocks: dict[str, Clock | None] = {}
        self._stated = calendar.text("X-WR-TIMEZONE").strip()

    def clock(self, tzid: str) -> Clock | None:
        """What `tzid` means here; None when neither the file nor any list of names says."""
        if tzid not in self._clocks:
            self._clocks[tzid] = self._read(tzid)
        return self._clocks[tzid]

    def is_described(self, tzid: str) -> bool:
        """Whether the file has a VTIMEZONE of that name, readable or not."""
        return tzid in self._described

    def stated(self) -> Clock | None:
        """The zone the calendar says it is in (X-WR-TIMEZONE): of times without one."""
        return self.clock(self._stated) if self._stated else None

    def own(self) -> Clock | None:
        """The zone of the calendar as a whole: the one it states, else the only one it describes."""
        if (clock := self.stated()) is not None:
            return clock
        return self.clock(next(iter(self._described))) if len(self._described) == 1 else None

    def _read(self, tzid: str) -> Clock | None:
        block = self._described.get(tzid)
        iana = iana_name(tzid)
        named = iana or zone_of_name(tzid)
        if block is not None:
            location = block.text("X-LIC-LOCATION").strip()
            named = named or (location if is_known_zone(location) else None)
            try:
                table, is_endless = _table(block, self._budget)
            except (ValueError, OverflowError):
                table, is_endless = [], False
            onsets = [(onset, after) for onset, _before, after in table]
            # Of a name that Windows keeps, one onset alone is a clock without summer time.
            if table and (iana or (named and len(table) > 1)):
                covers = (table[0][0], _FOR_EVER if is_endless else table[-1][0])
                return Clock(tzid, named, onsets if covers[0] < covers[1] else (), table[0][1], covers)
            if table:
                return Clock(tzid, named, onsets, table[0][1])
        offset = distance_of_name(tzid)
        if named is None and offset:  # hours and minutes from UTC, for which no name is known
            return Clock(tzid, None, [(datetime(1601, 1, 1), offset)], offset)
        return Clock(tzid, named) if named else None


def _table(block: Block, budget: Budget) -> tuple[list[tuple[datetime, timedelta, timedelta]], bool]:
    """The onsets of a VTIMEZONE in order: local time by the clock before, offset before, offset after; and whether
    they go on without end.

    Raises ValueError when it cannot be read, EventNotRead when the file has used up what it may.
    """
    if len(block.parts) > MAX_PARTS:
        raise ZoneNotRead("too many parts")
    table: list[tuple[datetime, timedelta, timedelta]] = []
    is_endless = False
    for part in block.parts:
        before, after = _offset(part.text("TZOFFSETFROM")), _offset(part.text("TZOFFSETTO"))
        begins = as_moment(read_moment(part.text("DTSTART"))).replace(tzinfo=None)
        onsets = {begins}
        for line in part.all("RDATE"):
            onsets |= {_listed_onset(text, begins) for text in line.value.split(",")[:500]}
        for line in part.all("RRULE")[:2]:
            budget.spend(_WORK_OF_ONSETS)
            onsets |= _yearly(line.value, begins)
            is_endless = is_endless or "UNTIL" not in line.value.upper()
        table += [(onset, before, after) for onset in onsets]
    return sorted(table), is_endless


def _offset(text: str) -> timedelta:
    """`+0545` as a length of time. Raises ValueError; icalendar takes any sign for a plus."""
    if text.strip()[:1] not in ("+", "-"):
        raise ZoneNotRead("not an offset")
    length: timedelta = vUTCOffset.from_ical(text.strip())  # type: ignore[no-untyped-call]
    return length


def _listed_onset(text: str, begins: datetime) -> datetime:
    moment = read_moment(text.partition("/")[0])
    return moment.replace(tzinfo=None) if isinstance(moment, datetime) else datetime.combine(moment, begins.time())


@lru_cache(maxsize=256)
def _yearly(rule: str, begins: datetime) -> frozenset[datetime]:
    """The onsets of a yearly rule (last Sunday of March; first Sunday from the 8th on) up to the last year known.

    Raises ValueError for what is no rule of one onset a year.
    """
    parts = parts_of(rule)
    if parts.pop("FREQ", "") != "YEARLY" or not all(_ONSET_PART.fullmatch("=".join(part)) for part in parts.items()):
        raise ZoneNotRead("not a yearly rule")
    last = read_moment(parts.pop("UNTIL")) if "UNTIL" in parts else date(LAST_YEAR, 12, 31)
    # UNTIL is in UTC, onsets are local: no place is further than this from UTC.
    end = min(as_moment(last).replace(tzinfo=None) + timedelta(hours=15), datetime(LAST_YEAR, 12, 31, 23))
    parts.setdefault("BYMONTH", str(begins.month))
    if "BYDAY" not in parts:
        parts.setdefault("BYMONTHDAY", str(begins.day))
    plain = "FREQ=YEARLY;" + ";".join(f"{name}={value}" for name, value in parts.items() if name != "INTERVAL")
    # dateutil looks until the year 9999 for a rule that gives no day, such as 30 February: so in one year first.
    if next(iter(rrulestr(f"{plain};INTERVAL=8000", dtstart=datetime(2000, 1, 1))), None) is None:
        raise ZoneNotRead("a rule without a day")
    start = begins if begins.year >= EARLIEST else begins.replace(year=EARLIEST, month=1, day=1)
    return frozenset(rrulestr(plain, dtstart=start).between(start, end, inc=True))
