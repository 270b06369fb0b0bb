"""The preview of a workbook that comes back: ten thousand rows, one in a hundred changed."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from pathlib import Path

from openpyxl import load_workbook

from bench.fill import fill, make_app
from bench.measure import Measure, Size, interleave
from bench.workbook import ORIGIN, picture_now
from interagency.database import db
from interagency.exports.incoming.apply import preview
from interagency.exports.incoming.compare import Rights
from interagency.exports.workbook import write_workbook


def measures(size: Size) -> Iterable[Measure]:
    """The preview, kept in the database, against openpyxl's quickest way of only reading the sheet."""
    with tempfile.TemporaryDirectory() as folder, make_app(Path(folder)).app_context():
        fill(db.session, size.activities)
        body = changed_workbook()
        ours, limit = interleave(lambda: compared(body, size), lambda: read(body), size.rounds)
        yield Measure("import preview, 1 % changed", "openpyxl read-only, the Matrix sheet", ours, limit, 1.0)
        db.session.close()


def changed_workbook() -> bytes:
    """The workbook as exported, with every hundredth title changed."""
    picture = picture_now()
    for entry in picture.contents["activities"][::100]:
        entry["facts"]["title"] += " (changed)"
    target = io.BytesIO()
    write_workbook(target, ORIGIN, picture)
    return target.getvalue()


def compared(body: bytes, size: Size) -> None:
    """What the upload does, but for the last commit."""
    kept = preview(db.session, body, "matrix.xlsx", Rights(None, ()))
    changed = [row for row in kept.preview["rows"] if row["outcome"] == "changed"]
    assert len(changed) == -(-size.activities // 100)
    db.session.rollback()


def read(body: bytes) -> int:
    """The limit: every value of the one sheet."""
    book = load_workbook(io.BytesIO(body), read_only=True)
    return sum(1 for _row in book["Matrix"].iter_rows(values_only=True))
