"""The days of an occurrence in the language of an output: editions keep them in English words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import force_locale

from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.matrix.framework.titles import spoken
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.languages import DEFAULT


def said_now(day: StoredOccurrence, facts: Mapping[str, Any]) -> StoredOccurrence:
    """`day` with its days in words of the language that is spoken: as they are kept where neither its own days nor
    those of its event, whose facts these are, are what the kept words say."""
    if spoken().language == DEFAULT:
        return day
    periods = [(_known(start), _known(end)) for start, end, *_rest in facts.get("segments") or []]
    if day.first_day and day.last_day:
        periods.insert(0, (ImpreciseDate.day(day.first_day), ImpreciseDate.day(day.last_day)))
    with force_locale(DEFAULT):
        kept = next((period for period in [*periods, (None, None)] if words_between(*period) == day.when), None)
    return day if kept is None else day._replace(when=words_between(*kept))


def _known(code: str | None) -> ImpreciseDate | None:
    return ImpreciseDate.from_code(code) if code else None
