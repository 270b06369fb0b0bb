"""Likely duplicates are shown before a new activity is saved, and a person decides (rule 13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from interagency.matrix.overlaps.models import Verdict
from tests.helpers import ACTIVITY, Browser, text_of

Enter = Callable[[str | None], Browser]
THEIRS = ACTIVITY | {"title": "Train laboratory staff in Kenya", "lead": "undp", "countries": ["KE"]}


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) or 0


@pytest.fixture
def theirs(app: Flask, enter: Enter) -> int:
    assert enter("undp").send("/activities/new", THEIRS).status_code == 302
    with app.app_context():
        return db.session.scalars(sa.select(Activity.id)).one()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"title": "Training laboratory staff in Kenya"}, "a similar title"),
        ({"title": "Kenya: in laboratory staff train"}, "title"),
        (
            {"title": "Something quite different", "countries": ["KE"]},
            "the same recommendation (5(h)) in Kenya at the same time",
        ),
    ],
)
@pytest.mark.one_database
def test_look_alikes_are_shown_and_nothing_is_saved_or_lost(
    app: Flask, enter: Enter, theirs: int, values: dict[str, Any], reason: str
) -> None:
    who = enter("who")
    shown = who.send("/activities/new", ACTIVITY | {"description": "My own words"} | values)
    assert shown.status_code == 409
    assert reason in text_of(shown)
    assert "My own words" in shown.text
    assert count(app) == 1
    related = who.send("/activities/new", ACTIVITY | values | {f"verdict-{theirs}": "related"})
    assert related.status_code == 302
    assert count(app) == 2
    assert THEIRS["title"] in text_of(who.get(related.location))
    with app.app_context():
        assert db.session.scalars(sa.select(Verdict.kind)).one().value == "related"


def test_the_same_adds_nothing_and_opens_the_other(app: Flask, enter: Enter, theirs: int) -> None:
    response = enter("who").send("/activities/new", ACTIVITY | {"title": THEIRS["title"], f"verdict-{theirs}": "same"})
    assert response.location == f"/activities/{theirs}"
    assert count(app) == 1


@pytest.mark.one_database
def test_what_is_not_alike_is_not_asked(app: Flask, enter: Enter, theirs: int) -> None:
    fine = ACTIVITY | {"title": "Global drug report", "countries": ["BO"]}
    assert enter("who").send("/activities/new", fine).status_code == 302


def test_work_that_ended_before_is_no_overlap(app: Flask, enter: Enter, theirs: int) -> None:
    undp = enter("undp")
    address = f"/activities/{theirs}/edit"
    undp.send(address, undp.fields(address) | {"end": ["June 2017"], "end_read": ["2017-06"]})
    later = ACTIVITY | {
        "title": "Something quite different",
        "countries": ["KE"],
        "start": "2020",
        "start_read": "2020",
    }
    assert enter("who").send("/activities/new", later).status_code == 302


SMART = "Global SMART programme: data on synthetic drugs"


@pytest.mark.parametrize("title", ["Global SMART programme", "SMART"])
def test_a_shorter_title_inside_a_longer_one_is_asked_about(sqlite_app: Flask, enter_sqlite: Enter, title: str) -> None:
    assert enter_sqlite("undp").send("/activities/new", ACTIVITY | {"title": SMART, "lead": "undp"}).status_code == 302
    asked = enter_sqlite("who").send("/activities/new", ACTIVITY | {"title": title})
    assert asked.status_code == 409
    assert "one title stands in the other" in text_of(asked)


def test_a_longer_title_around_a_shorter_one_is_asked_about(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    short = ACTIVITY | {"title": "Global SMART programme", "lead": "undp"}
    assert enter_sqlite("undp").send("/activities/new", short).status_code == 302
    asked = enter_sqlite("who").send("/activities/new", ACTIVITY | {"title": SMART})
    assert asked.status_code == 409
    assert "one title stands in the other" in text_of(asked)


@pytest.mark.parametrize("title", ["Training", "Training workshop"])
def test_a_generic_title_that_stands_in_many_asks_about_none(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int], title: str
) -> None:
    for whom in ("judges in sentencing", "nurses", "police academies on human rights", "chemists of five laboratories"):
        add_activity(f"Training workshop of {whom}", lead="undp")
    assert enter_sqlite("who").send("/activities/new", ACTIVITY | {"title": title}).status_code == 302


@pytest.mark.parametrize(
    ("title", "more", "is_asked"),
    [
        ("Container Control Programme: air cargo", {}, True),
        ("Container Control Programme: air cargo", {"countries": ["KE"]}, False),
        ("Container Control Programme: air cargo", {"recommendations": ["5(a)"]}, False),
        ("Guidelines on the treatment of children", {}, False),
    ],
)
def test_global_work_on_one_recommendation_is_asked_about_when_titles_share_most_words(
    sqlite_app: Flask, enter_sqlite: Enter, title: str, more: dict[str, Any], is_asked: bool
) -> None:
    theirs = ACTIVITY | {"title": "Container Control Programme: sea ports", "lead": "undp"}
    assert enter_sqlite("undp").send("/activities/new", theirs).status_code == 302
    asked = enter_sqlite("who").send("/activities/new", ACTIVITY | {"title": title} | more)
    assert asked.status_code == (409 if is_asked else 302)
    if is_asked:
        assert "the same recommendation (5(h)) in no country that is named" in text_of(asked)
        page = enter_sqlite("who").send("/activities/new", ACTIVITY | {"title": title, "verdict-rest": "related"})
        assert page.status_code == 302
        said = enter_sqlite("coordinator").get("/overlaps?shown=related")
        assert "the same recommendation (5(h)) in no country that is named" in text_of(said)


@pytest.mark.parametrize("name", ["verdict-x", "verdict-99999999999", "verdict-1"])
def test_a_word_on_something_else_decides_nothing(sqlite_app: Flask, enter_sqlite: Enter, name: str) -> None:
    who = enter_sqlite("who")
    who.send("/activities/new", ACTIVITY)
    again = who.send("/activities/new", ACTIVITY | {name: "perhaps"})
    assert again.status_code == 409
    assert html.fromstring(again.text).xpath("//*[@id='alike']//input[@type='radio']")


def test_a_pair_shows_where_the_two_differ_before_it_asks(
    app: Flask, enter: Enter, add_activity: Callable[..., int]
) -> None:
    first = add_activity("Training of laboratory staff in Kenya", description="In Nairobi", city="Nairobi")
    second = add_activity(
        "Training of laboratory staff in Kenya", description="In Mombasa", city="Nairobi", lead="undp"
    )
    answer = enter("coordinator").get(f"/overlaps/{first}/{second}")
    page = html.fromstring(answer.text)
    rows = {
        row.xpath("string(./th)"): [" ".join(cell.text_content().split()) for cell in row.xpath("./td")]
        for row in page.xpath("//section[@aria-labelledby='differences']//tbody/tr")
    }
    assert rows == {"Description": ["In Nairobi", "In Mombasa"], "Lead entity": ["WHO", "UNDP"]}
    assert "2 fields in which they differ" in text_of(answer)
    assert "The same in both: Title, " in text_of(answer)
    order = page.xpath("//main//section/@aria-labelledby")
    assert order.index("differences") < order.index("what")
