"""The names of time zones, looked up once: to look takes twenty milliseconds, for there are six hundred files.

The ground floor: knows no room.
"""

from __future__ import annotations

import zoneinfo
from functools import cache


@cache
def known_zones() -> frozenset[str]:
    """All names that mean a zone."""
    return frozenset(zoneinfo.available_timezones())


@cache
def zones_by_city() -> tuple[str, ...]:
    """Those made of a region and a city, for people to choose from, in order."""
    return tuple(sorted(zone for zone in known_zones() if "/" in zone and not zone.startswith("Etc")))
