"""The page of a subscription: what it holds in words, how large it is, codes that phones can open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

import pytest
from flask import Flask
from lxml import html

from interagency.calendar.events import record
from interagency.calendar.events.models import EventKind, EventStatus
from interagency.calendar.events.record import SegmentDraft
from interagency.db.base import db
from interagency.text.dates import ImpreciseDate
from interagency.web.context import today
from tests.helpers import Browser, event_draft, text_of

Enter = Callable[[str | None], Browser]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("entity=who&kind=workshop", "organised by or with WHO, workshops"),
        ("entity=who&entity=undp&chapter=2", "organised by or with WHO or UNDP, on days about chapter II"),
        ("kind=training&kind=launch&status=confirmed", "trainings or launches, confirmed"),
        ("q=liaison&country=KE&mine=yes", "in Kenya, of my own entities, with the words “liaison”"),
        ("joint=yes", "organised by several entities"),
        ("", "every event"),
    ],
)
def test_what_a_subscription_holds_is_said_in_words(enter_sqlite: Enter, query: str, words: str) -> None:
    who = enter_sqlite("who")
    if query:
        assert f"It will hold: {words}." in text_of(who.get(f"/subscriptions?{query}"))
    who.send(f"/subscriptions?{query}", {"name": "Mine"}, at="/subscriptions")
    (cell,) = html.fromstring(who.get("/subscriptions").text).xpath("//td[@data-label='Holds']")
    assert " ".join(cell.text_content().split()) == words


def test_a_feed_near_one_megabyte_is_warned_of(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    who.send("/subscriptions", {"name": "All"})
    assert "Google stops reading" not in text_of(who.get("/subscriptions"))
    with sqlite_app.app_context():
        day = ImpreciseDate.day(today())
        for number in range(50):
            draft = event_draft(
                f"Meeting {number}", EventKind.TRAINING, EventStatus.CONFIRMED,
                [SegmentDraft(day, day, time(9), time(10))], timezone="Europe/Vienna", description="x" * 19_000,
            )  # fmt: skip
            record.create_event(db.session, draft, by=None)
        db.session.commit()
    assert "It has 1.0 MB. Google stops reading near one megabyte" in text_of(who.get("/subscriptions"))
    who.send("/subscriptions?kind=launch", {"name": "Few"}, at="/subscriptions")
    assert text_of(who.get("/subscriptions")).count("Google stops reading") == 1


def test_there_is_a_code_for_each_kind_of_phone(enter_sqlite: Enter) -> None:
    page = html.fromstring(enter_sqlite("who").send("/subscriptions", {"name": "All"}).text)
    codes = page.xpath("//div[@class='qr'][@role='img']")
    assert [one.get("aria-label").split()[4] for one in codes] == ["webcal", "https"]
    pictures = [html.tostring(one.xpath("./svg")[0]) for one in codes]
    assert pictures[0] != pictures[1]
