"""The preview of a workbook that comes back: one row in a hundred changed."""

from __future__ import annotations

import io
from collections.abc import Iterable

from openpyxl import load_workbook

from bench import worlds
from bench.measure import Measure, Size, interleave, timed
from bench.workbook import ORIGIN, picture_now
from interagency.db.base import db
from interagency.exports.incoming.apply import preview
from interagency.exports.incoming.compare import Rights
from interagency.exports.workbook import write_workbook


def measures(size: Size) -> Iterable[Measure]:
    """The preview, kept in the database, against openpyxl's quickest way of only reading the sheet."""
    with worlds.world("sqlite", size.exported, worlds.FEW_EVENTS) as (app, _settings), app.app_context():
        body, changed = changed_workbook(size.exported)
        ours, limit = interleave(
            lambda: timed(lambda: compared(body, changed)), lambda: timed(lambda: read(body)), size.rounds
        )
        yield Measure(
            f"import preview, {size.exported:,} rows, 1 % changed", "openpyxl read-only, the Matrix sheet",
            ours, limit, 1.0, 0.25, "smaller",
        )  # fmt: skip


def changed_workbook(most: int) -> tuple[bytes, int]:
    """The workbook as exported, of `most` activities, with every hundredth title changed; how many are."""
    picture = picture_now(most)
    picture.contents["event"] = []  # what is read is the Matrix sheet
    some = picture.contents["activities"][::100]
    for entry in some:
        entry["facts"]["title"] += " (changed)"
    target = io.BytesIO()
    write_workbook(target, ORIGIN, picture)
    return target.getvalue(), len(some)


def compared(body: bytes, number: int) -> None:
    """What the upload does, but for the last commit."""
    kept = preview(db.session, body, "matrix.xlsx", Rights(None, ()))
    changed = [row for row in kept.preview["rows"] if row["outcome"] == "changed"]
    assert len(changed) == number, (len(changed), number)
    db.session.rollback()


def read(body: bytes) -> int:
    """The limit: every value of the one sheet."""
    book = load_workbook(io.BytesIO(body), read_only=True)
    return sum(1 for _row in book["Matrix"].iter_rows(values_only=True))
