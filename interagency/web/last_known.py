"""The last value of something dear to work out, for as long as nothing it follows from has changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from flask import current_app

Value = TypeVar("Value")
_PLACE = "interagency_last_known"


def keep(name: str, state: Hashable, value: Value) -> Value:
    """Keep `value` under `name`, for as long as what it follows from is in `state`. One value a name and process."""
    current_app.extensions.setdefault(_PLACE, {})[name] = (state, value)
    return value


def known(name: str, state: Hashable, work_out: Callable[[], Value] | None = None) -> Value | None:
    """The value kept under `name` if it is that of `state`; else what `work_out` says, kept; None without either."""
    kept = current_app.extensions.get(_PLACE, {}).get(name)
    if kept is not None and kept[0] == state:
        value: Value = kept[1]
        return value
    return keep(name, state, work_out()) if work_out is not None else None
