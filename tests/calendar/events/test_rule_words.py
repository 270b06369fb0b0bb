"""Rules of repetition in words."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask

from interagency.calendar.events.recurrence import dates_of_rule, rule_words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY;COUNT=3", "every day, 3 times"),
        ("FREQ=WEEKLY;UNTIL=20261005T235959", "every week on Monday, until 5 October 2026"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "every 2 weeks on Monday and Wednesday, without end"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "every day on every working day, without end"),
        ("FREQ=MONTHLY", "every month on day 7, without end"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day, without end"),
        ("FREQ=MONTHLY;BYDAY=2TU,4TH", "every month on the second Tuesday and the fourth Thursday, without end"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "every month on the last working day, without end"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", "every month on the first Monday or Tuesday, without end"),
        ("FREQ=YEARLY", "every year on 7 September, without end"),
        ("FREQ=YEARLY;BYMONTH=3,9;BYDAY=2MO", "every year on the second Monday in March and September, without end"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "every year on Monday in week 20, without end"),
        ("FREQ=YEARLY;BYYEARDAY=100,-1", "every year on day 100 and -1 of the year, without end"),
    ],
)
def test_a_rule_is_said_with_its_end(sqlite_app: Flask, rule: str, words: str) -> None:
    with sqlite_app.test_request_context():
        assert rule_words(rule, date(2026, 9, 7)) == words


def test_the_dates_of_a_rule_are_counted() -> None:
    first = datetime(2026, 9, 7, 10)
    assert dates_of_rule("FREQ=WEEKLY;COUNT=7", first) == 7
    assert dates_of_rule("FREQ=WEEKLY;UNTIL=20260921", first) == 3
    assert dates_of_rule("FREQ=WEEKLY", first) is None
