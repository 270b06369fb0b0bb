"""UN holidays: fixed days, Good Friday, and the moving ones, from a data file with its source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from dateutil.easter import easter

from interagency.matrix.framework.titles import spoken

FILE = Path(__file__).parents[2] / "reference" / "un-days.json"


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day on which the UN does not meet; `city` when only there."""

    day: date
    name: str
    city: str = ""

    @property
    def called(self) -> str:
        """Its name in the language that is spoken."""
        return spoken().day(self.name)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=64)
def holidays_of(year: int) -> tuple[Holiday, ...]:
    """The UN holidays of a year, in order. Moving ones only for the years the file names."""
    found = []
    for one in _data()["holidays"]:
        moves = "easter" in one
        day = easter(year) + timedelta(days=one["easter"]) if moves else date(year, one["month"], one["day"])
        found.append(Holiday(day, one["name"], one.get("city", "")))
    for one in _data()["moving"]:
        day = date.fromisoformat(one["day"])
        if day.year == year:
            found.append(Holiday(day, one["name"]))
    return tuple(sorted(found, key=lambda holiday: (holiday.day, holiday.name)))


def holidays_between(first: date, last: date, city: str = "") -> list[Holiday]:
    """The holidays from `first` to `last`; those of one city only when it is `city`."""
    if last < first or last.year - first.year > 50:
        return []
    return [
        holiday
        for year in range(first.year, last.year + 1)
        for holiday in holidays_of(year)
        if first <= holiday.day <= last and (not holiday.city or holiday.city.casefold() == city.casefold())
    ]
