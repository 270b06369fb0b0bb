"""The list of activities: the same pages by key as by number, in a fixed number of statements."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from bench.generated.generate import Wanted, generate
from interagency.db.base import db
from interagency.matrix.activities import queries, record
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.listing import SORTS, page_of_activities
from interagency.matrix.activities.models import Activity
from tests.helpers import Browser, statements_seen, text_of

Enter = Callable[[str | None], Browser]


def fill(number: int) -> None:
    at, zone = datetime(2026, 11, 21, tzinfo=UTC), ZoneInfo("Europe/Vienna")
    wanted = Wanted(number, 0, 12, 3, editions=0)
    generate(db.session, wanted, at=at, zone=zone, progress=lambda _line: None)


def test_every_order_goes_forth_and_back_through_all_activities_once(app: Flask) -> None:
    with app.app_context():
        fill(130)
        listed = set(db.session.scalars(sa.select(Activity.id).where(Activity.is_listed)))
        for sort in SORTS:
            one = page_of_activities(db.session, Filters(), mine=[], number=1, sort=sort)
            two = page_of_activities(db.session, Filters(), mine=[], number=2, sort=sort, after=one.last)
            three = page_of_activities(db.session, Filters(), mine=[], number=3, sort=sort, after=two.last)
            assert {a.id for page in (one, two, three) for a in page.activities} == listed, sort
            by_number = page_of_activities(db.session, Filters(), mine=[], number=2, sort=sort)
            assert by_number.activities == two.activities, sort
            back = page_of_activities(db.session, Filters(), mine=[], number=2, sort=sort, before=three.first)
            assert back.activities == two.activities, sort


INDEXES = {
    "newest": "newest", "title": "by_title", "-title": "by_title", "start": "by_start", "status": "by_status",
    "-status": "by_status",
}  # fmt: skip


def test_a_page_is_sought_in_an_index_of_its_order(app: Flask) -> None:
    """An index on an expression is used only where the query says the same words."""
    on_sqlite = app.extensions["interagency_settings"].is_sqlite
    with app.app_context():
        fill(130)
        assert set(SORTS) - set(INDEXES) == {"-start"}
        for sort in INDEXES:
            one = page_of_activities(db.session, Filters(), mine=[], number=1, sort=sort)
            for place in ({}, {"after": one.last}, {"before": one.last}):
                ask = partial(page_of_activities, db.session, Filters(), mine=[], number=2, sort=sort, **place)
                plan = plan_of(ask)
                assert f"ix_activity_{INDEXES[sort]}" in plan, (sort, plan)
                sought = re.search(r"is_listed=\? AND \S+[<>]\?" if on_sqlite else r"Index Cond: .*[<>]", plan)
                assert bool(sought) is bool(place), (sort, plan)


def plan_of(act: Callable[[], object]) -> str:
    """How the database goes about the statement of `act` that asks for a page."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        seen.append((statement, values))

    db.session.connection()
    sa.event.listen(db.engine, "before_cursor_execute", note)
    act()
    sa.event.remove(db.engine, "before_cursor_execute", note)
    (asked,) = [one for one in seen if "LIMIT" in one[0]]
    cursor = db.session.connection().connection.cursor()
    if db.engine.dialect.name == "sqlite":
        cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1])
    else:
        cursor.execute("SET LOCAL enable_seqscan = off")  # few rows are quicker looked through
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {asked[0]}", asked[1])
    return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_a_listed_activity_says_what_the_record_says(app: Flask) -> None:
    with app.app_context():
        fill(40)
        page = page_of_activities(db.session, Filters(), mine=[], number=1)
        for listed in page.activities:
            one = queries.get_activity(listed.id)
            facts = record.facts(one)
            assert (listed.title, listed.status, listed.is_joint) == (one.title, one.status, one.is_joint)
            assert (listed.start, listed.end) == (one.start, one.end)
            assert [e.short for e in listed.entities] == [part.entity.short for part in one.taking_part]
            assert [e.is_lead for e in listed.entities] == [part.is_lead for part in one.taking_part]
            assert sorted(listed.partners) == sorted(partner.short for partner in one.partners)
            names = [link.country.name for link in one.countries] + [region.name for region in one.regions]
            assert list(listed.places) == list(dict.fromkeys(names))
            assert list(listed.recommendations) == facts["recommendations"]
            assert list(listed.chapters) == one.chapter_numbers


def test_the_list_takes_as_many_statements_with_fifty_rows_as_with_one(app: Flask, enter: Enter) -> None:
    def statements(address: str) -> int:
        with statements_seen(app) as seen:
            assert reader.get(address).status_code == 200
        return len([one for one in seen if not one.startswith("SET LOCAL")])  # how a plan is chosen, not a question

    with app.app_context():
        fill(120)
    reader = enter("reader")
    few = statements("/activities?q=%284%29&recommendation=")
    assert statements("/activities?page=2") <= few
    assert statements("/activities?joint=yes") == few
    assert few <= 13


def test_the_links_of_the_pages_go_by_key_and_old_addresses_still_open(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    with sqlite_app.app_context():
        fill(130)
    reader = enter_sqlite("reader")

    def titles(address: str) -> list[str]:
        return [
            " ".join(one.split()) for one in html.fromstring(reader.get(address).text).xpath("//tbody//th//a/text()")
        ]

    def link(address: str, rel: str) -> str:
        return str(html.fromstring(reader.get(address).text).xpath(f"//a[@rel='{rel}']/@href")[0])

    second = link("/activities", "next")
    assert re.search(r"page=2&after=", second)
    assert titles(second) == titles("/activities?page=2")
    assert titles(link(second, "prev")) == titles("/activities")
    assert "page 2 of 3" in text_of(reader.get(second))


@pytest.mark.parametrize(
    "key",
    ["x", "~", "2026-01-01~x", "~9", "9999999~99999999999999999999", "2026-01-01T00:00:00~1", "%00~1", "é~" * 300],
)
@pytest.mark.parametrize("sort", ["newest", "start", "-start", "title"])
def test_a_key_that_is_none_opens_a_page_all_the_same(enter_sqlite: Enter, key: str, sort: str) -> None:
    reader = enter_sqlite("reader")
    for name in ("after", "before"):
        assert reader.get(f"/activities?sort={sort}&{name}={key}").status_code == 200
