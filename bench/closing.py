"""Closing a month into its edition."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bench import worlds
from bench.measure import Measure, Size, interleave, timed
from bench.workbook import ZONE, core_rows
from interagency.db.base import db
from interagency.matrix.activities.reader import entries
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import Cycle
from interagency.matrix.cycles.months import month_after
from interagency.matrix.cycles.opening import newest_cycle, open_cycle

CAUSE = "the rows are read from ten tables, what is gone since the edition before is told from it, and all is packed"


def measures(size: Size) -> Iterable[Measure]:
    """Month after month closed, each with the edition before at hand, against the plainest way to keep the rows.

    Closing reads the rows, so the limit reads them too; beside it stands the dump of rows that are in memory.
    """
    with worlds.world("sqlite", size.exported, worlds.FEW_EVENTS) as (app, _settings), app.app_context():
        months = Months()
        months.close()  # the first edition has none before it
        what = f"closing a month, {size.exported:,} activities"
        ours, limit = interleave(months.close, lambda: timed(lambda: dumped(core_rows())), size.rounds + 2)
        yield Measure(what, "the same rows read by Core, JSON dump and hash", ours, limit, 3.0, 1.5, "smaller", CAUSE)
        rows = list(entries(db.session))
        db.session.rollback()
        ours, limit = interleave(months.close, lambda: timed(lambda: dumped(rows)), size.rounds)
        yield Measure(what, "JSON dump and hash of rows already in memory", ours, limit, 3.0, 1.5, "smaller", CAUSE)


class Months:
    """Closes one month after the other."""

    def __init__(self) -> None:
        cycle = newest_cycle(db.session)
        assert cycle is not None
        self.month = cycle.month
        db.session.rollback()

    def close(self) -> float:
        """Open the next month if it is not, and close it; the seconds of the closing."""
        year, number = map(int, self.month.split("-"))
        if db.session.get(Cycle, self.month) is None:
            open_cycle(db.session, self.month, at=datetime(year, number, 1, 12, tzinfo=UTC), zone=ZONE, by=None)
        db.session.commit()
        at = datetime(year + 1, number, 1, 12, tzinfo=UTC)
        taken = timed(lambda: close_cycle(db.session, self.month, at=at, zone=ZONE, by=None))
        cycle = db.session.get(Cycle, self.month)
        assert cycle is not None and not cycle.is_open
        db.session.rollback()
        self.month = month_after(self.month, 1)
        return taken


def dumped(rows: Any) -> str:
    """The limit: the rows as JSON text, and its SHA-256."""
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()
