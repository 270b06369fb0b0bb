"""Tables as CSV and JSON, written while the rows pass, to a file that never stands in memory as a whole."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

from interagency.exports.columns import Cell, Column
from interagency.exports.lists import csv_line

BYTE_ORDER_MARK = "\N{BYTE ORDER MARK}".encode()
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_PIECE = 1 << 16


def csv_pieces(columns: Sequence[Column], rows: Iterable[Any]) -> Iterator[bytes]:
    """A CSV in UTF-8 with a byte order mark, by which Excel and Power BI tell the encoding; the names come first."""
    yield BYTE_ORDER_MARK + csv_line([column.title for column in columns])
    for row in rows:
        yield csv_line([column.value(row) for column in columns])


def _plain(value: Cell) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def json_pieces(columns: Sequence[Column], rows: Iterable[Any]) -> Iterator[bytes]:
    """A JSON list of one object a row, by the names of the columns; numbers and truths as such, dates as ISO."""
    opening = "["
    for row in rows:
        record = {column.title: _plain(column.value(row)) for column in columns}
        yield f"{opening}\n{json.dumps(record, ensure_ascii=False)}".encode()
        opening = ","
    yield b"[]\n" if opening == "[" else b"\n]\n"


WRITERS: dict[str, Callable[[Sequence[Column], Iterable[Any]], Iterator[bytes]]] = {
    "csv": csv_pieces,
    "json": json_pieces,
}


@dataclass(slots=True)
class Spooled:
    """A whole answer on disk: how long it is, and what its bytes are known by."""

    file: IO[bytes]
    length: int
    digest: str


def spool(pieces: Iterable[bytes]) -> Spooled:
    """Write `pieces` to a file of its own, which is gone once it is closed. What goes wrong is no half answer."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed once it is sent)
    digest, length = hashlib.sha256(), 0
    waiting = bytearray()
    try:
        for piece in pieces:
            waiting += piece
            if len(waiting) >= _PIECE:
                file.write(waiting)
                digest.update(waiting)
                length += len(waiting)
                waiting.clear()
        file.write(waiting)
    except BaseException:
        file.close()
        raise
    digest.update(waiting)
    return Spooled(file, length + len(waiting), digest.hexdigest()[:32])


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """What is in `file`, from its beginning, in pieces; closed at the end."""
    with file:
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece
