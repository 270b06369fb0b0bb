"""What a person says of an event, as finished values, before it is the record."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta

from interagency.calendar.events.models import (
    Event,
    EventKind,
    EventSeries,
    EventStatus,
    LinkKind,
    Mode,
    OccurrenceChange,
)
from interagency.matrix.activities.models import Activity
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate


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
    """One occurrence of a recurring event moved, changed or cancelled. Local times.

    Title, place (`venue`), text, status and whether it `has_hours` are those of the event where they are empty; `note`
    is said beside the text.
    """

    original: datetime
    start: datetime | None = None
    end: datetime | None = None
    is_cancelled: bool = False
    title: str = ""
    note: str = ""
    venue: str = ""
    description: str = ""
    status: EventStatus | None = None
    has_hours: bool | None = None


# What an exception says, by the names that draft and record share; the order of its fact.
EXCEPTION_FIELDS = tuple(one.name for one in fields(ExceptionDraft))


def exception_draft(change: OccurrenceChange) -> ExceptionDraft:
    """A changed occurrence of the record as a draft that says the same."""
    return ExceptionDraft(**{name: getattr(change, name) for name in EXCEPTION_FIELDS})


@dataclass(slots=True)
class EventDraft:
    """Everything a person says of an event, as finished values by the names of `fields.FIELDS`.

    Nothing has a default, so that a field that is added is left out nowhere; `fields.draft_from` makes one.
    """

    title: str
    kind: EventKind
    status: EventStatus
    segments: list[SegmentDraft]
    rrule: str
    exceptions: list[ExceptionDraft]
    timezone: str | None
    mode: Mode | None
    venue: str
    city: str
    country: Country | None
    organisers: list[Organisation]
    participants: list[Organisation]
    participants_incomplete: bool
    meant_for: str
    chapters: list[int]  # of the event as a whole
    description: str
    links: list[tuple[LinkKind, str, str]]
    documents: list[DocumentDraft]
    activities: list[Activity]
    milestone: int | None
    parent: Event | None
    series: EventSeries | None
    series_number: int | None
    shareable: bool
    source: str
    remarks: str


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
