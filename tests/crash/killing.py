"""A process that does something and is killed at a chosen statement, as by a power cut in the middle."""

from __future__ import annotations

import os
import signal
import traceback
import warnings
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from interagency.settings import Settings
from tests.conftest import make_app

Act = Callable[[Flask, Callable[[], None]], object]


def _count_down(point: int | None) -> list[int]:
    """Count statements and commits from now on, and die before number `point`."""
    seen = [0]

    def step(*_of_the_event: Any) -> None:
        seen[0] += 1
        if seen[0] == point:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)
    return seen


def killed(settings: Settings, act: Act, point: int | None) -> int | None:
    """Do `act` in a process of its own, killed before its statement number `point` (None: not at all).

    `act` gets a service and a function to call when counting begins. Returns None when it was killed, else how
    many statements and commits there were.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the copy does nothing but this and ends
        child = os.fork()
    if child == 0:
        code = 1
        try:
            seen: list[list[int]] = []
            act(make_app(settings), lambda: seen.append(_count_down(point)))
            os.write(writing, str(seen[0][0]).encode())
            code = 0
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return None
    assert status == 0, "what was to be killed failed by itself"
    return int(text)
