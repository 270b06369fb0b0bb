"""A workbook (.xlsx, .ods) or CSV opened: its sheets as rows of cells. Knows no columns and no database.

What a file may do to us is bounded before it is opened: size, parts, the space it unpacks to, rows, columns.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from interagency.exports.incoming.headers import DERIVED_SHEETS, READ_ME
from interagency.exports.incoming.marks import Marks, Sheet, is_worth_a_look, marks_of_ods, marks_of_xlsx

MAX_FILE_SIZE = 20 * 1024 * 1024
MAX_UNPACKED_SIZE = 300 * 1024 * 1024
MAX_PARTS = 2_000
MAX_ROWS = 20_000
MAX_COLUMNS = 200
MAX_SHEETS = 100
MAX_CELLS = 8_000_000
HEADER_WITHIN = 20
OLE = b"\xd0\xcf\x11\xe0"
ODS = b"application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = "META-INF/manifest.xml"
_CELL = re.compile(rb"""<(?:\w+:)?c\s(?:[^<>]*?\s)?r\s*=\s*["']([A-Z]{1,4})(\d{1,8})["']""")
# A cell to the right of column GR or below row 20,999: only then is the reach of a sheet worked out.
_FAR = re.compile(rb"""r\s*=\s*["'](?:[A-Z]{3}|G[S-Z]|[H-Z][A-Z]|[A-Z]{1,2}(?:\d{6}|[3-9]\d{4}|2[1-9]\d{3}))""")
# A formula, or a cell that holds an error.
_MARKED = re.compile(rb"""<(?:\w+:)?f[\s/>]|\st\s*=\s*["']e["']""")


class FileNotRead(ValueError):
    """The file as a whole cannot be taken; the text says why and what to do."""


def read_sheets(body: bytes, file_name: str) -> list[Sheet]:
    """The sheets of a workbook or CSV, in their order, with what stands in each cell.

    Cells that hold an error or a formula without a result come as `Unreadable`, days that the sheet shows as months
    or years as `ShownAs`. Raises FileNotRead.
    """
    if len(body) > MAX_FILE_SIZE:
        raise FileNotRead(_("The file is larger than 20 MB. Send it in parts."))
    if not body.strip():
        raise FileNotRead(_("The file is empty. Choose the workbook you edited."))
    if body.startswith(OLE):
        raise FileNotRead(
            _("The file is protected by a password or in the old .xls format. Save it as .xlsx without a password.")
        )
    if body.startswith(b"PK"):
        return _sheets(body)
    if (
        file_name.casefold().endswith((".xlsx", ".xlsm", ".ods", ".pdf", ".docx"))
        or b"\x00" in body[:2000].replace(b"\xff\xfe", b"")[:1]
        or body.startswith((b"%PDF", b"<"))
    ):
        raise FileNotRead(
            _("This is not a workbook we can read, or it is damaged. Save it as .xlsx or .csv and send that.")
        )
    return [Sheet("CSV", _csv_rows(body))]


def _sheets(body: bytes) -> list[Sheet]:
    marked = _check_package(body)
    try:
        in_ods = marks_of_ods(body, _check_reach) if marked is None else {}
        with CalamineWorkbook.from_filelike(io.BytesIO(body)) as book:
            names = book.sheet_names
            if len(set(names)) != len(names):
                raise FileNotRead(_("Two sheets of the workbook have the same name. Rename one and send it again."))
            if len(names) > MAX_SHEETS:
                raise FileNotRead(
                    ngettext(
                        "The workbook has more than %(most_sheets)s sheets. Copy the matrix into one of its own.",
                        "The workbook has more than %(most_sheets)s sheets. Copy the matrix into one of its own.",
                        MAX_SHEETS,
                        most_sheets=MAX_SHEETS,
                    )
                )
            found, cells = [], 0
            for described in book.sheets_metadata:
                read = book.get_sheet_by_name(described.name)
                if not READ_ME.isdisjoint(names) and described.name in DERIVED_SHEETS:  # ours, long, and left out
                    rows = read.to_python(skip_empty_area=False, nrows=HEADER_WITHIN)
                    found.append(Sheet(described.name, rows, height=read.height))
                    continue
                cells += read.total_height * read.total_width
                if cells > MAX_CELLS:
                    raise FileNotRead(
                        _("The sheets hold far more cells than a matrix. Copy it into a workbook of its own.")
                    )
                rows = read.to_python(skip_empty_area=False)
                sheet = Sheet(described.name, rows, described.visible is SheetVisibleEnum.Visible)
                if marked is None:
                    marks = in_ods.get(sheet.name, Marks())
                else:
                    merged = [(*first, *last) for first, last in read.merged_cell_ranges or []]
                    marks = marks_of_xlsx(body, sheet.name) if marked or is_worth_a_look(rows) else Marks()
                    marks.merged = merged
                marks.put_into(sheet)
                found.append(sheet)
            return found
    except PasswordError:
        raise FileNotRead(_("The file is protected by a password. Save it without one.")) from None
    except (CalamineError, OSError, ValueError, KeyError, zipfile.BadZipFile) as problem:
        if isinstance(problem, FileNotRead):
            raise
        raise FileNotRead(
            _(
                "The workbook is damaged and cannot be read (%(problem)s). Save it anew in Excel and send that.",
                problem=str(problem)[:100],
            )
        ) from None
    except BaseException as problem:  # the reader's own panics are not Exceptions
        if isinstance(problem, KeyboardInterrupt | SystemExit):
            raise
        raise FileNotRead(_("The workbook is damaged and cannot be read. Save it anew and send that.")) from None


def _check_package(body: bytes) -> bool | None:
    """Refuse what is not a plain workbook, before anything is unpacked into memory.

    Returns whether a sheet of an .xlsx holds formulas or errors; None for an .ods.
    """
    damaged = _("The workbook was cut off or damaged on the way. Save it anew and send it again.")
    try:
        package = zipfile.ZipFile(io.BytesIO(body))
    except (zipfile.BadZipFile, ValueError, OSError):
        raise FileNotRead(damaged) from None
    with package:
        parts = package.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_SIZE:
            raise FileNotRead(
                _("The file unpacks to far more than a matrix needs. Copy the rows into a fresh workbook.")
            )
        names = {part.filename for part in parts}
        try:
            is_ods = {"content.xml", "mimetype"} <= names and ODS in _begin_of(package, "mimetype")
            _check_kind(names, is_ods=is_ods)
            if is_ods and MANIFEST in names and b"encryption-data" in _begin_of(package, MANIFEST):
                raise FileNotRead(_("The file is protected by a password. Save it without one."))
            marked = [_check_part(package, part) for part in parts if part.filename.endswith((".xml", ".rels"))]
        except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, ValueError) as problem:
            if isinstance(problem, FileNotRead):
                raise
            raise FileNotRead(damaged) from None
    return None if is_ods else any(marked)


def _begin_of(package: zipfile.ZipFile, name: str) -> bytes:
    with package.open(name) as part:
        return part.read(20_000)


def _check_kind(names: set[str], *, is_ods: bool) -> None:
    folded = [name.casefold() for name in names]
    if any("vbaproject" in name or name.startswith(("basic/", "scripts/")) for name in folded):
        raise FileNotRead(_("The workbook holds macros. Save it as .xlsx, without macros, and send that."))
    if "xl/workbook.bin" in names:
        raise FileNotRead(_("This is a binary workbook (.xlsb). Save it as .xlsx and send that."))
    if is_ods:
        return
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise FileNotRead(_("This is a zip file but not a workbook. Save the matrix as .xlsx and send that."))


def _check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Refuse definitions and cells far away. Returns whether it is a sheet with formulas or errors."""
    far = marked = False
    is_sheet = part.filename.startswith("xl/worksheets/")
    for text in _unpacked(package, part):
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise FileNotRead(_("The workbook holds definitions a spreadsheet never writes. Save it anew in Excel."))
        far = far or (is_sheet and _FAR.search(text) is not None)
        marked = marked or (is_sheet and _MARKED.search(text) is not None)
    if far:
        # Rows without cells cost nothing: they are no rows.
        rows = columns = 0
        for text in _unpacked(package, part):
            for letters, number in _CELL.findall(text):
                rows, columns = max(rows, int(number)), max(columns, _place(letters))
        _check_reach(rows, columns)
    return marked


def _check_reach(rows: int, columns: int) -> None:
    """Long and narrow lists beside the matrix, as we make ourselves, cost no more than a wide one."""
    if columns > MAX_COLUMNS or rows * columns > (MAX_ROWS + HEADER_WITHIN) * MAX_COLUMNS:
        raise too_far(rows, columns)


def _unpacked(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces, each led by the end of the one before."""
    tail, read = b"", 0
    with package.open(part) as source:
        while block := source.read(1 << 20):
            read += len(block)
            if read > MAX_UNPACKED_SIZE:
                raise FileNotRead(_("The file unpacks to far more than it says. Copy the rows into a fresh workbook."))
            text = tail + block
            yield text
            tail = text[-200:]


def too_far(rows: int, columns: int) -> FileNotRead:
    """The refusal of a sheet that is too long or too wide."""
    return FileNotRead(
        _(
            "A sheet reaches to row %(rows)s and column %(columns)s. Up to %(most_rows)s rows and "
            "%(most_columns)s columns are taken: delete what stands far below or beside your data, or send it in "
            "parts.",
            rows=f"{rows:,}",
            columns=f"{columns:,}",
            most_rows=f"{MAX_ROWS:,}",
            most_columns=MAX_COLUMNS,
        )
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
            rows.append([_without_apostrophe(cell) for cell in row[: MAX_COLUMNS + 1]])
            if len(rows) > MAX_ROWS + HEADER_WITHIN:
                raise FileNotRead(
                    ngettext(
                        "The file has more than %(most_rows)s rows. Send it in parts.",
                        "The file has more than %(most_rows)s rows. Send it in parts.",
                        MAX_ROWS,
                        most_rows=f"{MAX_ROWS:,}",
                    )
                )
        return rows
    except csv.Error as problem:
        raise FileNotRead(
            _("The CSV cannot be read (%(problem)s). Save it anew, or send the workbook.", problem=problem)
        ) from None


def _without_apostrophe(cell: str) -> str:
    """Our own CSV leads what looks like a formula by an apostrophe."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell
