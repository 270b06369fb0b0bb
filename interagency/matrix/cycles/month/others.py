"""What people of other entities changed in an entity's records since it last answered, and what its own people did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.history import Change
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import ActivityEntity
from interagency.matrix.cycles.answers import changed_by_own
from interagency.matrix.cycles.confirming import ACTIVITY
from interagency.matrix.organisations.models import Appointment

Key = tuple[str, int]
# What another entity says of itself changes nothing of what this one confirms.
OF_THEMSELVES = frozenset({"participation", "roles"})
MAX_CHANGES = 1000
MAX_SHOWN = 5  # of one record


class ByOthers(NamedTuple):
    """The newest change by others: the version it made, who, when."""

    version: int
    by_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One change in words: who, when, and for each field its heading, what was and what is."""

    by_name: str
    at: datetime
    fields: list[tuple[str, str, str]]


def _by_others(entity_id: int, since: datetime) -> sa.Select[Change]:
    ours = sa.select(Appointment.person_id).where(Appointment.entity_id == entity_id)
    mine = sa.select(ActivityEntity.activity_id).where(ActivityEntity.entity_id == entity_id)
    return (
        sa.select(Change)
        .where(
            Change.record_type == ACTIVITY,
            Change.record_id.in_(mine),
            Change.at > since,
            Change.by_id.is_not(None),
            Change.by_id.not_in(ours),
        )
        .order_by(Change.id.desc())
    )


def newest_by_others(session: Session, entity_id: int, since: datetime) -> dict[Key, ByOthers]:
    """By record the newest change of what the entity confirms, by people of other entities after `since`."""
    found: dict[Key, ByOthers] = {}
    for change in session.scalars(_by_others(entity_id, since).limit(MAX_CHANGES)):
        if not change.fields.keys() <= OF_THEMSELVES:
            key = (ACTIVITY, change.record_id)
            found.setdefault(key, ByOthers(change.record_version, change.by_name, change.at))
    return found


def last_own_versions(session: Session, entity_id: int, since: datetime) -> dict[Key, int]:
    """By record the newest version that the entity's own people made after `since`."""
    query = changed_by_own(entity_id, since).with_only_columns(
        Change.record_type, Change.record_id, sa.func.max(Change.record_version)
    )
    rows = session.execute(query.group_by(Change.record_type, Change.record_id))
    return {(kind, number): version for kind, number, version in rows}


def told(session: Session, entity_id: int, since: datetime, ids: Collection[int]) -> dict[int, list[Told]]:
    """What others changed in some activities after `since`, in words, the newest first."""
    found: dict[int, list[Told]] = defaultdict(list)
    if not ids:
        return found
    words = FactLabels(session)
    for change in session.scalars(_by_others(entity_id, since).where(Change.record_id.in_(list(ids))).limit(200)):
        if change.fields.keys() <= OF_THEMSELVES or len(found[change.record_id]) == MAX_SHOWN:
            continue
        fields = words.changed(change.fields)
        found[change.record_id].append(Told(change.by_name, change.at, fields))
    return found
