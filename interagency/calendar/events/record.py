"""The record of an event: what it says (facts), who may change it, and saving with history."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.applying import apply_draft, refresh_derived, searched_words
from interagency.calendar.events.drafts import (
    DayDraft,
    EventDraft,
    ExceptionDraft,
    SegmentDraft,
    exception_draft,
    first_moment,
    moved,
)
from interagency.calendar.events.field_values import Records
from interagency.calendar.events.fields import FIELDS, draft_from, facts
from interagency.calendar.events.models import Event, EventStatus, Part
from interagency.calendar.events.recurrence import rest_of, until_before
from interagency.db.base import now
from interagency.db.history import Action, record_change
from interagency.matrix.activities.locks import standing
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.organisations.documents import DocumentDraft
from interagency.matrix.organisations.models import Organisation

__all__ = [
    "DayDraft",
    "DocumentDraft",
    "EventDraft",
    "ExceptionDraft",
    "Records",
    "SegmentDraft",
    "apply_draft",
    "create_event",
    "draft_from",
    "draft_of",
    "exception_draft",
    "facts",
    "first_moment",
    "may_edit_event",
    "moved",
    "new_event",
    "refresh_derived",
    "save_event",
    "searched_words",
    "split_at",
]

# A change in one of these must reach calendars as a change (RFC 5545, 3.8.7.4).
RAISES_SEQUENCE = tuple(field.name for field in FIELDS if field.raises_sequence)


def may_edit_event(person: Person, mine: Iterable[Organisation], event: Event) -> bool:
    """Coordinators, and the focal points of the UN entities that organise it."""
    organisers = {organiser.id for organiser in event.organisers if organiser.is_entity}
    return person.is_coordinator or bool(organisers & {entity.id for entity in mine})


def draft_of(event: Event) -> EventDraft:
    """The record as a draft that says the same, to change one thing of it.

    Its runs of days keep their numbers, and their hours to the second, which facts do not tell.
    """
    draft = draft_from(facts(event), Records.of_event(event))
    dated = [segment for segment in event.segments if segment.start and segment.end]
    draft.segments = [
        replace(said, number=segment.number, start_time=segment.start_time, end_time=segment.end_time)
        for said, segment in zip(draft.segments, dated, strict=True)
    ]
    return draft


def split_at(event: Event, original: datetime) -> tuple[EventDraft, EventDraft]:
    """The repeated event ended before its date `original` (local time), and what follows as a draft of its own."""
    first = first_moment(event)
    ended, rest = draft_of(event), draft_of(event)
    ended.rrule = until_before(event.rrule, original)
    ended.exceptions = [one for one in ended.exceptions if one.original < original]
    rest.rrule = rest_of(event.rrule, first, original)
    rest.segments = [moved(rest.segments[0], original - first)]
    rest.exceptions = [one for one in rest.exceptions if one.original >= original]
    return ended, rest


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
    illustrative: bool = False,
) -> Event:
    """A new event with its first history row, flushed. Its UID is made now and stays for ever.

    `month` is what those of the entities `mine` that organise it confirm.
    """
    draft.activities = standing(session, draft.activities)
    event, said = new_event(draft, sample_key=sample_key, uid=uid, illustrative=illustrative)
    _note_month(event, mine, month)
    session.add(event)
    session.flush()
    record_change(session, event, Action.CREATED, before={}, after=said, by=by, by_name=by_name)
    return event


def new_event(
    draft: EventDraft,
    *,
    uid: str | None = None,
    sequence: int = 0,
    sample_key: str | None = None,
    illustrative: bool = False,
) -> tuple[Event, dict[str, Any]]:
    """A new event, in no session yet, and what it says: for many that are written at once. Who adds it writes its first
    history row once it is flushed.
    """
    event = Event(
        sample_key=sample_key, uid=uid or f"{secrets.token_hex(12)}@interagency", sequence=sequence,
        illustrative=illustrative, is_listed=True,
    )  # fmt: skip
    apply_draft(event, draft)
    event.cancelled_at = now() if event.status is EventStatus.CANCELLED else None
    return event, facts(event)  # asked before it is stored, nothing is read for it


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
    reason: str = "",
) -> bool:
    """Save `draft` over the record read at `version`, for a `reason` its history tells. Returns whether anything
    changed.

    Raises StaleVersionError when somebody else saved in between.
    """
    if event.version != version:
        raise StaleVersionError
    draft.activities = standing(session, draft.activities)
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
    # Later than before, also within one second: subscribers know states of an event by it. The version rises with it
    # though only links changed.
    event.updated_at = max(now(), event.updated_at + timedelta(seconds=1))
    try:
        session.flush()
    except sa.orm.exc.StaleDataError:
        raise StaleVersionError from None
    record_change(session, event, Action.CHANGED, before=before, after=after, by=by, by_name=by_name, reason=reason)
    return True
