"""Values turned into the XML of rows. Read back by openpyxl they equal what it would have written itself.

Text is always text, as an inline string: never a formula, whatever it begins with. The tests hold both.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

from interagency.text.folding import NOT_CLEAN, clean

Cell = str | int | float | date | None

MAX_CELL_LENGTH = 32_767
CUT = " […] cut here: the full text is on the record's page"
LINE_HEIGHT = 15  # points
MAX_LINES = 10
BLOCK = 1 << 18
_serial = lru_cache(maxsize=4096)(to_excel)
# What Excel would read as one character: _x0020_ is a space (ISO 29500-1, 22.9.2.19).
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def escaped(text: str) -> str:
    """`text` so that Excel shows each of its characters, also where it looks like an escape."""
    return _ESCAPE.sub("_x005F_", text) if "_x" in text else text


def unescaped(text: str) -> str:
    """What Excel shows of `text` as it is stored."""
    return _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text) if "_x" in text else text


def safe_text(text: str) -> str:
    """`text` as a cell may hold it: no control characters, not longer than Excel takes, cut with a note."""
    text = clean(text)
    # Excel counts UTF-16 units.
    if len(text.encode("utf-16-le")) // 2 <= MAX_CELL_LENGTH:
        return text
    room = MAX_CELL_LENGTH - len(CUT)
    return text.encode("utf-16-le")[: room * 2].decode("utf-16-le", "ignore") + CUT


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How a column's cells look: its width in characters, and openpyxl's style numbers for values and for dates."""

    width: int
    style: int
    date_style: int


@dataclass(frozen=True, slots=True)
class Band:
    """A row that is one text over all columns: what the rows below it have in common."""

    text: str


class RowWriter:
    """Writes the rows of one sheet. `band_style` is openpyxl's style number for bands."""

    def __init__(self, styles: Sequence[CellStyle], band_style: int = 0) -> None:
        self._band_style, self._letters = band_style, [get_column_letter(place + 1) for place in range(len(styles))]
        # Bold letters are wider. Cells are not merged, screen readers stumble over that: a long text has two rows.
        self._band_width = int(sum(one.width for one in styles) * 0.85)
        self._columns = [
            (
                f'<c r="{get_column_letter(place)}',
                f'" s="{one.style}" t="inlineStr"><is><t>',
                one,
                math.floor(one.width / 1.1),
            )
            for place, one in enumerate(styles, start=1)
        ]

    def row(self, number: int, values: Sequence[Cell], *, height: bool = True) -> str:
        """The XML of row `number`; with `height` as high as its wrapped text needs, up to ten lines."""
        xml = self._row(number, values, height)
        if NOT_CLEAN.search(xml):
            xml = self._row(number, [safe_text(one) if isinstance(one, str) else one for one in values], height)
        return xml

    def band(self, number: int, band: Band) -> list[str]:
        """The XML of the rows from `number` on that say a band, each as wide as the sheet."""
        lines = textwrap.wrap(safe_text(band.text), self._band_width, break_on_hyphens=False) or [""]
        return [
            f'<row r="{at}" ht="{LINE_HEIGHT + 3}" customHeight="1">'
            f'<c r="A{at}" s="{self._band_style}" t="inlineStr"><is><t>{_xml(line)}</t></is></c>'
            + "".join(f'<c r="{letter}{at}" s="{self._band_style}"/>' for letter in self._letters[1:])
            + "</row>"
            for at, line in enumerate(lines, start=number)
        ]

    def _row(self, number: int, values: Sequence[Cell], height: bool) -> str:
        parts = []
        lines = 1
        for value, (cell, style, look, one_line) in zip(values, self._columns, strict=True):
            if isinstance(value, str):
                text = value.strip()
                if not text:
                    continue
                if len(text) > one_line or "\n" in text:
                    if lines < MAX_LINES:
                        lines = max(lines, lines_of(text, look.width))
                    if len(text) > MAX_CELL_LENGTH // 2:
                        text = safe_text(text)
                parts.append(f"{cell}{number}{style}{_xml(text)}</t></is></c>")
            elif value is not None:
                parts.append(f'{cell}{number}" s="{_plain(value, look)}</v></c>')
        high = f' ht="{LINE_HEIGHT * min(MAX_LINES, lines)}" customHeight="1"' if height else ""
        return f'<row r="{number}"{high}>{"".join(parts)}</row>'


def _xml(text: str) -> str:
    """`text` inside an element."""
    if "_x" in text:
        text = escaped(text)
    if "&" in text or "<" in text or ">" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def lines_of(text: str, width: int) -> int:
    """How many lines `text` takes when it is wrapped: programs do not fit rows when they open a file."""
    if "\n" in text:
        return sum(lines_of(line, width) for line in text.split("\n"))
    return math.ceil(len(text) * 1.1 / width) or 1


def _plain(value: Any, look: CellStyle) -> str:
    """Style, type and value of a cell that is no text."""
    if isinstance(value, bool):
        return f'{look.style}" t="b"><v>{value:d}'
    if isinstance(value, int | float):
        if not math.isfinite(value):  # as openpyxl does
            return f'{look.style}" t="n"><v>'
        return f'{look.style}" t="n"><v>{value:.16g}'
    if isinstance(value, date) and not isinstance(value, datetime):
        return f'{look.date_style}" t="n"><v>{_serial(value):.16g}'
    raise TypeError(f"a cell holds text, numbers and days, not {type(value).__name__}")


def blocks(rows: Iterable[str]) -> Iterator[bytes]:
    """The rows joined to blocks of a size that is worth compressing at once."""
    waiting: list[str] = []
    size = 0
    for row in rows:
        waiting.append(row)
        size += len(row)
        if size >= BLOCK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()
