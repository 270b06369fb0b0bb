"""Closing a month into its edition."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.fill import fill, make_app
from bench.measure import Measure, Size, interleave
from bench.workbook import NOW, ZONE
from interagency.database import Model, db
from interagency.matrix.activities.bulk import entries
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import Cycle
from interagency.matrix.cycles.months import month_after
from interagency.matrix.cycles.opening import open_cycle


def measures(size: Size) -> Iterable[Measure]:
    """Month after month closed, each with the edition before at hand, against the plainest way to keep the rows."""
    with tempfile.TemporaryDirectory() as folder, make_app(Path(folder)).app_context():
        fill(db.session, size.activities)
        months = Months()
        months.close()  # the first edition has none before it
        rows = list(entries(db.session))
        db.session.rollback()
        ours, limit = interleave(months.close, lambda: dumped(rows), size.rounds)
        yield Measure("closing a month", "JSON dump and hash of the same rows, in memory", ours, limit, 3.0)
        ours, limit = interleave(months.close, lambda: dumped(core_rows()), size.rounds)
        yield Measure("closing a month", "Core rows read, JSON dump and hash", ours, limit, 3.0)
        db.session.close()


class Months:
    """Closes one month after the other."""

    def __init__(self) -> None:
        self.month = "2020-01"

    def close(self) -> None:
        """Open and close the next month."""
        year, number = map(int, self.month.split("-"))
        open_cycle(db.session, self.month, at=datetime(year, number, 1, 12, tzinfo=UTC), zone=ZONE, by=None)
        db.session.commit()
        close_cycle(db.session, self.month, at=NOW, zone=ZONE, by=None)
        cycle = db.session.get(Cycle, self.month)
        assert cycle is not None and not cycle.is_open
        self.month = month_after(self.month, 1)


def dumped(rows: Any) -> str:
    """The limit: the rows as JSON text, and its SHA-256."""
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()


def core_rows() -> list[list[tuple[Any, ...]]]:
    """Every row that has to do with activities, as Core gives it."""
    tables = [table for name, table in Model.metadata.tables.items() if name.startswith(("activity", "figure"))]
    found = [[tuple(row) for row in db.session.connection().execute(sa.select(table))] for table in tables]
    db.session.rollback()
    return found
