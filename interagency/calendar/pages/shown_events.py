"""Events as the pages of the calendar show them: read without building records, and only what a line or a bar says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events.models import (
    Event,
    EventChapter,
    EventKind,
    EventOrganisation,
    EventStatus,
    OccurrenceChange,
    Part,
    Segment,
    SegmentDay,
)
from interagency.calendar.events.queries import event_conditions
from interagency.calendar.events.reader import ReadSegment, read_segment
from interagency.db.batches import rows_by
from interagency.matrix.activities.filters import Filters
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations.models import Organisation

# Events that one page reads. A page that has more says so.
MOST = 500


@dataclass(frozen=True, slots=True)
class Organiser:
    """Who organises: as it is called in short, and the number of its colour (0: no UN entity)."""

    short: str
    tone: int


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """What `occurrences` reads of an event, and what a line of a calendar says."""

    id: int
    title: str
    kind: EventKind
    status: EventStatus
    timezone: str | None
    rrule: str
    venue: str
    city: str
    country: str
    illustrative: bool
    segments: list[ReadSegment]
    exceptions: Sequence[Any]
    organisers: list[Organiser]
    chapters: list[int]

    @property
    def place(self) -> str:
        """Venue, city and country, as far as known."""
        return ", ".join(part for part in (self.venue, self.city, self.country) if part)

    @property
    def is_joint(self) -> bool:
        """Two or more UN entities organise it."""
        return sum(one.tone > 0 for one in self.organisers) > 1

    @property
    def town(self) -> str:
        """City, or country where no city is known."""
        return self.city or self.country


def touching(first: date, last: date, filters: Filters, mine: Iterable[str]) -> list[sa.ColumnElement[bool]]:
    """The conditions of events under `filters` that touch the days from `first` to `last`."""
    still = sa.or_(Event.last_day.is_(None), Event.last_day >= first)
    return [*event_conditions(filters, mine), Event.first_day <= last, still]


def events_under(session: Session, conditions: Sequence[sa.ColumnElement[bool]]) -> tuple[list[Event], int]:
    """The events under `conditions`, at most MOST of them, the latest begun, by first day; and how many there are.

    They can be read and not saved.
    """
    query = sa.select(Event.id, sa.func.count().over()).where(*conditions)
    rows = session.execute(query.order_by(Event.first_day.desc(), Event.id).limit(MOST)).all()
    return shown_events(session, [row[0] for row in rows]), rows[0][1] if rows else 0


def shown_events(session: Session, ids: Iterable[int]) -> list[Event]:
    """The events `ids` by first day, in a fixed number of statements. They can be read and not saved."""
    ids = sorted(set(ids))
    if not ids:
        return []
    connection = session.connection()
    columns = (
        Event.id, Event.title, Event.kind, Event.status, Event.timezone, Event.rrule, Event.venue, Event.city,
        sa.func.coalesce(Country.name, "").label("country"), Event.illustrative,
    )  # fmt: skip
    query = sa.select(*columns).outerjoin(Country, Country.code == Event.country_code).where(Event.id.in_(ids))
    segments, changes, organisers = _segments(connection, ids), _changes(connection, ids), _organisers(connection, ids)
    chapters = rows_by(
        connection, ids, _column(EventChapter.event_id), _column(EventChapter.chapter_number),
        order=(_column(EventChapter.chapter_number),),
    )  # fmt: skip
    rows: list[Any] = list(connection.execute(query.order_by(Event.first_day, Event.id)))
    found = [
        ShownEvent(
            **row._asdict(),
            segments=segments[row[0]],
            exceptions=changes[row[0]],
            organisers=organisers[row[0]],
            chapters=[one[0] for one in chapters[row[0]]],
        )
        for row in rows
    ]
    return cast(list[Event], found)  # they have the names that `occurrences` reads


def _column(attribute: Any) -> Any:
    return sa.inspect(attribute).expression


def _segments(connection: sa.Connection, ids: list[int]) -> dict[int, list[ReadSegment]]:
    table, day = Segment.__table__, SegmentDay.__table__
    days: dict[int, list[Any]] = defaultdict(list)
    with_days = sa.select(day).join(table, table.c.id == day.c.segment_id).where(table.c.event_id.in_(ids))
    for row in connection.execute(with_days.order_by(day.c.day)):
        days[row.segment_id].append(row)
    found: dict[int, list[ReadSegment]] = defaultdict(list)
    for row in connection.execute(sa.select(table).where(table.c.event_id.in_(ids)).order_by(table.c.number)):
        found[row.event_id].append(read_segment(row, days[row.id]))
    return found


def _changes(connection: sa.Connection, ids: list[int]) -> dict[int, list[Any]]:
    table = OccurrenceChange.__table__
    found: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(table).where(table.c.event_id.in_(ids)).order_by(table.c.original)):
        found[row.event_id].append(row)
    return found


def _organisers(connection: sa.Connection, ids: list[int]) -> dict[int, list[Organiser]]:
    part, who = EventOrganisation.__table__, Organisation.__table__
    query = (
        sa.select(part.c.event_id, sa.func.coalesce(who.c.acronym, who.c.name), who.c.is_entity, who.c.position)
        .join(who, who.c.id == part.c.organisation_id)
        .where(part.c.event_id.in_(ids), part.c.part == Part.ORGANISER)
        .order_by(part.c.position)
    )
    found: dict[int, list[Organiser]] = defaultdict(list)
    for event_id, short, is_entity, position in connection.execute(query):
        found[event_id].append(Organiser(short, position % 11 + 1 if is_entity else 0))
    return found
