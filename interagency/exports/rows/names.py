"""Names as Excel takes them: tables and lists of a workbook share one name space, capitals or not.

The rules stand in ISO 29500-1, 18.5.1.2 (`displayName`) and 18.2.5 (`definedName`), and under "Names in formulas" at
support.microsoft.com: letters, digits, full stops and underscores, no address of a cell, up to 255 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_NAME_LENGTH = 255
_NO_PART = re.compile(r"[^\w.]")
# A1 up to XFD1048576, R1C1 with or without numbers.
_CELL = re.compile(r"[a-z]{1,3}\d{1,7}|r\d*(c\d*)?|c\d*", re.IGNORECASE)


def valid_name(wanted: str) -> str:
    """`wanted` as a name: what no name may hold is an underscore, and what would be a cell's address has one more."""
    name = _NO_PART.sub("_", wanted)[: MAX_NAME_LENGTH - 20]
    if not name or not (name[0].isalpha() or name[0] == "_"):
        name = f"_{name}"
    return f"{name}_" if _CELL.fullmatch(name) else name


class Names:
    """The names given away in one workbook."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        """A valid name like `wanted` that nothing else in the workbook has."""
        return _free(valid_name(wanted), self._taken, "_{}")


def each_once(titles: Iterable[str]) -> list[str]:
    """The titles of a table's columns, which differ in more than capitals: a second one is numbered."""
    taken: set[str] = set()
    return [_free(" ".join(title.split())[: MAX_NAME_LENGTH - 20] or "Column", taken, " ({})") for title in titles]


def _free(name: str, taken: set[str], numbered: str) -> str:
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{name}{numbered.format(number)}"
    taken.add(free.casefold())
    return free
