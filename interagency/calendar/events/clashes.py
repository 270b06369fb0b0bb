"""What stands in the way of an event (rule 27): other entities' events, sessions of the Commission, UN holidays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.calendar.events.holidays import holidays_between
from interagency.calendar.events.models import Event, EventKind, EventStatus
from interagency.calendar.events.occurrences import Occurrence, all_occurrences
from interagency.calendar.events.queries import everything
from interagency.text.date_words import say_day, say_moment
from interagency.text.folding import fold

MOST = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned: its exact days (first, last, begin and end as aware instants or None), city and audience."""

    days: tuple[tuple[date, date, datetime | None, datetime | None], ...]
    city: str = ""
    meant_for: str = ""
    event_id: int | None = None
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """One thing in the way: what it is, why it matters, and when, in the zones of both."""

    title: str
    reason: str
    when: str
    event_id: int | None = None


def plan_of(event: Event, found: Iterable[Occurrence]) -> Plan:
    """The plan a kept event stands for, from its coming occurrences."""
    days = tuple((one.first, one.last, one.start, one.end) for one in found if one.exact and not one.is_cancelled)
    return Plan(days, event.city, event.meant_for, event.id, event.parent_id)


def clashes(session: Session, plan: Plan, zone: ZoneInfo) -> list[Clash]:
    """What stands in the way of `plan`, holidays first, at most twenty. Times are shown in `zone`, the reader's."""
    if not plan.days:
        return []
    first, last = min(day[0] for day in plan.days), max(day[1] for day in plan.days)
    found = [
        Clash(holiday.called, _("UN holiday"), say_day(holiday.day, weekday=True))
        for holiday in holidays_between(first, last, plan.city)
        if any(begins <= holiday.day <= ends for begins, ends, *_ in plan.days)
    ]
    query = sa.select(Event).where(
        Event.is_listed.is_(True),
        Event.status.in_((EventStatus.TENTATIVE, EventStatus.CONFIRMED)),
        Event.first_day <= last,
        sa.or_(Event.last_day.is_(None), Event.last_day >= first),
    )
    others = [
        event
        for event in session.scalars(query.options(*everything()).order_by(Event.first_day, Event.id).limit(500))
        if event.id not in (plan.event_id, plan.parent_id) and event.parent_id != (plan.event_id or -1)
    ]
    reasons = {event.id: reason for event in others if (reason := _reason(event, plan))}
    seen = set()
    for one in all_occurrences([event for event in others if event.id in reasons], first, last):
        if not one.exact or one.is_cancelled or one.event.id in seen:
            continue
        if any(_meet(one, day) for day in plan.days):
            seen.add(one.event.id)
            found.append(Clash(one.title, reasons[one.event.id], _when(one, zone), one.event.id))
    return found[:MOST]


def _reason(event: Event, plan: Plan) -> str:
    """Why this event would be in the way on the same day; empty when it would not."""
    if event.kind is EventKind.SESSION:
        return str(_("session on the same days"))
    if plan.city and fold(event.city) == fold(plan.city):
        return str(_("same days in %(city)s", city=event.city))
    if plan.meant_for and fold(event.meant_for) == fold(plan.meant_for):
        return str(_("same days for the same people"))
    return ""


def _meet(one: Occurrence, day: tuple[date, date, datetime | None, datetime | None]) -> bool:
    """Whether they lie on the same days: what matters is whether people can travel, not only the hour."""
    begins, ends, _start, _end = day
    return one.first <= ends and one.last >= begins


def _when(one: Occurrence, zone: ZoneInfo) -> str:
    if one.start is None or one.end is None:
        return one.when
    own = f"{one.when}, {one.start:%H:%M}-{one.end:%H:%M} {one.event.timezone}"
    if one.event.timezone == zone.key:
        return own
    here, there = one.start.astimezone(zone), one.end.astimezone(zone)
    return f"{own} ({say_moment(here, year=False)}-{there:%H:%M} {zone.key})"
