"""The answer to a file: the same workbook back, refused and undecided cells marked, and a sheet of what was done."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from interagency.exports.incoming.reading import _csv_rows
from interagency.exports.rows.cells import escaped, safe_text

_REFUSED = PatternFill("solid", fgColor="FBE6E4")
_CONFLICT = PatternFill("solid", fgColor="FBF0D6")
SHEET = "What was done"
AUTHOR = "Interagency"


def answer_workbook(body: bytes, sheet_name: str, rows: list[dict[str, Any]], done: dict[int, str]) -> bytes:
    """The file `body` with its refused cells marked and commented, and a sheet of what was done.

    `rows` are the results kept with the import; `done` says by row number what was written.
    """
    book = _opened(body) if body.startswith(b"PK") else _from_rows(_csv_rows(body))
    sheet = book[sheet_name] if sheet_name in book.sheetnames else book.worksheets[0]
    for row in rows:
        for cell in row["cells"]:
            if cell["state"] != "change" and cell["letter"]:
                _mark(sheet, f"{cell['letter']}{row['number']}", cell)
        if row["reason"]:
            _mark(sheet, f"A{row['number']}", {"state": "refused", "reason": row["reason"]})
    _add_list(book, rows, done)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _opened(body: bytes) -> Workbook:
    """The workbook as it was sent; only its cells where openpyxl cannot read the rest of it."""
    try:
        book: Workbook = load_workbook(io.BytesIO(body))
    except Exception:  # whatever other programs put into a workbook
        with CalamineWorkbook.from_filelike(io.BytesIO(body)) as read:
            names = [name for name in read.sheet_names if name.casefold() == "matrix"] or read.sheet_names
            return _from_rows(read.get_sheet_by_name(names[0]).to_python(skip_empty_area=False))
    return book


def _from_rows(rows: Iterable[Iterable[Any]]) -> Workbook:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            if isinstance(value, int | float | date):
                cell.value = value
                continue
            cell.value = escaped(safe_text(str(value)))
            cell.data_type = "s"
    return book


def _mark(sheet: Worksheet, place: str, cell: dict[str, Any]) -> None:
    target = sheet[place]
    conflict = cell["state"] == "conflict"
    target.fill = _CONFLICT if conflict else _REFUSED
    text = cell["reason"]
    if conflict:
        text = f"Somebody changed this meanwhile ({cell['reason']}). It stands as: {cell['stands']}. Not written."
    comment = Comment(escaped(safe_text(text)[:1000]), AUTHOR)
    comment.width, comment.height = 320, 120
    target.comment = comment


def _add_list(book: Workbook, rows: list[dict[str, Any]], done: dict[int, str]) -> None:
    taken, title = {name.casefold() for name in book.sheetnames}, SHEET
    number = 1
    while title.casefold() in taken:
        number += 1
        title = f"{SHEET} {number}"
    sheet = book.create_sheet(title)
    header = ["Row", "Cell", "Record", "Title", "What happened", "Column", "Was", "Sent", "Stands", "Why"]
    for place, (text, width) in enumerate(zip(header, (7, 8, 9, 44, 22, 22, 34, 34, 34, 60), strict=True), start=1):
        cell = sheet.cell(1, place, text)
        cell.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    number = 2
    for row in rows:
        happened = done.get(row["number"], row["outcome"])
        lines = [
            [
                f"{cell['letter']}{row['number']}" if cell["letter"] else "",
                happened if cell["state"] == "change" else cell["state"],
                cell["title"],
                cell["was"],
                cell["sent"],
                cell["stands"],
                cell["reason"],
            ]
            for cell in row["cells"]
        ] or [["", happened, "", "", "", "", row["reason"] or " ".join(row["notes"])]]
        for place, what, column, was, sent, stands, why in lines:
            values = [
                row["number"],
                place,
                row["activity_id"] or "",
                row["title"],
                what,
                column,
                was,
                sent,
                stands,
                why,
            ]
            for index, value in enumerate(values, start=1):
                cell = sheet.cell(number, index)
                cell.value = escaped(safe_text(value)) if isinstance(value, str) else value
                if isinstance(value, str):
                    cell.data_type = "s"
            number += 1
