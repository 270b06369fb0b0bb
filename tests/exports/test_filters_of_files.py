"""A file is never wider than its address says: a filter that cannot be read is refused, and told on pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from interagency.db.base import db
from interagency.matrix.activities.filters import read_filters
from interagency.matrix.activities.reader import entries
from interagency.matrix.cycles.contents import gather
from interagency.matrix.cycles.edition_filters import matches
from interagency.matrix.framework.models import SdgGoal, SdgTarget
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
DAY = date(2026, 8, 20)
BAD = [
    ("entity=UNOWA", "We do not know the entity “UNOWA”. Choose one of: UNODC, "),
    ("joint=1", "Choose one of: yes, no."),
    ("sdg=18", "Write a goal from 1 to 17"),
    ("country=Nowhere", "Write its UN name or its ISO code."),
    ("region=Nowhere", "Choose one of: "),
    ("chapter=9", "The chapters are I to VII."),
    ("recommendation=1(s)", "1(s)"),
    ("status=sleeping", "Choose one of: planned, ongoing"),
    ("also=q:x", "is not a further condition"),
]


@pytest.mark.parametrize(("query", "words"), BAD, ids=[query for query, _words in BAD])
def test_a_filter_that_cannot_be_read_is_refused_for_files_and_told_on_pages(
    enter_sqlite: Enter, query: str, words: str
) -> None:
    reader = enter_sqlite("reader")
    address = quote(query, safe="=&")
    for ending in ("xlsx", "csv", "json"):
        refused = reader.get(f"/exports/matrix.{ending}?{address}")
        assert refused.status_code == 400
        assert words in text_of(refused)
    assert reader.get(f"/matrix.svg?{address}").status_code == 400
    for page in ("/activities", "/matrix", "/where"):
        shown = reader.get(f"{page}?{address}")
        assert shown.status_code == 200
        assert words in text_of(shown)


def test_a_name_that_is_no_filter_is_refused_for_files(enter_sqlite: Enter) -> None:
    reader = enter_sqlite("reader")
    refused = reader.get("/exports/matrix.csv?entitty=WHO")
    assert refused.status_code == 400
    assert "There is no filter “entitty”. There are: q, entity, " in text_of(refused)
    assert reader.get("/exports/matrix.csv?hxl=1").status_code == 200


def test_a_calendar_is_never_wider_than_its_address(enter_sqlite: Enter) -> None:
    reader = enter_sqlite("reader")
    for query in ("entity=UNOWA", "country=Nowhere", "kind=party"):
        assert reader.get(f"/exports/calendar.csv?{query}").status_code == 400
        assert reader.send(f"/subscriptions?{query}", {"name": "x"}, at="/subscriptions").status_code == 400
        for page in ("/calendar", "/subscriptions"):
            assert "notice warning" in reader.get(f"{page}?{query}").text


def test_goals_and_targets_are_a_filter_everywhere(app: Flask, enter: Enter, add_activity: Add) -> None:
    with app.app_context():
        goal = db.session.get_one(SdgGoal, 3)
        targets = {code: db.session.get_one(SdgTarget, code) for code in ("3.5", "16.1")}
    said = {"Goal": [goal], "Target": [targets["3.5"]], "Both": [targets["16.1"], goal], "Nothing": []}
    ids = {title: add_activity(title, sdg=sdg) for title, sdg in said.items()}
    expected = {
        "3": {"Goal", "Target", "Both"},
        "SDG 3.5": {"Target"},
        "16": {"Both"},
        "none": {"Nothing"},
        "1": set(),
    }
    coordinator = enter("coordinator")
    for value, titles in expected.items():
        rows = coordinator.get(f"/exports/matrix.json?sdg={value}").json["rows"]
        assert {row["Title"] for row in rows} == titles, value
        page = coordinator.get(f"/activities?sdg={value}").text
        assert {title for title, number in ids.items() if f'href="/activities/{number}"' in page} == titles, value
        with app.app_context():
            filters, names = read_filters(db.session, MultiDict({"sdg": value})), gather(db.session, DAY)
            found = {entry["facts"]["title"] for entry in entries(db.session) if matches(entry, names, filters, ())}
        assert found == titles, "an edition finds the same"
    assert "SDG 3.5" in text_of(coordinator.get("/matrix?sdg=3.5"))
