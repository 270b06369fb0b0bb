"""Making the record of an event say what a draft says. Saving and history: `record`."""

from __future__ import annotations

from datetime import date, timedelta

from interagency.calendar.events.drafts import (
    EXCEPTION_FIELDS,
    EventDraft,
    ExceptionDraft,
    SegmentDraft,
    first_moment,
)
from interagency.calendar.events.fields import FIELDS, PLAIN
from interagency.calendar.events.models import (
    Event,
    EventChapter,
    EventDocument,
    EventLink,
    EventOrganisation,
    OccurrenceChange,
    Part,
    Segment,
    SegmentDay,
)
from interagency.calendar.events.recurrence_rules import rule_from
from interagency.matrix.organisations.documents import DocumentDraft
from interagency.text.folding import search_text


def apply_draft(event: Event, draft: EventDraft) -> None:
    """Make `event` say what `draft` says."""
    for field in PLAIN:
        setattr(event, field.name, getattr(draft, field.name))
    event.country = draft.country
    event.country_code = draft.country.code if draft.country else None
    event.parent, event.series, event.milestone_id = draft.parent, draft.series, draft.milestone
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


def _numbered(event: Event, drafts: list[SegmentDraft]) -> list[Segment]:
    """The segment each draft is about. Numbers stay, so that their UIDs stay; what is new gets a new number."""
    if all(draft.number is None for draft in drafts):
        kept = event.segments[: len(drafts)]
    else:
        present = {segment.number: segment for segment in event.segments}
        kept = [
            present.get(draft.number) or Segment(number=draft.number, days=[]) if draft.number else Segment(days=[])
            for draft in drafts
        ]
    kept += [Segment(days=[]) for _more in drafts[len(kept) :]]
    used = [segment.number for segment in (*event.segments, *kept) if segment.number]
    for number, segment in enumerate((one for one in kept if not one.number), max(used, default=0) + 1):
        segment.number = number
    return kept


def _apply_segments(event: Event, drafts: list[SegmentDraft]) -> None:
    kept = _numbered(event, drafts)
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
        for name in EXCEPTION_FIELDS:
            setattr(change, name, getattr(draft, name))
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
    event.search_title, event.search_text = searched_words(event)


def searched_words(event: Event) -> tuple[str, str]:
    """The words of its title, and all it is found by; remarks are for internal eyes and not in it."""
    text = search_text(*(word for field in FIELDS for word in field.search_words(event)))
    return search_text(event.title), text


def _last_day(event: Event, last: date | None) -> date | None:
    """The last day of all occurrences; None when the event recurs without end."""
    if not event.rrule or last is None or not event.segments or not event.segments[0].start:
        return last
    if "COUNT=" not in event.rrule and "UNTIL=" not in event.rrule:
        return None
    first = event.segments[0].start.first
    # By the hour: an end before the hour of a day leaves that day out.
    rule = rule_from(event.rrule, first_moment(event))
    length = (event.segments[0].end.last - first) if event.segments[0].end else timedelta()
    final = max(rule, default=None)
    return max(last, final.date() + length) if final else last
