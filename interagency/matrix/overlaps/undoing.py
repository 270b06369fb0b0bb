"""Two activities that became one become two again, while nothing was built on it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import Action, audit
from interagency.matrix.activities.drafts import Records, draft_from
from interagency.matrix.activities.fields import completed
from interagency.matrix.activities.models import Activity, Participation
from interagency.matrix.activities.record import apply_draft, facts, finish, refresh_derived
from interagency.matrix.overlaps import consent
from interagency.matrix.overlaps.fields import MergeRefusal
from interagency.matrix.overlaps.merging import move_milestones
from interagency.matrix.overlaps.models import Merge, Verdict
from interagency.registry import registry


def merges_of(session: Session, activity_id: int) -> list[Merge]:
    """What was merged into an activity and still is, newest first."""
    query = sa.select(Merge).where(Merge.survivor_id == activity_id, Merge.undone_at.is_(None))
    return list(session.scalars(query.order_by(Merge.id.desc())))


def reason_against_undoing(session: Session, merge: Merge, survivor: Activity, other: Activity) -> str:
    """Why a merge stays as it is; empty when it can be undone."""
    if merge.undone_at is not None:
        return str(_("It was undone already."))
    if survivor.version != merge.survivor_version or survivor.merged_into_id is not None:
        return str(_("“%(title)s” was changed since, so the two stay one.", title=survivor.title))
    if other.version != merge.merged_version:
        return str(_("“%(title)s” was changed since, so the two stay one.", title=other.title))
    if consent.last_statement(session, survivor.id) != merge.kept["statement"]:
        return str(_("Entities have spoken on sharing it since, so the two stay one."))
    return ""


def undo(session: Session, merge: Merge, survivor: Activity, other: Activity, *, by: Person, at: datetime) -> None:
    """Make two of one again, in the caller's transaction, with both locked.

    Raises MergeRefusal when something was built on it, StaleVersionError when a record was saved meanwhile.
    """
    if reason := reason_against_undoing(session, merge, survivor, other):
        raise MergeRefusal(reason)
    kept, before, others_before = merge.kept, facts(survivor), facts(other)
    draft = draft_from(Records(session, survivor, other), completed(kept["facts"]))
    apply_draft(survivor, draft, mine=(), trusted=True)
    saved = {part["entity"]: part for part in kept["parts"]}
    for part in survivor.entities:
        was = saved[part.entity_id]
        part.role, part.participation = was["role"], Participation(was["participation"])
        part.answered_at = datetime.fromisoformat(was["answered_at"]) if was["answered_at"] else None
        part.answered_by_id, part.confirmed_month = was["answered_by"], was["confirmed_month"]
    refresh_derived(survivor)
    reason = _("Merging with record %(id)s was undone.", id=other.id)
    finish(session, survivor, before, by=by, action=Action.CHANGED, reason=reason)
    other.is_listed, other.merged_into_id = True, None
    reason = _("Merging into record %(id)s was undone.", id=survivor.id)
    finish(session, other, others_before, by=by, action=Action.CHANGED, reason=reason)
    move_milestones(session, kept["milestones"], other.id)
    for carried in registry.merge_parts.values():
        carried.take_back(session, kept["carried"].get(carried.name, []), other.id, survivor.id, by)
    for third in kept["verdicts"]:
        copy = session.get(Verdict, tuple(sorted((survivor.id, third))))
        source = session.get(Verdict, tuple(sorted((other.id, third))))
        if copy is not None and source is not None and copy.said_at == source.said_at:  # nobody judged it anew
            session.delete(copy)
    consent.take_back(session, kept["consent"], survivor.id, by, at)
    merge.undone_at, merge.undone_by_id, merge.undone_by_name = at, by.id, by.name
    audit(session, "activity.merge_undone", by=by, survivor=survivor.id, merged=other.id)
    session.flush()
