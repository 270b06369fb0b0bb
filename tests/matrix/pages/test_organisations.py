"""The directory at its pages: what readers see, what coordinators and administrators change, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.matrix.activities.record import create_activity
from interagency.matrix.organisations import directory, merging
from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.queries import Directory
from interagency.web.context import today
from tests.helpers import Browser, activity_draft, errors_of, text_of

Enter = Callable[[str | None], Browser]


def version(browser: Browser, key: str) -> str:
    page = html.fromstring(browser.get(f"/organisations/{key}").text)
    return str(page.xpath("string(//input[@name='version']/@value)"))


def act(browser: Browser, key: str, what: str, **values: str) -> Any:
    address = f"/organisations/{key}"
    return browser.send(address, {"act": what, "version": version(browser, key)} | values)


def activity(app: Flask, title: str, *partners: str) -> int:
    with app.app_context():
        known = Directory(db.session)
        draft = activity_draft(title, lead=known.find("who"), partners=[known.find(key) for key in partners])
        made = create_activity(db.session, draft, by=None, by_name="test")
        db.session.commit()
        return made.id


def add(browser: Browser, name: str, **more: str) -> Any:
    return browser.send("/organisations/new", {"name": name, "kind": "civil_society"} | more)


def test_everybody_reads_the_directory_and_only_its_keepers_change_it(app: Flask, enter: Enter) -> None:
    reader = enter("reader")
    page = text_of(reader.get("/organisations"))
    assert "World Health Organization (WHO)" in page
    assert "Add an organisation" not in page
    assert "Keep the directory" not in text_of(reader.get("/organisations/who"))
    assert reader.get("/organisations/new").status_code == 403
    assert reader.send("/organisations/who", {"act": "retire"}, at="/account").status_code == 403
    assert reader.get("/organisations/nobody").status_code == 404
    for keeper in ("coordinator", "admin"):
        assert "Keep the directory" in text_of(enter(keeper).get("/organisations/who"))
    with app.app_context():
        assert Directory(db.session).find("who").retired_on is None


def test_the_list_is_searched_by_former_names_and_kind(enter: Enter) -> None:
    reader = enter("reader")
    found = text_of(reader.get("/organisations?q=peacekeeping"))
    assert "1 UN entity or partner in use" in found
    assert "No organisation is called so" in text_of(reader.get("/organisations?q=xyzzy"))
    assert "No organisation is called so" in text_of(reader.get("/organisations?kind=private_sector"))


def test_a_coordinator_adds_renames_and_retires_and_the_page_tells(enter: Enter) -> None:
    browser = enter("coordinator")
    answer = add(browser, "Quiet Rivers", acronym="QR", kind="private_sector")
    assert answer.location == "/organisations/qr"
    assert act(browser, "qr", "rename", name="Silent Rivers", acronym="SR", day="1 February 2020").status_code == 302
    page = text_of(browser.get("/organisations/qr"))
    assert "Silent Rivers (SR)" in page
    assert "Quiet Rivers, until 31 Jan 2020" in page
    assert "Private sector" in page
    assert act(browser, "qr", "add-name", other="Rivières", language="fr").status_code == 302
    assert act(browser, "qr", "retire", day="2020-06-01").status_code == 302
    assert "Retired on 1 Jun 2020" in text_of(browser.get("/organisations/qr"))
    assert act(browser, "qr", "unretire").status_code == 302
    assert "Retired on" not in text_of(browser.get("/organisations/qr")).split("History")[0]
    audit = text_of(enter("admin").get("/audit?kind=organisations"))
    for words in ("added an organisation", "renamed an organisation", "retired an organisation"):
        assert words in audit


@pytest.mark.parametrize(
    ("what", "values", "told"),
    [
        ("rename", {"name": "UN Women", "acronym": ""}, "is a name of"),
        ("rename", {"name": "", "acronym": ""}, "Write the name"),
        ("rename", {"name": "x" * 350, "acronym": ""}, "300 is the most"),
        ("rename", {"name": "New name", "acronym": "", "day": "some day"}, "some day"),
        ("add-name", {"other": "WHO"}, "is a name of"),
        ("kind", {"kind": "un_entity_of_mine"}, "Choose what kind"),
        ("kind", {"kind": "government", "country": "Atlantis"}, "Atlantis"),
        ("merge", {"other": "nobody at all"}, "Write the name or acronym"),
        ("merge", {"other": "qr"}, "not merged with itself"),
        ("retire", {"day": "2150-01-01"}, "lies ahead"),
    ],
)
def test_what_is_refused_stands_at_its_field_with_what_was_typed(
    enter: Enter, what: str, values: dict[str, str], told: str
) -> None:
    browser = enter("coordinator")
    add(browser, "Quiet Rivers", acronym="QR")
    answer = act(browser, "qr", what, **values)
    assert answer.status_code == 422
    assert any(told in message for message in errors_of(answer)), errors_of(answer)
    page = html.fromstring(answer.text)
    assert len(page.xpath("//@id")) == len(set(page.xpath("//@id"))), "no id stands twice"
    typed = set(page.xpath("//input/@value | //option[@selected]/@value"))
    assert {value for name, value in values.items() if value and name != "kind"} <= typed
    assert "Quiet Rivers" in text_of(browser.get("/organisations/qr"))


def test_an_act_that_is_none_and_a_stale_page_are_refused(enter: Enter) -> None:
    browser = enter("coordinator")
    add(browser, "Quiet Rivers", acronym="QR")
    read = version(browser, "qr")
    act(browser, "qr", "rename", name="Silent Rivers", acronym="QR")
    late = browser.send("/organisations/qr", {"act": "rename", "version": read, "name": "Loud Rivers", "acronym": "QR"})
    assert late.status_code == 422
    assert "a moment ago" in text_of(late)
    assert "Loud Rivers" in late.text, "what was typed stands there"
    assert act(browser, "qr", "dance").status_code == 422


def test_merging_is_looked_at_first_leads_on_and_is_taken_back(app: Flask, enter: Enter) -> None:
    browser = enter("coordinator")
    add(browser, "Quiet Rivers", acronym="QR")
    add(browser, "Quiet River Group", acronym="QRG")
    number = activity(app, "Cleaning", "qrg")
    looked = act(browser, "qrg", "merge", other="QR")
    assert looked.status_code == 422
    assert "1 record would name Quiet Rivers (QR) instead of Quiet River Group (QRG)" in text_of(looked)
    done = act(browser, "qrg", "merge", other="Quiet Rivers (QR)", sure="qr")
    assert done.location == "/organisations/qr"
    assert browser.get("/organisations/qrg").location == "/organisations/qr"
    assert "Quiet Rivers" in text_of(browser.get(f"/activities/{number}"))
    assert "QRG" not in text_of(browser.get(f"/activities/{number}"))
    assert "Cleaning" in text_of(browser.get("/activities?partner=qrg")), "an older address finds it"
    assert "Cleaning" in text_of(browser.get("/activities?q=QRG"))
    page = html.fromstring(browser.get("/organisations/qr").text)
    form = page.xpath("//form[contains(@action, '/organisations/qrg')]")[0]
    fields = dict(form.form_values()) | {"act": "unmerge"}
    assert browser.client.post("/organisations/qrg", data=fields).status_code == 302
    assert "QRG" in text_of(browser.get(f"/activities/{number}"))
    refused = act(browser, "who", "merge", other="QR", sure="qr")
    assert "answer each month" in text_of(refused)


def test_a_proposal_is_accepted_or_refused_at_its_page(app: Flask, enter: Enter) -> None:
    with app.app_context():
        directory.add(db.session, Act(None, today()), name="Rivers, quiet ones", kind="academia")
        for name in ("Quiet Rivers", "A town"):
            merging.propose(db.session, Act(None, today()), name)
        db.session.commit()
    number = activity(app, "Cleaning", "quiet-rivers", "a-town")
    browser = enter("coordinator")
    assert "2 proposed" in text_of(browser.get("/organisations"))
    assert "Names like it: Rivers, quiet ones" in text_of(browser.get("/organisations/quiet-rivers"))
    assert act(browser, "quiet-rivers", "accept", kind="un_entity").status_code == 422
    assert act(browser, "quiet-rivers", "accept", kind="academia").status_code == 302
    assert act(browser, "a-town", "refuse", reason="").status_code == 422
    assert act(browser, "a-town", "refuse", reason="It is a town").status_code == 302
    page = text_of(browser.get(f"/activities/{number}"))
    assert "Quiet Rivers" in page
    assert "It is a town" in text_of(browser.get(f"/activities/{number}/history"))
    assert "1 proposal was refused" in text_of(browser.get("/organisations"))


def test_who_speaks_for_an_entity_is_told_to_those_who_see_it_elsewhere_too(enter: Enter) -> None:
    for name, sees in (("coordinator", True), ("admin", True), ("who", True), ("unodc", False), ("reader", False)):
        assert ("Focal points" in text_of(enter(name).get("/organisations/who"))) is sees, name


def test_a_name_with_markup_and_another_direction_is_shown_as_typed(app: Flask, enter: Enter) -> None:
    with app.app_context():
        directory.add(db.session, Act(None, today()), name="<b>نهر</b> & Co", kind="academia")
        db.session.commit()
    page = enter("reader").get("/organisations")
    assert "&lt;b&gt;نهر&lt;/b&gt; &amp; Co" in page.text
