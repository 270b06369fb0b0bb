"""The answer to a file: the same workbook back, refused and undecided cells marked, and a sheet of what was done."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import column_index_from_string, get_column_letter

from interagency.exports.incoming.cells import Outcome, State
from interagency.exports.incoming.marks import Sheet
from interagency.exports.incoming.opening import read_sheets
from interagency.exports.incoming.reading import FileTable
from interagency.exports.rows.cells import escaped, safe_text
from interagency.text.folding import one_of

_REFUSED = PatternFill("solid", fgColor="FBE6E4")
_CONFLICT = PatternFill("solid", fgColor="FBF0D6")
_BOLD = Font(bold=True)
SHEET = "What was done"
AUTHOR = "Interagency"
# Merged areas that are looked at for a mark; a file with more has its marks on the cells themselves.
MAX_MERGED = 1_000
# The sheets, unpacked, that are changed in memory with all their formats, some 2,500 activities: openpyxl takes nine
# times as much. A longer file is written anew row by row, as values of the one sheet that was read.
MAX_SIZE_IN_MEMORY = 12 * 1024 * 1024
_ONLY_VALUES = _l(
    "The file is long, or holds what we cannot read: the sheet before this one has its values, not its formats."
)


Range = tuple[int, int, int, int]  # first row and column, last row and column, from 1


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is written beside a cell, and the colour behind it."""

    fill: PatternFill
    text: str

    def put_on(self, cell: Any) -> None:
        comment = Comment(escaped(safe_text(self.text)[:1000]), AUTHOR)
        comment.width, comment.height = 320, 120
        cell.fill, cell.comment = self.fill, comment


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
    marks, values = dict(_marks(rows)), dict(_names_of_added(table, done))
    book = _opened(body)
    if book is None:
        book = _written_anew(body, file_name, table, marks, values)
        _add_list(book, rows, done, str(_ONLY_VALUES))
    else:
        sheet = book[table.sheet] if table.sheet in book.sheetnames else book.worksheets[0]
        merged = [(area.min_row, area.min_col, area.max_row, area.max_col) for area in sheet.merged_cells.ranges]
        for place, mark in marks.items():
            mark.put_on(sheet.cell(*_first_cell(place, merged)))
        for place, value in values.items():
            sheet.cell(*_first_cell(place, merged)).value = value
        _add_list(book, rows, done)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _opened(body: bytes) -> Workbook | None:
    """The workbook as it was sent; None where it is too long for that, no .xlsx, or not to be read by openpyxl."""
    if not body.startswith(b"PK") or b"opendocument" in body[:100]:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as parts:
            sheets = [part.file_size for part in parts.infolist() if part.filename.startswith("xl/worksheets/")]
        if sum(sheets) > MAX_SIZE_IN_MEMORY:
            return None
        return load_workbook(io.BytesIO(body), data_only=True, keep_links=False)
    except Exception:  # whatever other programs put into a workbook: the cells of the one sheet are read
        return None


def _written_anew(
    body: bytes, file_name: str, table: FileTable, marks: Mapping[str, _Mark], values: Mapping[str, Any]
) -> Workbook:
    """A workbook of the rows of the sheet that was read. They go to disk row by row."""
    sheets = read_sheets(body, file_name)
    read = next((sheet for sheet in sheets if sheet.name == table.sheet), sheets[0])
    book = Workbook(write_only=True)
    sheet = book.create_sheet(table.sheet)
    sheet.freeze_panes = f"A{table.header_row + 1}"
    marks_at, values_at = _by_row(read, marks), _by_row(read, values)
    for number, row in enumerate(read.rows, start=1):
        marked, named = marks_at.get(number, {}), values_at.get(number, {})
        cells: list[Any] = []
        for place in range(1, max([len(row), *marked, *named]) + 1):
            value = named.get(place, row[place - 1] if place <= len(row) else None)
            cell = _plain(sheet, value)
            if place in marked:
                marked[place].put_on(cell)
            if number == table.header_row:
                cell.font = _BOLD
            cells.append(cell)
        sheet.append(cells)
    return book


def _plain(sheet: Any, value: Any) -> Cell:
    """A cell with a value, a text never a formula."""
    if isinstance(value, int | float | date):
        return WriteOnlyCell(sheet, cast(Any, value))
    cell = WriteOnlyCell(sheet, escaped(safe_text(str("" if value is None else value))))
    cell.data_type = "s"
    return cell


def _by_row(sheet: Sheet, places: Mapping[str, Any]) -> dict[int, dict[int, Any]]:
    """What belongs to cells such as `B7`, by row and column; to the first cell where cells are merged."""
    rows: dict[int, dict[int, Any]] = {}
    merged = [(top + 1, left + 1, bottom + 1, right + 1) for top, left, bottom, right in sheet.merged]
    for place, item in places.items():
        row, column = _first_cell(place, merged)
        rows.setdefault(row, {})[column] = item
    return rows


def _first_cell(place: str, merged: Sequence[Range]) -> tuple[int, int]:
    """Row and column of a cell such as `B7`, or of the first one where it is merged with others."""
    letters = place.rstrip("0123456789")
    row, column = int(place[len(letters) :]), column_index_from_string(letters)
    for top, left, bottom, right in merged[:MAX_MERGED]:
        if top <= row <= bottom and left <= column <= right:
            return top, left
    return row, column


def _names_of_added(table: FileTable, done: Mapping[int, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """ID and Version of the rows that were added, by cell, in columns of their own where the file has none."""
    added = {number: item for number, item in done.items() if item["new"]}
    if not added:
        return
    free = max((column_index_from_string(heading.letter) for heading in table.headings), default=0) + 1
    for title, key in (("ID", "id"), ("Version", "version")):
        letter = table.letters.get(title)
        if letter is None:
            letter, free = get_column_letter(free), free + 1
            yield f"{letter}{table.header_row}", title
        for number, item in added.items():
            yield f"{letter}{number}", item[key]


def _marks(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, _Mark]]:
    """The marks of cells that were not taken, by cell."""
    for row in rows:
        for cell in row["cells"]:
            if cell["state"] != "change" and cell["letter"]:
                yield f"{cell['letter']}{row['number']}", _mark(cell)
        if row["reason"]:
            yield f"A{row['number']}", _Mark(_REFUSED, row["reason"])


def _mark(cell: Mapping[str, Any]) -> _Mark:
    text = cell["reason"]
    if cell["state"] == "conflict":
        text = _(
            "Somebody changed this meanwhile (%(reason)s). It stands as: %(stands)s. Not written.",
            reason=cell["reason"],
            stands=cell["stands"],
        )
    if cell["state"] == "asked":
        text = _(
            "%(reason)s Not written: write %(choices)s.",
            reason=cell["reason"],
            choices=one_of(words for _value, words in cell["choices"]),
        )
    return _Mark(_REFUSED if cell["state"] == "refused" else _CONFLICT, text)


def _add_list(
    book: Workbook, rows: list[dict[str, Any]], done: Mapping[int, Mapping[str, Any]], note: str = ""
) -> None:
    """Add the sheet of what was done, a row for each cell; `note` stands below."""
    taken, title = {name.casefold() for name in book.sheetnames}, SHEET
    number = 1
    while title.casefold() in taken:
        number += 1
        title = f"{SHEET} {number}"
    sheet = book.create_sheet(title)
    header = [
        _("Row"), _("Cell"), _("Record"), _("Title"), _("What happened"), _("Column"), _("Was"), _("Sent"),
        _("Stands"), _("Why"),
    ]  # fmt: skip
    for place, width in enumerate((7, 8, 9, 44, 22, 22, 34, 34, 34, 60), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    cells = [_plain(sheet, text) for text in header]
    for cell in cells:
        cell.font = _BOLD
    sheet.append(cells)
    for row in rows:
        item = done.get(row["number"])
        for place, what, *rest in _lines(row, item):
            record = item["id"] if item else row["activity_id"] or ""
            sheet.append([_plain(sheet, value) for value in [row["number"], place, record, row["title"], what, *rest]])
    if note:
        sheet.append([])
        sheet.append([_plain(sheet, note)])


def _lines(row: Mapping[str, Any], item: Mapping[str, Any] | None) -> list[list[Any]]:
    """Where, what happened, column, was, sent, stands, why: for each cell of a row, or for the row."""
    if item is None:
        happened = str(Outcome(row["outcome"]).label)
    else:
        happened = pgettext("a row of a file", "added") if item["new"] else str(Outcome.CHANGED.label)
    return [
        [
            f"{cell['letter']}{row['number']}" if cell["letter"] else "",
            happened if cell["state"] == "change" else str(State(cell["state"]).label),
            cell["title"],
            cell["was"],
            cell["sent"],
            cell["stands"],
            cell["reason"],
        ]
        for cell in row["cells"]
    ] or [["", happened, "", "", "", "", row["reason"] or " ".join(row["notes"])]]
