"""What the package of a workbook says of its cells beside their values: errors, formulas without a result, days shown
as months, merged cells. The reader of values gives an error as an empty cell and knows no formats."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Any

from flask_babel import gettext as _
from lxml import etree
from openpyxl.styles.numbers import BUILTIN_FORMATS

from interagency.matrix.framework.file_words import spellings
from interagency.text.folding import fold

Place = tuple[int, int]  # row and column, from 0
# What Excel and LibreOffice show for an error, in their languages.
ERROR = re.compile(r"#[^\W\d_¿]{1,2}/[^\W\d_]\b|#(?:DIV|NULL|NV)/?0?!?|#¿?[^\W\d_/. ]{2,20}[!?]|Err:\d{3}|#{3,}")
# What a format of numbers holds beside its letters: texts, conditions, signs shown as they are, widths.
_FILLING = re.compile(r'"[^"]*"|\[[^\[\]]*\]|\\.|_.|\*.')
_DAY_OR_NUMBER = re.compile(r"[dhs0#?]")
_DERIVED_DATES = frozenset(
    fold(heading)
    for title in ("Begins (first day)", "Ends (last day)", "Last changed (UTC)")
    for heading in spellings(title)
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that shows an error or nothing, where a formula failed: it says nothing, and clears nothing."""

    text: str
    reason: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class ShownAs:
    """A day that the sheet shows as its `month` or `year`: programs make such days of what people type."""

    day: date
    precision: str

    def __str__(self) -> str:
        return f"{self.day:%b %Y}" if self.precision == "month" else f"{self.day:%Y}"


class DecimalCell(str):
    """A number with decimals as a spreadsheet keeps it: 16.1, also where 16.10 was typed."""

    __slots__ = ()


@dataclass(slots=True)
class Sheet:
    """A sheet: its rows of cells, whether it is visible, and its merged cells (first row, column, last row, column)."""

    name: str
    rows: list[list[Any]]
    is_visible: bool = True
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    height: int = 0  # of a sheet of which only the first rows were read


@dataclass(slots=True)
class Marks:
    """What is known of the cells of one sheet beside their values."""

    unreadable: dict[Place, Unreadable] = field(default_factory=dict)
    shown: dict[Place, str] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def put_into(self, sheet: Sheet) -> None:
        """Set the marked cells of `sheet`, and its merged ones."""
        for (row, column), value in self.unreadable.items():
            while len(sheet.rows) <= row:
                sheet.rows.append([])
            cells = sheet.rows[row]
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = value
        for (row, column), precision in self.shown.items():
            if row < len(sheet.rows) and column < len(sheet.rows[row]):
                day = sheet.rows[row][column]
                if isinstance(day, date) and day.day == 1 and (precision == "month" or day.month == 1):
                    sheet.rows[row][column] = ShownAs(date(day.year, day.month, day.day), precision)
        sheet.merged = self.merged


def error_in(text: str) -> Unreadable | None:
    """The mark of a cell whose text is an error; None for other texts."""
    if text[:1] not in "#E" or not ERROR.fullmatch(text.strip()):
        return None
    shown = text.strip()
    if shown != shown.upper() and not shown.startswith("Err:"):
        return None  # a word after a hash
    if not shown.strip("#"):
        return Unreadable(
            shown, _("The cell shows %(shown)s: the column was too narrow. Write the value again.", shown=shown[:10])
        )
    return Unreadable(
        shown,
        _(
            "The cell holds the error %(shown)s: its formula or lookup failed. Write the value itself, or empty it.",
            shown=shown,
        ),
    )


def is_worth_a_look(rows: list[list[Any]]) -> bool:
    """Whether a first of a month stands under another heading than those of our own days, so that its format counts."""
    ours = {
        place
        for row in rows[:20]
        for place, cell in enumerate(row)
        if isinstance(cell, str) and fold(cell) in _DERIVED_DATES
    }
    return any(
        isinstance(cell, date) and cell.day == 1 and place not in ours for row in rows for place, cell in enumerate(row)
    )


# --- .xlsx ---


def marks_of_xlsx(body: bytes, sheet_name: str) -> Marks:
    """The marks of one sheet of an .xlsx; none where its parts do not name it."""
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        part = _part_of(package, sheet_name)
        if part is None:
            return Marks()
        formats = _precisions(package)
        marks = Marks()
        with package.open(part) as source:
            for place, cell in _xlsx_cells(source):
                kind, text = cell.get("t"), cell.findtext("{*}v")
                if kind == "e":
                    marks.unreadable[place] = error_in(text or "#N/A") or Unreadable(
                        text or "", _("The cell is an error.")
                    )
                elif not text and cell.find("{*}f") is not None and cell.find("{*}is") is None and kind != "str":
                    marks.unreadable[place] = Unreadable(
                        f"={cell.findtext('{*}f') or ''}",
                        _("This formula was never worked out. Open the file in Excel, save it and send it again."),
                    )
                elif precision := formats.get(cell.get("s", "")):
                    marks.shown[place] = precision
        return marks


def _part_of(package: zipfile.ZipFile, sheet_name: str) -> str | None:
    names = {name.casefold(): name for name in package.namelist()}
    try:
        book = etree.fromstring(package.read(names["xl/workbook.xml"]))
        links = etree.fromstring(package.read(names["xl/_rels/workbook.xml.rels"]))
    except (KeyError, etree.XMLSyntaxError):
        return None
    for sheet in book.iterfind("{*}sheets/{*}sheet"):
        if sheet.get("name") != sheet_name:
            continue
        key = next((value for name, value in sheet.attrib.items() if str(name).endswith("}id")), None)
        target = next((link.get("Target", "") for link in links if link.get("Id") == key), "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"
        return names.get(path.casefold())
    return None


def _xlsx_cells(source: IO[bytes]) -> Iterator[tuple[Place, Any]]:
    """The cells of a sheet with their places, which the format allows to leave out."""
    row = column = -1
    for event, element in etree.iterparse(
        source, events=("start", "end"), tag=("{*}row", "{*}c"), resolve_entities=False
    ):
        is_row = etree.QName(element).localname == "row"
        if event == "start" and is_row:
            row, column = int(element.get("r", row + 2)) - 1, -1
        elif event == "end" and is_row:
            element.clear()
        elif event == "end":
            column = _column(element.get("r", "")) if element.get("r") else column + 1
            yield (row, column), element


def _column(address: str) -> int:
    place = 0
    for letter in address:
        if not letter.isalpha():
            break
        place = place * 26 + ord(letter) - 64
    return place - 1


def _precisions(package: zipfile.ZipFile) -> dict[str, str]:
    """By the number of a cell's style: `month` or `year` where its format shows no day."""
    try:
        styles = etree.fromstring(package.read("xl/styles.xml"))
    except (KeyError, etree.XMLSyntaxError):
        return {}
    codes = {one.get("numFmtId"): one.get("formatCode", "") for one in styles.iterfind("{*}numFmts/{*}numFmt")}
    found = {}
    for place, style in enumerate(styles.iterfind("{*}cellXfs/{*}xf")):
        number = style.get("numFmtId", "0")
        code = codes.get(number) or BUILTIN_FORMATS.get(int(number) if number.isdecimal() else 0, "")
        if precision := shown_precision(code):
            found[str(place)] = precision
    return found


def shown_precision(code: str) -> str:
    """What a format of dates shows: `month` or `year`, "" where it shows days or is no format of dates."""
    plain = _FILLING.sub("", code.partition(";")[0].casefold()).replace("general", "")
    if _DAY_OR_NUMBER.search(plain) or "y" not in plain:
        return ""
    return "month" if "m" in plain else "year"


# --- .ods ---

_YEAR_SHOWN = re.compile(r"\d{4}")
_MONTH_SHOWN = re.compile(r"[^\W\d]{1,30}\.?[ /.'’-]{1,3}\d{2,4}|\d{1,2}[/.-]\d{4}|\d{4}[/.-]\d{1,2}")


def marks_of_ods(body: bytes, check_reach: Callable[[int, int], None]) -> dict[str, Marks]:
    """The marks of all sheets of an .ods, by name. `check_reach` refuses rows and columns that reach too far."""
    found: dict[str, Marks] = {}
    with zipfile.ZipFile(io.BytesIO(body)) as package, package.open("content.xml") as source:
        marks, row, column, rows, columns = Marks(), 0, 0, 0, 0
        for event, element in etree.iterparse(source, events=("start", "end"), resolve_entities=False):
            name = etree.QName(element).localname if isinstance(element.tag, str) else ""
            if event == "start":
                if name == "table":
                    marks, row, rows, columns = Marks(), 0, 0, 0
                    found[_of(element, "name")] = marks
                elif name == "table-row":
                    column = 0
                continue
            if name in ("table-cell", "covered-table-cell"):
                if len(element) or _of(element, "value-type"):
                    rows = max(rows, row + 1)
                    columns = max(columns, column + _repeat(element, "columns"))
                    check_reach(rows, columns)
                    _mark_ods(marks, (row, column), element)
                column += _repeat(element, "columns")
            elif name == "table-row":
                again = _repeat(element, "rows")
                if again > 1 and rows == row + 1:
                    rows = row + again
                    check_reach(rows, columns)
                row += again
                element.clear()
    return found


def _mark_ods(marks: Marks, place: Place, cell: Any) -> None:
    text = " ".join(cell.itertext()).strip()
    row, column = place
    down, across = _span(cell, "rows"), _span(cell, "columns")
    if down > 1 or across > 1:
        marks.merged.append((row, column, row + down - 1, column + across - 1))
    is_error = any(name.endswith("}value-type") and value == "error" for name, value in cell.attrib.items())
    if (error := error_in(text)) is not None or is_error:
        marks.unreadable[place] = error or Unreadable(text, _("The cell holds an error (%(text)s).", text=text[:20]))
    elif _of(cell, "value-type") == "date" and _MONTH_SHOWN.fullmatch(text):
        marks.shown[place] = "month"
    elif _of(cell, "value-type") == "date" and _YEAR_SHOWN.fullmatch(text):
        marks.shown[place] = "year"


def _of(element: Any, name: str) -> str:
    """The value of an attribute, whatever its name space; that of the format itself before extensions."""
    return next((str(value) for key, value in element.attrib.items() if key.endswith(f":1.0}}{name}")), "")


def _repeat(element: Any, what: str) -> int:
    text = _of(element, f"number-{what}-repeated")
    return int(text) if text.isdecimal() else 1


def _span(element: Any, what: str) -> int:
    text = _of(element, f"number-{what}-spanned")
    return int(text) if text.isdecimal() else 1
