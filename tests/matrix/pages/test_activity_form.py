"""The form of an activity as a page: its sections, what is folded, the question on look-alikes and the hint before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.matrix.activities.fields import EDITED
from interagency.matrix.activities.models import Activity
from tests.helpers import ACTIVITY, Browser, errors_of, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
SECTIONS = ["what", "who", "where-and-when", "results-and-source"]


def rail(page: Any) -> dict[str, str]:
    """What the list of sections says of each."""
    return {
        link.get("href").removeprefix("#"): " ".join(link.xpath("string(.//span)").split())
        for link in page.xpath("//nav[@data-rail]//a")
    }


def test_every_field_stands_in_the_section_its_description_names(enter: Enter) -> None:
    page = html.fromstring(enter("who").get("/activities/new").text)
    assert [one.get("aria-labelledby") for one in page.xpath("//section[@data-part]")] == SECTIONS
    assert list(rail(page)) == SECTIONS
    for field in EDITED:
        (section,) = page.xpath(f"//*[@id='{field.name}']/ancestor::section[@data-part]/@data-part") or [""]
        assert section == field.part.value, field.name


def test_optional_parts_are_folded_until_they_say_something_or_are_wrong(enter: Enter) -> None:
    who = enter("who")
    new = html.fromstring(who.get("/activities/new").text)
    assert not new.xpath("//form[contains(@class, 'record')]//details[@open]")
    assert all("optional" in one.text_content() for one in new.xpath("//form//details/summary"))
    place = who.send("/activities/new", ACTIVITY | {"contact": "A. Person", "verdict-rest": "distinct"}).location
    edit = html.fromstring(who.get(f"{place.split('?')[0]}/edit").text)
    assert [one.get("id") for one in edit.xpath("//details[@open]//input[@type='text' and @value]")] == ["contact"]
    assert rail(edit)["results-and-source"] == "filled in"
    wrong = html.fromstring(who.send("/activities/new", ACTIVITY | {"title": "", "city": "x" * 400}).text)
    assert wrong.xpath("//details[@open]//input[@id='city']")
    assert (rail(wrong)["what"], rail(wrong)["where-and-when"]) == ("1 to mend", "1 to mend")


def alike_question(page: str) -> Any:
    return html.fromstring(page).get_element_by_id("alike")


def test_look_alikes_are_a_question_and_what_is_missing_is_named_the_second_time(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    first = add_activity("Train laboratory staff in Kenya", "undp")
    who = enter("who")
    said = ACTIVITY | {"title": "Train laboratory staff in Kenya"}
    asked = who.send("/activities/new", said)
    question = alike_question(asked.text)
    assert (asked.status_code, question.get("class"), question.get("autofocus")) == (409, "question", "")
    assert not html.fromstring(asked.text).xpath("//*[contains(@class, 'error')]"), "it is no error"
    shown = question.xpath(".//input[@name='verdict-asked']/@value")
    again = who.send("/activities/new", said | {"verdict-asked": shown})
    question = alike_question(again.text)
    assert again.status_code == 409
    assert errors_of(again) == [
        "Not saved yet: 1 of them still waits for your choice.", "Choose one of these three.",
    ]  # fmt: skip
    focused = html.fromstring(again.text).xpath("//*[@autofocus]")
    assert [(one.get("name"), one.get("value")) for one in focused] == [(f"verdict-{first}", "distinct")]
    done = who.send("/activities/new", said | {"verdict-asked": shown, f"verdict-{first}": "distinct"})
    assert done.status_code == 302
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Activity)) == 2


def test_look_alikes_of_a_title_are_told_before_anything_is_saved(enter: Enter, add_activity: Add) -> None:
    first = add_activity("Train laboratory staff in Kenya", "undp")
    who = enter("who")
    hint = who.get("/activities/alike?title=Train+laboratory+staff+in+Kenya")
    assert hint.status_code == 200
    assert "Is it one of these?" in text_of(hint)
    assert html.fromstring(hint.text).xpath("//a/@href") == [f"/activities/{first}"]
    for nothing in ("", "Train", "Something+wholly+different", "x" * 5000):
        assert who.get(f"/activities/alike?title={nothing}").text.strip() == "", nothing
    itself = who.get(f"/activities/alike?title=Train+laboratory+staff+in+Kenya&own={first}")
    assert itself.text.strip() == ""


def test_hints_are_for_who_may_add(enter: Enter) -> None:
    assert enter("reader").get("/activities/alike?title=Train+laboratory+staff").status_code == 403
    assert enter(None).get("/activities/alike?title=Train+laboratory+staff").status_code == 302


def test_hints_are_counted_for_each_person(counting: Flask) -> None:
    who, undp = Browser(counting.test_client()), Browser(counting.test_client())
    for browser, name in ((who, "who"), (undp, "undp")):
        assert browser.sign_in(f"{name}@example.org").status_code == 302
    codes = [who.get("/activities/alike?title=short").status_code for _time in range(31)]
    assert (set(codes[:30]), codes[30]) == ({200}, 429)
    assert undp.get("/activities/alike?title=short").status_code == 200
