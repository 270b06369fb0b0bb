"""Files in six languages: headings, names and choices as that language has them, read back to the same records."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from interagency.db.base import db
from interagency.exports.calendar_columns import CALENDAR
from interagency.exports.columns import MATRIX
from interagency.exports.external import files
from interagency.exports.incoming.cells import ALL_PARTS
from interagency.exports.incoming.headers import guess, language_of
from interagency.exports.incoming.reading import plain
from interagency.exports.incoming.values import CellReader
from interagency.matrix.activities.reader import entries
from interagency.matrix.framework.file_words import in_words
from interagency.sample.load import load_sample
from interagency.text.folding import fold
from interagency.text.languages import BY_CODE, LANGUAGES
from tests.exports.incoming.files import exported, outcomes, send, shown
from tests.helpers import Browser

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
CODES = tuple(BY_CODE)


@pytest.mark.parametrize("code", CODES)
def test_every_heading_that_is_written_is_read_as_its_column(code: str) -> None:
    headings = [in_words(column.title, code) for column in MATRIX]
    assert len(set(map(fold, headings))) == len(MATRIX)
    assert [guess(heading) for heading in headings] == [column.title for column in MATRIX]
    assert language_of(headings) == code
    others = {column.title for table in (CALENDAR, files.ACTIVITIES, files.EVENTS, files.SUMMARY) for column in table}
    roman = {"I", "II", "III", "IV", "V", "VI", "VII"}
    missing = [title for title in others - roman if code != "en" and not in_words(title, code)]
    assert missing == []
    sheets = [in_words(name, code) for name in ("Matrix", "Read me", "Who does what", "Activity x recommendation")]
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in sheets)


def test_a_workbook_of_any_language_reads_back_to_the_same_records(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    with sqlite_app.app_context():
        load_sample(db.session)
        db.session.commit()
    coordinator = enter_sqlite("coordinator")
    for language in LANGUAGES:
        body = exported(coordinator, f"?language={language.code}")
        book = load_workbook(io.BytesIO(body))
        matrix = book[in_words("Matrix", language.code)]
        assert [cell.value for cell in matrix[1]] == [in_words(column.title, language.code) for column in MATRIX]
        assert bool(matrix.sheet_view.rightToLeft) == (language.direction == "rtl")
        assert "list_statuses" in book.defined_names
        found = outcomes(shown(sqlite_app, send(coordinator, body).location))
        assert Counter(outcome for _row, outcome in found) == {"unchanged": matrix.max_row - 1}, language.code
        assert unread(sqlite_app, matrix) == [], language.code


def unread(app: Flask, sheet: Worksheet) -> list[tuple[str, Any, str]]:
    """The cells that do not say by themselves, read in English, what the record of their row says."""
    wrong = []
    with app.app_context():
        reader = CellReader(db.session)
        known = {entry["id"]: entry["facts"] for entry in entries(db.session, [])}
        for row in sheet.iter_rows(min_row=2, values_only=True):
            for column, cell in zip(MATRIX, row, strict=True):
                if not column.field or column.field == "title":
                    continue
                part = ALL_PARTS[column.field]
                try:
                    said = reader.read(column.field, plain(cell))
                    if not part.says_same(said, part.of(known[row[0]])):
                        wrong.append((column.title, cell, str(said)))
                except ValueError as problem:
                    wrong.append((column.title, cell, str(problem)))
    return wrong


def test_a_language_that_is_none_of_the_six_is_refused(enter_sqlite: Enter) -> None:
    answer = enter_sqlite("reader").get("/exports/matrix.csv?language=xx")
    assert answer.status_code == 400
    assert "ar, zh, en, fr, ru, es" in answer.text
