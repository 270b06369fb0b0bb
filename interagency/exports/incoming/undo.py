"""Taking back what an import did: each record says again what it said, and so do the parts of its entities."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.history import Action, audit, record_change
from interagency.exports.incoming.compare import Rights
from interagency.exports.models import ImportState, MatrixImport
from interagency.matrix.activities import record
from interagency.matrix.activities.drafts import Records, draft_from
from interagency.matrix.activities.models import Activity, Participation
from interagency.matrix.activities.queries import everything


def parts_of(activity: Activity) -> dict[str, list[Any]]:
    """What stands of each entity's part beside the facts: its answer, when and by whom, and the month confirmed."""
    return {
        part.entity.key: [
            part.participation.value,
            part.answered_at.isoformat() if part.answered_at else None,
            part.answered_by_id,
            part.confirmed_month,
        ]
        for part in activity.entities
    }


def _put_parts_back(activity: Activity, parts: dict[str, list[Any]]) -> None:
    for part in activity.entities:
        if (was := parts.get(part.entity.key)) is not None:
            participation, answered_at, part.answered_by_id, part.confirmed_month = was
            part.participation = Participation(participation)
            part.answered_at = datetime.fromisoformat(answered_at) if answered_at else None


def undo(session: Session, kept: MatrixImport, rights: Rights, at: datetime) -> tuple[int, list[str]]:
    """Put back what an import did, where nobody has built on it since and the person may change it today.

    History grows by what the undoing did; all else is as it was, but for version and time of the record. What was
    added is no longer listed. The caller commits. Returns how many records were put back, and the titles of those
    that were left.
    """
    records, undone, left = Records(session), 0, []
    for item in reversed(kept.result["done"]):
        activity = session.scalar(sa.select(Activity).where(Activity.id == item["id"]).options(*everything()))
        if activity is None or activity.version != item["version"] or not _may_change(rights, activity):
            left.append(activity.title if activity else f"record {item['id']}")
            continue
        if item["new"]:
            _unlist(session, activity, rights, kept)
        else:
            _put_back(session, activity, item, records, rights, f"Import {kept.id} undone")
        undone += 1
    kept.state, kept.undone_at = ImportState.UNDONE, at
    audit(session, "matrix.import_undone", by=rights.person, by_name="command line", undone=undone, left=len(left))
    return undone, left


def _may_change(rights: Rights, activity: Activity) -> bool:
    """By today's appointments: who sent the file may since have left the entity."""
    return rights.person is None or record.right_to_edit(rights.person, rights.mine, activity) is record.Right.ALL


def _put_back(
    session: Session, activity: Activity, item: dict[str, Any], records: Records, rights: Rights, reason: str
) -> None:
    before = record.facts(activity)
    facts = before | {name: was for name, (was, _now) in item["fields"].items()}
    record.apply_draft(
        activity, draft_from(records, facts), mine=rights.mine, trusted=rights.person is None, roles=facts["roles"]
    )
    _put_parts_back(activity, item.get("parts", {}))
    record.refresh_derived(activity)
    record.finish(session, activity, before, by=rights.person, reason=reason)


def _unlist(session: Session, activity: Activity, rights: Rights, kept: MatrixImport) -> None:
    before = record.facts(activity)
    activity.is_listed = False
    session.flush()
    record_change(
        session,
        activity,
        Action.CHANGED,
        before=before,
        after=record.facts(activity),
        by=rights.person,
        reason=f"Import {kept.id} undone",
    )
