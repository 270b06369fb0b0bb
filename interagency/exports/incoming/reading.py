"""The rows of a matrix found in a file: which sheet, which row holds the headings, which rows are none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from openpyxl.utils import get_column_letter

from interagency.exports.incoming.headers import (
    DERIVED_SHEETS,
    MATRIX_SHEET,
    OURS,
    READ_ME,
    WHAT_WAS_DONE,
    Heading,
    exactness,
    guess,
    heading_of,
    is_tag,
    language_of,
    title_of,
)
from interagency.exports.incoming.marks import DecimalCell, Sheet, ShownAs, Unreadable, error_in
from interagency.exports.incoming.opening import (
    HEADER_WITHIN,
    MAX_COLUMNS,
    MAX_ROWS,
    FileNotRead,
    read_sheets,
    too_far,
)
from interagency.text.folding import clean, fold
from interagency.text.languages import commas

MAX_FILLED = 200_000
_NUMBER = re.compile(r"[\d\s.,%+-]+")
_TOTAL = re.compile(
    r"(?:grand |sub ?|sub-)?totals?\b.*|sums?|averages?|counts?|total général|totaux|total general|suma|итого.*|"
    r"всего.*|总计|合计|共计|小计|المجموع.*|الإجمالي.*"
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row: its number as the spreadsheet shows it, and its cells by the title of our column."""

    number: int
    cells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SheetFound:
    """A sheet of the file and what is done with it: `read`, `other` (can be read), `derived` (ours), `empty`."""

    name: str
    rows: int
    state: str
    is_visible: bool = True


@dataclass(slots=True)
class FileTable:
    """What a file holds: rows, headings, which letter each of our columns has, the sheets, and what is to be told."""

    sheet: str
    header_row: int
    headings: list[Heading]
    rows: list[FileRow] = field(default_factory=list)
    sheets: list[SheetFound] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def language(self) -> str:
        """The code of the language that its headings are written in."""
        return language_of(heading.name for heading in self.headings)

    @property
    def letters(self) -> dict[str, str]:
        """The letter of each of our columns that the file has."""
        return {heading.title: heading.letter for heading in self.headings if heading.title}

    def name_of(self, title: str) -> str:
        """What the file itself calls one of our columns; our title where it has none."""
        return next((heading.name for heading in self.headings if heading.title == title), title)


def read_table(body: bytes, file_name: str, mapping: Mapping[str, str] | None = None, sheet: str = "") -> FileTable:
    """The rows of a workbook or CSV.

    `mapping` names our column for a heading of the file, or "" to leave it out; `sheet` the sheet to read, "" for the
    best. Raises FileNotRead.
    """
    return table_of(read_sheets(body, file_name), mapping or {}, sheet)


def table_of(sheets: Sequence[Sheet], mapping: Mapping[str, str], wanted: str = "") -> FileTable:
    """The table of the sheet `wanted`, or of the one that is most like our matrix.

    That is a sheet with ID and Version before others, a visible one before a hidden one, one called Matrix, one with a
    title before one without, and then the one of which most headings are understood. Raises FileNotRead.
    """
    for sheet in sheets:
        _fill_merged(sheet)
    derived = _derived(sheets)
    found = [(sheet, None if sheet.name in derived else _header_at(sheet.rows, mapping)) for sheet in sheets]
    able = [(sheet, at) for sheet, at in found if at is not None]
    if not able:
        raise FileNotRead(
            _("The file has no rows under headings. Send the Matrix sheet, or a table with a row of headings.")
        )
    best, at = max(able, key=lambda one: _likeness(one[0], one[1], mapping))
    best, at = next(((sheet, at) for sheet, at in able if sheet.name == wanted), (best, at))
    if len(best.rows) > MAX_ROWS + HEADER_WITHIN:
        raise too_far(len(best.rows), max(map(len, best.rows)))
    table = _table(best, at, mapping)
    for sheet, row in found:
        rows = max(sheet.height, sum(any(cell not in ("", None) for cell in cells) for cells in sheet.rows))
        state = "derived" if sheet.name in derived else "empty" if row is None else "other"
        table.sheets.append(
            SheetFound(sheet.name, max(0, rows - 1), "read" if sheet is best else state, sheet.is_visible)
        )
    return table


def _derived(sheets: Sequence[Sheet]) -> set[str]:
    """The names of the sheets that our own workbook makes of its Matrix."""
    marks = {"ID", "Version", "Changed"}
    ours = any(marks <= {OURS.get(fold(heading_of(cell))) for cell in row} for s in sheets for row in s.rows[:3])
    names = {sheet.name for sheet in sheets}
    known = DERIVED_SHEETS if ours or not READ_ME.isdisjoint(names) else WHAT_WAS_DONE
    return {name for name in names if name in known}


def _likeness(sheet: Sheet, at: int, mapping: Mapping[str, str]) -> tuple[bool, bool, bool, bool, int]:
    titles = {title_of(heading_of(cell), mapping) for cell in sheet.rows[at][:MAX_COLUMNS]} - {""}
    has_title = "Title" in titles or "ID" in titles
    is_named = has_title and fold(sheet.name) in MATRIX_SHEET
    return {"ID", "Version"} <= titles, sheet.is_visible, is_named, has_title, len(titles)


# --- Headings ---


def _header_at(rows: list[list[Any]], mapping: Mapping[str, str]) -> int | None:
    """The row of headings: the one of which most is understood; else that above hashtags; else the first with words."""
    best, at = 0, None
    tags = first = None
    for place, row in enumerate(rows[:HEADER_WITHIN]):
        words = [text for cell in row[:MAX_COLUMNS] if isinstance(cell, str) and (text := heading_of(cell))]
        if words and sum(map(is_tag, words)) * 2 > len(words):
            tags = place if tags is None else tags
            continue
        if first is None and len(words) > 1:
            first = place
        words = [text for text in _texts(rows, place)[0] if text] if words else []
        titles = {title for text in words if (title := title_of(text, mapping))}
        count = len(titles) + sum(text in mapping for text in words)
        if count > best and ({"Title", "ID"} & titles or count > 1):
            best, at = count, place
    if at is not None:
        return at
    if tags is not None:
        return tags - 1 if tags and any(isinstance(cell, str) and cell for cell in rows[tags - 1]) else tags
    if first is not None:
        return first
    return next((place for place, row in enumerate(rows[:HEADER_WITHIN]) if any(map(heading_of, row))), None)


def _line(rows: list[list[Any]], at: int, width: int) -> list[str]:
    """The words of a row, as wide as the table."""
    texts = [heading_of(cell) for cell in (rows[at][:width] if at < len(rows) else [])]
    return texts + [""] * (width - len(texts))


def _texts(rows: list[list[Any]], at: int) -> tuple[list[str], int]:
    """The headings of the row `at`, with those of a second line of headings below; and where the rows begin."""
    width = min(MAX_COLUMNS, max(map(len, rows[at : at + 200]), default=0))
    above, below = _line(rows, at, width), _line(rows, at + 1, width)
    words = [text for text in below if text]
    is_second = words and all(guess(text) and not is_tag(text) for text in words)
    if is_second and any(text and not guess(above[place]) for place, text in enumerate(below)):
        return [under or over for over, under in zip(above, below, strict=True)], at + 2
    return above, at + 1


def _headings(sheet: Sheet, at: int, mapping: Mapping[str, str]) -> tuple[list[Heading], int, list[str]]:
    """The columns of the file, in their places; the row their rows begin at; and what is to be told of them."""
    rows = sheet.rows
    texts, first = _texts(rows, at)
    width = len(texts)
    below = _line(rows, first, width)
    names: list[str] = []
    for place, text in enumerate(texts):
        filled = any(place < len(row) and row[place] not in ("", None) for row in rows[first : first + 500])
        name = text or (_("column %(letter)s", letter=get_column_letter(place + 1)) if filled else "")
        names.append(f"{name} ({names.count(name) + 1})" if name and name in names else name)
    titles = [
        mapping[name] if name in mapping else guess(text) or (guess(below[place]) if is_tag(below[place]) else "")
        for place, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    notes = _told_twice(names, titles, texts, mapping)
    headings = [
        Heading(name, get_column_letter(place), title)
        for place, (name, title) in enumerate(zip(names, titles, strict=True), start=1)
    ]
    return headings, first, notes


def _told_twice(names: list[str], titles: list[str], texts: list[str], mapping: Mapping[str, str]) -> list[str]:
    """Where two headings mean one column, the surer is read; the other is left out, and that is told."""
    notes = []
    for title in dict.fromkeys(title for title in titles if title):
        places = [place for place, one in enumerate(titles) if one == title]
        if len(places) < 2:
            continue
        places.sort(key=lambda place: (names[place] not in mapping, exactness(texts[place]), place))
        for place in places[1:]:
            titles[place] = ""
        left = commas(f"“{names[place]}”" for place in places[1:])
        notes.append(
            _(
                "“%(name)s” (column %(column)s) is read as %(title)s; %(left)s could be it too and was left out. "
                "Say below which column is which.",
                name=names[places[0]],
                column=get_column_letter(places[0] + 1),
                title=title,
                left=left,
            )
        )
    return notes


# --- Rows ---


def _table(sheet: Sheet, at: int, mapping: Mapping[str, str]) -> FileTable:
    headings, first, notes = _headings(sheet, at, mapping)
    table = FileTable(sheet.name, first, [heading for heading in headings if heading.name], notes=notes)
    titles = [heading.title for heading in headings]
    unknown = [heading.name for heading in headings if heading.name and not heading.title]
    if unknown:
        names, more = commas(unknown[:20]), len(unknown) - 20
        table.notes.append(
            ngettext(
                "These columns are not ours and were left alone: %(names)s and %(num)s more.",
                "These columns are not ours and were left alone: %(names)s and %(num)s more.",
                more,
                names=names,
            )
            if more > 0
            else _("These columns are not ours and were left alone: %(names)s.", names=names)
        )
    if "Title" not in titles and "ID" not in titles:
        table.notes.append(
            _("No column was recognised as the title of the activity. Say below which it is; nothing is read before.")
        )
        return table
    words = [fold(heading.name) for heading in headings]
    banded = {row for row, left, _below, right in sheet.merged if right > left for row in [row]}
    for place, row in enumerate(sheet.rows[first:], start=first):
        cells = {title: plain(cell) for title, cell in zip(titles, row, strict=False) if title}
        filled = [value for value in cells.values() if value != ""]
        if not filled or all(map(is_tag, filled)):
            continue
        if note := _no_activity(place + 1, row, cells, words, filled, is_band=place in banded):
            table.notes.append(note)
            continue
        table.rows.append(FileRow(place + 1, cells))
    table.notes += _merged_notes(sheet, titles, first)
    return table


def _no_activity(
    number: int, row: list[Any], cells: dict[str, Any], words: list[str], filled: list[Any], *, is_band: bool
) -> str:
    """Why the row `number` is none of an activity; "" for one that is."""
    repeats = str(_("Row %(row)s repeats the titles and was left out.", row=number))
    if isinstance(cells.get("ID"), int):
        return ""
    said = [fold(heading_of(cell)) for cell in row[: len(words)]]
    if sum(bool(text) for text in said) > 1 and all(
        text in ("", word) for text, word in zip(said, words, strict=False)
    ):
        return repeats
    if len(filled) == 1 and words and said == [words[0]] + [""] * (len(said) - 1):
        return repeats
    if cells.get("ID", "") != "":
        return ""
    texts = [text for cell, text in zip(row, said, strict=False) if isinstance(cell, str) and text]
    if texts and _TOTAL.fullmatch(texts[0]) and all(_is_number(text) for text in texts[1:]):
        return str(_("Row %(row)s looks like a total (“%(text)s”) and was left out.", row=number, text=texts[0][:30]))
    if is_band and len(filled) == 1 and sum(map(bool, said)) == 1:
        heading = heading_of(filled[0])[:40]
        words_of_band = _(
            "Row %(row)s is a heading over several columns (“%(text)s”) and was left out.", row=number, text=heading
        )
        return str(words_of_band)
    return ""


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _fill_merged(sheet: Sheet) -> None:
    """A merged cell holds for all rows it spans."""
    left = MAX_FILLED
    for top, column, bottom, _right in sheet.merged:
        if top >= len(sheet.rows) or column >= len(sheet.rows[top]):
            continue
        value = sheet.rows[top][column]
        for row in sheet.rows[top + 1 : bottom + 1]:
            if left and column < len(row) and row[column] in ("", None):
                row[column], left = value, left - 1


def _merged_notes(sheet: Sheet, titles: list[str], first: int) -> list[str]:
    notes = [
        _(
            "The merged cell %(cell)s (“%(text)s”) was read for all its rows, %(top)s to %(bottom)s.",
            cell=f"{get_column_letter(column + 1)}{top + 1}", text=heading_of(sheet.rows[top][column])[:40],
            top=top + 1, bottom=bottom + 1,
        )
        for top, column, bottom, _right in sheet.merged
        if bottom > top >= first and column < len(titles) and titles[column]
        and top < len(sheet.rows) and column < len(sheet.rows[top])
    ]  # fmt: skip
    if (more := len(notes) - 10) <= 0:
        return notes
    return [*notes[:10], ngettext("So was %(num)s more merged cell.", "So were %(num)s more merged cells.", more)]


def plain(cell: Any) -> Any:
    """A cell as text, whole number, date or what marks it; blank is ""."""
    if isinstance(cell, str):
        return (error_in(cell) or clean(cell)) if cell else ""
    if cell is None or isinstance(cell, bool):
        return "" if cell is None else ("yes" if cell else "no")
    if isinstance(cell, Unreadable | ShownAs):
        return cell
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, time | timedelta):
        return str(cell)
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else DecimalCell(repr(cell))
    if isinstance(cell, int):
        return cell
    return clean(str(cell))
