"""What the pages of a coordinator and a focal point cost: processor time and bytes of each, at two sizes of matrix and
calendar.

Processor time is that of the thread that answers: what a page leaves to a thread beside it (look-alikes) keeps nobody
waiting.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from bench import worlds
from bench.measure import Measure, Size
from interagency.db.base import db, now
from interagency.matrix.activities.models import ActivityEntity
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.organisations.models import Appointment, Organisation

# Activities and events; seconds of processor and bytes that a page may take there.
SIZES = ((2_000, 1_000, 0.05, 200_000), (20_000, 10_000, 0.1, 400_000))
FORM_BYTES = 60_000  # of a form, which reads its lists besides
ROUNDS = 5
BOARD = "/cycles/MONTH"  # of the newest month
PAGES = (
    "/", "/activities", "/matrix", "/matrix?rows=region&columns=year", "/coverage", "/where", "/when",
    "/when?by=entity", "/activities/new", "/activities/5/edit", "/events/new", "/events/5/edit", "/together",
    "/mandates", "/countries/AF", "/needs", "/needs/1", "/messages", "/briefing?country=AF",
    "/calendar", "/calendar?past=yes", "/calendar/2026", "/calendar/2026/11",
    "/calendar/week/2026-11-18", "/overlaps", "/cycles", BOARD, f"{BOARD}/remarks", "/editions", "/search?q=treatment",
)  # fmt: skip

# Files made while somebody waits, with the seconds of processor each may take at the first size; ten times that at the
# second, which they grow with.
FILES = (("/countries/AF/briefing.docx", 0.5), ("/countries/AF/country.xlsx", 0.5), ("/briefing.docx?chapter=5", 1.0))
FILE_BYTES = 500_000

# Of the entity with the most records, with none of them confirmed.
MONTH_PAGES = (
    "/month", "/month?show=all", "/month?show=open&page=3", "/month?q=training", "/month/sign?kind=unchanged",
)  # fmt: skip


def measures(size: Size) -> Iterable[Measure]:
    """Each page, in process, against what it may take. On SQLite, which works in the same process."""
    for activities, events, seconds, weight in SIZES[: 1 if size.name == "quick" else None]:
        with worlds.world("sqlite", activities, events) as (app, _settings):
            coordinator, focal_point = app.test_client(), app.test_client()
            _sign_in(coordinator, "coordinator@example.org")
            _add_registers(coordinator)
            _sign_in(focal_point, _busiest(app))
            newest = re.search(r"/cycles/(\d{4}-\d\d)", coordinator.get("/cycles").text)
            assert newest
            for page in (name.replace("MONTH", newest[1]) for name in (*PAGES, *MONTH_PAGES)):
                costs, found = _costs(focal_point if page in MONTH_PAGES else coordinator, page)
                what = f"`{page}` of {activities:,} activities and {events:,} events"
                yield Measure(
                    f"{what}: processor time", f"{seconds * 1000:g} ms", [min(costs)], [seconds], 1, 0.5, "smaller"
                )
                most = FORM_BYTES if page.endswith(("/new", "/edit")) else weight
                yield Measure(f"{what}: weight", f"{most / 1000:g} kB", [found], [most], 1, 0.5, "smaller")
            yield from _files(coordinator, activities, events)


def _files(client: FlaskClient, activities: int, events: int) -> Iterable[Measure]:
    """What briefings and the workbook of a country cost."""
    larger = activities / SIZES[0][0]
    for page, seconds in FILES:
        costs, found = _costs(client, page)
        what = f"`{page}` of {activities:,} activities and {events:,} events"
        most, weight = seconds * larger, FILE_BYTES * larger
        yield Measure(f"{what}: processor time", f"{most:g} s", [min(costs)], [most], 1, 0.5, "smaller")
        yield Measure(f"{what}: weight", f"{weight / 1000:g} kB", [found], [weight], 1, 0.5, "smaller")


def _add_registers(client: FlaskClient) -> None:
    """Forty needs and thirty messages, written by a coordinator."""
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/needs/new").text)
    assert token
    for number in range(40):
        need: dict[str, Any] = {"title": f"Need {number}", "country": "AF" if number % 4 else "PE", "status": "open"}
        need |= {"stated_by": "government", "recommendations": ["5(h)", "1(a)"], "entities": ["who", "undp"]}
        _created(client, "/needs/new", need | {"csrf_token": token[1]})
    for number in range(30):
        message: dict[str, Any] = {
            "title": f"Message {number}",
            "chapter": str(number % 7 + 1),
            "level": "both",
            "entities": ["who"],
        }
        message |= {"text_en": "One voice. " * 40, "csrf_token": token[1]}
        _created(client, "/messages/new", message)


def _created(client: FlaskClient, address: str, values: dict[str, Any]) -> None:
    assert client.post(address, data=values).status_code == HTTPStatus.FOUND


def _busiest(app: Flask) -> str:
    """Open this month; the address of the focal point of the entity that takes part in most activities."""
    with app.app_context():
        at, zone = now(), app.extensions["interagency_settings"].zone
        open_cycle(db.session, f"{at.astimezone(zone):%Y-%m}", at=at, zone=zone, by=None)
        db.session.commit()
        counted = (
            sa.select(Organisation.key)
            .join(ActivityEntity, ActivityEntity.entity_id == Organisation.id)
            .join(Appointment, Appointment.entity_id == Organisation.id)
            .group_by(Organisation.key)
            .order_by(sa.func.count().desc(), Organisation.key)
        )
        return f"focal.{db.session.scalars(counted).first()}@example.org"


def _sign_in(client: FlaskClient, email: str) -> None:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)
    assert found
    values = {"email": email, "password": worlds.PASSWORD, "csrf_token": found[1]}
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
