"""The pairs of look-alikes, found in a thread beside the request and cached by each process until an activity changes.

To compare a whole matrix takes seconds. No page waits for it longer than `WAIT`: it shows what is cached, and says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, Thread
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Session

from interagency.db.base import db, reading
from interagency.db.history import Action, Change, newest
from interagency.matrix.activities.models import Activity
from interagency.matrix.overlaps.pairs import Pair, all_pairs
from interagency.web.context import utc_now

MAX_PAIRS = 20_000  # pairs, the likest: nobody reads more, and of 20,000 activities there are eight times as many
WAIT = 0.5  # seconds a page waits for pairs that are up to date; small matrices are compared by then
WAIT_FOR_NUMBERS = 0.1  # seconds, of a page that tells their number only and can do without
log = logging.getLogger("interagency")


@dataclass(frozen=True, slots=True)
class CachedPairs:
    """Pairs as they were found `at` an instant; `is_current` when no activity has changed since.

    `left_out` is how many less alike ones are not cached.
    """

    pairs: list[Pair]
    left_out: int
    at: datetime | None
    is_current: bool


@dataclass(slots=True)
class _PairCache:
    """What one process has: the pairs, the newest change and activity they know, and the thread at work."""

    pairs: list[Pair] = field(default_factory=list)
    left_out: int = 0
    at: datetime | None = None
    change: int = 0
    activity: int = 0
    thread: Thread | None = None
    lock: Lock = field(default_factory=Lock)


def cached_pairs(session: Session, *, wait: float | None = None) -> CachedPairs:
    """The pairs of `all_pairs`, at most `wait` seconds later (`WAIT` unless given); older ones, or none yet, while
    they are being found."""
    cache: _PairCache = current_app.extensions.setdefault("interagency_pair_cache", _PairCache())
    if not _is_current(session, cache):
        _find(cache).join(WAIT if wait is None else wait)
        return CachedPairs(cache.pairs, cache.left_out, cache.at, _is_current(session, cache))
    return CachedPairs(cache.pairs, cache.left_out, cache.at, is_current=True)


def _is_current(session: Session, cache: _PairCache) -> bool:
    # A month that is confirmed changes nothing that is compared.
    told = sa.exists().where(
        Change.id > cache.change, Change.record_type == Activity.__tablename__, Change.action != Action.CONFIRMED
    )
    columns: list[sa.ColumnElement[Any]] = [*newest(Activity), told]
    change, activity, is_changed = session.execute(sa.select(*columns)).one()
    if cache.at is None or is_changed or activity != cache.activity:
        return False
    cache.change = max(cache.change, change)
    return True


def _find(cache: _PairCache) -> Thread:
    """The thread that finds the pairs anew: the one that is at work, or another."""
    with cache.lock:
        if cache.thread is None or not cache.thread.is_alive():
            app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
            cache.thread = Thread(target=_work, args=(app, cache), name="look-alikes", daemon=True)
            cache.thread.start()
        return cache.thread


def _work(app: Flask, cache: _PairCache) -> None:
    with app.app_context():
        try:
            with reading():
                change, activity = db.session.execute(sa.select(*newest(Activity))).one()
                pairs = all_pairs(db.session).pairs
            cache.pairs, cache.left_out = pairs[:MAX_PAIRS], max(0, len(pairs) - MAX_PAIRS)
            cache.at, cache.change, cache.activity = utc_now(), change, activity
        except Exception:
            log.exception("look-alikes were not found")
