"""Planning: single dates of a repetition, what stands in the way, milestones, the ways to look at the calendar."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar
from lxml import html

from interagency.calendar.events.holidays import holidays_between
from interagency.calendar.events.models import Event, OccurrenceChange
from interagency.calendar.events.recurrence import Repeat, repeat_of, rest_of, rule_of, starts, until_before
from interagency.db.base import db
from interagency.matrix.activities.models import Milestone
from interagency.matrix.cycles.models import Cycle
from tests.helpers import EVENT, Browser, errors_of, text_of

Enter = Callable[[str | None], Browser]
CALL = EVENT | {
    "title": "Task Team call",
    "segments": "20 October 2026, 15:00-16:00",
    "timezone": "Europe/Vienna",
    "repeats": "weekday",
    "segments_read": "20 October 2026, 15:00–16:00",
}


def add(browser: Browser, values: dict[str, Any]) -> int:
    response = browser.send("/events/new", values)
    assert response.status_code == 302, errors_of(response)
    return int(response.location.split("/")[2].split("?")[0])


@pytest.mark.parametrize(
    ("repeat", "first", "rule"),
    [
        (Repeat("daily", count=3), date(2026, 10, 20), "FREQ=DAILY;COUNT=3"),
        (Repeat("weekly", every=2), date(2026, 10, 20), "FREQ=WEEKLY;INTERVAL=2"),
        (Repeat("weekday", until=date(2027, 6, 1)), date(2026, 10, 20), "FREQ=MONTHLY;BYDAY=3TU;UNTIL=20270601"),
        (Repeat("weekday"), date(2026, 12, 31), "FREQ=MONTHLY;BYDAY=-1TH"),
        (Repeat("monthly", count=12), date(2026, 10, 20), "FREQ=MONTHLY;COUNT=12"),
        (Repeat("yearly"), date(2026, 6, 26), "FREQ=YEARLY"),
    ],
)
def test_what_is_chosen_is_a_rule_and_the_rule_is_what_was_chosen(repeat: Repeat, first: date, rule: str) -> None:
    assert rule_of(repeat, first) == rule
    assert repeat_of(rule, first) == repeat


def test_a_rule_that_says_more_is_kept_as_it_stands() -> None:
    assert repeat_of("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", date(2027, 5, 17)) is None
    assert repeat_of("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=2", date(2027, 5, 4)) is None


def test_this_and_following_share_the_dates_between_them() -> None:
    first = datetime(2026, 10, 1, 15)
    for rule in ("FREQ=WEEKLY;COUNT=8", "FREQ=WEEKLY;UNTIL=20261126T235959", "FREQ=WEEKLY"):
        cut = datetime(2026, 10, 22, 15)
        whole = starts(rule, first)[:8]
        before = starts(until_before(rule, cut), first)
        after = starts(rest_of(rule, first, cut), cut)
        assert (before + after)[:8] == whole


def test_the_form_shows_what_was_chosen(app: Flask, enter: Enter) -> None:
    who = enter("who")
    event_id = add(who, CALL | {"repeat_every": "2", "repeat_until": "31 December 2027"})
    fields = who.fields(f"/events/{event_id}/edit")
    assert fields["repeats"] == ["weekday"]
    assert fields["repeat_every"] == ["2"]
    assert fields["repeat_until"] == ["31 December 2027"]
    with app.app_context():
        assert db.session.scalar(sa.select(Event.rrule)) == "FREQ=MONTHLY;BYDAY=3TU;INTERVAL=2;UNTIL=20271231"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"repeat_until": "2027"}, "Write a day"),
        ({"repeat_until": "(sleep 10)&"}, "We could not read"),
        ({"repeat_until": "5/6/2027"}, "5 June 2027"),
        ({"repeat_until": "1 October 2026"}, "before the first"),
        ({"repeat_until": "1 October 2027", "repeat_count": "3"}, "not both"),
        ({"repeat_every": "0"}, "between 1 and 100"),
        ({"parent": "Commission"}, "begin with a number"),
        ({"parent": "999999: None"}, "no event with this number"),
        ({"activities": "7777: nothing"}, "no activity"),
        ({"documents": "just words"}, "not a document"),
        ({"documents": "Report https://example.org/r.pdf | Nobody at all"}, "do not know the organisation"),
        ({"series_number": "3"}, "needs a series"),
    ],
)
def test_what_cannot_be_taken_is_told_and_kept(
    sqlite_app: Flask, enter_sqlite: Enter, values: dict[str, str], message: str
) -> None:
    response = enter_sqlite("who").send("/events/new", CALL | values)
    assert response.status_code == 422
    assert any(message in error for error in errors_of(response)), errors_of(response)
    assert next(iter(values.values())) in response.text


def test_documents_activities_series_and_parent_are_kept_and_shown(
    app: Flask, enter: Enter, add_activity: Callable[..., int]
) -> None:
    activity_id = add_activity("Forensic training")
    who = enter("who")
    session_id = add(who, EVENT | {"title": "Session of the Commission", "kind": "session"})
    event_id = add(
        who,
        EVENT
        | {
            "title": "Side event",
            "documents": "Report https://example.org/r.pdf | WHO | may be shared",
            "activities": f"{activity_id}: Forensic training",
            "parent": f"{session_id}: Session of the Commission",
            "series_title": "Side events of WHO",
            "series_number": "4",
        },
    )
    page = text_of(who.get(f"/events/{event_id}"))
    for words in ("Report WHO, may be shared", "Forensic training", "Side events of WHO , number 4", "Session of the"):
        assert words.replace(" ,", ",") in page.replace(" ,", ","), words
    assert "Side event" in text_of(who.get(f"/events/{session_id}"))
    fields = who.fields(f"/events/{event_id}/edit")
    assert [text.strip() for text in fields["documents"]] == ["Report https://example.org/r.pdf | WHO | may be shared"]
    loop = who.send(
        f"/events/{session_id}/edit", who.fields(f"/events/{session_id}/edit") | {"parent": [f"{event_id}"]}
    )
    assert loop.status_code == 422
    assert "within itself" in " ".join(errors_of(loop))


def test_one_date_is_moved_cancelled_and_put_back(app: Flask, enter: Enter) -> None:
    who = enter("who")
    event_id = add(who, CALL)
    address = f"/events/{event_id}/occurrences"

    def act(**values: str) -> Any:
        with app.app_context():
            version = db.session.scalar(sa.select(Event.version).where(Event.id == event_id))
        return who.send(address, {"version": str(version), "original": "2026-12-15T15:00:00"} | values)

    assert (
        act(act="move", when="10 December 2026, 14:00-15:00", title="Task Team call", note="Early").status_code == 302
    )
    assert "10 December 2026" in text_of(who.get(address))
    with app.app_context():
        change = db.session.scalars(sa.select(OccurrenceChange)).one()
        assert (change.start, change.note, change.title) == (datetime(2026, 12, 10, 14), "Early", "")
    assert act(act="cancel").status_code == 302
    assert "Cancelled" in text_of(who.get(address))
    assert act(act="restore").status_code == 302
    with app.app_context():
        assert db.session.scalars(sa.select(OccurrenceChange)).all() == []
    refused = act(act="move", when="some day")
    assert refused.status_code == 422
    assert "some day" in refused.text
    assert act(act="move", when="10 December 2026").status_code == 422
    assert act(act="cancel", original="2026-12-16T15:00:00").status_code == 404
    assert act(act="cancel", version="1").status_code == 409
    assert enter("undp").get(address).status_code == 403


def test_this_and_following_make_an_event_of_their_own(app: Flask, enter: Enter) -> None:
    who = enter("who")
    event_id = add(who, CALL | {"repeat_count": "6"})
    address = f"/events/{event_id}/occurrences"
    form = {"version": "1", "original": "2026-12-15T15:00:00", "act": "following"}
    response = who.send(address, form)
    assert response.status_code == 302
    with app.app_context():
        first, second = db.session.scalars(sa.select(Event).order_by(Event.id))
        assert first.rrule == "FREQ=MONTHLY;BYDAY=3TU;UNTIL=20261215T145959"
        assert second.rrule == "FREQ=MONTHLY;BYDAY=3TU;COUNT=4"
        assert second.segments[0].start_first == date(2026, 12, 15)
        assert first.uid != second.uid
    assert response.location == f"/events/{second.id}/edit"


def test_the_preview_tells_dates_and_what_is_in_the_way(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    add(who, EVENT | {"title": "Regular session", "kind": "session", "segments": "14-18 December 2026"})
    add(who, EVENT | {"title": "Same town", "segments": "17 November 2026", "city": "Vienna"})
    query = {name: str(CALL[name]) for name in ("segments", "timezone", "repeats")} | {"city": "vienna"}
    found = json.loads(who.get("/events/preview", query_string=query).data)
    assert found["dates"][:3] == ["20 October 2026", "17 November 2026", "15 December 2026"]
    assert len(found["dates"]) == 10
    assert found["clashes"] == [
        "Same town: same days in Vienna, 17 November 2026",
        "Regular session: session on the same days, 14–18 December 2026",
    ]
    for strange in ({"segments": "rubbish"}, {}, {"segments": "1 May 2027", "timezone": "Mars", "repeats": "x"}):
        assert who.get("/events/preview", query_string=strange).status_code == 200


def test_holidays_come_from_the_data_file() -> None:
    names = [holiday.name for holiday in holidays_between(date(2027, 3, 20), date(2027, 4, 1), "Vienna")]
    assert names == ["Good Friday", "Easter Monday"]
    assert holidays_between(date(2027, 3, 29), date(2027, 3, 29), "Geneva") == []


def test_a_milestone_moves_with_its_event_only_when_asked(
    app: Flask, enter: Enter, add_activity: Callable[..., int]
) -> None:
    activity_id = add_activity("Training")
    who = enter("who")
    page = f"/activities/{activity_id}/milestones"
    assert who.send(page, {"act": "add", "title": "First course", "due": "12 October 2026"}).status_code == 302
    assert who.send(page, {"act": "add", "title": "", "due": "soon"}).status_code == 422
    with app.app_context():
        milestone_id = db.session.scalar(sa.select(Milestone.id))
    values = EVENT | {
        "activities": f"{activity_id}: Training",
        "milestone": str(milestone_id),
        "segments": "12 October 2026",
    }
    event_id = add(who, values)
    assert "Move the milestone" not in text_of(who.get(f"/events/{event_id}"))
    edit = f"/events/{event_id}/edit"
    who.send(edit, who.fields(edit) | {"segments": ["20 October 2026"]})

    def due() -> date | None:
        with app.app_context():
            return db.session.scalar(sa.select(Milestone.due_first))

    assert due() == date(2026, 10, 12), "never silently"
    assert "Move the milestone to 20 October 2026" in text_of(who.get(f"/events/{event_id}"))
    who.send(f"/events/{event_id}/milestone", {"move": "event", "version": "2"}, at=f"/events/{event_id}")
    with app.app_context():
        assert db.session.scalar(sa.select(Event.first_day)) == date(2026, 10, 12)
    who.send(edit, who.fields(edit) | {"segments": ["21 October 2026"]})
    who.send(f"/events/{event_id}/milestone", {"move": "milestone"}, at=f"/events/{event_id}")
    assert due() == date(2026, 10, 21)
    assert enter("undp").send(page, {"act": "add", "title": "x"}, at="/account").status_code == 403


@pytest.mark.parametrize("view", ["", "/2026/10", "/2026", "/week/2026-10-13"])
def test_every_view_shows_the_same_under_the_filters_of_the_address(
    sqlite_app: Flask, enter_sqlite: Enter, view: str
) -> None:
    who = enter_sqlite("who")
    add(who, EVENT | {"title": "Ours of October", "segments": "12-14 October 2026", "chapters": ["2"]})
    query = "past=yes" if not view else ""
    page = html.fromstring(who.get(f"/calendar{view}?{query}").text)
    if view == "/2026":
        assert page.xpath("//td[contains(@class, 'has')]/a/@aria-label")[0] == "12 Oct 2026: 1 event"
    else:
        assert "Ours of October" in page.text_content()
    assert page.xpath("//nav[contains(@class, 'views')]//a[@aria-current='page']")
    other = text_of(who.get(f"/calendar{view}?entity=undp&{query}"))
    assert "Ours of October" not in other


@pytest.mark.parametrize("address", ["/calendar/week/2026-13-01", "/calendar/week/x", "/calendar/9999", "/calendar/0"])
def test_days_that_are_not_there_are_a_page(sqlite_app: Flask, enter_sqlite: Enter, address: str) -> None:
    response = enter_sqlite("who").get(address)
    assert response.status_code == 404


def test_colours_are_told_in_words_too(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    add(who, EVENT | {"segments": "12 October 2026", "chapters": ["2", "5"]})
    for colour, mark in (("chapter", "II, V"), ("entity", "WHO")):
        page = html.fromstring(who.get(f"/calendar/2026/10?colour={colour}").text)
        assert page.xpath("//a[contains(@class, 'bar')]/strong/text()") == [mark]


def test_events_as_csv_and_json_under_the_same_filters(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    add(who, EVENT | {"title": "=cmd()", "segments": "12-14 October 2026\n20 October 2026"})
    add(who, EVENT | {"title": "A launch", "kind": "launch", "segments": "early 2027"})
    lines = list(csv.DictReader(io.StringIO(who.get("/exports/calendar.csv").data.decode("utf-8-sig"))))
    assert [(line["Title"], line["When"], line["First day"]) for line in lines] == [
        ("'=cmd()", "12–14 October 2026", "2026-10-12"),
        ("'=cmd()", "20 October 2026", "2026-10-20"),
        ("A launch", "early 2027", "2027-01-01"),
    ]
    found = json.loads(who.get("/exports/calendar.json?kind=launch").data)
    assert [row["Title"] for row in found["rows"]] == ["A launch"]
    assert found["filters"] == "kind: launch"
    assert {column["title"] for column in found["columns"]} == set(found["rows"][0])


def said_sequence(body: bytes) -> int:
    """The SEQUENCE of the deadline in a feed."""
    entries = Calendar.from_ical(body).walk("VEVENT")
    return int(next(one["SEQUENCE"] for one in entries if str(one["UID"]).startswith("due-")))


def test_deadlines_stand_in_ones_own_feed_until_signed(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    from interagency.matrix.cycles.months import month_of
    from interagency.matrix.cycles.opening import open_cycle
    from interagency.web.context import today, utc_now

    with sqlite_app.app_context():
        month = month_of(today())
        open_cycle(db.session, month, at=utc_now(), zone=sqlite_app.extensions["interagency_settings"].zone, by=None)
        db.session.commit()
    who = enter_sqlite("who")
    made = html.fromstring(who.send("/subscriptions", {"name": "Mine"}).text)
    assert made.xpath("//div[@class='qr']//*[local-name()='path']")
    feed = "/feeds/" + made.xpath("//input[@id='https']/@value")[0].rsplit("/", 1)[1]
    nobody = enter_sqlite(None)
    before = nobody.get(feed)
    assert f"UID:due-{month}-who@interagency" in before.text
    sequences = [said_sequence(before.data)]
    for days in (20, -5, 3):  # moved on, and nearer again
        with sqlite_app.app_context():
            cycle = db.session.scalars(sa.select(Cycle)).one()
            cycle.due_at += timedelta(days=days)
            cycle.due_set_at = cycle.opened_at + timedelta(minutes=len(sequences))
            db.session.commit()
        sequences.append(said_sequence(nobody.get(feed).data))
    assert sequences == sorted(set(sequences))
    assert min(sequences) >= 0
    before = nobody.get(feed)
    assert nobody.get(feed, headers={"If-None-Match": before.headers["ETag"]}).status_code == 304
    who.send("/month/sign", {"cycle": month, "entity": "who", "kind": "nothing"}, at="/month/sign?kind=nothing")
    after = nobody.get(feed, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "UID:due-" not in after.text
    assert after.last_modified is not None
    assert before.last_modified is not None
    assert after.last_modified >= before.last_modified
