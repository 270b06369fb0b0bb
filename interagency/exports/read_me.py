"""What the Read me sheet of a workbook says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _

from interagency.exports.snapshot import Snapshot
from interagency.matrix.cycles.standing import Standing, unanswered_of
from interagency.matrix.framework.file_words import in_words


@dataclass(frozen=True, slots=True)
class Origin:
    """What the Read me sheet tells: which matrix this is, when and by whom it was made, under which filters."""

    title: str
    made_at: datetime  # aware, in the zone named
    zone: str
    made_by: str
    period: str
    filters: str
    counts: Sequence[tuple[str, int | str]]
    address: str
    hxl: bool = False
    notes: Sequence[tuple[str, str]] = field(default_factory=tuple)


def read_me_rows(origin: Origin, picture: Snapshot) -> list[tuple[str, str | int]]:
    """Its lines: what, and what is said of it."""
    unanswered = {
        state: ", ".join(picture.words.organisations.get(key, key) for key in keys)
        for state, keys in unanswered_of(picture.contents)
    }
    return [
        (
            _("What this is"),
            _("The matrix of activities and the joint calendar of the UN entities that follow up UNGASS 2016."),
        ),
        (_("Period"), origin.period),
        (_("Made"), f"{origin.made_at:%d %B %Y, %H:%M} ({origin.zone})"),
        (_("Made by"), origin.made_by),
        (_("Filters"), origin.filters),
        *origin.counts,
        (_("Silent"), unanswered.pop(Standing.SILENT, in_words("nobody"))),
        *((in_words(state.value).capitalize(), names) for state, names in unanswered.items()),
        (
            _("Changes"),
            _("Told against %(edition)s.", edition=picture.since)
            if picture.since
            else _("There is no edition to compare with."),
        ),
        (
            _("How to read it"),
            _(
                "One row per activity on the Matrix sheet; a joint activity is one row. The columns I to VII mark its "
                "chapters. Dates keep the precision they came with; the column beside them sorts. Green rows are new, "
                "blue marks say what changed, a yellow month says that nobody confirmed the row for three months."
            ),
        ),
        (
            _("Totals"),
            _(
                "An activity in several chapters stands under each and is counted once in the total, so the sum over "
                "chapters may exceed it. Figures of different activities are never added up."
            ),
        ),
        (
            _("On paper"),
            _(
                "The Matrix sheet prints its first columns, on three pages side by side; all of them when its print "
                "area is cleared. The chapter sheets are made for paper."
            ),
        ),
        (
            _("Sharing"),
            _("Internal: for the UN entities only. Nothing in it goes outside unless each entity concerned agreed."),
        ),
        *origin.notes,
    ]
