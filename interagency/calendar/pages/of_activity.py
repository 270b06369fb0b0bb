"""The events of an activity, for the activity's own page."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from interagency.calendar.events.models import Event, EventStatus, event_activity
from interagency.calendar.events.occurrences import format_days
from interagency.calendar.pages.blueprint import bp
from interagency.db.base import db
from interagency.web.context import viewer_zone

MOST = 20


@dataclass(frozen=True, slots=True)
class LinkedEvent:
    """An event as an activity's page lists it; `when` in words, with the reader's hours."""

    id: int
    title: str
    when: str
    status: EventStatus
    place: str


@bp.app_template_global()
def events_of_activity(activity_id: int) -> list[LinkedEvent]:
    """The listed events of an activity, the latest first, at most twenty; what has no day yet before them."""
    query = (
        sa.select(Event)
        .join(event_activity, event_activity.c.event_id == Event.id)
        .where(event_activity.c.activity_id == activity_id, Event.is_listed.is_(True))
        .options(selectinload(Event.segments), joinedload(Event.country))
        .order_by(Event.first_day.desc().nulls_first(), Event.id)
        .limit(MOST)
    )
    zone = viewer_zone()
    return [
        LinkedEvent(one.id, one.title, format_days(one, zone), one.status, one.place)
        for one in db.session.scalars(query)
    ]
