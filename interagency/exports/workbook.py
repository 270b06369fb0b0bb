"""The monthly workbook: rows from queries, columns described once, written by openpyxl."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo

from interagency.exports.columns import CALENDAR, MATRIX, Cell, Column
from interagency.words import clean

# Said of every write-only table, also where the columns were given, as ours are.
warnings.filterwarnings("ignore", "In write-only mode you must add table columns", UserWarning)
LONGEST_CELL = 32_767
LINE_HEIGHT = 15  # points
MOST_LINES = 10
CUT = " […] cut here: the full text is on the record's page"
_HEADER_FONT = Font(bold=True, color="FFFFFF")
_HEADER_FILL = PatternFill("solid", fgColor="005A8C")
_HEADER_ALIGNMENT = Alignment(vertical="center", wrap_text=True)
_WRAPPED = Alignment(vertical="top", wrap_text=True)


@dataclass(frozen=True, slots=True)
class Origin:
    """What the Read me sheet tells: which matrix this is, when and by whom it was made, under which filters."""

    title: str
    made_at: datetime  # aware, in the zone named
    zone: str
    made_by: str
    filters: str
    counts: Sequence[tuple[str, int]]
    address: str


def safe_text(text: str) -> str:
    """`text` as a cell may hold it: no control characters, not longer than Excel takes, cut with a note."""
    text = clean(text)
    # Excel counts UTF-16 units.
    if len(text.encode("utf-16-le")) // 2 <= LONGEST_CELL:
        return text
    room = LONGEST_CELL - len(CUT)
    return text.encode("utf-16-le")[: room * 2].decode("utf-16-le", "ignore") + CUT


def _cell(sheet: WriteOnlyWorksheet, value: Cell, column: Column) -> Any:
    if value in (None, ""):
        return None
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, value=None)
        cell.value = safe_text(value)
        cell.data_type = "s"  # text is text: never a formula, whatever it begins with
        cell.alignment = _WRAPPED
        return cell
    cell = WriteOnlyCell(sheet)
    cell.value = value
    cell.alignment = _WRAPPED
    if column.kind == "date":
        cell.number_format = "yyyy-mm-dd"
    return cell


def _print_on_a4(sheet: Any, *, pages: int) -> None:
    """Landscape, so many pages wide. To be said before the first row is written."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _height(values: Sequence[Cell], columns: Sequence[Column]) -> int:
    """A row height that shows the wrapped text, up to ten lines: programs do not fit rows when they open a file."""
    lines = [
        sum(max(1, math.ceil(len(line) * 1.1 / column.width)) for line in value.split("\n"))
        for value, column in zip(values, columns, strict=True)
        if isinstance(value, str)
    ]
    return LINE_HEIGHT * min(MOST_LINES, max(lines, default=1))


def _add_table(book: Workbook, title: str, columns: Sequence[Column], rows: Iterable[Any], *, freeze: str) -> int:
    """One sheet with a header and one row per record, as a real Excel table. Returns the number of rows."""
    sheet = book.create_sheet(title)
    sheet.freeze_panes = freeze
    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    sheet.row_dimensions[1].height = 32
    # Thirty columns on one page nobody can read; the title stands again on each.
    _print_on_a4(sheet, pages=-(-sum(column.width for column in columns) // 200))
    sheet.print_title_rows = "1:1"
    sheet.print_title_cols = "C:C" if freeze == "D2" else "A:A"
    sheet.oddFooter.center.text = "&A, page &P of &N"
    header = []
    for column in columns:
        cell = WriteOnlyCell(sheet, value=column.title)
        cell.font, cell.fill, cell.alignment = _HEADER_FONT, _HEADER_FILL, _HEADER_ALIGNMENT
        header.append(cell)
    sheet.append(header)
    count = 0
    for row in rows:
        values = [column.value(row) for column in columns]
        count += 1
        sheet.row_dimensions[count + 1].height = _height(values, columns)
        sheet.append([_cell(sheet, value, column) for value, column in zip(values, columns, strict=True)])
    if count == 0:
        sheet.append([])
    last = f"{get_column_letter(len(columns))}{max(count, 1) + 1}"
    table = Table(displayName=title, ref=f"A1:{last}")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)
    # In write-only mode openpyxl cannot read the header back.
    for place, column in enumerate(columns, start=1):
        table.tableColumns.append(TableColumn(id=place, name=column.title))
    table.autoFilter = AutoFilter(ref=table.ref)
    sheet.add_table(table)
    return count


def _add_read_me(book: Workbook, origin: Origin) -> None:
    sheet = book.create_sheet("Read me")
    sheet.column_dimensions["A"].width = 26
    sheet.column_dimensions["B"].width = 90
    _print_on_a4(sheet, pages=1)
    sheet.row_dimensions[1].height = 24
    heading = WriteOnlyCell(sheet, value=origin.title)
    heading.font = Font(bold=True, size=16)
    sheet.append([heading])
    sheet.append([])
    made = f"{origin.made_at:%d %B %Y, %H:%M} ({origin.zone})"
    rows: list[tuple[str, str | int]] = [
        (
            "What this is",
            "The matrix of activities and the joint calendar of the UN entities that follow up UNGASS 2016.",
        ),
        ("Made", made),
        ("Made by", origin.made_by),
        ("Filters", origin.filters),
        *origin.counts,
        (
            "How to read it",
            "One row per activity on the Matrix sheet; a joint activity is one row. The columns I to VII mark its "
            "chapters. Dates keep the precision they came with; the column beside them sorts.",
        ),
        (
            "Totals",
            "An activity in several chapters stands under each and is counted once in the total, so the sum over "
            "chapters may exceed it.",
        ),
        (
            "Sharing",
            "Internal: for the UN entities only. Nothing in it goes outside unless each entity concerned agreed.",
        ),
        ("Corrections", f"Sign in at {origin.address} and edit the record there."),
    ]
    for number, (label, text) in enumerate(rows, start=3):
        sheet.row_dimensions[number].height = LINE_HEIGHT * (1 + len(str(text)) // 85)
        name = WriteOnlyCell(sheet, value=label)
        name.font, name.alignment = Font(bold=True), _WRAPPED
        value = WriteOnlyCell(sheet, value=None)
        value.value = safe_text(text) if isinstance(text, str) else text
        if isinstance(text, str):
            value.data_type = "s"
        value.alignment = Alignment(vertical="top", wrap_text=True, horizontal="left")
        sheet.append([name, value])


def write_workbook(target: BinaryIO, origin: Origin, activities: Iterable[Any], occurrences: Iterable[Any]) -> None:
    """Write the workbook with its sheets Read me, Matrix and Calendar to `target`."""
    book = Workbook(write_only=True)
    book.properties.title = origin.title
    book.properties.creator = "UN interagency coordination"
    book.properties.created = book.properties.modified = origin.made_at.replace(tzinfo=None)
    _add_read_me(book, origin)
    _add_table(book, "Matrix", MATRIX, activities, freeze="D2")
    _add_table(book, "Calendar", CALENDAR, occurrences, freeze="B2")
    book.save(target)


__all__ = ["Origin", "safe_text", "write_workbook"]
