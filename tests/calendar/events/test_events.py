"""Events in the browser: typed as people write them, edited by whose they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.calendar.events.lines import read_segment, segment_words
from interagency.calendar.events.models import Event
from interagency.db.base import db
from tests.helpers import EVENT, Browser, errors_of, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]


def add(browser: Browser, **more: Any) -> int:
    response = browser.send("/events/new", EVENT | more)
    assert response.status_code == 302, errors_of(response)
    return int(response.location.split("/")[2].split("?")[0])


def edit(browser: Browser, event_id: int, **values: Any) -> Any:
    address = f"/events/{event_id}/edit"
    return browser.send(address, browser.fields(address) | values)


def kept(app: Flask, event_id: int) -> Event:
    with app.app_context():
        return db.session.scalars(sa.select(Event).where(Event.id == event_id)).one()


def test_the_kind_is_chosen_and_never_guessed(enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    assert who.fields("/events/new")["kind"] == [""]
    refused = who.send("/events/new", EVENT | {"kind": ""})
    assert errors_of(refused) == ["Choose what kind of event it is."]
    assert "Expert meeting" in refused.text


@pytest.mark.parametrize("day", ["never", "5/6/2027", "2027", "🙂"])
def test_a_last_day_of_repeating_that_cannot_be_read_is_told(enter_sqlite: Enter, day: str) -> None:
    who = enter_sqlite("who")
    ways = html.fromstring(who.get("/events/new").text).xpath("//select[@name='repeats']/option/@value")
    values = {"segments": "13 October 2026", "repeats": ways[1], "repeat_until": day}
    refused = who.send("/events/new", EVENT | values)
    assert refused.status_code == 422
    assert len(errors_of(refused)) == 1
    assert day in refused.text


def test_repeating_is_folded_away_until_it_is_used(app: Flask, enter: Enter) -> None:
    def is_open(page: str) -> bool:
        (folded,) = html.fromstring(page).xpath("//details[.//*[@name='repeats']]")
        return folded.get("open") is not None

    who = enter("who")
    assert not is_open(who.get("/events/new").text)
    assert not is_open(who.get(f"/events/{add(who)}/edit").text)
    ways = html.fromstring(who.get("/events/new").text).xpath("//select[@name='repeats']/option/@value")
    repeated = add(who, segments="13 October 2026", repeats=ways[1], repeat_every="2")
    assert is_open(who.get(f"/events/{repeated}/edit").text)
    for values in ({"repeat_count": "1"}, {"repeat_every": "0"}, {"repeats": ways[1], "repeat_until": "never"}):
        refused = who.send("/events/new", EVENT | values)
        assert is_open(refused.text), values


@pytest.mark.both_databases
def test_days_that_do_not_touch_with_a_chapter_each(enter: Enter) -> None:
    who = enter("who")
    event_id = add(
        who,
        segments="26-29 September 2017\n16-18 October 2017; 16 November 2017",
        days="26 September 2017: I\n27 September 2017: II\n29 September 2017: none (open debate)",
    )
    page = text_of(who.get(f"/events/{event_id}"))
    assert "26–29 September 2017" in page
    assert "Tuesday 26 September: chapter I" in page
    assert "Friday 29 September: no chapter (open debate)" in page
    september = text_of(who.get("/calendar/2017/9"))
    assert september.count("Expert meeting") == 4 + 1  # four days of the grid and the list below
    assert "Expert meeting" not in text_of(who.get("/calendar/2017/8"))


def test_hours_stand_in_the_zone_of_the_event(enter: Enter) -> None:
    who = enter("who")
    event_id = add(
        who, segments="12 October 2026, 15:00-16:30", timezone="Europe/Vienna", city="Vienna", country="Austria"
    )
    page = text_of(who.get(f"/events/{event_id}"))
    assert "12 October 2026, 15:00–16:30 Europe/Vienna" in page
    assert "Vienna, Austria" in page


def test_hours_are_said_again_only_where_the_clocks_of_the_reader_differ(enter: Enter) -> None:
    who = enter("who")
    same = add(who, segments="12 October 2026, 15:00-16:30", timezone="Europe/Zurich")
    assert "(12 Oct" not in text_of(who.get(f"/events/{same}"))
    other = add(who, segments="12 October 2026, 15:00-16:30", timezone="Africa/Nairobi")
    assert "(12 Oct 2026, 14:00–15:30 Europe/Vienna)" in text_of(who.get(f"/events/{other}"))


REFUSED = [
    ({"segments": ""}, "Write when it takes place"),
    ({"segments": "31 June 2026"}, "June 2026 has 30 days"),
    ({"segments": "12/10/2026"}, "Write the month as a word"),
    ({"segments": "14 October 2026 to 12 October 2026"}, "ends before it begins"),
    ({"segments": "12 October 2026, 15:00-16:00"}, "Hours need a time zone"),
    ({"segments": "12 October 2026, 16:00-15:00", "timezone": "Europe/Vienna"}, "ends before it begins"),
    ({"segments": "June 2026, 15:00-16:00", "timezone": "Europe/Vienna"}, "has hours but no day"),
    ({"segments": "29 March 2026, 02:30-03:30", "timezone": "Europe/Vienna"}, "skip 02:30"),
    ({"segments": "12 October 2026, 15:00", "timezone": "Europe/Vienna"}, "says only one time"),
    ({"segments": "9 and 12 October 2026"}, "not one run of days"),
    ({"segments": "12 October 2026, 13pm-14pm", "timezone": "Europe/Vienna"}, "There is no time 13pm"),
    ({"segments": "12 October 2026, 25:00-26:00", "timezone": "Europe/Vienna"}, "There is no time 25:00"),
    ({"timezone": "Atlantis"}, "We do not know this time zone"),
    ({"country": "Atlantis"}, "We do not know the country"),
    ({"days": "20 October 2026: I"}, "is not one of the days above"),
    ({"days": "12 October 2026: IX"}, "is not a chapter"),
    ({"days": "31 June 2027: I"}, "June 2027 has 30 days. Write a day, such as"),
    ({"links": "see the website"}, "is not an address"),
    ({"links": "javascript:alert(1)"}, "is not an address"),
    ({"organisers": ["undp"]}, "You speak for WHO"),
    ({"organisers": ["nato"]}, "is not on the list"),
    ({"title": "x" * 10_000}, "longer than 300"),
    ({"repeats": "FREQ=SECONDLY"}, "Not a valid choice"),
    ({"repeats": "FREQ=DAILY", "repeat_count": "100000"}, "Number must be between 2 and 1000"),
    ({"repeats": "FREQ=DAILY", "segments": "June 2026"}, "Only an event on one run of exact days"),
]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("9 February 2027, 9h30-17h", "9 February 2027, 09:30–17:00"),
        ("9 February 2027, 9.30-17h", "9 February 2027, 09:30–17:00"),
        ("9 February 2027 at 2pm-4:30 p.m.", "9 February 2027, 14:00–16:30"),
        ("9 February 2027 from 10:00 to 12:00", "9 February 2027, 10:00–12:00"),
        ("9 February 2027, 12am-12pm", "9 February 2027, 00:00–12:00"),
        ("9 and 10 February 2027", "9–10 February 2027"),
        ("9 et 10 février 2027, 10h-12h", "9–10 February 2027, 10:00–12:00"),
    ],
)
def test_hours_and_days_as_people_write_them(typed: str, read: str) -> None:
    assert segment_words(read_segment(typed)) == read


def test_what_could_not_be_read_is_said_once_and_with_hours_in_its_example(enter_sqlite: Enter) -> None:
    typed = {"segments": "10 February 2027, 10:00-12:00 online", "timezone": "Europe/Vienna"}
    told = errors_of(enter_sqlite("who").send("/events/new", EVENT | typed))
    assert len(told) == 1, told
    assert "12 October 2026, 15:00-16:30" in told[0]


@pytest.mark.parametrize(
    ("city", "zone"),
    [("vienna", "Europe/Vienna"), ("New York", "America/New_York"), ("europe/zurich", "Europe/Zurich")],
)
def test_a_zone_is_found_by_its_city(enter_sqlite: Enter, city: str, zone: str) -> None:
    who = enter_sqlite("who")
    event_id = add(who, segments="12 October 2026, 15:00-16:30", timezone=city)
    assert f"15:00–16:30 {zone}" in text_of(who.get(f"/events/{event_id}"))


@pytest.mark.parametrize(("values", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_taken_is_told_and_kept(enter_sqlite: Enter, values: dict[str, Any], message: str) -> None:
    response = enter_sqlite("who").send("/events/new", EVENT | {"remarks": "I typed this"} | values)
    assert response.status_code == 422
    assert any(message in error for error in errors_of(response)), errors_of(response)
    assert "I typed this" in response.text


def test_third_tuesday_is_third_tuesday(app: Flask, enter: Enter) -> None:
    event_id = add(
        enter("who"),
        segments="20 January 2026, 15:00-16:00",
        timezone="Europe/Vienna",
        repeats="weekday",
        repeat_count="5",
    )
    assert kept(app, event_id).rrule == "FREQ=MONTHLY;BYDAY=3TU;COUNT=5"
    page = text_of(enter("reader").get("/calendar/2026/5"))
    assert "19 May 2026 15:00–16:00" in page
    assert "Expert meeting" not in text_of(enter("reader").get("/calendar/2026/6"))


def test_an_imprecise_event_stands_in_words_and_never_on_a_day(enter: Enter) -> None:
    who = enter("who")
    event_id = add(who, segments="early 2027")
    assert "early 2027" in text_of(who.get(f"/events/{event_id}"))
    page = who.get("/calendar/2027/2")
    assert "Some time around then" in text_of(page)
    assert 'class="bar' not in page.text
    assert who.get(f"/events/{event_id}.ics").status_code == 404


@pytest.mark.both_databases
def test_sharpening_a_date_keeps_the_uid(app: Flask, enter: Enter) -> None:
    who = enter("who")
    event_id = add(who, segments="early 2027")
    uid = kept(app, event_id).uid
    assert edit(who, event_id, segments="4 March 2027").status_code == 302
    assert kept(app, event_id).uid == uid
    assert uid in who.get(f"/events/{event_id}.ics").text


@pytest.mark.both_databases
def test_the_sequence_rises_with_title_time_place_and_status_only(app: Flask, enter: Enter) -> None:
    who = enter("who")
    event_id = add(who)
    for values, sequence in (
        ({"description": "More words."}, 0),
        ({"city": "Geneva"}, 1),
        ({"segments": "13-14 October 2026"}, 2),
        ({"title": "Another title"}, 3),
        ({"meant_for": "Experts"}, 3),
        ({"status": "cancelled"}, 4),
    ):
        assert edit(who, event_id, **values).status_code == 302
        assert kept(app, event_id).sequence == sequence, values
    assert kept(app, event_id).cancelled_at is not None
    assert "STATUS:CANCELLED" in who.get(f"/events/{event_id}.ics").text


@pytest.mark.parametrize("name", ["undp", "reader", "admin"])
def test_others_may_not_edit_an_event(enter: Enter, name: str) -> None:
    event_id = add(enter("who"))
    other = enter(name)
    assert other.get(f"/events/{event_id}/edit").status_code == 403
    assert other.send(f"/events/{event_id}/edit", EVENT, at="/account").status_code == 403


@pytest.mark.both_databases
def test_a_stale_save_of_an_event_is_a_conflict_shown(enter: Enter) -> None:
    who = enter("who")
    event_id = add(who)
    address = f"/events/{event_id}/edit"
    stale = who.fields(address)
    edit(enter("coordinator"), event_id, title="The coordinator's")
    response = who.send(address, stale | {"title": "Mine"})
    assert response.status_code == 409
    assert "Somebody saved this record" in text_of(response)
    assert edit(who, event_id, title="Mine").status_code == 302
    assert "Mine" in text_of(who.get(f"/events/{event_id}/history"))


def test_the_reading_of_days_is_shown_before_they_are_saved(enter: Enter) -> None:
    who = enter("who")
    response = who.send("/events/new", EVENT | {"segments": "28 sept to 3 oct 2026"})
    assert response.status_code == 422
    assert "we read this as 28 September – 3 October 2026" in text_of(response)
    read = who.get("/events/dates?text=28 sept to 3 oct 2026").json
    assert read == {"code": "28 September – 3 October 2026", "words": "28 September – 3 October 2026"}
    assert add(who, segments="28 sept to 3 oct 2026", segments_read="28 September – 3 October 2026")
