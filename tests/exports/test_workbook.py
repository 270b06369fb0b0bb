"""The monthly workbook, asked for at the door, loaded back and opened by LibreOffice."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from flask import Flask
from lxml import etree
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from interagency.db.base import db
from interagency.exports.calendar_columns import CALENDAR
from interagency.exports.columns import MATRIX
from interagency.exports.snapshot import live_snapshot
from interagency.exports.workbook import CUT, MAX_CELL_LENGTH
from interagency.matrix.activities.filters import Filters
from tests.helpers import Browser

Enter = Callable[[str | None], Browser]
HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\tTab", "مكافحة", "🎉 emoji", "<b>bold</b> & more"]


def download(browser: Browser, query: str = "") -> tuple[Workbook, bytes]:
    response = browser.get(f"/exports/matrix.xlsx{query}")
    assert response.status_code == 200
    assert response.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return load_workbook(io.BytesIO(response.data)), response.data


def rows_of(sheet: Worksheet) -> list[dict[str, object]]:
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip((str(title) for title in header), row, strict=True)) for row in rows]


@pytest.fixture
def sample(sample_data: None, sqlite_app: Flask) -> Flask:
    return sqlite_app


def test_one_row_per_activity_under_the_titles_of_the_columns(sample: Flask, enter_sqlite: Enter) -> None:
    book, _body = download(enter_sqlite("who"))
    assert book.sheetnames == [
        "Read me",
        "Matrix",
        *(f"Chapter {roman}" for roman in ("I", "II", "III", "IV", "V", "VI", "VII")),
        "Recommendations",
        "Who does what",
        "Activity x recommendation",
        "Activity x country",
        "Calendar",
        "Changes",
        "Answers",
        "Lists",
    ]
    for name, columns in (("Matrix", MATRIX), ("Calendar", CALENDAR)):
        sheet = book[name]
        assert [cell.value for cell in sheet[1]] == [column.title for column in columns]
        assert sheet.freeze_panes
        assert sheet.tables[name].ref == f"A1:{sheet.dimensions.split(':')[1]}"
        assert sheet.tables[name].autoFilter.ref == sheet.tables[name].ref
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_title_rows == "$1:$1"
    with sample.app_context():
        picture = live_snapshot(db.session, Filters(), mine=[], day=date(2026, 11, 1))
        activities = {row.entry["id"]: row for row in picture.activities()}
        rows = rows_of(book["Matrix"])
        assert sorted(int(str(row["ID"])) for row in rows) == sorted(activities)
        for row in rows:
            for column in MATRIX:
                meant = column.value(activities[int(str(row["ID"]))])
                read = row[column.title]
                read = read.date() if isinstance(read, datetime) else read
                assert read == (None if meant == "" else meant), column.title


def test_dates_are_dates_beside_the_words(sample: Flask, enter_sqlite: Enter) -> None:
    book, _body = download(enter_sqlite("who"), "?q=forensic+toxicology")
    (row,) = rows_of(book["Matrix"])
    assert row["Begins"] == "June 2016"
    assert row["Begins (first day)"] == datetime(2016, 6, 1)
    place = [column.title for column in MATRIX].index("Begins (first day)") + 1
    assert book["Matrix"].cell(2, place).number_format == "yyyy-mm-dd"


def test_the_filters_of_the_list_hold_and_are_named(sample: Flask, enter_sqlite: Enter) -> None:
    book, _body = download(enter_sqlite("who"), "?chapter=2&entity=DPKO&entity=WHO")
    rows = rows_of(book["Matrix"])
    assert rows
    assert all(row["II"] == "x" for row in rows)
    read_me = {row[0].value: row[1].value for row in book["Read me"].iter_rows(min_row=3, max_col=2)}
    assert "chapter: chapter II" in read_me["Filters"]
    assert "entity: DPO" in read_me["Filters"]
    assert read_me["Activities"] == len(rows)
    assert "Europe/Vienna" in read_me["Made"]


def test_an_empty_matrix_is_a_workbook_too(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    book, _body = download(enter_sqlite("reader"))
    assert [column.title for column in MATRIX] == [cell.value for cell in book["Matrix"][1]]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_always_text(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int], text: str
) -> None:
    add_activity(title=text, description=text)
    book, body = download(enter_sqlite("who"))
    (row,) = rows_of(book["Matrix"])
    assert row["Title"] == text.strip()
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet2.xml")


def test_a_text_too_long_for_a_cell_is_cut_with_a_note(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    add_activity(description="long 🎉 " * 6000)
    book, _body = download(enter_sqlite("who"))
    (row,) = rows_of(book["Matrix"])
    text = str(row["Description"])
    assert text.endswith(CUT)
    assert len(text.encode("utf-16-le")) // 2 <= MAX_CELL_LENGTH


def test_the_properties_name_nobody(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    book, _body = download(enter_sqlite("who"))
    assert book.properties.creator == "UN interagency coordination"
    assert book.properties.lastModifiedBy is None


def test_the_package_is_whole(sample: Flask, enter_sqlite: Enter) -> None:
    _book, body = download(enter_sqlite("who"))
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        assert package.testzip() is None
        names = set(package.namelist())
        types = etree.fromstring(package.read("[Content_Types].xml"))
        parts = {node.get("PartName").lstrip("/") for node in types if node.get("PartName")}
        assert parts <= names
        assert {name for name in names if name.startswith(("xl/worksheets/sheet", "xl/tables/"))} <= parts
        described = {"Matrix": MATRIX, "Calendar": CALENDAR}
        tables = [etree.fromstring(package.read(name)) for name in sorted(names) if name.startswith("xl/tables/")]
        assert len({table.get("id") for table in tables}) == len(tables)
        for table in tables:
            titles = [node.get("name") for node in table.iter("{*}tableColumn")]
            assert len(set(titles)) == len(titles)
            if columns := described.pop(table.get("displayName"), None):
                assert titles == [column.title for column in columns]
        assert not described


def test_every_relationship_and_name_leads_somewhere(sample: Flask, enter_sqlite: Enter) -> None:
    _book, body = download(enter_sqlite("who"))
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        names = set(package.namelist())
        for name in names:
            if not name.endswith(".rels"):
                continue
            folder = name.rsplit("_rels/", 1)[0]
            for node in etree.fromstring(package.read(name)):
                target = node.get("Target")
                path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(folder + target)
                assert node.get("TargetMode") == "External" or path in names, (name, target)
        book = etree.fromstring(package.read("xl/workbook.xml"))
        sheets = {node.get("name") for node in book.iter("{*}sheet")}
        for node in book.iter("{*}definedName"):
            assert node.text.split("!")[0].strip("'") in sheets
        for name in names:
            assert b"<f>" not in package.read(name) or not name.startswith("xl/worksheets/"), name


def test_what_may_be_typed_is_offered_and_what_may_not_is_refused(sample: Flask, enter_sqlite: Enter) -> None:
    book, _body = download(enter_sqlite("who"))
    sheet = book["Matrix"]
    rules = {str(rule.sqref).split("2:")[0]: rule for rule in sheet.data_validations.dataValidation}
    letters = {cell.value: cell.column_letter for cell in sheet[1]}
    assert rules[letters["Status"]].formula1 == "list_statuses"
    assert rules[letters["ID"]].formula1 == "FALSE"
    place = book.defined_names["list_recommendations"].attr_text
    assert place == "Lists!$E$2:$E$104"
    assert [cell.value for row in book["Lists"]["A2:A6"] for cell in row] == [
        "planned",
        "ongoing",
        "completed",
        "suspended",
        "cancelled",
    ]


def test_hashtags_stand_under_the_titles_when_asked(sample: Flask, enter_sqlite: Enter) -> None:
    book, _body = download(enter_sqlite("who"), "?hxl=1")
    tags = [cell.value for cell in book["Matrix"][2]]
    assert tags == [column.hxl for column in MATRIX]
    assert all(tag.startswith("#") for tag in tags)


def test_sheets_add_up(sample: Flask, enter_sqlite: Enter) -> None:
    book, _body = download(enter_sqlite("who"))
    matrix = rows_of(book["Matrix"])
    for roman in ("I", "II", "VII"):
        titles = sorted(str(row["Activity"]) for row in rows_of(book[f"Chapter {roman}"]) if row["Activity"])
        assert titles == sorted(str(row["Title"]) for row in matrix if row[roman] == "x")
    recommendations = rows_of(book["Recommendations"])
    assert len(recommendations) == 103
    pairs = rows_of(book["Activity x recommendation"])
    assert sum(int(str(row["Activities"])) for row in recommendations) == len(pairs)
    assert all((row["Activities"] == 0) == (row["Gap"] == "no activity") for row in recommendations)
    who = {row["Entity"]: row for row in rows_of(book["Who does what"])}
    ours = [row for row in matrix if "WHO" in f"{row['Lead entity']}; {row['Other UN entities']}".split("; ")]
    assert who["WHO"]["Activities in all"] == len(ours)
    assert who["WHO"]["I"] == sum(row["I"] == "x" for row in ours)


@pytest.mark.office
def test_libreoffice_opens_it_without_complaint(
    sample: Flask, enter_sqlite: Enter, convert: Callable[[str, bytes, str], Path]
) -> None:
    _book, body = download(enter_sqlite("who"))
    assert convert("matrix.xlsx", body, "pdf").stat().st_size > 20_000
