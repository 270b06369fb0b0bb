"""Measures for Prometheus: what the workers count, and what the database says when asked.

Nothing here names a person or a record: endpoints and methods are known words. The workers count into shared files
(PROMETHEUS_MULTIPROC_DIR, set by `serve`); a process of its own (`metrics_server`) adds them up and serves them at
INTERAGENCY_METRICS_BIND, away from the pages.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Flask, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import event
from sqlalchemy.pool import Pool
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from interagency.settings import Settings

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
FEED = "subscriptions.feed"

registry = CollectorRegistry()
REQUESTS = Counter("interagency_requests", "Requests answered.", ["endpoint", "method", "status"], registry=registry)
DURATIONS = Histogram(
    "interagency_request_seconds", "How long answers took.", ["endpoint", "method"], buckets=SECONDS, registry=registry
)
FEEDS = Counter("interagency_feed_requests", "Calendar feeds asked for.", ["conditional", "status"], registry=registry)
CONNECTIONS = Gauge(
    "interagency_database_connections_in_use",
    "Connections to the database that requests hold now.",
    multiprocess_mode="livesum",
    registry=registry,
)


def prepare(app: Flask, settings: Settings) -> None:
    """Let `app` count, when a place is named where the counts are served."""
    if not settings.metrics_bind:
        return
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_count)
    if not event.contains(Pool, "checkout", _taken):
        event.listen(Pool, "checkout", _taken)
        event.listen(Pool, "checkin", _given_back)


def _begin() -> None:
    g.begun = time.perf_counter()


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    status = str(response.status_code)
    REQUESTS.labels(endpoint, method, status).inc()
    if "begun" in g:
        DURATIONS.labels(endpoint, method).observe(time.perf_counter() - g.begun)
    return response


def count_feed(environ: dict[str, Any], status: str, seconds: float) -> None:
    """Count an answer of the feeds, which Flask does not see."""
    method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in METHODS else "other"
    REQUESTS.labels(FEED, method, status).inc()
    DURATIONS.labels(FEED, method).observe(seconds)
    conditional = "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ
    FEEDS.labels("yes" if conditional else "no", status).inc()


def _taken(*_of_the_pool: Any) -> None:
    CONNECTIONS.inc()


def _given_back(*_of_the_pool: Any) -> None:
    CONNECTIONS.dec()


class Asked:
    """What the database says at the moment of asking; only that it is down, when it is."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def describe(self) -> list[Any]:
        """Nothing beforehand, so that starting needs no database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The measures, one after the other."""
        from interagency.db.base import db

        with self._app.app_context():
            try:
                found = list(_measured())
            except sa.exc.SQLAlchemyError:
                found = []
            finally:
                db.session.close()
        yield GaugeMetricFamily("interagency_database_up", "Whether the database answers.", float(bool(found)))
        yield from found


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at is not None else 0


def _measured() -> Iterator[GaugeMetricFamily]:
    from interagency.db.base import db
    from interagency.matrix.cycles.board import cycle_lines
    from interagency.operations.state import read_state
    from interagency.web.context import settings, utc_now

    session = db.session
    state = read_state(session, settings())
    for name, meaning, value in (
        ("outbox_waiting", "Mails written and not sent.", state.mails_waiting),
        ("outbox_given_up", "Mails that will not be tried again by themselves.", state.mails_given_up),
        (
            "outbox_oldest_failed_timestamp_seconds",
            "When the oldest mail that failed was written; 0 when none failed.",
            _seconds(state.oldest_failed_mail),
        ),
        (
            "last_backup_timestamp_seconds",
            "When the newest backup was made; 0 when never.",
            _seconds(state.last_backup),
        ),
        (
            "last_tick_timestamp_seconds",
            "When the scheduler ran last (`interagency cycle tick`); 0 when never.",
            _seconds(state.last_tick),
        ),
        ("last_tick_failed", "1 where that run stopped at something.", int(bool(state.last_tick_problem))),
        ("migrated", "1 where the database is at the newest migration.", int(state.is_migrated)),
        ("database_size_bytes", "How large the database is.", state.database_size or 0),
        ("disk_free_bytes", "How much of the disk of the data folder is free.", state.disk_free),
        ("disk_size_bytes", "How large that disk is.", state.disk_total),
        (
            "single_sign_on_certificate_end_timestamp_seconds",
            "Until when the certificate of single sign-on is valid; 0 where there is none, 1 where it does not hold.",
            1 if state.certificate_problem else _seconds(state.certificate_until),
        ),
    ):
        yield GaugeMetricFamily(f"interagency_{name}", meaning, value)
    expected = GaugeMetricFamily("interagency_cycle_expected", "Entities asked, by open month.", labels=["month"])
    answered = GaugeMetricFamily("interagency_cycle_answered", "Entities that answered.", labels=["month"])
    for line in cycle_lines(session, utc_now()):
        if line.cycle.is_open:
            expected.add_metric([line.cycle.month], line.expected)
            answered.add_metric([line.cycle.month], line.answered)
    yield expected
    yield answered


def everything(app: Flask) -> CollectorRegistry:
    """What is served: the counts of all workers, and what the database says."""
    whole = CollectorRegistry()
    MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
    whole.register(Asked(app))
    return whole
