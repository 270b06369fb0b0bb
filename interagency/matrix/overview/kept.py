"""Counts of the whole matrix, kept by each process until a record changes: many look between two changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar, cast

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from interagency.db.base import Model
from interagency.db.history import Change
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity

MOST = 64  # counts under different filters that a process keeps
Counts = TypeVar("Counts")


@dataclass(slots=True)
class _Kept:
    """Counts by what they count, with the revision they were counted at; the latest used last."""

    counts: OrderedDict[Hashable, tuple[Hashable, object]] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)


def kept_counts(
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
    kept: _Kept = current_app.extensions.setdefault("interagency_kept_counts", _Kept())
    # History tells of every change; a record that was loaded without history has a new number.
    newest = (sa.select(sa.func.max(model.id)).scalar_subquery() for model in (Change, Activity, *besides))  # type: ignore[attr-defined]
    revision = tuple(session.execute(sa.select(*newest)).one())
    key = (what, tuple(filters.pairs()), tuple(mine))
    with kept.lock:
        known = kept.counts.pop(key, None)
        if known is not None and known[0] == revision:
            kept.counts[key] = known
            return cast("Counts", known[1])
    counted = count()
    with kept.lock:
        kept.counts[key] = (revision, counted)
        while len(kept.counts) > MOST:
            kept.counts.popitem(last=False)
    return counted
