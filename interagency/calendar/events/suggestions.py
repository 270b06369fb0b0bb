"""What the inputs of an event's form suggest while one types, and records named by number or by title."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.calendar.events.lines import number_of, read_number
from interagency.calendar.events.models import Event, EventSeries
from interagency.matrix.activities.models import Activity
from interagency.text.zones import zones_by_city

MOST_ACTIVITIES, MOST_EVENTS = 300, 200
Titled = TypeVar("Titled", Activity, Event)


def _activities(session: Session) -> list[str]:
    """Those that changed last: those of the organisers' entities would be too few, all too many."""
    query = sa.select(Activity.id, Activity.title).where(Activity.is_listed)
    rows = session.execute(query.order_by(Activity.updated_at.desc(), Activity.id.desc()).limit(MOST_ACTIVITIES))
    return [f"{number}: {title}" for number, title in rows]


def _events(session: Session) -> list[str]:
    """Sessions and other events that could hold a side event, the latest first."""
    query = sa.select(Event.id, Event.title).where(Event.is_listed)
    rows = session.execute(query.order_by(Event.first_day.desc().nulls_last(), Event.id).limit(MOST_EVENTS))
    return [f"{number}: {title}" for number, title in rows]


def _series(session: Session) -> list[str]:
    return list(session.scalars(sa.select(EventSeries.title).order_by(EventSeries.title)))


SUGGESTIONS: dict[str, Callable[[Session], list[str]]] = {
    "activities": _activities,
    "events": _events,
    "series": _series,
    "zones": lambda _session: list(zones_by_city()),
}


def record_of_line(session: Session, model: type[Titled], line: str) -> Titled | None:
    """The record that a line names: by its number (`12: Title`), or by its whole title where it has it alone.

    None where no record has the number. Raises ValueError with a sentence where a title says none, or several.
    """
    number = number_of(line)
    found = session.get(model, number) if number is not None and number < 2**31 else None
    if found is not None:
        return found
    alike = list(
        session.scalars(
            sa.select(model).where(model.is_listed, sa.func.lower(model.title) == line.strip().lower()).limit(2)
        )
    )
    if len(alike) > 1:
        raise ValueError(_("Several are called “%(title)s”. Write the number of the one you mean.", title=line[:60]))
    if not alike:
        read_number(line)
    return alike[0] if alike else None
