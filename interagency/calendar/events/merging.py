"""The calendar's part when two become one. Of activities: their events belong to the one that survives. Of
organisations: the events that named one name the other, as far as that is not taken back.

The events stay the same records with the same UIDs; only what they belong to and name changes, with history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event, EventDocument, EventOrganisation, event_activity
from interagency.calendar.events.queries import everything
from interagency.calendar.events.record import draft_of, save_event, searched_words
from interagency.db.fulltext import refresh_texts
from interagency.matrix.activities.models import Activity
from interagency.matrix.organisations.models import Organisation
from interagency.registry import MergePart, NamingPart

# --- Activities ---


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


# --- Organisations ---

_LISTS = ("organisers", "participants")


def ids(session: Session, organisation_id: int) -> list[int]:
    """The listed events that an organisation organises, takes part in or owns a document of."""
    query = sa.select(Event.id).where(Event.is_listed, Event.id.in_(_naming(organisation_id)))
    return list(session.scalars(query.order_by(Event.id)))


def tally(session: Session) -> dict[int, int]:
    """How many listed events each organisation organises or takes part in, by its id."""
    number, event = EventOrganisation.organisation_id, EventOrganisation.event_id
    query = sa.select(number, sa.func.count(event.distinct())).group_by(number)
    listed = sa.select(Event.id).where(Event.is_listed)
    return dict(session.execute(query.where(event.in_(listed))).all())


def _naming(organisation_id: int) -> sa.CompoundSelect[int]:
    return sa.union(
        sa.select(EventOrganisation.event_id).where(EventOrganisation.organisation_id == organisation_id),
        sa.select(EventDocument.event_id).where(EventDocument.owner_id == organisation_id),
    )


def _events(session: Session, numbers: Iterable[int]) -> Iterable[Event]:
    query = sa.select(Event).where(Event.id.in_(list(numbers))).options(*everything()).order_by(Event.id)
    return session.scalars(query.with_for_update(of=Event))


def rename_in(
    session: Session, numbers: list[int], old: Organisation, new: Organisation | None, by: Person | None, reason: str
) -> list[Any]:
    """Let the events name `new` instead of `old`, or nobody. Returns where each named which."""
    kept = []
    for event in _events(session, numbers):
        draft = draft_of(event)
        where = [name for name in _LISTS if old in getattr(draft, name)]
        joined = [name for name in where if new is not None and new not in getattr(draft, name)]
        owned = [place for place, document in enumerate(draft.documents) if document.owner is old]
        for name in where:
            named = [new if one is old else one for one in getattr(draft, name)]
            setattr(draft, name, [one for one in dict.fromkeys(named) if one is not None])
        draft.documents = [replace(one, owner=new) if one.owner is old else one for one in draft.documents]
        save_event(session, event, draft, version=event.version, by=by, reason=reason)
        kept.append({"id": event.id, "where": where, "joined": joined, "owned": owned})
    return kept


def name_again(
    session: Session, kept: list[Any], old: Organisation, new: Organisation | None, by: Person | None, reason: str
) -> int:
    """Let the events name `old` again where they still name `new`. Returns in how many that changed something."""
    told = {one["id"]: one for one in kept}
    changed = 0
    for event in _events(session, told):
        draft, was = draft_of(event), told[event.id]
        for name in was["where"]:
            named = getattr(draft, name)
            if new is None or name not in was["joined"]:
                setattr(draft, name, list(dict.fromkeys([*named, old])))
            else:
                setattr(draft, name, list(dict.fromkeys(old if one is new else one for one in named)))
        draft.documents = [
            replace(one, owner=old) if place in was["owned"] and one.owner is new else one
            for place, one in enumerate(draft.documents)
        ]
        changed += save_event(session, event, draft, version=event.version, by=by, reason=reason)
    return changed


def refresh(session: Session, organisation_id: int) -> None:
    """Let the events be found by the names that an organisation has by now."""
    query = sa.select(Event).where(Event.id.in_(_naming(organisation_id))).options(*everything())
    refresh_texts(session, Event, session.scalars(query), searched_words)


NAMING_PART = NamingPart(name="event", ids=ids, tally=tally, replace=rename_in, put_back=name_again, refresh=refresh)
