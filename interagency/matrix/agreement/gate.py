"""The one gate: what an audience may see (rules 19 to 21). Everything external goes through it.

An entity agrees to a record when its newest statement on it says so, or its default does. No statement is no
agreement; an agreement whose last day has passed is none; an agreement beyond the entity's default counts only
if the person said so expressly. A record needs every UN entity named in it that has not declined. One with no
UN entity has nobody who could agree, and stays inside.

The gate asks what stands at the moment of handing out: stricter than "from the next edition on" for a
withdrawal, and what was handed out before stands (docs/decisions/006-agreement.md).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.facts import entities_taking_part
from interagency.matrix.agreement.models import Agreement, Decision
from interagency.matrix.organisations.models import Organisation

ACTIVITY, EVENT = "activity", "event"
# The facts that name organisations which may be proposed: UN entities are not.
_NAMING = ("partners", "organisers", "participants")


class Stance(enum.StrEnum):
    """Where an entity stands on sharing one record with one audience."""

    AGREED = "agreed"
    REFUSED = "refused"
    AWAITED = "awaited"


@dataclass(frozen=True, slots=True)
class Statement:
    """What an entity said last, about everything or about one record."""

    decision: Decision
    until: date | None
    beyond_default: bool

    def has_ended(self, day: date) -> bool:
        return self.until is not None and self.until < day


Statements = Mapping[tuple[str, str, int | None], Statement]  # entity key, kind of record, id; ("", None): default


def stance(statements: Statements, entity: str, kind: str, record_id: int, day: date) -> Stance:
    """Where `entity` stands on one record on `day`."""
    own, default = statements.get((entity, kind, record_id)), statements.get((entity, "", None))
    by_default = _of_default(default, day)
    if own is None or own.decision is Decision.AS_DEFAULT:
        return by_default
    if own.decision is Decision.REFUSED:
        return by_default if own.has_ended(day) else Stance.REFUSED
    if own.has_ended(day):
        return Stance.AWAITED
    return Stance.AGREED if own.beyond_default or by_default is Stance.AGREED else Stance.AWAITED


def _of_default(default: Statement | None, day: date) -> Stance:
    if default is None or default.decision is Decision.AS_DEFAULT or default.has_ended(day):
        return Stance.AWAITED
    return Stance.AGREED if default.decision is Decision.AGREED else Stance.REFUSED


NO_ENTITY, INTERNAL = "no UN entity is named, so nobody can agree", "marked as internal"


def why_inside(entities: Iterable[Any], facts: Mapping[str, Any]) -> str:
    """Why a record stays inside whatever was agreed: it names no UN entity, or is marked as internal; else ""."""
    if not facts.get("shareable", True):
        return INTERNAL
    return "" if list(entities) else NO_ENTITY


def may_leave(statements: Statements, entities: Iterable[str], kind: str, record_id: int, day: date) -> bool:
    """Whether a record named by these UN entities may be shared: every one of them has agreed, and there is one."""
    named = list(entities)
    return bool(named) and all(stance(statements, entity, kind, record_id, day) is Stance.AGREED for entity in named)


def statements_for(session: Session, audience: str) -> dict[tuple[str, str, int | None], Statement]:
    """The newest statement of every entity for an audience, on everything and on each record."""
    newest = (
        sa.select(sa.func.max(Agreement.id))
        .where(Agreement.audience_key == audience)
        .group_by(Agreement.entity_id, Agreement.activity_id, Agreement.event_id)
    )
    query = (
        sa.select(
            Organisation.key,
            Agreement.activity_id,
            Agreement.event_id,
            Agreement.decision,
            Agreement.until,
            Agreement.beyond_default,
        )
        .join(Organisation, Organisation.id == Agreement.entity_id)
        .where(Agreement.id.in_(newest))
    )
    found: dict[tuple[str, str, int | None], Statement] = {}
    for key, activity_id, event_id, decision, until, beyond in session.execute(query):
        kind = ACTIVITY if activity_id is not None else EVENT if event_id is not None else ""
        found[key, kind, activity_id if activity_id is not None else event_id] = Statement(decision, until, beyond)
    return found


def entities_of_activity(facts: Mapping[str, Any]) -> list[str]:
    """The UN entities whose agreement an activity needs, lead first."""
    return entities_taking_part(facts)


def entities_of_event(facts: Mapping[str, Any], organisations: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The UN entities whose agreement an event needs: organisers and participants."""
    named = dict.fromkeys([*facts["organisers"], *facts["participants"]])
    return [key for key in named if organisations.get(key, {}).get("is_entity")]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A record that stays inside, and why: for coordinators only."""

    kind: str
    record_id: int
    title: str
    awaited: tuple[str, ...]
    refused: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Passed:
    """What may leave of an edition: entries of activities and events; and what is withheld."""

    activities: list[dict[str, Any]]
    events: list[dict[str, Any]]
    withheld: list[Withheld]


def through_the_gate(session: Session, contents: Mapping[str, Any], audience: str, day: date) -> Passed:
    """Divide the records of an edition (or a live picture) into what `audience` may see on `day`, and the rest."""
    statements = statements_for(session, audience)
    proposed = {key for key, one in contents["organisations"].items() if one.get("proposed")}
    activities, events, withheld = [], [], []
    for entry in contents["activities"]:
        entities = entities_of_activity(entry["facts"])
        if may_leave(statements, entities, ACTIVITY, entry["id"], day):
            activities.append(_less(entry, proposed))
        else:
            withheld.append(_withheld(statements, entities, ACTIVITY, entry, day))
    for entry in contents.get("event", []):
        entities = entities_of_event(entry["facts"], contents["organisations"])
        if not why_inside(entities, entry["facts"]) and may_leave(statements, entities, EVENT, entry["id"], day):
            events.append(_less(entry, proposed))
        else:
            withheld.append(_withheld(statements, entities, EVENT, entry, day))
    return Passed(activities, events, withheld)


def _less(entry: dict[str, Any], proposed: set[str]) -> dict[str, Any]:
    """The entry without organisations that were only proposed: nobody outside hears of them."""
    named = {name: [key for key in entry["facts"].get(name, ()) if key not in proposed] for name in _NAMING}
    changed = {name: keys for name, keys in named.items() if keys != list(entry["facts"].get(name, ()))}
    return entry | {"facts": entry["facts"] | changed} if changed else entry


def _withheld(statements: Statements, entities: list[str], kind: str, entry: Mapping[str, Any], day: date) -> Withheld:
    stances = {entity: stance(statements, entity, kind, entry["id"], day) for entity in entities}
    return Withheld(
        kind,
        entry["id"],
        entry["facts"]["title"],
        tuple(key for key, one in stances.items() if one is Stance.AWAITED),
        tuple(key for key, one in stances.items() if one is Stance.REFUSED),
        why_inside(entities, entry["facts"]),
    )
