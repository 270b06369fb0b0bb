"""A workbook or CSV turned into rows of cells under the columns we know. Knows no database.

What a file may do to us is bounded before it is opened: size, parts, the space it unpacks to, rows, columns.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl.utils import get_column_letter
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from interagency.exports.columns import MATRIX
from interagency.text.folding import clean, fold

LARGEST_FILE = 20 * 1024 * 1024
LARGEST_UNPACKED = 300 * 1024 * 1024
MOST_PARTS = 2_000
MOST_ROWS = 20_000
MOST_COLUMNS = 200
HEADER_WITHIN = 20
OLE = b"\xd0\xcf\x11\xe0"
# What people call our columns in their own matrices.
SYNONYMS = {
    "activity": "Title",
    "name of activity": "Title",
    "name": "Title",
    "lead": "Lead entity",
    "lead agency": "Lead entity",
    "entity": "Lead entity",
    "agency": "Lead entity",
    "un entities": "Other UN entities",
    "other entities": "Other UN entities",
    "joint with": "Other UN entities",
    "partner": "Partners",
    "start": "Begins",
    "start date": "Begins",
    "from": "Begins",
    "end": "Ends",
    "end date": "Ends",
    "to": "Ends",
    "countries": "Beneficiary countries",
    "country": "Beneficiary countries",
    "region": "Regions",
    "recommendation": "Recommendations",
    "ungass recommendations": "Recommendations",
    "sdg": "SDGs",
    "sdg targets": "SDGs",
    "summary": "Description",
    "outcome": "Results",
    "result": "Results",
    "focal point": "Contact",
    "comments": "Remarks",
    "notes": "Remarks",
    "url": "Link",
}
_KNOWN = {fold(column.title): column.title for column in MATRIX} | SYNONYMS
_CELL = re.compile(rb"""<(?:\w+:)?c\s(?:[^<>]*?\s)?r\s*=\s*["']([A-Z]{1,4})(\d{1,8})["']""")
# A cell to the right of column GR or below row 20,999: only then is the reach of a sheet worked out.
_FAR = re.compile(rb"""r\s*=\s*["'](?:[A-Z]{3}|G[S-Z]|[H-Z][A-Z]|[A-Z]{1,2}(?:\d{6}|[3-9]\d{4}|2[1-9]\d{3}))""")
Sheets = list[tuple[str, list[list[Any]]]]


class FileNotRead(ValueError):
    """The file as a whole cannot be taken; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row: its number as the spreadsheet shows it, and its cells by the title of our column."""

    number: int
    cells: dict[str, Any]


@dataclass(slots=True)
class FileTable:
    """What a file holds: rows, which letter each known column has, and what was not understood."""

    sheet: str
    rows: list[FileRow]
    letters: dict[str, str]
    headers: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_table(body: bytes, file_name: str, mapping: Mapping[str, str] | None = None) -> FileTable:
    """The rows of a workbook or CSV. `mapping` names our column for a header of the file, or '' to leave it out.

    Raises FileNotRead.
    """
    return table_of(read_sheets(body, file_name), mapping or {})


def read_sheets(body: bytes, file_name: str) -> Sheets:
    """The sheets of a workbook or CSV that may hold the matrix: name and rows. Raises FileNotRead."""
    if len(body) > LARGEST_FILE:
        raise FileNotRead("The file is larger than 20 MB. Send it in parts.")
    if not body.strip():
        raise FileNotRead("The file is empty. Choose the workbook you edited.")
    if body.startswith(OLE):
        raise FileNotRead(
            "The file is protected by a password or in the old .xls format. Save it as .xlsx without a password."
        )
    if body.startswith(b"PK"):
        return _sheets(body)
    if (
        file_name.casefold().endswith((".xlsx", ".xlsm", ".ods", ".pdf", ".docx"))
        or b"\x00" in body[:2000].replace(b"\xff\xfe", b"")[:1]
        or body.startswith((b"%PDF", b"<"))
    ):
        raise FileNotRead(
            "This is not a workbook we can read, or it is damaged. Save it as .xlsx or .csv and send that."
        )
    return [("CSV", _csv_rows(body))]


# --- Opening ---


def _sheets(body: bytes) -> Sheets:
    _check_package(body)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(body)) as book:
            names = book.sheet_names
            if len(set(names)) != len(names):
                raise FileNotRead("Two sheets of the workbook have the same name. Rename one and send it again.")
            wanted = [name for name in names if fold(name) == "matrix"] or names
            return [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in wanted[:20]]
    except PasswordError:
        raise FileNotRead("The file is protected by a password. Save it without one.") from None
    except (CalamineError, OSError, ValueError, KeyError) as problem:
        if isinstance(problem, FileNotRead):
            raise
        raise FileNotRead(
            f"The workbook is damaged and cannot be read ({str(problem)[:100]}). Save it anew in Excel and send that."
        ) from None
    except BaseException as problem:  # the reader's own panics are not Exceptions
        if isinstance(problem, KeyboardInterrupt | SystemExit):
            raise
        raise FileNotRead("The workbook is damaged and cannot be read. Save it anew and send that.") from None


def _check_package(body: bytes) -> None:
    """Refuse what is not a plain workbook, before anything is unpacked into memory."""
    try:
        package = zipfile.ZipFile(io.BytesIO(body))
    except (zipfile.BadZipFile, ValueError, OSError):
        raise FileNotRead("The workbook was cut off or damaged on the way. Save it anew and send it again.") from None
    with package:
        parts = package.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
            raise FileNotRead("The file unpacks to far more than a matrix needs. Copy the rows into a fresh workbook.")
        names = {part.filename for part in parts}
        if any("vbaproject" in name.casefold() for name in names):
            raise FileNotRead("The workbook holds macros. Save it as .xlsx, without macros, and send that.")
        if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
            raise FileNotRead("This is a zip file but not a workbook. Save the matrix as .xlsx and send that.")
        try:
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _check_part(package, part)
        except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, ValueError) as problem:
            if isinstance(problem, FileNotRead):
                raise
            raise FileNotRead("The workbook was cut off or damaged on the way. Save it anew and send it.") from None


def _check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    far = False
    for text in _unpacked(package, part):
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise FileNotRead("The workbook holds definitions a spreadsheet never writes. Save it anew in Excel.")
        far = far or (part.filename.startswith("xl/worksheets/") and _FAR.search(text) is not None)
    if not far:
        return
    # Rows without cells cost nothing: they are no rows. Long and narrow lists beside the matrix, as we make
    # ourselves, cost no more than a wide one.
    rows = columns = 0
    for text in _unpacked(package, part):
        for letters, number in _CELL.findall(text):
            rows, columns = max(rows, int(number)), max(columns, _place(letters))
    if columns > MOST_COLUMNS or rows * columns > (MOST_ROWS + HEADER_WITHIN) * MOST_COLUMNS:
        raise too_far(rows, columns)


def _unpacked(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces, each led by the end of the one before."""
    tail, read = b"", 0
    with package.open(part) as source:
        while block := source.read(1 << 20):
            read += len(block)
            if read > LARGEST_UNPACKED:
                raise FileNotRead("The file unpacks to far more than it says. Copy the rows into a fresh workbook.")
            text = tail + block
            yield text
            tail = text[-200:]


def too_far(rows: int, columns: int) -> FileNotRead:
    """The refusal of a sheet that is too long or too wide."""
    return FileNotRead(
        f"A sheet reaches to row {rows:,} and column {columns:,}. Up to {MOST_ROWS:,} rows and {MOST_COLUMNS} "
        "columns are taken: delete what stands far below or beside your data, or send it in parts."
    )


def _place(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place


def _csv_rows(body: bytes) -> list[list[Any]]:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = body.decode("utf-16", "replace")
    else:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = body.decode("cp1252", "replace")
    first = text[:5000].split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    try:
        rows = []
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append([_without_apostrophe(cell) for cell in row[: MOST_COLUMNS + 1]])
            if len(rows) > MOST_ROWS + HEADER_WITHIN:
                raise FileNotRead(f"The file has more than {MOST_ROWS:,} rows. Send it in parts.")
        return rows
    except csv.Error as problem:
        raise FileNotRead(f"The CSV cannot be read ({problem}). Save it anew, or send the workbook.") from None


def _without_apostrophe(cell: str) -> str:
    """Our own CSV leads what looks like a formula by an apostrophe."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


# --- Finding the columns ---


def table_of(sheets: Sheets, mapping: Mapping[str, str]) -> FileTable:
    """The table of the first sheet under whose headers we know a title. Raises FileNotRead."""
    found = [(name, rows, _header_at(rows, mapping)) for name, rows in sheets]
    with_title = [one for one in found if one[2] is not None]
    if not with_title:
        raise FileNotRead(
            "No row with our column titles was found. Keep the title row of the workbook: at least “Title”, and "
            "“ID” and “Version” for records that exist."
        )
    name, rows, at = with_title[0]
    assert at is not None
    if len(rows) > MOST_ROWS + HEADER_WITHIN:
        raise too_far(len(rows), max(map(len, rows)))
    return _table(name, rows, at, mapping)


def _titles(row: list[Any], mapping: Mapping[str, str]) -> list[str]:
    """Our column for each cell of a header row; '' where there is none."""
    return [_title(cell, mapping) for cell in row[:MOST_COLUMNS]]


def _title(cell: Any, mapping: Mapping[str, str]) -> str:
    text = " ".join(clean(str(cell or "")).split())
    return mapping[text] if text in mapping else _KNOWN.get(fold(text).rstrip(":*"), "")


def _header_at(rows: list[list[Any]], mapping: Mapping[str, str]) -> int | None:
    best, at = 0, None
    for place, row in enumerate(rows[:HEADER_WITHIN]):
        titles = _titles(row, mapping)
        count = len(set(titles) - {""})
        if ("Title" in titles or "ID" in titles) and count > best:
            best, at = count, place
    return at


def _table(name: str, rows: list[list[Any]], at: int, mapping: Mapping[str, str]) -> FileTable:
    titles = _titles(rows[at], mapping)
    headers = [" ".join(clean(str(cell or "")).split()) for cell in rows[at][:MOST_COLUMNS]]
    twice = sorted({title for title in titles if title and titles.count(title) > 1})
    if twice:
        raise FileNotRead(f"The column “{twice[0]}” stands twice. Keep one of them and send the file again.")
    table = FileTable(
        sheet=name,
        rows=[],
        letters={title: get_column_letter(place) for place, title in enumerate(titles, start=1) if title},
        headers=[header for header in headers if header],
        unknown=[header for header, title in zip(headers, titles, strict=True) if header and not title],
    )
    if table.unknown:
        table.notes.append(f"These columns are not ours and were left alone: {', '.join(table.unknown[:20])}.")
    first = next(place for place, title in enumerate(titles) if title)
    for number, row in enumerate(rows[at + 1 :], start=at + 2):
        cells = {title: _plain(cell) for title, cell in zip(titles, row, strict=False) if title}
        filled = [value for value in cells.values() if value != ""]
        if not filled:
            continue
        if all(isinstance(value, str) and value.startswith("#") for value in filled):
            continue  # a row of HXL hashtags
        if row[first : first + 1] and _title(row[first], mapping) == titles[first] and _titles(row, mapping) == titles:
            table.notes.append(f"Row {number} repeats the titles and was left out.")
            continue
        table.rows.append(FileRow(number, cells))
    return table


def _plain(cell: Any) -> Any:
    """A cell as text, whole number or date; blank is ''."""
    if isinstance(cell, str):
        return clean(cell) if cell else ""
    if cell is None or isinstance(cell, bool):
        return "" if cell is None else ("yes" if cell else "no")
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, time | timedelta):
        return str(cell)
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, int):
        return cell
    return clean(str(cell))
