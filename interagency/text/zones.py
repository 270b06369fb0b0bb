"""Time zones by their names, and local times that a zone skips or shows twice.

Scanning the zone files takes some 20 ms, so names are cached.
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from functools import cache
from typing import Literal


@cache
def known_zones() -> frozenset[str]:
    """All names that mean a zone."""
    return frozenset(zoneinfo.available_timezones())


@cache
def zones_by_city() -> tuple[str, ...]:
    """Those made of a region and a city, for people to choose from, in order."""
    return tuple(sorted(zone for zone in known_zones() if "/" in zone and not zone.startswith("Etc")))


def is_known_zone(name: str) -> bool:
    """Whether `name` is the name of a time zone, such as Europe/Vienna."""
    return name in known_zones()


@cache
def _by_whole_name() -> dict[str, str]:
    return {name.replace("_", " ").casefold(): name for name in zones_by_city()}


@cache
def _by_city() -> dict[str, str]:
    """Zones by the city in their name; of several (Indianapolis has two names) the shortest."""
    found: dict[str, str] = {}
    for name in sorted(zones_by_city(), key=len, reverse=True):
        found[name.rpartition("/")[2].replace("_", " ").casefold()] = name
    return found


def zone_named(text: str | None) -> str | None:
    """The zone that `text` means: its name or its city in any case; else `text` as it is, for a check to refuse."""
    if not text or is_known_zone(text):
        return text
    plain = " ".join(text.replace("_", " ").split()).casefold()
    return _by_whole_name().get(plain) or _by_city().get(plain) or text


def have_one_clock(first: str, second: str) -> bool:
    """Whether two known zones show the same hours, in winter and in summer of this year."""
    year = datetime.now(UTC).year
    days = (datetime(year, 1, 15, tzinfo=UTC), datetime(year, 7, 15, tzinfo=UTC))
    one, other = zoneinfo.ZoneInfo(first), zoneinfo.ZoneInfo(second)
    return all(day.astimezone(one).utcoffset() == day.astimezone(other).utcoffset() for day in days)


def local_problem(local: datetime, tzid: str) -> Literal["skipped", "doubled"] | None:
    """Whether the clocks of a zone skip the naive local time, or show it twice."""
    zone = zoneinfo.ZoneInfo(tzid)
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return None
    back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    return "doubled" if back == local else "skipped"
