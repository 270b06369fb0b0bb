"""The workbook: from rows in memory, from the database, and the memory it takes."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from openpyxl import Workbook
from python_calamine import CalamineWorkbook
from werkzeug.datastructures import MultiDict

from bench import edition, worlds
from bench.measure import Measure, Size, interleave, timed
from interagency import create_app
from interagency.db.base import Model, db
from interagency.exports.matrix_workbook import write_current_matrix
from interagency.exports.snapshot import Snapshot, streaming_snapshot
from interagency.exports.workbook import Origin, write_workbook
from interagency.matrix.activities.filters import Filters, read_filters
from interagency.settings import Settings

ZONE = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ORIGIN = Origin("The matrix", NOW.astimezone(ZONE), ZONE.key, "The bench", "November 2026", "none", [], "")
EVERYTHING = Filters()
TABLES = (
    "activity", "activity_entity", "activity_country", "activity_chapter", "activity_partner", "activity_region",
    "activity_recommendation", "activity_sdg_goal", "activity_sdg_target", "figure",
)  # fmt: skip
Plain = list[tuple[str, list[list[Any]]]]


def measures(size: Size) -> Iterable[Measure]:
    """All measures of the workbook."""
    with worlds.world("sqlite", size.exported, worlds.FEW_EVENTS) as (app, settings), app.app_context():
        picture = picture_now(size.exported)
        plain = cells_of(picture)
        ours, limit = interleave(
            lambda: timed(lambda: write_workbook(io.BytesIO(), ORIGIN, picture)),
            lambda: timed(lambda: raw(plain)),
            size.rounds,
        )
        what = f"live workbook of {size.exported:,}"
        yield Measure(
            f"{what}, rows in memory", "raw openpyxl write-only, plain cells", ours, limit, 1.0, 0.3, "smaller"
        )
        ours, limit = interleave(
            lambda: timed(lambda: live(settings)), lambda: timed(lambda: from_core(plain)), size.rounds
        )
        yield Measure(
            f"{what}, from the database", "Core rows into openpyxl write-only", ours, limit, 1.0, 0.3, "smaller"
        )
    yield from memory(size)
    yield from edition.measures(size)


def picture_now(most: int) -> Snapshot:
    """The matrix as it stands, of `most` activities, in memory."""
    picture = streaming_snapshot(db.session, Filters(), mine=[], day=NOW.date())
    picture.contents["activities"] = list(islice(picture.contents["activities"], most))
    db.session.rollback()
    return picture


def cells_of(picture: Snapshot) -> Plain:
    """The cells of our workbook, all sheets, as plain values."""
    body = io.BytesIO()
    write_workbook(body, ORIGIN, picture)
    body.seek(0)
    with CalamineWorkbook.from_filelike(body) as book:
        return [
            (name, [[None if cell == "" else cell for cell in row] for row in book.get_sheet_by_name(name).to_python()])
            for name in book.sheet_names
        ]


def raw(plain: Plain) -> None:
    """The limit: openpyxl writes the same cells, unstyled, with lxml."""
    book = Workbook(write_only=True)
    for name, rows in plain:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(io.BytesIO())


def core_rows() -> list[list[tuple[Any, ...]]]:
    """Every row an edition or a workbook keeps of activities, as Core gives it."""
    tables = [Model.metadata.tables[name] for name in TABLES]
    found = [[tuple(row) for row in db.session.connection().execute(sa.select(table))] for table in tables]
    db.session.rollback()
    return found


def from_core(plain: Plain) -> None:
    """The limit: the rows read by Core, the cells written by openpyxl."""
    core_rows()
    raw(plain)


def live(settings: Settings, filters: Filters = EVERYTHING) -> int:
    """The live workbook as the page makes it, into a file; its size."""
    with tempfile.TemporaryFile() as file:
        write_current_matrix(file, db.session, filters, mine=[], made_by="The bench", settings=settings, at=NOW)
        db.session.rollback()
        return file.tell()


# --- Memory ---


def memory(size: Size) -> Iterable[Measure]:
    """Peak memory of making it in a process of its own, beyond what the process took before."""
    with worlds.world("sqlite", size.flat, worlds.FEW_EVENTS) as (app, settings):
        worlds.close(app)
        command = [sys.executable, "-m", "bench.workbook", str(settings.data_folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=worlds.ROOT)  # noqa: S603
    extra, length = (float(text) for text in done.stdout.split())
    what = f"live workbook of {size.flat:,}: peak extra memory, reading and writing"
    yield Measure(what, "size of the file", [extra], [length], 1.0, 0.25, "smaller")


def _peak(folder: Path) -> None:
    settings = worlds.settings_for(folder)
    with create_app(settings).app_context():
        live(settings, read_filters(db.session, MultiDict([("q", "nothing-like-this")])))  # what the code itself takes
        Path("/proc/self/clear_refs").write_text("5")  # the most is counted from now on
        before = held("VmRSS")
        length = live(settings)
    print(held("VmHWM") - before, length)  # noqa: T201


def held(what: str) -> int:
    """Bytes this process holds (VmRSS), or held at most (VmHWM). `ru_maxrss` would begin with what its parent held."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


if __name__ == "__main__":
    _peak(Path(sys.argv[1]))
