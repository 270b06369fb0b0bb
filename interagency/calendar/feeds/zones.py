"""Time zones in calendars: VTIMEZONE made from zoneinfo (RFC 5545, 3.6.5)."""

from __future__ import annotations

import calendar as months
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur, vUTCOffset

from interagency.text.repeat_words import WEEKDAYS

EARLIEST_YEAR = 1970  # older offsets carry seconds that clients refuse
LATEST_YEAR = 2100
# A yearly rule is believed when it holds for this many years on end.
PROOF_YEARS = 12


class Onset:
    """A change of a zone's offset: the instant, the offsets before and after (timedeltas), the name after."""

    __slots__ = ("after", "at", "before", "is_daylight", "name")

    def __init__(self, at: datetime, zone: zoneinfo.ZoneInfo) -> None:
        self.at = at
        then, earlier = at.astimezone(zone), (at - timedelta(seconds=1)).astimezone(zone)
        self.before, self.after = earlier.utcoffset() or timedelta(), then.utcoffset() or timedelta()
        self.name = then.tzname() or ""
        # A zone that moved its clocks for good has moved its standard time: Outlook takes the offset of a zone from its
        # STANDARD parts (MS-OXCICAL, 2.1.3.1.1.19), and from nothing where there is none.
        self.is_daylight = bool(then.dst())

    @property
    def wall(self) -> datetime:
        """The onset as the clock showed it before the change (RFC 5545, 3.6.5)."""
        return (self.at + self.before).replace(tzinfo=None)

    @property
    def rule(self) -> tuple[object, ...]:
        """What must be the same each year for a yearly rule: month, weekday and place, hour, offsets."""
        wall = self.wall
        last = months.monthrange(wall.year, wall.month)[1]
        place = -1 if wall.day > last - 7 else (wall.day - 1) // 7 + 1
        return (wall.month, WEEKDAYS[wall.weekday()], place, wall.time(), self.before, self.after, self.name)


@lru_cache(maxsize=600)
def onsets(tzid: str) -> tuple[Onset, ...]:
    """Every change of offset of a zone from 1970 to 2100, found by halving the days between."""
    zone = zoneinfo.ZoneInfo(tzid)
    found = []
    for first, last in _days_of_change(zone):
        while last - first > timedelta(seconds=1):
            middle = first + (last - first) // 2
            middle = middle.replace(microsecond=0)
            if _state(middle, zone) == _state(first, zone):
                first = middle
            else:
                last = middle
        found.append(Onset(last, zone))
    return tuple(found)


def _state(at: datetime, zone: zoneinfo.ZoneInfo) -> tuple[timedelta | None, str | None]:
    local = at.astimezone(zone)
    return local.utcoffset(), local.tzname()


def _days_of_change(zone: zoneinfo.ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    # Three days at a time: no zone changes twice within three days.
    step = timedelta(days=3)
    at, end = datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC), datetime(LATEST_YEAR, 1, 1, tzinfo=UTC)
    state = _state(at, zone)
    while at < end:
        following = at + step
        new = _state(following, zone)
        if new != state:
            yield at, following
        at, state = following, new


def vtimezone(tzid: str, first_year: int, last_year: int) -> Timezone:
    """The VTIMEZONE of `tzid`, right for every instant of the years from `first_year` to `last_year`.

    The rules in force without end stand as yearly rules; older and irregular changes as single onsets.
    Raises zoneinfo.ZoneInfoNotFoundError for an unknown zone.
    """
    zone = zoneinfo.ZoneInfo(tzid)
    first_year = max(EARLIEST_YEAR, min(first_year, LATEST_YEAR - 1))
    made = Timezone()
    made.add("tzid", tzid)
    changes = onsets(tzid)
    endless, ruled_from = _endless_rules(changes)
    before = [change for change in changes if change.at.year < first_year]
    single = [c for c in changes if first_year <= c.at.year <= last_year and (ruled_from is None or c.at < ruled_from)]
    if not endless or ruled_from is None or ruled_from.year >= first_year:
        made.add_component(_beginning(zone, before, first_year))
        for change in single:
            made.add_component(_part(change, None))
    for change in endless:
        if ruled_from is not None and change.at.year <= max(last_year, first_year):
            made.add_component(_part(_not_later_than(change, changes, first_year), change))
    if not any(isinstance(part, TimezoneStandard) for part in made.subcomponents):
        # It put its clocks forward for the summer and left them there: that is its standard time now.
        made.subcomponents = [_as_standard(part) for part in made.subcomponents]
    return made


def _as_standard(part: TimezoneStandard | TimezoneDaylight) -> TimezoneStandard:
    made = TimezoneStandard()
    made.update(part)
    return made


def _endless_rules(changes: tuple[Onset, ...]) -> tuple[list[Onset], datetime | None]:
    """The changes that begin rules which hold to the end of what is known, and when these begin."""
    recent = [change for change in changes if change.at.year >= LATEST_YEAR - PROOF_YEARS]
    rules = {change.rule for change in recent}
    if len(rules) != 2:
        return [], None
    begins: list[Onset] = []
    for change in reversed(changes):
        if change.rule not in rules or (begins and begins[-1].rule == change.rule):
            break
        begins.append(change)
    first_two = sorted(begins[-2:], key=lambda change: change.at)
    return first_two, first_two[0].at


def _not_later_than(change: Onset, changes: tuple[Onset, ...], first_year: int) -> Onset:
    """The newest onset of the same rule before `first_year`, so that the text stays short and early enough."""
    earlier = [one for one in changes if one.rule == change.rule and change.at <= one.at and one.at.year < first_year]
    return earlier[-1] if earlier else change


def _beginning(zone: zoneinfo.ZoneInfo, before: list[Onset], first_year: int) -> TimezoneStandard | TimezoneDaylight:
    """What holds when the years begin: the last change before them, or the first offset known."""
    if before:
        return _part(before[-1], None)
    start = datetime(first_year, 1, 1, tzinfo=UTC).astimezone(zone)
    offset = start.utcoffset() or timedelta()
    part = TimezoneDaylight() if start.dst() else TimezoneStandard()
    return _filled(part, datetime(EARLIEST_YEAR, 1, 1), offset, offset, start.tzname() or "")


def _part(onset: Onset, rule: Onset | None) -> TimezoneStandard | TimezoneDaylight:
    part = TimezoneDaylight() if onset.is_daylight else TimezoneStandard()
    part = _filled(part, onset.wall, onset.before, onset.after, onset.name)
    if rule is not None:
        month, weekday, place = rule.rule[:3]
        part.add("rrule", vRecur({"FREQ": ["YEARLY"], "BYMONTH": [month], "BYDAY": [f"{place}{weekday}"]}))
    return part


def _filled(
    part: TimezoneStandard | TimezoneDaylight, wall: datetime, before: timedelta, after: timedelta, name: str
) -> TimezoneStandard | TimezoneDaylight:
    part.add("dtstart", wall)
    part.add("tzoffsetfrom", vUTCOffset(before))
    part.add("tzoffsetto", vUTCOffset(after))
    part.add("tzname", name)
    return part
