"""Lists as CSV and JSON: the same rows and columns as the workbook."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from interagency.exports.columns import Cell, Column
from interagency.text.folding import clean

# What a spreadsheet would take for a formula when it opens a CSV.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _text(value: Cell) -> str:
    """A value as CSV text: dates as 2026-08-31; what looks like a formula is led by an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        plain = clean(value)
        return f"'{plain}" if plain.startswith(_FORMULA) else plain
    return str(value)


def csv_line(values: Sequence[Cell]) -> bytes:
    """One line of a CSV, safe to open in a spreadsheet."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\r\n").writerow([_text(value) for value in values])
    return target.getvalue().encode()


def write_csv(columns: Sequence[Column], rows: Iterable[Any], *, hxl: bool = False) -> bytes:
    """A CSV in UTF-8 with a byte order mark (Excel reads it right), the titles first, then HXL hashtags if asked."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow([column.heading for column in columns])
    if hxl:
        writer.writerow([column.hxl for column in columns])
    for row in rows:
        writer.writerow([_text(column.value(row)) for column in columns])
    return target.getvalue().encode("utf-8-sig")


def write_json(columns: Sequence[Column], rows: Iterable[Any], *, about: dict[str, Any]) -> bytes:
    """A JSON object: what it is (`about`), its columns with their meaning, its rows by column title."""
    found = []
    for row in rows:
        values = {column.heading: column.value(row) for column in columns}
        found.append({name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()})
    described = [{"title": c.heading, "meaning": c.meaning, "hxl": c.hxl, "kind": c.kind} for c in columns]
    return json.dumps(about | {"columns": described, "rows": found}, ensure_ascii=False, indent=1).encode()
