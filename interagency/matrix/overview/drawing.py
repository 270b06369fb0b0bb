"""The grid as a picture: where each word and box stands. The template beside it writes them down as SVG."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from interagency.matrix.activities.filters import Filters
from interagency.matrix.overview.grid import Cell, Grid, dimension_words
from interagency.web.formats import format_date_value

WIDTH, HEIGHT = 76, 34
LEFT, TOP = 260, 60
LINE = 16
MAX_LABEL_LENGTH, MAX_HEAD_LENGTH = 40, 11


@dataclass(frozen=True, slots=True)
class Word:
    """Text at a place, and how it stands there: `start`, `middle` or `end`."""

    x: int
    y: int
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Box:
    """A cell at its place."""

    x: int
    y: int
    cell: Cell


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of a grid."""

    width: int
    height: int
    title: str
    notes: list[Word]
    heads: list[Word]
    labels: list[Word]
    boxes: list[Box]


def draw(grid: Grid, filters: Filters, rows: str, columns: str, day: date) -> Drawing:
    """The places of everything in a picture of `grid`, with its title, unit, day and filters."""
    words = dimension_words()
    width = max(LEFT + WIDTH * (len(grid.columns) + 1) + 20, 640)
    notes = [
        *textwrap.wrap(
            _("Number of activities, %(day)s; ⚭ joint, ○ individual. Darker is more.", day=format_date_value(day)),
            width // 7,
        ),
        *textwrap.wrap(_("Filters: %(filters)s", filters=filters.sentence()), width // 7),
        *textwrap.wrap(_("An activity on several lines stands on each and is counted once in all."), width // 7),
    ]
    top = TOP + LINE * len(notes) + 24
    lines = [(row.label, [grid.at(row, column) for column in grid.columns], grid.of_row(row)) for row in grid.rows]
    lines.append((_("In all"), [grid.of_column(column) for column in grid.columns], grid.total))
    heads = [*(column.label for column in grid.columns), _("In all")]
    return Drawing(
        width=width,
        height=top + HEIGHT * len(lines) + 20,
        title=_("Activities: %(rows)s by %(columns)s", rows=words[rows].lower(), columns=words[columns].lower()),
        notes=[Word(10, 48 + LINE * place, note, "start") for place, note in enumerate(notes)],
        heads=[
            Word(LEFT + WIDTH * n + WIDTH // 2, top - 8, cut(text, MAX_HEAD_LENGTH)) for n, text in enumerate(heads)
        ],
        labels=[
            Word(LEFT - 8, top + HEIGHT * n + 20, cut(line[0], MAX_LABEL_LENGTH), "end") for n, line in enumerate(lines)
        ],
        boxes=[
            Box(LEFT + WIDTH * place, top + HEIGHT * number, cell)
            for number, (_label, cells, total) in enumerate(lines)
            for place, cell in enumerate([*cells, total])
        ],
    )


def cut(text: str, longest: int) -> str:
    """`text`, with an ellipsis in place of what is longer than `longest`."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
