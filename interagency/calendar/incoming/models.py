"""What was taken in from calendar files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from interagency.db.base import Model, now
from interagency.db.runs import BatchColumns, RunColumns, Runs


class CalendarImport(Model):
    """An .ics file taken in: who, when, what it did, and what is needed to undo it."""

    __tablename__ = "calendar_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    at: Mapped[datetime] = mapped_column(default=now)
    file_name: Mapped[str]
    checksum: Mapped[str] = mapped_column(sa.String(64))
    result: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]


class CalendarRun(RunColumns, Model):
    """The taking in of a calendar file, or its undoing, once begun. Its plan is `{"places": of the items, "kind": of
    new events that name none}`; {} where it undoes.
    """

    __tablename__ = "calendar_run"

    import_id: Mapped[int] = mapped_column(sa.ForeignKey("calendar_import.id", ondelete="RESTRICT"), primary_key=True)


class CalendarBatch(BatchColumns, Model):
    """Events of a calendar file that are done."""

    __tablename__ = "calendar_batch"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["import_id", "undoes"], ["calendar_run.import_id", "calendar_run.undoes"], ondelete="RESTRICT"
        ),
    )


RUNS = Runs(CalendarRun, CalendarBatch)
