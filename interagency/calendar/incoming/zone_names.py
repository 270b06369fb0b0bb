"""What the names that programs give to time zones mean, without any description of them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from interagency.text.zones import is_known_zone, known_zones, zone_named

# (UTC+01:00) Amsterdam, Berlin · (GMT-05.00) Eastern Time (US & Canada) · UTC+01 · GMT+0200 · (GMT +01:00)
_DISPLAYED = re.compile(
    r"\(?\s*(?P<base>UTC|GMT)?\s*(?:(?P<sign>[+−-])\s*(?P<hours>\d{1,2})(?:[:.]?(?P<minutes>\d\d))?)?\s*\)?"
    r"(?:\s+(?P<rest>\D.*))?\s*\Z",
    re.I | re.S,
)
_ONLY_DISTANCE = re.compile(r"coordinated universal time([+-]\d+)?\Z", re.I)
_BETWEEN_CITIES = re.compile(r"[,/;:]")
_WITHOUT_BRACKETS = str.maketrans("()", "  ")
# Names that Windows shows and that hold neither the name it keeps nor a city of the IANA list.
_SHOWN_BY_WINDOWS = {
    "alaska": "Alaskan Standard Time",
    "arizona": "US Mountain Standard Time",
    "astana": "Central Asia Standard Time",
    "baja california": "Pacific Standard Time (Mexico)",
    "brasilia": "E. South America Standard Time",
    "cabo verde is.": "Cape Verde Standard Time",
    "chetumal": "Eastern Standard Time (Mexico)",
    "city of buenos aires": "Argentina Standard Time",
    "coordinated universal time": "UTC",
    "hawaii": "Hawaiian Standard Time",
    "indiana (east)": "US Eastern Standard Time",
    "nuku'alofa": "Tonga Standard Time",
    "port louis": "Mauritius Standard Time",
    "saskatchewan": "Canada Central Standard Time",
    "solomon is., new caledonia": "Central Pacific Standard Time",
    "sri jayawardenepura": "Sri Lanka Standard Time",
    "yangon (rangoon)": "Myanmar Standard Time",
    "west central africa": "W. Central Africa Standard Time",
}


@cache
def _by_casefold() -> dict[str, str]:
    return {name.casefold(): name for name in known_zones()}


def iana_name(tzid: str) -> str | None:
    """The IANA name that a TZID is, in any case, or that the path ends in which some programs write.

    None when it is neither.
    """
    parts = tzid.strip("/").split("/")
    candidates = [tzid, *("/".join(parts[-count:]) for count in (3, 2, 1))]
    if parts[-1].upper() in ("UTC", "GMT", "Z"):
        candidates.append("UTC")
    return next((_by_casefold()[name.casefold()] for name in candidates if name.casefold() in _by_casefold()), None)


def zone_of_name(tzid: str) -> str | None:
    """The zone that a name given by Windows or Outlook means: as kept, as shown, or by its distance from UTC.

    None when it says nothing that is known. A name shown with a distance from UTC is believed only where the two
    agree. Names by distance alone are `Etc/GMT-1` and the like, whose sign is the other way round.
    """
    name = " ".join(tzid.split())
    found = _DISPLAYED.match(name)
    if WINDOWS_TO_OLSON.get(name) or found is None:
        return WINDOWS_TO_OLSON.get(name) or _shown(name, None)
    if found["rest"] and not _ONLY_DISTANCE.match(found["rest"]):
        return _shown(found["rest"], _distance(found))
    offset = distance_of_name(tzid)
    if offset is None or offset % timedelta(hours=1) or abs(offset) > timedelta(hours=12):
        return None
    return f"Etc/GMT{-int(offset / timedelta(hours=1)):+d}" if offset else "UTC"


def distance_of_name(tzid: str) -> timedelta | None:
    """How far from UTC a name is that says nothing else (`UTC+05:30`), east of it being positive; None for others."""
    found = _DISPLAYED.match(" ".join(tzid.split()))
    if found is None or (found["rest"] and not _ONLY_DISTANCE.match(found["rest"])):
        return None
    return _distance(found)


def _distance(found: re.Match[str]) -> timedelta | None:
    if not (found["base"] or found["sign"]):
        return None
    length = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    if length > timedelta(hours=14) or int(found["minutes"] or 0) > 59:
        return None
    return length if found["sign"] in ("+", None) else -length


def _shown(name: str, offset: timedelta | None) -> str | None:
    """The zone behind words that Windows shows to people, such as `Eastern Time (US & Canada)` or a row of cities."""
    before, _time, after = name.partition(" Time")
    stem = before if not after or after.startswith(" (") else name
    kept = _SHOWN_BY_WINDOWS.get(name.casefold()) or f"{stem} Standard Time"
    cities = [zone_named(city.translate(_WITHOUT_BRACKETS).strip()) for city in _BETWEEN_CITIES.split(name)]
    zones = [WINDOWS_TO_OLSON.get(kept)] + [city for city in cities if city and is_known_zone(city) and "/" in city]
    fitting = [zone for zone in zones if zone and (offset is None or offset in _offsets(zone))]
    usual = set(WINDOWS_TO_OLSON.values())
    return next((zone for zone in fitting if zone in usual), fitting[0] if fitting else None)


def _offsets(zone: str) -> set[timedelta | None]:
    """How far a zone is from UTC in winter and in summer."""
    return {datetime(2026, month, 15, tzinfo=ZoneInfo(zone)).utcoffset() for month in (1, 7)}
