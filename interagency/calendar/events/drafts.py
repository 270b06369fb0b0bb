"""What a person says of an event, as finished values, before it is the record."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
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
from interagency.calendar.events.recurrence_rules import rule_from
from interagency.matrix.activities.models import Activity, TextLanguage
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations.documents import DocumentDraft
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
class ExceptionDraft:
    """One occurrence of a recurring event moved, changed, cancelled or left out. Local times.

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
    is_left_out: bool = False


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
    text_language: TextLanguage | None
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


@dataclass(frozen=True, slots=True)
class Carried:
    """The single dates of a series after the series changed: what they are now, those that went to another day with
    it (before and after), and those that belong to no date any more.
    """

    kept: tuple[ExceptionDraft, ...] = ()
    shifted: tuple[tuple[ExceptionDraft, ExceptionDraft], ...] = ()
    lost: tuple[ExceptionDraft, ...] = ()


def carried(
    event: Event, rrule: str, first: SegmentDraft, exceptions: list[ExceptionDraft], before: datetime
) -> Carried:
    """`exceptions` of the repeated `event` under a new rule and a `first` run of days, for the date `before`.

    A date keeps its day and takes the new hour; where the new rule does not have that day, it goes as many days on as
    the first did. What was moved to an hour of its own stays there.
    """
    if not exceptions:
        return Carried()
    segment = event.segments[0]
    now = datetime.combine(first.start.first, first.start_time or time())
    assert segment.end is not None
    old_length = datetime.combine(segment.end.last, segment.end_time or time()) - first_moment(event)
    length = datetime.combine(first.end.last, first.end_time or time()) - now
    rule = rule_from(rrule, now) if rrule else None
    kept: dict[datetime, ExceptionDraft] = {}
    shifted, lost = [], []
    for one in exceptions:
        same_day = datetime.combine(one.original.date(), now.time())
        original = next(
            (
                moment
                for moment in (same_day, same_day + (now.date() - before.date()))
                if rule is not None and moment not in kept and rule.between(moment, moment, inc=True)
            ),
            None,
        )
        if original is None:
            lost.append(one)
            continue
        kept[original] = _at(one, original, old_length, length, (bool(segment.start_time), bool(first.start_time)))
        if original.date() != one.original.date():
            shifted.append((one, kept[original]))
    return Carried(tuple(kept[original] for original in sorted(kept)), tuple(shifted), tuple(lost))


def _at(
    one: ExceptionDraft, original: datetime, old_length: timedelta, length: timedelta, timed: tuple[bool, bool]
) -> ExceptionDraft:
    """A single date as that of another `original`; its own hours stay, those it had of the series go with it."""
    if one.start is None or one.end is None:
        return replace(one, original=original)
    if one.start == one.original and one.has_hours is None:
        own_length = one.end - one.start
        end = original + (length if own_length == old_length else own_length)
        return replace(one, original=original, start=original, end=end)
    had_hours = timed[0] if one.has_hours is None else one.has_hours
    return replace(one, original=original, has_hours=None if had_hours == timed[1] else had_hours)


def moved(segment: SegmentDraft, by: timedelta) -> SegmentDraft:
    """A segment of exact days, so many days later; its hours stay."""
    days = timedelta(days=by.days)
    return SegmentDraft(
        ImpreciseDate.day(segment.start.first + days),
        ImpreciseDate.day(segment.end.last + days),
        segment.start_time,
        segment.end_time,
    )
