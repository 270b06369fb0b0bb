"""What two activities that become one may be shared as: never wider than either of them.

For each audience: when both could be shared on the day, the merged record is shared on the narrower terms of the
two. Otherwise every entity that agreed is asked again: its agreement to this record ends on the day before, and
the gate awaits it (agreement/gate.py). A refusal of either stays a refusal. Statements are added beside the
earlier ones, which stay.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.activities.models import Activity
from interagency.matrix.agreement.gate import (
    ACTIVITY,
    Stance,
    Statement,
    Statements,
    asked_of_activity,
    may_leave,
    stance,
    statements_for,
)
from interagency.matrix.agreement.models import Agreement, Decision
from interagency.matrix.agreement.statements import audiences
from interagency.matrix.organisations.models import Organisation

AS_DEFAULT = Statement(Decision.AS_DEFAULT, None, False)


def narrow(
    session: Session, survivor: Activity, other: Activity, *, by: Person, at: datetime, day: date
) -> list[dict[str, Any]]:
    """Say for each audience and entity what holds for the merged record, before the two become one.

    Returns for each statement that was added what stood before: `take_back` says that again.
    """
    named = (_keys(survivor), _keys(other))
    entities = {part.entity.key: part.entity for activity in (survivor, other) for part in activity.entities}
    entities |= {one.key: one for activity in (survivor, other) for one in asked_of_activity(activity)}
    kept = []
    for audience in audiences(session):
        statements = statements_for(session, audience.key)
        for key in dict.fromkeys([*named[0], *named[1]]):
            stood = statements.get((key, ACTIVITY, survivor.id))
            said = merged_statement(statements, key, (survivor.id, other.id), named, day)
            if said is None or said == stood:
                continue
            _say(session, audience.key, entities[key], survivor.id, said, by, at)
            before = stood or AS_DEFAULT
            kept.append(
                {
                    "audience": audience.key,
                    "entity": key,
                    "decision": before.decision.value,
                    "until": before.until.isoformat() if before.until else None,
                    "beyond": before.beyond_default,
                    "asked_again": said.has_ended(day),
                }
            )
    session.flush()
    return kept


def merged_statement(
    statements: Statements, entity: str, ids: tuple[int, int], named: tuple[list[str], list[str]], day: date
) -> Statement | None:
    """What an entity must be taken to say of a merged record; None when what stands is narrow enough.

    `ids` are survivor and other, `named` the entities whose agreement each of them needs.
    """
    both_pass = all(may_leave(statements, keys, ACTIVITY, number, day) for number, keys in zip(ids, named, strict=True))
    own = [statements.get((entity, ACTIVITY, number)) for number in ids]
    if any(one is not None and one.decision is Decision.REFUSED and not one.has_ended(day) for one in own):
        return Statement(Decision.REFUSED, None, False)
    if both_pass:
        return _narrower([own[place] for place in (0, 1) if entity in named[place] or own[place] is not None], day)
    spoke = any(one is not None and one.decision is Decision.AGREED for one in own)
    if spoke or stance(statements, entity, ACTIVITY, ids[0], day) is Stance.AGREED:
        return Statement(Decision.AGREED, day - timedelta(days=1), False)
    return None


def _narrower(own: list[Statement | None], day: date) -> Statement | None:
    """The narrowest of what was said of each record; where nothing was said the default decides."""
    said = [one for one in own if one is not None and one.decision is not Decision.AS_DEFAULT]
    if not said:
        return None
    if any(one.decision is Decision.REFUSED for one in said):  # a refusal that has ended: the default decides
        said = [one for one in said if one.decision is Decision.AGREED] or [AS_DEFAULT]
    untils = [one.until for one in said if one.until is not None]
    beyond = len(said) == len(own) and all(one.beyond_default for one in said)
    decision = said[0].decision
    return Statement(decision, min(untils, default=None), beyond)


def _keys(activity: Activity) -> list[str]:
    return [one.key for one in asked_of_activity(activity)]


def _say(
    session: Session, audience: str, entity: Organisation, activity_id: int, said: Statement, by: Person, at: datetime
) -> None:
    session.add(
        Agreement(
            audience_key=audience,
            entity_id=entity.id,
            activity_id=activity_id,
            decision=said.decision,
            beyond_default=said.beyond_default,
            until=said.until,
            said_at=at,
            said_by_id=by.id,
            said_by_name=f"{by.name} (merging)",
        )
    )


def last_statement(session: Session, activity_id: int) -> int:
    """The number of the newest statement on an activity; 0 without any."""
    return session.scalar(sa.select(sa.func.max(Agreement.id)).where(Agreement.activity_id == activity_id)) or 0


def take_back(session: Session, kept: list[dict[str, Any]], activity_id: int, by: Person, at: datetime) -> None:
    """Say again what stood before the merging."""
    entities = {
        one.key: one
        for one in session.scalars(sa.select(Organisation).where(Organisation.key.in_([one["entity"] for one in kept])))
    }
    for one in kept:
        until = date.fromisoformat(one["until"]) if one["until"] else None
        said = Statement(Decision(one["decision"]), until, one["beyond"])
        _say(session, one["audience"], entities[one["entity"]], activity_id, said, by, at)
    session.flush()
