"""What a subscriber hears before the application is asked: "not changed", or a feed that is at hand."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakMethod

import sqlalchemy as sa
from flask import Flask

from interagency.calendar.feed_state import FeedState, read_state
from interagency.calendar.ready import CACHE_CONTROL, feed_at_hand
from interagency.database import db
from interagency.settings import Settings
from interagency.web import headers_for, instant_of

_ADDRESS = re.compile(r"^/feeds/([\w-]{1,200})\.ics$", re.ASCII)
_TAG = re.compile(r'"([0-9a-f]+)\.([0-9a-f]{32})(-gzip)?"')
_UNCHANGED = [("Cache-Control", CACHE_CONTROL), ("Vary", "Accept-Encoding")]
Count = Callable[[dict[str, Any], str, float], None]
Start = Callable[[str, list[tuple[str, str]]], Any]


class FeedDoor:
    """Answers a subscriber from one statement, when that is certain.

    Everything else (a feed that is not at hand, a use that is to be noted, a dead address, a question by date) goes on
    to the page, which says the same.
    """

    def __init__(self, app: Flask, settings: Settings, behind: Callable[..., Iterable[bytes]]) -> None:
        self.app, self.settings, self.behind = app, settings, behind
        self.headers = list(headers_for(settings).items())
        self.count: Count | None = None  # who is told of an answer, when there are measures
        with app.app_context():
            self.engine = db.engine
        self.on_sqlite = self.engine.dialect.name == "sqlite"
        self.kept: deque[Any] = deque()  # connections that nobody uses, never more than there are threads
        sa.event.listen(self.engine, "engine_disposed", _weakly(self._end))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/feeds/"):
            begun = time.perf_counter()
            answer = self._answer(environ, start_response)
            if answer is not None:
                if self.count is not None:
                    self.count(environ, "200" if answer else "304", time.perf_counter() - begun)
                return answer
        return self.behind(environ, start_response)

    def _answer(self, environ: dict[str, Any], start_response: Start) -> list[bytes] | None:
        address, query = _ADDRESS.match(environ["PATH_INFO"]), environ.get("QUERY_STRING", "")
        packed = self._wants_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        plain = environ["REQUEST_METHOD"] in ("GET", "HEAD") and query in ("", "past=all") and packed is not None
        if address is None or not plain:
            return None
        state = self._state(address[1], query == "past=all")
        if state is None or not state.is_noted:
            return None
        environ["interagency.path"] = "/feeds/<token>.ics"
        tags = environ.get("HTTP_IF_NONE_MATCH", "")
        for found in _TAG.finditer(tags):
            if found[2] == state.name and bool(found[3]) == packed:
                start_response("304 NOT MODIFIED", [*_UNCHANGED, ("ETag", found[0])])
                return []
        if tags or "HTTP_IF_MODIFIED_SINCE" in environ or environ["REQUEST_METHOD"] == "HEAD":
            return None
        feed = feed_at_hand(state.name, packed=bool(packed))
        if feed is None:
            return None
        body = feed.packed if packed and feed.packed is not None else feed.body
        headers = [*feed.headers(state.name, packed=bool(packed)), ("Content-Length", str(len(body))), *self.headers]
        start_response("200 OK", headers)
        return [body]

    def _wants_gzip(self, accepted: str) -> bool | None:
        """Whether gzip is asked for by name; None where weights would have to be read."""
        if "gzip" not in accepted or not self.settings.feed_compression:
            return False
        return None if "q=0" in accepted.replace(" ", "") else True

    def _state(self, token: str, whole_past: bool) -> FeedState | None:
        """The state; None when it cannot be had: the page says what is wrong."""
        try:
            with self._connection() as driver:
                return read_state(
                    driver, self.engine.dialect.name, token, instant_of(self.app), whole_past, self.settings
                )
        except (sa.exc.SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error):
            return None

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        """A connection of the driver, for one statement that reads.

        On PostgreSQL it is one of our own: the pool asks the server whether it is there and ends a transaction
        each time, which costs as much as the statement. When one fails none is kept: the server may have ended
        them all, and the page, which asks by the pool, answers.
        """
        if self.on_sqlite:
            raw = self.engine.raw_connection()
            try:
                yield raw.driver_connection
            finally:
                raw.close()
            return
        try:
            driver = self.kept.pop()
        except IndexError:
            driver = self._opened()
        try:
            yield driver
        except BaseException:
            driver.close()
            self._end()
            raise
        self.kept.append(driver)

    def _opened(self) -> Any:
        raw = self.engine.raw_connection()
        driver: Any = raw.driver_connection
        raw.detach()
        driver.autocommit = True
        return driver

    def _end(self) -> None:
        """Close what is kept."""
        with suppress(IndexError):
            while True:
                self.kept.pop().close()


def _weakly(method: Callable[[], None]) -> Callable[[sa.Engine], None]:
    """Calls `method` as long as somebody else keeps its object: an engine outlives its application."""
    kept = WeakMethod(method)

    def call(_engine: sa.Engine) -> None:
        found = kept()
        if found is not None:
            found()

    return call
