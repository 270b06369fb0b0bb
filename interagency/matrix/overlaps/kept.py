"""The pairs of look-alikes, found in a thread beside the request and kept by each process until an activity changes.

To compare a whole matrix takes seconds. No page waits for it longer than `WAIT`: it shows what is kept, and says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, Thread

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Session

from interagency.db.base import db, reading
from interagency.db.history import Action, Change
from interagency.matrix.activities.models import Activity
from interagency.matrix.overlaps.pairs import Pair, all_pairs
from interagency.web.context import utc_now

KEPT = 20_000  # pairs, the likest: nobody reads more, and of 20,000 activities there are eight times as many
WAIT = 0.5  # seconds a page waits for pairs that are up to date; small matrices are compared by then
WAIT_FOR_NUMBERS = 0.1  # seconds, of a page that tells their number only and can do without
log = logging.getLogger("interagency")


@dataclass(frozen=True, slots=True)
class Found:
    """Pairs as they were found `at` an instant; `is_current` when no activity has changed since.

    `left_out` is how many less alike ones are not kept.
    """

    pairs: list[Pair]
    left_out: int
    at: datetime | None
    is_current: bool


@dataclass(slots=True)
class _Kept:
    """What one process keeps: the pairs, the newest change and activity they know, and the thread at work."""

    pairs: list[Pair] = field(default_factory=list)
    left_out: int = 0
    at: datetime | None = None
    change: int = 0
    activity: int = 0
    thread: Thread | None = None
    lock: Lock = field(default_factory=Lock)


def kept_pairs(session: Session, *, wait: float | None = None) -> Found:
    """The pairs of `all_pairs`, at most `wait` seconds later (`WAIT` unless given); older ones, or none yet, while
    they are being found."""
    kept: _Kept = current_app.extensions.setdefault("interagency_kept_pairs", _Kept())
    if not _is_current(session, kept):
        _find(kept).join(WAIT if wait is None else wait)
        return Found(kept.pairs, kept.left_out, kept.at, _is_current(session, kept))
    return Found(kept.pairs, kept.left_out, kept.at, is_current=True)


def _is_current(session: Session, kept: _Kept) -> bool:
    # A month that is confirmed changes nothing that is compared.
    told = sa.exists().where(
        Change.id > kept.change, Change.record_type == Activity.__tablename__, Change.action != Action.CONFIRMED
    )
    change, activity, is_changed = session.execute(sa.select(*_newest(), told)).one()
    if kept.at is None or is_changed or activity != kept.activity:
        return False
    kept.change = max(kept.change, change)
    return True


def _newest() -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """The newest change of any record, and the newest activity: activities can be loaded without history."""
    newest = [sa.select(sa.func.coalesce(sa.func.max(model.id), 0)).scalar_subquery() for model in (Change, Activity)]
    return newest[0], newest[1]


def _find(kept: _Kept) -> Thread:
    """The thread that finds the pairs anew: the one that is at work, or another."""
    with kept.lock:
        if kept.thread is None or not kept.thread.is_alive():
            app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
            kept.thread = Thread(target=_work, args=(app, kept), name="look-alikes", daemon=True)
            kept.thread.start()
        return kept.thread


def _work(app: Flask, kept: _Kept) -> None:
    with app.app_context():
        try:
            with reading():
                change, activity = db.session.execute(sa.select(*_newest())).one()
                pairs = all_pairs(db.session).pairs
            kept.pairs, kept.left_out = pairs[:KEPT], max(0, len(pairs) - KEPT)
            kept.at, kept.change, kept.activity = utc_now(), change, activity
        except Exception:
            log.exception("look-alikes were not found")
