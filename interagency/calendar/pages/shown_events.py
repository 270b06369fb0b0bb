"""Which events a page of the calendar reads: those on its days, under its filters, and not more than it can show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event
from interagency.calendar.events.queries import event_conditions
from interagency.calendar.events.reader import read_lines
from interagency.matrix.activities.filters import Filters

# Events that one page reads. A page that has more says so.
MOST = 500


def touching(first: date, last: date, filters: Filters, mine: Iterable[str]) -> list[sa.ColumnElement[bool]]:
    """The conditions of events under `filters` that touch the days from `first` to `last`."""
    still = sa.or_(Event.last_day.is_(None), Event.last_day >= first)
    return [*event_conditions(filters, mine), Event.first_day <= last, still]


def events_under(session: Session, conditions: Sequence[sa.ColumnElement[bool]]) -> tuple[list[Event], int]:
    """The events under `conditions`, at most MOST of them, the latest begun, by first day; and how many there are.

    They can be read and not saved.
    """
    query = sa.select(Event.id, sa.func.count().over()).where(*conditions)
    rows = session.execute(query.order_by(Event.first_day.desc(), Event.id).limit(MOST)).all()
    return read_lines(session, [row[0] for row in rows]), rows[0][1] if rows else 0
