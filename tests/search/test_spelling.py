"""What the search says when nothing was found: other words, or why a code is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.matrix.framework.names import code_problem
from interagency.search.spelling import did_you_mean
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


def offered(browser: Browser, words: str) -> tuple[str, str] | None:
    """What is offered instead, and where it leads."""
    page = html.fromstring(browser.get("/search", query_string={"q": words}).text)
    links = page.xpath("//p[@class='meant']/a")
    return (links[0].text_content(), links[0].get("href")) if links else None


def test_misspelled_words_are_offered_put_right(enter: Enter) -> None:
    reader = enter("reader")
    assert offered(reader, "preventoin") == ("prevention", "/search?q=prevention")
    for words, meant in (
        ("Afghanistn", "Afghanistan"),
        ("tretment", "treatment"),
        ("Childrens Fnud", "children Fund"),
        ("kolombia", "Colombia"),
    ):
        given = offered(reader, words)
        assert given is not None, words
        assert given[0].casefold() == meant.casefold()
        assert reader.get(given[1]).text.count('class="found"')


def test_nothing_is_offered_where_something_was_found_or_nothing_is_near(enter: Enter, add_activity: Add) -> None:
    add_activity("Preventoin as it was typed")
    reader = enter("reader")
    assert "Did you mean" not in text_of(reader.get("/search?q=preventoin"))
    for words in ("zzzzqqq", "xy", "🙂🙂🙂🙂🙂", "a" * 200, "' OR 1=1 --"):
        assert offered(reader, words) is None, words


def test_a_word_that_records_hold_is_not_put_right(app: Flask, add_activity: Add) -> None:
    with app.app_context():
        assert did_you_mean(db.session, "treatmant") == "treatment"
    add_activity("Treatmant houses")
    with app.app_context():
        assert did_you_mean(db.session, "treatmant") is None


def test_words_of_records_are_never_offered(app: Flask, add_activity: Add) -> None:
    add_activity("Operation Quixotic", remarks="Quicksilver")
    with app.app_context():
        assert did_you_mean(db.session, "Quixotik") is None
        assert did_you_mean(db.session, "Quicksilvr") is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("15.1.27", "There is no chapter 15. The recommendations are 1(a) to 1(r)"),
        ("5.12", "There is no recommendation “5.12”. Those of chapter V have letters: 5(a) to 5(y)."),
        ("1(s)", "There is no 1(s): chapter I has the letters a to r"),
        ("rec 8.a", "There is no chapter 8."),
    ],
)
def test_a_code_that_does_not_exist_is_said_to_be_none_with_those_there_are(
    enter_sqlite: Enter, typed: str, said: str
) -> None:
    page = text_of(enter_sqlite("reader").get("/search", query_string={"q": typed}))
    assert said in page
    assert "is short" not in page


@pytest.mark.parametrize(
    "typed", ["1(p)", "I(p)", "5.h", "2026-08", "vi", "id", "WHO", "SDG 3.5", "27", "", "1999.5000"]
)
def test_what_is_no_such_code_is_not_taken_for_one(typed: str) -> None:
    assert code_problem(typed) is None


@pytest.mark.parametrize("path", ["/activities", "/calendar"])
def test_a_list_that_finds_nothing_leads_to_the_search(enter_sqlite: Enter, path: str) -> None:
    reader = enter_sqlite("reader")
    page = html.fromstring(reader.get(path, query_string={"q": "preventoin", "entity": "who"}).text)
    (link,) = page.xpath("//div[@class='empty']//a[starts-with(@href, '/search')]/@href")
    assert "Did you mean prevention" in text_of(reader.get(link))
    empty = html.fromstring(reader.get(path).text).xpath("//div[@class='empty']//a/@href")
    assert not [link for link in empty if link.startswith("/search")]
