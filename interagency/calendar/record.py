"""Writing events: what a record says (facts), who may change it, and saving with history."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from dateutil.rrule import rrulestr
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.blocks import keep_blocks
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
)
from interagency.database import now
from interagency.dates import ImpreciseDate
from interagency.history import Action, record_change
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import names_of
from interagency.web import settings
from interagency.words import search_text

# A change in one of these must reach calendars as a change (RFC 5545, 3.8.7.4).
RAISES_SEQUENCE = ("status", "venue", "city", "country", "mode", "timezone", "segments", "rrule", "exceptions")


@dataclass(frozen=True, slots=True)
class DayDraft:
    """What one day of a segment is about."""

    day: date
    chapter: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SegmentDraft:
    """Days that touch: from, to, and the hours where they are known (local time of the event's zone)."""

    start: ImpreciseDate
    end: ImpreciseDate
    start_time: time | None = None
    end_time: time | None = None
    days: tuple[DayDraft, ...] = ()


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


PLAIN_FIELDS = (
    "title",
    "kind",
    "status",
    "description",
    "mode",
    "venue",
    "city",
    "timezone",
    "meant_for",
    "participants_incomplete",
    "rrule",
    "shareable",
    "source",
    "remarks",
    "illustrative",
    "series_number",
    "milestone_id",
)


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


def may_edit_event(person: Person, mine: Iterable[Organisation], event: Event) -> bool:
    """Coordinators, and the focal points of the UN entities that organise it."""
    organisers = {organiser.id for organiser in event.organisers if organiser.is_entity}
    return person.is_coordinator or bool(organisers & {entity.id for entity in mine})


def facts(event: Event) -> dict[str, Any]:
    """What the record says, as plain values by stable keys: for history, comparison and editions."""
    return {
        "title": event.title,
        "kind": event.kind.value,
        "status": event.status.value,
        "segments": [_segment_facts(segment) for segment in event.segments],
        "rrule": event.rrule,
        "exceptions": [
            [
                change.original.isoformat(),
                change.start.isoformat() if change.start else None,
                change.end.isoformat() if change.end else None,
                change.is_cancelled,
                change.title,
                change.note,
            ]
            for change in event.exceptions
        ],
        "timezone": event.timezone,
        "venue": event.venue,
        "city": event.city,
        "country": event.country_code,
        "mode": event.mode.value if event.mode else None,
        "organisers": [organiser.key for organiser in event.organisers],
        "participants": [participant.key for participant in event.participants],
        "participants_incomplete": event.participants_incomplete,
        "meant_for": event.meant_for,
        "chapters": sorted(link.chapter_number for link in event.chapters if not link.by_day),
        "activities": sorted(activity.id for activity in event.activities),
        "parent": event.parent_id,
        "series": event.series.title if event.series else None,
        "series_number": event.series_number,
        "description": event.description,
        "links": [[link.kind.value, link.title, link.url] for link in event.links],
        "documents": [
            [document.title, document.url, document.owner.key if document.owner else None, document.is_permitted]
            for document in event.documents
        ]
        or None,
        "milestone": event.milestone_id,
        "shareable": event.shareable,
        "source": event.source,
        "remarks": event.remarks,
        "is_listed": event.is_listed,
    }


def _segment_facts(segment: Segment) -> list[Any]:
    return [
        segment.start.code if segment.start else None,
        segment.end.code if segment.end else None,
        f"{segment.start_time:%H:%M}" if segment.start_time else None,
        f"{segment.end_time:%H:%M}" if segment.end_time else None,
        [[day.day.isoformat(), day.chapter_number, day.note] for day in segment.days],
    ]


def apply_draft(event: Event, draft: EventDraft) -> None:
    """Make `event` say what `draft` says."""
    for name in PLAIN_FIELDS:
        setattr(event, name, getattr(draft, name))
    event.country = draft.country
    event.country_code = draft.country.code if draft.country else None
    event.parent, event.series = draft.parent, draft.series
    event.parent_id = draft.parent.id if draft.parent else None
    _apply_segments(event, draft.segments)
    _apply_exceptions(event, draft.exceptions)
    _apply_organisations(event, draft)
    _apply_chapters(event, draft)
    event.activities = list(draft.activities)
    if [(link.kind, link.title, link.url) for link in event.links] != draft.links:
        event.links = [EventLink(kind=kind, title=title, url=url) for kind, title, url in draft.links]
    _apply_documents(event, draft.documents)
    refresh_derived(event)


def _apply_documents(event: Event, drafts: list[DocumentDraft]) -> None:
    kept = [DocumentDraft(d.title, d.url, d.owner, d.is_permitted) for d in event.documents]
    if kept != drafts:
        event.documents = [
            EventDocument(
                title=draft.title,
                url=draft.url,
                owner_id=draft.owner.id if draft.owner else None,
                owner=draft.owner,
                is_permitted=draft.is_permitted,
            )
            for draft in drafts
        ]


def _apply_segments(event: Event, drafts: list[SegmentDraft]) -> None:
    """Segments keep their numbers in order, so that their UIDs stay; new ones get new numbers."""
    kept = event.segments[: len(drafts)]
    next_number = max((segment.number for segment in event.segments), default=0) + 1
    while len(kept) < len(drafts):
        kept.append(Segment(number=next_number, days=[]))
        next_number += 1
    for segment, draft in zip(kept, drafts, strict=True):
        segment.start, segment.end = draft.start, draft.end
        segment.start_time, segment.end_time = draft.start_time, draft.end_time
        present = {day.day: day for day in segment.days}
        days = []
        for day_draft in draft.days:
            day = present.get(day_draft.day) or SegmentDay(day=day_draft.day)
            day.chapter_number, day.note = day_draft.chapter, day_draft.note
            days.append(day)
        segment.days = days
    event.segments = kept


def _apply_exceptions(event: Event, drafts: list[ExceptionDraft]) -> None:
    present = {change.original: change for change in event.exceptions}
    changes = []
    for draft in drafts:
        change = present.get(draft.original) or OccurrenceChange(original=draft.original)
        change.start, change.end = draft.start, draft.end
        change.is_cancelled, change.title, change.note = draft.is_cancelled, draft.title, draft.note
        changes.append(change)
    event.exceptions = changes


def _apply_organisations(event: Event, draft: EventDraft) -> None:
    present = {(link.organisation_id, link.part): link for link in event.organisations}
    links = []
    for part, organisations in ((Part.ORGANISER, draft.organisers), (Part.PARTICIPANT, draft.participants)):
        for place, organisation in enumerate(dict.fromkeys(organisations)):
            link = present.get((organisation.id, part))
            if link is None:
                link = EventOrganisation(organisation_id=organisation.id, organisation=organisation, part=part)
            link.position = place
            links.append(link)
    event.organisations = links


def _apply_chapters(event: Event, draft: EventDraft) -> None:
    by_day = {day.chapter for segment in draft.segments for day in segment.days if day.chapter}
    present = {link.chapter_number: link for link in event.chapters}
    links = []
    for number in sorted(by_day | set(draft.chapters)):
        link = present.get(number) or EventChapter(chapter_number=number)
        link.by_day = number not in draft.chapters
        links.append(link)
    event.chapters = links


def refresh_derived(event: Event) -> None:
    """Bring what is derived from the record (its days, the searched words) up to date."""
    starts = [segment.start.first for segment in event.segments if segment.start]
    ends = [segment.end.last for segment in event.segments if segment.end]
    changed = [change for change in event.exceptions if change.start and change.end]
    event.first_day = min([*starts, *(change.start.date() for change in changed if change.start)], default=None)
    event.last_day = _last_day(
        event, max([*ends, *(change.end.date() for change in changed if change.end)], default=None)
    )
    organisations = [link.organisation for link in event.organisations]
    event.search_text = search_text(
        event.title,
        event.description,
        event.venue,
        event.city,
        event.kind.value,
        *((event.country.name, *event.country.other_names) if event.country else ()),
        *(name for organisation in organisations for name in names_of(organisation)),
        event.series.title if event.series else "",
        event.source,
    )


def _last_day(event: Event, last: date | None) -> date | None:
    """The last day of all occurrences; None when the event recurs without end."""
    if not event.rrule or last is None or not event.segments or not event.segments[0].start:
        return last
    if "COUNT=" not in event.rrule and "UNTIL=" not in event.rrule:
        return None
    first = event.segments[0].start.first
    rule = rrulestr(event.rrule.replace("Z", ""), dtstart=datetime(first.year, first.month, first.day), ignoretz=True)
    length = (event.segments[0].end.last - first) if event.segments[0].end else timedelta()
    final = max(rule, default=None)
    return max(last, final.date() + length) if final else last


def create_event(
    session: Session,
    draft: EventDraft,
    *,
    by: Person | None,
    mine: Iterable[Organisation] = (),
    month: str | None = None,
    by_name: str = "command line",
    sample_key: str | None = None,
    uid: str | None = None,
) -> Event:
    """A new event with its first history row, flushed. Its UID is made now and stays for ever.

    `month` is what those of the entities `mine` that organise it confirm.
    """
    event = Event(sample_key=sample_key, uid=uid or f"{secrets.token_hex(12)}@interagency")
    apply_draft(event, draft)
    _note_month(event, mine, month)
    event.cancelled_at = now() if event.status is EventStatus.CANCELLED else None
    session.add(event)
    session.flush()
    keep_blocks(session, event, settings().base_url)
    record_change(session, event, Action.CREATED, before={}, after=facts(event), by=by, by_name=by_name)
    return event


def _note_month(event: Event, mine: Iterable[Organisation], month: str | None) -> None:
    """An entity that saves the record has confirmed it for the month."""
    own = {entity.id for entity in mine}
    for link in event.organisations:
        if month and link.organisation_id in own and link.part is Part.ORGANISER:
            link.confirmed_month = max(month, link.confirmed_month or "")


def save_event(
    session: Session,
    event: Event,
    draft: EventDraft,
    *,
    version: int,
    by: Person | None,
    mine: Iterable[Organisation] = (),
    month: str | None = None,
    by_name: str = "command line",
) -> bool:
    """Save `draft` over the record read at `version`. Returns whether anything changed.

    Raises StaleVersionError when somebody else saved in between.
    """
    if event.version != version:
        raise StaleVersionError
    before = facts(event)
    was_cancelled = event.status is EventStatus.CANCELLED
    apply_draft(event, draft)
    _note_month(event, mine, month)
    after = facts(event)
    if after == before:
        session.flush()
        return False
    if any(before[name] != after[name] for name in RAISES_SEQUENCE):
        event.sequence += 1
    is_cancelled = event.status is EventStatus.CANCELLED
    if is_cancelled != was_cancelled:
        event.cancelled_at = now() if is_cancelled else None
    event.updated_at = max(now(), event.updated_at)
    sa.orm.attributes.flag_modified(event, "updated_at")  # the version rises though only links changed
    try:
        session.flush()
    except sa.orm.exc.StaleDataError:
        raise StaleVersionError from None
    keep_blocks(session, event, settings().base_url)
    record_change(session, event, Action.CHANGED, before=before, after=after, by=by, by_name=by_name)
    return True
