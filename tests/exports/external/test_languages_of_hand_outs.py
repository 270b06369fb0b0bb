"""A hand-out in six languages: one frozen content, said in the language that is asked for."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from lxml import etree, html
from openpyxl import load_workbook

from interagency.db.base import db
from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.models import CountryRole, Qualifier, TextLanguage
from interagency.matrix.framework.file_words import in_words
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.titles import titles
from interagency.text.dates import ImpreciseDate
from interagency.text.languages import LANGUAGES
from tests.exports.external.test_external import agree, close, handed_out
from tests.helpers import Browser, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def test_one_hand_out_is_read_in_six_languages(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    with sqlite_app.app_context():
        country = db.session.get_one(Country, "CI")
    add_activity(
        "Notre travail", countries=[(country, CountryRole.BENEFICIARY)], start=ImpreciseDate.month(2016, 6),
        text_language=TextLanguage.FRENCH, on_request=True,
        figures=[FigureDraft(Decimal(450), Qualifier.MORE_THAN, "écoles", "", "")],
    )  # fmt: skip
    assert agree(enter_sqlite("who")).status_code == 302
    coordinator = enter_sqlite("coordinator")
    with sqlite_app.app_context():
        close()
        db.session.close()
    address = handed_out(coordinator, language="es")
    nobody = enter_sqlite(None)
    assert html.fromstring(nobody.get(address).text).get("lang") == "es"
    for language in LANGUAGES:
        code, names = language.code, titles(language.code)
        ask = f"?language={code}"
        page = html.fromstring(nobody.get(f"{address}{ask}").text)
        assert (page.get("lang"), page.get("dir")) == (code, language.direction)
        for words in (names.country("CI", "Côte d’Ivoire"), names.short("who", "WHO"), "2016"):
            assert words in page.text_content(), (code, words)
        assert page.xpath("//bdi[@lang='fr']/text()") == ["Notre travail"]
        assert page.xpath("//a[@aria-current]/@lang") == [code]
        book = load_workbook(io.BytesIO(nobody.get(f"{address}matrix.xlsx{ask}").data))
        sheet = book[in_words("Activities", code)]
        assert bool(sheet.sheet_view.rightToLeft) == (language.direction == "rtl")
        row = dict(zip(*([cell.value for cell in line] for line in (sheet[1], sheet[2])), strict=True))
        assert row[in_words("Title", code)] == "Notre travail"
        assert row[in_words("Countries", code)] == names.country("CI", "Côte d’Ivoire")
        assert row[in_words("On request", code)] == in_words("yes", code)
        assert in_words("more than", code) in row[in_words("Figures", code)]
        content = json.loads(nobody.get(f"{address}matrix.json{ask}").text)
        assert content["language"] == code
        assert content["activities"][0]["coded"]["start"] == "2016-06"
        flat = nobody.get(f"{address}activities.csv{ask}").text
        assert ",2016-06-01,month," in flat
        if b"iati.xml" in etree.tostring(page):
            report = etree.fromstring(nobody.get(f"{address}iati.xml{ask}").data)[0]
            assert report.get(LANG) == code
            (title,) = report.findall("title/narrative")
            assert (title.text, title.get(LANG)) == ("Notre travail", None if code == "fr" else "fr")
            assert report.findtext("recipient-country/narrative") == names.country("CI", "Côte d’Ivoire")
    assert nobody.get(f"{address}?language=xx").status_code == 400
    assert nobody.get(f"{address}matrix.csv").data.decode("utf-8-sig").startswith(in_words("No.", "es"))


def test_a_translation_leaves_with_its_original_and_no_longer_than_it_says_that(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    number = add_activity("Our work", description="Kept inside", text_language=TextLanguage.ENGLISH)
    other = add_activity("Other work")
    who = enter_sqlite("who")
    address = f"/activities/{number}/translations"
    long = "x" * 301
    for values, words in (
        ({"language": "xx", "title": "T"}, "Choose the language"),
        ({"language": "en", "title": "T"}, "is written in English"),
        ({"language": "fr", "title": long}, "fits in 300 characters"),
    ):
        refused = who.send(address, values)
        assert refused.status_code == 422
        assert words in text_of(refused)
        assert values["title"] in refused.text
    assert enter_sqlite("undp").send(address, {"language": "fr", "title": "T"}).status_code == 403
    said = {"language": "fr", "title": "Notre travail", "description": "Reste dedans"}
    assert who.send(address, said).status_code == 302
    assert who.send(f"/activities/{other}/translations", {"language": "fr", "title": "Autre"}).status_code == 302
    edit = f"/activities/{other}/edit"
    assert who.send(edit, who.fields(edit) | {"title": ["Another title"]}).status_code == 302
    assert "older than the text it translates" in text_of(who.get(f"/activities/{other}/translations"))
    assert "Notre travail" in text_of(who.get(address))
    assert agree(who).status_code == 302
    coordinator = enter_sqlite("coordinator")
    with sqlite_app.app_context():
        close()
        db.session.close()
    outside = handed_out(coordinator, language="fr")
    nobody = enter_sqlite(None)
    assert "Notre travail" in nobody.get(outside).text
    assert "Our work" in nobody.get(outside).text
    assert "Notre travail" not in nobody.get(f"{outside}?language=es").text
    whole = nobody.get(f"{outside}matrix.json").text
    assert "Reste dedans" not in whole, "its original stays inside"
    assert "Autre" not in whole, "it translates what is no longer said"
    assert who.send(address, {"language": "fr", "title": "", "description": ""}).status_code == 302
    assert "There is none yet" in text_of(who.get(address))
    assert "Notre travail" in nobody.get(outside).text, "what was handed out never changes"


def test_the_note_in_arabic_runs_from_right_to_left(
    sqlite_app: Flask,
    enter_sqlite: Enter,
    add_activity: Callable[..., int],
    convert: Callable[[str, bytes, str], object],
) -> None:
    from docx import Document
    from docx.oxml.ns import qn

    add_activity("Joint work", entities=("undp",))
    for name in ("who", "undp"):
        assert agree(enter_sqlite(name)).status_code == 302
    coordinator = enter_sqlite("coordinator")
    with sqlite_app.app_context():
        close()
        db.session.close()
    address = "/exports/note.docx?session=CND+70&from=2026-01&to=2026-12&language="
    body = coordinator.get(f"{address}ar").data
    note = Document(io.BytesIO(body))
    assert all(paragraph._p.pPr.find(qn("w:bidi")) is not None for paragraph in note.paragraphs)
    assert all(table._tbl.tblPr.find(qn("w:bidiVisual")) is not None for table in note.tables)
    assert "منظمة الصحة العالمية" in "\n".join(paragraph.text for paragraph in note.paragraphs)
    convert("note.docx", body, "pdf")
    chinese = Document(io.BytesIO(coordinator.get(f"{address}zh").data))
    assert not any(run.italic for paragraph in chinese.paragraphs for run in paragraph.runs)
    assert all(
        paragraph._p.pPr is None or paragraph._p.pPr.find(qn("w:bidi")) is None for paragraph in chinese.paragraphs
    )
