"""Why a record needs a look: the one source for a focal point's month and for the coordinator's remarks on quality."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from interagency.matrix.activities.models import Activity, ActivityEntity, Status
from interagency.matrix.cycles.confirming import LIVE
from interagency.matrix.cycles.months import first_day, format_month, month_after, months_between

STALE_AFTER = 3  # months since the last confirmation
Condition = sa.ColumnElement[bool]


class Reason(enum.StrEnum):
    """Why a record needs a look before it is confirmed, the most pressing first."""

    ASKED = "asked"
    CHANGED = "changed"
    ENDED = "ended"
    NOT_BEGUN = "not_begun"
    STALE = "stale"
    RETURNED = "returned"


ORDER = tuple(Reason)
HEADINGS = {
    Reason.ASKED: _l("You were named: do you take part?"),
    Reason.CHANGED: _l("Changed by others since you last confirmed it"),
    Reason.ENDED: _l("The end has passed, and it is not said to be over"),
    Reason.NOT_BEGUN: _l("Should have begun, and is still planned"),
    Reason.STALE: _l("Not confirmed for three months or more"),
    Reason.RETURNED: _l("Confirmed by the answer that was returned to you"),
}


@lru_cache(maxsize=256)
def by_urgency(reasons: tuple[str, ...]) -> tuple[Reason, ...]:
    """The reasons in their order, each once."""
    given = set(reasons)
    return tuple(reason for reason in ORDER if reason in given)


def which_hold(reasons: Iterable[Reason], found: Sequence[bool | None]) -> tuple[Reason, ...]:
    """Those of the reasons whose condition holds, given what the database found for each, in their order."""
    return tuple(reason for reason, holds in zip(reasons, found, strict=True) if holds)


def has_ended(status: Any, live: Iterable[enum.StrEnum], last_day: Any, day: date) -> Condition:
    """The end of a record has passed on `day`, and its status is still one of those `live`."""
    return sa.and_(status.in_(list(live)), last_day < day)


def is_stale(link: Any, created_at: Any, month: str) -> Condition:
    """In the cycle of `month` an entity last confirmed its part `link` `STALE_AFTER` months ago or before; or never,
    and the record is that old."""
    limit = month_after(month, -STALE_AFTER)
    old = datetime.combine(first_day(month_after(limit)), datetime.min.time(), UTC)
    return sa.or_(link.confirmed_month <= limit, sa.and_(link.confirmed_month.is_(None), created_at < old))


def activity_reasons(month: str, day: date) -> dict[Reason, Condition]:
    """What can be noticed in an activity and an entity's part in it (`ActivityEntity`, joined), as SQL conditions."""
    return {
        Reason.ENDED: has_ended(Activity.status, LIVE, Activity.end_last, day),
        Reason.NOT_BEGUN: sa.and_(Activity.status == Status.PLANNED, Activity.start_last < day),
        Reason.STALE: sa.and_(Activity.status.in_(LIVE), is_stale(ActivityEntity, Activity.created_at, month)),
    }


def staleness(confirmed_month: str | None, month: str) -> int | None:
    """Months since a record was confirmed, seen from `month`; None when it never was."""
    return max(0, months_between(confirmed_month, month)) if confirmed_month else None


def confirmed_label(confirmed_month: str | None, month: str) -> str:
    """When a record was last confirmed, seen from `month`: `last confirmed June 2026, 5 months ago`."""
    months = staleness(confirmed_month, month)
    if months is None:
        return str(_("never confirmed"))
    words = format_month(confirmed_month)
    if months == 0:
        return str(_("confirmed for %(month)s", month=words))
    if months < STALE_AFTER:
        return str(_("last confirmed %(month)s", month=words))
    return str(
        ngettext(
            "last confirmed %(month)s, %(num)s month ago",
            "last confirmed %(month)s, %(num)s months ago",
            months,
            month=words,
        )
    )
