"""The examples of docs/api.md and of the page of data addresses run against a service that is served."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from interagency.api.data.programs import lines_for
from tests.api.conftest import data_base, make
from tests.helpers import ACTIVITY, Browser

Enter = Callable[[str | None], Browser]
DOCUMENT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
SHELL = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture
def service(sqlite_app: Flask) -> Iterator[str]:
    """The address of the service, on loopback."""
    server = make_server("127.0.0.1", 0, sqlite_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def token(enter_sqlite: Enter) -> str:
    who = enter_sqlite("who")
    assert who.send("/activities/new", ACTIVITY).status_code == 302
    return make(who, "write")


def names_of(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(block, "docs/api.md", "exec"), names)
    return names


def test_a_program_follows(service: str, token: str) -> None:
    (follow,) = [names_of(block)["follow"] for block in PYTHON if "def follow" in block]
    rows: dict[int, Any] = {}
    since = follow(service, token, rows)
    assert list(rows) == [1]
    rows.clear()
    follow(service, token, rows, since)
    assert list(rows) == [1]  # saved within the minutes that are looked back


def test_a_program_changes_a_title(service: str, token: str) -> None:
    (retitle,) = [names_of(block)["retitle"] for block in PYTHON if "def retitle" in block]
    assert retitle(service, token, 1, "Another title") == 200


@pytest.mark.curl
def test_curl_reads_a_list(service: str, token: str) -> None:
    for block in SHELL:
        done = subprocess.run(
            ["sh", "-c", block], env={"TOKEN": token, "SERVICE": service, "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert '"Train laboratory staff"' in done.stdout, done


def test_a_program_fetches_a_table(service: str, sqlite_app: Flask, enter_sqlite: Enter) -> None:
    """As Power Query, Sheets, R and Python do: one GET, no cookie, the encoding from the first bytes."""
    who = enter_sqlite("who")
    assert who.send("/activities/new", ACTIVITY).status_code == 302
    address = f"{service}{data_base(who)}activities.csv"
    answer = requests.get(address, timeout=60, headers={"Accept-Encoding": "gzip"})
    assert not answer.history
    assert not answer.cookies
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0]["title"] == "Train laboratory staff"
    assert requests.get(address, timeout=60, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    for line in (lines_for(address).google_sheets, lines_for(address).python, lines_for(address).r):
        assert f'"{address}"' in line
    assert f'Web.Contents("{address}")' in lines_for(address).power_query
