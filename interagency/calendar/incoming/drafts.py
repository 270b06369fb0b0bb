"""Between what an .ics says of an event and its record: what is taken over, and what is kept to be put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from interagency.calendar.events.field_values import Records, segment_draft
from interagency.calendar.events.fields import FIELD, FIELDS, Ics, draft_from, facts
from interagency.calendar.events.models import Event
from interagency.calendar.events.record import EventDraft, ExceptionDraft, SegmentDraft, draft_of
from interagency.calendar.feeds.building import calendar_bytes
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.incoming.reading import IcsEvent, read_ics
from interagency.text.dates import ImpreciseDate
from interagency.web.context import settings

READ_AT_ONCE = 50  # so that the bounds on one file are far


def sent_of(events: Sequence[Event]) -> dict[str, IcsEvent]:
    """What our own feed says of `events`, by UID: what a file that came from us would say, unchanged."""
    sent: dict[str, IcsEvent] = {}
    for place in range(0, len(events), READ_AT_ONCE):
        some = feed_events(events[place : place + READ_AT_ONCE], settings().base_url)
        body = calendar_bytes("", "https://interagency.invalid/", some)
        sent |= {one.uid: one for one in read_ics(body, settings().timezone).events}
    return sent


def onto(draft: EventDraft, incoming: IcsEvent, base: IcsEvent | None, place: int = 0) -> EventDraft:
    """`draft` with what `incoming` says otherwise than `base`, which is what our feed would have said of it.

    `place` is the run of days the UID stands for; the others stay.
    """

    def said(name: str) -> bool:
        return base is None or getattr(incoming, name) != getattr(base, name)

    records = Records(None)  # what a file carries refers to no record
    exceptions = _exceptions(draft, incoming, base)
    for field in FIELDS:
        if field.ics is Ics.BOTH and field.name != "segments" and said(field.name):
            setattr(draft, field.name, field.value(getattr(incoming, field.name), records))
    draft.exceptions = exceptions
    if said("segments"):
        taken = [_segment(values, draft) for values in incoming.segments]
        if len(taken) > 1:
            draft.segments = _whole_row(draft.segments, taken)
        else:
            number = draft.segments[place].number if place < len(draft.segments) else None
            draft.segments[place : place + 1] = [replace(taken[0], number=number)]
    if draft.rrule:
        draft.segments = draft.segments[:1]
    return draft


def _exceptions(draft: EventDraft, incoming: IcsEvent, base: IcsEvent | None) -> list[ExceptionDraft]:
    """The changed dates of the file; of those it brings as our feed has them, what stands here says more."""
    known = {one[0]: one for one in base.exceptions} if base else {}
    present = {one.original.isoformat(): one for one in draft.exceptions}
    taken = FIELD["exceptions"].value(incoming.exceptions, Records(None))
    return [
        present[fact[0]] if fact[0] in present and known.get(fact[0]) == fact else change
        for fact, change in zip(incoming.exceptions, taken, strict=True)
    ]


def _whole_row(present: list[SegmentDraft], taken: list[SegmentDraft]) -> list[SegmentDraft]:
    """The runs of days of a file that names them all; those that begin on the same day keep their numbers.

    What is not known to the day no file can name, so it stays.
    """
    numbers = {segment.start.first: segment.number for segment in reversed(present) if segment.start.is_exact}
    row = [replace(segment, number=numbers.pop(segment.start.first, None)) for segment in taken]
    left = [number for number in numbers.values() if number]
    if row[0].number is None and left:
        row[0] = replace(row[0], number=min(left))
    return row + [segment for segment in present if not segment.start.is_exact]


def _segment(values: list[str | None], draft: EventDraft) -> SegmentDraft:
    """A run of days of the file; the chapters that its days had here stay with them."""
    first, last, begins, ends = values
    assert first is not None and last is not None
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    days = next((segment.days for segment in draft.segments if segment.start.first == start), ())
    return SegmentDraft(
        ImpreciseDate.day(start),
        ImpreciseDate.day(end),
        time.fromisoformat(begins) if begins else None,
        time.fromisoformat(ends) if ends else None,
        tuple(day for day in days if start <= day.day <= end),
    )


def state_of(event: Event) -> dict[str, Any]:
    """All of an event that a file can change, as plain values, to be put back exactly by `put_back`."""
    return {field.name: field.fact(event) for field in FIELDS if field.ics is Ics.BOTH} | {
        "cancelled_at": _text(event.cancelled_at),
        "segments": [
            [
                segment.number,
                segment.start.code,
                segment.end.code,
                _text(segment.start_time),
                _text(segment.end_time),
                [[day.day.isoformat(), day.chapter, day.note] for day in segment.days],
            ]
            for segment in draft_of(event).segments
        ],
    }


def put_back(event: Event, state: dict[str, Any]) -> EventDraft:
    """The draft of an event as it was when `state_of` kept it; what a file cannot change is as it is now."""
    said = {field.name: state[field.name] for field in FIELDS if field.name in state and field.name != "segments"}
    draft = draft_from(facts(event) | said, Records.of_event(event))
    draft.segments = [segment_draft(*values, number=number) for number, *values in state["segments"]]
    return draft


def _text(moment: datetime | time | None) -> str | None:
    return moment.isoformat() if moment else None
