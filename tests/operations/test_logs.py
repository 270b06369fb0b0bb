"""The log says what happened and when, and nothing of what people are called, typed, or hold as a secret."""

from __future__ import annotations

import io
import json
import logging
import re
import socket
import time
from collections.abc import Callable

import pytest
from flask import Flask

from interagency.operations import logs
from interagency.web.access import public
from tests.served import Served, Visitor
from tests.web.test_routes import ROUTES

TOKEN = "PlAnTeDtOkEnPlAnTeDtOkEn12345678"
MARKERS = {
    "email": "planted.person@planted.example",
    "password": "planted password of mine",
    "again": "planted password of mine",
    "current": "planted password of mine",
    "name": "Planted Name",
    "title": "Planted title",
    "q": "planted-question",
    "reason": "Planted reason",
    "note": "Planted note",
    "description": "Planted description",
}


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served]) -> Served:
    return serve(LOG_FORMAT="json", workers=1)


def addresses() -> list[tuple[str, str]]:
    """Every route with planted words wherever it takes any."""
    found = []
    for method, rule in ROUTES:
        address = re.sub(r"<int:[^>]+>", "1", rule)
        found.append((method, re.sub(r"<[^>]+>", TOKEN, address)))
    return found


def test_no_route_writes_a_name_a_secret_or_a_query_into_the_log(served: Served) -> None:
    nobody = Visitor(served.address, headers={"User-Agent": "planted-agent", "Referer": "http://planted.example/x"})
    somebody = Visitor(served.address, headers={"User-Agent": "planted-agent", "X-Forwarded-For": "203.0.113.77"})
    somebody.sign_in("reader@example.org")
    token = somebody.token("/account")
    for visitor in (nobody, somebody):
        for method, address in addresses():
            if address == "/sign-out":
                continue
            if method == "GET":
                visitor.get(f"{address}?q=planted-question&token={TOKEN}")
            else:
                visitor.post(f"{address}?q=planted-question&next=/planted", dict(MARKERS), token=token)
    for path in (
        f"/{TOKEN}",
        f"/feeds/{TOKEN}.ics/more",
        f"/data/{TOKEN}/activities.csv",
        f"/activities/{TOKEN}",
        "/planted.person@planted.example",
    ):
        nobody.get(path)
        nobody.get(path + "%0d%0aplanted: second line")
    with socket.create_connection(("127.0.0.1", served.port)) as raw:  # what gunicorn itself refuses
        raw.sendall(f"GET /feeds/{TOKEN}.ics?planted=1 HTTP/9.9\r\nHost: planted.example\r\n\r\n".encode())
        raw.recv(1000)
    with socket.create_connection(("127.0.0.1", served.port)) as raw:
        raw.sendall(f"PLANTED{TOKEN} / HTTP/1.1\r\nHost: 127.0.0.1\r\nBad Header {TOKEN}\r\n\r\n".encode())
        raw.recv(1000)
    time.sleep(0.5)
    text = served.lines()
    lines = [json.loads(line) for line in text.splitlines()]
    requests_logged = [line for line in lines if "path" in line]
    assert len(requests_logged) > 2 * len(ROUTES)
    for marker in ("planted", TOKEN.lower(), "203.0.113", "reader@", "@example.org", "rui reader"):
        assert marker not in text.lower(), [line for line in text.splitlines() if marker in line.lower()][:3]
    assert {line["path"] for line in requests_logged} >= {"/feeds/<token>.ics", "(unknown)", "/activities/1"}
    assert all(re.fullmatch("[0-9a-f]{16}", line["request"]) for line in requests_logged)


def test_a_request_is_found_in_the_log_by_the_id_on_its_page(served: Served) -> None:
    page = Visitor(served.address).get("/no-such-page")
    number = page.headers["X-Request-ID"]
    assert number in page.text
    time.sleep(0.3)
    assert f'"request": "{number}"' in served.lines()


def test_a_strangers_id_is_not_taken_without_a_proxy(served: Served) -> None:
    page = Visitor(served.address).get("/healthz", headers={"X-Request-ID": "chosen-by-me-1"})
    assert page.headers["X-Request-ID"] != "chosen-by-me-1"


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ("3f2a9c1b-77de-4f0a", True),
        ("short", False),
        ("x" * 65, False),
        ("<script>alert(1)", False),
        ("planted.person@example.org", False),
        ("", False),
    ],
)
def test_behind_a_proxy_its_id_is_taken_when_it_is_a_sane_one(sqlite_app: Flask, offered: str, taken: bool) -> None:
    from tests.conftest import close, make_app, make_settings

    app = make_app(make_settings(sqlite_app.extensions["interagency_settings"].data_folder, PROXIES="1"))
    answer = app.test_client().get("/healthz", headers={"X-Request-ID": offered})
    assert (answer.headers["X-Request-ID"] == offered) is taken
    close(app)


def written(act: Callable[[logging.Logger], None], log_format: str = "json") -> str:
    """What `act` makes the logger write."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter(log_format))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    act(logger)
    return stream.getvalue()


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_error_is_told_by_its_place_and_kind_without_the_values(log_format: str) -> None:
    def act(logger: logging.Logger) -> None:
        try:
            try:
                raise ValueError(f"cannot read 'planted text' of planted.person@example.org with {TOKEN}")
            except ValueError as error:
                raise RuntimeError('duplicate key DETAIL:  Key (email)=(planted@x.org) "planted"') from error
        except RuntimeError:
            logger.exception("while reading /feeds/%s.ics?planted=1", TOKEN)

    text = written(act, log_format)
    assert "planted" not in text
    assert TOKEN not in text
    assert "builtins.ValueError: cannot read" in text
    assert "builtins.RuntimeError: duplicate key" in text
    assert "test_logs.py" in text
    assert "/feeds/…" in text


def test_a_line_is_one_line_whatever_is_in_it() -> None:
    assert written(lambda logger: logger.warning("first\nsecond\r\n%s", "third"), "json").count("\n") == 1


def test_an_unexpected_error_is_a_page_with_a_reference_and_a_line_without_values(
    sqlite_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @public
    def broken(token: str) -> str:
        raise KeyError(f"planted {token}")

    sqlite_app.add_url_rule("/broken/<token>", view_func=broken)
    with caplog.at_level(logging.ERROR):
        page = sqlite_app.test_client().get(f"/broken/{TOKEN}")
    assert page.status_code == 500
    assert page.headers["X-Request-ID"] in page.text
    assert "Nothing was saved" in page.text
    (record,) = [one for one in caplog.records if one.name == "interagency"]
    line = logs.JsonFormatter().format(record)
    assert TOKEN not in line
    assert "builtins.KeyError" in line
