"""What waits for whom: joint activities that some of their entities agreed to share and others have not spoken on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.activities.reader import entries
from interagency.matrix.agreement.gate import ACTIVITY, Stance, Statements, entities_of_activity, stance, statements_for
from interagency.matrix.agreement.models import Audience
from interagency.matrix.organisations.models import Organisation

MOST_SHOWN = 100


def waiting_for(session: Session, audience: str, day: date) -> dict[str, list[tuple[int, str]]]:
    """By entity key, the live activities whose sharing with `audience` waits for it, though somebody has agreed."""
    statements = statements_for(session, audience)
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for entry in entries(session, [Activity.is_listed.is_(True)]):
        for key in _awaited(statements, entities_of_activity(entry["facts"]), entry["id"], day):
            found[key].append((entry["id"], entry["facts"]["title"]))
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
            found.append(Waits(audience, records[:MOST_SHOWN], len(records)))
    return found
