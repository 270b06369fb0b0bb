"""The draft Note: only what was agreed, in the order of the outcome document, each paragraph traceable."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from docx import Document
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.exports.note.request import session_in_words
from interagency.exports.note.wording import Wording
from interagency.matrix.activities.fields import empty_facts
from interagency.matrix.activities.models import CountryRole, Status
from interagency.matrix.activities.record import create_activity
from interagency.matrix.cycles.contents import gather
from interagency.matrix.framework.models import Country, Recommendation, Section
from interagency.matrix.organisations.queries import Directory
from interagency.text.dates import ImpreciseDate
from tests.exports.external.test_external import agree, close
from tests.helpers import EVENT, Browser, activity_draft, text_of

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


def numbered(document: Any) -> list[str]:
    return [p.text for p in document.paragraphs if p.style.name == "List Number"]


def test_chapters_paragraphs_and_sentences(enter_sqlite: Enter, world: dict[str, int]) -> None:
    document, _body = read(enter_sqlite("coordinator"))
    headings = {level: [p.text for p in document.paragraphs if p.style.name == f"Heading {level}"] for level in (1, 2)}
    assert headings[1] == [
        "I. International cooperation",
        "II. Inter-agency cooperation",
        "III. Inter-commissions cooperation and acts of the Commission",
        "Annex. Agreed records that were not used",
    ]
    assert len(headings[2]) == 7
    assert headings[2][0].startswith("Demand reduction")
    paragraphs = numbered(document)
    assert "Chapter II presents 4 activities, 1 of them joint, of the United Nations Development" in paragraphs[1]
    assert "the World Health Organization (WHO). As places of work 2 countries are named." in paragraphs[1]
    assert paragraphs[2] == "Task team. WHO carries out this work."
    (schools,) = [text for text in paragraphs if "Prevention in schools" in text]
    assert schools == (
        "Prevention in schools. WHO carries out this work together with the International Criminal Police Organization "
        "(INTERPOL) and others in Bolivia (Plurinational State of) and Kenya since June 2016. Nine schools took part. "
        "(Recommendation 1(a).)"
    )
    under = [p.text for p in document.paragraphs if p.style.name == "Heading 3" or p.text.startswith("Estimates.")]
    assert under[under.index(next(text for text in under if text.startswith("Estimates."))) - 1].startswith("Treatment")
    place = next(n for n, text in enumerate(paragraphs, start=1) if "Treatment standards" in text)
    assert f"See also paragraph {place}." in [p.text for p in document.paragraphs]


def said(app: Flask, **facts: Any) -> Any:
    """What the note says of an activity of WHO that says these."""
    with app.app_context():
        made = {"month": "2026-08", "number": 1, "made_at": "2026-09-06T00:00:00"}
        blank = empty_facts() | {"title": "Some work", "lead": "who", "status": "ongoing"}
        entry = {"id": 7, "version": 2, "facts": blank | facts, "joint": False, "chapters": []}
        return Wording(gather(db.session, date(2026, 9, 6)) | made).activity(entry)


WORK = "The World Health Organization (WHO) carries out this work"


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"description": "Hidden."}, f"{WORK}."),
        ({"description": "A pilot", "share_description": True}, f"A pilot. {WORK}."),
        ({"description": "WHO trains staff.", "share_description": True}, "WHO trains staff."),
        ({"description": "WHO trains staff.", "share_description": True, "countries": [["KE", "host"]]},
         "WHO trains staff. This work is carried out in Kenya."),
        # Named as somebody else's, not as who does it.
        ({"description": "A guide of WHO", "share_description": True}, f"A guide of WHO. {WORK}."),
        ({"figures": [["8", "exactly", "countries"], ["450", "more than", "policymakers"]]},
         f"{WORK}, involving 8 countries and more than 450 policymakers."),
        ({"countries": [["DE", "partner"], ["KE", "beneficiary"], ["PE", "subject"]]},
         f"{WORK} together with Germany in Kenya concerning Peru."),
        ({"supporting": ["undp"], "entities": ["undp"], "start": "2019", "end": "2020"},
         f"{WORK}, with the support of the United Nations Development Programme (UNDP), from 2019 to 2020."),
        ({"city": "Nairobi", "countries": [["KE", "host"]], "start": "2026-03-02", "end": "2026-03-04",
          "status": "completed"},
         "The World Health Organization (WHO) carried out this work in Nairobi, Kenya on 2–4 March 2026."),
        ({"recommendations": ["1(a)", "1(b)"], "sdg": ["3.5", "17"]},
         f"{WORK}. (Recommendations 1(a) and 1(b); Sustainable Development Goal 17 and target 3.5.)"),
        ({"sdg": ["3.5"]}, f"{WORK}. (Target 3.5 of the Sustainable Development Goals.)"),
        ({"start": "2017-H2", "status": "planned"},
         "The World Health Organization (WHO) plans this work from the second half of 2017."),
    ],
)  # fmt: skip
def test_a_paragraph_says_what_the_record_says(app: Flask, facts: dict[str, Any], text: str) -> None:
    found = said(app, **facts)
    assert found.title == "Some work."
    assert found.text == text


def test_links_and_origins_of_figures_are_footnotes(sqlite_app: Flask) -> None:
    figures = [["8", "exactly", "countries", "2024-06", "World Drug Report"]]
    found = said(sqlite_app, figures=figures, link="https://example.org/a", source="SECRET", contact="SECRET")
    assert found.footnotes == ("8 countries: June 2024, World Drug Report.", "See https://example.org/a.")
    assert "SECRET" not in repr(found)


@pytest.mark.parametrize(
    ("typed", "words"),
    [("CND 70", "Seventieth session"), ("63", "Sixty-third session"), ("cnd 12", "Twelfth session"),
     ("40", "Fortieth session"), ("Reconvened 69th session", "Reconvened 69th session"), ("CND 700", "CND 700")],
)  # fmt: skip
def test_a_session_by_its_number_is_said_in_words(typed: str, words: str) -> None:
    assert session_in_words(typed) == words


def test_the_masthead_is_that_of_a_document_of_the_commission(enter_sqlite: Enter, world: dict[str, int]) -> None:
    more = "&symbol=E%2FCN.7%2F2027%2FCRP.3%00&item=Item+8&place=Vienna,+March+2027"
    response = enter_sqlite("coordinator").get(ADDRESS + more)
    document = Document(io.BytesIO(response.data))
    masthead = [cell.text for row in document.tables[0].rows for cell in row.cells]
    assert masthead[:3] == ["United Nations", "E/CN.7/2027/CRP.3", "Economic and Social Council"]
    assert masthead[3].endswith("English only")
    above = [p.text for p in document.paragraphs][:6]
    assert above[:4] == ["Commission on Narcotic Drugs", "Seventieth session", "Vienna, March 2027", "Item 8"]
    assert "Note by the Secretariat" in [p.text for p in document.paragraphs]


def test_the_preview_says_the_same_as_the_word_file(enter_sqlite: Enter, world: dict[str, int]) -> None:
    coordinator = enter_sqlite("coordinator")
    document, _body = read(coordinator)
    response = coordinator.get(ADDRESS.replace(".docx", ""))
    assert response.status_code == 200
    page: Any = html.fromstring(response.text)
    records = set(page.xpath("//a[@class='record-of']/@href"))
    shown = []
    for one in page.xpath("//p[@class='numbered' and @id]/span[2]"):
        for added in one.xpath("./sup | ./a"):
            added.drop_tree()
        shown.append(" ".join(one.text_content().split()))
    assert shown == numbered(document)
    assert f"/activities/{world['joint']}" in records
    assert "SECRET" not in response.text
    assert page.xpath("//select[@name='to']/option[@selected]/text()") == ["December 2026"]


def test_acts_of_bodies_and_meetings_stand_in_chapter_three(
    sqlite_app: Flask, enter_sqlite: Enter, world: dict[str, int]
) -> None:
    with sqlite_app.app_context():
        draft = activity_draft(
            title="Contribution to the forum",
            status=Status.COMPLETED,
            partners=[Directory(db.session).find(key) for key in ("cnd", "hlpf")],
            start=ImpreciseDate.year(2026),
            end=ImpreciseDate.year(2026),
        )
        number = create_activity(db.session, draft, by=None, by_name="test").id
        db.session.commit()
    coordinator = enter_sqlite("coordinator")
    meeting = {"title": "Joint event", "kind": "side event", "status": "held", "organisers": ["cnd"],
               "segments": "9 March 2026", "city": "Vienna", "shareable": "y"}  # fmt: skip
    assert coordinator.send("/events/new", EVENT | meeting).status_code == 302
    for key in ("cnd", "hlpf"):
        agree(coordinator, entity=key)
    with sqlite_app.app_context():
        close("2026-09")
        db.session.close()
    document, _body = read(coordinator)
    texts = [p.text for p in document.paragraphs]
    chapter = texts[texts.index("III. Inter-commissions cooperation and acts of the Commission") + 1 :]
    assert chapter[0] == (
        "Contribution to the forum. The Commission on Narcotic Drugs (CND) and the High-level Political Forum on "
        "Sustainable Development (HLPF) carried out this work in 2026."
    )
    assert chapter[1] == "Meetings"
    assert chapter[2] == "Joint event. This side event was held in Vienna on 9 March 2026, organized by CND."
    assert f"Record {number}, version 1, edition 2 of the matrix" in [comment.text for comment in document.comments]
    assert "Chapter III presents 1 act of the Commission or another body." in texts


def test_where_nothing_was_agreed_the_draft_says_so(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    with sqlite_app.app_context():
        close()
        db.session.close()
    coordinator = enter_sqlite("coordinator")
    page = text_of(coordinator.get(ADDRESS.replace(".docx", "")))
    assert "Nothing was agreed for this period, so the draft is empty." in page
    document, _body = read(coordinator)
    assert any("No activity was agreed" in text for text in numbered(document))


def test_nothing_withheld_is_in_it_and_the_annex_lists_what_was_not_used(
    enter_sqlite: Enter, world: dict[str, int]
) -> None:
    document, body = read(enter_sqlite("coordinator"))
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        everything = b"".join(package.read(name) for name in package.namelist())
    assert b"SECRET" not in everything
    annex = document.tables[-1]
    assert [cell.text for cell in annex.rows[1].cells] == [str(world["old"]), "Long over", "ongoing, 2010–2011"]
    assert len(annex.rows) == 2


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
        ("session=x&from=2026-01&to=2026-12&symbol=" + "E" * 500, "The symbol fits in 60 characters; this has 500"),
        ("session=" + "x" * 500, "The session fits in 100 characters"),
        ("session=%00%1b&from=2026-01&to=2026-12", "Write the session"),
        ("session=x&from=2026-01&to=2026-12&item=" + "x" * 500, "The agenda item fits in 200"),
        ("session=x&from=%00%ff&to=2026-12", "not a month"),
    ],
)
def test_what_is_missing_is_told(enter_sqlite: Enter, world: dict[str, int], query: str, message: str) -> None:
    for address in ("/exports/note.docx", "/exports/note"):
        response = enter_sqlite("coordinator").get(f"{address}?{query}")
        assert response.status_code == 422
        assert message in text_of(response)
        page: Any = html.fromstring(response.text)
        (at,) = page.xpath("//div[@class='error-summary']//a/@href")
        assert page.get_element_by_id(at[1:]).get("aria-invalid") == "true"
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
