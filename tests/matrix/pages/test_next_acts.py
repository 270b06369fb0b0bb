"""After a save: back to the row of the month it was opened from, another one, an event of it. Never to another host."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.matrix.cycles.opening import open_cycle
from tests.helpers import ACTIVITY, EVENT, Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
BACK = "/month?cycle=2026-08&entity=who&show=all"


@pytest.fixture(autouse=True)
def august(sqlite_app: Flask) -> None:
    """August 2026 is open."""
    at = datetime(2026, 8, 20, 12, tzinfo=UTC)
    sqlite_app.config["CLOCK"] = lambda: at
    with sqlite_app.app_context():
        open_cycle(db.session, "2026-08", at=at, zone=ZoneInfo("Europe/Vienna"), by=None)
        db.session.commit()


def next_acts(page: str) -> dict[str, str]:
    links: Any = html.fromstring(page).xpath("//nav[contains(@class, 'next-acts')]//a")
    return {link.text_content(): link.get("href") for link in links}


def test_editing_from_the_month_leads_back_to_the_row(enter_sqlite: Enter, add_activity: Add) -> None:
    number = add_activity("Ours")
    who = enter_sqlite("who")
    row = html.fromstring(who.get(BACK).text).get_element_by_id(f"activity-{number}")
    edit = next(link for link in row.xpath(".//a/@href") if "/edit?" in link)
    values = who.fields(edit)
    refused = who.send(edit, values | {"title": [""]})
    assert refused.status_code == 422
    response = who.send(edit, values | {"title": ["Ours, renamed"]})
    found = next_acts(who.get(response.location).text)
    assert list(found) == ["Back to August 2026 for WHO", "Add another", "Add an event of it"]
    back = found["Back to August 2026 for WHO"]
    assert back.endswith(f"#activity-{number}")
    there = html.fromstring(who.get(back).text)
    assert "done" in there.get_element_by_id(f"activity-{number}").get("class")
    event = html.fromstring(who.get(found["Add an event of it"]).text)
    assert "Ours, renamed" in event.get_element_by_id("activities").text
    assert who.get(found["Add another"]).status_code == 200


def test_our_part_shows_the_activity_and_leads_back(enter_sqlite: Enter, add_activity: Add) -> None:
    number = add_activity("Theirs", lead="undp", entities=("who",), description="Nine laboratories in five countries")
    who = enter_sqlite("who")
    row = html.fromstring(who.get(BACK).text).get_element_by_id(f"activity-{number}")
    edit = next(link for link in row.xpath(".//a/@href") if "/edit?" in link)
    page = text_of(who.get(edit))
    assert "Nine laboratories in five countries" in page
    assert "None: coordination work" in page
    response = who.send(edit, {**who.fields(edit)})
    assert next(iter(next_acts(who.get(response.location).text))) == "Back to August 2026 for WHO"


def test_an_event_leads_back_too(enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    made = who.send("/events/new?back=%2Fmonth%3Fcycle%3D2026-08%26entity%3Dwho", EVENT)
    found = next_acts(who.get(made.location).text)
    assert list(found) == ["Back to August 2026 for WHO", "Add another"]
    edit = "/events/1/edit?back=%2Fmonth%3Fcycle%3D2026-08%26entity%3Dwho"
    saved = who.send(edit, who.fields(edit))
    assert list(next_acts(who.get(saved.location).text)) == ["Back to August 2026 for WHO", "Add another"]


def test_who_came_from_elsewhere_is_led_to_their_month(enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    made = who.send("/activities/new", ACTIVITY)
    assert next(iter(next_acts(who.get(made.location).text))) == "Back to August 2026 for WHO"
    assert next_acts(who.get("/activities/1").text) == {}
    coordinator = enter_sqlite("coordinator")
    saved = coordinator.send("/activities/1/edit", coordinator.fields("/activities/1/edit"))
    assert list(next_acts(coordinator.get(saved.location).text)) == ["Add another", "Add an event of it"]


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "https://evil.example/month",
        "/\\evil.example",
        "/\t/evil.example",
        "month",
        "javascript:a",
        "",
    ],
)
def test_no_way_back_leads_to_another_host(enter_sqlite: Enter, add_activity: Add, back: str) -> None:
    number = add_activity("Ours")
    who = enter_sqlite("who")
    page = who.get(f"/activities/{number}", query_string={"back": back})
    assert page.status_code == 200
    assert next_acts(page.text) == {}
    tree = html.fromstring(page.text)
    assert not [one for one in tree.xpath("//@href | //@action | //@formaction") if "evil.example" in one]


@pytest.mark.parametrize(
    ("back", "label"),
    [
        ("/calendar", "Back to where you were"),
        ("/month", "Back to your month"),
        ("/month?cycle=2026-99&entity=who", "Back to your month"),
        ("/month?cycle=2026-08&entity=nobody", "Back to August 2026"),
    ],
)
def test_the_way_back_says_where_it_leads(enter_sqlite: Enter, add_activity: Add, back: str, label: str) -> None:
    number = add_activity("Ours")
    page = enter_sqlite("who").get(f"/activities/{number}", query_string={"back": back})
    assert list(next_acts(page.text)) == [label]
