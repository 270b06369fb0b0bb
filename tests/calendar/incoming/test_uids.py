"""UIDs that clash, and records that no calendar could carry: no feed is ever broken by what stands in the calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar

from interagency.calendar.events.models import Event
from interagency.calendar.feeds.building import FeedEvent, calendar_bytes
from interagency.calendar.feeds.subscriptions import build_feed
from interagency.calendar.incoming.comparing import Importer, chosen_by_default, preview
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from tests.calendar.incoming.doing import apply
from tests.helpers import EVENT, Browser

DESK = Importer(None, (), None)
Enter = Callable[[str | None], Browser]


def file(*events: str) -> bytes:
    blocks = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{blocks}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def event(uid: str, day: str = "20261101", more: str = "") -> str:
    return f"UID:{uid}\nSUMMARY:From outside\nDTSTART;VALUE=DATE:{day}\n{more}"


def take(body: bytes) -> list[dict[str, Any]]:
    kept = preview(db.session, body, "x.ics", DESK, "Europe/Vienna")
    items: list[dict[str, Any]] = kept.result["items"]
    apply(db.session, kept, chosen_by_default(items), DESK)
    db.session.commit()
    db.session.expire_all()
    return items


def uids(**more: Any) -> list[str]:
    body = build_feed(db.session, Filters(), [], "All", "http://localhost/x", "http://localhost", True, **more).body
    return [str(one["UID"]) for one in Calendar.from_ical(body).walk("VEVENT")]


@pytest.fixture
def ours(sqlite_app: Flask, enter_sqlite: Enter) -> Iterator[str]:
    """The UID of an event made here, with two runs of days."""
    who = enter_sqlite("who")
    who.send("/events/new", EVENT | {"segments": "12-14 October 2026\n20 October 2026"})
    with sqlite_app.app_context():
        yield str(db.session.scalar(sa.select(Event.uid)))
        db.session.close()


def test_a_run_of_days_that_is_not_there_is_refused(ours: str) -> None:
    (item,) = take(file(event(ours.replace("@", "-7@"))))
    assert item["act"] == "skipped"
    assert "run of days" in item["reason"]
    assert len(uids()) == 2


def test_further_dates_never_take_the_uid_of_another_event(ours: str) -> None:
    take(file(event("a-2@x")))
    (item,) = take(file(event("a@x", more="RDATE;VALUE=DATE:20261105")))
    assert item["act"] == "skipped"
    assert "UID" in item["reason"]
    found = uids()
    assert len(found) == len(set(found)) == 3


def test_a_foreign_uid_that_looks_like_a_run_of_days_is_not_written_over_another_event(ours: str) -> None:
    take(file(event("a@x", more="RDATE;VALUE=DATE:20261105")))
    (item,) = take(file(event("a-2@x", "20270101").replace("From outside", "Quite another")))
    assert item["act"] == "skipped"
    assert db.session.scalars(sa.select(Event.title).order_by(Event.id)).all() == [EVENT["title"], "From outside"]


def test_in_one_file_too(ours: str) -> None:
    for order in (1, -1):
        events = [event(f"b{order}-2@x"), event(f"b{order}@x", more="RDATE;VALUE=DATE:20261105,20261109")][::order]
        assert sorted(item["act"] for item in take(file(*events))) == ["new", "skipped"]
    found = uids()
    assert len(found) == len(set(found))


def test_the_same_uid_twice_in_a_file_is_one_event_and_the_newest(ours: str) -> None:
    take(
        file(
            event("a@x", "20261103", "DTSTAMP:20260301T000000Z"),
            event("a@x", "20261102", "DTSTAMP:20260201T000000Z"),
            event(" a@x ", "20261101", "DTSTAMP:20260101T000000Z"),
        )
    )
    assert uids().count("a@x") == 1
    assert db.session.scalar(sa.select(Event.first_day).where(Event.uid == "a@x")) == datetime(2026, 11, 3).date()


def test_long_uids_that_begin_alike_stay_two_events(ours: str) -> None:
    long = "x" * 400
    take(file(event(f"{long}1@x"), event(f"{long}2@x")))
    assert len(set(uids())) == 4
    assert {item["act"] for item in take(file(event(f"{long}1@x"), event(f"{long}2@x")))} == {"unchanged"}


def test_the_uid_of_a_deadline_is_refused(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        (item,) = take(file(event("due-2026-08-who@interagency")))
        assert item["act"] == "skipped"
        assert "deadline" in item["reason"]


def feed_event(number: int, **more: Any) -> FeedEvent:
    stamp = datetime(2026, 1, number, tzinfo=UTC)
    start = datetime(2026, 10, 12, 9)
    return replace(
        FeedEvent(f"{number}@x", 0, stamp, stamp, f"Event {number}", "confirmed", start, start, "Europe/Vienna"), **more
    )


def test_two_records_with_one_uid_are_two_entries_and_the_older_keeps_it() -> None:
    pair = [
        feed_event(1, uid="a@x", url="http://localhost/events/1"),
        feed_event(2, uid="a@x", url="http://localhost/events/2"),
    ]
    for events in (pair, pair[::-1]):
        body = calendar_bytes("x", "http://localhost", events)
        found = {str(one["SUMMARY"]): str(one["UID"]) for one in Calendar.from_ical(body).walk("VEVENT")}
        assert found["Event 1"] == "a@x"
        assert found["Event 2"].startswith("a@x-")
    assert calendar_bytes("x", "http://localhost", pair) == calendar_bytes("x", "http://localhost", pair[::-1])


@pytest.mark.parametrize(
    "broken",
    [
        {"tzid": "Mars/Base"},
        {"rrule": "FREQ=DAILY;BYDAY=9MO;INTERVAL=x"},
        {"rrule": "UNTIL=99999999"},
        {
            "start": datetime(9999, 12, 31, 23),
            "end": datetime(9999, 12, 31, 23, 30),
            "tzid": "America/New_York",
            "rrule": "FREQ=DAILY;UNTIL=99991231",
        },
        {"geo": (float("nan"), "x")},
    ],
)
def test_one_record_that_cannot_be_written_leaves_the_others_in_the_feed(broken: dict[str, Any]) -> None:
    body = calendar_bytes("x", "http://localhost", [feed_event(1), feed_event(2, **broken), feed_event(3)])
    titles = [str(one["SUMMARY"]) for one in Calendar.from_ical(body).walk("VEVENT")]
    assert titles[0] == "Event 1"
    assert "Event 3" in titles


@pytest.mark.parametrize(
    "values", [{"timezone": "Mars/Base"}, {"rrule": "rubbish"}, {"rrule": "FREQ=DAILY;INTERVAL=0"}]
)
def test_a_broken_record_in_the_database_leaves_the_others_in_the_feed(ours: str, values: dict[str, str]) -> None:
    take(file("UID:a@x\nSUMMARY:Bad\nDTSTART:20261101T090000Z\nDTEND:20261101T100000Z\nRRULE:FREQ=DAILY;COUNT=2"))
    db.session.execute(sa.update(Event).where(Event.uid == "a@x").values(**values))
    db.session.commit()
    assert ours in uids()


def test_a_deadline_stands_beside_an_event_that_took_its_uid(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        take(file(event("a@x")))
        db.session.execute(sa.update(Event).values(uid="due-2026-08-who@interagency"))
        db.session.commit()
        deadline = feed_event(3, uid="due-2026-08-who@interagency", url="http://localhost/month")
        assert len(set(uids(deadlines=[deadline]))) == 2
