"""Files as people send them, and sending them as people do."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Flask
from lxml import html
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from interagency.db.base import db
from interagency.exports.columns import MATRIX
from interagency.exports.incoming.apply import compared
from interagency.exports.incoming.compare import Rights
from interagency.exports.models import MatrixImport
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.record import facts
from tests.helpers import Browser

COLUMN = {column.title: place for place, column in enumerate(MATRIX, start=1)}


def previewed(body: bytes, name: str, rights: Rights) -> MatrixImport:
    """The file as it is kept once it was compared with what stands."""
    kept = compared(db.session, body, name, rights)
    db.session.add(kept)
    db.session.flush()
    return kept


def exported(browser: Browser, query: str = "") -> bytes:
    data: bytes = browser.get(f"/exports/matrix.xlsx{query}").data
    return data


def edited(body: bytes, edits: dict[tuple[int, str], Any]) -> bytes:
    """The workbook with cells changed: `{(record id, column title): value}`."""
    book = load_workbook(io.BytesIO(body))
    sheet = book["Matrix"]
    rows = {sheet.cell(number, 1).value: number for number in range(2, sheet.max_row + 1)}
    for (record, title), value in edits.items():
        sheet.cell(rows[record], COLUMN[title]).value = value
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def table(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def send(browser: Browser, body: bytes, name: str = "matrix.xlsx") -> Any:
    data = {"csrf_token": browser.token("/imports"), "file": (io.BytesIO(body), name)}
    return browser.client.post("/imports", data=data, content_type="multipart/form-data")


def confirm(browser: Browser, address: str, **more: str) -> Any:
    """Confirm a preview as the page offers it, with answers."""
    form = html.fromstring(browser.get(address).text).xpath("//form[not(@action)]")[-1]
    values: dict[str, Any] = {}
    for field, value in form.form_values():
        values.setdefault(field, []).append(value)
    return browser.client.post(address, data=values | {name.replace("__", "-"): value for name, value in more.items()})


def say(app: Flask, activity_id: int) -> dict[str, Any]:
    with app.app_context():
        return facts(db.session.get_one(Activity, activity_id))


def as_month(day: date) -> tuple[date, str]:
    """A cell as Excel makes it of a month that was typed: the first of it, shown as month."""
    return day, "mmm-yy"


def workbook(sheets: Mapping[str, list[list[Any]]], *, hidden: tuple[str, ...] = (), merged: str = "") -> bytes:
    """A workbook of several sheets. A cell may be a pair of value and format; `merged` is of the first sheet."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet: Worksheet = book.create_sheet(name)
        for number, row in enumerate(rows, start=1):
            for place, value in enumerate(row, start=1):
                cell = sheet.cell(number, place)
                cell.value = value[0] if isinstance(value, tuple) else value
                if isinstance(value, tuple):
                    cell.number_format = value[1]
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    if merged:
        book.worksheets[0].merge_cells(merged)
    book.active = next(place for place, sheet in enumerate(book.worksheets) if sheet.title not in hidden)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def shown(app: Flask, address: str) -> dict[str, Any]:
    """The preview that a page shows."""
    with app.app_context():
        return db.session.get_one(MatrixImport, int(address.rpartition("/")[2])).preview


def cells_of(preview: dict[str, Any]) -> dict[int, dict[str, tuple[str, str]]]:
    """By row and column: what becomes of a cell, and what it is understood as."""
    return {
        row["number"]: {cell["title"]: (cell["state"], cell["understood"] or cell["sent"]) for cell in row["cells"]}
        for row in preview["rows"]
    }


def outcomes(preview: dict[str, Any]) -> list[tuple[int, str]]:
    """What becomes of each row."""
    return [(row["number"], row["outcome"]) for row in preview["rows"]]


def named(app: Flask, title: str) -> dict[str, Any]:
    """What the one activity of this title says."""
    with app.app_context():
        return facts(db.session.scalars(sa.select(Activity).where(Activity.title == title)).one())
