"""What a feed's bytes depend on, in one small statement."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from interagency.accounts.models import token_hash
from interagency.accounts.tokens import USE_NOTED_EVERY
from interagency.settings import Settings

_MADE_BY = ("icalendar", "tzdata", "python-dateutil")
# Sent through the driver, which costs a fraction of a session: {hash} and {noted} are placeholders of its kind.
_STATE = """
SELECT s.id, p.id, s.name, s.language, CAST(s.filters AS TEXT), r.number, r.changed_at,
       CASE WHEN t.last_used_at > {noted} THEN 1 ELSE 0 END
FROM access_token t
JOIN subscription s ON s.token_id = t.id
JOIN person p ON p.id = t.person_id
JOIN feed_revision r ON r.id = 1
WHERE t.token_hash = {hash} AND t.kind = 'feed' AND t.revoked_at IS NULL AND t.expires_at IS NULL
      AND p.disabled_at IS NULL
"""
STATEMENTS = {
    "sqlite": _STATE.format(noted=":noted", hash=":hash"),
    "postgresql": _STATE.format(noted="%(noted)s", hash="%(hash)s"),
}


@dataclass(frozen=True, slots=True)
class FeedState:
    """Whose feed an address opens, and in which state it is.

    `name` (32 hexadecimal digits) is the same as long as the feed's bytes are; `use_is_noted`: within the hour.
    """

    name: str
    subscription_id: int
    person_id: int
    use_is_noted: bool


def parameters(token: str, at: datetime, dialect: str) -> dict[str, Any]:
    """What the statement of `dialect` is given for the feed of `token`, asked for at the aware instant `at`."""
    noted = at - USE_NOTED_EVERY
    # SQLite compares instants as the text they are stored as.
    return {"hash": token_hash(token), "noted": f"{noted:%Y-%m-%d %H:%M:%S.%f}" if dialect == "sqlite" else noted}


def state_from(row: Any, token: str, at: datetime, *, whole_past: bool, settings: Settings) -> FeedState | None:
    """The state that `row` of the statement stands for; None where there is no row: a dead address."""
    if row is None:
        return None
    subscription_id, person_id, *contents, use_is_noted = row
    # Revision and time together: after a restore the number may come again, at another time. A day changes what is in
    # the window, and whose appointments hold.
    day = at.astimezone(settings.zone).date()
    parts = [_code(), settings.base_url, settings.timezone, token, day.isoformat(), whole_past, person_id]
    name = hashlib.sha256(repr([*parts, *map(str, contents)]).encode()).hexdigest()[:32]
    return FeedState(name, subscription_id, person_id, bool(use_is_noted))


@lru_cache(maxsize=1)
def _code() -> str:
    """All our code, words and names, and the libraries that write feeds: another version may write them otherwise."""
    digest = hashlib.sha256(" ".join(version(name) for name in _MADE_BY).encode())
    package = Path(str(files("interagency")))
    for pattern in ("*.py", "*.mo", "reference/**/*.json"):
        for path in sorted(package.rglob(pattern) if pattern.startswith("*") else package.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
