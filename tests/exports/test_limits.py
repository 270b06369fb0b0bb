"""Every workbook the service makes opens in Excel without a word, whatever the records and lists say."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import etree
from openpyxl import load_workbook

from interagency.db.base import db
from interagency.exports.columns import Column
from interagency.exports.external.content import Form, content_of
from interagency.exports.external.files import workbook
from interagency.exports.matrix_workbook import edition_workbook, write_current_matrix
from interagency.exports.rows.book import Book
from interagency.exports.sheets import Sheet
from interagency.exports.snapshot import live_snapshot
from interagency.exports.workbook import Origin, add_table, write_workbook
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity
from interagency.matrix.agreement.gate import Passed
from interagency.matrix.cycles.editions import close_cycle, load
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.framework.models import Chapter, Section
from interagency.matrix.organisations.models import Organisation
from tests.exports.limits import faults, shown
from tests.helpers import Browser

Enter = Callable[[str | None], Browser]
AT = datetime(2026, 9, 6, 8, 30, tzinfo=UTC)
VIENNA = ZoneInfo("Europe/Vienna")
NAMES = ["منظمة الصحة العالمية", "联合国毒品和犯罪问题办公室", "R1C1", "A1", "=SUM(A1)", "_x0041_ & 'q' <b>", "🎉" * 39]


@pytest.fixture
def hostile(sample_data: None, sqlite_app: Flask) -> Flask:
    """The sample, with organisations, chapters and sections called in ways that hurt a careless writer."""
    with sqlite_app.app_context():
        organisations = db.session.scalars(sa.select(Organisation).order_by(Organisation.position, Organisation.id))
        for one, name in zip(organisations, NAMES, strict=False):
            one.acronym, one.name = name, f"{name} 全名"
        for part in (*db.session.scalars(sa.select(Chapter)), *db.session.scalars(sa.select(Section))):
            part.title = f"& {part.title} &&& _x0020_ 毒品 المخدرات " * 4
        activity = db.session.scalars(sa.select(Activity)).first()
        assert activity is not None
        activity.title, activity.link = "=HYPERLINK(1) 毒品", "https://example.org/My_x0020_List?Due_x0020_Date"
        activity.description = "🎉" * 17_000 + "\n_x000D_" * 300
        db.session.commit()
    return sqlite_app


def live(app: Flask, *, hxl: bool = False) -> bytes:
    body = io.BytesIO()
    with app.app_context():
        settings = app.extensions["interagency_settings"]
        write_current_matrix(body, db.session, Filters(), mine=[], made_by="اختبار", settings=settings, at=AT, hxl=hxl)
    return body.getvalue()


def core(body: bytes) -> dict[str, str]:
    """The properties of a workbook by their names."""
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        return {etree.QName(node).localname: node.text for node in etree.fromstring(package.read("docProps/core.xml"))}


@pytest.mark.parametrize("hxl", [False, True])
def test_the_live_workbook(hostile: Flask, hxl: bool) -> None:
    body = live(hostile, hxl=hxl)
    assert faults(body) == []
    assert core(body).items() >= {
        "language": "en", "created": "2026-09-06T08:30:00Z", "modified": "2026-09-06T08:30:00Z"
    }.items()  # fmt: skip


def test_an_empty_one_from_which_a_matrix_is_begun(sqlite_app: Flask) -> None:
    assert faults(live(sqlite_app)) == []


def test_a_large_one(hostile: Flask) -> None:
    with hostile.app_context():
        picture = live_snapshot(db.session, Filters(), mine=[], day=AT.date())
        some = picture.contents["activities"]
        picture.contents["activities"] = [one | {"id": 1000 * turn + one["id"]} for turn in range(5) for one in some]
        origin = Origin(
            title="& " * 200,
            made_at=AT.astimezone(VIENNA),
            zone="UTC",
            made_by="_x0041_",
            period="",
            filters="",
            counts=[],
            address="",
        )
        body = io.BytesIO()
        write_workbook(body, origin, picture)
        assert faults(body.getvalue()) == []


def test_an_edition_and_every_form_of_a_hand_out(hostile: Flask) -> None:
    with hostile.app_context():
        open_cycle(db.session, "2026-08", at=AT, zone=VIENNA, by=None)
        db.session.commit()
        edition = close_cycle(db.session, "2026-08", at=AT, zone=VIENNA, by=None).edition
        contents = load(db.session, edition.number)
        body, _checksum = edition_workbook(db.session, edition)
        assert faults(body) == []
        passed = Passed(contents["activities"], contents["event"], [])
        for form in Form:
            for some in (passed, Passed([], [], [])):
                body = workbook(content_of(some, contents, audience="commission", form=form, country="KE"))
                assert faults(body) == []
                assert core(body)["language"] == "en"


@pytest.mark.parametrize("name", ["matrix.xlsx", "matrix.csv"])
def test_the_answer_to_a_file(hostile: Flask, enter_sqlite: Enter, name: str) -> None:
    coordinator = enter_sqlite("coordinator")
    if name == "matrix.xlsx":
        book = load_workbook(io.BytesIO(live(hostile)))
        sheet, titles = book["Matrix"], [cell.value for cell in book["Matrix"][1]]
        sheet.cell(2, titles.index("Status") + 1).value = "_x005F_x0041_ no status"
        sheet.cell(3, titles.index("Version") + 1).value = 99
        for taken in ("What was done", "WHAT WAS DONE +", "What was done + +"):
            book.create_sheet(taken)
        changed = io.BytesIO()
        book.save(changed)
        body = changed.getvalue()
    else:
        body = "Title,Status\r\n_x0041_ & 毒品,_x0041_ no status\r\n".encode()
    data = {"csrf_token": coordinator.token("/imports"), "file": (io.BytesIO(body), name)}
    sent = coordinator.client.post("/imports", data=data, content_type="multipart/form-data")
    answer = coordinator.get(f"{sent.location}/answer.xlsx").data
    assert [fault for fault in faults(answer) if "says nothing" not in fault] == []
    told = [shown(str(cell.value)) for cell in load_workbook(io.BytesIO(answer)).worksheets[-1]["H"]]
    assert "_x0041_ no status" in told


def test_titles_of_columns_and_sheets_from_elsewhere() -> None:
    """Names that the columns of a hand-out's further fields may have one day."""
    titles = ["Title", "TITLE", "title (2)", "Two\nlines", "x" * 300, "x" * 300, "_x0020_", "标题", "عنوان", ""]
    columns = tuple(Column(title, lambda row: row, 10) for title in titles)
    book = Book("A title", "The tests", AT)
    for sheet in ("A1", "R1C1", "a1_", "2026 标题", "Rows & more", "Rows_& more", "rows___more", "C", "عنوان"):
        add_table(book, Sheet(sheet, columns, ["one"], heading="&&" * 130 + sheet))
    body = io.BytesIO()
    book.save(body)
    assert faults(body.getvalue()) == []


# --- The checker sees what it is for ---


def spoilt(name: str, was: str, now: str) -> list[str]:
    """The faults of a small workbook with one thing in one part replaced."""
    book = Book("A title", "The tests", AT)
    for title in ("One", "Two"):
        add_table(book, Sheet(title, (Column("Title", str, 10), Column("Text", str, 10)), ["a"], heading="Heading"))
    body, again = io.BytesIO(), io.BytesIO()
    book.save(body)
    assert faults(body.getvalue()) == []
    with zipfile.ZipFile(body) as package, zipfile.ZipFile(again, "w") as changed:
        for part in package.namelist():
            text = package.read(part).decode()
            assert part != name or was in text
            changed.writestr(part, text.replace(was, now) if part == name else text)
    return faults(again.getvalue())


@pytest.mark.parametrize(
    ("part", "was", "now", "fault"),
    [
        ("xl/tables/table2.xml", 'displayName="Two"', 'displayName="ONE"', "name “one” twice"),
        ("xl/tables/table2.xml", 'displayName="Two"', 'displayName="A1"', "“A1” is no name"),
        ("xl/tables/table2.xml", 'name="Text"', 'name="TITLE"', "column “title” twice"),
        ("xl/tables/table1.xml", 'name="Text"', 'name="Words"', "its cells"),
        ("xl/tables/table1.xml", "A1:B2", "A1:B1", "has no row"),
        ("xl/worksheets/sheet1.xml", "Heading", "x" * 254, "oddHeader has 256 characters"),
        ("xl/worksheets/sheet1.xml", 'r="A2"', 'r="B2"', "stands in row 2 after column 2"),
        ("xl/workbook.xml", 'name="Two"', 'name="one"', "sheet “one” twice"),
        ("xl/workbook.xml", 'name="Two"', 'name="Two/Three"', "a sheet cannot be called"),
        ("xl/_rels/workbook.xml.rels", "sheet2.xml", "sheet3.xml", "which is not there"),
        ("[Content_Types].xml", "/xl/tables/table2.xml", "/xl/tables/table3.xml", "typed but not there"),
    ],
)
def test_a_fault_is_seen(part: str, was: str, now: str, fault: str) -> None:
    assert any(fault in line for line in spoilt(part, was, now)), spoilt(part, was, now)
