"""What a person says of an event, as finished values, before it is the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from interagency.calendar.models import (
    Event,
    EventKind,
    EventSeries,
    EventStatus,
    LinkKind,
    Mode,
)
from interagency.dates import ImpreciseDate
from interagency.matrix.activities.models import Activity
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations.models import Organisation


@dataclass(frozen=True, slots=True)
class DayDraft:
    """What one day of a segment is about."""

    day: date
    chapter: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SegmentDraft:
    """Days that touch: from, to, and the hours where they are known (local time of the event's zone).

    `number` is the segment it stands for, whose UID it keeps; None goes by the place in the row.
    """

    start: ImpreciseDate
    end: ImpreciseDate
    start_time: time | None = None
    end_time: time | None = None
    days: tuple[DayDraft, ...] = ()
    number: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A document of an event: its address, whose it is, and whether the owner lets others see it."""

    title: str
    url: str
    owner: Organisation | None = None
    is_permitted: bool = False


@dataclass(frozen=True, slots=True)
class ExceptionDraft:
    """One occurrence of a recurring event moved, changed or cancelled. Local times."""

    original: datetime
    start: datetime | None = None
    end: datetime | None = None
    is_cancelled: bool = False
    title: str = ""
    note: str = ""


@dataclass(slots=True)
class EventDraft:
    """Everything a person says of an event, as finished values."""

    title: str
    kind: EventKind
    status: EventStatus
    segments: list[SegmentDraft]
    description: str = ""
    mode: Mode | None = None
    venue: str = ""
    city: str = ""
    country: Country | None = None
    timezone: str | None = None
    meant_for: str = ""
    organisers: list[Organisation] = field(default_factory=list)
    participants: list[Organisation] = field(default_factory=list)
    participants_incomplete: bool = False
    chapters: list[int] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    parent: Event | None = None
    series: EventSeries | None = None
    series_number: int | None = None
    links: list[tuple[LinkKind, str, str]] = field(default_factory=list)
    documents: list[DocumentDraft] = field(default_factory=list)
    milestone_id: int | None = None
    rrule: str = ""
    exceptions: list[ExceptionDraft] = field(default_factory=list)
    shareable: bool = False
    source: str = ""
    remarks: str = ""
    illustrative: bool = False


def first_moment(event: Event) -> datetime:
    """When a repeated event first begins: local time, midnight for whole days."""
    segment = event.segments[0]
    assert segment.start is not None
    return datetime.combine(segment.start.first, segment.start_time or time())


def moved(segment: SegmentDraft, by: timedelta) -> SegmentDraft:
    """A segment of exact days, so many days later; its hours stay."""
    days = timedelta(days=by.days)
    return SegmentDraft(
        ImpreciseDate.day(segment.start.first + days),
        ImpreciseDate.day(segment.end.last + days),
        segment.start_time,
        segment.end_time,
    )


def draft_of(event: Event) -> EventDraft:
    """The record as a draft that says the same, to change one thing of it."""
    return EventDraft(
        title=event.title,
        kind=event.kind,
        status=event.status,
        segments=[
            SegmentDraft(
                s.start,
                s.end,
                s.start_time,
                s.end_time,
                tuple(DayDraft(day.day, day.chapter_number, day.note) for day in s.days),
                s.number,
            )
            for s in event.segments
            if s.start and s.end
        ],
        description=event.description,
        mode=event.mode,
        venue=event.venue,
        city=event.city,
        country=event.country,
        timezone=event.timezone,
        meant_for=event.meant_for,
        organisers=event.organisers,
        participants=event.participants,
        participants_incomplete=event.participants_incomplete,
        chapters=[link.chapter_number for link in event.chapters if not link.by_day],
        activities=list(event.activities),
        parent=event.parent,
        series=event.series,
        series_number=event.series_number,
        links=[(link.kind, link.title, link.url) for link in event.links],
        documents=[DocumentDraft(d.title, d.url, d.owner, d.is_permitted) for d in event.documents],
        milestone_id=event.milestone_id,
        rrule=event.rrule,
        exceptions=[
            ExceptionDraft(c.original, c.start, c.end, c.is_cancelled, c.title, c.note) for c in event.exceptions
        ],
        shareable=event.shareable,
        source=event.source,
        remarks=event.remarks,
        illustrative=event.illustrative,
    )
