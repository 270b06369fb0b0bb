"""The draft Note: only what was agreed, in the order of the outcome document, each paragraph traceable."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from docx import Document
from flask import Flask

from interagency.db.base import db
from interagency.matrix.activities.models import CountryRole, Status
from interagency.matrix.activities.record import create_activity
from interagency.matrix.framework.models import Country, Recommendation, Section
from interagency.matrix.organisations.queries import Directory
from interagency.text.dates import ImpreciseDate
from tests.exports.external.test_external import agree, close
from tests.helpers import Browser, activity_draft, text_of

Enter = Callable[[str | None], Browser]
ADDRESS = "/exports/note.docx?session=CND+70&from=2026-01&to=2026-12"


def add(title: str, entities: tuple[str, ...] = (), lead: str = "who", **more: Any) -> int:
    directory = Directory(db.session)
    draft = activity_draft(
        title=title,
        status=Status.ONGOING,
        lead=directory.find(lead),
        entities=[directory.find(key) for key in entities],
        **more,
    )
    return create_activity(db.session, draft, by=None, by_name="test").id


def records() -> dict[str, int]:
    codes = {one.code: one for one in db.session.scalars(sa.select(Recommendation))}
    countries = {one.code: one for one in db.session.scalars(sa.select(Country))}
    section = db.session.scalars(sa.select(Section).where(Section.position == 2)).one()
    ids = {
        "joint": add("Treatment standards", ("undp",), recommendations=[codes["1(o)"], codes["5(h)"]]),
        "single": add(
            "Prevention in schools",
            recommendations=[codes["1(a)"]],
            countries=[(countries["KE"], CountryRole.BENEFICIARY), (countries["BO"], CountryRole.BENEFICIARY)],
            partners=[Directory(db.session).find("interpol")],
            partners_incomplete=True,
            start=ImpreciseDate.month(2016, 6),
            results="Nine schools took part.",
            remarks="SECRET-REMARK",
        ),
        "old": add("Long over", start=ImpreciseDate.year(2010), end=ImpreciseDate.year(2011)),
        "theirs": add("SECRET-TITLE", lead="undp"),
        "unspoken": add("SECRET-JOINT", ("unicef",)),
        "coordination": add("Task team"),
        "placed": add("Estimates", recommendations=[codes["1(a)"]], section=section),
    }
    db.session.commit()
    return ids


@pytest.fixture
def world(sqlite_app: Flask, enter_sqlite: Enter) -> dict[str, int]:
    with sqlite_app.app_context():
        ids = records()
    agree(enter_sqlite("who"))
    agree(enter_sqlite("undp"), activity=str(ids["joint"]), beyond="yes")
    with sqlite_app.app_context():
        close()
        db.session.close()
    return ids


def read(browser: Browser) -> tuple[Any, bytes]:
    response = browser.get(ADDRESS)
    assert response.status_code == 200, text_of(response)
    return Document(io.BytesIO(response.data)), response.data


def test_chapters_paragraphs_and_sentences(enter_sqlite: Enter, world: dict[str, int]) -> None:
    document, _body = read(enter_sqlite("coordinator"))
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 2"]
    assert [text.split(".")[0] for text in headings] == [
        *(f"Chapter {roman}" for roman in ("I", "II", "III", "IV", "V", "VI", "VII")),
        "Coordination",
    ]
    numbered = [p.text for p in document.paragraphs if p.style.name == "List Number"]
    assert "It presents 4 activities, 1 of them joint, by World Health Organization (WHO)" in numbered[1].replace(
        "United Nations Development Programme (UNDP) and ", ""
    ).replace(" and United Nations Development Programme (UNDP)", "")
    assert any(
        "WHO carry out “Treatment standards”" in text or "carry out “Treatment standards”" in text for text in numbered
    )
    (schools,) = [text for text in numbered if "Prevention in schools" in text]
    assert schools.startswith("WHO, together with ")
    assert (
        "others, carries out “Prevention in schools” in Bolivia (Plurinational State of) and Kenya (from June 2016)."
        in schools
    )
    assert schools.endswith("Nine schools took part. (Recommendations 1(a).)")
    under = [p.text for p in document.paragraphs if p.style.name == "Heading 3" or "“Estimates”" in p.text]
    assert under[under.index(next(text for text in under if "“Estimates”" in text)) - 1].startswith("Treatment of drug")
    place = next(n for n, text in enumerate(numbered, start=1) if "Treatment standards" in text)
    assert f"See also paragraph {place}." in numbered


def test_nothing_withheld_is_in_it_and_the_annex_lists_what_was_not_used(
    enter_sqlite: Enter, world: dict[str, int]
) -> None:
    document, body = read(enter_sqlite("coordinator"))
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        everything = b"".join(package.read(name) for name in package.namelist())
    assert b"SECRET" not in everything
    assert [cell.text for cell in document.tables[0].rows[1].cells] == [
        str(world["old"]),
        "Long over",
        "completed, 2010 to 2011",
    ] or [cell.text for cell in document.tables[0].rows[1].cells][:2] == [str(world["old"]), "Long over"]
    assert len(document.tables[0].rows) == 2


def test_each_paragraph_names_its_record_and_every_page_says_draft(enter_sqlite: Enter, world: dict[str, int]) -> None:
    document, body = read(enter_sqlite("coordinator"))
    comments = [comment.text for comment in document.comments]
    for name in ("joint", "single", "coordination"):
        assert f"Record {world[name]}, version 1, edition 1 of the matrix" in comments
    assert document.sections[0].header.paragraphs[0].text == "Draft: not edited"
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        assert b"w:footnoteReference" in package.read("word/document.xml")
        assert b"Edition 1 of the matrix" in package.read("word/footnotes.xml")
        assert b"Clara" not in package.read("docProps/core.xml")
        assert b"PAGE" in package.read("word/footer1.xml")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("session=&from=2026-01&to=2026-12", "Write the session"),
        ("session=x&from=2026-13&to=2026-12", "not a month"),
        ("session=x&from=2026-05&to=2026-01", "other way round"),
        ("session=x", "not a month"),
    ],
)
def test_what_is_missing_is_told(enter_sqlite: Enter, world: dict[str, int], query: str, message: str) -> None:
    response = enter_sqlite("coordinator").get(f"/exports/note.docx?{query}")
    assert response.status_code == 422
    assert message in text_of(response)
    assert enter_sqlite("who").get(f"/exports/note.docx?{query}").status_code == 403


def test_without_an_edition_there_is_no_note(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    response = enter_sqlite("coordinator").get(ADDRESS)
    assert response.status_code == 422
    assert "close a month first" in text_of(response)


@pytest.mark.office
def test_libreoffice_opens_it_and_makes_a_pdf(
    enter_sqlite: Enter, world: dict[str, int], convert: Callable[[str, bytes, str], Path]
) -> None:
    _document, body = read(enter_sqlite("coordinator"))
    assert convert("note.docx", body, "pdf").stat().st_size > 10_000
