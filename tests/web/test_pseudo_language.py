"""No English word of ours stands on a page in another language, for anybody."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from lxml import html

from interagency.db.base import db, now
from interagency.sample.months import add_months
from interagency.text.languages import LANGUAGES
from interagency.text.zones import known_zones
from tests.conftest import close, make_app, make_settings, signed_in
from tests.helpers import Browser
from tests.pseudo import PSEUDO, bare_words, speaking_pseudo, write_in_greek

pytestmark = [pytest.mark.one_database, pytest.mark.slow]
# Addresses of one route that each person opens; more in `make attack`.
PER_ROUTE = 3 if "INTERAGENCY_TEST_INPUTS" in os.environ else 1
ROLES = ("coordinator", "who", "admin", "reader", None)
# Columns and fields of tables for programs, which stay English (docs/data.md, docs/api.md), the keys in the details of
# the log, and the days of events as an edition keeps them.
NOT_YET = {
    "api_description.documentation", "exports.dictionary", "data_addresses.addresses", "auditing.audit",
    "editions.edition",
}  # fmt: skip
# No words: what the program is called, formats and standards, numerals, what names an address or a zone.
SIGNS = """
    Interagency Vienna II III IV VI VII UNGASS SDG SDGs CSV JSON Excel IATI XML API ISO UTC PDF xlsx csv json ics
    iCalendar SQLite PostgreSQL Redis MiB GiB SHA Ed25519
"""


@pytest.fixture(scope="module")
def greek_app(loaded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A year of work, written in Greek letters."""
    folder = tmp_path_factory.mktemp("greek")
    shutil.copy(loaded_sqlite, folder / "interagency.sqlite3")
    app = make_app(make_settings(folder))
    with app.app_context():
        write_in_greek(db.session)
        add_months(db.session, at=now(), zone=ZoneInfo("Europe/Vienna"))
        write_in_greek(db.session)
    yield app
    close(app)


def links_of(page: str, address: str) -> list[str]:
    found = [urljoin(address, href) for href in html.fromstring(page).xpath("//a/@href")]
    return [one.split("#")[0] for one in found if one.startswith("/")]


def walked(app: Flask, browser: Browser, begin: str) -> Iterator[tuple[str, str, str]]:
    """Endpoint, address and page of a few addresses of each route that links lead to."""
    adapter = app.url_map.bind("localhost")
    seen, opened, waiting = set(), dict[str, int](), [begin]
    while waiting:
        address = waiting.pop(0)
        path = urlsplit(address).path
        endpoint = adapter.match(path, method="GET")[0] if adapter.test(path, method="GET") else ""
        if address in seen or not endpoint or opened.get(endpoint, 0) >= PER_ROUTE:
            continue
        seen.add(address)
        response = browser.get(address)
        if response.mimetype != "text/html":
            continue
        opened[endpoint] = opened.get(endpoint, 0) + 1
        if response.status_code in (301, 302, 303):
            waiting.append(urljoin(address, response.location))
            continue
        yield endpoint, address, response.text
        waiting += links_of(response.text, address)


def test_no_english_word_of_ours_is_on_any_page(greek_app: Flask) -> None:
    found: dict[str, list[str]] = {}
    seen = set()
    known = [SIGNS, *known_zones(), *(one.own_name for one in LANGUAGES)]
    with speaking_pseudo(greek_app):
        for role in ROLES:
            browser = signed_in(greek_app)(role)
            browser.client.set_cookie("language", PSEUDO)
            for endpoint, address, page in walked(greek_app, browser, "/"):
                seen.add(endpoint)
                assert html.fromstring(page).get("dir") == "rtl", address
                words = bare_words(page, known)
                if words and endpoint not in NOT_YET:
                    found.setdefault(f"{role} {endpoint} {address}", words)

    assert len(seen) > 55
    assert found == {}


def test_an_english_word_is_found(greek_app: Flask) -> None:
    page = signed_in(greek_app)("who").get("/account").text
    assert {"Language", "Password", "Second"} <= set(bare_words(page, [SIGNS]))
