"""The page of the list: orders by its headings, one page for paper, nothing in a box of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from lxml import html

from bench.generated.generate import Wanted, generate
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.listing import page_of_activities
from interagency.matrix.pages import activity_list
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
SORTABLE = {"Activity": "title", "Status": "status", "When": "start"}


def fill(app: Flask, number: int) -> None:
    with app.app_context():
        at = datetime(2026, 11, 21, tzinfo=UTC)
        wanted = Wanted(number, 0, 12, 3, editions=0)
        generate(db.session, wanted, at=at, zone=ZoneInfo("Europe/Vienna"), progress=lambda _line: None)


def titles(page: html.HtmlElement) -> list[str]:
    return [" ".join(one.text_content().split()) for one in page.xpath("//tbody//th")]


@pytest.mark.parametrize("heading", SORTABLE)
def test_a_heading_sorts_by_it_and_turns_the_order_round(sqlite_app: Flask, enter_sqlite: Enter, heading: str) -> None:
    fill(sqlite_app, 60)
    reader = enter_sqlite("reader")

    def press(page: html.HtmlElement) -> html.HtmlElement:
        (link,) = page.xpath(f"//thead//a[normalize-space()='{heading}']")
        return html.fromstring(reader.get(link.get("href")).text)

    first = html.fromstring(reader.get("/activities?joint=no").text)
    assert first.xpath("//th[@aria-sort]") == []
    up = press(first)
    assert [th.get("aria-sort") for th in up.xpath("//th[@aria-sort]")] == ["ascending"]
    down = press(up)
    assert [th.get("aria-sort") for th in down.xpath("//th[@aria-sort]")] == ["descending"]
    assert titles(up) != titles(down)
    with sqlite_app.app_context():
        sort = SORTABLE[heading]
        page = page_of_activities(db.session, Filters({"joint": ("no",)}), mine=[], number=1, sort=f"-{sort}")
        assert titles(down) == [" ".join(one.title.split()) for one in page.activities]
    # The filter goes along, and the form keeps the order.
    assert down.xpath("//select[@name='joint']/option[@selected]/@value") == ["no"]
    assert down.xpath("//form[@role='search']/input[@name='sort']/@value") == [f"-{sort}"]


def test_what_has_no_begin_stands_last_in_both_orders(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    fill(sqlite_app, 60)
    with sqlite_app.app_context():
        for sort in ("start", "-start"):
            found = page_of_activities(db.session, Filters(), mine=[], number=1, sort=sort, size=100).activities
            known = [one.start is not None for one in found]
            assert False in known
            assert known == sorted(known, reverse=True), sort


def test_the_page_for_paper_holds_all_rows_with_the_filters_and_the_day(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    fill(sqlite_app, 220)
    reader = enter_sqlite("reader")
    listed = html.fromstring(reader.get("/activities?sort=title&chapter=1").text)
    (link,) = listed.xpath("//a[starts-with(normalize-space(), 'To print')]/@href")
    answer = reader.get(link)
    page, words = html.fromstring(answer.text), text_of(answer)
    with sqlite_app.app_context():
        filters = Filters({"chapter": ("1",)})
        all_of_it = page_of_activities(db.session, filters, mine=[], number=1, sort="title", size=500)
    assert all_of_it.total > 50
    assert titles(page) == [" ".join(one.title.split()) for one in all_of_it.activities]
    assert "Only: chapter I." in words
    assert "As it stood on " in words
    assert "by title, A to Z" in words
    assert page.xpath("//main//button | //main//form | //thead//a") == []
    assert page.xpath("//a[normalize-space()='Back to the list']/@href") == ["/activities?chapter=1&sort=title"]


def test_what_is_too_long_for_paper_says_so(
    sqlite_app: Flask, enter_sqlite: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite_app, 30)
    monkeypatch.setattr(activity_list, "MAX_PRINTED", 10)
    answer = enter_sqlite("reader").get("/activities?print=all")
    assert "These are the first 10 of " in text_of(answer)
    assert len(titles(html.fromstring(answer.text))) == 10


def test_the_list_has_no_box_with_a_scroll_bar_of_its_own(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    fill(sqlite_app, 5)
    page = html.fromstring(enter_sqlite("reader").get("/activities?sort=nonsense&page=x").text)
    assert page.xpath("//table/ancestor::*[contains(@class, 'scroll')]") == []
    assert len(titles(page)) > 0
