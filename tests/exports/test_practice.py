"""Good practice from the proposal to the file for the portal, and lessons learned searched across."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from docx import Document
from flask import Flask
from lxml import html

from tests.exports.external.test_external import agree
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
REASON = {"reason": "It halved waiting times.", "evidence": "https://example.org/evaluation"}


def version_at(browser: Browser, address: str) -> str:
    values: list[str] = html.fromstring(browser.get(address).text).xpath("//input[@name='version']/@value")
    return values[0] if values else "0"


def test_an_entity_proposes_the_lead_confirms_and_only_what_is_agreed_leaves(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add
) -> None:
    number = add_activity("Clinics on wheels", lead="who", entities=("undp",), lessons="Drivers are trained first.")
    secret = add_activity("Zebra clinics", lead="undp", lessons="Zebras are shy.")
    at = f"/activities/{number}/practice"
    who, undp, unodc = (enter_sqlite(name) for name in ("who", "undp", "unodc"))
    coordinator, reader = enter_sqlite("coordinator"), enter_sqlite("reader")

    def say(browser: Browser, act: str, address: str = at, **more: str) -> Any:
        version = version_at(browser, address)
        return browser.send(address, {"act": act, "version": version, **more}, at=address)

    for one in (reader, unodc):
        assert say(one, "propose", **REASON).status_code == 403
    for wrong, answer in (
        ({"reason": "", "evidence": REASON["evidence"]}, "Say why it is good practice"),
        ({"reason": "x" * 2001, "evidence": REASON["evidence"]}, "Say why it is good practice"),
        ({"reason": "It works.", "evidence": "our files"}, "Give the evidence as a whole address"),
        ({"reason": "It works.", "evidence": "javascript:alert(1)"}, "Give the evidence as a whole address"),
    ):
        refused = say(undp, "propose", **wrong)
        assert refused.status_code == 422 and answer in text_of(refused), wrong
    assert "It works." in refused.text  # what was typed is not lost
    assert say(undp, "confirm").status_code == 403  # UNDP does not lead
    assert say(who, "confirm").status_code == 422  # nothing is proposed yet
    assert say(undp, "propose", **REASON).status_code == 302
    old = version_at(who, at)
    words = text_of(reader.get(f"/activities/{number}"))
    assert "Proposed proposed by UNDP" in words and "It halved waiting times." in words
    assert "Proposed" in text_of(reader.get(f"/activities/{number}/history"))

    assert say(who, "confirm").status_code == 302
    stale = who.send(at, {"act": "withdraw", "version": old}, at=at)
    assert stale.status_code == 409 and "Somebody saved this record meanwhile" in text_of(stale)
    assert say(undp, "propose", f"/activities/{secret}/practice", **REASON).status_code == 302

    listed = html.fromstring(reader.get("/good-practice").text).xpath("//li/h2/a/bdi/text()")
    assert listed == ["Clinics on wheels", "Zebra clinics"]
    for query in ("/good-practice?practice=confirmed", "/activities?practice=confirmed", "/good-practice?q=halved"):
        assert "Clinics on wheels" in reader.get(query).text, query
    assert "Zebra" not in reader.get("/good-practice?practice=confirmed").text

    portal = "/good-practice/portal.json?audience=commission"
    assert reader.get(portal).status_code == who.get(portal).status_code == 403
    assert coordinator.get("/good-practice/portal.json?audience=nobody").status_code == 404
    before = coordinator.get(portal)
    assert json.loads(before.data)["good_practices"] == []  # nobody agreed yet
    agree(who)
    assert coordinator.get(portal).data == before.data  # UNDP did not
    agree(undp)
    content = json.loads(coordinator.get(portal).data)
    (one,) = content["good_practices"]
    assert one["title"] == "Clinics on wheels" and one["why"] == REASON["reason"] and one["proposed_by"] == "UNDP"
    assert one["lessons_learned"] == "Drivers are trained first." and one["description"] == ""
    document = Document(io.BytesIO(coordinator.get(portal.replace("json", "docx")).data))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "Clinics on wheels" in text and "Evidence: https://example.org/evaluation" in text and "Zebra" not in text
    assert say(undp, "withdraw").status_code == 302
    assert coordinator.get(portal).data == before.data

    def lessons(query: str) -> list[str]:
        found: list[str] = html.fromstring(reader.get(f"/lessons?{query}").text).xpath("//li/h2/a/bdi/text()")
        return found

    assert lessons("") == ["Clinics on wheels", "Zebra clinics"]
    assert lessons("words=trained+drivers") == ["Clinics on wheels"] and lessons("words=100%25") == []
    assert lessons("entity=who") == ["Clinics on wheels"]
