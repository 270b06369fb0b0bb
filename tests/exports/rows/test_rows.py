"""Rows written as ready XML read back as openpyxl's own would."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from python_calamine import CalamineWorkbook

from interagency.exports.columns import Column
from interagency.exports.rows.book import Book, write_beside
from interagency.exports.rows.cells import BLOCK, CUT, MAX_CELL_LENGTH, Cell, blocks, safe_text
from interagency.exports.sheets import Sheet
from interagency.exports.workbook import add_table
from tests.exports.limits import shown

MADE_AT = datetime(2026, 11, 1, 9, 30, tzinfo=ZoneInfo("Europe/Vienna"))
HOSTILE = [
    "\x00\x01\x08\x0b\x1f", "_x0041_", "_x005F_x0041_", "  before", "after \t", "two\nlines", "a\r\nb\rc", "\n", " ",
    "🎉 emoji", "=1+1", "+1", "-1", "@SUM(A1)", "'=1", "#N/A", "TRUE", "12", "1e5", "2016-06-01", "<b>&amp;</b>",
    "]]>", "x" * 32_767, "x" * 32_768, "🎉" * 16_383, "🎉" * 16_384, "\x85\u2028\u2029", "\ud800", "\ufffe", "مكافحة",
    'quotes " and \'', "\u00a0wide\u00a0", "\x1c", "a\n" * 400, "&" * 20_000,
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(), max_size=60),
    st.text(st.sampled_from("\x00\x1f\r\n\t _x0041&<>=\u2028🎉é"), max_size=30),
)
CELLS = st.one_of(
    TEXT,
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.dates(date(1900, 1, 1), date(9999, 12, 31)),
)


def columns(count: int) -> tuple[Column, ...]:
    return tuple(Column(f"C{place}", lambda row, place=place: row[place], 12) for place in range(count))


def ours(rows: Sequence[Sequence[Cell]], titles: Sequence[str] = ("Rows",)) -> bytes:
    book = Book("A title", "The tests", MADE_AT)
    for title in titles:
        add_table(book, Sheet(title, columns(len(rows[0]) if rows else 2), rows))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def theirs(rows: Sequence[Sequence[Cell]]) -> bytes:
    """What openpyxl writes for the same values, text said to be text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    sheet.append([column.title for column in columns(len(rows[0]))])
    for row in rows:
        cells: list[Any] = []
        for value in row:
            if isinstance(value, str):
                cell = WriteOnlyCell(sheet, safe_text(value))
                cell.data_type = "s"
                cells.append(cell)
            else:
                cells.append(value)
        sheet.append(cells)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def read(body: bytes, *, as_stored: bool = False) -> list[list[Any]]:
    """The values of the sheet; openpyxl leaves what is escaped as it is stored."""
    rows = load_workbook(io.BytesIO(body))["Rows"].iter_rows(values_only=True)
    return [[shown(one) if isinstance(one, str) and not as_stored else one for one in row] for row in rows]


def padded(found: list[list[Any]], rows: Sequence[Sequence[Cell]]) -> list[list[Any]]:
    """As many rows and cells as were written: readers leave out empty ones at the end."""
    width = len(rows[0])
    found = [(row + [None] * width)[:width] for row in found]
    return found + [[None] * width] * (len(rows) + 1 - len(found))


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)))
@example([[text] for text in HOSTILE])
@pytest.mark.slow
def test_every_value_reads_back_as_what_openpyxl_would_have_written(rows: list[list[Cell]]) -> None:
    assert repr(padded(read(ours(rows)), rows)) == repr(padded(read(theirs(rows), as_stored=True), rows))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=8))
@example([[text, text] for text in HOSTILE])
def test_the_sheets_are_well_formed_and_hold_no_formula(rows: list[list[str]]) -> None:
    with zipfile.ZipFile(io.BytesIO(ours(rows))) as package:
        sheet = etree.fromstring(package.read("xl/worksheets/sheet1.xml"), etree.XMLParser(huge_tree=True))
        assert not list(sheet.iter("{*}f"))
        texts = [shown("".join(node.itertext())) for node in sheet.iter("{*}t")]
        meant = ["C0", "C1", *(safe_text(text) for row in rows for text in row if safe_text(text))]
        assert texts == meant
        numbers = [int(node.get("r")) for node in sheet.iter("{*}row")]
        assert numbers == list(range(1, len(rows) + 2))


def test_the_same_rows_are_the_same_bytes_whatever_the_second_core_does() -> None:
    rows = [[f"Title {number} & more", number, date(2016, 6, 1)] for number in range(9000)]
    first = ours(rows)
    assert len(b"".join(blocks(f"{row}" for row in rows))) > BLOCK
    assert all(ours(rows) == first for _ in range(3))
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        assert package.testzip() is None
        assert {info.date_time for info in package.infolist()} == {(2026, 11, 1, 9, 30, 0)}


def test_the_table_ends_with_its_last_row_and_an_empty_one_is_a_table_too() -> None:
    book = load_workbook(io.BytesIO(ours([["a", 1], ["b", 2]], ("Rows", "More rows"))))
    assert [book[name].tables[name.replace(" ", "_")].ref for name in book.sheetnames] == ["A1:B3", "A1:B3"]
    empty = load_workbook(io.BytesIO(ours([])))["Rows"].tables["Rows"]
    assert empty.ref == empty.autoFilter.ref == "A1:B2"


def test_a_row_is_as_high_as_its_text_needs_up_to_ten_lines() -> None:
    texts = ["short", "just long enough to wrap", "one\ntwo\nthree", "many words " * 100, 5]
    sheet = load_workbook(io.BytesIO(ours([[text] for text in texts])))["Rows"]
    assert [sheet.row_dimensions[number].height for number in range(2, 7)] == [15, 45, 45, 150, 15]


def test_a_text_longer_than_a_cell_takes_is_cut_with_a_note() -> None:
    for text in ("x" * 40_000, "🎉" * 20_000):
        (_title, (read_back,)) = read(ours([[text]]))
        assert read_back.endswith(CUT)
        assert len(read_back.encode("utf-16-le")) // 2 <= MAX_CELL_LENGTH


def test_what_is_no_value_of_a_cell_is_said_at_once() -> None:
    for value in (datetime(2026, 1, 1), ["list"], b"bytes"):
        with pytest.raises(TypeError, match="a cell holds text, numbers and days"):
            ours([[value]])  # type: ignore[list-item]


def test_a_row_that_cannot_be_made_leaves_no_thread_behind() -> None:
    written: list[bytes] = []

    def parts() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_beside(written.append, parts())
    assert written == [b"one"]

    def refuse(_part: bytes) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_beside(refuse, iter([b"one", b"two"]))


def test_another_reader_sees_the_same_text() -> None:
    rows = [["  Ünïcode 🎉 \n second line", 7, date(2016, 6, 1)], ["=1+1", -2.5, None], ["Due_x0020_Date", 1, None]]
    with CalamineWorkbook.from_filelike(io.BytesIO(ours(rows))) as book:
        assert book.get_sheet_by_name("Rows").to_python()[1:] == [
            ["Ünïcode 🎉 \n second line", 7, date(2016, 6, 1)],
            ["=1+1", -2.5, ""],
            ["Due_x0020_Date", 1, ""],
        ]


@pytest.mark.office
def test_libreoffice_reads_every_value(convert: Callable[[str, bytes, str], Path]) -> None:
    texts = [text for text in HOSTILE if "_x0" not in text and "\n" not in safe_text(text)]
    rows: list[list[Cell]] = [[text, number, date(2016, 6, 1)] for number, text in enumerate(texts)]
    again = read(convert("rows.xlsx", ours(rows), "xlsx:Calc MS Excel 2007 XML").read_bytes())
    assert [row[:2] for row in again[1:]] == [[safe_text(text) or None, number] for number, text in enumerate(texts)]
    assert all(row[2] == datetime(2016, 6, 1) for row in again[1:])
