"""Many events read without building records: for editions, workbooks, lists and comparisons.

Whole rows are read, with the names of the columns, and gathered as `Event` names them: so that `facts`, `occurrences`
and `format_days` take them for events, and a column that is added is read without a word here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events.models import (
    Event,
    EventChapter,
    EventDocument,
    EventLink,
    EventOrganisation,
    EventSeries,
    OccurrenceChange,
    Part,
    Segment,
    SegmentDay,
    event_activity,
)
from interagency.db.batches import batches
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate, date_of

_EVENT, _SERIES, _ORGANISATION = Event.__table__, EventSeries.__table__, Organisation.__table__
# The index of words is large, and no fact.
_COLUMNS = [column for column in _EVENT.c if column.key not in ("id", "search_title", "search_text")]
Rows = Mapping[int, Sequence[Any]]


class _Named(NamedTuple):
    """A series, or the owner of a document, by what it is known by."""

    title: str

    @property
    def key(self) -> str:
        return self.title


class ReadSegment(NamedTuple):
    """Days of an event that touch each other."""

    number: int
    start: ImpreciseDate | None
    end: ImpreciseDate | None
    start_time: time | None
    end_time: time | None
    is_exact: bool
    days: Sequence[Any]


class ReadEvent(SimpleNamespace):
    """An event: its columns and, as lists of rows, what hangs on it."""

    organisations: Sequence[Any]
    first_day: date | None

    @property
    def organisers(self) -> list[Any]:
        return [row for row in self.organisations if row.part is Part.ORGANISER]

    @property
    def participants(self) -> list[Any]:
        return [row for row in self.organisations if row.part is Part.PARTICIPANT]

    @property
    def is_joint(self) -> bool:
        """Two or more UN entities organise it."""
        return sum(bool(organisation.is_entity) for organisation in self.organisers) > 1


def read_events(session: Session, conditions: Sequence[sa.ColumnElement[bool]] = ()) -> Iterator[Event]:
    """Every event under `conditions`, by id, in batches, to bound memory. They can be read and not saved."""
    series = sa.select(_SERIES.c.title).where(_SERIES.c.id == _EVENT.c.series_id).scalar_subquery()
    query = sa.select(_EVENT.c.id, *_COLUMNS, series.label("series")).where(*conditions)
    for rows in batches(session, query, _EVENT.c.id):
        linked = _linked(session.connection(), [row.id for row in rows])
        for row in rows:
            own = {name: found[row.id] for name, found in linked.items()}
            values = row._asdict() | {"series": _Named(row.series) if row.series is not None else None}
            yield cast(Event, ReadEvent(**values, **own))  # it has the names that facts and occurrences read


def _linked(connection: sa.Connection, ids: list[int]) -> dict[str, Rows]:
    """What hangs on the events `ids` (in ascending order), by the name `Event` has for it, then by event."""

    def by_event(table: sa.FromClause, *order: Any, more: Sequence[Any] = (), join: Any = None) -> Rows:
        # Asked for by range where most numbers in it are wanted, which is a shorter question.
        owner, first, last = table.c.event_id, ids[0], ids[-1]
        wanted = owner.between(first, last) if last - first < 2 * len(ids) else owner.in_(ids)
        query = sa.select(table, *more).where(wanted).order_by(*order)
        found: dict[int, list[Any]] = defaultdict(list)
        for row in connection.execute(query if join is None else query.where(join)):
            found[row.event_id].append(row)
        return found

    segment, day, change = Segment.__table__, SegmentDay.__table__, OccurrenceChange.__table__
    chapter, link, document = EventChapter.__table__, EventLink.__table__, EventDocument.__table__
    part = EventOrganisation.__table__
    owner = sa.select(_ORGANISATION.c.key).where(_ORGANISATION.c.id == document.c.owner_id).scalar_subquery()
    of_days = sa.select(segment.c.event_id, day).where(day.c.segment_id == segment.c.id).subquery()
    days = by_event(of_days, of_days.c.day)
    segments = by_event(segment, segment.c.number)
    documents = by_event(document, document.c.id, more=[owner.label("owner")])
    activities = sa.select(event_activity.c.event_id, event_activity.c.activity_id.label("id")).subquery()
    return {
        "segments": _each(
            segments, lambda row: read_segment(row, [day for day in days[row.event_id] if day.segment_id == row.id])
        ),
        "exceptions": by_event(change, change.c.original),
        "organisations": by_event(
            part, part.c.position, more=[_ORGANISATION.c.key, _ORGANISATION.c.is_entity],
            join=_ORGANISATION.c.id == part.c.organisation_id,
        ),
        "chapters": by_event(chapter, chapter.c.chapter_number),
        "activities": by_event(activities),
        "links": by_event(link, link.c.id),
        "documents": _each(documents, _document),
    }  # fmt: skip


def _each(rows: Rows, make: Any) -> Rows:
    return defaultdict(list, {event_id: [make(row) for row in found] for event_id, found in rows.items()})


def _document(row: Any) -> SimpleNamespace:
    return SimpleNamespace(**row._asdict() | {"owner": _Named(row.owner) if row.owner is not None else None})


def read_segment(row: Any, days: Sequence[Any]) -> ReadSegment:
    """A row of segments with its own days."""
    start = date_of(row.start_precision, row.start_first, row.start_last)
    end = date_of(row.end_precision, row.end_first, row.end_last)
    is_exact = start is not None and end is not None and start.is_exact and end.is_exact
    return ReadSegment(row.number, start, end, row.start_time, row.end_time, is_exact, days)
