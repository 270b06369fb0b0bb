"""Many records written in short transactions, so that others save in between, with a journal of how far it came.

The journal is written with the records of its batch: whatever stops the work, what is noted was done, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.base import is_conflict, now, reading
from interagency.exports.models import ImportBatch, ImportRun

LONGEST = 0.25  # seconds that one batch may keep others from writing
MOST = 25  # rows of a batch, read at once
# Seconds between two, and as a share of how long the one took: who waits for SQLite's lock asks for it every 0.025, and
# later where the processors are busy.
PAUSE, SHARE = 0.06, 0.3

Row_contra = TypeVar("Row_contra", contravariant=True)


def under_way(session: Session, import_id: int) -> ImportRun | None:
    """The run of an import that was begun and is not done; None where there is none."""
    return session.get(ImportRun, import_id, populate_existing=True)


def all_under_way(session: Session) -> set[int]:
    """The imports that were begun and are not done."""
    return set(session.scalars(sa.select(ImportRun.import_id)))


def rows_done(session: Session, import_id: int) -> int:
    """How many rows of a run are behind it."""
    query = sa.select(sa.func.coalesce(sa.func.sum(ImportBatch.handled), 0))
    return int(session.scalar(query.where(ImportBatch.import_id == import_id)) or 0)


@dataclass(frozen=True, slots=True)
class Journal:
    """What was noted of each row that is behind a run, in the order it was done, and the number of the next batch."""

    items: list[dict[str, Any]]
    number: int


def journal(session: Session, import_id: int) -> Journal:
    """The journal of a run as it stands: read by one statement, so that items and number belong together."""
    query = sa.select(ImportBatch.number, ImportBatch.contents).where(ImportBatch.import_id == import_id)
    batches = session.execute(query.order_by(ImportBatch.number)).all()
    items = [item for _number, contents in batches for item in contents["items"]]
    return Journal(items, batches[-1].number + 1 if batches else 1)


def close(session: Session, import_id: int) -> None:
    """End a run; the caller has kept what its journal says, and commits."""
    session.execute(sa.delete(ImportBatch).where(ImportBatch.import_id == import_id))
    session.execute(sa.delete(ImportRun).where(ImportRun.import_id == import_id))


class Work(Protocol[Row_contra]):
    """What is done to the rows of a run."""

    def read(self, rows: Sequence[Row_contra]) -> None:
        """Read ahead what the rows need, while others may write."""

    def check(self, rows: Sequence[Row_contra]) -> None:
        """In the transaction that writes: see what was written since."""

    def do(self, row: Row_contra) -> dict[str, Any]:
        """Write one; what the journal says of it."""


def work_through(
    session: Session,
    import_id: int,
    number: int,
    todo: Sequence[Row_contra],
    work: Work[Row_contra],
    *,
    batches: int | None = None,
    say: Callable[[int], None] = lambda _rows: None,
) -> bool:
    """Do each of `todo` and note it, batch by batch, each its own transaction; whether all are done.

    `number` is the journal's next: where somebody else has written that batch, what is to do is theirs. Ends early
    after so many `batches`, or when the run is ended or carried on elsewhere. `say` is told how many rows are done.
    The session has nothing open at the start.
    """
    place = ahead = 0
    while place < len(todo):
        if batches is not None:
            if batches < 1:
                return False
            batches -= 1
        if place >= ahead:
            ahead = place + MOST
            with reading():
                work.read(todo[place:ahead])
                session.commit()
        notes, held = _batch(session, import_id, number, todo[place:ahead], work)
        if not notes:
            return False
        number, place = number + 1, place + len(notes)
        say(place)
        time.sleep(max(PAUSE, SHARE * held))
    return True


def _batch(
    session: Session, import_id: int, number: int, rows: Sequence[Row_contra], work: Work[Row_contra]
) -> tuple[list[dict[str, Any]], float]:
    """Write as many of `rows` as there is time for; what was noted of each, and the seconds others had to wait.

    Nothing is written where the run is ended, or somebody else has written the batch.
    """
    notes: list[dict[str, Any]] = []
    if not _is_mine(session, import_id, number):
        session.rollback()
        return notes, 0
    begun = time.monotonic()
    work.check(rows)
    for row in rows:
        notes.append(work.do(row))
        if time.monotonic() - begun > LONGEST:
            break
    if not _note(session, import_id, number, notes):
        return [], 0
    return notes, time.monotonic() - begun


@contextmanager
def keeping_what_is_read(session: Session) -> Iterator[None]:
    """What was read stays read over the commits inside: lists of reference, and who does it."""
    before, session.expire_on_commit = session.expire_on_commit, False
    try:
        yield
    finally:
        session.expire_on_commit = before
        session.expire_all()


def _is_mine(session: Session, import_id: int, number: int) -> bool:
    """Whether the run goes on, and nobody else has written the batch."""
    run = sa.select(ImportRun.import_id).where(ImportRun.import_id == import_id).with_for_update()
    last = sa.select(sa.func.max(ImportBatch.number)).where(ImportBatch.import_id == import_id)
    return session.scalar(run) is not None and (session.scalar(last) or 0) == number - 1


def _note(session: Session, import_id: int, number: int, notes: list[dict[str, Any]]) -> bool:
    session.add(
        ImportBatch(import_id=import_id, number=number, handled=len(notes), at=now(), contents={"items": notes})
    )
    try:
        session.commit()
    except sa.exc.IntegrityError as error:
        session.rollback()
        if not is_conflict(error):
            raise
        return False
    return True
