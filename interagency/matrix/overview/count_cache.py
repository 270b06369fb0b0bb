"""Counts of the whole matrix, cached until a record changes: many look between two changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from sqlalchemy.orm import Session

from interagency.db.base import Model
from interagency.db.history import revision
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity
from interagency.web.state_cache import cached

Counts = TypeVar("Counts")


def cached_counts(
    session: Session,
    what: tuple[Hashable, ...],
    filters: Filters,
    mine: Iterable[str],
    count: Callable[[], Counts],
    *,
    besides: tuple[type[Model], ...] = (),
) -> Counts:
    """What `count` counts under `filters`: counted now, or earlier if no record has changed since.

    `what` tells it from other counts, and `besides` names the tables it reads beside the activities. What is returned
    is shared: plain keys and numbers that nobody changes, no rows of the database and no names.
    """
    if filters.get("light") or any(one.startswith("light:") for one in filters.get("also")):
        return count()  # it changes with the day, and with what is confirmed
    key = ("counts", what, tuple(filters.pairs()), tuple(mine))
    return cached(key, revision(session, Activity, *besides), count)
