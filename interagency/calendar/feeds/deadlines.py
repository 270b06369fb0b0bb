"""The reporting deadlines of the cycle, in each focal point's own feed until their entity has signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.calendar.events.fields import KIND_LABELS
from interagency.calendar.events.models import Event, EventKind
from interagency.calendar.feeds.building import FeedEvent
from interagency.calendar.feeds.publishing import CANCELLED_STAYS, PAST, midnight
from interagency.matrix.cycles.answers import open_cycles
from interagency.matrix.cycles.models import Answer, Cycle, Extension
from interagency.matrix.cycles.months import format_month
from interagency.matrix.organisations.models import Organisation
from interagency.web.context import settings


def deadlines_of(session: Session, entities: Sequence[Organisation], base_url: str) -> list[FeedEvent]:
    """A whole-day entry for each open month an entity has not answered, on the day it is due."""
    cycles = open_cycles(session)
    if not cycles or not entities:
        return []
    ids, months = [entity.id for entity in entities], [cycle.month for cycle in cycles]
    said = session.execute(
        sa.select(Answer.cycle_month, Answer.entity_id).where(
            Answer.cycle_month.in_(months), Answer.entity_id.in_(ids), Answer.ended_at.is_(None)
        )
    )
    answered = {(month, entity_id) for month, entity_id in said}
    extensions = {
        (one.cycle_month, one.entity_id): one
        for one in session.scalars(
            sa.select(Extension).where(Extension.cycle_month.in_(months), Extension.entity_id.in_(ids))
        )
    }
    return [
        _entry(cycle, entity, extensions.get((cycle.month, entity.id)), base_url)
        for cycle in cycles
        for entity in entities
        if (cycle.month, entity.id) not in answered
    ]


def _entry(cycle: Cycle, entity: Organisation, extension: Extension | None, base_url: str) -> FeedEvent:
    due = (extension.due_at if extension else cycle.due_at).astimezone(settings().zone)
    moments = (cycle.opened_at, cycle.due_set_at, extension.given_at if extension else None)
    changed = max(moment for moment in moments if moment is not None)
    day: date = due.date()
    short = entity.short
    return FeedEvent(
        uid=f"due-{cycle.month}-{entity.key}@interagency",
        # Seconds from opening to the last change: never below 0, higher after each, also if the day came nearer.
        sequence=max(0, int((changed - cycle.opened_at).total_seconds())),
        stamp=changed,
        created=cycle.opened_at,
        title=_("%(entity)s: matrix and calendar for %(month)s due", entity=short, month=format_month(cycle.month)),
        status="confirmed",
        start=day,
        end=day,
        description=_(
            "Due %(time)s %(zone)s. It leaves this calendar once %(entity)s has signed.",
            time=f"{due:%H:%M}",
            zone=settings().timezone,
            entity=short,
        ),
        url=f"{base_url}/month?cycle={cycle.month}&entity={entity.key}",
        categories=(str(KIND_LABELS[EventKind.DEADLINE]), short),
        transparent=True,
    )


def left_the_window(session: Session, day: date) -> list[datetime]:
    """When an event last fell out of feeds by its age, seen on `day`: a deletion moves Last-Modified too."""
    last_day = session.scalar(sa.select(sa.func.max(Event.last_day)).where(Event.last_day < day - PAST))
    cancelled = session.scalar(
        sa.select(sa.func.max(Event.cancelled_at)).where(Event.cancelled_at < midnight(day - CANCELLED_STAYS))
    )
    moments = []
    if last_day is not None:
        moments.append(midnight(last_day + PAST + timedelta(days=1)))
    if cancelled is not None:
        cancelled_on = cancelled.astimezone(settings().zone).date()
        moments.append(midnight(cancelled_on + CANCELLED_STAYS + timedelta(days=1)))
    return moments
