"""Where the rows of tables come from: the matrix as it stands, or an edition. Each row is read while it passes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events.cycle_part import entries as event_entries
from interagency.calendar.events.fields import FIELD as EVENT_FIELD
from interagency.calendar.events.fields import say as say_of_event
from interagency.calendar.events.models import Event
from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.db.history import Change
from interagency.exports.snapshot import ActivityRow, EventRow
from interagency.matrix.activities.field_types import Seen
from interagency.matrix.activities.fields import BY_NAME
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.reader import entries
from interagency.matrix.cycles import editions
from interagency.matrix.cycles.contents import Contents, names_of_the_day
from interagency.matrix.cycles.differences import Kind
from interagency.matrix.cycles.edition_filters import matches
from interagency.matrix.cycles.models import Cycle, Edition
from interagency.matrix.cycles.standing import UNANSWERED_KEYS, standings
from interagency.matrix.needs.listing import needs_under
from interagency.matrix.needs.models import Need

Entry = dict[str, Any]
Row = dict[str, Any]
# Fields that tables never show, so that their history does not either.
_UNTOLD = {
    "activity": frozenset(name for name, field in BY_NAME.items() if field.seen is Seen.NEVER_LEAVES),
    "event": frozenset({"remarks", "links", "documents"}),
}
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """What tables are made from. The functions read anew each time they are called."""

    names: Contents
    words: FactLabels
    activities: Callable[[], Iterable[Entry]]
    events: Callable[[], Iterable[Entry]]
    answers: Callable[[], Iterable[Row]]
    changes: Callable[[], Iterable[Row]]
    needs: Callable[[], Iterable[Need]] = tuple  # none in an edition

    def activity_rows(self) -> Iterator[ActivityRow]:
        """Each activity, by id."""
        for entry in self.activities():
            yield ActivityRow(entry, entry["facts"], self.words, "")

    def occurrence_rows(self) -> Iterator[EventRow]:
        """Each time an event takes place, by event."""
        for entry in self.events():
            for day in entry["days"]:
                yield EventRow(entry, entry["facts"], StoredOccurrence(*day), self.words)

    def event_rows(self) -> Iterator[EventRow]:
        """Each event, by id. Its `day` says nothing."""
        nothing = StoredOccurrence("", "", "", "", "", "", is_cancelled=False, is_exact=False)
        for entry in self.events():
            yield EventRow(entry, entry["facts"], nothing, self.words)


def live_source(
    session: Session,
    conditions: list[sa.ColumnElement[bool]],
    event_conditions: list[sa.ColumnElement[bool]],
    need_conditions: list[sa.ColumnElement[bool]],
    *,
    day: date,
    at: datetime,
) -> Source:
    """The matrix, the calendar and the needs as they stand, under conditions on Activity, on Event and on Need.

    Begins a transaction that sees one state throughout, so what the session holds unsaved is given up.
    """
    editions.begin_whole_view(session)
    names = names_of_the_day(session)
    words = FactLabels.of_edition(names)
    return Source(
        names,
        words,
        activities=lambda: entries(session, conditions),
        events=lambda: event_entries(session, day, event_conditions),
        answers=lambda: _live_answers(session, at),
        changes=lambda: _live_changes(session, words, conditions, event_conditions),
        needs=lambda: needs_under(session, need_conditions),
    )


def _live_answers(session: Session, at: datetime) -> Iterator[Row]:
    for cycle in session.scalars(sa.select(Cycle).order_by(Cycle.month)).all():
        for one in standings(session, cycle, at):
            signed_at = one.answer.signed_at if one.has_answered and one.answer else None
            yield {
                "month": cycle.month,
                "entity": one.entity.key,
                "entity_name": one.entity.short,
                "answer": one.state.value,
                "signed_at": signed_at.isoformat() if signed_at else "",
                "late": signed_at > one.due_at if signed_at else None,
            }


def _live_changes(
    session: Session,
    words: FactLabels,
    conditions: list[sa.ColumnElement[bool]],
    event_conditions: list[sa.ColumnElement[bool]],
) -> Iterator[Row]:
    change = Change.__table__.c
    records = sa.or_(
        sa.and_(change.record_type == "activity", change.record_id.in_(sa.select(Activity.id).where(*conditions))),
        sa.and_(change.record_type == "event", change.record_id.in_(sa.select(Event.id).where(*event_conditions))),
    )
    last = 0
    while True:
        query = sa.select(Change.__table__).where(change.id > last, records).order_by(change.id).limit(_BATCH)
        rows = session.connection().execute(query).all()
        for row in rows:
            yield from _fields(words, row.record_type, row.record_id, row.fields, at=row.at.isoformat(),
                               version=row.record_version, action=row.action.value)  # fmt: skip
        if len(rows) < _BATCH:
            return
        last = rows[-1].id


def _fields(
    words: FactLabels, kind: str, number: int, fields: Mapping[str, list[Any]], *, at: str, version: int | None,
    action: str,
) -> Iterator[Row]:  # fmt: skip
    """A row for each field of one change that tables show."""
    for name, (was, value) in fields.items():
        if name not in _UNTOLD[kind]:
            yield {
                "at": at,
                "record_type": kind,
                "record_id": number,
                "version": version,
                "action": action,
                "field": name,
                "was": _say(words, kind, name, was),
                "is": _say(words, kind, name, value),
            }


def _say(words: FactLabels, kind: str, name: str, fact: Any) -> str:
    if fact in (None, "", [], {}):
        return ""
    if kind == "event":
        return say_of_event(words, name, fact) if name in EVENT_FIELD else str(fact)
    return words.say(name, fact)


def edition_source(session: Session, edition: Edition, filters: Sequence[Filters], mine: Collection[str]) -> Source:
    """An edition under all of `filters`, as it was made. Raises ValueError when it is damaged."""
    contents = editions.load(session, edition.number)
    words = FactLabels.of_edition(contents)
    return Source(
        contents,
        words,
        activities=lambda: (
            one for one in contents["activities"] if all(matches(one, contents, some, mine) for some in filters)
        ),
        events=lambda: (
            one for one in contents.get("event", ()) if all(_event_matches(one, some, mine) for some in filters)
        ),
        answers=lambda: _kept_answers(contents),
        changes=lambda: _kept_changes(session, edition, words),
    )


def _event_matches(entry: Entry, filters: Filters, mine: Collection[str]) -> bool:
    """Whether an event of an edition stands under the filters that activities and events share."""
    facts = entry["facts"]
    keys = {*facts["organisers"], *facts["participants"]}
    wanted: list[tuple[Collection[str], Collection[str]]] = [
        (filters.get("entity"), keys),
        (filters.get("chapter"), [str(number) for number in entry["chapters"]]),
        (filters.get("country"), [facts["country"] or ""]),
        (tuple(mine) or ("",) if filters.get("mine") else (), keys),
    ]
    return all(not chosen or set(chosen) & set(said) for chosen, said in wanted)


def _kept_answers(contents: Contents) -> Iterator[Row]:
    def row(key: str, answer: str, signed_at: str = "", late: bool | None = None) -> Row:
        name = contents["organisations"][key]["short"]
        return {"month": contents["month"], "entity": key, "entity_name": name, "answer": answer,
                "signed_at": signed_at, "late": late}  # fmt: skip

    for one in contents["answers"]:
        yield row(one["entity"], one["kind"], one["signed_at"], one["late"])
    for standing, name in UNANSWERED_KEYS.items():
        for key in contents.get(name, ()):
            yield row(key, standing.value)


def _kept_changes(session: Session, edition: Edition, words: FactLabels) -> Iterator[Row]:
    before = editions.edition_before(session, edition)
    at = edition.made_at.isoformat()
    for name, found in editions.changes_since(session, edition, before).items():
        kind = "activity" if name == "activities" else name
        for number, record in sorted(found.records.items()):
            if record.kind is not Kind.UNCHANGED:
                yield from _fields(words, kind, number, record.fields, at=at, version=None, action=record.kind.value)
