"""Many records written in short transactions, so that others save in between, with a journal of how far it came.

The journal is written with the records of its batch: whatever stops the work, what is noted was done, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from interagency.db.base import is_conflict, now, reading

LONGEST = 0.25  # seconds that one batch may keep others from writing
MOST = 25  # rows of a batch, read at once
# Seconds between two, and as a share of how long the one took: who waits for SQLite's lock asks for it every 0.025, and
# later where the processors are busy.
PAUSE, SHARE = 0.06, 0.3

Row = TypeVar("Row")
Row_contra = TypeVar("Row_contra", contravariant=True)
Key = tuple[int, bool]  # of a run: the import, and whether it undoes


class RunColumns:
    """The taking in of an import, or its undoing, once begun: what was confirmed, so that it can go on."""

    undoes: Mapped[bool] = mapped_column(primary_key=True)
    plan: Mapped[dict[str, Any]]
    # How many rows there are to do, more or less.
    total: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
    done_at: Mapped[datetime | None]


class BatchColumns:
    """Rows of a run that are done, written in the transaction that did them. They tell what the import did."""

    import_id: Mapped[int] = mapped_column(primary_key=True)
    undoes: Mapped[bool] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    handled: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
    # {"items": what was done to each row}
    contents: Mapped[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Journal:
    """What was noted of each row that is behind a run, in the order it was done, and the number of the next batch."""

    items: list[dict[str, Any]]
    number: int


class Work(Protocol[Row_contra]):
    """What is done to the rows of a run."""

    def read(self, rows: Sequence[Row_contra]) -> None:
        """Read ahead what the rows need, while others may write."""

    def check(self, rows: Sequence[Row_contra]) -> None:
        """In the transaction that writes: see what was written since."""

    def do(self, row: Row_contra) -> dict[str, Any]:
        """Write one; what the journal says of it. What is not known before the batch is flushed may be added to it by
        `settle`.
        """

    def settle(self) -> None:
        """After the last row of a batch, before it is noted."""


@contextmanager
def keeping_what_is_read(session: Session) -> Iterator[None]:
    """What was read stays read over the commits inside: lists of reference, and who does it."""
    before, session.expire_on_commit = session.expire_on_commit, False
    try:
        yield
    finally:
        session.expire_on_commit = before
        session.expire_all()


class Runs:
    """The runs of one kind of import: `run` and `batch` are the models of its two tables."""

    def __init__(self, run: Any, batch: Any) -> None:
        self.run, self.batch = run, batch

    def under_way(self, session: Session, import_id: int) -> Any | None:
        """The run of an import that was begun and is not done; None where there is none."""
        query = sa.select(self.run).where(self.run.import_id == import_id, self.run.done_at.is_(None))
        return session.scalar(query.execution_options(populate_existing=True))

    def all_under_way(self, session: Session) -> set[int]:
        """The imports that were begun and are not done."""
        return set(session.scalars(sa.select(self.run.import_id).where(self.run.done_at.is_(None))))

    def rows_done(self, session: Session, key: Key) -> int:
        """How many rows of a run are behind it."""
        query = sa.select(sa.func.coalesce(sa.func.sum(self.batch.handled), 0))
        return int(session.scalar(query.where(*self._of(key))) or 0)

    def _of(self, key: Key) -> tuple[sa.ColumnElement[bool], ...]:
        return self.batch.import_id == key[0], self.batch.undoes == key[1]

    def journal(self, session: Session, key: Key) -> Journal:
        """The journal of a run as it stands: read by one statement, so that items and number belong together."""
        columns = (self.batch.number, self.batch.contents)
        query = sa.select(*columns).where(*self._of(key)).order_by(self.batch.number)
        batches = session.execute(query).all()
        items = [item for _number, contents in batches for item in contents["items"]]
        return Journal(items, batches[-1].number + 1 if batches else 1)

    def take_over(self, session: Session, key: Key) -> bool:
        """Whether a run goes on; nobody else writes for it until the end of this transaction."""
        query = sa.select(self.run.import_id).where(
            self.run.import_id == key[0], self.run.undoes == key[1], self.run.done_at.is_(None)
        )
        return session.scalar(query.with_for_update()) is not None

    def close(self, session: Session, key: Key, at: datetime) -> None:
        """End a run; its journal stays. The caller commits."""
        runs = sa.update(self.run).where(self.run.import_id == key[0], self.run.undoes == key[1])
        session.execute(runs.values(done_at=at).execution_options(synchronize_session=False))

    def work_through(
        self,
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
            notes, held = self._batch(session, key, number, todo[place:ahead], work)
            if not notes:
                return False
            number, place = number + 1, place + len(notes)
            say(place)
            time.sleep(max(PAUSE, SHARE * held))
        return True

    def _batch(
        self, session: Session, key: Key, number: int, rows: Sequence[Row], work: Work[Row]
    ) -> tuple[list[dict[str, Any]], float]:
        """Write as many of `rows` as there is time for; what was noted of each, and the seconds others had to wait.

        Nothing is written where the run is ended, or somebody else has written the batch.
        """
        notes: list[dict[str, Any]] = []
        if not self._is_mine(session, key, number):
            session.rollback()
            return notes, 0
        begun = time.monotonic()
        work.check(rows)
        for row in rows:
            notes.append(work.do(row))
            if time.monotonic() - begun > LONGEST:
                break
        work.settle()
        if not self._note(session, key, number, notes):
            return [], 0
        return notes, time.monotonic() - begun

    def _is_mine(self, session: Session, key: Key, number: int) -> bool:
        """Whether the run goes on, and nobody else has written the batch."""
        if not self.take_over(session, key):
            return False
        return (session.scalar(sa.select(sa.func.max(self.batch.number)).where(*self._of(key))) or 0) == number - 1

    def _note(self, session: Session, key: Key, number: int, notes: list[dict[str, Any]]) -> bool:
        number_of_import, undoes = key
        session.add(
            self.batch(
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
