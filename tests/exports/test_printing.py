"""The workbook on paper, and cells that keep the words people type."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter, range_boundaries

from interagency.db.base import db
from interagency.exports.columns import MATRIX
from interagency.exports.printing import MARGIN, ONE_LINE, header_text
from interagency.matrix.activities.models import Activity, ActivityChapter
from interagency.matrix.framework.models import Recommendation
from interagency.text.dates import ImpreciseDate
from tests.helpers import Browser

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
LEAST = 7 / 11  # seven points of the eleven that cells have
PAGE = (297 / 25.4 - 2 * MARGIN) * 72  # points
CHAPTERS = [f"Chapter {roman}" for roman in ("I", "II", "III", "IV", "V", "VI", "VII")]


@pytest.fixture
def book(sample_data: None, sqlite_app: Flask, enter_sqlite: Enter) -> Workbook:
    return load_workbook(io.BytesIO(enter_sqlite("who").get("/exports/matrix.xlsx").data))


def points(width: float) -> float:
    """How wide a column is at most, where another font stands in for its own."""
    return (9 * width + 5) * 0.75


def test_every_sheet_prints_in_letters_of_seven_points_at_least(book: Workbook) -> None:
    for sheet in book.worksheets:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9), sheet.title
        if sheet.sheet_properties.pageSetUpPr.fitToPage:
            widths = [sheet.column_dimensions[get_column_letter(n)].width for n in range(1, sheet.max_column + 1)]
            assert PAGE / sum(map(points, widths)) >= LEAST, sheet.title
        else:
            assert sheet.page_setup.scale / 100 >= LEAST, sheet.title


def test_of_the_matrix_those_columns_print_that_fit_on_three_pages_with_their_titles(book: Workbook) -> None:
    sheet = book["Matrix"]
    _left, top, right, bottom = range_boundaries(sheet.print_area.split("!")[1].replace("$", ""))
    assert (top, bottom) == (1, sheet.max_row)
    titles = [cell.value for cell in sheet[1]][:right]
    assert {"ID", "Title", "Lead entity", "Status", "Begins", "Ends", "VII", "Recommendations"} <= set(titles)
    assert sheet.print_title_cols == "$D:$D"
    scale = sheet.page_setup.scale / 100
    assert sum(points(column.width) for column in MATRIX[:right]) * scale <= 3 * PAGE


def test_no_heading_breaks_inside_a_word(book: Workbook) -> None:
    for sheet in book.worksheets:
        if sheet.title in ("Read me", "Lists"):
            continue
        for cell in sheet[1]:
            longest = max(len(word) for word in str(cell.value).split())
            assert sheet.column_dimensions[cell.column_letter].width >= 1.2 * longest + 1, (sheet.title, cell.value)


def test_a_chapter_says_its_title_and_sections_as_bands_over_their_rows(book: Workbook) -> None:
    sections = {row[2] for row in book["Recommendations"].iter_rows(min_row=2, values_only=True)}
    for title in CHAPTERS:
        sheet = book[title]
        assert "Section" not in [cell.value for cell in sheet[1]]
        assert not sheet.merged_cells.ranges
        said, told = "", []
        for row in sheet.iter_rows(min_row=2, values_only=True):
            if any(row[1:]):
                told.append(said)
                said = ""
            else:
                said = f"{said} {row[0]}".strip()
        assert told[0].startswith(f"{title}: "), "the title of the chapter, whole"
        further = [text for text in told[1:] if text]
        assert len(set(further)) == len(further), "each section once"
        assert set(further) <= sections | {"Without a section"}, title
        assert len(sheet.oddHeader.center.text) <= ONE_LINE + 2


def test_a_period_with_one_name_is_said_once(sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add) -> None:
    for start, end in (("2017", "2017"), ("2017-06", "2017-06"), ("2017", "2018"), ("2017-06", None)):
        dates = {"start": ImpreciseDate.from_code(start), "end": ImpreciseDate.from_code(end) if end else None}
        add_activity(f"{start} {end}", **dates)
    with sqlite_app.app_context():
        recommendation = db.session.scalars(sa.select(Recommendation).where(Recommendation.code == "1(a)")).one()
        for activity in db.session.scalars(sa.select(Activity)):
            activity.recommendations = [recommendation]
            activity.chapters = [ActivityChapter(chapter_number=1)]
        db.session.commit()
    book = load_workbook(io.BytesIO(enter_sqlite("who").get("/exports/matrix.xlsx").data))
    rows = {row[1]: row[5] for row in book["Chapter I"].iter_rows(min_row=2, values_only=True) if row[1]}
    assert rows == {
        "2017 2017": "2017",
        "2017-06 2017-06": "June 2017",
        "2017 2018": "2017 to 2018",
        "2017-06 None": "June 2017",
    }


def test_words_are_cells_of_text_also_where_rows_are_added(book: Workbook) -> None:
    sheet = book["Matrix"]
    for place, column in enumerate(MATRIX, start=1):
        letter = get_column_letter(place)
        wanted = {"number": "General", "date": "yyyy-mm-dd"}.get(column.kind, "@")
        assert sheet.column_dimensions[letter].number_format == wanted, column.title
        filled = next((cell for cell in sheet[letter][1:] if cell.value is not None), None)
        assert filled is None or filled.number_format == wanted, column.title


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Plain", "Plain"),
        ("Research & development", "Research && development"),
        ("two\n lines", "two lines"),
        ("_x0020_", "_x005F_x0020_"),
        ("word " * 60, "word " * 23 + "…"),
        ("&" * 200, "&" * 118 + " …"),
        ("x" + "&" * 200, "x" + "&" * 116 + " …"),
    ],
)
def test_a_header_is_one_line_whose_ampersands_are_no_codes(text: str, header: str) -> None:
    assert header_text(text) == header
