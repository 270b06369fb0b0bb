"""Whether any activity changed, and what each process keeps until one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import Activity

State = tuple[int, int]
Made = TypeVar("Made")


def state_of(session: Session) -> State:
    """Another value after every change of any activity: how many there are, and the sum of their versions.

    Every change raises a version and none is ever removed, so what was made from the activities at a state is right as
    long as the state is the same. An index of its own answers (`ix_activity_version`).
    """
    count, versions = session.execute(sa.select(sa.func.count(), sa.func.sum(Activity.version))).one()
    return int(count), int(versions or 0)


class Kept(Generic[Made]):
    """What `make` made of all activities of one database, the one a process serves, until an activity changes.

    `make` is given the session, the state, and what was made before of the same database, or None. Nobody may change
    what it gives: others read it too.
    """

    def __init__(self, make: Callable[[Session, State, Made | None], Made]) -> None:
        self._make = make
        self._kept: tuple[str, State, Made] | None = None

    def now(self, session: Session) -> Made:
        """It, as the activities stand for this session. One statement while nothing changed."""
        state, where = state_of(session), str(session.get_bind().engine.url)
        kept = self._kept if self._kept is not None and self._kept[0] == where else None
        if kept is None or kept[1] != state:
            # The state was read first: what is newer than it is made again with the next look.
            kept = (where, state, self._make(session, state, kept[2] if kept else None))
            self._kept = kept
        return kept[2]
