"""Rows spooled to disk while records are read once, and given back in their order: memory stays flat.

A database of its own in the machine's temporary folder, gone with it. Nothing is looked up in it by a value.
"""

from __future__ import annotations

import errno
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AT_ONCE = 200


class RowSpool:
    """Piles of rows by name. Rows hold texts, numbers and lists of them."""

    def __init__(self) -> None:
        self._disk = sqlite3.connect("", isolation_level=None)  # no name: removed when it is closed
        self._waiting: dict[str, list[tuple[int, bytes, int, str]]] = defaultdict(list)
        self._piles: set[str] = set()
        for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000", "temp_store=FILE"):
            self._disk.execute(f"PRAGMA {setting}")

    def put(self, pile: str, row: Any, *, place: int = 0, text: str = "", number: int = 0) -> None:
        """Add `row` to a pile that is ordered by `place`, then `text`, then `number`. Raises OSError on a full disk."""
        waiting = self._waiting[pile]
        waiting.append((place, text.encode(), number, json.dumps(row, ensure_ascii=False)))
        if len(waiting) >= AT_ONCE:
            self._write(pile)

    def rows(self, pile: str) -> Iterator[Any]:
        """The rows of a pile in their order; those put first come first where it is the same."""
        self._write(pile)
        with _full_disk():
            for (row,) in self._disk.execute(f'SELECT row FROM "{pile}" ORDER BY place, text, number, rowid'):  # noqa: S608
                yield json.loads(row)

    def close(self) -> None:
        """Let go of it all."""
        self._disk.close()

    def _write(self, pile: str) -> None:
        with _full_disk():
            if pile not in self._piles:
                self._disk.execute(f'CREATE TABLE "{pile}" (place INTEGER, text BLOB, number INTEGER, row TEXT)')
                self._piles.add(pile)
            self._disk.execute("BEGIN")
            self._disk.executemany(f'INSERT INTO "{pile}" VALUES (?, ?, ?, ?)', self._waiting.pop(pile, []))  # noqa: S608
            self._disk.execute("COMMIT")


@contextmanager
def _full_disk() -> Iterator[None]:
    """SQLite's word for a full disk as everybody else's, which has a page of its own."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(errno.ENOSPC, str(error)) from error
