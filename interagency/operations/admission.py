"""How many pages are made at once, and how long one waits for its turn.

gunicorn has more threads than pages are made at once. Those beyond wait here, where whoever asks whether the process
answers need not: /healthz is answered while every page waits for a database that answers no more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, g
from flask_babel import gettext

from interagency.web.errors import service_unavailable
from interagency.web.request_id import assign_request_id

# Threads of a worker beside those that make pages.
WAITING = 64
# Where many ask, a page waits for its turn. Where pages have just failed for want of a database, it waits three seconds
# and no longer: with the six that it may then wait itself, that stays below ten.
WAIT_SECONDS, WAIT_WHILE_FAILING_SECONDS = 60, 3
FAILING_SECONDS = 8
ALWAYS = frozenset({"/healthz"})

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Admission:
    """Lets `pages` requests at once into the application; one that waits too long gets a page that says so (503)."""

    def __init__(self, app: Flask, pages: int) -> None:
        self.app, self.inner = app, app.wsgi_app
        self.places = threading.BoundedSemaphore(pages)
        self.failed_at = -float(FAILING_SECONDS)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The WSGI application. An answer is made when it is returned; sending it keeps no place."""
        if environ.get("PATH_INFO") in ALWAYS:
            return self.inner(environ, start_response)
        if not self._take_place():
            return self._too_many(environ)(environ, start_response)

        def start(status: str, *more: Any) -> Any:
            if status.startswith("503"):
                self.failed_at = time.monotonic()
            return start_response(status, *more)

        try:
            return self.inner(environ, start)
        finally:
            self.places.release()

    def _take_place(self) -> bool:
        begun = time.monotonic()
        while True:
            taken = self.places.acquire(timeout=1)
            at = time.monotonic()
            failing = at - self.failed_at < FAILING_SECONDS
            patience = WAIT_WHILE_FAILING_SECONDS if failing else WAIT_SECONDS
            if at - begun < patience:
                if taken:
                    return True
                continue
            if taken:
                self.places.release()
            return False

    def _too_many(self, environ: dict[str, Any]) -> Application:
        environ["interagency.path"] = "(waiting)"
        with self.app.request_context(environ):
            g.request_id = assign_request_id(environ, self.app.extensions["interagency_settings"])
            g.asks_nobody = True  # whose account it is would be one more wait for the database
            words = gettext(
                "Too many pages are asked for at once, or the database is slow. Nothing was saved; wait a moment and "
                "try again."
            )
            return self.app.finalize_request(service_unavailable(words))
