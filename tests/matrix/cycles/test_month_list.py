"""The list of a focal point's month: what needs a look and why, words, pages, one row confirmed and undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from interagency.calendar.events.models import Event, EventOrganisation, EventStatus
from interagency.db.base import db
from interagency.matrix.activities.models import Activity, ActivityEntity, Status
from interagency.matrix.cycles.month import listing, records
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate
from interagency.text.typed_dates import read_date
from tests.helpers import EVENT, Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
Open = Callable[..., None]
MONTH = {"cycle": "2026-08", "entity": "who"}


def when(text: str) -> ImpreciseDate:
    found = read_date(text)
    assert found is not None
    return found


def set_confirmed(app: Flask, month: str | None, *ids: int) -> None:
    """WHO confirmed these activities for `month` last."""
    with app.app_context():
        who = sa.select(Organisation.id).where(Organisation.key == "who").scalar_subquery()
        part = sa.update(ActivityEntity).where(ActivityEntity.activity_id.in_(ids), ActivityEntity.entity_id == who)
        db.session.execute(part.values(confirmed_month=month))
        db.session.commit()


def confirmed(app: Flask, activity_id: int) -> str | None:
    with app.app_context():
        part = sa.select(ActivityEntity.confirmed_month).where(ActivityEntity.activity_id == activity_id)
        return db.session.scalar(part.join(Organisation).where(Organisation.key == "who"))


def page_of(browser: Browser, query: str = "") -> Any:
    return html.fromstring(browser.get(f"/month?cycle=2026-08&entity=who{query}").text)


def groups_of(page: Any) -> dict[str, list[str]]:
    """By heading of the list the titles below it."""
    return {
        " ".join(heading.text_content().split()): [
            row.xpath("string(.//*[@class='title'])") for row in heading.xpath("following-sibling::ul[1]/li")
        ]
        for heading in page.xpath("//section[@aria-labelledby='records']//h3")
    }


def why_of(page: Any, anchor: str) -> list[str]:
    row = page.get_element_by_id(anchor)
    return [" ".join(one.text_content().split()) for one in row.xpath(".//*[contains(@class, 'why')]")]


def counts_of(page: Any) -> tuple[str, dict[str, int]]:
    """How many are confirmed, in words; and by choice of the list how many it has."""
    bar = page.get_element_by_id("progress")
    tabs = {" ".join(tab.text.split()): int(tab.xpath("string(.//span)")) for tab in bar.xpath(".//nav//a")}
    return " ".join(bar.xpath("string(.//strong)").split()), tabs


def button(page: Any, anchor: str, words: str) -> Any:
    found = [one for one in page.get_element_by_id(anchor).xpath(".//button") if one.text.strip() == words]
    assert found, f"no {words!r} at {anchor}"
    return found[0]


def press(browser: Browser, anchor: str, words: str, query: str = "", **more: str) -> TestResponse:
    page = page_of(browser, query)
    return browser.press(page, button(page, anchor, words), **more)


def test_what_needs_a_look_comes_first_with_its_reason(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    fine = add_activity("A fine one")
    ended = add_activity("Ended", start=when("2016"), end=when("2018"))
    begun = add_activity("Not begun", status=Status.PLANNED, start=when("March 2026"))
    stale = add_activity("Stale")
    changed = add_activity("Changed", lead="undp", entities=("who",))
    open_month()
    set_confirmed(app, "2026-07", fine, ended, begun, changed)
    set_confirmed(app, "2026-03", stale)
    undp, who = enter("undp"), enter("who")
    undp.send("/activities/new", {"title": "Asked", "status": "ongoing", "lead": "undp", "entities": ["who"]})
    values = undp.fields(f"/activities/{changed}/edit")
    undp.send(f"/activities/{changed}/edit", values | {"description": ["With a description"]})
    page = page_of(who)
    assert groups_of(page) == {
        "You were named: do you take part? 1": ["Asked"],
        "Changed by others since you last confirmed it 1": ["Changed"],
        "The end has passed, and it is not said to be over 1": ["Ended"],
        "Should have begun, and is still planned 1": ["Not begun"],
        "Not confirmed for three months or more 1": ["Stale"],
    }
    assert counts_of(page) == ("0 of 5 confirmed", {"Needs a look": 5, "Not confirmed": 5, "All": 6})
    assert why_of(page, f"activity-{ended}") == ["Until 2018, and still ongoing"]
    assert why_of(page, f"activity-{begun}") == ["From March 2026, and still planned"]
    assert why_of(page, f"activity-{stale}") == ["last confirmed March 2026, 5 months ago"]
    assert re.fullmatch(r"Changed by .+: Description", why_of(page, f"activity-{changed}")[0])
    assert "Activities 1" in groups_of(page_of(who, "&show=open"))
    for anchor in (f"activity-{one}" for one in (ended, begun, stale, changed)):
        assert press(who, anchor, "Confirm").status_code == 302
    page = page_of(who)
    assert groups_of(page) == {"You were named: do you take part? 1": ["Asked"]}
    assert counts_of(page) == ("4 of 5 confirmed", {"Needs a look": 1, "Not confirmed": 1, "All": 6})
    values = undp.fields(f"/activities/{changed}/edit")
    undp.send(f"/activities/{changed}/edit", values | {"description": ["And another"]})
    page = page_of(who)
    assert list(groups_of(page)) == [
        "You were named: do you take part? 1", "Changed by others since you last confirmed it 1",
    ]  # fmt: skip
    assert counts_of(page)[0] == "4 of 5 confirmed"


def test_what_another_says_of_its_own_part_is_no_change_of_ours(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    shared = add_activity("Ours together", entities=("undp",))
    open_month()
    set_confirmed(app, "2026-07", shared)
    undp = enter("undp")
    with app.app_context():
        number = db.session.scalar(sa.select(Organisation.id).where(Organisation.key == "undp"))
    values = undp.fields(f"/activities/{shared}/edit")
    undp.send(f"/activities/{shared}/edit", values | {f"role-{number}": "We translate"})
    assert counts_of(page_of(enter("who")))[1]["Needs a look"] == 0


def test_what_a_returned_answer_confirmed_needs_a_look_again(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    signed, by_hand = add_activity("Signed"), add_activity("By hand")
    open_month()
    set_confirmed(app, "2026-07", signed, by_hand)
    who = enter("who")
    press(who, f"activity-{by_hand}", "Confirm")
    form = html.fromstring(who.get("/month/sign?kind=unchanged").text).xpath("//form[@action='/month/sign']")[0]
    who.client.post("/month/sign", data=dict(form.form_values()))
    note = {"entity": "who", "note": "Look at the figures"}
    enter("coordinator").send("/cycles/2026-08/return", note, at="/cycles/2026-08")
    page = page_of(who)
    assert groups_of(page) == {"Confirmed by the answer that was returned to you 1": ["Signed"]}
    assert "Look at the figures" in page.text_content()
    press(who, f"activity-{signed}", "Confirm")
    assert counts_of(page_of(who)) == ("2 of 2 confirmed", {"Needs a look": 0, "Not confirmed": 0, "All": 2})


def test_the_coordinators_remarks_tell_of_the_same_records(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    add_activity("Fine")
    ended = add_activity("Suspended and over", status=Status.SUSPENDED, end=when("May 2026"))
    begun = add_activity("Not begun", status=Status.PLANNED, start=when("2025"))
    stale = add_activity("Stale")
    open_month()
    set_confirmed(app, "2026-05", stale)
    coordinator = enter("coordinator")
    told = {
        int(link.rpartition("/")[2])
        for kind in ("ended", "not-begun", "stale")
        for link in html.fromstring(coordinator.get(f"/cycles/2026-08/remarks?kind={kind}").text).xpath(
            "//main//li/a[starts-with(@href, '/activities/')]/@href"
        )
    }
    rows = page_of(enter("who")).xpath("//li[contains(@class, 'look')]/@id")
    assert told == {ended, begun, stale} == {int(row.rpartition("-")[2]) for row in rows}


def test_one_confirming_is_undone_exactly(app: Flask, enter: Enter, add_activity: Add, open_month: Open) -> None:
    first, second = add_activity("First"), add_activity("Second")
    open_month()
    set_confirmed(app, "2026-06", first, second)
    who = enter("who")
    for one in (first, second):
        response = press(who, f"activity-{one}", "Confirm")
        assert response.location.endswith(f"kept=activity-{one}#activity-{one}")
    back = html.fromstring(who.get(response.location).text)
    assert "done" in back.get_element_by_id(f"activity-{second}").get("class")
    assert confirmed(app, first) == confirmed(app, second) == "2026-08"
    page = page_of(who, "&show=all")
    undo = button(page, f"activity-{first}", "Undo")
    assert who.press(page, undo).status_code == 302
    assert (confirmed(app, first), confirmed(app, second)) == ("2026-06", "2026-08")
    again = who.press(page, undo)
    assert again.status_code == 409
    assert "nothing to undo" in text_of(again)
    assert "confirmed 1 record by itself" in text_of(who.get("/month"))


def test_what_was_edited_after_it_was_confirmed_is_not_undone(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    number = add_activity("Edited later")
    open_month()
    who = enter("who")
    press(who, f"activity-{number}", "Confirm")
    page = page_of(who, "&show=all")
    undo = button(page, f"activity-{number}", "Undo")
    values = who.fields(f"/activities/{number}/edit")
    who.send(f"/activities/{number}/edit", values | {"description": ["Now with a description"]})
    assert who.press(page, undo).status_code == 409
    assert confirmed(app, number) == "2026-08"
    assert "Undo" not in page_of(who, "&show=all").get_element_by_id(f"activity-{number}").text_content()


def test_nothing_is_undone_for_another_entity_or_in_a_closed_month(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    number = add_activity("WHO's", entities=("undp",))
    open_month()
    who = enter("who")
    press(who, f"activity-{number}", "Confirm")
    undp = enter("undp")
    row = {"row": f"activity-{number}-1"}
    assert undp.send("/month/undo", {**MONTH, **row}, at="/month").status_code == 403
    assert undp.send("/month/undo", {**MONTH, **row, "entity": "undp"}, at="/month").status_code == 409
    enter("coordinator").send("/cycles/2026-08/close", at="/cycles/2026-08/close")
    assert who.send("/month/undo", {**MONTH, **row}, at="/month").status_code == 409
    assert confirmed(app, number) == "2026-08"


@pytest.mark.parametrize(
    "row", ["", "activity", "activity-x-1", "activity-1-²", "activity-99999999999-1", "event-1-1-over"]
)
@pytest.mark.parametrize("act", ["confirm", "undo", "participation", "status", "end"])
def test_a_row_that_is_none_is_refused_in_words(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, open_month: Open, act: str, row: str
) -> None:
    add_activity(end=when("2018"))
    open_month()
    refused = enter_sqlite("who").send(f"/month/{act}", {**MONTH, "row": row}, at="/month")
    assert refused.status_code in (400, 409)
    assert "Something went wrong" not in text_of(refused)


def test_a_script_gets_the_row_and_the_counts_alone(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, open_month: Open
) -> None:
    number = add_activity("In place")
    add_activity("Another")
    open_month()
    who = enter_sqlite("who")
    part = press(who, f"activity-{number}", "Confirm", part="row")
    assert part.status_code == 200
    assert "<html" not in part.text
    page = html.fromstring(part.text)
    assert "Undo" in page.get_element_by_id(f"activity-{number}").text_content()
    assert counts_of(page)[0] == "1 of 2 confirmed"
    assert "Confirm 1 unchanged record and sign" in page.text_content()
    assert "is confirmed for August 2026" in page.xpath("string(//*[@data-said])")


def test_one_press_says_that_it_is_completed_or_has_begun(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    ended = add_activity("Over", start=when("2016"), end=when("June 2018"))
    begun = add_activity("Begun", status=Status.PLANNED, start=when("March 2026"))
    open_month()
    who = enter("who")
    assert press(who, f"activity-{ended}", "It is completed").status_code == 302
    assert press(who, f"activity-{begun}", "It has begun").status_code == 302
    with app.app_context():
        found = {one.id: one for one in db.session.scalars(sa.select(Activity))}
        assert (found[ended].status, found[ended].end) == (Status.COMPLETED, when("June 2018"))
        assert found[begun].status is Status.ONGOING
    assert counts_of(page_of(who))[0] == "2 of 2 confirmed"
    stale = who.send("/month/status", {**MONTH, "row": f"activity-{ended}-1-ongoing"}, at="/month")
    assert stale.status_code == 409


def test_one_press_says_that_an_event_was_held(app: Flask, enter: Enter, open_month: Open) -> None:
    open_month()
    who = enter("who")
    who.send("/events/new", EVENT | {"segments": "12-14 May 2026"})
    with app.app_context():
        db.session.execute(sa.update(EventOrganisation).values(confirmed_month="2026-07"))
        db.session.commit()
    assert why_of(page_of(who), "event-1") == ["Was due 12–14 May 2026, and is not said to have been held"]
    page = page_of(who)
    held = button(page, "event-1", "It was held")
    assert who.press(page, held, part="row").status_code == 200
    with app.app_context():
        assert db.session.scalars(sa.select(Event.status)).all() == [EventStatus.HELD]
    assert counts_of(page_of(who)) == ("1 of 1 confirmed", {"Needs a look": 0, "Not confirmed": 0, "All": 1})
    assert who.press(page, held).status_code == 409
    undp = enter("undp")
    row = {"cycle": "2026-08", "entity": "undp", "row": "event-1-2-over"}
    assert undp.send("/month/status", row, at="/month").status_code == 409


def test_words_find_rows_by_all_that_a_record_says(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open
) -> None:
    add_activity("Overdose", description="Naloxone is handed out")
    add_activity("Side events")
    open_month()
    who = enter("who")
    who.send("/events/new", EVENT | {"title": "Briefing on naloxone"})
    assert groups_of(page_of(who, "&q=NALOX")) == {
        "Activities 1": ["Overdose"], "Events you organise 1": ["Briefing on naloxone"],
    }  # fmt: skip
    nothing = page_of(who, "&q=zzzz&show=open")
    assert groups_of(nothing) == {}
    assert "None of these records holds all of these words" in nothing.text_content()
    assert len(groups_of(page_of(who, "&q=%2B%2A"))) == 2, "no words, no filter"


def test_a_long_list_comes_in_pages_and_a_row_keeps_its_place(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 3)
    ids = [add_activity(f"Activity {number}") for number in range(7)]
    open_month()
    who = enter("who")

    def titles(query: str) -> list[str]:
        return [title for titles in groups_of(page_of(who, query)).values() for title in titles]

    assert titles("&show=open&page=2") == ["Activity 3", "Activity 4", "Activity 5"]
    assert titles("&show=open&page=99999999999999999999") == titles("&show=open")
    assert titles("&show=open&page=99") == ["Activity 6"]
    response = press(who, f"activity-{ids[4]}", "Confirm", "&show=open&page=2")
    there = html.fromstring(who.get(response.location).text)
    assert [one.get("id") for one in there.xpath("//li[contains(@class, 'record')]")] == [
        f"activity-{number}" for number in ids[3:6]
    ]
    assert titles("&show=open&page=2") == ["Activity 3", "Activity 5", "Activity 6"]


def test_a_signature_lists_what_it_confirms_by_reason_and_no_more_than_a_page(
    app: Flask, enter: Enter, add_activity: Add, open_month: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_SIGNED", 3)
    for number in range(4):
        add_activity(f"Activity {number}")
    add_activity("Over", end=when("2018"))
    open_month()
    who = enter("who")
    assert "Confirm 3 unchanged records and sign" in text_of(who.get("/month"))
    for count, left in ((3, 2), (2, 0)):
        page = html.fromstring(who.get("/month/sign?cycle=2026-08&entity=who&kind=unchanged").text)
        assert f"{count} records confirmed by your signature" in page.text_content()
        listed = page.xpath("//section[@class='signed']//li")
        assert len(listed) == count
        if count == 3:
            assert [head.text.strip() for head in page.xpath("//section[@class='signed']/h3")] == [
                "The end has passed, and it is not said to be over", "Activities",
            ]  # fmt: skip
        form = page.xpath("//form[@action='/month/sign']")[0]
        who.client.post("/month/sign", data=dict(form.form_values()))
        said = text_of(who.get("/month"))
        assert ("2 records were not listed on the page you signed" in said) is (left == 2)
    assert counts_of(page_of(who))[0] == "5 of 5 confirmed"
