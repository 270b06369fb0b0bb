"""What a feed's bytes depend on, in one small statement, and the answer to "has it changed?" before all else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

import interagency
from interagency.accounts.models import token_hash
from interagency.calendar.blocks import form_of
from interagency.database import db, now
from interagency.settings import Settings
from interagency.web import HEADERS

USED_NOTED_EVERY = timedelta(hours=1)
CACHE_CONTROL = "private, max-age=900"
# Read through the driver as it stands, and by the session: times are compared as the engine keeps them.
_STATE = """
SELECT s.name, CAST(s.filters AS TEXT), p.id, events.number, events.changed_at, readers.number, readers.changed_at,
       CASE WHEN t.last_used_at > :noted THEN 1 ELSE 0 END
FROM access_token t
JOIN subscription s ON s.token_id = t.id
JOIN person p ON p.id = t.person_id
JOIN feed_revision events ON events.id = 1
JOIN feed_revision readers ON readers.id = 2
WHERE t.token_hash = :hash AND t.kind = 'feed' AND t.revoked_at IS NULL AND t.expires_at IS NULL
      AND p.disabled_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class FeedState:
    """`name` is the same as long as the feed's bytes are; `is_noted`: its use was noted within the hour."""

    name: str
    is_noted: bool


@lru_cache(maxsize=1)
def _code() -> str:
    """All our code: a new version may write feeds in another way."""
    found = sorted(Path(interagency.__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in found)).hexdigest()


def _state(row: Any, token: str, day: date, whole_past: bool, settings: Settings) -> FeedState:
    *said, is_noted = row
    # Number and time together: after a restore the number may come again, at another time.
    made_by = [_code(), form_of(settings.base_url), settings.timezone]
    parts = [*made_by, token, day.isoformat(), whole_past, *map(str, said)]
    return FeedState(hashlib.sha256(repr(parts).encode()).hexdigest()[:32], bool(is_noted))


def feed_state(session: Session, token: str, at: datetime, *, whole_past: bool, settings: Settings) -> FeedState:
    """The state of the living feed that `token` opens, to be read before anything else of it."""
    driver = session.connection().connection
    return _read(driver, session.get_bind().dialect.name, token, at, whole_past, settings) or FeedState("", False)


def _read(
    driver: Any, dialect: str, token: str, at: datetime, whole_past: bool, settings: Settings
) -> FeedState | None:
    noted: Any = at - USED_NOTED_EVERY
    statement = _STATE
    if dialect == "sqlite":
        noted = f"{noted:%Y-%m-%d %H:%M:%S.%f}"
    else:
        statement = _FOR_PSYCOPG
    cursor = driver.cursor()
    try:
        cursor.execute(statement, {"noted": noted, "hash": token_hash(token)})
        row = cursor.fetchone()
    finally:
        cursor.close()
    return _state(row, token, at.astimezone(UTC).date(), whole_past, settings) if row else None


_FOR_PSYCOPG = re.sub(r":(\w+)", r"%(\1)s", _STATE)
_ADDRESS = re.compile(r"^/feeds/([\w-]{1,200})\.ics$", re.ASCII)
_TAG = re.compile(r'"[0-9a-f]+\.([0-9a-f]{32})(-gzip)?"')


class FeedDoor:
    """Says "not changed" to a subscriber before the application is asked, when it is certain.

    Everything else (a first visit, another state, a use that is to be noted, a dead address) goes on to the page.
    """

    def __init__(self, app: Flask, settings: Settings, behind: Callable[..., Iterable[bytes]]) -> None:
        self.settings, self.behind = settings, behind
        with app.app_context():
            self.engine = db.engine

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        tags = environ.get("HTTP_IF_NONE_MATCH")
        if tags:
            address = _ADDRESS.match(environ.get("PATH_INFO", ""))
            if address and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
                tag = self._unchanged(address[1], tags, environ)
                if tag:
                    environ["interagency.path"] = "/feeds/<token>.ics"
                    start_response("304 NOT MODIFIED", [*_HEADERS, ("ETag", tag)])
                    return []
        return self.behind(environ, start_response)

    def _unchanged(self, token: str, tags: str, environ: dict[str, Any]) -> str | None:
        """The tag among `tags` that still holds, or None when that is not certain."""
        accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
        packed = self.settings.feed_compression and "gzip" in accepted
        if packed and "q=0" in accepted.replace(" ", ""):
            return None
        query = environ.get("QUERY_STRING", "")
        if query not in ("", "past=all"):
            return None
        try:
            state = self._state(token, query == "past=all")
        except sa.exc.SQLAlchemyError:
            return None
        except Exception as problem:
            if isinstance(problem, self.engine.dialect.loaded_dbapi.Error):
                return None  # the page says what is wrong
            raise
        if state is None or not state.is_noted:
            return None
        for found in _TAG.finditer(tags):
            if found[1] == state.name and bool(found[2]) == packed:
                return found[0]
        return None

    def _state(self, token: str, whole_past: bool) -> FeedState | None:
        on_sqlite = self.engine.dialect.name == "sqlite"
        raw = self.engine.raw_connection()
        driver: Any = raw.driver_connection
        try:
            if not on_sqlite:
                driver.autocommit = True  # one trip to the server
            return _read(driver, self.engine.dialect.name, token, now(), whole_past, self.settings)
        finally:
            if not on_sqlite:
                driver.autocommit = False
            raw.close()


_HEADERS = [*HEADERS.items(), ("Cache-Control", CACHE_CONTROL), ("Vary", "Accept-Encoding")]
