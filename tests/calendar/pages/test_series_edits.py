"""A series is edited: its cancelled, moved and other single dates go with it, or are listed before it is saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from interagency.calendar.events.fields import facts
from interagency.calendar.events.models import Event
from interagency.db.base import db
from tests.helpers import EVENT, Browser, text_of

Enter = Callable[[str | None], Browser]
EDIT, DATES = "/events/1/edit", "/events/1/occurrences"
SERIES = EVENT | {
    "title": "Weekly coordination",
    "segments": "5 January 2027, 10:00-11:00",
    "segments_read": "5 January 2027, 10:00–11:00",
    "timezone": "Europe/Vienna",
    "repeats": "weekly",
    "repeat_count": "8",
}
# 12 January is cancelled, 19 January moved, 26 January in another room, 2 February left out.
SINGLE = (
    {"original": "2027-01-12T10:00:00", "act": "cancel"},
    {"original": "2027-01-19T10:00:00", "act": "move", "when": "20 January 2027, 14:00-15:00"},
    {"original": "2027-01-26T10:00:00", "act": "move", "when": "26 January 2027, 10:00-11:00", "venue": "Room B"},
    {"original": "2027-02-02T10:00:00", "act": "leave_out"},
)
CANCELLED, MOVED, ROOM, LEFT_OUT = "cancelled", "2027-01-20 14:00-15:00", "Room B", "left out"


@pytest.fixture
def who(sqlite_app: Flask, enter_sqlite: Enter) -> Browser:
    sqlite_app.config["CLOCK"] = lambda: datetime(2026, 12, 28, 12, tzinfo=UTC)
    browser = enter_sqlite("who")
    assert browser.send("/events/new", SERIES).status_code == 302
    for version, values in enumerate(SINGLE, start=1):
        assert browser.send(DATES, values | {"version": str(version)}).status_code == 302
    return browser


def as_shown(page: TestResponse) -> dict[str, list[str]]:
    """What the form on a page would send."""
    values: dict[str, list[str]] = {}
    for name, value in html.fromstring(page.text).xpath("//form[contains(@class, 'record')]")[0].form_values():
        values.setdefault(name, []).append(value)
    return values


def single_dates(app: Flask, event_id: int = 1) -> dict[str, str]:
    """What stands of single dates, by their original begin."""
    with app.app_context():
        event = db.session.scalars(sa.select(Event).where(Event.id == event_id)).one()
        found = {}
        for original, start, end, is_cancelled, _title, _note, venue, *_more in facts(event)["exceptions"]:
            words = (
                CANCELLED
                if is_cancelled
                else venue or (f"{start[:16]}-{end[11:16]}".replace("T", " ") if start else "")
            )
            found[original[5:16]] = words or LEFT_OUT
        return found


def days(*names: str, hour: str = "10:00") -> dict[str, str]:
    return dict(zip([f"{name}T{hour}" for name in names], (CANCELLED, MOVED, ROOM, LEFT_OUT), strict=True))


STANDS = days("01-12", "01-19", "01-26", "02-02")


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"title": "Another title"}, STANDS),
        ({"segments": "5 January 2027, 10:30-11:30"}, days("01-12", "01-19", "01-26", "02-02", hour="10:30")),
        ({"segments": "5 January 2027, 10:00-12:00"}, STANDS),
        ({"segments": "5 January 2027"}, days("01-12", "01-19", "01-26", "02-02", hour="00:00")),
        ({"timezone": "America/New_York"}, STANDS),
        ({"repeat_count": "", "repeat_until": "31 March 2027"}, STANDS),
        ({"repeat_count": "40"}, STANDS),
        ({"repeats": "daily", "repeat_count": "60"}, STANDS),
        ({"segments": "29 December 2026, 10:00-11:00"}, STANDS),
    ],
    ids=["title", "hour", "end hour", "whole days", "zone", "end", "longer", "rule", "earlier begin"],
)
def test_what_can_be_kept_is_kept(
    who: Browser, sqlite_app: Flask, change: dict[str, str], after: dict[str, str]
) -> None:
    values = who.fields(EDIT) | {name: [value] for name, value in change.items()}
    answer = who.send(EDIT, read(values))
    assert answer.status_code == 302, text_of(answer)
    assert single_dates(sqlite_app) == after


def read(values: dict[str, list[str]]) -> dict[str, list[str]]:
    """As sent by somebody who has seen how the days are read."""
    return values | {"segments_read": [values["segments"][0].replace("-", "–")]}


@pytest.mark.parametrize(
    ("change", "told", "after"),
    [
        (
            {"segments": "6 January 2027, 10:00-11:00"},
            ["12 January 2027 (cancelled): it goes to 13 January 2027", "2 February 2027 (left out): it goes to"],
            days("01-13", "01-20", "01-27", "02-03"),
        ),
        (
            {"repeat_every": "2"},
            ["12 January 2027 (cancelled): it is left out", "26 January 2027 (Room B)"][:1],
            {"01-19T10:00": MOVED, "02-02T10:00": LEFT_OUT},
        ),
        (
            {"repeat_count": "3"},
            ["26 January 2027", "2 February 2027"],
            {"01-12T10:00": CANCELLED, "01-19T10:00": MOVED},
        ),
        (
            {"repeats": "", "repeat_count": ""},
            ["12 January 2027", "19 January 2027", "20 January 2027, 14:00–15:00"],
            {},
        ),
    ],
    ids=["day", "every second week", "shorter", "no rule"],
)
def test_what_cannot_be_kept_is_listed_before_it_is_saved(
    who: Browser, sqlite_app: Flask, change: dict[str, str], told: list[str], after: dict[str, str]
) -> None:
    values = read(who.fields(EDIT) | {name: [value] for name, value in change.items()})
    asked = who.send(EDIT, values)
    assert asked.status_code == 422
    for words in ["Nothing is saved yet", *told]:
        assert words in text_of(asked)
    assert single_dates(sqlite_app) == STANDS
    assert who.send(EDIT, as_shown(asked)).status_code == 302
    assert single_dates(sqlite_app) == after


def test_from_a_date_on_what_was_stays_and_what_follows_begins_anew(who: Browser, sqlite_app: Flask) -> None:
    values = who.fields(EDIT) | {"segments": ["5 January 2027, 09:00-10:00"], "only_from": ["18 January 2027"]}
    assert who.send(EDIT, read(values)).status_code == 302
    assert single_dates(sqlite_app) == {"01-12T10:00": CANCELLED}
    assert single_dates(sqlite_app, 2) == {"01-19T09:00": MOVED, "01-26T09:00": ROOM, "02-02T09:00": LEFT_OUT}
    with sqlite_app.app_context():
        old, new = db.session.scalars(sa.select(Event).order_by(Event.id))
        assert old.uid != new.uid
        assert (str(old.last_day), str(new.first_day), str(new.last_day)) == ("2027-01-12", "2027-01-19", "2027-02-23")


def test_a_first_day_outside_its_rule_is_refused_with_the_next(who: Browser, sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        event = db.session.scalars(sa.select(Event)).one()
        event.rrule = "FREQ=MONTHLY;BYDAY=TU"
        db.session.commit()
    values = who.fields(EDIT) | {"segments": ["6 January 2027, 10:00-11:00"]}
    answer = who.send(EDIT, read(values))
    assert answer.status_code == 422
    assert "Begin on 12 January 2027" in text_of(answer)
