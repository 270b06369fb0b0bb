"""The one gate: what an audience may see (rules 19 to 21). Everything external goes through it.

An entity agrees to a record when its newest statement on it says so, or its default does. No statement is no
agreement; an agreement whose last day has passed is none; an agreement beyond the entity's default counts only
if the person said so expressly. A record needs every UN entity named in it that has not declined. One that names
none, but bodies such as the Commission, needs every one of these; coordinators speak for them. One that names
neither has nobody who could agree, and stays inside.

The gate asks what stands at the moment of handing out: stricter than "from the next edition on" for a
withdrawal, and what was handed out before stands (docs/decisions/006-agreement.md).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from interagency.matrix.activities.facts import entities_taking_part
from interagency.matrix.activities.models import Activity
from interagency.matrix.agreement.models import Agreement, Decision
from interagency.matrix.organisations.models import Organisation

ACTIVITY, EVENT, NEED, MESSAGE = "activity", "event", "need", "message"
# The column of a statement that names a record of each kind.
COLUMNS = {
    ACTIVITY: Agreement.activity_id,
    EVENT: Agreement.event_id,
    NEED: Agreement.need_id,
    MESSAGE: Agreement.message_version_id,
}
# The facts that name organisations which may be proposed: UN entities are not.
_NAMING = ("partners", "organisers", "participants")
One = TypeVar("One")


class SharedRecord(Protocol):
    """A record that the gate can be asked about by itself: `asked` are those whose agreement it needs."""

    @property
    def id(self) -> Any: ...
    @property
    def shareable(self) -> Any: ...
    @property
    def asked(self) -> list[Organisation]: ...


Shared = TypeVar("Shared", bound=SharedRecord)


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
    # A message speaks in its entities' names: each agrees to that text, and none does by what it shares otherwise.
    by_default = Stance.AWAITED if kind == MESSAGE else _of_default(default, day)
    if own is None or own.decision is Decision.AS_DEFAULT:
        return by_default
    if own.decision is Decision.REFUSED:
        return by_default if own.has_ended(day) else Stance.REFUSED
    if own.has_ended(day):
        return Stance.AWAITED
    reaches = own.beyond_default or by_default is Stance.AGREED or kind == MESSAGE
    return Stance.AGREED if reaches else Stance.AWAITED


def _of_default(default: Statement | None, day: date) -> Stance:
    if default is None or default.decision is Decision.AS_DEFAULT or default.has_ended(day):
        return Stance.AWAITED
    return Stance.AGREED if default.decision is Decision.AGREED else Stance.REFUSED


NO_ENTITY, INTERNAL = _l("no UN entity or body is named, so nobody can agree"), _l("marked as internal")


def asked(
    taking_part: Iterable[One],
    others: Iterable[One],
    is_entity: Callable[[One], bool],
    is_body: Callable[[One], bool],
) -> list[One]:
    """Whose agreement a record needs (rule 20): the UN entities that take part in it, or the bodies among the
    `others` that it names, where it names no UN entity at all."""
    entities, beside = list(dict.fromkeys(taking_part)), list(dict.fromkeys(others))
    if entities or any(map(is_entity, beside)):
        return entities
    return [one for one in beside if is_body(one)]


def asked_of(taking_part: Iterable[Organisation], others: Iterable[Organisation]) -> list[Organisation]:
    """Whose agreement a record needs that stands in the database."""
    return asked(taking_part, others, lambda one: one.is_entity, lambda one: one.is_body)


def asked_of_activity(activity: Activity) -> list[Organisation]:
    """Whose agreement an activity needs."""
    return asked_of([part.entity for part in activity.taking_part], activity.partners)


def why_inside(named: Iterable[Any], facts: Mapping[str, Any]) -> str:
    """Why a record stays inside whatever was agreed: nobody is asked, or it is marked as internal; else ""."""
    if not facts.get("shareable", True):
        return str(INTERNAL)
    return "" if list(named) else str(NO_ENTITY)


def may_leave(statements: Statements, asked: Iterable[str], kind: str, record_id: int, day: date) -> bool:
    """Whether a record may be shared that needs the agreement of these: each of them has agreed, and there is one."""
    named = list(asked)
    return bool(named) and all(stance(statements, entity, kind, record_id, day) is Stance.AGREED for entity in named)


def statements_for(session: Session, audience: str) -> dict[tuple[str, str, int | None], Statement]:
    """The newest statement of every entity for an audience, on everything and on each record."""
    newest = (
        sa.select(sa.func.max(Agreement.id))
        .where(Agreement.audience_key == audience)
        .group_by(Agreement.entity_id, *COLUMNS.values())
    )
    query = (
        sa.select(Organisation.key, Agreement.decision, Agreement.until, Agreement.beyond_default, *COLUMNS.values())
        .join(Organisation, Organisation.id == Agreement.entity_id)
        .where(Agreement.id.in_(newest))
    )
    found: dict[tuple[str, str, int | None], Statement] = {}
    for key, decision, until, beyond, *ids in session.execute(query):
        named = ((kind, number) for kind, number in zip(COLUMNS, ids, strict=True) if number is not None)
        kind, number = next(named, ("", None))
        found[key, kind, number] = Statement(decision, until, beyond)
    return found


def entities_of_activity(facts: Mapping[str, Any]) -> list[str]:
    """The UN entities that take part in an activity, lead first."""
    return entities_taking_part(facts)


def asked_by_facts(kind: str, facts: Mapping[str, Any], organisations: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Whose agreement a record needs, by the names that its edition keeps: of an activity those who take part, lead
    first, or partners; of an event organisers and participants."""

    def is_a(what: str) -> Callable[[str], bool]:
        return lambda key: bool(organisations.get(key, {}).get(what))

    if kind == ACTIVITY:
        return asked(entities_taking_part(facts), facts["partners"], is_a("is_entity"), is_a("is_body"))
    named = [*facts["organisers"], *facts["participants"]]
    return asked(filter(is_a("is_entity"), named), named, is_a("is_entity"), is_a("is_body"))


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
    found = Passed([], [], [])
    for kind, entries, passed in (
        (ACTIVITY, contents["activities"], found.activities),
        (EVENT, contents.get("event", []), found.events),
    ):
        for entry in entries:
            named = asked_by_facts(kind, entry["facts"], contents["organisations"])
            if not why_inside(named, entry["facts"]) and may_leave(statements, named, kind, entry["id"], day):
                passed.append(_less(entry, proposed))
            else:
                found.withheld.append(_withheld(statements, named, kind, entry, day))
    return found


def let_through(session: Session, kind: str, records: Iterable[Shared], audience: str, day: date) -> list[Shared]:
    """Those of `records`, which stand in no edition (needs, messages), that `audience` may see on `day`."""
    statements = statements_for(session, audience)
    return [
        one
        for one in records
        if one.shareable and may_leave(statements, [entity.key for entity in one.asked], kind, one.id, day)
    ]


def _less(entry: dict[str, Any], proposed: set[str]) -> dict[str, Any]:
    """The entry without organisations that were only proposed: nobody outside hears of them."""
    named = {name: [key for key in entry["facts"].get(name, ()) if key not in proposed] for name in _NAMING}
    changed = {name: keys for name, keys in named.items() if keys != list(entry["facts"].get(name, ()))}
    return entry | {"facts": entry["facts"] | changed} if changed else entry


def _withheld(statements: Statements, named: list[str], kind: str, entry: Mapping[str, Any], day: date) -> Withheld:
    stances = {key: stance(statements, key, kind, entry["id"], day) for key in named}
    return Withheld(
        kind,
        entry["id"],
        entry["facts"]["title"],
        tuple(key for key, one in stances.items() if one is Stance.AWAITED),
        tuple(key for key, one in stances.items() if one is Stance.REFUSED),
        why_inside(named, entry["facts"]),
    )
