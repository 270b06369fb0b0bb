"""Records confirmed one by one, without signing: kept in the audit log, so that exactly one can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import AuditEntry
from interagency.matrix.cycles.confirming import confirm, restore
from interagency.matrix.cycles.models import Cycle
from interagency.matrix.organisations.models import Organisation
from interagency.registry import MonthRecord

CONFIRMED, UNDONE = "cycle.record_confirmed", "cycle.record_unconfirmed"
Key = tuple[str, int]  # kind of record, id


@dataclass(frozen=True, slots=True)
class Single:
    """One record that was confirmed by itself.

    `version`: of the record then. `before`: the month it was confirmed for before. `reasons`: why it needed a look.
    """

    entry_id: int
    key: Key
    version: int
    before: str | None
    reasons: tuple[str, ...]
    by_name: str
    at: datetime


def singles(session: Session, cycle: Cycle, entity: Organisation) -> dict[Key, Single]:
    """The records of an entity that were confirmed one by one for a month and not undone since, the newest last."""
    query = (
        sa.select(AuditEntry)
        .where(
            AuditEntry.act.in_((CONFIRMED, UNDONE)),
            AuditEntry.at >= cycle.opened_at,
            AuditEntry.details["entity"].as_string() == entity.key,
            AuditEntry.details["month"].as_string() == cycle.month,
        )
        .order_by(AuditEntry.id)
    )
    found: dict[Key, Single] = {}
    for entry in session.scalars(query):
        said = entry.details
        key = (said["kind"], said["record"])
        found.pop(key, None)
        if entry.act == CONFIRMED:
            reasons = tuple(said["reasons"])
            found[key] = Single(entry.id, key, said["version"], said["before"], reasons, entry.by_name, entry.at)
    return found


def confirm_one(
    session: Session,
    cycle: Cycle,
    entity: Organisation,
    record: MonthRecord,
    reasons: Iterable[str],
    *,
    by: Person,
    at: datetime,
) -> bool:
    """Confirm one record for the month. False where it is confirmed already, or is no longer to be confirmed."""
    before = confirm(session, entity.id, cycle.month, record.kind, [record.id])
    if record.id not in before:
        return False
    details = {"version": record.version, "before": before[record.id], "reasons": [str(reason) for reason in reasons]}
    session.add(_entry(CONFIRMED, cycle, entity, (record.kind, record.id), by, at, details))
    return True


def undo_one(session: Session, cycle: Cycle, entity: Organisation, single: Single, *, by: Person, at: datetime) -> bool:
    """Take exactly this confirmation back: the record is confirmed for the month it was before. False where it is
    confirmed for another month by now."""
    kind, number = single.key
    if not restore(session, entity.id, cycle.month, {kind: [(number, single.before)]}, ()):
        return False
    session.add(_entry(UNDONE, cycle, entity, single.key, by, at, {}))
    return True


def _entry(
    act: str, cycle: Cycle, entity: Organisation, key: Key, by: Person, at: datetime, details: Mapping[str, object]
) -> AuditEntry:
    said = {"month": cycle.month, "entity": entity.key, "kind": key[0], "record": key[1]}
    return AuditEntry(act=act, at=at, by_id=by.id, by_name=by.name, details={**said, **details})
