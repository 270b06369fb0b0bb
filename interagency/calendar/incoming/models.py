"""What was taken in from calendar files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from interagency.db.base import Model, now

# Seconds that one batch of an import holds the database's only writer, and that others have for theirs before the next.
BATCH_SECONDS = 0.7
BETWEEN_BATCHES = 0.15


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
