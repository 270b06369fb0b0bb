"""Many events read without building records: for editions, workbooks, lists, comparisons and the pages of the calendar.

Rows are read, with the names of the columns, and gathered as `Event` names them: so that `facts`, `occurrences` and
`format_days` take them for events, and a column that is added is read without a word here. Pages that list or draw
events read only what a line or a bar says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.titles import spoken
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate, date_of

_EVENT, _SERIES, _ORGANISATION = Event.__table__, EventSeries.__table__, Organisation.__table__
# The index of words is large, and no fact.
_COLUMNS = [column for column in _EVENT.c if column.key not in ("id", "search_title", "search_text")]
# What a line of a calendar says and `occurrences` reads.
_OF_A_LINE = ("title", "kind", "status", "timezone", "rrule", "venue", "city", "illustrative", "first_day", "last_day")
_HUNG_ON_A_LINE = ("segments", "exceptions", "organisations", "chapters")
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
    venue: str
    city: str
    country: str  # its name as it is kept, for a line

    @property
    def place(self) -> str:
        """Venue, city and country, as far as known."""
        return ", ".join(part for part in (self.venue, self.city, spoken().place(self.country)) if part)

    @property
    def town(self) -> str:
        """City, or country where no city is known."""
        return self.city or spoken().place(self.country)

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
        linked = _linked(session.connection(), [row.id for row in rows], tuple(_READERS))
        for row in rows:
            values = row._asdict() | {"series": _Named(row.series) if row.series is not None else None}
            yield _gathered(values, linked)


def read_lines(session: Session, ids: Iterable[int]) -> list[Event]:
    """The events `ids` by first day, as lists and grids of the calendar show them, in a fixed number of statements.

    They can be read and not saved.
    """
    ids = sorted(set(ids))
    if not ids:
        return []
    country = sa.select(Country.name).where(Country.code == _EVENT.c.country_code).scalar_subquery()
    columns = [_EVENT.c.id, *(_EVENT.c[name] for name in _OF_A_LINE), sa.func.coalesce(country, "").label("country")]
    query = sa.select(*columns).where(_EVENT.c.id.in_(ids)).order_by(_EVENT.c.first_day, _EVENT.c.id)
    linked = _linked(session.connection(), ids, _HUNG_ON_A_LINE)
    return [_gathered(row._asdict(), linked) for row in session.execute(query)]


def _gathered(values: dict[str, Any], linked: Mapping[str, Rows]) -> Event:
    own = {name: found[values["id"]] for name, found in linked.items()}
    return cast(Event, ReadEvent(**values, **own))  # it has the names that facts and occurrences read


class _Reader:
    """Reads what hangs on the events `ids` (in ascending order)."""

    def __init__(self, connection: sa.Connection, ids: list[int]) -> None:
        self.connection, self.ids = connection, ids

    def rows(self, table: sa.FromClause, *order: Any, more: Sequence[Any] = (), join: Any = None) -> Rows:
        """The rows of `table` by event."""
        # Asked for by range where most numbers in it are wanted, which is a shorter question.
        owner, first, last = table.c.event_id, self.ids[0], self.ids[-1]
        wanted = owner.between(first, last) if last - first < 2 * len(self.ids) else owner.in_(self.ids)
        query = sa.select(table, *more).where(wanted).order_by(*order)
        found: dict[int, list[Any]] = defaultdict(list)
        for row in self.connection.execute(query if join is None else query.where(join)):
            found[row.event_id].append(row)
        return found

    def segments(self) -> Rows:
        segment, day = Segment.__table__, SegmentDay.__table__
        of_days = sa.select(segment.c.event_id, day).where(day.c.segment_id == segment.c.id).subquery()
        days = self.rows(of_days, of_days.c.day)
        return _each(
            self.rows(segment, segment.c.number),
            lambda row: read_segment(row, [one for one in days[row.event_id] if one.segment_id == row.id]),
        )

    def organisations(self) -> Rows:
        part, who = EventOrganisation.__table__, _ORGANISATION
        named = (who.c.key, who.c.is_entity, sa.func.coalesce(who.c.acronym, who.c.name).label("short"),
                 who.c.position.label("place_among_all"))  # fmt: skip
        return self.rows(part, part.c.position, more=named, join=who.c.id == part.c.organisation_id)

    def documents(self) -> Rows:
        document = EventDocument.__table__
        owner = sa.select(_ORGANISATION.c.key).where(_ORGANISATION.c.id == document.c.owner_id).scalar_subquery()
        return _each(self.rows(document, document.c.id, more=[owner.label("owner")]), _document)

    def activities(self) -> Rows:
        return self.rows(sa.select(event_activity.c.event_id, event_activity.c.activity_id.label("id")).subquery())


_CHANGE, _CHAPTER, _LINK = OccurrenceChange.__table__, EventChapter.__table__, EventLink.__table__
# What hangs on an event, by the name `Event` has for it.
_READERS: dict[str, Callable[[_Reader], Rows]] = {
    "segments": _Reader.segments,
    "exceptions": lambda reader: reader.rows(_CHANGE, _CHANGE.c.original),
    "organisations": _Reader.organisations,
    "chapters": lambda reader: reader.rows(_CHAPTER, _CHAPTER.c.chapter_number),
    "activities": _Reader.activities,
    "links": lambda reader: reader.rows(_LINK, _LINK.c.id),
    "documents": _Reader.documents,
}


def _linked(connection: sa.Connection, ids: list[int], names: Iterable[str]) -> dict[str, Rows]:
    """What of `names` hangs on the events `ids` (in ascending order), by its name, then by event."""
    reader = _Reader(connection, ids)
    return {name: _READERS[name](reader) for name in names}


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
