"""The days of an occurrence in the language of an output: editions and hand-outs keep them in English words."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from flask_babel import force_locale

from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.matrix.framework.titles import spoken
from interagency.text.dates import ImpreciseDate, Precision, words_between
from interagency.text.languages import DEFAULT


def said_now(day: StoredOccurrence) -> StoredOccurrence:
    """`day` with its days in words of the language that is spoken; as they are kept where no period says that."""
    if spoken().language == DEFAULT:
        return day
    period = _period(day.when, day.first_day, day.last_day)
    return day if period is None else day._replace(when=words_between(*period))


@lru_cache(maxsize=4096)
def _period(
    words: str, first: date | None, last: date | None
) -> tuple[ImpreciseDate | None, ImpreciseDate | None] | None:
    """The begin and end from day `first` to `last` that English says in these words."""
    with force_locale(DEFAULT):
        if first is None or last is None:
            return (None, None) if words_between(None, None) == words else None
        ends = [one for month in range(12) for one in _beginning(_back(last, month)) if one.last == last]
        ends.append(ImpreciseDate.day(last))
        pairs = ((start, end) for start in _beginning(first) for end in ends)
        return next((pair for pair in pairs if words_between(*pair) == words), None)


def _beginning(first: date) -> list[ImpreciseDate]:
    """The periods that begin on a day."""
    found = []
    for precision in Precision:
        try:
            found.append(ImpreciseDate.of(precision, first))
        except ValueError:
            continue
    return found


def _back(last: date, months: int) -> date:
    """The first of the month so many months before that of `last`."""
    count = last.year * 12 + last.month - 1 - months
    return date(max(1, count // 12), count % 12 + 1, 1)
