"""What the pages of a coordinator cost: processor time and bytes of each, at two sizes of matrix and calendar.

Processor time is that of the thread that answers: what a page leaves to a thread beside it (look-alikes) keeps nobody
waiting.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from http import HTTPStatus

from flask.testing import FlaskClient

from bench import worlds
from bench.measure import Measure, Size

# Activities and events; seconds of processor and bytes that a page may take there.
SIZES = ((2_000, 1_000, 0.05, 200_000), (20_000, 10_000, 0.1, 400_000))
ROUNDS = 5
PAGES = (
    "/", "/activities", "/matrix", "/matrix?rows=region&columns=year", "/coverage", "/where", "/when",
    "/when?by=entity", "/together", "/mandates", "/countries/AF", "/calendar", "/calendar?past=yes", "/calendar/2026",
    "/calendar/2026/11", "/calendar/week/2026-11-18", "/overlaps", "/cycles", "/editions", "/search?q=treatment",
)  # fmt: skip


def measures(size: Size) -> Iterable[Measure]:
    """Each page, in process, against what it may take. On SQLite, which works in the same process."""
    for activities, events, seconds, weight in SIZES[: 1 if size.name == "quick" else None]:
        with worlds.world("sqlite", activities, events) as (app, _settings):
            client = app.test_client()
            _sign_in(client)
            for page in PAGES:
                costs, found = _costs(client, page)
                what = f"`{page}` of {activities:,} activities and {events:,} events"
                yield Measure(
                    f"{what}: processor time", f"{seconds * 1000:g} ms", [min(costs)], [seconds], 1, 0.5, "smaller"
                )
                yield Measure(f"{what}: weight", f"{weight / 1000:g} kB", [found], [weight], 1, 0.5, "smaller")


def _sign_in(client: FlaskClient) -> None:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)
    assert found
    values = {"email": "coordinator@example.org", "password": worlds.PASSWORD, "csrf_token": found[1]}
    assert client.post("/sign-in", data=values).status_code == HTTPStatus.FOUND


def _costs(client: FlaskClient, page: str) -> tuple[list[float], int]:
    """Seconds of processor of each round but the first, and the bytes of the page."""
    costs, weight = [], 0
    for _round in range(ROUNDS + 1):
        begun = time.thread_time()
        response = client.get(page)
        costs.append(time.thread_time() - begun)
        assert response.status_code == HTTPStatus.OK, (page, response.status_code)
        weight = len(response.data)
    return costs[1:], weight
