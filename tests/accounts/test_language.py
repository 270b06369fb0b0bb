"""In which language somebody is answered: the account's, the device's, the browser's, English."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale, gettext
from lxml import html

from interagency.accounts.models import Person
from interagency.db.base import db
from interagency.text.languages import LANGUAGES, best_language
from tests.helpers import Browser
from tests.pseudo import PSEUDO, speaking_pseudo

pytestmark = pytest.mark.one_database


def language_of(page: str) -> tuple[str, str]:
    root = html.fromstring(page)
    return root.get("lang"), root.get("dir")


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", "en"), ("fr-CH, en;q=0.5", "fr"), ("de, es-419;q=0.8, fr;q=0.9", "fr"), ("zh-Hant-TW", "zh"),
        ("ar_EG", "ar"), ("ru;q=0, es", "es"), ("*", "en"), ("de", "en"), (";;q=,,", "en"), ("x" * 100_000, "en"),
        ("en;q=0.1, RU;q=0.2", "ru"), ("fr;q=abc", "en"),
    ],
)  # fmt: skip
def test_a_browser_is_answered_in_the_first_of_its_languages_that_we_have(asked: str, language: str) -> None:
    assert best_language(asked) == language


def test_a_language_is_chosen_before_and_after_signing_in(
    sqlite_app: Flask, enter_sqlite: Callable[[str | None], Browser]
) -> None:
    browser = enter_sqlite(None)
    french = {"Accept-Language": "fr"}
    page = browser.get("/sign-in?next=/activities", headers=french)
    assert language_of(page.text) == ("fr", "ltr")
    switch = html.fromstring(page.text).xpath("//form[@action='/language']")[0]
    own = [(one.get("value"), one.get("lang"), one.get("dir"), one.text) for one in switch.xpath(".//button")]
    assert own == [(one.code, one.code, one.direction, one.own_name) for one in LANGUAGES]
    assert switch.xpath(".//button[@aria-current]/@value") == ["fr"]
    chosen = browser.client.post("/language", data={**dict(switch.form_values()), "language": "ar"})
    assert chosen.location == "/sign-in?next=/activities"
    assert language_of(browser.get("/sign-in", headers=french).text) == ("ar", "rtl")
    browser.sign_in("who@example.org")
    assert language_of(browser.get("/account").text) == ("ar", "rtl")

    browser.send("/language", {"language": "zh", "next": "//elsewhere.example/"})
    with sqlite_app.app_context():
        query = sa.select(Person.language).where(Person.email == "who@example.org")
        assert db.session.scalar(query) == "zh"
    elsewhere = enter_sqlite("who")  # another device, a French browser: the account's choice counts
    assert language_of(elsewhere.get("/account", headers=french).text) == ("zh", "ltr")
    assert language_of(elsewhere.get("/no-such-page", headers=french).text) == ("zh", "ltr")
    assert elsewhere.send("/account", {"language": "", "timezone": ""}).status_code == 302
    assert language_of(elsewhere.get("/account", headers=french).text) == ("fr", "ltr")


def test_no_other_language_and_no_other_host(enter_sqlite: Callable[[str | None], Browser]) -> None:
    browser = enter_sqlite("who")
    for wrong in ("de", "", "en-GB", "../../etc", "x" * 5000, "\x00"):
        assert browser.send("/language", {"language": wrong}).status_code == 400, wrong
    assert browser.send("/account", {"language": "de", "timezone": ""}).status_code == 400
    assert browser.client.post("/language", data={"language": "fr"}).status_code == 400  # no token
    for target in ("https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"):
        assert browser.send("/language", {"language": "fr", "next": target}).location == "/"
    browser.client.set_cookie("language", "tlh")
    assert language_of(browser.get("/sign-in", follow_redirects=True).text) == ("fr", "ltr")


def test_programs_and_what_runs_outside_a_request_are_answered_in_english(sqlite_app: Flask) -> None:
    refused = sqlite_app.test_client().get("/api/v1/activities", headers={"Accept-Language": PSEUDO})
    assert "token" in refused.json["detail"].lower()
    with speaking_pseudo(sqlite_app), sqlite_app.app_context():
        assert gettext("Save") == "Save"
        with force_locale(PSEUDO):
            assert gettext("Save") == "⟦Śáṽé·⟧"
        assert gettext("Save") == "Save"


def test_a_template_within_a_request_speaks_the_language_that_is_forced(sqlite_app: Flask) -> None:
    with speaking_pseudo(sqlite_app), sqlite_app.test_request_context():
        words = sqlite_app.jinja_env.from_string("{{ _('Save') }} {{ viewer_language().code }}")
        assert words.render() == "Save en"
        with force_locale(PSEUDO):
            assert words.render() == "⟦Śáṽé·⟧ ar"
        assert words.render() == "Save en"
