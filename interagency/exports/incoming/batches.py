"""Many records written in short transactions, so that others save in between, with a journal of how far it came.

The journal is written with the records of its batch: whatever stops the work, what is noted was done, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.base import is_conflict, now, reading
from interagency.exports.models import ImportBatch, ImportRun
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import everything

LONGEST = 0.25  # seconds that one batch may keep others from writing
MOST = 25  # rows of a batch, read at once
# Seconds between two, and as a share of how long the one took: who waits for SQLite's lock asks for it every 0.025, and
# later where the processors are busy.
PAUSE, SHARE = 0.06, 0.3

Row = TypeVar("Row")
Row_contra = TypeVar("Row_contra", contravariant=True)
Key = tuple[int, bool]  # of a run: the import, and whether it undoes


def under_way(session: Session, import_id: int) -> ImportRun | None:
    """The run of an import that was begun and is not done; None where there is none."""
    query = sa.select(ImportRun).where(ImportRun.import_id == import_id, ImportRun.done_at.is_(None))
    return session.scalar(query.execution_options(populate_existing=True))


def all_under_way(session: Session) -> set[int]:
    """The imports that were begun and are not done."""
    return set(session.scalars(sa.select(ImportRun.import_id).where(ImportRun.done_at.is_(None))))


def rows_done(session: Session, key: Key) -> int:
    """How many rows of a run are behind it."""
    query = sa.select(sa.func.coalesce(sa.func.sum(ImportBatch.handled), 0))
    return int(session.scalar(query.where(*_of(key))) or 0)


def _of(key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    return ImportBatch.import_id == key[0], ImportBatch.undoes == key[1]


@dataclass(frozen=True, slots=True)
class Journal:
    """What was noted of each row that is behind a run, in the order it was done, and the number of the next batch."""

    items: list[dict[str, Any]]
    number: int


def journal(session: Session, key: Key) -> Journal:
    """The journal of a run as it stands: read by one statement, so that items and number belong together."""
    query = sa.select(ImportBatch.number, ImportBatch.contents).where(*_of(key)).order_by(ImportBatch.number)
    batches = session.execute(query).all()
    items = [item for _number, contents in batches for item in contents["items"]]
    return Journal(items, batches[-1].number + 1 if batches else 1)


def take_over(session: Session, key: Key) -> bool:
    """Whether a run goes on; nobody else writes for it until the end of this transaction."""
    query = sa.select(ImportRun.import_id).where(
        ImportRun.import_id == key[0], ImportRun.undoes == key[1], ImportRun.done_at.is_(None)
    )
    return session.scalar(query.with_for_update()) is not None


def close(session: Session, key: Key, at: datetime) -> None:
    """End a run; its journal stays. The caller commits."""
    runs = sa.update(ImportRun).where(ImportRun.import_id == key[0], ImportRun.undoes == key[1])
    session.execute(runs.values(done_at=at).execution_options(synchronize_session=False))


class Standing(Generic[Row]):
    """Activities read ahead of a batch while others may write, and whether they were saved since."""

    def __init__(self, session: Session, id_of: Callable[[Row], int | None]) -> None:
        self.session, self._id_of = session, id_of
        self._activities: dict[int, Activity] = {}
        self._versions: dict[int, int] = {}

    def _ids(self, rows: Sequence[Row]) -> list[int]:
        return [number for row in rows if (number := self._id_of(row)) is not None]

    def _read(self, rows: Sequence[Row]) -> dict[int, Activity]:
        query = sa.select(Activity).where(Activity.id.in_(self._ids(rows))).options(*everything())
        found = self.session.scalars(query.execution_options(populate_existing=True))
        return {activity.id: activity for activity in found}

    def read(self, rows: Sequence[Row]) -> None:
        """Read the activities of these rows as they stand."""
        self._activities = self._read(rows)

    def check(self, rows: Sequence[Row]) -> None:
        """In the transaction that writes: see which were saved since."""
        query = sa.select(Activity.id, Activity.version).where(Activity.id.in_(self._ids(rows)))
        self._versions = dict(self.session.execute(query).all())

    def standing(self, row: Row) -> Activity | None:
        """The activity of a row that was read and checked, as it stands."""
        number = self._id_of(row) or 0
        activity = self._activities.get(number)
        if activity is not None and activity.version != self._versions.get(number):
            return self._read([row]).get(number)
        return activity


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
    key: Key,
    number: int,
    todo: Sequence[Row],
    work: Work[Row],
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
        notes, held = _batch(session, key, number, todo[place:ahead], work)
        if not notes:
            return False
        number, place = number + 1, place + len(notes)
        say(place)
        time.sleep(max(PAUSE, SHARE * held))
    return True


def _batch(
    session: Session, key: Key, number: int, rows: Sequence[Row], work: Work[Row]
) -> tuple[list[dict[str, Any]], float]:
    """Write as many of `rows` as there is time for; what was noted of each, and the seconds others had to wait.

    Nothing is written where the run is ended, or somebody else has written the batch.
    """
    notes: list[dict[str, Any]] = []
    if not _is_mine(session, key, number):
        session.rollback()
        return notes, 0
    begun = time.monotonic()
    work.check(rows)
    for row in rows:
        notes.append(work.do(row))
        if time.monotonic() - begun > LONGEST:
            break
    if not _note(session, key, number, notes):
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


def _is_mine(session: Session, key: Key, number: int) -> bool:
    """Whether the run goes on, and nobody else has written the batch."""
    if not take_over(session, key):
        return False
    return (session.scalar(sa.select(sa.func.max(ImportBatch.number)).where(*_of(key))) or 0) == number - 1


def _note(session: Session, key: Key, number: int, notes: list[dict[str, Any]]) -> bool:
    number_of_import, undoes = key
    session.add(
        ImportBatch(
            import_id=number_of_import, undoes=undoes, number=number, handled=len(notes), at=now(),
            contents={"items": notes},
        )
    )  # fmt: skip
    try:
        session.commit()
    except sa.exc.IntegrityError as error:
        session.rollback()
        if not is_conflict(error):
            raise
        return False
    return True
