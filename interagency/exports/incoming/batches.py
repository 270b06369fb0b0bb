"""The runs of imports of the matrix, and the activities they write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.runs import MOST, Row, Runs, keeping_what_is_read
from interagency.exports.models import ImportBatch, ImportRun
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import everything

RUNS = Runs(ImportRun, ImportBatch)
under_way, all_under_way, rows_done = RUNS.under_way, RUNS.all_under_way, RUNS.rows_done
journal, take_over, close, work_through = RUNS.journal, RUNS.take_over, RUNS.close, RUNS.work_through

__all__ = [
    "MOST",
    "RUNS",
    "Standing",
    "all_under_way",
    "close",
    "journal",
    "keeping_what_is_read",
    "rows_done",
    "take_over",
    "under_way",
    "work_through",
]


class Standing(Generic[Row]):
    """Activities read ahead of a batch while others may write, and whether they were saved since."""

    def __init__(self, session: Session, id_of: Callable[[Row], int | None]) -> None:
        self.session, self._id_of = session, id_of
        self._activities: dict[int, Activity] = {}
        self._versions: dict[int, int] = {}

    def _ids(self, rows: Sequence[Row]) -> list[int]:
        return [number for row in rows if (number := self._id_of(row)) is not None]

    def _read(self, rows: Sequence[Row]) -> dict[int, Activity]:
        query = sa.select(Activity).where(Activity.id.in_(self._ids(rows))).options(*everything())
        found = self.session.scalars(query.execution_options(populate_existing=True))
        return {activity.id: activity for activity in found}

    def read(self, rows: Sequence[Row]) -> None:
        """Read the activities of these rows as they stand."""
        self._activities = self._read(rows)

    def check(self, rows: Sequence[Row]) -> None:
        """In the transaction that writes: see which were saved since."""
        query = sa.select(Activity.id, Activity.version).where(Activity.id.in_(self._ids(rows)))
        self._versions = dict(self.session.execute(query).all())

    def standing(self, row: Row) -> Activity | None:
        """The activity of a row that was read and checked, as it stands."""
        number = self._id_of(row) or 0
        activity = self._activities.get(number)
        if activity is not None and activity.version != self._versions.get(number):
            return self._read([row]).get(number)
        return activity

    def settle(self) -> None:
        """Each row is whole as it is written."""
