"""The timeline shows dates as exactly as they are known, and says what it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from lxml import html

from interagency.calendar.pages.timeline import Entry, Window, activity_spans, timeline
from interagency.calendar.pages.timeline_views import draw
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Status
from interagency.text.dates import ImpreciseDate, Precision
from tests.helpers import EVENT, Browser, text_of

Enter = Callable[[str | None], Browser]
WINDOW = Window.around(date(2017, 6, 15))
JUNE = ImpreciseDate.month(2017, 6)


def test_the_window_is_twelve_months_to_either_side() -> None:
    assert (WINDOW.first, WINDOW.middle, WINDOW.last) == (date(2016, 6, 1), date(2017, 6, 1), date(2018, 6, 30))
    assert len(WINDOW.months) == 25


@pytest.mark.parametrize(
    ("start", "end", "status", "expected"),
    [
        (JUNE, JUNE, Status.ONGOING, [("2017-06-01", "2017-06-30", "unsure")]),
        (JUNE, None, Status.COMPLETED, [("2017-06-01", "2017-06-30", "unsure")]),
        (
            JUNE,
            None,
            Status.ONGOING,
            [("2017-06-01", "2017-06-30", "unsure"), ("2017-07-01", "2018-06-30", "open")],
        ),
        (
            ImpreciseDate.day(date(2017, 6, 5)),
            ImpreciseDate.part(2017, Precision.LATE),
            Status.ONGOING,
            [
                ("2017-06-05", "2017-06-05", "sure"),
                ("2017-06-06", "2017-08-31", "sure"),
                ("2017-09-01", "2017-12-31", "unsure"),
            ],
        ),
        (
            ImpreciseDate.year(2017),
            JUNE,
            Status.COMPLETED,
            [("2017-01-01", "2017-12-31", "unsure"), ("2017-06-01", "2017-06-30", "unsure")],
        ),
        (None, JUNE, Status.ONGOING, [("2017-06-01", "2017-06-30", "unsure")]),
        (None, None, Status.ONGOING, []),
    ],
)
def test_a_date_is_drawn_as_exactly_as_it_is_known(
    start: ImpreciseDate | None, end: ImpreciseDate | None, status: Status, expected: list[tuple[str, str, str]]
) -> None:
    spans = activity_spans(start, end, status, WINDOW.last)
    assert [(span.first.isoformat(), span.last.isoformat(), span.kind) for span in spans] == expected


def entries(by: str = "entity", filters: Filters | None = None) -> dict[str, list[Entry]]:
    found = timeline(db.session, filters or Filters(), [], window=WINDOW, by=by)
    return {str(lane.line.label if lane.line else None): lane.shown for lane in found.lanes}


def test_activities_and_events_stand_in_the_lanes_of_their_entities_and_chapters(
    app: Flask, enter: Enter, add_activity: Callable[..., int]
) -> None:
    add_activity("In June", entities=("undp",), start=JUNE, end=JUNE)
    add_activity("Long ago", start=ImpreciseDate.year(2010), end=ImpreciseDate.year(2011))
    add_activity("Still going", lead=None, start=ImpreciseDate.year(2010))
    add_activity("Undated")
    event = EVENT | {"title": "A <meeting>", "segments": "26-29 September 2017\nearly 2018", "chapters": ["2"]}
    page = enter("who").send("/events/new", event)
    assert page.status_code == 302
    with app.app_context():
        found = entries()
        assert {lane: [entry.title for entry in own] for lane, own in found.items()} == {
            "UNDP": ["In June"],
            "WHO": ["In June", "A <meeting>"],
            "None": ["Still going"],
        }
        meeting = found["WHO"][1]
        assert [(span.first.isoformat(), span.last.isoformat(), span.kind) for span in meeting.spans] == [
            ("2017-09-26", "2017-09-29", "sure"),
            ("2018-01-01", "2018-04-30", "unsure"),
        ]
        assert meeting.when == "26–29 September 2017; early 2018"
        assert [entry.title for entry in entries("chapter")["II"]] == ["A <meeting>"]
        whole = timeline(db.session, Filters(), [], window=WINDOW, by="entity")
        assert (whole.activities, whole.events, whole.undated) == (2, 1, (1, 0))
        db.session.close()
    page = enter("who").get("/when?by=entity&around=2017-06")
    text = text_of(page)
    assert "2 activities, 1 event" in text
    assert "Without any date and so not shown: 1 activity." in text
    assert "A <meeting>: 26–29 September 2017; early 2018" in text
    assert html.fromstring(page.text).xpath("//*[local-name()='svg']//*[@class='unsure event']")


def test_what_is_known_as_a_month_never_becomes_a_day(app: Flask, add_activity: Callable[..., int]) -> None:
    add_activity("In June", start=JUNE, end=JUNE)
    with app.app_context():
        found = timeline(db.session, Filters(), [], window=WINDOW, by="entity")
        (mark,) = draw(found, date(2017, 6, 15)).lanes[0].entries[0].marks
        assert (mark.kind, mark.width, mark.point) == ("unsure", 47, False), "the whole month, in a dashed frame"


def test_filters_that_say_nothing_of_events_leave_them_out_and_say_so(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    who = enter_sqlite("who")
    who.send("/events/new", EVENT | {"segments": "12 June 2017"})
    add_activity("In June", start=JUNE)
    assert "1 activity, 1 event" in text_of(who.get("/when?around=2017-06&entity=who"))
    for query in ("status=ongoing", "chapter=none", "level=field", "also=entity:who"):
        page = text_of(who.get(f"/when?around=2017-06&{query}"))
        assert "Events are left out" in page, query
        assert "Expert meeting" not in page, query


@pytest.mark.parametrize("query", ["around=2017-13", "around=x", "around=0001-01", "by=colour", "kind=bogus&by=%00"])
def test_a_bad_address_is_told_and_answered(sqlite_app: Flask, enter_sqlite: Enter, query: str) -> None:
    page = enter_sqlite("who").get(f"/when?{query}")
    assert page.status_code == 200
    assert html.fromstring(page.text).xpath("//div[contains(@class, 'notice warning')]")


def test_a_lane_draws_ten_and_says_how_many_more(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    for number in range(13):
        add_activity(f"Activity {number}", start=JUNE, end=JUNE)
    page = html.fromstring(enter_sqlite("who").get("/when?by=entity&around=2017-06").text)
    assert len(page.xpath("//*[local-name()='svg']//*[local-name()='a']")) == 10
    assert "and 3 more" in page.text_content()
    assert len(page.xpath("//tbody/tr[th[@scope='row']]")) == 10
    (all_of_lane,) = page.xpath("//tbody//td[@colspan]/a[contains(@href, '/activities')]/@href")
    assert "13 activities" in enter_sqlite("who").get(all_of_lane).text


def test_the_pages_light_up_the_matrix_and_link_each_other_with_their_filters(
    sqlite_app: Flask, enter_sqlite: Enter
) -> None:
    who = enter_sqlite("who")
    for address in ("/matrix", "/coverage", "/where", "/when", "/together", "/mandates"):
        page = html.fromstring(who.get(f"{address}?chapter=1").text)
        assert "Matrix" in page.xpath("//ul[@class='places']//a[@aria-current]")[0].text_content(), address
        ways = page.xpath("//nav[@aria-label='Ways to look at the matrix']/a")
        assert [way.get("href").split("?")[0] for way in ways if way.get("aria-current")] == [address]
        assert len(ways) == 10
        if address != "/mandates":
            assert "/where?chapter=1" in [way.get("href") for way in ways]
