"""What a feed's bytes depend on, in one small statement."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from interagency.accounts.models import token_hash
from interagency.calendar.blocks import form_of
from interagency.settings import Settings

USED_NOTED_EVERY = timedelta(hours=1)
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
    found = sorted(Path(__file__).parents[1].rglob("*.py"))
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
    return read_state(driver, session.get_bind().dialect.name, token, at, whole_past, settings) or FeedState("", False)


def read_state(
    driver: Any, dialect: str, token: str, at: datetime, whole_past: bool, settings: Settings
) -> FeedState | None:
    """The same through a connection of the driver; None for a dead address."""
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
    return _state(row, token, at.astimezone(settings.zone).date(), whole_past, settings) if row else None


_FOR_PSYCOPG = re.sub(r":(\w+)", r"%(\1)s", _STATE)
