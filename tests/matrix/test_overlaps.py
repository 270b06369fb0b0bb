"""Likely duplicates are shown before a new activity is saved, and a person decides (rule 13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.database import db
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


@pytest.mark.parametrize("name", ["verdict-x", "verdict-99999999999", "verdict-1"])
def test_a_word_on_something_else_decides_nothing(sqlite_app: Flask, enter_sqlite: Enter, name: str) -> None:
    who = enter_sqlite("who")
    who.send("/activities/new", ACTIVITY)
    again = who.send("/activities/new", ACTIVITY | {name: "perhaps"})
    assert again.status_code == 409
    assert html.fromstring(again.text).xpath("//div[@id='alike']//input[@type='radio']")
