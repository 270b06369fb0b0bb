"""What is dear to work out, cached by each process for as long as nothing it follows from has changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from flask import current_app

MAX_ENTRIES = 128
EXTENSION = "interagency_state_cache"
Value = TypeVar("Value")


@dataclass(slots=True)
class _Cache:
    """Values by their key, each with the state it was worked out in; the one used last stands last."""

    entries: OrderedDict[Hashable, tuple[Hashable, Any]] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)


def _cache() -> _Cache:
    found: _Cache = current_app.extensions.setdefault(EXTENSION, _Cache())
    return found


def keep(key: Hashable, state: Hashable, value: Value) -> Value:
    """Cache `value` under `key`, for as long as what it follows from is in `state`; one value a key."""
    cache = _cache()
    with cache.lock:
        cache.entries[key] = (state, value)
        cache.entries.move_to_end(key)
        while len(cache.entries) > MAX_ENTRIES:
            cache.entries.popitem(last=False)
    return value


def known(key: Hashable, state: Hashable) -> Any | None:
    """The value cached under `key` if it is that of `state`; else None."""
    cache = _cache()
    with cache.lock:
        entry = cache.entries.get(key)
        if entry is None or entry[0] != state:
            return None
        cache.entries.move_to_end(key)
        return entry[1]


def cached(key: Hashable, state: Hashable, work_out: Callable[[], Value]) -> Value:
    """The value cached under `key` if it is that of `state`; else what `work_out` gives, cached.

    It is shared by those who ask: plain keys and numbers that nobody changes, no rows of the database.
    """
    value: Value | None = known(key, state)
    return keep(key, state, work_out()) if value is None else value
