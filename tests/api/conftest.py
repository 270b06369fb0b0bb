"""Addresses and tokens as people make them on the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from tests.helpers import Browser


def data_base(browser: Browser, query: str = "") -> str:
    """Make a data address and give what stands before the name of a table, without the host."""
    page = browser.send(f"/subscriptions/data{query}", {"name": "For a dashboard"})
    found = re.search(r'value="http://localhost(/data/[^"/]+/)activities\.csv"', page.text)
    assert found, page.text
    return found[1]


class Program:
    """A program with a token, or without one."""

    def __init__(self, client: FlaskClient, token: str = "") -> None:
        self.client, self.token = client, token

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return ({"Authorization": f"Bearer {self.token}"} if self.token else {}) | more

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self._headers(_named(headers)))

    def send(self, method: str, path: str, body: Any, **headers: str) -> TestResponse:
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=self._headers(_named(headers)))

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> TestResponse:
        return self.send("PATCH", path, body, **headers)


def _named(headers: dict[str, str]) -> dict[str, str]:
    """`if_match` is `If-Match`."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def make(browser: Browser, *scopes: str) -> str:
    """A token made on the account's page, with the scope `read` and these."""
    page = browser.send("/account/tokens", {"label": "A script", "scope": ["read", *scopes], "days": "90"})
    found = html.fromstring(page.text).xpath("//input[@id='token']/@value")
    assert found, page.text
    return str(found[0])


@pytest.fixture
def program(app: Flask, enter: Callable[[str | None], Browser]) -> Callable[..., Program]:
    """`program("who", "write")` has a token of the WHO focal point; `program(None)` has none."""

    def start(name: str | None, *scopes: str) -> Program:
        return Program(app.test_client(), make(enter(name), *scopes) if name else "")

    return start
