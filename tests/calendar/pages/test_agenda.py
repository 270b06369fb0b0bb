"""The agenda, the grids and the timeline stay short and ask as many questions, however full the calendar is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.accounts.models import Person
from interagency.calendar.events import record
from interagency.calendar.events.models import EventKind, EventStatus
from interagency.calendar.events.record import SegmentDraft
from interagency.calendar.pages.agenda import SIZE
from interagency.db.base import db
from interagency.text.dates import ImpreciseDate, Precision
from tests.helpers import Browser, event_draft, statements_seen, text_of

Enter = Callable[[str | None], Browser]
FIRST = date(2031, 3, 3)  # a Monday
AGENDA = "/calendar?from=2031-03-01"


def add(app: Flask, titles: list[str], start: Callable[[int], ImpreciseDate], **more: Any) -> None:
    """Events by these titles, at what `start` says for their number."""
    with app.app_context():
        for number, title in enumerate(titles):
            hours = (time(9), time(10, 30)) if start(number).is_exact else ()
            segment = SegmentDraft(start(number), start(number), *hours)
            draft = event_draft(
                title, EventKind.TRAINING, EventStatus.CONFIRMED, [segment], timezone="Europe/Vienna", **more
            )
            record.create_event(db.session, draft, by=None)
        db.session.commit()


def daily(number: int) -> ImpreciseDate:
    return ImpreciseDate.day(FIRST + timedelta(days=number))


def titles(page: str) -> list[str]:
    """What the lines of an agenda are called."""
    return [str(one.text_content()).strip() for one in html.fromstring(page).xpath("//ol[@class='agenda']/li//a")]


def test_the_agenda_is_read_page_by_page_and_loses_nothing(app: Flask, enter: Enter) -> None:
    names = [f"Meeting {number:03}" for number in range(2 * SIZE + 5)]
    add(app, names, daily)
    add(app, ["Weekly one", "Weekly two"], lambda number: daily(10 * number), rrule="FREQ=WEEKLY;COUNT=30")
    who = enter("who")
    seen: list[str] = []
    address: str | None = AGENDA
    while address:
        page = html.fromstring(who.get(address).text)
        seen += titles(who.get(address).text)
        (later,) = page.xpath("//nav[@aria-label='Pages']/a[@rel='next']/@href") or [None]
        address = f"/calendar{later}" if later else None
    assert sorted(seen) == sorted([*names, "Weekly one", "Weekly two"])
    assert seen.index("Weekly one") < 2
    assert [one for one in seen if one in names] == names
    past = [*titles(who.get("/calendar?past=yes&from=2040-01-01").text)]
    assert (len(past), past[0]) == (SIZE, "Weekly two")  # the last of its thirty dates
    page = html.fromstring(who.get(f"{AGENDA}&page=2").text)
    (earlier,) = page.xpath("//nav[@aria-label='Pages']/a[@rel='prev']/@href")
    assert titles(who.get(f"/calendar{earlier}").text)[0] == "Meeting 000"


def test_what_repeats_is_one_line_with_its_next_date_and_its_rule(app: Flask, enter: Enter) -> None:
    add(app, ["Weekly"], daily, rrule="FREQ=WEEKLY;COUNT=30")
    page = enter("who").get("/calendar?from=2031-03-05")
    assert titles(page.text) == ["Weekly"]
    assert "March 2031 Mon 10 Mar 09:00–10:30 Europe/Vienna Weekly" in text_of(page)
    assert "Repeats every week on Monday, 30 times" in text_of(page)


def test_a_period_that_has_begun_is_listed_by_its_end(app: Flask, enter: Enter) -> None:
    add(app, ["Some day of the year"], lambda _number: ImpreciseDate.year(2031))
    add(app, ["Early in the year"], lambda _number: ImpreciseDate.part(2031, Precision.EARLY))
    add(app, ["In May"], lambda _number: ImpreciseDate.day(date(2031, 5, 2)))
    assert titles(enter("who").get(AGENDA).text) == ["Early in the year", "In May", "Some day of the year"]


@pytest.mark.parametrize("query", ["from=x", "from=2031-13-01", "from=9999-01-01", "page=0", "page=999", "page=x"])
def test_an_agenda_asked_for_badly_is_told_and_shown(sqlite_app: Flask, enter_sqlite: Enter, query: str) -> None:
    page = enter_sqlite("who").get(f"/calendar?{query}")
    assert page.status_code == 200
    told = html.fromstring(page.text).xpath("//div[contains(@class, 'notice warning')]")
    assert bool(told) == query.startswith("from")


def test_a_full_day_shows_a_few_and_leads_to_the_rest(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    add(sqlite_app, [f"Meeting {number:02}" for number in range(30)], lambda _number: daily(0))
    who = enter_sqlite("who")
    month = html.fromstring(who.get("/calendar/2031/3").text)
    assert len(month.xpath("//table[@class='month']//a[contains(@class, 'bar')]")) == 5
    (rest,) = month.xpath("//a[contains(@class, 'with-more')]")
    assert "25 more" in rest.text_content()
    week = html.fromstring(who.get(rest.get("href")).text)
    assert len(week.xpath("//section[.//h2[@id='day-2031-03-03']]//li")) == 25
    (rest,) = week.xpath("//section//p/a[contains(@href, 'from=')]/@href")
    assert len(titles(who.get(rest).text)) == 30


def test_a_week_folds_the_days_without_anything(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    add(sqlite_app, ["On Wednesday"], lambda _number: daily(2))
    page = html.fromstring(enter_sqlite("who").get("/calendar/week/2031-03-05").text)
    heads = [" ".join(str(one.text_content()).split()) for one in page.xpath("//section//h2")]
    assert heads == [
        "Monday 3 Mar 2031 to Tuesday 4 Mar 2031: nothing",
        "Wednesday 5 Mar 2031",
        "Thursday 6 Mar 2031 to Sunday 9 Mar 2031: nothing",
    ]


def test_a_year_counts_dates_and_events_apart(app: Flask, enter: Enter) -> None:
    add(app, ["Weekly"], daily, rrule="FREQ=WEEKLY;COUNT=4")
    add(app, ["Once"], daily)
    add(app, ["Some day"], lambda _number: ImpreciseDate.year(2031))
    text = text_of(enter("who").get("/calendar/2031"))
    assert "5 dates of 2 events in the year. 1 more is not dated to a day." in text
    assert "March 5" in text


def test_events_that_repeat_are_in_the_timeline_when_asked_for(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    add(sqlite_app, ["Weekly"], daily, rrule="FREQ=WEEKLY;COUNT=4")
    who = enter_sqlite("who")
    page = who.get("/when?around=2031-03")
    assert "Weekly" not in text_of(page)
    assert "1 event that repeats is left out." in text_of(page)
    (shown,) = html.fromstring(page.text).xpath("//a[text()='Show what repeats']/@href")
    assert "Weekly" in text_of(who.get(shown))


@pytest.mark.parametrize(
    "address",
    [AGENDA, "/calendar?past=yes&from=2032-01-01", "/calendar/2031", "/calendar/2031/3", "/calendar/week/2031-03-05",
     "/when?around=2031-03&series=yes"],
)  # fmt: skip
@pytest.mark.slow
def test_more_events_take_no_more_statements_and_no_more_room(
    sqlite_app: Flask, enter_sqlite: Enter, address: str
) -> None:
    def fill(label: str, number: int) -> None:
        add(sqlite_app, [f"{label} {one}" for one in range(number)], lambda one: daily(one % 7))
        add(sqlite_app, [f"{label} series {one}" for one in range(2)], daily, rrule="FREQ=WEEKLY;COUNT=4")
        add(sqlite_app, [f"{label} year {one}" for one in range(2)], lambda _one: ImpreciseDate.year(2031))

    who = enter_sqlite("who")
    fill("Few", 3)
    who.get(address)
    with statements_seen(sqlite_app) as few:
        who.get(address)
    fill("Many", 200)
    who.get(address)  # counts that are kept until a record changes
    with statements_seen(sqlite_app) as many:
        page = who.get(address)
    assert len(many) == len(few)
    assert len(page.data) < 120_000


def test_an_evening_elsewhere_is_listed_on_the_readers_day(app: Flask, enter: Enter) -> None:
    """What is on 3 March in New York is on 4 March in Tokyo, in the list of what is coming and of what has been."""
    add(app, ["Vienna"], daily)
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.email == "who@example.org").values(timezone="Asia/Tokyo"))
        for title, rule in (("One evening", ""), ("Every evening", "FREQ=DAILY;COUNT=2")):
            hours = SegmentDraft(daily(0), daily(0), time(20), time(22))
            draft = event_draft(
                title, EventKind.TRAINING, EventStatus.CONFIRMED, [hours], timezone="America/New_York", rrule=rule
            )
            record.create_event(db.session, draft, by=None)
        db.session.commit()
    who = enter("who")
    coming = who.get("/calendar?from=2031-03-04").text
    assert titles(coming) == ["One evening", "Every evening"]
    assert "Tue 4 Mar" in coming
    assert titles(who.get("/calendar?from=2031-03-05").text) == ["Every evening"]
    assert titles(who.get("/calendar?from=2031-03-06").text) == []
    assert titles(who.get("/calendar?from=2031-03-04&past=yes").text) == ["Vienna"]
    past = titles(who.get("/calendar?from=2031-03-05&past=yes").text)
    assert sorted(past) == ["Every evening", "One evening", "Vienna"]
