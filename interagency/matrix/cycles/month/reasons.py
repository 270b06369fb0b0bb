"""Why a record needs a look: the one source for a focal point's month and for the coordinator's remarks on quality."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from interagency.matrix.activities.models import Activity, ActivityEntity
from interagency.matrix.activities.state.light import LIVE, STALE_AFTER, has_ended, is_stale, should_have_begun
from interagency.matrix.cycles.months import format_month, months_between

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


def activity_reasons(month: str, day: date) -> dict[Reason, Condition]:
    """What can be noticed in an activity and an entity's part in it (`ActivityEntity`, joined), as SQL conditions."""
    return {
        Reason.ENDED: has_ended(Activity.status, LIVE, Activity.end_last, day),
        Reason.NOT_BEGUN: should_have_begun(day),
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
