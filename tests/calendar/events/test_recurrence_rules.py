"""Rules of repetition: what no calendar agrees on is refused at once, in words; nothing is searched for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar

from interagency.calendar.events.models import Event
from interagency.calendar.events.occurrences import occurrences
from interagency.calendar.events.queries import everything
from interagency.calendar.events.recurrence_rules import MAX_RULE_LENGTH, RuleError, check_rule, moments, work_of
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.feeds.subscriptions import build_feed
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from tests.helpers import EVENT, Browser

START = datetime(2026, 10, 12, 15)  # a Monday


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=WEEKLY;INTERVAL=99999999999999999999",
        "FREQ=MONTHLY;BYDAY=9MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=YEARLY;BYWEEKNO=42;BYDAY=1MO",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=1000000000",
        "FREQ=YEARLY;COUNT=9999",
        "FREQ=DAILY;COUNT=3;COUNT=4",
        "FREQ=DAILY;UNTIL=20260101T000000",
        "FREQ=DAILY;UNTIL=20261399",
        "FREQ=DAILY;UNTIL=99991231",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=DAILY;BYMINUTE=0,1",
        "FREQ=SECONDLY",
        "FREQ=HOURLY",
        "RSCALE=CHINESE;FREQ=YEARLY",
        "FREQ=YEARLY;SKIP=OMIT",
        "FREQ=DAILY;WKST=XX",
        "FREQ",
        ";;;",
        "FREQ=DAILY;BYDAY=",
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_in_words(rule: str) -> None:
    with pytest.raises(RuleError, match=r"^[A-Z].*\.$"):
        check_rule(START, rule)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "freq=weekly;byday=mo,we;wkst=su",
        "FREQ=MONTHLY;BYDAY=2MO",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=8",
        "FREQ=MONTHLY;BYMONTHDAY=12,-20",
        "FREQ=YEARLY;BYMONTH=10;BYDAY=2MO",
        "FREQ=YEARLY;BYWEEKNO=42;BYDAY=MO",
        "FREQ=YEARLY;BYYEARDAY=285",
        "FREQ=DAILY;BYMONTH=10,11;BYDAY=MO,TU,WE,TH,FR;COUNT=30",
        "FREQ=DAILY;BYMONTHDAY=-20;UNTIL=20300101",
    ],
)
def test_what_calendars_write_is_taken(rule: str) -> None:
    check_rule(START, rule)
    assert next(moments(rule, START, datetime(2199, 1, 1))) == START


def test_the_work_of_a_rule_is_known_before_it_is_done() -> None:
    assert work_of("FREQ=DAILY", START, datetime(2026, 10, 22, 15)) == 11
    assert work_of("FREQ=WEEKLY;INTERVAL=2", START, datetime(2027, 10, 12, 15)) == 27
    assert MAX_RULE_LENGTH == 10_000


def test_a_last_day_is_meant_whole_on_pages_and_in_feeds(
    sqlite_app: Flask, enter_sqlite: Callable[[str | None], Browser]
) -> None:
    when = {"segments": "12 October 2026, 15:00-16:00", "segments_read": "12 October 2026, 15:00–16:00"}
    repeated = {"timezone": "Europe/Vienna", "repeats": "weekly", "repeat_until": "26 October 2026"}
    assert enter_sqlite("who").send("/events/new", EVENT | when | repeated).status_code == 302
    days = [date(2026, 10, 12), date(2026, 10, 19), date(2026, 10, 26)]
    with sqlite_app.app_context():
        event = db.session.scalars(sa.select(Event).options(*everything())).one()
        assert [one.first for one in occurrences(event, date(2026, 1, 1), date(2027, 1, 1))] == days
        assert event.last_day == days[-1]
        assert len(feed_events([event], "http://localhost")) == 1
        body = build_feed(db.session, Filters(), [], "All", "http://localhost/x", "http://localhost", True).body
    (entry,) = Calendar.from_ical(body).walk("VEVENT")
    assert entry["RRULE"]["UNTIL"][0].date() == days[-1]
