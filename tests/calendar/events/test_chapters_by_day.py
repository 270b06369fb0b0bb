"""Chapters belong to days (rule 26): a filter finds the days, and a day without a chapter shows none."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from icalendar import Calendar
from lxml import html

from tests.calendar.events.test_said_in_words import add
from tests.helpers import EVENT, Browser, text_of

Enter = Callable[[str | None], Browser]
# One event on three runs of days, as the papers have it; each day has its own chapter or none.
DAYS = EVENT | {
    "title": "Thematic discussions",
    "segments": "26-29 October 2026\n16-18 November 2026\n26 November 2026",
    "segments_read": "",
    "days": "26 October 2026: I\n27 October 2026: II\n28 October 2026: none (open debate)\n29 October 2026: II\n"
    "16 November 2026: IV\n17 November 2026: II",
    "chapters": [],
}
WHEN = {"2": ["27 October 2026", "29 October 2026", "17 November 2026"], "1": ["26 October 2026"], "7": []}


@pytest.fixture
def who(enter: Enter) -> Browser:
    who = enter("who")
    add(who, DAYS)
    return who


def rows(who: Browser, query: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(who.get(f"/exports/calendar.csv{query}").data.decode("utf-8-sig"))))


def entries(who: Browser, query: str) -> list[Any]:
    page = who.send(f"/subscriptions{query}", {"name": f"Mine {query}"}, at="/subscriptions").text
    body = who.get("/feeds/" + page.split('value="http://localhost/feeds/')[1].split('"')[0]).data
    return list(Calendar.from_ical(body).walk("VEVENT"))


def bars(who: Browser, address: str) -> list[tuple[str, str, str]]:
    """Day, mark and colour of each bar of a month."""
    found = []
    for cell in html.fromstring(who.get(address).text).xpath("//table[@class='month']//td"):
        day = str(cell.xpath("string(.//span[@class='day-number'])"))
        for bar in cell.xpath(".//a[contains(@class, 'bar ')]"):
            tone = next(one for one in bar.get("class").split() if one.startswith("tone-"))
            found.append((day, str(bar.xpath("string(./strong)")), tone))
    return found


@pytest.mark.parametrize("chapter", ["2", "1", "7"])
def test_a_filter_by_chapter_finds_the_days(who: Browser, chapter: str) -> None:
    expected = WHEN[chapter]
    query = f"?chapter={chapter}"
    assert [row["When"] for row in rows(who, query)] == expected
    roman = {"1": "I", "2": "II"}.get(chapter, "")
    assert {row["Chapters"] for row in rows(who, query)} == ({roman} if expected else set())
    found = entries(who, query)
    said = [(entry["DTSTART"].dt, entry["DTEND"].dt.toordinal() - entry["DTSTART"].dt.toordinal()) for entry in found]
    assert [f"{day.day} {day:%B %Y}" for day, _length in said] == expected
    assert all(length == 1 for _day, length in said)
    assert len({str(entry["UID"]) for entry in found}) == len(expected)
    for entry in found:
        assert [str(one) for one in entry["CATEGORIES"].cats if "Chapter" in one] == [f"Chapter {roman}"]
        assert str(entry["DESCRIPTION"]).count("chapter ") == 1
    agenda = html.fromstring(who.get(f"/calendar{query}&from=2026-10-01").text)
    lines = [" ".join(one.text_content().split())[:10] for one in agenda.xpath("//ol[@class='agenda']/li")]
    days = {"2": ["Tue 27 Oct", "Thu 29 Oct", "Tue 17 Nov"], "1": ["Mon 26 Oct"], "7": []}
    assert lines == days[chapter]
    past = html.fromstring(who.get(f"/calendar{query}&from=2026-10-28&past=yes").text)
    assert len(past.xpath("//ol[@class='agenda']/li")) == {"2": 1, "1": 1, "7": 0}[chapter]


def test_month_and_week_draw_the_days_that_a_filter_finds(who: Browser) -> None:
    assert bars(who, "/calendar/2026/10?chapter=2") == [("27", "II", "tone-2"), ("29", "II", "tone-2")]
    assert bars(who, "/calendar/2026/11?chapter=4") == [("16", "IV", "tone-4")]
    week = text_of(who.get("/calendar/week/2026-10-27?chapter=2"))
    assert week.count("Thematic discussions") == 2
    assert "whole day II Thematic discussions" in week, week
    year = html.fromstring(who.get("/calendar/2026?chapter=2").text)
    assert "3 dates" in " ".join(year.text_content().split())


def test_a_day_without_a_chapter_shows_none(who: Browser) -> None:
    assert bars(who, "/calendar/2026/10") == [
        ("26", "I", "tone-1"), ("27", "II", "tone-2"), ("28", "", "tone-0"), ("29", "II", "tone-2"),
    ]  # fmt: skip
    november = bars(who, "/calendar/2026/11")
    assert november[-2:] == [("18", "", "tone-0"), ("26", "", "tone-0")]
    week = text_of(who.get("/calendar/week/2026-10-28"))
    assert "day 3 of 4 · Thematic discussions" in week
    assert "day 4 of 4 II Thematic discussions" in week
    assert [row["Chapters"] for row in rows(who)] == ["I, II", "II, IV", ""]


def test_a_day_said_to_have_none_has_none_of_the_event_either(enter: Enter) -> None:
    who = enter("who")
    days = {"segments": "26-28 October 2026", "segments_read": "", "chapters": ["7"]}
    add(who, EVENT | days | {"days": "26 October 2026: I\n27 October 2026: none"})
    assert bars(who, "/calendar/2026/10") == [("26", "I, VII", "tone-1"), ("27", "", "tone-0"), ("28", "VII", "tone-7")]
    assert [row["When"] for row in rows(who, "?chapter=7")] == ["26 October 2026", "28 October 2026"]


def test_a_part_of_a_run_has_the_hours_of_its_days(enter: Enter) -> None:
    who = enter("who")
    days = {"segments": "26-28 October 2026, 10:00-18:00", "segments_read": "", "timezone": "Europe/Vienna"}
    add(who, EVENT | days | {"days": "27 October 2026: III", "chapters": []})
    (row,) = rows(who, "?chapter=3")
    assert (row["When"], row["From"], row["To"]) == ("27 October 2026", "10:00", "18:00")
    (entry,) = entries(who, "?chapter=3")
    assert f"{entry['DTSTART'].dt:%d %H:%M}-{entry['DTEND'].dt:%d %H:%M}" == "27 10:00-27 18:00"
    assert entry["DTSTART"].dt.date() == date(2026, 10, 27)
