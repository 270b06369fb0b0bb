"""What an export shows: a live matrix under filters, or an edition. One shape for both, so that workbook, CSV,
JSON and Word cannot tell different stories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from interagency.calendar.events.cycle_part import entries as event_entries
from interagency.calendar.events.models import Event
from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.calendar.events.queries import chapters_wanted, event_conditions, read_event_filters
from interagency.exports.days import said_now
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.facts import named_entities
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.labels import FactLabels, field_labels
from interagency.matrix.activities.reader import entries, totals, without_collector
from interagency.matrix.activities.state.light import light_of
from interagency.matrix.cycles import editions
from interagency.matrix.cycles.contents import Contents, counts, merged_activities, names_of_the_day
from interagency.matrix.cycles.differences import (
    Difference,
    Kind,
    RecordChange,
    became,
    compare_contents,
    facts_by_id,
    merged_of,
)
from interagency.matrix.cycles.edition_filters import taking_part
from interagency.matrix.cycles.models import Cycle, CycleState, Edition
from interagency.matrix.cycles.months import format_month
from interagency.matrix.cycles.named import named
from interagency.matrix.cycles.standing import answers_of
from interagency.matrix.framework.file_words import in_words
from interagency.text.dates import ImpreciseDate
from interagency.text.languages import DEFAULT
from interagency.web.context import utc_now

SHARED_FILTERS = ("q", "entity", "chapter", "country")
EVENT_BACK_YEARS, EVENT_AHEAD_YEARS = 100, 1


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One activity of a picture: its entry, the words for its keys, what became of it."""

    entry: dict[str, Any]
    facts: dict[str, Any]
    words: FactLabels
    became: str
    day: date | None = None  # that of the picture

    @property
    def light(self) -> str:
        """Whether the record was in step on the day of the picture; empty where no day is known."""
        if self.day is None:
            return ""
        start, end = (
            ImpreciseDate.from_code(code).last if code else None for code in (self.facts["start"], self.facts["end"])
        )
        said = self.facts["participation"]
        confirmed = [self.entry["confirmed"].get(key) for key in named_entities(self.facts) if key not in said]
        # Editions made before say when it was changed, and not when it was made.
        created = date.fromisoformat((self.entry.get("created") or self.entry["updated"])[:10])
        light = light_of(self.facts["status"], start, end, confirmed, created, self.day)
        return in_words(light.value.replace("_", " "))

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
    """One occurrence of an event, with the event's entry."""

    entry: dict[str, Any]
    facts: dict[str, Any]
    day: StoredOccurrence
    words: FactLabels


class ChangeTracker:
    """Tells what became of each activity since an edition while they pass; forgets what did not change.

    `found` is whole once all have passed: without the unchanged, and without the fields of new ones and gone ones.
    """

    def __init__(self, older: Contents, merged: Mapping[int, int], *, with_gone: bool) -> None:
        self.found = Difference({})
        self._before, self._with_gone = facts_by_id(older["activities"]), with_gone
        self._earlier = frozenset(older.get("gone", {}).get("activities", ()))
        self._merged = merged
        self._met: set[int] = set()

    def tell(self, entry: dict[str, Any]) -> RecordChange:
        """What became of one."""
        number = entry["id"]
        self._met.add(number)
        record = became(number, self._before.get(number), entry["facts"], self._earlier)
        if record.kind in (Kind.NEW, Kind.REAPPEARED):
            record = RecordChange(number, record.kind, record.title)
        if record.kind is not Kind.UNCHANGED:
            self.found.records[number] = record
        return record

    def end(self) -> None:
        """All have passed: those of the edition that did not are gone."""
        if self._with_gone:
            for number in self._before.keys() - self._met:
                self.found.records[number] = RecordChange(
                    number, Kind.GONE, self._before[number]["title"], merged_into=self._merged.get(number)
                )


def _became_words(record: RecordChange | None, words: FactLabels) -> str:
    """`new`, `changed: title, status`, `ended`, `unchanged` … or nothing without an edition to compare with."""
    if record is None:
        return ""
    what = in_words(record.kind.value, words.language)
    if record.kind is not Kind.CHANGED:
        return what
    labels = {} if words.language == DEFAULT else field_labels()
    return f"{what}: {', '.join(labels.get(name, name.replace('_', ' ')) for name in record.fields)}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything an export is made from."""

    contents: Contents
    words: FactLabels
    day: date
    changes: dict[str, Difference] = field(default_factory=dict)
    since: str = ""  # the edition the changes are told against, in words
    telling: ChangeTracker | None = None  # of a picture whose activities are still to pass

    def _change(self, entry: dict[str, Any]) -> RecordChange | None:
        if self.telling is not None:
            return self.telling.tell(entry)
        found = self.changes.get("activities")
        return found.records.get(entry["id"]) if found else None

    def activities(self) -> list[ActivityRow]:
        """Its activities, by id."""
        return list(self.passing())

    def passing(self) -> Iterator[ActivityRow]:
        """Its activities, by id, one at a time. Of a picture that streams this can be asked once."""
        for entry in self.contents["activities"]:
            changed = _became_words(self._change(entry), self.words)
            yield ActivityRow(entry, entry["facts"], self.words, changed, self.day)
        if self.telling is not None:
            self.telling.end()

    def events(self) -> list[EventRow]:
        """Every happening of its events, by first day; last those without a date."""
        return _rows_of(self.contents["event"], self.words)


def _rows_of(found: list[dict[str, Any]], words: FactLabels) -> list[EventRow]:
    rows = [
        EventRow(entry, entry["facts"], said_now(StoredOccurrence(*day)), words)
        for entry in found
        for day in entry["days"]
    ]
    return sorted(rows, key=lambda row: (row.day.in_order, row.entry["id"]))


def event_rows(session: Session, filters: Filters, *, mine: Iterable[str], day: date) -> list[EventRow]:
    """Every happening of the events under a calendar's own `filters`, by first day."""
    found = event_entries(session, day, event_conditions(filters, mine), chapters_wanted(filters))
    return _rows_of(found, FactLabels(session))


def live_snapshot(session: Session, filters: Filters, *, mine: Collection[str], day: date) -> Snapshot:
    """The matrix as it stands, under `filters`, with the events of the same filters up to a year ahead.

    `mine` are the keys of the reader's entities. Changes are told against the newest edition.
    """
    contents = _live_contents(session, filters, mine, day)
    with without_collector():
        contents["activities"] = list(entries(session, activity_conditions(filters, mine)))
    contents["counts"] = counts(contents)
    words = FactLabels.of_edition(contents)
    older, since = _newest(session)
    if older is None:
        return Snapshot(contents, words, day)
    changes = {name: compare_contents(older, contents, name) for name in ("activities", "event")}
    if filters:
        changes = {name: _without_gone(found) for name, found in changes.items()}
    return Snapshot(contents, words, day, changes, since)


def streaming_snapshot(session: Session, filters: Filters, *, mine: Collection[str], day: date) -> Snapshot:
    """As `live_snapshot`, of any size: its activities are read while they pass, once, and none is kept.

    Begins a transaction that sees one state throughout, so what the session holds unsaved is given up.
    """
    editions.begin_whole_view(session)
    conditions = activity_conditions(filters, mine)
    contents = _live_contents(session, filters, mine, day)
    contents["activities"] = entries(session, conditions)
    contents["counts"] = totals(session, conditions)
    words = FactLabels.of_edition(contents)
    older, since = _newest(session)
    if older is None:
        return Snapshot(contents, words, day)
    telling = ChangeTracker(older, merged_of(contents, "activities"), with_gone=not filters)
    events = compare_contents(older, contents, "event")
    changes = {"activities": telling.found, "event": _without_gone(events) if filters else events}
    return Snapshot(contents, words, day, changes, since, telling)


def _live_contents(session: Session, filters: Filters, mine: Collection[str], day: date) -> Contents:
    """Everything but the activities and their counts."""
    contents: Contents = named(names_of_the_day(session))
    conditions = _event_conditions(session, filters, mine, day)
    contents["event"] = event_entries(session, day, conditions, chapters_wanted(filters))
    cycle = session.scalar(sa.select(Cycle).where(Cycle.state == CycleState.OPEN).order_by(Cycle.month).limit(1))
    contents["month"] = cycle.month if cycle else None
    contents["merged"] = {"activities": merged_activities(session)}
    contents |= {"answers": []} if cycle is None else answers_of(session, cycle, utc_now())
    return contents


def _newest(session: Session) -> tuple[Contents | None, str]:
    """The newest edition, which changes are told against, and its name."""
    newest = editions.newest_edition(session)
    if newest is None:
        return None, ""
    return editions.load(session, newest.number), _edition_words(newest)


def _edition_words(edition: Edition) -> str:
    return str(_("edition %(number)s (%(month)s)", number=edition.number, month=format_month(edition.cycle_month)))


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


def edition_picture(session: Session, edition: Edition) -> Snapshot:
    """An edition as it was made, with the changes since the one before. Raises ValueError when it is damaged."""
    contents = named(editions.load(session, edition.number))
    before = editions.edition_before(session, edition)
    changes = editions.changes_since(session, edition, before) if before else {}
    since = _edition_words(before) if before else ""
    return Snapshot(contents, FactLabels.of_edition(contents), edition.made_at.date(), changes, since)
