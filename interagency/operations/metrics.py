"""Measures for Prometheus: what the workers count, and what the database says when asked.

Nothing here names a person or a record: endpoints and methods are known words. The workers count into shared files
(PROMETHEUS_MULTIPROC_DIR, set by `serve`); a process of its own (`metrics_server`) adds them up and serves them at
INTERAGENCY_METRICS_BIND, away from the pages.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
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


def _measured() -> Iterator[GaugeMetricFamily]:
    from interagency.db.base import db
    from interagency.db.history import AuditEntry
    from interagency.mail.models import OutboxMessage
    from interagency.mail.outbox import pending_count
    from interagency.matrix.cycles.board import cycle_lines
    from interagency.web.context import utc_now

    session, one = db.session, OutboxMessage
    yield GaugeMetricFamily("interagency_outbox_waiting", "Mails written and not sent.", pending_count(session))
    given_up = (one.sent_at.is_(None), one.next_try_at.is_(None))
    count = session.scalar(sa.select(sa.func.count()).select_from(one).where(*given_up)) or 0
    yield GaugeMetricFamily("interagency_outbox_given_up", "Mails that will not be tried again by themselves.", count)
    oldest = session.scalar(sa.select(sa.func.min(one.written_at)).where(one.sent_at.is_(None), one.tries > 0))
    yield GaugeMetricFamily(
        "interagency_outbox_oldest_failed_timestamp_seconds",
        "When the oldest mail that failed was written; 0 when none failed.",
        oldest.timestamp() if oldest else 0,
    )
    backed_up = session.scalar(sa.select(sa.func.max(AuditEntry.at)).where(AuditEntry.act == "backup.made"))
    yield GaugeMetricFamily(
        "interagency_last_backup_timestamp_seconds",
        "When the newest backup was made; 0 when never.",
        backed_up.timestamp() if backed_up else 0,
    )
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
