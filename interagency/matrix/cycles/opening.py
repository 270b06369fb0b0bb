"""Opening a month, moving its dates, reopening it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.base import is_conflict
from interagency.db.history import audit
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.models import Cycle, CycleState, Edition, Extension
from interagency.matrix.cycles.months import default_due, first_day, format_month, month_after, month_of, months_between
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate

MAX_OPENED_AT_ONCE = 3


def newest_cycle(session: Session) -> Cycle | None:
    """The cycle of the latest month."""
    return session.scalar(sa.select(Cycle).order_by(Cycle.month.desc()).limit(1))


def open_cycle(
    session: Session, month: str, *, at: datetime, zone: ZoneInfo, by: Person | None, due: datetime | None = None
) -> bool:
    """Open the cycle of `month`. Returns False when it is open already. Raises CycleRefusal."""
    cycle = session.get(Cycle, month)
    if cycle is not None:
        if cycle.is_open:
            return False
        raise CycleRefusal(
            _("%(month)s was opened before and is closed. Reopen it, with a reason.", month=format_month(month))
        )
    today = at.astimezone(zone).date()
    if first_day(month) > today:
        raise CycleRefusal(
            _(
                "%(month)s has not begun: a cycle opens on day 1 of its month, this one on %(day)s.",
                month=format_month(month),
                day=ImpreciseDate.day(first_day(month)).words(),
            )
        )
    newest = newest_cycle(session)
    if newest is not None and month < newest.month:
        raise CycleRefusal(
            _(
                "%(newest)s has been opened already; a month before it cannot be put in afterwards.",
                newest=format_month(newest.month),
            )
        )
    due = due or default_due(month, zone)
    _check_due(month, due, zone)
    try:
        with session.begin_nested():
            session.add(Cycle(month=month, opened_at=at, due_at=due))
            session.flush()
    except IntegrityError as error:  # somebody opened it at this moment
        if not is_conflict(error):
            raise
        return False
    audit(session, "cycle.opened", by=by, by_name="command line", month=month)
    return True


def months_to_open(session: Session, today: date) -> list[str]:
    """The months the calendar says should be open and are not: from the newest cycle on, or this month.

    Raises CycleRefusal when so many are missing that the clock is more likely wrong than the records.
    """
    newest, current = newest_cycle(session), month_of(today)
    if newest is None:
        return [current]
    missing = months_between(newest.month, current)
    if missing > MAX_OPENED_AT_ONCE:
        raise CycleRefusal(
            _(
                "The newest cycle is %(newest)s and the clock of this machine says %(current)s. Check the clock; if "
                "it is right, open the months one by one with `interagency cycle open YYYY-MM`.",
                newest=newest.month,
                current=current,
            )
        )
    return [month_after(newest.month, count) for count in range(1, missing + 1)]


def _check_due(month: str, due: datetime, zone: ZoneInfo) -> None:
    local = due.astimezone(zone).date()
    if local < first_day(month) or months_between(month, month_of(local)) > 12:
        raise CycleRefusal(
            _(
                "The due date of %(month)s lies between its first day and a year later; %(local)s does not.",
                month=format_month(month),
                local=ImpreciseDate.day(local).words(),
            )
        )


def set_due(session: Session, cycle: Cycle, due: datetime, *, zone: ZoneInfo, by: Person, at: datetime) -> None:
    """Move the due date of all. Raises CycleRefusal."""
    if not cycle.is_open:
        raise CycleRefusal(_("%(month)s is closed. Reopen it first.", month=format_month(cycle.month)))
    _check_due(cycle.month, due, zone)
    audit(session, "cycle.due", by=by, month=cycle.month, was=cycle.due_at.isoformat(), due=due.isoformat())
    if due != cycle.due_at:
        cycle.due_at, cycle.due_set_at = due, at


def extend(
    session: Session, cycle: Cycle, entity: Organisation, due: datetime, *, zone: ZoneInfo, by: Person, at: datetime
) -> None:
    """Give one entity its own, later date. Raises CycleRefusal."""
    if not cycle.is_open:
        raise CycleRefusal(_("%(month)s is closed. Reopen it first.", month=format_month(cycle.month)))
    _check_due(cycle.month, due, zone)
    if due <= cycle.due_at:
        raise CycleRefusal(
            _("An extension lies after the date of all. Move the date of all instead, or choose a later one.")
        )
    extension = session.get(Extension, (cycle.month, entity.id))
    if extension is None:
        extension = Extension(cycle_month=cycle.month, entity_id=entity.id)
        session.add(extension)
    extension.due_at, extension.given_by_id, extension.given_at = due, by.id, at
    audit(session, "cycle.extended", by=by, month=cycle.month, entity=entity.key, due=due.isoformat())


def reopen(session: Session, month: str, reason: str, *, by: Person, at: datetime) -> Cycle:
    """Open a closed month again. Only the last closed one; its edition stays. Raises CycleRefusal."""
    if not reason:
        raise CycleRefusal(_("Write why the month is reopened; the reason stands in the log and on the month's page."))
    cycle = session.get(Cycle, month, with_for_update=True)
    if cycle is None:
        raise CycleRefusal(_("There is no cycle %(month)s.", month=month))
    if cycle.is_open:
        raise CycleRefusal(_("%(month)s is open.", month=format_month(month)))
    last = session.scalar(sa.select(sa.func.max(Cycle.month)).where(Cycle.state == CycleState.CLOSED))
    if last != month:
        raise CycleRefusal(
            _(
                "Only the last closed month can be reopened, %(last)s. Corrections to an older month stand in the "
                "current one.",
                last=format_month(last),
            )
        )
    cycle.state, cycle.reopened_at, cycle.reopened_reason = CycleState.OPEN, at, reason
    cycle.version += 1
    audit(session, "cycle.reopened", by=by, month=month, reason=reason)
    return cycle


def editions_of(session: Session, month: str) -> list[Edition]:
    """The editions of a month, newest first, without their contents."""
    query = sa.select(Edition).options(sa.orm.defer(Edition.contents)).where(Edition.cycle_month == month)
    return list(session.scalars(query.order_by(Edition.issue.desc())))
