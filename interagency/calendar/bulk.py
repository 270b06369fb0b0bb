"""Many events read without building records: for editions, workbooks and comparisons.

What is read has the names of `Event`, so that `facts`, `occurrences` and `days_words` tell both in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.batches import batches, rows_by
from interagency.calendar.models import (
    Event,
    EventChapter,
    EventDocument,
    EventKind,
    EventLink,
    EventOrganisation,
    EventSeries,
    EventStatus,
    LinkKind,
    Mode,
    OccurrenceChange,
    Part,
    Segment,
    SegmentDay,
    event_activity,
)
from interagency.dates import ImpreciseDate, date_of
from interagency.matrix.organisations.models import Organisation

_EVENT, _SERIES, _ORGANISATION = Event.__table__.c, EventSeries.__table__.c, Organisation.__table__.c
_COLUMNS = tuple(
    _EVENT[name]
    for name in (
        "id", "uid", "version", "sequence", "title", "kind", "status", "description", "mode", "venue", "city",
        "country_code", "timezone", "meant_for", "shareable", "parent_id", "series_number",
        "milestone_id", "rrule", "participants_incomplete", "source", "remarks", "is_listed", "first_day", "last_day",
    )
)  # fmt: skip


class ReadOwner(NamedTuple):
    """Whose a document is."""

    key: str


class ReadOrganisation(NamedTuple):
    """An organisation, as far as events name it."""

    key: str
    is_entity: bool


class ReadSeries(NamedTuple):
    """A row of numbered events."""

    title: str


class ReadActivity(NamedTuple):
    """An activity an event belongs to."""

    id: int


class ReadChapter(NamedTuple):
    """A chapter an event is about."""

    chapter_number: int
    by_day: bool


class ReadChange(NamedTuple):
    """One occurrence that was moved, changed or cancelled."""

    original: datetime
    start: datetime | None
    end: datetime | None
    is_cancelled: bool
    title: str
    note: str


class ReadLink(NamedTuple):
    """An address that belongs to an event."""

    kind: LinkKind
    title: str
    url: str


class ReadDocument(NamedTuple):
    """A document of an event."""

    title: str
    url: str
    owner: ReadOwner | None
    is_permitted: bool


class ReadDay(NamedTuple):
    """What one day of a segment is about."""

    day: date
    chapter_number: int | None
    note: str


class ReadSegment(NamedTuple):
    """Days of an event that touch each other."""

    number: int
    start: ImpreciseDate | None
    end: ImpreciseDate | None
    start_time: time | None
    end_time: time | None
    is_exact: bool
    days: Sequence[ReadDay]


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """What an event says."""

    id: int
    uid: str
    version: int
    sequence: int
    title: str
    kind: EventKind
    status: EventStatus
    description: str
    mode: Mode | None
    venue: str
    city: str
    country_code: str | None
    timezone: str | None
    meant_for: str
    shareable: bool
    parent_id: int | None
    series: ReadSeries | None
    series_number: int | None
    milestone_id: int | None
    rrule: str
    participants_incomplete: bool
    source: str
    remarks: str
    is_listed: bool
    first_day: date | None
    last_day: date | None
    segments: Sequence[ReadSegment]
    exceptions: Sequence[ReadChange]
    organisers: Sequence[ReadOrganisation]
    participants: Sequence[ReadOrganisation]
    chapters: Sequence[ReadChapter]
    activities: Sequence[ReadActivity]
    links: Sequence[ReadLink]
    documents: Sequence[ReadDocument]

    @property
    def is_joint(self) -> bool:
        """Two or more UN entities organise it."""
        return sum(organisation.is_entity for organisation in self.organisers) > 1


def read_events(session: Session, conditions: Sequence[sa.ColumnElement[bool]] = ()) -> Iterator[ReadEvent]:
    """Every event under `conditions`, by id, in batches that keep memory flat."""
    series = sa.select(_SERIES.title).where(_SERIES.id == _EVENT.series_id).scalar_subquery()
    for rows in batches(session, sa.select(*_COLUMNS, series).where(*conditions), _EVENT.id):
        links = _Links(session.connection(), [row[0] for row in rows])
        for row in rows:
            yield _event(row, links)


class _Links:
    """Everything that hangs on a batch of events, by event."""

    def __init__(self, connection: sa.Connection, ids: list[int]) -> None:
        by = partial(rows_by, connection, ids)
        part, segment, day = EventOrganisation.__table__.c, Segment.__table__.c, SegmentDay.__table__.c
        self.parts = by(
            part.event_id, part.part, _ORGANISATION.key, _ORGANISATION.is_entity,
            join=_ORGANISATION.id == part.organisation_id, order=(part.position,),
        )  # fmt: skip
        change, chapter = OccurrenceChange.__table__.c, EventChapter.__table__.c
        self.exceptions = by(
            change.event_id, change.original, change.start, change.end, change.is_cancelled,
            change.title, change.note, order=(change.original,),
        )  # fmt: skip
        self.chapters = by(chapter.event_id, chapter.chapter_number, chapter.by_day, order=(chapter.chapter_number,))
        self.activities = by(event_activity.c.event_id, event_activity.c.activity_id)
        link, document = EventLink.__table__.c, EventDocument.__table__.c
        self.links = by(link.event_id, link.kind, link.title, link.url, order=(link.id,))
        owner = sa.select(_ORGANISATION.key).where(_ORGANISATION.id == document.owner_id).scalar_subquery()
        self.documents = by(
            document.event_id, document.title, document.url, owner,
            document.is_permitted, order=(document.id,),
        )  # fmt: skip
        self.days = by(
            segment.event_id, day.segment_id, day.day, day.chapter_number, day.note,
            join=day.segment_id == segment.id, order=(day.day,),
        )  # fmt: skip
        self.segments = by(
            segment.event_id, segment.id, segment.number, segment.start_precision,
            segment.start_first, segment.start_last, segment.end_precision, segment.end_first, segment.end_last,
            segment.start_time, segment.end_time, order=(segment.number,),
        )  # fmt: skip

    def segments_of(self, number: int) -> list[ReadSegment]:
        days = self.days[number]
        return [
            _segment([ReadDay(*day) for owner, *day in days if owner == key], *values)
            for key, *values in self.segments[number]
        ]

    def organisations_of(self, number: int, part: Part) -> list[ReadOrganisation]:
        return [ReadOrganisation(key, is_entity) for said, key, is_entity in self.parts[number] if said is part]

    def documents_of(self, number: int) -> list[ReadDocument]:
        return [
            ReadDocument(title, url, ReadOwner(owner) if owner is not None else None, is_permitted)
            for title, url, owner, is_permitted in self.documents[number]
        ]


def _segment(
    days: list[ReadDay], number: int, start_precision: Any, start_first: Any, start_last: Any, end_precision: Any,
    end_first: Any, end_last: Any, start_time: time | None, end_time: time | None,
) -> ReadSegment:  # fmt: skip
    start, end = date_of(start_precision, start_first, start_last), date_of(end_precision, end_first, end_last)
    is_exact = start is not None and end is not None and start.is_exact and end.is_exact
    return ReadSegment(number, start, end, start_time, end_time, is_exact, days)


def _event(row: Any, links: _Links) -> ReadEvent:
    (
        number, uid, version, sequence, title, kind, status, description, mode, venue, city, country_code, timezone,
        meant_for, shareable, parent_id, series_number, milestone_id, rrule, participants_incomplete, source, remarks,
        is_listed, first_day, last_day, series,
    ) = row  # fmt: skip
    return ReadEvent(
        number, uid, version, sequence, title, kind, status, description, mode, venue, city, country_code, timezone,
        meant_for, shareable, parent_id, ReadSeries(series) if series is not None else None, series_number,
        milestone_id, rrule, participants_incomplete, source, remarks, is_listed, first_day, last_day,
        segments=links.segments_of(number),
        exceptions=[ReadChange(*one) for one in links.exceptions[number]],
        organisers=links.organisations_of(number, Part.ORGANISER),
        participants=links.organisations_of(number, Part.PARTICIPANT),
        chapters=[ReadChapter(*one) for one in links.chapters[number]],
        activities=[ReadActivity(*one) for one in links.activities[number]],
        links=[ReadLink(*one) for one in links.links[number]],
        documents=links.documents_of(number),
    )  # fmt: skip
