"""Days and repetitions as people and papers say them, read, shown before they are saved, and said again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode

import pytest
from icalendar import Calendar

from interagency.calendar.events.recurrence import Repeat, repeat_of, rule_of
from interagency.calendar.events.recurrence_rules import parts_of
from tests.calendar.events.test_planning import CALL, add
from tests.helpers import EVENT, Browser, errors_of, text_of

Enter = Callable[[str | None], Browser]


@pytest.mark.parametrize(
    ("kind", "on", "months", "rule"),
    [
        ("weekly", "Monday and Wednesday", "", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("weekly", "Wed, Mon", "", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("weekly", "every working day", "", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("daily", "weekdays", "", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("monthly", "second Tuesday and fourth Thursday", "", "FREQ=MONTHLY;BYDAY=2TU,4TH"),
        ("monthly", "the 1st and 3rd Monday of the month", "", "FREQ=MONTHLY;BYDAY=1MO,3MO"),
        ("weekday", "last Friday", "", "FREQ=MONTHLY;BYDAY=-1FR"),
        ("monthly", "last day", "", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("monthly", "first and last working day", "", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1"),
        ("monthly", "day 1 and day 15", "", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
        ("monthly", "15th", "Mar, September", "FREQ=MONTHLY;BYMONTHDAY=15;BYMONTH=3,9"),
        ("yearly", "third Tuesday", "March and September", "FREQ=YEARLY;BYDAY=3TU;BYMONTH=3,9"),
        ("monthly", "", "january, april, july and october", "FREQ=MONTHLY;BYMONTH=1,4,7,10"),
        ("weekly", "", "", "FREQ=WEEKLY"),
    ],
)
def test_days_said_in_words_are_a_rule_and_are_said_again(kind: str, on: str, months: str, rule: str) -> None:
    first = date(2026, 10, 19)
    assert rule_of(Repeat(kind, on=on, months=months), first) == rule
    again = repeat_of(rule, first)
    assert again is not None
    assert parts_of(rule_of(again, first)) == parts_of(rule)


@pytest.mark.parametrize(
    "on",
    ["Moonday", "second", "first Monday and day 15", "working", "second Tuesday and working days", "32nd", "day 0"],
)
def test_days_that_are_none_are_refused_at_their_field(enter_sqlite: Enter, on: str) -> None:
    answer = enter_sqlite("who").send("/events/new", CALL | {"repeats": "monthly", "repeat_on": on})
    assert answer.status_code == 422
    assert errors_of(answer)


def test_the_dates_are_shown_before_anything_is_saved(enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    values = CALL | {"repeats": "monthly", "repeat_on": "third Tuesday and last working day", "show_dates": "1"}
    assert who.send("/events/new", values | {"repeat_on": "third Tuesday and last working day"}).status_code == 422
    values |= {"repeat_on": "third Tuesday and last Friday", "repeat_until": "31 December 2026"}
    page = text_of(who.send("/events/new", values))
    assert "every month on the third Tuesday and the last Friday, until 31 December 2026" in page
    for day in ("20 October 2026", "30 October 2026", "25 December 2026"):
        assert day in page
    assert who.get("/events/1").status_code == 404
    del values["show_dates"]
    event_id = add(who, values)
    assert "on the third Tuesday and the last Friday, until 31 December 2026" in text_of(who.get(f"/events/{event_id}"))
    assert who.fields(f"/events/{event_id}/edit")["repeats"] == ["monthly"]


@pytest.mark.parametrize(
    ("typed", "runs"),
    [
        (
            "26–29 September, 16–18 October and 16 November 2017",
            ["26–29 September 2017", "16–18 October 2017", "16 November 2017"],
        ),
        ("28 September - 3 October, 16 October 2017", ["28 September – 3 October 2017", "16 October 2017"]),
        ("30 June and 2 July 2026", ["30 June 2026", "2 July 2026"]),
        ("31 December 2026, 23:30 - 1 January 2027, 00:30", ["31 December 2026 – 1 January 2027, 23:30–00:30"]),
        ("14 October 2026 at 3 pm to 15 October 2026 at 4 pm", ["14–15 October 2026, 15:00–16:00"]),
        ("9 and 10 February 2027", ["9–10 February 2027"]),
        ("12 October 2026, 15:00-16:30", ["12 October 2026, 15:00–16:30"]),
    ],
)
def test_days_are_read_as_papers_have_them(enter_sqlite: Enter, typed: str, runs: list[str]) -> None:
    who = enter_sqlite("who")
    assert who.get(f"/events/dates?{urlencode({'text': typed})}").json == {
        "code": "; ".join(runs),
        "words": "; ".join(runs),
    }
    values = EVENT | {"segments": typed, "segments_read": "", "timezone": "Europe/Vienna"}
    event_id = add(who, values if " pm" not in typed and typed[:5] != "9 and" else values | {"segments_read": runs[0]})
    assert who.fields(f"/events/{event_id}/edit")["segments"] == ["\n".join(runs)]


def test_each_entry_says_its_own_chapters(enter_sqlite: Enter) -> None:
    """In lists and feeds: a run of days of which none has a chapter has only those of the event as a whole."""
    who = enter_sqlite("who")
    days = {"segments": "26–27 October, 3 November and 5 November 2026", "segments_read": ""}
    add(who, EVENT | days | {"days": "26 October 2026: I\n27 October 2026: II\n3 November 2026: VII", "chapters": []})
    rows = csv.DictReader(io.StringIO(who.get("/exports/calendar.csv").data.decode("utf-8-sig")))
    assert [row["Chapters"] for row in rows] == ["I, II", "VII", ""]
    page = who.send("/subscriptions", {"name": "Mine"}).text
    body = who.get("/feeds/" + page.split('value="http://localhost/feeds/')[1].split('"')[0]).data
    entries = Calendar.from_ical(body).walk("VEVENT")
    said = [[str(one) for one in entry["CATEGORIES"].cats if "Chapter" in one] for entry in entries]
    assert said == [["Chapter I", "Chapter II"], ["Chapter VII"], []]
