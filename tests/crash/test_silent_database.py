"""A database that answers no more: pages end in words within ten seconds, and work again at once afterwards."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import make_url

from interagency.db.base import db
from interagency.settings import Settings
from tests.served import Served, Visitor
from tests.stalling import ATTACK, Line

pytestmark = [pytest.mark.crash, pytest.mark.slow]
LIMIT = 10
PEOPLE = 120 if ATTACK else 40
only_in_attack = pytest.mark.skipif(not ATTACK, reason="in `make attack`")
PAGES = ("/", "/activities", "/calendar", "/feeds/x.ics", "/readyz", "/sign-in")
on_postgresql = pytest.mark.parametrize(
    "app", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


def settings_of(app: Flask) -> Settings:
    found: Settings = app.extensions["interagency_settings"]
    return found


def timed(ask: Callable[[], requests.Response]) -> tuple[float, requests.Response]:
    begun = time.monotonic()
    answer = ask()
    return time.monotonic() - begun, answer


def in_words(taken: float, answer: requests.Response) -> None:
    """A page that says what happened and what to do, in time."""
    assert answer.status_code == 503, answer.text[:300]
    assert "try again" in answer.text
    assert answer.headers["Retry-After"]
    assert taken < LIMIT


@pytest.fixture
def line(app: Flask) -> Iterator[Line]:
    url = make_url(settings_of(app).database_url)
    made = Line(url.host or "127.0.0.1", url.port or 5432)
    yield made
    made.end()


@on_postgresql
def test_a_frozen_server(app: Flask, line: Line, serve_app: Callable[..., Served]) -> None:
    """Forty people ask at once while nothing comes from the database; whoever looks at /healthz does not wait."""
    url = make_url(settings_of(app).database_url).set(host="127.0.0.1", port=line.port)
    served = serve_app(DATABASE_URL=url.render_as_string(hide_password=False))
    visitor = Visitor(served.address).sign_in("who@example.org")
    token = visitor.token("/activities/new")
    cookies = visitor.session.cookies

    def ask(number: int) -> tuple[float, requests.Response]:
        if number % 10 == 9:
            form = {"title": "Lost", "csrf_token": token}
            return timed(lambda: requests.post(f"{served.address}/activities/new", form, cookies=cookies, timeout=40))
        address = served.address + PAGES[number % len(PAGES)]
        return timed(lambda: requests.get(address, cookies=cookies, timeout=40, allow_redirects=False))

    line.stall()
    with ThreadPoolExecutor(PEOPLE) as people:
        asked = [people.submit(ask, number) for number in range(PEOPLE)]
        time.sleep(1)
        for _ in range(5 if ATTACK else 2):
            taken, answer = timed(lambda: requests.get(f"{served.address}/healthz", timeout=20))
            assert (answer.status_code, taken < 1) == (200, True)
            time.sleep(0.5)
        for one in asked:
            in_words(*one.result())
    line.resume()
    taken, answer = timed(lambda: visitor.get("/activities"))
    assert (answer.status_code, taken < 3) == (200, True)


@only_in_attack
@on_postgresql
def test_a_server_that_falls_silent_in_the_middle_of_a_page(
    app: Flask, line: Line, serve_app: Callable[..., Served]
) -> None:
    """A statement that waits for a lock when the line dies: not even the server's own limit is heard of."""
    settings = settings_of(app)
    url = make_url(settings.database_url).set(host="127.0.0.1", port=line.port)
    served = serve_app(DATABASE_URL=url.render_as_string(hide_password=False))
    visitor = Visitor(served.address).sign_in("who@example.org")
    with locked(settings), ThreadPoolExecutor(1) as people:
        waiting = people.submit(timed, lambda: visitor.get("/activities"))
        time.sleep(0.5)
        line.stall()
        in_words(*waiting.result())
        line.resume()
    assert visitor.get("/activities").status_code == 200


class locked:
    """All activities are somebody else's, as long as the block lasts."""

    def __init__(self, settings: Settings) -> None:
        self.engine = sa.create_engine(settings.database_url)

    def __enter__(self) -> None:
        self.connection = self.engine.connect()
        if self.engine.dialect.name == "sqlite":
            self.connection.execute(sa.text("SELECT 1"))  # beginning takes the lock of all writers
        else:
            self.connection.execute(sa.text("LOCK TABLE activity"))

    def __exit__(self, *_how: object) -> None:
        self.connection.close()
        self.engine.dispose()


def test_a_lock_that_somebody_holds(app: Flask, serve_app: Callable[..., Served]) -> None:
    """Forty ask for what is locked: each gets words in time. SQLite's lock is for those who write alone."""
    settings = settings_of(app)
    served = serve_app()
    visitor = Visitor(served.address).sign_in("who@example.org")
    token, cookies = visitor.token("/activities/new"), visitor.session.cookies

    def ask(_number: int) -> tuple[float, requests.Response]:
        form = {"title": "Lost", "status": "ongoing", "lead": "who", "csrf_token": token}
        address = f"{served.address}/activities/new"
        return timed(lambda: requests.post(address, form, cookies=cookies, timeout=40, allow_redirects=False))

    with locked(settings), ThreadPoolExecutor(PEOPLE) as people:
        asked = [people.submit(ask, number) for number in range(PEOPLE)]
        time.sleep(1)
        taken, answer = timed(lambda: requests.get(f"{served.address}/healthz", timeout=20))
        assert (answer.status_code, taken < 1) == (200, True)
        if settings.is_sqlite:
            assert visitor.get("/activities").status_code in (200, 503)
        for one in asked:
            in_words(*one.result())
    taken, answer = ask(0)
    assert answer.status_code in (302, 422)


@on_postgresql
def test_a_server_that_restarts_gives_no_empty_page(app: Flask, serve_app: Callable[..., Served]) -> None:
    """Its administrator ends all connections again and again: in the middle of pages and between them."""
    settings = settings_of(app)
    served = serve_app()
    visitor = Visitor(served.address).sign_in("who@example.org")
    cookies, over = visitor.session.cookies, threading.Event()

    def end_them() -> None:
        address = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as server:
            while not over.wait(0.03):
                server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    def ask(number: int) -> requests.Response:
        return requests.get(served.address + PAGES[number % 5], cookies=cookies, timeout=40, allow_redirects=False)

    ending = threading.Thread(target=end_them)
    ending.start()
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(ask, range(160 if ATTACK else 60)))
    over.set()
    ending.join()
    assert {answer.status_code for answer in answers} <= {200, 302, 404, 503}
    assert all(answer.content for answer in answers if answer.status_code != 302)
    assert "request=-" not in served.lines()
    assert visitor.get("/activities").status_code == 200


@on_postgresql
def test_every_connection_has_its_limits(app: Flask) -> None:
    with app.test_request_context(), app.app_context():
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            shown = db.session.scalar(sa.text(f"SHOW {name}"))
            assert shown not in (None, "0"), name
        db.session.close()


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_counter_of_attempts_that_is_silent_keeps_nobody_waiting(
    app: Flask, serve_app: Callable[..., Served]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        served = serve_app(workers=1, LIMITS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}")
        taken, _visitor = timed(lambda: Visitor(served.address).sign_in("who@example.org"))  # type: ignore[arg-type, return-value]
        assert taken < LIMIT
