"""Base model, column types, session and engine pragmas."""

from __future__ import annotations

import enum
import json
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask, current_app, g, has_app_context, has_request_context, request
from flask_alembic import Alembic
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, Session, declared_attr, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from interagency.text.dates import Precision

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# A page that waits for somebody else's lock ends in words within ten seconds, see engines.py; a command waits on.
BUSY_TIMEOUT_MS = 6_000
BEST_EFFORT_TIMEOUT_MS = 100
PAGE_WAIT_SECONDS, COMMAND_WAIT_SECONDS = 6, 60
log = logging.getLogger("interagency")
MIGRATIONS = Path(__file__).parents[1] / "migrations"


# A key that is taken, or a record referred to that is gone: PostgreSQL's SQLSTATE (its appendix A), SQLite's codes.
CONFLICTS = frozenset(
    {
        "23505",  # unique_violation
        "23503",  # foreign_key_violation
        "23001",  # restrict_violation: the same from PostgreSQL 18 on, where the key says RESTRICT
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
        sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
    }
)


def is_conflict(error: DBAPIError) -> bool:
    """Whether the database refused because of what somebody else wrote: a unique or a foreign key does not hold.

    A CHECK, NOT NULL or trigger that refuses is a fault of the service, whoever else writes.
    """
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_CONSTRAINT_TRIGGER:  # SQLite enforces RESTRICT by a trigger of its own
        return "FOREIGN KEY" in str(error.orig)
    return code in CONFLICTS


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An instant: stored in UTC, refused when naive, read back aware."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Model(DeclarativeBase):
    """Base of every table. Constraints are named by one convention so that migrations can find them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        str: sa.Text(),
        datetime: UtcDateTime(),
        dict[str, Any]: sa.JSON(),
        list[str]: sa.JSON(),
        enum.StrEnum: sa.Enum(
            enum.StrEnum,
            values_callable=lambda kind: [member.value for member in kind],
            native_enum=False,
            create_constraint=True,
            length=40,
        ),
    }


def precision_column(name: str) -> MappedColumn[Precision | None]:
    """The precision beside an imprecise date; `name` is the column's own."""
    kind = sa.Enum(
        Precision,
        name=name,
        values_callable=lambda kind: [member.value for member in kind],
        native_enum=False,
        create_constraint=True,
        length=40,
    )
    return mapped_column(name, kind)


def now() -> datetime:
    """This instant, in UTC, whole seconds: what the database keeps on both engines."""
    return datetime.now(UTC).replace(microsecond=0)


def canonical_json(value: Any) -> str:
    """One text for one value: keys sorted, nothing optional. For checksums and comparisons."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Versioned:
    """A record people edit: a save names the version it was read at, a stale save is a conflict."""

    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"version_id_col": cls.version}


class RequestSession(Session):
    """A session whose end cannot fail: a connection that was lost holds nothing that could be rolled back."""

    def rollback(self) -> None:
        """Give up what was begun."""
        self._end(super().rollback)

    def close(self) -> None:
        """Give up what was begun, and the connection."""
        self._end(super().close)

    def _end(self, end: Callable[[], None]) -> None:
        try:
            end()
        except DBAPIError as error:
            log.warning("database: connection lost at the end: %s", type(error.orig).__name__)
            self.invalidate()


db = SQLAlchemy(
    # Parameters are what people typed: they stay out of the messages of errors, and so out of the log.
    engine_options={"json_serializer": canonical_json, "hide_parameters": True},
    session_options={"autoflush": False, "class_": RequestSession},
)
alembic = Alembic(metadatas=Model.metadata)


def start_write_transaction() -> None:
    """From here on this GET writes, as the return from single sign-on must: its transaction takes the lock at once."""
    db.session.rollback()
    g.writes = True


@contextmanager
def read_only(app: Flask, *, request_id: str = "") -> Iterator[None]:
    """A context of `app` outside of any request whose transactions leave the lock to those who write."""
    with app.app_context():
        g.read_only = True
        g.request_id = request_id
        yield


@contextmanager
def reading() -> Iterator[None]:
    """Transactions that begin inside leave the write lock to others, in a command or a view that writes besides.

    For long reading between writes: what is open before and at the end inside is committed by the caller.
    """
    before = g.get("read_only", False)
    g.read_only = True
    try:
        yield
    finally:
        g.read_only = before


View = TypeVar("View", bound=Callable[..., Any])


def defer_write_lock(view: View) -> View:
    """A view that reads and checks much before it writes: others may write meanwhile. It calls `acquire_write_lock`."""
    view.defer_write_lock = True  # type: ignore[attr-defined]
    return view


def acquire_write_lock() -> None:
    """The end of reading in a view that `defer_write_lock`: from here on others wait, as they do for every writer.

    What the session has loaded stays and may be older than the database by now: what is written over it must be
    versioned, so that a save in between is a conflict, as it is on PostgreSQL all along.
    """
    connection = db.session.connection()
    if connection.dialect.name != "sqlite" or not _is_read_transaction():
        return
    g.writes = True
    raw: Any = connection.connection.dbapi_connection
    raw.execute("ROLLBACK").close()
    _begin_writing(connection)


def write_best_effort(statement: sa.Update) -> None:
    """Write what no page waits for, such as when somebody was last seen.

    For after the page is made: what the session still holds unsaved is given up. A database that is busy or
    away leaves it out: the next page tries again.
    """
    db.session.rollback()
    try:
        with db.engine.connect() as connection:
            short = connection.dialect.name == "sqlite"
            try:
                if short:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout={BEST_EFFORT_TIMEOUT_MS}")
                connection.execute(statement)
            finally:
                if short:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            connection.commit()
    except (DBAPIError, sa.exc.TimeoutError) as error:
        log.info("left out: %s", type(error).__name__)


@event.listens_for(Engine, "do_connect")
def _create_private(dialect: Dialect, _entry: ConnectionPoolEntry, names: Any, _options: Any) -> None:
    """A new SQLite file is its owner's alone; what SQLite puts beside it gets the same rights."""
    if dialect.name == "sqlite" and names and names[0] != ":memory:" and not names[0].startswith("file:"):
        with suppress(OSError):  # it is there, or its folder is not, which connecting says
            os.close(os.open(names[0], os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we say BEGIN ourselves, see below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # nothing acknowledged is lost, even when the power goes
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: sa.Connection) -> None:
    """Writers take the lock when they begin.

    A deferred transaction that reads first and writes later is refused at once when somebody else
    wrote in between: the busy timeout does not apply to it. Only a page that cannot write goes without.
    """
    if connection.dialect.name != "sqlite":
        return
    if _is_read_transaction():
        connection.exec_driver_sql("BEGIN")
    else:
        _begin_writing(connection)


def _is_read_transaction() -> bool:
    if has_app_context() and g.get("read_only", False):
        return True
    if not has_request_context() or g.get("writes", False):
        return False
    if request.method in SAFE_METHODS:
        return True
    return hasattr(current_app.view_functions.get(request.endpoint or ""), "defer_write_lock")


def _pause(waited: float) -> float:
    """How long until the lock is asked for again: the longer somebody waits, the oftener."""
    return 0.025 if waited < 2 else 0.01 if waited < 10 else 0.004


def _begin_writing(connection: sa.Connection) -> None:
    """Take the write lock, in the order of coming more or less, within a minute; a page gives up after some seconds
    in which nobody else has saved anything, for then the lock is held and not handed on.

    SQLite's own waiting asks ever more seldom, so that those who come later are first: with sixteen waiting, one
    in five was refused after ten seconds.
    """
    raw: Any = connection.connection.dbapi_connection
    patience = PAGE_WAIT_SECONDS if has_request_context() else COMMAND_WAIT_SECONDS
    begun = moved = time.monotonic()
    version = None
    raw.execute("PRAGMA busy_timeout=0").close()
    try:
        while True:
            try:
                raw.execute("BEGIN IMMEDIATE").close()
                return
            except sqlite3.OperationalError as error:
                at = time.monotonic()
                waited, (now_at,) = at - begun, raw.execute("PRAGMA data_version").fetchone()
                if now_at != version:  # somebody has committed: the queue moves
                    version, moved = now_at, at
                if "locked" not in str(error) or at - moved > patience or waited > COMMAND_WAIT_SECONDS:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails as a statement of ours does
                    return
                time.sleep(_pause(waited))
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}").close()
