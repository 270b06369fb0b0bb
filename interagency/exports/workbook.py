"""The monthly workbook: sheets described elsewhere, their skeleton by openpyxl, their rows by `rows`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import Any, BinaryIO

from flask_babel import gettext as _
from flask_babel import ngettext
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.chart import BarChart, Reference
from openpyxl.formatting.rule import ColorScaleRule, FormulaRule, Rule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo

from interagency.exports.calendar_columns import CALENDAR
from interagency.exports.columns import MATRIX, Column
from interagency.exports.gathering import Gathered
from interagency.exports.printing import print_on_a4, wide_enough
from interagency.exports.read_me import Origin, read_me_rows
from interagency.exports.rows.book import Book, TableRows
from interagency.exports.rows.cells import (
    CUT,
    LINE_HEIGHT,
    MAX_CELL_LENGTH,
    Band,
    CellStyle,
    RowWriter,
    escaped,
    safe_text,
)
from interagency.exports.rows.names import each_once, valid_name
from interagency.exports.sheets import (
    Sheet,
    answers_sheet,
    by_country_sheet,
    by_recommendation_sheet,
    changes_sheet,
    chapter_sheets,
    recommendations_sheet,
    who_does_what_sheet,
)
from interagency.exports.snapshot import Snapshot
from interagency.matrix.activities.field_types import Field, Kind
from interagency.matrix.activities.fields import FIELDS
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.reader import without_collector
from interagency.matrix.activities.state.light import stale_limit
from interagency.matrix.cycles.months import month_of
from interagency.matrix.framework.file_words import in_words, is_right_to_left

# Said of every write-only table, also where the columns were given, as ours are.
warnings.filterwarnings("ignore", "In write-only mode you must add table columns", UserWarning)
LAST_ROW_OF_DROP_DOWNS = 20_000
_font = partial(Font, name="Calibri", sz=11)
_HEADER_FONT = _font(bold=True, color="FFFFFF")
_HEADER_FILL = PatternFill("solid", fgColor="005A8C")
_HEADER_ALIGNMENT = Alignment(vertical="center", wrap_text=True)
_WRAPPED = Alignment(vertical="top", wrap_text=True)
_GREY = _font(color="5F6B73")
_NEW = PatternFill("solid", bgColor="DDF2E3")
_CHANGED = PatternFill("solid", bgColor="E4F0F8")
_STALE = PatternFill("solid", bgColor="FBF0D6")
_BAND = PatternFill("solid", fgColor="DCE9F2")
_FORMATS = {"number": "General", "date": "yyyy-mm-dd"}
FIXED_COLUMNS = ("ID", "Version", "Changed")


def _formula_rule(formula: str, fill: PatternFill) -> Rule:
    rule: Rule = FormulaRule([formula], fill=fill)  # type: ignore[no-untyped-call]
    return rule


def _styles(sheet: Any, column: Column, width: int) -> CellStyle:
    """How the cells of a column look, as openpyxl's numbers for it.

    Words are cells of Text, so that Excel makes neither a day of "June 2016" nor 16.1 of 16.10 when they are typed.
    """
    numbers = []
    for number_format in (_FORMATS.get(column.kind, "@"), "yyyy-mm-dd"):
        cell = WriteOnlyCell(sheet)
        cell.alignment, cell.number_format = _WRAPPED, number_format
        if column.title in FIXED_COLUMNS:
            cell.font = _GREY
        numbers.append(cell.style_id)
    return CellStyle(width, *numbers)


def _band_style(sheet: Any) -> int:
    cell = WriteOnlyCell(sheet)
    cell.font, cell.fill, cell.alignment = _font(bold=True), _BAND, Alignment(vertical="center")
    return cell.style_id


def _text_cell(sheet: WriteOnlyWorksheet, text: str) -> Any:
    cell = WriteOnlyCell(sheet, value=None)
    cell.value = escaped(safe_text(text))
    cell.data_type = "s"  # text is text: never a formula, whatever it begins with
    return cell


def add_table(book: Book, described: Sheet, *, hxl: bool = False) -> Any:
    """A sheet with a header and one row per record, as a real Excel table. Saving asks for its rows."""
    columns = described.columns
    titles = each_once(column.heading for column in columns)
    widths = [wide_enough(title, column.width) for title, column in zip(titles, columns, strict=True)]
    name = in_words(described.title)
    sheet = book.skeleton.create_sheet(name)
    sheet.sheet_view.rightToLeft = is_right_to_left()
    sheet.freeze_panes = described.freeze
    for place, (column, width) in enumerate(zip(columns, widths, strict=True), start=1):
        dimension = sheet.column_dimensions[get_column_letter(place)]
        dimension.width = width
        dimension.number_format = _FORMATS.get(column.kind, "@")  # for the rows that people add below
    sheet.row_dimensions[1].height = 32
    printed = print_on_a4(sheet, widths, pages=described.pages, header=described.heading, grid=described.banded)
    sheet.print_title_rows = "1:1"
    frozen = ord(described.freeze[0]) - ord("A")
    sheet.print_title_cols = f"{get_column_letter(frozen)}:{get_column_letter(frozen)}" if frozen else None
    if described.title == "Matrix":
        _help_in_matrix(sheet, columns)
    header = [_text_cell(sheet, title) for title in titles]
    for cell in header:
        cell.font, cell.fill, cell.alignment = _HEADER_FONT, _HEADER_FILL, _HEADER_ALIGNMENT
    sheet.append(header)
    last_column = get_column_letter(len(columns))
    table = None
    if not described.banded:
        table = Table(displayName=book.names.take(name), ref=f"A1:{last_column}2")
        table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)
        # In write-only mode openpyxl cannot read the header back.
        for place, title in enumerate(titles, start=1):
            table.tableColumns.append(TableColumn(id=place, name=escaped(title)))
        sheet.add_table(table)
    styles = [_styles(sheet, column, width) for column, width in zip(columns, widths, strict=True)]
    book.rows[name] = TableRows(
        sheet,
        table,
        last_column,
        RowWriter(styles, _band_style(sheet)),
        (row if isinstance(row, Band) else [column.value(row) for column in columns] for row in described.rows),
        [column.hxl for column in columns] if hxl else (),
    )
    if printed < len(columns):
        book.rows[name].last_printed = get_column_letter(printed)
    return sheet


def _help_in_matrix(sheet: Any, columns: Sequence[Column]) -> None:
    """Drop-downs, columns that are not to be typed in, colours for new, changed and stale."""
    letters = {column.title: get_column_letter(place) for place, column in enumerate(columns, start=1)}
    several = {field.column.title for field in FIELDS if field.column and field.kind in (Kind.CHOICES, Kind.RECORDS)}
    for column in columns:
        cells = f"{letters[column.title]}2:{letters[column.title]}{LAST_ROW_OF_DROP_DOWNS}"
        if column.choices:
            offer = DataValidation(type="list", formula1=_list_name(column.choices), allow_blank=True)
            # A cell that holds several cannot be held to a list; the drop-down still helps with the first.
            offer.showErrorMessage = column.title not in several
            offer.errorTitle, offer.error = (
                _("Not on the list"),
                _("Choose from the list, or write it as the Lists sheet does."),
            )
            offer.add(cells)
            sheet.data_validations.append(offer)
        elif column.title in FIXED_COLUMNS:
            fixed = DataValidation(type="custom", formula1="FALSE", allow_blank=False)
            fixed.showErrorMessage = True
            fixed.errorTitle = _("Please leave this as it is")
            fixed.error = _("The service finds the record by it when you send the file back. New rows leave it empty.")
            fixed.add(cells)
            sheet.data_validations.append(fixed)
    if "Changed" in letters:
        changed = in_words("changed")
        whole, mark = f"A2:{get_column_letter(len(columns))}{LAST_ROW_OF_DROP_DOWNS}", f"${letters['Changed']}2"
        sheet.conditional_formatting.add(whole, _formula_rule(f'{mark}="{in_words("new")}"', _NEW))
        sheet.conditional_formatting.add(
            f"{letters['Changed']}2:{letters['Changed']}{LAST_ROW_OF_DROP_DOWNS}",
            _formula_rule(f'LEFT({mark},{len(changed)})="{changed}"', _CHANGED),
        )


def _mark_stale(sheet: Any, columns: Sequence[Column], limit: str, words: FactLabels) -> None:
    """Colour live records that were last confirmed in the month `limit` or before."""
    letters = {column.title: get_column_letter(place) for place, column in enumerate(columns, start=1)}
    if not limit or "Confirmed" not in letters or "Status" not in letters:
        return
    place, status = letters["Confirmed"], letters["Status"]
    live = ",".join(f'${status}2="{words.say("status", one)}"' for one in ("ongoing", "planned"))
    rule = f'AND(OR({live}),${place}2<="{limit}")'
    sheet.conditional_formatting.add(f"{place}2:{place}{LAST_ROW_OF_DROP_DOWNS}", _formula_rule(rule, _STALE))


def _shade(book: Book, sheet: Any, rows: int) -> None:
    """The heat map and the chart of who does what, over so many rows."""
    last = rows + 1
    scale = ColorScaleRule(  # type: ignore[no-untyped-call]
        start_type="num", start_value=0, start_color="FFFFFF", end_type="max", end_color="5FA8D3"
    )
    sheet.conditional_formatting.add(f"B2:H{max(last, 2)}", scale)
    if not rows:
        return
    chart = BarChart()
    chart.type, chart.grouping, chart.overlap = "bar", "stacked", 100
    chart.title = _("Activities by entity and chapter")
    chart.y_axis.title = _("Activities (one in several chapters stands in each)")
    chart.height, chart.width = max(8, rows * 0.5), 26
    sheet.page_setup.fitToHeight = -(-rows // 30)  # table and chart on one page, with more entities on more
    chart.add_data(Reference(sheet, min_col=2, max_col=8, min_row=1, max_row=last), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last))
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.delete = chart.y_axis.delete = False
    sheet.add_chart(chart, f"A{last + 3}")
    book.alternatives.append(
        ngettext(
            "Stacked bars, for %(num)s entity: how many of its activities stand under each of the seven chapters. The "
            "table above it holds the same numbers.",
            "Stacked bars, one for each of %(num)s entities: how many of its activities stand under each of the seven "
            "chapters. The table above it holds the same numbers.",
            rows,
        )
    )


def _list_name(name: str) -> str:
    """What the workbook calls a list: no table and no column is called so."""
    return valid_name(f"list_{name}")


def _lists(picture: Snapshot) -> dict[str, list[str]]:
    """What the drop-downs offer, by the names the columns give them."""
    organisations = picture.contents["organisations"].values()

    def said(field: Field) -> list[str]:
        return [picture.words.choice(field, value) for value in field.values]

    return {
        **{field.list_name: said(field) for field in FIELDS if field.choices and field.drop_down},
        "entities": [
            one["short"]
            for one in sorted(organisations, key=lambda one: (one["position"], one["short"]))
            if one["is_entity"]
        ],
        "recommendations": sorted(
            picture.contents["recommendations"], key=lambda code: picture.contents["recommendations"][code]["position"]
        ),
        # Of an edition made before activities had one: nothing to offer.
        "sections": list(picture.words.sections.values()) or [""],
        # After the others, so that those that people refer to do not move.
        **{field.list_name: said(field) for field in FIELDS if field.choices and not field.drop_down},
    }


def _add_lists(book: Workbook, lists: dict[str, list[str]]) -> None:
    """The sheet of the lists, each under a name."""
    sheet = book.create_sheet(in_words("Lists"))
    sheet.sheet_view.rightToLeft = is_right_to_left()
    print_on_a4(sheet, [20] * len(lists))
    for place in range(1, len(lists) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 20
    sheet.append([_text_cell(sheet, name) for name in lists])
    for row in range(max(len(values) for values in lists.values())):
        sheet.append([_text_cell(sheet, values[row]) if row < len(values) else None for values in lists.values()])
    where = sheet.title if sheet.title.isascii() else quote_sheetname(sheet.title)
    where = sheet.title if sheet.title.isascii() else quote_sheetname(sheet.title)
    for place, (name, values) in enumerate(lists.items(), start=1):
        letter = get_column_letter(place)
        name = _list_name(name)
        book.defined_names[name] = DefinedName(name, attr_text=f"{where}!${letter}$2:${letter}${len(values) + 1}")


def _add_read_me(book: Workbook, origin: Origin, picture: Snapshot) -> None:
    sheet = book.create_sheet(in_words("Read me"))
    sheet.sheet_view.rightToLeft = is_right_to_left()
    sheet.column_dimensions["A"].width = 26
    sheet.column_dimensions["B"].width = 90
    print_on_a4(sheet, (26, 90))
    sheet.row_dimensions[1].height = 24
    heading = _text_cell(sheet, origin.title)
    heading.font = _font(bold=True, sz=16)
    sheet.append([heading])
    sheet.append([])
    for number, (label, text) in enumerate(read_me_rows(origin, picture), start=3):
        sheet.row_dimensions[number].height = LINE_HEIGHT * (1 + len(str(text)) // 85)
        name = WriteOnlyCell(sheet, value=label)
        name.font, name.alignment = _font(bold=True), _WRAPPED
        value = _text_cell(sheet, text) if isinstance(text, str) else WriteOnlyCell(sheet, value=text)
        value.alignment = Alignment(vertical="top", wrap_text=True, horizontal="left")
        sheet.append([name, value])


def write_workbook(target: BinaryIO, origin: Origin, picture: Snapshot, *, columns: Sequence[Column] = MATRIX) -> None:
    """Write the workbook of `picture` with all its sheets to `target`, an open binary file.

    The activities are read once, while Matrix is written; the sheets after it show what was gathered on the way.
    """
    with closing(Gathered(picture.contents)) as gathered:
        book = Book(origin.title, "UN interagency coordination", origin.made_at)
        lists = _lists(picture)
        for name in lists:
            book.names.take(_list_name(name))  # before the tables, whose names may give way
        _add_read_me(book.skeleton, origin, picture)
        activities = gathered.watched(picture.passing())
        matrix = add_table(book, Sheet("Matrix", tuple(columns), activities, freeze="E2", pages=3), hxl=origin.hxl)
        _mark_stale(matrix, columns, _stale_limit(picture), picture.words)
        added = {sheet.title: add_table(book, sheet) for sheet in _further_sheets(origin, picture, gathered)}
        # How many entities there are is known then, and their sheet is not closed yet.
        book.rows[in_words("Matrix")].then = lambda: _shade(book, added["Who does what"], len(gathered.by_entity))
        _add_lists(book.skeleton, lists)
        with without_collector():
            book.save(target)


def _further_sheets(origin: Origin, picture: Snapshot, gathered: Gathered) -> list[Sheet]:
    return [
        *chapter_sheets(picture, gathered),
        recommendations_sheet(picture, gathered),
        who_does_what_sheet(picture, gathered),
        by_recommendation_sheet(picture, gathered),
        by_country_sheet(picture, gathered),
        Sheet("Calendar", CALENDAR, picture.events()),
        changes_sheet(picture),
        answers_sheet(picture, origin.made_at.tzinfo),  # type: ignore[arg-type]
    ]


def _stale_limit(picture: Snapshot) -> str:
    """The last month that makes a record stale, seen from the picture's own month."""
    return stale_limit(picture.contents.get("month") or month_of(picture.day))


__all__ = ["CUT", "MAX_CELL_LENGTH", "Origin", "add_table", "safe_text", "write_workbook"]
