"""The answer to a file: the same workbook back, refused and undecided cells marked, and a sheet of what was done."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from interagency.exports.incoming.headers import DERIVED_SHEETS
from interagency.exports.incoming.opening import read_sheets
from interagency.exports.incoming.reading import FileTable
from interagency.exports.rows.cells import escaped, safe_text

_REFUSED = PatternFill("solid", fgColor="FBE6E4")
_CONFLICT = PatternFill("solid", fgColor="FBF0D6")
SHEET = DERIVED_SHEETS[-1]
AUTHOR = "Interagency"


def answer_workbook(
    body: bytes,
    file_name: str,
    table: FileTable,
    rows: list[dict[str, Any]],
    done: Mapping[int, Mapping[str, Any]],
) -> bytes:
    """The file `body`, read as `table`, with its refused cells marked and commented, and a sheet of what was done.

    It holds values, never formulas. `rows` are the results kept with the import, `done` what was written, by row
    number: a row that was added gets ID and Version, so that it is an update when it is corrected and sent again.
    """
    book = _opened(body, file_name, table.sheet)
    sheet = book[table.sheet] if table.sheet in book.sheetnames else book.worksheets[0]
    for row in rows:
        for cell in row["cells"]:
            if cell["state"] != "change" and cell["letter"]:
                _mark(sheet, f"{cell['letter']}{row['number']}", cell)
        if row["reason"]:
            _mark(sheet, f"A{row['number']}", {"state": "refused", "reason": row["reason"]})
    _name_added(sheet, table, done)
    _add_list(book, rows, done)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _opened(body: bytes, file_name: str, sheet_name: str) -> Workbook:
    """The workbook as it was sent; only the cells of one sheet where openpyxl cannot read the rest of it."""
    if body.startswith(b"PK") and b"opendocument" not in body[:100]:
        try:
            book: Workbook = load_workbook(io.BytesIO(body), data_only=True, keep_links=False)
        except Exception:  # noqa: S110  (whatever other programs put into a workbook: its cells are read below)
            pass
        else:
            return book
    sheets = read_sheets(body, file_name)
    return _from_rows(next((sheet.rows for sheet in sheets if sheet.name == sheet_name), sheets[0].rows), sheet_name)


def _from_rows(rows: Iterable[Iterable[Any]], name: str) -> Workbook:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = name
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            if isinstance(value, int | float | date):
                cell.value = value
                continue
            cell.value = escaped(safe_text(str("" if value is None else value)))
            cell.data_type = "s"
    return book


def _top_left(sheet: Worksheet, place: str) -> Any:
    """The cell at a place, or the one that holds for it where cells are merged."""
    for merged in sheet.merged_cells.ranges:
        if place in merged:
            return sheet.cell(merged.min_row, merged.min_col)
    return sheet[place]


def _name_added(sheet: Worksheet, table: FileTable, done: Mapping[int, Mapping[str, Any]]) -> None:
    """Write ID and Version of the rows that were added, into columns of their own where the file has none."""
    added = {number: item for number, item in done.items() if item["new"]}
    if not added:
        return
    free = max((column_index_from_string(heading.letter) for heading in table.headings), default=0) + 1
    for title, key in (("ID", "id"), ("Version", "version")):
        letter = table.letters.get(title)
        if letter is None:
            letter, free = get_column_letter(free), free + 1
            sheet[f"{letter}{table.header_row}"].value = title
        for number, item in added.items():
            _top_left(sheet, f"{letter}{number}").value = item[key]


def _mark(sheet: Worksheet, place: str, cell: dict[str, Any]) -> None:
    target = _top_left(sheet, place)
    conflict = cell["state"] == "conflict"
    target.fill = _REFUSED if cell["state"] == "refused" else _CONFLICT
    text = cell["reason"]
    if conflict:
        text = f"Somebody changed this meanwhile ({cell['reason']}). It stands as: {cell['stands']}. Not written."
    if cell["state"] == "asked":
        text = f"{cell['reason']} Not written: write {' or '.join(words for _value, words in cell['choices'])}."
    comment = Comment(escaped(safe_text(text)[:1000]), AUTHOR)
    comment.width, comment.height = 320, 120
    target.comment = comment


def _add_list(book: Workbook, rows: list[dict[str, Any]], done: Mapping[int, Mapping[str, Any]]) -> None:
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
        item = done.get(row["number"])
        happened = row["outcome"] if item is None else "added" if item["new"] else "changed"
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
        record = item["id"] if item else row["activity_id"] or ""
        for place, what, *rest in lines:
            for index, value in enumerate([row["number"], place, record, row["title"], what, *rest], start=1):
                cell = sheet.cell(number, index)
                cell.value = escaped(safe_text(value)) if isinstance(value, str) else value
                if isinstance(value, str):
                    cell.data_type = "s"
            number += 1
