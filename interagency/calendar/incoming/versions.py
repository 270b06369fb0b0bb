"""Which version of an event a file brings, against the last one that was taken in.

Many programs never raise SEQUENCE, so what counts is what the maker of the file last said of the event: its
SEQUENCE, then LAST-MODIFIED (or DTSTAMP), and where these say nothing, the content.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event
from interagency.calendar.incoming.models import RUNS, CalendarImport
from interagency.calendar.incoming.reading import IcsEvent

NEW, UPDATED = "new", "updated"
# So many imports are looked through for the last time an event was taken in.
LOOKED_THROUGH = 1_000


@dataclass(frozen=True, slots=True)
class Taken:
    """The last time an event was taken in: what was done, the version it left, and what the files said.

    `said` is the SEQUENCE and the stamp of the file that was taken in, `before` those known until then.
    """

    act: str
    version: int
    said: tuple[int, str]
    before: tuple[int, str]
    is_undone: bool


def last_taken(session: Session, event_ids: Collection[int]) -> dict[int, Taken]:
    """For each of these events the last time it was taken in, whether or not that was undone."""
    wanted, found = set(event_ids), dict[int, Taken]()

    def look_through(done: Iterable[dict[str, Any]], *, is_undone: bool) -> None:
        for item in done:
            if item["event_id"] in wanted and item["event_id"] not in found:
                said, before = (tuple(item.get(name, (0, ""))) for name in ("said", "known"))
                found[item["event_id"]] = Taken(item["act"], item["version"], said, before, is_undone)

    for number in sorted(RUNS.all_under_way(session), reverse=True):
        notes = RUNS.journal(session, (number, False)).items
        look_through([note["done"] for note in reversed(notes) if note["done"]], is_undone=False)
    query = sa.select(CalendarImport.result["done"], CalendarImport.undone_at)
    for done, undone_at in session.execute(query.order_by(CalendarImport.id.desc()).limit(LOOKED_THROUGH)):
        if len(found) == len(wanted):
            break
        look_through(done or (), is_undone=undone_at is not None)
    return found


def known_version(event: Event, taken: Taken | None) -> tuple[int, str]:
    """SEQUENCE and stamp that a file must not fall behind: of the file last taken in, or of our own feed."""
    if taken is None:
        return event.sequence, event.updated_at.astimezone(UTC).replace(microsecond=0).isoformat()
    return taken.before if taken.is_undone else taken.said


def is_older(incoming: IcsEvent, known: tuple[int, str]) -> bool:
    """Whether a file brings an older version than the one known. Without a stamp the content decides."""
    sequence, modified = known
    if incoming.sequence != sequence:
        return incoming.sequence < sequence
    return bool(incoming.modified and modified and incoming.modified < modified)
