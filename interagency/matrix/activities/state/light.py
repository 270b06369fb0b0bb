"""Whether the record of an activity is in step: by the age of its last confirmation, and by its dates.

The one place for what makes a record stale or its dates doubtful: lists, pages, workbook, the months of focal points
and the coordinator's remarks ask here.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from interagency.matrix.activities.models import Activity, ActivityEntity, Participation, Status

LIVE = (Status.PLANNED, Status.ONGOING, Status.SUSPENDED)
STALE_AFTER = 3  # months since the last confirmation
STALE_AFTER_WORDS = "three months"
Condition = sa.ColumnElement[bool]


class Light(enum.StrEnum):
    """How a record stands, the worst last."""

    IN_STEP = "in_step"
    TO_LOOK_AT = "to_look_at"
    STALE = "stale"


LIGHT_LABELS = {
    Light.IN_STEP: _l("In step"),
    Light.TO_LOOK_AT: _l("To look at"),
    Light.STALE: _l("Stale"),
}
LIGHT_RULES = {
    Light.STALE: _l(
        "It is planned, ongoing or suspended, and an entity that takes part has not confirmed it for three months or "
        "more."
    ),
    Light.TO_LOOK_AT: _l(
        "Its end has passed and it is not said to be over, or it should have begun and is still planned."
    ),
    Light.IN_STEP: _l("Everything else, what is completed or cancelled among it."),
}


def stale_limit(month: str) -> str:
    """The last month whose confirmation is stale in `month`, both as `2026-08`."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 - STALE_AFTER
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _old(month: str) -> date:
    """The day before which a record is old that was never confirmed."""
    limit = stale_limit(month)
    year, number = int(limit[:4]), int(limit[5:])
    return date(year + number // 12, number % 12 + 1, 1)


def has_ended(status: Any, live: Iterable[enum.StrEnum], last_day: Any, day: date) -> Condition:
    """The end of a record has passed on `day`, and its status is still one of those `live`."""
    return sa.and_(status.in_(list(live)), last_day < day)


def should_have_begun(day: date) -> Condition:
    """The first day of an activity has passed on `day`, and it is still planned."""
    return sa.and_(Activity.status == Status.PLANNED, Activity.start_last < day)


def is_stale(link: Any, created_at: Any, month: str) -> Condition:
    """In the cycle of `month` an entity last confirmed its part `link` `STALE_AFTER` months ago or before; or never,
    and the record is that old."""
    old = _midnight(_old(month))
    return sa.or_(link.confirmed_month <= stale_limit(month), sa.and_(link.confirmed_month.is_(None), created_at < old))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def light_column(day: date) -> sa.ColumnElement[str]:
    """The light of each activity on `day`, as a column of a query on activities.

    As `is_stale`, but asked once for all activities and not for each.
    """
    month = f"{day:%Y-%m}"
    parts = sa.select(ActivityEntity.activity_id).where(ActivityEntity.participation == Participation.CONFIRMED)
    long_ago = Activity.id.in_(parts.where(ActivityEntity.confirmed_month <= stale_limit(month)))
    never = Activity.id.in_(parts.where(ActivityEntity.confirmed_month.is_(None)))
    stale = sa.or_(long_ago, sa.and_(Activity.created_at < _midnight(_old(month)), never))
    dates = sa.or_(has_ended(Activity.status, LIVE, Activity.end_last, day), should_have_begun(day))
    return sa.case(
        (sa.and_(Activity.status.in_(LIVE), stale), Light.STALE.value),
        (dates, Light.TO_LOOK_AT.value),
        else_=Light.IN_STEP.value,
    )


def light_of(
    status: str,
    start_last: date | None,
    end_last: date | None,
    confirmed: Sequence[str | None],
    created: date,
    day: date,
) -> Light:
    """The light of one activity on `day`. `confirmed`: the month by each entity that takes part, None for never."""
    if status not in LIVE:
        return Light.IN_STEP
    month = f"{day:%Y-%m}"
    limit, old = stale_limit(month), _old(month)
    if any(one <= limit if one else created < old for one in confirmed):
        return Light.STALE
    has_passed = end_last is not None and end_last < day
    is_late = status == Status.PLANNED and start_last is not None and start_last < day
    return Light.TO_LOOK_AT if has_passed or is_late else Light.IN_STEP


def light_of_activity(activity: Activity, day: date) -> Light:
    """The light of an activity as it stands in memory."""
    confirmed = [one.confirmed_month for one in activity.entities if one.participation is Participation.CONFIRMED]
    created = activity.created_at.astimezone(UTC).date()
    return light_of(activity.status.value, activity.start_last, activity.end_last, confirmed, created, day)
