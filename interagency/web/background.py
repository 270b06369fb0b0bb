"""Work carried on beside the request that began it, so that no page waits for thousands of rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Thread

from flask import Flask
from flask_babel import force_locale
from flask_login import current_user

from interagency.text.languages import semicolons

WAIT = 8.0  # seconds: what is done by then is answered as done
MAX_TITLES = 10  # told of records that were left as they are
log = logging.getLogger("interagency")


def carry_on(app: Flask, name: str, work: Callable[[], None], language: str, *, wait: float = WAIT) -> None:
    """Do `work` in a context of the application, answering in the language with that code; returns when it is done, or
    after `wait` seconds while it goes on.

    Raises what it failed with within them; what fails later is logged.
    """
    failed: list[Exception] = []

    def run() -> None:
        with app.app_context(), force_locale(language):
            try:
                work()
            except Exception as problem:
                log.exception("%s stopped", name)
                failed.append(problem)

    # Ends with the process: what is noted is done, and the rest can be gone on with.
    thread = Thread(target=run, name=name.replace(" ", "-"), daemon=True)
    thread.start()
    thread.join(wait)
    if failed:
        raise failed[0]


def may_carry_on(sender_id: int | None, *, undoes: bool) -> bool:
    """Whether the reader may go on with an import: who sent the file takes it in; a coordinator takes it back too."""
    return bool(sender_id == current_user.id or (undoes and current_user.is_coordinator))


def first_titles(titles: Sequence[str]) -> str:
    """The first of some titles, for a message."""
    return semicolons(titles[:MAX_TITLES]) + ("; …" if len(titles) > MAX_TITLES else "")
