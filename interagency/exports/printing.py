"""How the sheets of a workbook print: A4 landscape, in letters one can read, with a header Excel accepts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from interagency.exports.rows.cells import escaped

# Characters of a header's ten points that fit beside each other on the page. Excel takes 255, codes among them
# ("Excel specifications and limits", support.microsoft.com).
ONE_LINE = 120
MARGIN = 0.4  # inches
_WIDEST = 60  # characters: a heading of one longer word does break
_PAPER = 297 / 25.4 * 72 - 2 * MARGIN * 72  # points from margin to margin
_FONT, _SMALLEST = 11, 7.1  # points: of the cells, and the least on paper
_SMALLEST_SCALE = math.ceil(100 * _SMALLEST / _FONT)  # per cent


def print_on_a4(sheet: Any, widths: Sequence[int], *, pages: int = 9, header: str = "", grid: bool = False) -> int:
    """Landscape, in letters one can read, before the first row: one page wide, or several where the columns need it.

    Returns how many of the columns stand on the first `pages` side by side.
    """
    setup, margins = sheet.page_setup, sheet.page_margins
    setup.orientation, setup.paperSize = "landscape", 9
    margins.left = margins.right = MARGIN
    margins.top, margins.bottom, margins.header, margins.footer = 0.7, 0.6, 0.3, 0.3
    sheet.print_options.gridLines = grid
    sheet.oddFooter.center.text = "&A, page &P of &N"
    if header:
        sheet.oddHeader.center.text = header_text(header)
    page = _PAPER * 100 / _SMALLEST_SCALE
    # A character is 7 dots of 1/96 inch wide, and each column has 5 more (ISO 29500-1, 18.3.1.13); where the font is
    # missing, what stands in for it is up to 9 wide.
    points = [(9 * width + 5) * 72 / 96 for width in widths]
    if sum(points) <= page:
        setup.fitToWidth, setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        return len(widths)
    setup.scale, setup.pageOrder = _SMALLEST_SCALE, "overThenDown"
    # What stands again at the left of the further pages is as wide as the widest column at most.
    room = [page, *[page - max(points)] * (pages - 1)]
    for place, needed in enumerate(points):
        while room and room[0] < needed:
            del room[0]
        if not room:
            return place
        room[0] -= needed
    return len(widths)


def header_text(text: str) -> str:
    """`text` as a header says it: its & doubled, on one line, cut with a sign of it."""
    text = escaped(" ".join(text.split()).replace("&", "&&"))
    if len(text) <= ONE_LINE:
        return text
    cut = text[: ONE_LINE - 2].rpartition(" ")[0] or text[: ONE_LINE - 2]
    if (len(cut) - len(cut.rstrip("&"))) % 2:  # half of a doubled &
        cut = cut[:-1]
    return f"{cut} …"


def wide_enough(title: str, width: int) -> int:
    """The width of a column, so that no word of its bold title breaks and its filter button has room."""
    return max(width, *(min(math.ceil(1.2 * len(word)) + 2, _WIDEST) for word in title.split() or [""]))
