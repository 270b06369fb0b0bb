"""Many records written in short transactions, so that others save in between, with a journal of how far it came.

The journal is written with the records of its batch: whatever stops the work, what is noted was done, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.base import is_conflict, now
from interagency.exports.models import ImportBatch, ImportRun

LONGEST = 0.4  # seconds that one batch may keep others from writing
MOST = 25  # rows of a batch, read at once
PAUSE = 0.06  # seconds between two: who waits for SQLite's lock asks for it every 0.025

T = TypeVar("T")
C = TypeVar("C")


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


def journal(session: Session, import_id: int) -> list[dict[str, Any]]:
    """What was noted of each row that is behind the run, in the order it was done."""
    query = sa.select(ImportBatch.contents).where(ImportBatch.import_id == import_id).order_by(ImportBatch.number)
    return [item for contents in session.scalars(query) for item in contents["items"]]


def close(session: Session, import_id: int) -> None:
    """End a run; the caller has kept what its journal says, and commits."""
    session.execute(sa.delete(ImportBatch).where(ImportBatch.import_id == import_id))
    session.execute(sa.delete(ImportRun).where(ImportRun.import_id == import_id))


def work_through(
    session: Session,
    import_id: int,
    todo: Sequence[T],
    prepare: Callable[[Sequence[T]], C],
    do: Callable[[T, C], dict[str, Any]],
    *,
    batches: int | None = None,
    say: Callable[[int], None] = lambda _rows: None,
) -> bool:
    """`do` each of `todo` and note what it gives, batch by batch, each its own transaction; whether all are done.

    `prepare` reads what a batch needs, in its transaction. Ends early after so many `batches`, or when the run is
    ended or carried on elsewhere. `say` is told how many rows are done. The session has nothing open at the start.
    """
    number, place = _next_number(session, import_id), 0
    session.commit()
    while place < len(todo):
        if batches is not None:
            if batches < 1:
                return False
            batches -= 1
        if not _is_mine(session, import_id, number):
            session.rollback()
            return False
        begun, notes = time.monotonic(), []
        some = todo[place : place + MOST]
        prepared = prepare(some)
        for item in some:
            notes.append(do(item, prepared))
            if time.monotonic() - begun > LONGEST:
                break
        if not _note(session, import_id, number, notes):
            return False
        number, place = number + 1, place + len(notes)
        say(place)
        time.sleep(PAUSE)
    return True


@contextmanager
def keeping_what_is_read(session: Session) -> Iterator[None]:
    """What was read stays read over the commits inside: lists of reference, and who does it."""
    before, session.expire_on_commit = session.expire_on_commit, False
    try:
        yield
    finally:
        session.expire_on_commit = before
        session.expire_all()


def _next_number(session: Session, import_id: int) -> int:
    query = sa.select(sa.func.max(ImportBatch.number)).where(ImportBatch.import_id == import_id)
    return (session.scalar(query) or 0) + 1


def _is_mine(session: Session, import_id: int, number: int) -> bool:
    """Whether the run goes on, and nobody else has written the batch."""
    run = sa.select(ImportRun.import_id).where(ImportRun.import_id == import_id).with_for_update()
    return session.scalar(run) is not None and _next_number(session, import_id) == number


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
