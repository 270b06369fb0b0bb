"""A programme can be at another stage in one of its countries: form, list, country page, map, workbook, outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.exports.external.content import Form, content_of
from interagency.exports.note.wording import Wording
from interagency.matrix.activities.models import CountryRole, Status
from interagency.matrix.agreement.gate import Passed
from interagency.matrix.cycles.contents import gather
from interagency.matrix.framework.models import Country
from tests.exports.external.test_external import DAY
from tests.helpers import Browser, errors_of, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


def countries(app: Flask, *codes: str) -> list[tuple[Country, CountryRole]]:
    with app.app_context():
        return [(db.session.get_one(Country, code), CountryRole.BENEFICIARY) for code in codes]


def test_each_country_can_be_at_a_status_of_its_own(sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add) -> None:
    number = add_activity("Joint Global Programme", countries=countries(sqlite_app, "GH", "TL", "PA"))
    add_activity("Elsewhere done", status=Status.COMPLETED, countries=countries(sqlite_app, "PA"))
    browser, at = enter_sqlite("who"), f"/activities/{number}/edit"

    def send(text: str) -> Any:
        sent = browser.fields(at) | {"country_statuses": text, "verdict-rest": "distinct"}
        return browser.client.post(at, data=sent)

    for text, answer in (
        ("Ghana", "does not say where"),
        ("Ghana: halted", "is not a status"),
        ("Atlantis: completed", "Atlantis"),
        ("Kenya: completed", "Kenya is none of the countries of this activity"),
        ("Ghana: completed\nGhana: planned", "Ghana stands here twice"),
    ):
        refused = send(text)
        assert any(answer in one for one in errors_of(refused)), (text, errors_of(refused))
        assert text in html.fromstring(refused.text).xpath("//textarea[@name='country_statuses']")[0].text
    assert send("Timor-Leste: done\nGhana: Completed; Panama: planned").status_code == 302
    assert browser.fields(at)["country_statuses"][0].split("\n")[-3:] == [
        "Ghana: completed", "Panama: planned", "Timor-Leste: completed",
    ]  # fmt: skip

    def listed(query: str) -> set[str]:
        page = html.fromstring(browser.get(f"/activities?{query}").text)
        return set(page.xpath("//tbody//th//a/text()"))

    both = {"Joint Global Programme", "Elsewhere done"}
    assert listed("country=GH&status_there=completed") == {"Joint Global Programme"}
    assert listed("country=GH&status_there=ongoing") == set()
    assert listed("country=PA&status_there=completed") == {"Elsewhere done"}
    assert listed("country=PA&also=country:GH&status_there=completed") == set()
    assert listed("status_there=completed") == both
    assert "“halted” cannot be chosen for “Status”" in text_of(browser.get("/activities?status_there=halted"))
    assert "Ghana: Completed" in text_of(browser.get("/activities?country=GH"))

    here = text_of(browser.get("/countries/PA"))
    assert "Status here: 1 Planned 1 Completed" in here
    assert "Planned here on the whole: Ongoing" in here
    where = html.fromstring(browser.get("/where").text)
    (row,) = where.xpath("//tr[th[normalize-space()='Panama']]")
    assert "1\u00a0Planned 1\u00a0Completed" in " ".join(row.text_content().split(" ")).replace("\n", " ")
    where = html.fromstring(browser.get("/where?status_there=completed").text)
    tiles = {one.get("title"): one.xpath("string(b)").strip("⚭") for one in where.xpath("//div[@class='map']//a[b]")}
    assert tiles == {"Ghana": "1", "Timor-Leste": "1", "Panama": "1"}
    assert "Status by country" in browser.get("/exports/matrix.csv").text
    assert "Ghana: completed; Panama: planned; Timor-Leste: completed" in browser.get("/exports/matrix.csv").text

    with sqlite_app.app_context():
        contents = gather(db.session, DAY) | {
            "month": "2026-08", "number": 1, "made_at": "2026-09-06T00:00:00", "zone": "UTC",
        }  # fmt: skip
        entry = next(one for one in contents["activities"] if one["id"] == number)
        outside = content_of(Passed([entry], [], []), contents, audience="commission", form=Form.FULL)
        further = outside["activities"][0]["further"]
        assert further["Status by country"] == "Ghana: completed; Panama: planned; Timor-Leste: completed"
        text = Wording(contents).activity(entry).text
        assert "It is completed in Ghana and Timor-Leste and planned in Panama." in text
