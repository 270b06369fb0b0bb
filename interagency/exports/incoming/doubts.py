"""Rows of a file that are told and left to a person: copies with an ID, equal new rows, many cells emptied. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from flask_babel import gettext as _

from interagency.exports.incoming.cells import Outcome, RowResult
from interagency.text.folding import fold
from interagency.text.languages import commas

# Cells of one column that a file would empty: told and not ticked from so many on, or from fewer where most rows do.
MANY, SOME = 10, 3


def tell_copies(rows: list[RowResult], titles: Mapping[int, str]) -> None:
    """Refuse rows that were copied with their ID, with the cure.

    The row with the title that the record has (`titles`, by id) is the record's, or else the one with the fewest
    changes; where two are alike none is.
    """
    by_id: dict[int, list[RowResult]] = defaultdict(list)
    for row in rows:
        if row.activity_id is not None and row.activity_id in titles and row.version:
            by_id[row.activity_id].append(row)
    for number, copies in by_id.items():
        if len(copies) < 2:
            continue
        ranks = [(fold(row.title) != fold(titles[number]), len(row.cells)) for row in copies]
        best = min(ranks)
        places = commas(str(row.number) for row in copies)
        is_sure = ranks.count(best) == 1 or not copies[ranks.index(best)].cells
        for place, row in enumerate(copies):
            if is_sure and place == ranks.index(best):
                row.notes.append(
                    _(
                        "Record %(number)s stands in rows %(places)s; this one is read as the record.",
                        number=number,
                        places=places,
                    )
                )
                continue
            row.outcome, row.cells = Outcome.REFUSED, []
            row.reason = _(
                "Record %(number)s stands in rows %(places)s. Keep one of them; to make this one a new activity, "
                "empty its ID and Version.",
                number=number,
                places=places,
            )


def tell_twins(rows: list[RowResult]) -> None:
    """Tell new rows of one title; of those that say the same only the first is ticked."""
    first: dict[str, RowResult] = {}
    for row in rows:
        if row.outcome is not Outcome.NEW or (other := first.setdefault(fold(row.title), row)) is row:
            continue
        row.is_doubtful = row.values == other.values
        words = _("Row %(number)s says the same.") if row.is_doubtful else _("Row %(number)s has the same title.")
        row.notes.append(words % {"number": other.number})


def mark_doubtful(rows: list[RowResult]) -> dict[str, int]:
    """Mark the rows that a person ticks: likely duplicates, and those that empty a cell of a column with many such.

    Returns these columns, and how many cells would become empty.
    """
    emptied = Counter(cell.title for row in rows for cell in row.cells if cell.clears)
    known = sum(row.activity_id is not None for row in rows)
    many = {title: n for title, n in emptied.items() if n >= MANY or (n >= SOME and n * 2 > known)}
    for row in rows:
        if row.alike or any(cell.clears and cell.title in many for cell in row.cells):
            row.is_doubtful = True
    return many
