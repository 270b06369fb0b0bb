"""People at the pages, many at once: signed in, with what a form needs, over connections that stay open."""

from __future__ import annotations

import hashlib
import http.client
import re
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from lxml import html

from bench.servers import HOST
from bench.worlds import PASSWORD

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Visitor:
    """One person with one connection."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(HOST, self.port, timeout=120)

    def connect(self) -> None:
        """A new connection."""
        self.connection.close()
        self.connection.connect()

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of one request; the connection is made anew when the server has let it go."""
        sent = dict(headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        for attempt in (1, 2):
            try:
                self.connection.request(method, path, body, sent)
                response = self.connection.getresponse()
                text = response.read()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.connection.close()
                if attempt == 2 or method == "POST":
                    raise
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _sign, value = line.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        return response.status, text

    def get(self, path: str, headers: dict[str, str] | None = None) -> bytes:
        """The page. Raises RuntimeError unless it is there."""
        status, text = self.ask("GET", path, headers=headers)
        if status not in (200, 304):
            raise RuntimeError(f"GET {path}: {status}")
        return text

    def token(self, path: str) -> str:
        """The token of a page's form."""
        found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', self.get(path))
        assert found, path
        return found[1].decode()

    def sign_in(self, email: str) -> None:
        """Come in."""
        values = {"email": email, "password": PASSWORD, "csrf_token": self.token("/sign-in")}
        status, _text = self.ask("POST", "/sign-in", urlencode(values).encode(), FORM)
        assert status == 302, status

    def form(self, path: str) -> list[tuple[str, str]]:
        """What the record form of a page would send."""
        page: Any = html.fromstring(self.get(path).decode())  # lxml's stubs know nothing of forms
        record = next(form for form in page.forms if "record" in form.get("class", "").split())
        return list(record.form_values())


def title_unlike_others(*parts: int) -> str:
    """A title like no other: what is alike is asked about, and that is another page."""
    return " ".join(textwrap.wrap(hashlib.sha256(repr(parts).encode()).hexdigest(), 8))


def at_once(acts: Sequence[Callable[[], object]]) -> tuple[float, list[object]]:
    """Do all `acts` at the same moment; the seconds until the last is done, and what each gave or raised."""
    gate, given = threading.Barrier(len(acts) + 1), list[object]([None] * len(acts))

    def run(place: int) -> None:
        gate.wait()
        try:
            given[place] = acts[place]()
        except Exception as problem:
            given[place] = problem

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun, given
