"""What people said of pairs of activities: kept with who and when, changed with its history, never asked twice."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.base import is_conflict
from interagency.matrix.activities.models import Activity
from interagency.matrix.overlaps.models import Verdict, VerdictKind, VerdictSaid


def keep_verdict(session: Session, one: int, other: int, kind: VerdictKind, by: Person, at: datetime) -> bool:
    """Keep what a person said of two activities; the newest word on a pair counts, all stay in its history.

    Returns whether it says something else than what stood. `one` and `other` must differ.
    """
    first, second = sorted((one, other))
    verdict = session.get(Verdict, (first, second), with_for_update=True) or _new(session, first, second, kind)
    if verdict.kind is kind and verdict.said_by_id is not None:
        return False
    verdict.kind, verdict.said_by_id, verdict.said_at = kind, by.id, at
    session.add(
        VerdictSaid(first_id=first, second_id=second, kind=kind, said_at=at, said_by_id=by.id, said_by_name=by.name)
    )
    session.flush()
    return True


def _new(session: Session, first: int, second: int, kind: VerdictKind) -> Verdict:
    """The row of a pair that had none; the other's, when somebody was faster."""
    made = Verdict(first_id=first, second_id=second, kind=kind)
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except sa.exc.IntegrityError as error:
        if not is_conflict(error):
            raise
        return session.get_one(Verdict, (first, second), with_for_update=True)
    return made


def verdicts_of(session: Session, activity_id: int) -> dict[int, VerdictKind]:
    """What was said of an activity and others, by the other's number."""
    query = sa.select(Verdict).where(sa.or_(Verdict.first_id == activity_id, Verdict.second_id == activity_id))
    return {
        verdict.second_id if verdict.first_id == activity_id else verdict.first_id: verdict.kind
        for verdict in session.scalars(query)
    }


def history_of(session: Session, one: int, other: int) -> list[VerdictSaid]:
    """Everything said of a pair, newest first."""
    first, second = sorted((one, other))
    query = sa.select(VerdictSaid).where(VerdictSaid.first_id == first, VerdictSaid.second_id == second)
    return list(session.scalars(query.order_by(VerdictSaid.id.desc())))


def related_to(session: Session, activity_id: int) -> list[tuple[int, str]]:
    """The activities somebody said are related to this one, by title."""
    other = sa.case((Verdict.first_id == activity_id, Verdict.second_id), else_=Verdict.first_id)
    query = (
        sa.select(Activity.id, Activity.title)
        .join(Verdict, Activity.id == other)
        .where(
            sa.or_(Verdict.first_id == activity_id, Verdict.second_id == activity_id),
            Verdict.kind == VerdictKind.RELATED,
            Activity.is_listed,
        )
        .order_by(Activity.title, Activity.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]
