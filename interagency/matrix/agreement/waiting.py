"""What waits for whom: what the gate withholds by entity and reason; and the joint activities of an entity that others
agreed to share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.agreement.gate import ACTIVITY, Stance, Statements, Withheld, stance
from interagency.matrix.agreement.models import Audience
from interagency.matrix.organisations.models import Organisation

MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class WithheldBy:
    """What is withheld from an audience, by entity key and reason. A record stands under each entity it waits for."""

    awaited: dict[str, list[Withheld]]
    refused: dict[str, list[Withheld]]
    inside: dict[str, list[Withheld]]

    def alone(self, key: str) -> int:
        """How many records wait for this entity alone."""
        return sum(one.awaited == (key,) and not one.refused for one in self.awaited.get(key, ()))

    def to_ask(self, key: str) -> list[Withheld]:
        """The records that this entity is asked about: those that nobody has refused."""
        return [one for one in self.awaited.get(key, ()) if not one.refused]


def group_withheld(withheld: Iterable[Withheld]) -> WithheldBy:
    """Divide what the gate withheld by the entities awaited, those that refused, and other reasons."""
    found = WithheldBy(defaultdict(list), defaultdict(list), defaultdict(list))
    for one in withheld:
        if one.reason:
            found.inside[one.reason].append(one)
            continue
        for key in one.awaited:
            found.awaited[key].append(one)
        for key in one.refused:
            found.refused[key].append(one)
    return found


def _awaited(statements: Statements, named: list[str], activity_id: int, day: date) -> list[str]:
    """Whom an activity waits for: nobody as long as none has agreed, and nobody once one has refused."""
    stances = {key: stance(statements, key, ACTIVITY, activity_id, day) for key in named}
    if Stance.AGREED not in stances.values() or Stance.REFUSED in stances.values():
        return []
    return [key for key, one in stances.items() if one is Stance.AWAITED]


@dataclass(frozen=True, slots=True)
class Joint:
    """A listed joint activity as agreement sees it: its title and the entities that take part."""

    title: str
    version: int
    entities: list[str]


def joint_activities(session: Session, entity: Organisation) -> dict[int, Joint]:
    """The listed joint activities an entity takes part in or was named in, by id, in the order of their titles."""
    own = sa.select(ActivityEntity.activity_id).where(
        ActivityEntity.entity_id == entity.id, ActivityEntity.participation != Participation.DECLINED
    )
    query = (
        sa.select(Activity.id, Activity.title, Activity.version, Organisation.key)
        .join(ActivityEntity, ActivityEntity.activity_id == Activity.id)
        .join(Organisation, Organisation.id == ActivityEntity.entity_id)
        .where(Activity.is_listed, Activity.id.in_(own), ActivityEntity.participation != Participation.DECLINED)
        .order_by(sa.func.lower(Activity.title), Activity.id, Organisation.position)
    )
    found: dict[int, Joint] = {}
    for activity_id, title, version, key in session.execute(query):
        found.setdefault(activity_id, Joint(title, version, [])).entities.append(key)
    return {activity_id: one for activity_id, one in found.items() if len(one.entities) > 1}


@dataclass(frozen=True, slots=True)
class Waits:
    """The activities that wait for one entity, for one audience: the first hundred, and how many in all."""

    audience: Audience
    records: list[tuple[int, Joint]]
    total: int


def waits_for(
    session: Session, entity: Organisation, statements: Mapping[str, Statements], audiences: list[Audience], day: date
) -> list[Waits]:
    """What waits for `entity`, by audience; an audience for which nothing waits is left out."""
    joint = joint_activities(session, entity)
    found = []
    for audience in audiences:
        some = statements[audience.key]
        records = [
            (number, one) for number, one in joint.items() if entity.key in _awaited(some, one.entities, number, day)
        ]
        if records:
            found.append(Waits(audience, records[:MAX_SHOWN], len(records)))
    return found
