"""Writers of what hangs on an activity and a merging of activities wait for each other.

On SQLite writers hold the whole database before they write (database.py), and these locks are none.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import MAX_ID, survivor_of


def lock(session: Session, ids: Iterable[int]) -> None:
    """Hold these activities until the transaction ends, in one order for everybody.

    Call it before the activities are read: what is read afterwards stays so.
    """
    numbers = [number for number in ids if 0 < number <= MAX_ID]
    session.execute(_rows(numbers).with_for_update()).all()


def standing(session: Session, activities: Iterable[Activity]) -> list[Activity]:
    """The activities that stand for these now, none of which is merged away until the transaction ends.

    Others may link to them at the same time: the lock is the one that a foreign key takes, only earlier.
    """
    named = {activity.id: activity for activity in activities}
    if not named:
        return []
    # Waits for a merging that has begun, and then says what came of it.
    rows = session.execute(_rows(named).with_for_update(read=True, key_share=True))
    for number, merged_into in rows:
        if merged_into is not None:
            session.refresh(named[number], ["merged_into_id"])
    return list(dict.fromkeys(survivor_of(session, activity) for activity in named.values()))


def _rows(ids: Iterable[int]) -> sa.Select[int, int | None]:
    return sa.select(Activity.id, Activity.merged_into_id).where(Activity.id.in_(list(ids))).order_by(Activity.id)
