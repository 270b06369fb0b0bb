"""A record as the answer to a request: read, changed, or made anew, with its version as ETag."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from interagency.api.v1 import idempotency, versions
from interagency.db.base import db

# The records of some numbers, as the API says them.
Items = Callable[[Sequence[int]], Iterator[dict[str, Any]]]
Answer = tuple[dict[str, Any], int, dict[str, str]]


def answer_of(items: Items, number: int, status: int = 200) -> Answer:
    """The record `number`, a status, and its ETag."""
    (item,) = items([number])
    return item, status, versions.tag_of(item["version"])


def made_before(items: Items) -> Answer | None:
    """The record that the same request made before, by its Idempotency-Key; None for the first and without a key."""
    address = idempotency.led_to()
    return None if address is None else answer_of(items, int(address.rpartition("/")[2]), 201)


def commit_new(items: Items, number: int, address: str) -> Answer:
    """Commit what was made anew, with where its key leads; 201 with its `Location`."""
    idempotency.note(address)
    db.session.commit()
    item, status, headers = answer_of(items, number, 201)
    return item, status, headers | {"Location": address}
