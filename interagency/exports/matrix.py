"""The current matrix as a workbook: which records, and what its first sheet says."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import BinaryIO

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from interagency.calendar.occurrences import all_occurrences
from interagency.calendar.queries import events_between, read_event_filters
from interagency.exports.workbook import Origin, write_workbook
from interagency.matrix.activities.queries import all_activities, page_of_activities
from interagency.matrix.filters import Filters
from interagency.settings import Settings

NEXT = timedelta(days=365)


def write_current_matrix(
    target: BinaryIO, session: Session, filters: Filters, *, mine: list[str], made_by: str, settings: Settings
) -> None:
    """Write the matrix as it stands, under `filters`, with the events of the same filters up to a year ahead."""
    made_at = datetime.now(settings.zone)
    total = page_of_activities(session, filters, mine=mine, number=1, size=1).total
    shared = MultiDict(
        [(name, value) for name, value in filters.pairs() if name in ("q", "entity", "chapter", "country")]
    )
    first, last = date(1950, 1, 1), made_at.date() + NEXT
    events = events_between(session, first, last, read_event_filters(session, shared), mine)
    occurrences = all_occurrences(events, first, last)
    origin = Origin(
        title=f"Matrix of UNGASS-related action, as it stood on {made_at.day} {made_at:%B %Y}",
        made_at=made_at,
        zone=settings.timezone,
        made_by=made_by,
        filters=filters.sentence(),
        counts=[("Activities", total), ("Calendar entries", len(occurrences))],
        address=settings.base_url,
    )
    write_workbook(target, origin, all_activities(session, filters, mine), occurrences)
