"""Confirming records for a month, and taking that back: of activities and of what takes part beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.activities.state.light import LIVE
from interagency.registry import registry

ACTIVITY = "activity"
Confirmed = dict[int, str | None]  # by the id of a record the month it was confirmed for before
KeptConfirmed = dict[str, list[tuple[int, str | None]]]  # the same by kind of record, as an answer keeps it


def confirm_links(
    session: Session,
    link: Any,
    record_id: Any,
    conditions: Sequence[sa.ColumnElement[bool]],
    month: str,
    ids: Collection[int] | None,
) -> Confirmed:
    """Note `month` in those rows of the table `link` (an entity's part in a record) that `conditions` choose.

    `record_id`: the column of `link` with the record's id. `ids`: only these records; None: all. What was confirmed
    for `month` or a later one already is left as it is. Returns what was noted, and what stood there before.
    """
    older = sa.or_(link.confirmed_month.is_(None), link.confirmed_month < month)
    query = sa.select(record_id, link.confirmed_month).where(*conditions, older)
    if ids is not None:
        query = query.where(record_id.in_(list(ids)))
    before: Confirmed = dict(session.execute(query).all())
    if before:
        statement = sa.update(link).where(*conditions, older, record_id.in_(list(before)))
        session.execute(statement.values(confirmed_month=month).execution_options(synchronize_session=False))
    return before


def restore_links(
    session: Session,
    link: Any,
    record_id: Any,
    conditions: Sequence[sa.ColumnElement[bool]],
    month: str,
    before: Mapping[int, str | None],
) -> int:
    """Put back what stood in `link` before `confirm_links` noted `month`, where it still stands. Returns how many."""
    by_month: dict[str | None, list[int]] = defaultdict(list)
    for number, was in before.items():
        by_month[was].append(number)
    count = 0
    for was, ids in by_month.items():
        statement = sa.update(link).where(*conditions, link.confirmed_month == month, record_id.in_(ids))
        result = session.execute(statement.values(confirmed_month=was).execution_options(synchronize_session=False))
        count += int(result.rowcount)  # type: ignore[attr-defined]
    return count


def confirm(session: Session, entity_id: int, month: str, kind: str, ids: Collection[int] | None = None) -> Confirmed:
    """Note that an entity confirms its records of a kind (those in `ids`, or all) for `month`.

    Only records that the entity's month lists: of activities the live ones in which it takes part, not those in which
    it was named and has neither confirmed nor declined. Returns them, and the month each was confirmed for before.
    """
    if kind != ACTIVITY:
        return registry.cycle_parts[kind].confirm(session, entity_id, month, ids)
    live = sa.select(Activity.id).where(Activity.is_listed, Activity.status.in_(LIVE))
    conditions = [
        *_parts_of(entity_id),
        ActivityEntity.participation == Participation.CONFIRMED,
        ActivityEntity.activity_id.in_(live),
    ]
    return confirm_links(session, ActivityEntity, ActivityEntity.activity_id, conditions, month, ids)


def _parts_of(entity_id: int) -> list[sa.ColumnElement[bool]]:
    return [ActivityEntity.entity_id == entity_id]


def confirm_all(
    session: Session, entity_id: int, month: str, chosen: Mapping[str, Collection[int]] | None
) -> KeptConfirmed:
    """Confirm the records `chosen` by kind, or (None) all that the entity's month lists."""
    kinds = (ACTIVITY, *registry.cycle_parts)
    found = {
        kind: confirm(session, entity_id, month, kind, None if chosen is None else chosen.get(kind, ()))
        for kind in kinds
    }
    return {kind: list(before.items()) for kind, before in found.items() if before}


def restore(
    session: Session, entity_id: int, month: str, kept: KeptConfirmed, except_for: Collection[tuple[str, int]]
) -> int:
    """Take back what `confirm_all` confirmed, but for the records `except_for` (kind, id). Returns how many."""
    count = 0
    for kind, pairs in kept.items():
        before = {number: was for number, was in pairs if (kind, number) not in except_for}
        if kind == ACTIVITY:
            count += restore_links(
                session, ActivityEntity, ActivityEntity.activity_id, _parts_of(entity_id), month, before
            )
        elif kind in registry.cycle_parts:
            count += registry.cycle_parts[kind].restore(session, entity_id, month, before)
    return count
