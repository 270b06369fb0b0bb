"""The time at which the demonstration's acts are kept: what is written as history gets the hour of its month."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.base import Versioned
from interagency.db.history import AuditEntry, Change


@dataclass(slots=True)
class Clock:
    """The instant (UTC) that acts are kept under until it is set to another."""

    at: datetime


@contextmanager
def kept_at(session: Session, at: datetime) -> Iterator[Clock]:
    """Within it, records, their history and the audit log are written as of the clock's time, `at` to begin with."""
    clock = Clock(at)

    def date_back(session: Session, _context: Any, _instances: Any) -> None:
        for one in session.new:
            if isinstance(one, Change | AuditEntry):
                one.at = clock.at
            elif isinstance(one, Versioned):
                one.created_at = one.updated_at = clock.at
        for one in session.dirty:
            if isinstance(one, Versioned) and sa.inspect(one).attrs.updated_at.history.has_changes():
                one.updated_at = clock.at

    sa.event.listen(session, "before_flush", date_back)
    try:
        yield clock
    finally:
        sa.event.remove(session, "before_flush", date_back)
