"""The calendar's part when two activities become one: their events belong to the one that survives.

The events stay the same records with the same UIDs; only what they belong to changes, with history.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event, event_activity
from interagency.calendar.events.queries import everything
from interagency.calendar.events.record import draft_of, save_event
from interagency.matrix.activities.models import Activity
from interagency.registry import MergePart


def carry(session: Session, from_id: int, to_id: int, by: Person) -> list[Any]:
    """Link the events of one activity to another instead. Returns `[event, was linked to the other too]` pairs."""
    linked = sa.select(event_activity.c.event_id).where(event_activity.c.activity_id == from_id)
    kept = []
    for event in session.scalars(
        sa.select(Event).where(Event.id.in_(linked)).options(*everything()).order_by(Event.id)
    ):
        kept.append([event.id, any(activity.id == to_id for activity in event.activities)])
        _relink(session, event, {from_id}, {to_id}, by)
    return kept


def take_back(session: Session, kept: list[Any], from_id: int, to_id: int, by: Person) -> None:
    """Link the events to the first activity again, as far as they are still linked to the other."""
    for number, was_both in kept:
        event = session.scalar(sa.select(Event).where(Event.id == number).options(*everything()))
        if event is not None and any(activity.id == to_id for activity in event.activities):
            _relink(session, event, set() if was_both else {to_id}, {from_id}, by)


def _relink(session: Session, event: Event, less: set[int], more: set[int], by: Person) -> None:
    draft = draft_of(event)
    numbers = {activity.id for activity in event.activities} - less | more
    draft.activities = list(session.scalars(sa.select(Activity).where(Activity.id.in_(numbers)).order_by(Activity.id)))
    save_event(session, event, draft, version=event.version, by=by)


MERGE_PART = MergePart(name="event", carry=carry, take_back=take_back)
