"""Two activities become one: what the survivor says, and what is carried over to it.

The other record stays as it is, with its history, no longer listed and pointing to the survivor. Closed editions
are texts of their own and know nothing of it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import Action, audit
from interagency.matrix.activities.drafts import ActivityDraft
from interagency.matrix.activities.models import Activity, ActivityEntity, Milestone, Participation
from interagency.matrix.activities.record import (
    StaleVersionError,
    apply_draft,
    facts,
    finish,
    refresh_derived,
)
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps import consent
from interagency.matrix.overlaps.fields import Choices, MergeRefusal, united
from interagency.matrix.overlaps.models import Merge, Verdict, VerdictKind
from interagency.matrix.overlaps.verdicts import keep_verdict
from interagency.registry import registry

_FIRMNESS = (Participation.DECLINED, Participation.AWAITED, Participation.CONFIRMED)


def merge(
    session: Session,
    survivor: Activity,
    other: Activity,
    choices: Choices,
    *,
    versions: tuple[int, int],
    by: Person,
    at: datetime,
    day: date,
    mine: list[Organisation],
    month: str | None,
) -> Merge:
    """Make one activity of two read at `versions`, in the caller's transaction, with both locked.

    Raises MergeRefusal when that cannot be, StaleVersionError when one of them was saved meanwhile; the caller
    then rolls back.
    """
    if survivor.id == other.id:
        raise MergeRefusal(_("An activity cannot be merged with itself. Choose two."))
    if not (survivor.is_listed and other.is_listed):
        raise MergeRefusal(_("One of the two is no longer listed. Look at them again."))
    if (survivor.version, other.version) != versions:
        raise StaleVersionError
    draft = united(session, survivor, other, choices)
    before, others_before = facts(survivor), facts(other)
    kept: dict[str, Any] = {"facts": before, "parts": [_part(part) for part in survivor.entities]}
    kept["consent"] = consent.narrow(session, survivor, other, by=by, at=at, day=day)
    kept["statement"] = consent.last_statement(session, survivor.id)
    _apply(survivor, other, draft)
    finish(
        session, survivor, before, by=by, mine=mine, month=month, action=Action.MERGED,
        reason=f"Record {other.id}, “{other.title}”, was merged into this one.",
    )  # fmt: skip
    other.is_listed, other.merged_into_id = False, survivor.id
    finish(
        session, other, others_before, by=by, action=Action.MERGED,
        reason=f"Merged into record {survivor.id}, “{survivor.title}”.",
    )  # fmt: skip
    kept["milestones"] = _move_milestones(session, other.id, survivor.id)
    kept["carried"] = {
        part.name: part.carry(session, other.id, survivor.id, by) for part in registry.merge_parts.values()
    }
    kept["verdicts"] = _copy_verdicts(session, other.id, survivor.id)
    keep_verdict(session, survivor.id, other.id, VerdictKind.SAME, by, at)
    made = Merge(
        survivor_id=survivor.id, merged_id=other.id, survivor_version=survivor.version, merged_version=other.version,
        at=at, by_id=by.id, by_name=by.name, kept=kept,
    )  # fmt: skip
    session.add(made)
    audit(session, "activity.merged", by=by, survivor=survivor.id, merged=other.id)
    session.flush()
    return made


def _apply(survivor: Activity, other: Activity, draft: ActivityDraft) -> None:
    """Let the survivor say what was chosen, with what each entity said in either."""
    parts = {part.entity_id: part for part in other.entities}
    present = {part.entity_id for part in survivor.entities}
    apply_draft(survivor, draft, mine=(), trusted=True)
    for part in survivor.entities:
        if part.entity_id in parts:
            _unite(part, parts[part.entity_id], is_new=part.entity_id not in present)
    refresh_derived(survivor)


def _part(part: ActivityEntity) -> dict[str, Any]:
    """An entity's part as plain values, to be put back."""
    return {
        "entity": part.entity_id,
        "role": part.role,
        "participation": part.participation.value,
        "answered_at": part.answered_at.isoformat() if part.answered_at else None,
        "answered_by": part.answered_by_id,
        "confirmed_month": part.confirmed_month,
    }


def _unite(part: ActivityEntity, other: ActivityEntity, *, is_new: bool) -> None:
    """Bring together what an entity said in both: the firmer participation, both sentences, the earlier month.

    The whole is confirmed for a month only when both halves were; a half the entity declined does not count.
    """
    declined = Participation.DECLINED
    if other.role and other.role != part.role:
        part.role = f"{part.role}\n{other.role}" if part.role else other.role
    if not is_new and other.participation is declined:
        return
    takes_over = is_new or part.participation is declined
    months = (part.confirmed_month, other.confirmed_month)
    if takes_over:
        part.confirmed_month = other.confirmed_month
    else:
        part.confirmed_month = min(month for month in months if month) if all(months) else None
    if takes_over or _FIRMNESS.index(other.participation) > _FIRMNESS.index(part.participation):
        part.participation = other.participation
        part.answered_at, part.answered_by_id = other.answered_at, other.answered_by_id


def _move_milestones(session: Session, from_id: int, to_id: int) -> list[int]:
    moved = list(session.scalars(sa.select(Milestone.id).where(Milestone.activity_id == from_id)))
    move_milestones(session, moved, to_id)
    return moved


def move_milestones(session: Session, ids: list[int], to_id: int) -> None:
    """Let these milestones belong to another activity."""
    statement = sa.update(Milestone).where(Milestone.id.in_(ids)).values(activity_id=to_id)
    session.execute(statement.execution_options(synchronize_session="fetch"))


def _copy_verdicts(session: Session, from_id: int, to_id: int) -> list[int]:
    """What was said of the other and third activities holds for the survivor, where nothing was said of that."""
    query = sa.select(Verdict).where(
        sa.or_(Verdict.first_id.in_((from_id, to_id)), Verdict.second_id.in_((from_id, to_id)))
    )
    said: dict[int, dict[int, Verdict]] = {from_id: {}, to_id: {}}
    for verdict in session.scalars(query):
        for own, third in ((verdict.first_id, verdict.second_id), (verdict.second_id, verdict.first_id)):
            if own in said and third not in said:
                said[own][third] = verdict
    copied = sorted(said[from_id].keys() - said[to_id].keys())
    for third in copied:
        verdict = said[from_id][third]
        first, second = sorted((to_id, third))
        session.add(
            Verdict(
                first_id=first, second_id=second, kind=verdict.kind,
                said_at=verdict.said_at, said_by_id=verdict.said_by_id,
            )
        )  # fmt: skip
    session.flush()
    return copied
