"""The feeds, served whole by a small WSGI application before Flask: they need no session, form or page."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import sqlalchemy as sa
from flask import Flask, Response, g
from flask_babel import gettext as _
from werkzeug.datastructures import Accept
from werkzeug.http import http_date, parse_accept_header, parse_date, parse_etags

from interagency.accounts.models import Person
from interagency.accounts.tokens import note_use
from interagency.calendar.events.models import Event
from interagency.calendar.feeds.building import CONTENT_TYPE
from interagency.calendar.feeds.event_cache import BATCH, EventCache, Feed, FeedCache, event_cache
from interagency.calendar.feeds.models import Subscription
from interagency.calendar.feeds.publishing import in_feeds
from interagency.calendar.feeds.state import STATEMENTS, FeedState, parameters, state_from
from interagency.calendar.feeds.subscriptions import feed_address, make_feed
from interagency.db.base import db, now, read_only
from interagency.db.engines import FEEDS
from interagency.settings import Settings
from interagency.web.context import today, utc_now_of
from interagency.web.headers import NOT_CACHED, security_headers
from interagency.web.request_id import assign_request_id, host_is_trusted

log = logging.getLogger("interagency")
# The rule and who may open it, as the routes of the pages state theirs.
ROUTE, ACCESS = "/feeds/<token>.ics", "public"
CACHE_CONTROL = "private, max-age=900"
_ADDRESS = re.compile(r"/feeds/([^/]+)\.ics/?")
# What the bytes are, what they depend on, and whether they are compressed.
_TAG = re.compile(r'"[0-9a-f]{32}\.([0-9a-f]{32})(-gzip)?"')

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Count = Callable[[Environ, str, float], None]


class Answer(NamedTuple):
    """A status, its own headers, and the body."""

    status: HTTPStatus
    headers: Headers
    body: bytes = b""


class FeedApp:
    """Serves /feeds/TOKEN.ics: GET and HEAD, conditions, gzip, and the use noted; all else is Flask's.

    "Not changed" costs one statement: an ETag names the state of everything the bytes depend on.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app, self.settings, self.flask = app, settings, app.wsgi_app
        self.headers = list(security_headers(settings).items())
        self.feeds = FeedCache()
        self.count: Count | None = None  # what the measures are told: environ, status, seconds
        app.extensions["interagency_feeds"] = self
        app.extensions["interagency_event_cache"] = EventCache()
        with app.app_context():
            self.engine = db.engines[FEEDS]

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        found = _ADDRESS.fullmatch(environ.get("PATH_INFO", ""))
        if found is None or not host_is_trusted(self.app, environ):
            return self.flask(environ, start_response)
        begun = time.perf_counter()
        request_id = assign_request_id(environ, self.settings)
        environ["interagency.path"] = ROUTE
        try:
            answer = self._answer(environ, found[1])
        except Exception as error:
            return self._failed(environ, error)(environ, start_response)
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else answer.body
        status = f"{answer.status.value} {answer.status.phrase.upper()}"
        start_response(status, [*answer.headers, *self.headers, ("X-Request-ID", request_id)])
        if self.count is not None:
            self.count(environ, str(answer.status.value), time.perf_counter() - begun)
        return [body] if body else []

    def _answer(self, environ: Environ, token: str) -> Answer:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            with self._context(environ):
                words = _("This address is a calendar: it can be fetched and nothing else.")
                return _in_words(HTTPStatus.METHOD_NOT_ALLOWED, words, ("Allow", "GET, HEAD"))
        query = environ.get("QUERY_STRING", "")
        whole_past = bool(query) and parse_qs(query).get("past", [""])[0] == "all"
        asked_at = now()
        state = self._state(environ, token, whole_past)
        if state is None:
            with self._context(environ):
                words = _(
                    "This calendar address does not work any more. Sign in and make a new one under Subscriptions."
                )
                return _in_words(HTTPStatus.NOT_FOUND, words)
        gzipped = self.settings.feed_compression and _wants_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        answer = _unchanged_state(environ, state, gzipped=gzipped) or _conditional(
            environ,
            self.feeds.get(state.name, lambda: self._make(environ, state, token, whole_past)),
            state,
            gzipped,
            asked_at,
        )
        if not state.use_is_noted:
            with self._context(environ):
                note_use(token)
        return answer

    def _context(self, environ: Environ) -> Any:
        """A context of the application that reads only, for the little that needs one."""
        return read_only(self.app, request_id=environ["interagency.request_id"])

    def _state(self, environ: Environ, token: str, whole_past: bool) -> FeedState | None:
        """Read before anything else of the feed: what is read later is never older."""
        at, dialect = utc_now_of(self.app), self.engine.dialect
        values = parameters(token, at, dialect.name)
        try:
            with closing(self.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
                cursor.execute(STATEMENTS[dialect.name], values)
                row: Any = cursor.fetchone()
        except (sa.exc.SQLAlchemyError, dialect.loaded_dbapi.Error):
            # The server may have ended all these connections. The pool of the pages asks whether it is there.
            self.engine.dispose()
            with self._context(environ):
                row = db.session.connection().exec_driver_sql(STATEMENTS[dialect.name], values).first()
        return state_from(row, token, at, whole_past=whole_past, settings=self.settings)

    def _make(self, environ: Environ, state: FeedState, token: str, whole_past: bool) -> Feed:
        with self._context(environ):
            subscription = db.session.get_one(Subscription, state.subscription_id)
            person = db.session.get_one(Person, state.person_id)
            base = self.settings.base_url
            address = feed_address(base, token)
            return make_feed(db.session, person, subscription, address, base_url=base, whole_past=whole_past)

    def _failed(self, environ: Environ, error: Exception) -> Response:
        """The page that says what is wrong, and the line in the log, as for any other address."""
        with self.app.request_context(environ):
            g.request_id = environ["interagency.request_id"]
            try:
                return self.app.finalize_request(self.app.handle_user_exception(error))
            except Exception as unexpected:
                return self.app.handle_exception(unexpected)

    def warm(self) -> None:
        """Make the bytes of all events in feeds, so that the first who asks need not wait. For a thread of its own."""
        with read_only(self.app):
            try:
                conditions = [Event.is_listed, *in_feeds(today())]
                ids = list(db.session.scalars(sa.select(Event.id).where(*conditions).order_by(Event.id)))
                for start in range(0, len(ids), BATCH):
                    some = [Event.id.in_(ids[start : start + BATCH])]
                    event_cache().blocks(db.session, some, self.settings.base_url)
                    db.session.rollback()
                    db.session.expunge_all()
            except sa.exc.SQLAlchemyError as error:
                log.info("feeds are not made beforehand: %s", type(error).__name__)


@lru_cache(maxsize=128)
def _wants_gzip(accepted: str) -> bool:
    """Whether gzip is asked for by name (RFC 9110, 12.5.3)."""
    encodings = parse_accept_header(accepted, Accept)
    return encodings["gzip"] > 0 and "gzip" in encodings.values()


def _tag(feed: Feed, state: FeedState, *, gzipped: bool) -> str:
    return f'"{feed.digest}.{state.name}{"-gzip" if gzipped else ""}"'


def _unchanged(tag: str) -> Answer:
    headers = [("ETag", tag), ("Cache-Control", CACHE_CONTROL), ("Vary", "Accept-Encoding")]
    return Answer(HTTPStatus.NOT_MODIFIED, headers)


def _unchanged_state(environ: Environ, state: FeedState, *, gzipped: bool) -> Answer | None:
    """ "Not changed" for whoever has the bytes of this very state: the feed itself need not be here."""
    for found in _TAG.finditer(environ.get("HTTP_IF_NONE_MATCH", "")):
        if found[1] == state.name and bool(found[2]) == gzipped:
            return _unchanged(found[0])
    return None


def _last_modified(feed: Feed, asked_at: datetime) -> str:
    """When the feed last changed, for the header. As long as the second of a change goes on it may change once more
    within it, and then is another state (RFC 9110, 8.8.2.2): until then it is dated a second before.
    """
    may_change = timedelta(minutes=-1) < asked_at - feed.changed_at < timedelta(seconds=1)
    return http_date(feed.changed_at - timedelta(seconds=may_change))


def _conditional(environ: Environ, feed: Feed, state: FeedState, gzipped: bool, asked_at: datetime) -> Answer:
    """The feed, or "not changed" for whoever has the same bytes, from whatever state (RFC 9110, 13.2.2)."""
    tag = _tag(feed, state, gzipped=gzipped)
    if tags := environ.get("HTTP_IF_NONE_MATCH"):
        known = parse_etags(tags)
        same = [one for one in known.as_set(include_weak=True) if one.startswith(f"{feed.digest}.")]
        if known.star_tag or any(one.endswith("-gzip") == gzipped for one in same):
            return _unchanged(tag)
    else:
        since = parse_date(environ.get("HTTP_IF_MODIFIED_SINCE"))
        if since is not None and feed.changed_at <= since:
            return _unchanged(tag)
    body = feed.compressed if gzipped else feed.body
    return Answer(
        HTTPStatus.OK,
        [
            ("Content-Type", CONTENT_TYPE),
            ("Content-Length", str(len(body))),
            *([("Content-Encoding", "gzip")] if gzipped else []),
            ("ETag", tag),
            ("Last-Modified", _last_modified(feed, asked_at)),
            ("Cache-Control", CACHE_CONTROL),
            ("Vary", "Accept-Encoding"),
        ],
        body,
    )


def _in_words(status: HTTPStatus, message: str, *headers: tuple[str, str]) -> Answer:
    body = f"{message}\n".encode()
    plain = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return Answer(status, [*plain, *headers, ("Cache-Control", NOT_CACHED)], body)
