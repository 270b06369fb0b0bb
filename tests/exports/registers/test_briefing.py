"""Briefings: two pages on any subject, everything on a country in one click, and readers for countries."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from docx import Document
from flask import Flask
from openpyxl import load_workbook

from interagency.exports.registers.briefing import (
    LINE_LENGTH,
    MAX_DONE,
    MAX_NEEDS,
    MAX_NEXT,
    MAX_RESULTS,
    Briefing,
    Section,
)
from interagency.exports.registers.country import MAX_CONTACTS
from interagency.exports.registers.document import briefing_document
from tests.helpers import Browser, choices, statements_seen, text_of

Enter = Callable[[str | None], Browser]


def words_of(body: bytes) -> str:
    return "\n".join(one.text for one in Document(io.BytesIO(body)).paragraphs)


def parts_of(body: bytes) -> dict[str, bytes]:
    """What a package holds, without the times of its entries."""
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        return {name: package.read(name) for name in package.namelist()}


def add(browser: Browser, title: str, **more: object) -> int:
    fields = {"title": title, "status": "ongoing", "recommendations": ["5(h)"], "verdict-rest": "distinct"} | more
    answer = browser.send("/activities/new", fields)
    assert answer.status_code == 302, text_of(answer)
    return int(answer.location.split("/activities/")[1].split("?")[0])


def filled(enter: Enter) -> None:
    who, coordinator = enter("who"), enter("coordinator")
    add(who, "Train chemists", lead="who", entities=["undp"], countries=["GH"], figures="more than 40 chemists",
        results="Two laboratories passed the test.", contact="Marker Ibis, desk 4")  # fmt: skip
    add(who, "Plan a guide", lead="who", status="planned", start="June 2030", funding="seeking funds")
    add(who, "Elsewhere", lead="who", countries=["PE"], recommendations=["1(a)"])
    coordinator.send(
        "/events/new",
        {"title": "Regional meeting", "kind": "workshop", "status": "confirmed", "segments": "12-14 October 2030",
         "organisers": ["who"], "city": "Accra", "country": "GH", "timezone": "Africa/Accra"},
    )  # fmt: skip
    for entities, title in ((["who"], "Test kits"), (["who"], "Marker Ibis need")):
        coordinator.send("/needs/new", {"title": title, "country": "Ghana", "entities": entities, "status": "open",
                                        "stated_by": "government", "recommendations": ["5(h)"]})  # fmt: skip


@pytest.mark.one_database
def test_a_briefing_says_what_is_done_by_whom_where_and_what_is_missing(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    filled(enter_sqlite)
    who = enter_sqlite("who")
    assert "2 activities on this subject" in text_of(who.get("/briefing?recommendation=5(h)"))
    told = words_of(who.get("/briefing.docx?recommendation=5(h)&recommendation=5(i)").data)
    for words in (
        "2 activities are known on this subject, 1 of them joint, of 2 UN entities.",
        "Train chemists: WHO and UNDP; Ghana; ongoing", "WHO (2, 1 joint), UNDP (1, 1 joint).", "Ghana (1).",
        "Train chemists: more than 40 chemists; Two laboratories", "June 2030: Plan a guide; WHO",
        "No activity is known under: 5(i).", "Still seeking funds: Plan a guide.", "Test kits: Ghana; 5(h); open",
        "Nobody has said they can help with 2 needs.",
    ):  # fmt: skip
        assert words in told, (words, told)
    assert "Elsewhere" not in told
    assert "Ibis, desk" not in told, "contacts stand in the briefing on a country alone"
    assert "Regional meeting" in words_of(who.get("/briefing.docx?country=Ghana").data)
    assert "I, II, III, IV, VI, VII" in words_of(who.get("/briefing.docx?country=GH").data)
    assert "No activity is known" in words_of(who.get("/briefing.docx?q=zzzz").data)
    for query, code in {
        "": 302, "recommendation=8(a)": 400, "country=Atlantis": 400, "moon=1": 400,
        "country=GH&audience=commission": 403,
    }.items():  # fmt: skip
        assert who.get(f"/briefing.docx?{query}").status_code == code, query


def test_a_briefing_for_an_audience_holds_what_the_gate_passed_and_nothing_of_the_rest(
    app: Flask, enter: Enter
) -> None:
    filled(enter)
    coordinator, who, undp = enter("coordinator"), enter("who"), enter("undp")
    shown = add(who, "Shown outside", lead="who", countries=["GH"])
    who.send(f"/activities/{shown}/agreement", choices("commission", "agreed", beyond="yes", entity="who"))
    address = "/briefing.docx?{}&audience=commission"
    queries = ("country=GH", "recommendation=5(h)", "chapter=5")
    before = {query: parts_of(coordinator.get(address.format(query)).data) for query in queries}
    assert "Shown outside" in words_of(coordinator.get(address.format("country=GH")).data)
    for words in ("Train chemists", "Marker Ibis", "Test kits", "Nobody has said"):
        assert words not in words_of(coordinator.get(address.format("country=GH")).data), words
    hidden = add(who, "Marker Quetzal", lead="who", entities=["undp"], countries=["GH", "PE"], results="Marker Quetzal")
    who.send(f"/activities/{hidden}/agreement", choices("commission", "agreed", beyond="yes", entity="who"))
    coordinator.send("/needs/new", {"title": "Marker Quetzal", "country": "GH", "entities": ["who", "undp"],
                                    "status": "open", "stated_by": "government", "shareable": "y"})  # fmt: skip
    for query, parts in before.items():
        assert parts_of(coordinator.get(address.format(query)).data) == parts, query
    undp.send(f"/activities/{hidden}/agreement", choices("commission", "agreed", beyond="yes", entity="undp"))
    assert "Marker Quetzal" in words_of(coordinator.get(address.format("country=GH")).data)


@pytest.mark.one_database
def test_a_country_is_a_page_a_workbook_and_a_document_with_whom_to_ask(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    filled(enter_sqlite)
    admin, reader = enter_sqlite("admin"), enter_sqlite("reader")
    page = text_of(reader.get("/countries/GHA", follow_redirects=True))
    for words in (
        "Train chemists",
        "Regional meeting",
        "Test kits",
        "Marker Ibis, desk 4",
        "nobody has said they can help",
    ):
        assert words in page, words
    assert "who@example.org" not in page, "focal points are not told to everybody"
    assert "Your countries" not in text_of(reader.get("/"))
    person = next(number for number in range(1, 9) if "Rui Reader" in admin.get(f"/people/{number}").text)
    refused = admin.send(f"/people/{person}", {"act": "countries", "countries": "Ghana\nAtlantis"})
    assert refused.status_code == 422
    assert "We do not know the country “Atlantis”" in text_of(refused)
    assert "Ghana\nAtlantis</textarea>" in refused.text
    admin.send(f"/people/{person}", {"act": "countries", "countries": "Ghana; peru"})
    assert "said for which countries" in text_of(admin.get("/audit?kind=rights"))
    home = text_of(reader.get("/"))
    assert "Your countries Ghana 1 activity 1 event to come 2 needs unmet" in home
    assert "Peru 1 activity 0 events to come 0 needs unmet" in home
    page = text_of(reader.get("/countries/GH"))
    assert "Focal points of WHO Farida Who, who@example.org" in page
    assert "Rui Reader" in page
    assert "Focal points" not in text_of(reader.get("/countries/BR")), "of their own countries"
    told = words_of(reader.get("/countries/ghana/briefing.docx").data)
    for words in (
        "Train chemists",
        "Regional meeting",
        "Test kits",
        "WHO: Farida Who (who@example.org)",
        "Marker Ibis",
    ):
        assert words in told, words
    book = load_workbook(io.BytesIO(reader.get("/countries/GH/country.xlsx").data))
    assert book.sheetnames == ["Activities", "Events", "Needs", "Entities", "Contacts"]
    assert {sheet.title: sheet.max_row for sheet in book} == {
        "Activities": 2, "Events": 2, "Needs": 3, "Entities": 3, "Contacts": 5,
    }  # fmt: skip
    for kind in ("briefing.docx", "country.xlsx"):
        assert reader.get(f"/countries/Atlantis/{kind}").status_code == 404
    admin.send(f"/people/{person}", {"act": "countries", "countries": ""})
    assert "Your countries" not in text_of(reader.get("/"))


@pytest.mark.one_database
@pytest.mark.office
@pytest.mark.usefixtures("sample_data")
def test_a_briefing_fits_on_two_pages(sqlite_app: Flask, enter_sqlite: Enter, tmp_path: Path) -> None:
    who, office = enter_sqlite("who"), shutil.which("soffice")
    assert office
    queries = ("chapter=5", "entity=unodc", "q=drug")
    for number, query in enumerate(queries):
        (tmp_path / f"{number}.docx").write_bytes(who.get(f"/briefing.docx?{query}").data)
    line, lists = "word " * (LINE_LENGTH // 5), (0, MAX_DONE, 0, 0, MAX_RESULTS, MAX_NEXT, MAX_NEEDS, 0, MAX_CONTACTS)
    longest = [Section("Heading", [] if number else [line] * 2, [line] * number) for number in lists]
    (tmp_path / "3.docx").write_bytes(briefing_document(Briefing("Title", "", date(2026, 11, 30), "", longest)))
    home = f"-env:UserInstallation=file://{tmp_path}/office"
    files = [str(tmp_path / f"{number}.docx") for number in range(len(queries) + 1)]
    subprocess.run([office, home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), *files], check=True,
                   capture_output=True, timeout=120)  # fmt: skip
    for number, query in enumerate([*queries, "every list as long as it may be"]):
        pages = (tmp_path / f"{number}.pdf").read_bytes().count(b"/Type/Page/")
        assert 1 <= pages <= 2, (query, pages)


@pytest.mark.one_database
def test_home_and_country_take_a_fixed_number_of_statements(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    filled(enter_sqlite)
    admin, reader = enter_sqlite("admin"), enter_sqlite("reader")
    person = next(number for number in range(1, 9) if "Rui Reader" in admin.get(f"/people/{number}").text)
    counts = []
    for codes in ("Ghana", "Ghana; Peru; Brazil; Chad"):
        admin.send(f"/people/{person}", {"act": "countries", "countries": codes})
        reader.get("/")
        with statements_seen(sqlite_app) as seen:
            reader.get("/")
            reader.get("/countries/GH")
        counts.append(len(seen))
        add(enter_sqlite("who"), f"Another for {codes}", lead="who", entities=["undp"], countries=["GH"])
    assert counts[0] == counts[1]
