"""`serve` refuses what is not safe, and every answer carries the headers that keep its reader safe."""

from __future__ import annotations

import os
import re
import stat
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from interagency.accounts.models import Person
from interagency.cli import main
from interagency.cli.serve import exposed, unsafe
from interagency.db.base import alembic, db
from interagency.settings import Settings
from interagency.web.attempts import SCHEME, DatabaseStorage
from interagency.web.extensions import limiter
from interagency.web.headers import HEADERS
from tests.conftest import close, make_app, make_settings
from tests.helpers import PASSWORD
from tests.served import SECRET
from tests.web.test_routes import ROUTES

HTTPS = {"BASE_URL": "https://interagency.example.org", "PROXIES": "1", "TRUSTED_HOSTS": ""}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, None),
        (HTTPS, None),
        ({"BASE_URL": "http://[::1]:8000"}, None),
        ({"BASE_URL": "http://127.8.8.8:8000"}, None),
        ({"SECRET_KEY": ""}, "INTERAGENCY_SECRET_KEY is missing or short"),
        ({"SECRET_KEY": "k" * 31}, "missing or short"),
        ({"SECRET_KEY": "abcabcabcabcabcabcabcabcabcabcabc"}, "could be guessed"),
        ({"SECRET_KEY": "please-change-me-please-0123456789"}, "could be guessed"),
        ({"SECRET_KEY": "my-very-own-SECRET-key-0123456789"}, "could be guessed"),
        ({"BASE_URL": "http://interagency.example.org"}, "INTERAGENCY_PLAIN_HTTP=yes"),
        ({"BASE_URL": "http://interagency.example.org", "PLAIN_HTTP": "yes"}, None),
        ({"BASE_URL": "http://10.0.0.1"}, "INTERAGENCY_PLAIN_HTTP=yes"),
        ({"BASE_URL": "http://127.0.0.1.example.org"}, "INTERAGENCY_PLAIN_HTTP=yes"),
        ({"BASE_URL": "https://x.example.org/path", "PROXIES": "1"}, "without a path"),
        ({"BASE_URL": "interagency.example.org"}, "without a path"),
        ({"BASE_URL": "https://interagency.example.org"}, "INTERAGENCY_PROXIES=1"),
        (HTTPS | {"SECURE_COOKIES": "no"}, "INTERAGENCY_SECURE_COOKIES"),
    ],
)
def test_unsafe_settings_are_refused_with_what_to_write(
    tmp_path: Path, more: dict[str, str], words: str | None
) -> None:
    problems = unsafe(make_settings(tmp_path, **({"SECRET_KEY": SECRET} | more)))
    if words is None:
        assert problems == []
    else:
        assert any(words in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("bind", "told", "words"),
    [
        ("0.0.0.0:8000", "no", "INTERAGENCY_BUFFERING_PROXY=yes"),
        ("[::]:8000", "no", "INTERAGENCY_BUFFERING_PROXY=yes"),
        (":8000", "no", "INTERAGENCY_BUFFERING_PROXY=yes"),
        ("10.0.0.1:8000", "no", "INTERAGENCY_BUFFERING_PROXY=yes"),
        ("interagency.example.org:8000", "no", "INTERAGENCY_BUFFERING_PROXY=yes"),
        ("0.0.0.0:8000", "yes", None),
        ("127.0.0.1:8000", "no", None),
        ("127.0.0.9:8000", "no", None),
        ("[::1]:8000", "no", None),
        ("localhost:8000", "no", None),
        ("unix:/run/interagency.sock", "no", None),
    ],
)
def test_other_machines_reach_it_only_through_a_proxy_that_buffers(
    tmp_path: Path, bind: str, told: str, words: str | None
) -> None:
    problems = exposed(make_settings(tmp_path, BUFFERING_PROXY=told), bind)
    assert len(problems) == (words is not None)
    assert all(words and words in problem for problem in problems)


def test_serve_refuses_to_be_reached_by_slow_clients(tmp_path: Path) -> None:
    own = {"DATA_FOLDER": str(tmp_path), "SECRET_KEY": SECRET, "BASE_URL": "http://127.0.0.1:8000"}
    environment = {f"INTERAGENCY_{name}": value for name, value in own.items()}
    result = CliRunner().invoke(main, ["serve", "--bind", "0.0.0.0:8000"], env=environment)
    assert result.exit_code == 1
    assert "deploy/interagency.nginx.conf" in result.output


@pytest.fixture
def behind_tls(sqlite_app: Flask) -> Iterator[Flask]:
    app = make_app(make_settings(sqlite_app.extensions["interagency_settings"].data_folder, **HTTPS))
    yield app
    close(app)


PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "interagency.example.org", "X-Forwarded-For": "203.0.113.9"}


def test_every_route_carries_every_header_behind_tls(behind_tls: Flask) -> None:
    nobody = behind_tls.test_client()
    for method, rule in ROUTES:
        address = re.sub(r"<[^>]+>", "nobody", re.sub(r"<int:[^>]+>", "1", rule))
        answer = nobody.open(address, method=method, headers=PROXY)
        is_outside = rule.startswith(("/external/", "/embed/", "/data/"))
        for name, value in HEADERS.items():
            expected = {"no-referrer"} if is_outside and name == "Referrer-Policy" else {value}
            assert answer.headers.get(name) in expected, (method, rule, name)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", rule
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Request-ID"], rule
        if not rule.startswith("/static/"):
            assert "no-store" in answer.headers["Cache-Control"], rule
        for cookie in answer.headers.getlist("Set-Cookie"):
            assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; ")), (rule, cookie)
            assert "Domain" not in cookie


def test_signing_in_behind_tls_keeps_the_cookie_to_tls(behind_tls: Flask) -> None:
    client = behind_tls.test_client()
    page = client.get("/sign-in", headers=PROXY, base_url="https://interagency.example.org")
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert found
    form = {"email": "who@example.org", "password": PASSWORD, "csrf_token": found[1]}
    headers = PROXY | {"Referer": "https://interagency.example.org/sign-in"}
    answer = client.post("/sign-in", data=form, headers=headers, base_url="https://interagency.example.org")
    assert answer.status_code == 302
    cookies = answer.headers.getlist("Set-Cookie")
    assert sorted(cookie.split("=")[0] for cookie in cookies) == ["__Host-device", "__Host-session"]
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_without_tls_nothing_is_said_about_tls(sqlite_app: Flask) -> None:
    assert "Strict-Transport-Security" not in sqlite_app.test_client().get("/sign-in").headers


@pytest.mark.parametrize(
    "host",
    ["evil.example", "interagency.example.org.evil.example", "interagency.example.org@evil.example", "127.0.0.1",
     "evil.example:443", "", "[::1]", "in teragency.example.org", "évil.example"],
)  # fmt: skip
def test_another_host_is_refused_in_words_and_never_echoed(behind_tls: Flask, host: str) -> None:
    proxied = PROXY | {"X-Forwarded-Host": host.encode().decode("latin-1")}
    for address in ("/sign-in", "/feeds/x.ics", "/nowhere", "/static/base.css"):
        answer = behind_tls.test_client().get(address, headers=proxied)
        assert answer.status_code == 400, address
        assert "https://interagency.example.org" in answer.text
        assert "evil" not in answer.text
        assert "Location" not in answer.headers


@pytest.mark.parametrize("host", ["interagency.example.org", "interagency.example.org:443", "INTERAGENCY.example.org"])
def test_our_own_host_is_served(behind_tls: Flask, host: str) -> None:
    assert behind_tls.test_client().get("/sign-in", headers=PROXY | {"X-Forwarded-Host": host}).status_code == 200


def test_those_who_look_whether_it_is_well_may_use_any_name(behind_tls: Flask) -> None:
    assert behind_tls.test_client().get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_further_names_are_listed(tmp_path: Path, sqlite_app: Flask) -> None:
    folder = sqlite_app.extensions["interagency_settings"].data_folder
    app = make_app(make_settings(folder, TRUSTED_HOSTS="one.example, Two.example"))
    assert app.test_client().get("/sign-in", headers={"Host": "two.example:81"}).status_code == 200
    assert app.test_client().get("/sign-in", headers={"Host": "localhost"}).status_code == 400
    close(app)


def test_without_a_trusted_proxy_nobody_chooses_host_or_address(sqlite_app: Flask) -> None:
    answer = sqlite_app.test_client().get(
        "/", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    )
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in")


def test_attempts_are_still_counted_when_the_shared_counter_is_gone(sqlite_app: Flask) -> None:
    from interagency import create_app

    folder = sqlite_app.extensions["interagency_settings"].data_folder
    app = create_app(make_settings(folder, LIMITS_URL="redis://127.0.0.1:9"), TESTING=True, RATELIMIT_ENABLED=True)
    client = app.test_client()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)
    assert found
    form = {"email": "nobody@example.org", "password": "x", "csrf_token": found[1]}
    answers = [client.post("/sign-in", data=form).status_code for _ in range(12)]
    # One limiter serves all applications of a process, and would go on without its counter for some seconds.
    limiter._storage_dead = False
    assert answers[0] == 422
    assert answers[-1] == 429
    close(app)


@pytest.mark.redis
def test_two_servers_count_attempts_together_in_redis(sqlite_app: Flask, redis_address: str) -> None:
    settings = sqlite_app.extensions["interagency_settings"]
    _count_together([replace(settings, limits_url=redis_address)] * 2)


def test_two_servers_count_attempts_together_in_the_database(app: Flask) -> None:
    _count_together([app.extensions["interagency_settings"]] * 2)


def _count_together(settings: list[Settings]) -> None:
    """Eight on each are refused by neither alone: ten a minute are allowed."""
    from interagency import create_app

    shared = {"TESTING": True, "RATELIMIT_ENABLED": True, "RATELIMIT_KEY_PREFIX": uuid.uuid4().hex}
    if time.time() % 60 > 50:
        time.sleep(11)  # a minute that ends in between begins to count anew
    answers = []
    for one in settings:  # the second is made when the first has counted: they share no memory
        app = create_app(one, **shared)
        client = app.test_client()
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)
        assert found
        form = {"email": "nobody@example.org", "password": "x", "csrf_token": found[1]}
        answers.append([client.post("/sign-in", data=form).status_code for _ in range(8)])
        close(app)
    assert answers[0] == [422] * 8
    assert answers[1][0] == 422
    assert answers[1][-1] == 429


def test_counting_begins_anew_when_its_time_is_over(app: Flask) -> None:
    storage = DatabaseStorage(f"{SCHEME}:{app.extensions['interagency_settings'].database_url}")
    names = [uuid.uuid4().hex for _name in range(2)]
    assert [storage.incr(names[0], 60) for _time in range(3)] == [1, 2, 3]
    assert storage.get(names[0]) == 3
    assert 0 < storage.get_expiry(names[0]) - time.time() <= 60
    assert [storage.incr(names[1], 0), storage.incr(names[1], 60), storage.incr(names[1], 60)] == [1, 1, 2]
    storage.clear(names[0])
    assert storage.get(names[0]) == 0
    assert storage.check()


def test_a_new_sqlite_file_and_what_lies_beside_it_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        app = make_app(make_settings(tmp_path))
        with app.app_context():
            alembic.upgrade()
            db.session.scalars(sa.select(Person.id)).all()  # a reading that is not over: all three files are there
            found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.sqlite3*")}
        close(app)
    finally:
        os.umask(before)
    assert found == dict.fromkeys((f"interagency.sqlite3{end}" for end in ("", "-shm", "-wal")), 0o600)


def test_a_method_that_an_address_does_not_take_is_refused_in_words_with_those_it_takes(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    wrong = []
    for rule in sqlite_app.url_map.iter_rules():
        address = re.sub(r"<[^>]+>", "1", rule.rule)
        if any("DELETE" in (other.methods or ()) for other in sqlite_app.url_map.iter_rules(rule.endpoint)):
            continue
        answer = client.open(address, method="DELETE")
        allowed = set(answer.headers.get("Allow", "").split(", "))
        if answer.status_code != 405 or not allowed & {"GET", "POST"} or "does not take that" not in answer.text:
            wrong.append((address, answer.status_code, allowed))
    assert [one for one in wrong if one[1] != 404] == []


def test_the_proxy_lets_go_of_an_idle_connection_before_the_service_does() -> None:
    """Else a save is sent into a connection that is just being closed, and is lost to its sender."""
    from interagency.operations import serving

    text = (Path(__file__).parents[2] / "deploy" / "interagency.nginx.conf").read_text(encoding="utf-8")
    found = re.search(r"keepalive_timeout (\d+)s;", text)
    assert found
    assert int(found[1]) < serving.keepalive
