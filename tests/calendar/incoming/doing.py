"""A preview done at once, and taken back."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from interagency.calendar.incoming.applying import begin, begin_undo, go_on, told_of_undo
from interagency.calendar.incoming.comparing import Importer
from interagency.calendar.incoming.models import CalendarImport


def apply(session: Session, kept: CalendarImport, chosen: Collection[int], importer: Importer) -> dict[str, int]:
    """Do the chosen items of a preview. Returns how many were added, changed, left, and in conflict."""
    begin(session, kept, chosen, importer.kind.value)
    go_on(session, kept, importer)
    return dict(kept.result["counts"])


def undo(session: Session, kept: CalendarImport, importer: Importer, _at: object = None) -> tuple[int, list[str]]:
    """Take an import back. Returns how many events were put back and the titles of those left."""
    if not begin_undo(session, kept, importer):
        return 0, []
    go_on(session, kept, importer)
    return told_of_undo(session, kept)
