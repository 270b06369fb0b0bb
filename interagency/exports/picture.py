"""What an export shows: a live matrix under filters, or an edition. One shape for both, so that workbook, CSV,
JSON and Word cannot tell different stories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from interagency.calendar.models import Event
from interagency.calendar.monthly import entries as event_entries
from interagency.calendar.queries import event_conditions, read_event_filters
from interagency.matrix.activities.bulk import entries, without_collector
from interagency.matrix.activities.words import FactWords
from interagency.matrix.cycles import editions
from interagency.matrix.cycles.contents import Contents, answers_of, counts, names_of_the_day
from interagency.matrix.cycles.differences import Difference, Kind, compare_contents
from interagency.matrix.cycles.models import Cycle, CycleState, Edition
from interagency.matrix.cycles.months import month_words
from interagency.matrix.cycles.reading import taking_part
from interagency.matrix.filters import Filters, activity_conditions

SHARED_FILTERS = ("q", "entity", "chapter", "country")
EVENT_BACK_YEARS, EVENT_AHEAD_YEARS = 100, 1


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One activity of a picture: its entry, the words for its keys, what became of it."""

    entry: dict[str, Any]
    facts: dict[str, Any]
    words: FactWords
    became: str

    def short(self, key: str) -> str:
        """The acronym of an organisation."""
        return self.words.organisations.get(key, key)

    @property
    def entities(self) -> list[str]:
        """Keys of its UN entities, lead first, without those that declined."""
        return taking_part(self.entry)

    def countries(self, role: str | None = None) -> list[str]:
        """UN names of its countries, in one role or any, each once."""
        names = [self.words.countries.get(code, code) for code, one in self.facts["countries"] if role in (None, one)]
        return list(dict.fromkeys(names))

    @property
    def confirmed(self) -> str:
        """The month its entities have all confirmed it for at least; empty when one never did."""
        months = [self.entry["confirmed"].get(key, "") for key in self.entities]
        return min(months, default="")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One happening of an event: its entry and `[words, first, last, from, to, title, cancelled, exact]`."""

    entry: dict[str, Any]
    facts: dict[str, Any]
    day: list[Any]
    words: FactWords


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything an export is made from."""

    contents: Contents
    words: FactWords
    day: date
    changes: dict[str, Difference] = field(default_factory=dict)
    since: str = ""  # the edition the changes are told against, in words

    def became(self, name: str, record_id: int) -> str:
        """`new`, `changed: title, status`, `ended`, `unchanged` … or nothing without an edition to compare with."""
        found = self.changes.get(name)
        record = found.records.get(record_id) if found else None
        if record is None:
            return ""
        if record.kind is Kind.CHANGED:
            return f"{record.kind.value}: {', '.join(field.replace('_', ' ') for field in record.fields)}"
        return record.kind.value

    def activities(self) -> list[ActivityRow]:
        """Its activities, by id."""
        return list(self.passing())

    def passing(self) -> Iterator[ActivityRow]:
        """Its activities, by id, one at a time. Of a picture that streams this can be asked once."""
        for entry in self.contents["activities"]:
            yield ActivityRow(entry, entry["facts"], self.words, self.became("activities", entry["id"]))

    def events(self) -> list[EventRow]:
        """Every happening of its events, by first day."""
        return _rows_of(self.contents["event"], self.words)


def _rows_of(found: list[dict[str, Any]], words: FactWords) -> list[EventRow]:
    rows = [EventRow(entry, entry["facts"], day, words) for entry in found for day in entry["days"]]
    return sorted(rows, key=lambda row: (row.day[1], row.day[3], row.entry["id"]))


def event_rows(session: Session, filters: Filters, *, mine: Iterable[str], day: date) -> list[EventRow]:
    """Every happening of the events under a calendar's own `filters`, by first day."""
    found = event_entries(session, day, event_conditions(filters, mine))
    return _rows_of(found, FactWords(session))


def live_picture(session: Session, filters: Filters, *, mine: Collection[str], day: date) -> Picture:
    """The matrix as it stands, under `filters`, with the events of the same filters up to a year ahead.

    `mine` are the keys of the reader's entities. Changes are told against the newest edition.
    """
    contents: Contents = names_of_the_day(session)
    with without_collector():
        contents["activities"] = list(entries(session, activity_conditions(filters, mine)))
    contents["event"] = event_entries(session, day, _event_conditions(session, filters, mine, day))
    contents["counts"] = counts(contents)
    cycle = session.scalar(sa.select(Cycle).where(Cycle.state == CycleState.OPEN).order_by(Cycle.month).limit(1))
    contents["month"] = cycle.month if cycle else None
    contents["answers"], contents["silent"] = answers_of(session, cycle, day) if cycle else ([], [])
    newest = editions.newest_edition(session)
    if newest is None:
        return Picture(contents, FactWords.of_edition(contents), day)
    older = editions.load(session, newest.number)
    changes = {name: compare_contents(older, contents, name) for name in ("activities", "event")}
    if filters:
        changes = {name: _without_gone(found) for name, found in changes.items()}
    since = f"edition {newest.number} ({month_words(newest.cycle_month)})"
    return Picture(contents, FactWords.of_edition(contents), day, changes, since)


def _event_conditions(
    session: Session, filters: Filters, mine: Iterable[str], day: date
) -> list[sa.ColumnElement[bool]]:
    shared = MultiDict([(name, value) for name, value in filters.pairs() if name in SHARED_FILTERS])
    last = day.replace(year=day.year + EVENT_AHEAD_YEARS, day=min(day.day, 28))
    return [
        *event_conditions(read_event_filters(session, shared), mine),
        sa.or_(Event.first_day.is_(None), Event.first_day <= last),
    ]


def _without_gone(found: Difference) -> Difference:
    """Under filters, what is not shown is not gone."""
    return Difference({key: record for key, record in found.records.items() if record.kind is not Kind.GONE})


def edition_picture(session: Session, edition: Edition) -> Picture:
    """An edition as it was made, with the changes since the one before. Raises ValueError when it is damaged."""
    contents = editions.load(session, edition.number)
    before = editions.edition_before(session, edition)
    changes = editions.changes_since(session, edition, before) if before else {}
    since = f"edition {before.number} ({month_words(before.cycle_month)})" if before else ""
    return Picture(contents, FactWords.of_edition(contents), edition.made_at.date(), changes, since)
