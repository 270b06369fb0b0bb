"""The first months of the demonstration: last month answered and closed, this month open."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.cycles.answers import sign
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.models import AnswerKind
from interagency.matrix.cycles.months import default_due, end_of_day, first_day, month_after, month_of
from interagency.matrix.cycles.opening import newest_cycle, open_cycle
from interagency.matrix.organisations.queries import entities_of

ANSWERS = {
    "focal.who@example.org": (AnswerKind.UNCHANGED, 3),
    "focal.undp@example.org": (AnswerKind.NOTHING, 1),
    "focal.unodc@example.org": (AnswerKind.UNCHANGED, -2),
}


def add_months(session: Session, *, at: datetime, zone: ZoneInfo) -> list[str]:
    """Open last month, let the demo's focal points answer, close it, open this month. Commits.

    Does nothing when a month was opened before. Returns what was done, a line each.
    """
    if newest_cycle(session) is not None:
        return []
    today = at.astimezone(zone).date()
    this, last = month_of(today), month_after(month_of(today), -1)
    begun = end_of_day(first_day(last), zone) - timedelta(hours=15)
    open_cycle(session, last, at=begun, zone=zone, by=None)
    session.flush()
    due = min(default_due(last, zone), at)
    for email, (kind, days_before) in ANSWERS.items():
        person = session.scalar(sa.select(Person).where(Person.email == email))
        signed_at = min(due - timedelta(days=days_before), at)
        if person is None:
            continue
        for entity in entities_of(session, person, today):
            sign(session, last, entity, kind, by=person, at=signed_at, day=today)
    session.commit()
    coordinator = session.scalar(sa.select(Person).where(Person.email == "coordinator@example.org"))
    closed = close_cycle(session, last, at=at, zone=zone, by=coordinator)
    open_cycle(session, this, at=at, zone=zone, by=None)
    session.commit()
    return [f"{last}: closed, edition {closed.edition.number}", f"{this}: opened"]
