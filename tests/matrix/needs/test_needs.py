"""Needs that countries state: written down, found, matched with who could help, shared through the gate alone."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from lxml import html
from openpyxl import load_workbook

from interagency.db.base import db
from interagency.matrix.needs.models import Need
from tests.helpers import Browser, choices, errors_of, statements_seen, text_of

Enter = Callable[[str | None], Browser]
NEED = {
    "title": "Training of laboratory staff",
    "country": "cote d'ivoire",
    "details": "Forensic chemists for two laboratories.",
    "recommendations": ["5(h)"],
    "stated_by": "government",
    "on_request": "y",
    "stated": "May 2026",
    "stated_read": "2026-05",
    "source": "Note verbale CU 2026/12",
    "status": "open",
    "entities": ["who"],
}


def written(browser: Browser, **more: object) -> int:
    answer = browser.send("/needs/new", NEED | more)
    assert answer.status_code == 302, errors_of(answer)
    return int(answer.location.split("/needs/")[1].split("?")[0])


@pytest.mark.one_database
def test_a_need_is_written_down_found_changed_and_its_history_told(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    number = written(who)
    written(who, title="Scanners at ports", country="", is_transit="y", recommendations=["3(b)"], details="")
    page = text_of(who.get(f"/needs/{number}"))
    for words in ("Côte d’Ivoire", "May 2026", "Forensic chemists", "Note verbale", "5(h)", "on request"):
        assert words in page
    for query, shown in {
        "": (1, 1), "country=CI": (1, 0), "transit=yes": (0, 1), "recommendation=3(b)": (0, 1), "chapter=5": (1, 0),
        "region=western-africa": (1, 0), "region=011": (1, 0), "q=chemist": (1, 0), "q=ivoire": (1, 0),
        "entity=who": (1, 1),
        "offer=yes": (0, 0), "offer=no": (1, 1), "status=met": (0, 0), "status=open": (1, 1), "country=none": (0, 1),
    }.items():  # fmt: skip
        found = text_of(who.get(f"/needs?{query}"))
        assert ("Training of laboratory" in found, "Scanners at ports" in found) == tuple(map(bool, shown)), query
    assert "“lost” is not understood" in text_of(who.get("/needs?status=lost"))
    assert f"/needs/{number}" in who.get("/search?q=chemists+ivoire").text
    assert f"/needs/{number}" in who.get("/search/suggestions?q=forensic+chem").text
    fields = who.fields(f"/needs/{number}/edit")
    assert who.send(f"/needs/{number}/edit", fields | {"status": "being met"}).status_code == 302
    stale = who.send(f"/needs/{number}/edit", fields | {"title": "Laboratories"})
    assert stale.status_code == 409
    assert "Being met Open" in text_of(stale), "what stands, and what was typed"
    assert 'value="Laboratories"' in stale.text
    history = text_of(who.get(f"/needs/{number}/history"))
    assert "Status Open Being met" in history
    assert "Stated on May 2026" in history
    sent = who.client.post("/needs/new", data=NEED | {"csrf_token": who.token(), "form_key": "k" * 22})
    again = who.client.post("/needs/new", data=NEED | {"csrf_token": who.token(), "form_key": "k" * 22})
    assert sent.location == again.location, "sent twice it is one need"


@pytest.mark.one_database
def test_bad_input_is_told_at_its_field_and_nothing_is_lost(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    for more, message in (
        ({"country": "Atlantis"}, "We do not know the country “Atlantis”"),
        ({"country": "Iran, Iraq"}, "We do not know the country"),
        ({"country": ""}, "Write the country, or tick"),
        ({"title": ""}, "Write in one line what is needed"),
        ({"title": "x" * 301}, "longer than 300"),
        ({"details": "x" * 10_001}, "longer than 10000"),
        ({"link": "javascript:alert(1)"}, "begins with https://"),
        ({"stated": "the other day"}, "the other day"),
        ({"recommendations": ["1(s)"]}, "“1(s)” is not on the list"),
        ({"recommendations": [], "recommendations-typed": "8(a)"}, "There is no chapter 8"),
        ({"entities": []}, "Choose at least one entity"),
        ({"entities": ["undp"]}, "Choose WHO among the entities"),
        ({"status": "lost"}, "Not a valid choice"),
        ({"stated_by": "x"}, "Not a valid choice"),
    ):
        answer = who.send("/needs/new", NEED | more)
        assert answer.status_code == 422, more
        assert message in " ".join(errors_of(answer)), (more, errors_of(answer))
        if "details" not in more:
            assert "Forensic chemists" in answer.text
    with sqlite_app.app_context():
        assert db.session.query(Need).count() == 0
    number = written(who, title="<b>\u202eright to left", country="CI; ".strip("; "))
    assert "<b>\u202e" not in who.get(f"/needs/{number}").text
    for name, address, code in (
        ("reader", "/needs/new", 403),
        ("undp", f"/needs/{number}/edit", 403),
        ("coordinator", f"/needs/{number}/edit", 200),
        ("who", "/needs/99999999999", 404),
        ("who", "/needs/0/edit", 404),
    ):
        assert enter_sqlite(name).get(address).status_code == code, (name, address)


def test_who_could_help_is_found_by_recommendation_place_mandate_and_offer(
    app: Flask, enter: Enter, add_activity: Callable[..., int]
) -> None:
    who, undp = enter("who"), enter("undp")
    undp.send("/mandates", {"entity": "undp", "recommendation": ["5(h)"], "seen": ""})
    for title, country, code in (
        ("Here on it", "CI", "5(h)"),
        ("Near on it", "GH", "5(h)"),
        ("Here on else", "CI", "1(a)"),
        ("Zebra far away", "PE", "5(h)"),
    ):
        who.send("/activities/new", {"title": title, "status": "ongoing", "lead": "who", "recommendations": [code],
                                     "countries": [country], "verdict-rest": "distinct"})  # fmt: skip
    number = written(who)
    who.get("/")  # tells what was saved
    page = html.fromstring(who.get(f"/needs/{number}").text)
    rows = page.xpath("//section[1]//tbody/tr")
    cells = [[" ".join(cell.text_content().split()) for cell in row] for row in rows]
    assert [cell[1:] for cell in cells] == [
        ["not said", "5(h)", "0", "0", "0"],
        ["not said", "not declared", "1", "2", "2"],
    ]
    assert "Zebra" not in page.text_content()
    for place in range(2, 5):  # a number is its list
        for link in page.xpath(f"//section[1]//tbody/tr[2]/td[{place + 1}]/a"):
            listed = html.fromstring(who.get(link.get("href")).text)
            assert listed.xpath("//caption")[0].text_content().split()[0] == link.text_content()
    offer, can = f"/needs/{number}/offer", {"entity": "undp", "act": "offer"}
    assert undp.send(offer, can | {"word": "x" * 2001}).status_code == 422
    assert undp.send(offer, can | {"act": "dance"}).status_code == 422
    assert undp.send(offer, can | {"entity": "who"}).status_code == 403
    assert enter("reader").send(offer, {"act": "offer"}).status_code == 403
    undp.send(offer, can | {"word": "Two trainers in June"})
    assert "Two trainers in June" in text_of(who.get(f"/needs/{number}"))
    assert "UNDP" in text_of(who.get("/needs?offer=yes"))
    undp.send(offer, {"entity": "undp", "act": "take-back"})
    assert "Two trainers" not in text_of(who.get(f"/needs/{number}"))
    assert text_of(who.get(f"/needs/{number}/history")).count("Two trainers in June") == 2, "said, and taken back"


def test_a_need_leaves_only_once_all_that_keep_it_agreed_and_says_nothing_before(app: Flask, enter: Enter) -> None:
    coordinator, who, undp = enter("coordinator"), enter("who"), enter("undp")
    shared = written(coordinator, title="Known outside", shareable="y", entities=["who"])
    who.send(f"/needs/{shared}/agreement", choices("commission", "agreed", beyond="yes", entity="who"))
    before = {name: coordinator.get(f"/needs.{name}?audience=commission").data for name in ("csv", "xlsx")}
    assert "Known outside" in before["csv"].decode("utf-8-sig")
    marked = written(
        coordinator, title="Marker Quetzal", details="Marker Quetzal", shareable="y", entities=["who", "undp"]
    )
    inside = written(coordinator, title="Marker Quetzal inside", entities=["who"])
    undp.send(f"/needs/{marked}/offer", {"entity": "undp", "act": "offer", "word": "Marker Quetzal"})

    def unchanged() -> bool:
        return all(coordinator.get(f"/needs.{name}?audience=commission").data == body for name, body in before.items())

    for number in (marked, inside):
        who.send(f"/needs/{number}/agreement", choices("commission", "agreed", beyond="yes", entity="who"))
    assert unchanged(), "one of two has agreed; what is internal stays so"
    assert "awaiting UNDP" in text_of(coordinator.get(f"/needs/{marked}"))
    assert undp.send(f"/needs/{inside}/agreement", choices("commission", "agreed", entity="undp")).status_code == 403
    undp.send(f"/needs/{marked}/agreement", choices("public", "agreed", beyond="yes", entity="undp"))
    assert unchanged(), "to another audience"
    refused = undp.send(f"/needs/{marked}/agreement", choices("commission", "agreed", entity="undp"))
    assert refused.status_code == 422, "beyond its default, without saying so"
    undp.send(f"/needs/{marked}/agreement", choices("commission", "agreed", beyond="yes", entity="undp"))
    told = coordinator.get("/needs.csv?audience=commission").data.decode("utf-8-sig")
    assert "Marker Quetzal" in told
    for word in ("inside", "UNDP", "WHO", "Can help"):
        assert word not in told, word
    undp.send(f"/needs/{marked}/agreement", choices("commission", "refused", entity="undp"))
    assert unchanged(), "and taken back"
    assert who.get("/needs.csv?audience=commission").status_code == 403
    assert coordinator.get("/needs.csv?audience=moon").status_code == 400
    assert who.get("/needs.csv?status=lost").status_code == 400
    made = who.send("/subscriptions/data?country=CI&sdg=3&status=ongoing", {"name": "Tables"}).text
    base = re.findall(r"/data/[\w-]+/", made)[0]
    rows = list(csv.DictReader(io.StringIO(enter(None).get(f"{base}needs.csv").data.decode("utf-8-sig"))))
    assert [row["title"] for row in rows] == ["Known outside", "Marker Quetzal", "Marker Quetzal inside"]
    assert (rows[1]["can_help"], rows[1]["entities"], rows[1]["stated"]) == ("undp", "undp; who", "2026-05-01")
    assert enter(None).get(f"{base}needs.csv?country=PE").data.count(b"\n") == 1
    own = load_workbook(io.BytesIO(who.get("/needs.xlsx?country=CI").data))["Needs"]
    assert [cell.value for cell in own[1]][-3:] == ["Can help", "May be shared", "Last changed (UTC)"]
    assert own.max_row == 4


@pytest.mark.one_database
def test_pages_of_needs_take_a_fixed_number_of_statements(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    number = written(who)
    counts = []
    for _round in range(2):
        with statements_seen(sqlite_app) as seen:
            who.get("/needs")
            who.get(f"/needs/{number}")
        counts.append(len(seen))
        for place in range(5):
            written(
                who, title=f"Another {place}", country="GH", entities=["who", "undp"], recommendations=["5(h)", "1(a)"]
            )
    assert counts[0] == counts[1]
