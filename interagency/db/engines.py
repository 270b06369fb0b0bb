"""How the database is reached, and how long anybody waits for it.

A page waits less than ten seconds in all for a database that answers no more: PING + CONNECT where a pooled connection
is dead, ANSWER where the server falls silent in the middle of a statement. Commands (`patient`) take their time.
"""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa
from flask import g, has_request_context
from psycopg.errors import _WaitTimeout
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.pool import ConnectionPoolEntry, Pool

CONNECT_SECONDS = 3
# What a connection that lay in the pool is given to say that it is there, before it is replaced.
PING_SECONDS = 2
# PostgreSQL ends a statement itself after STATEMENT and a wait for a lock after LOCK; a server that cannot even do
# that, frozen or behind a dead line, is given up after ANSWER.
LOCK_SECONDS, STATEMENT_SECONDS, ANSWER_SECONDS = 6, 6, 7
FEED_ANSWER_SECONDS = 2
IDLE_IN_TRANSACTION_SECONDS = 60
POOL = {"pool_size": 5, "max_overflow": 10, "pool_timeout": 5}
# A machine that is gone is noticed after half a minute at most, by pages and by commands.
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
FEEDS = "feeds"


def engine_options(address: str, *, patient: bool = False) -> dict[str, Any]:
    """How the database at `address` is reached. A server that went away and came back costs nobody a page.

    `patient`: statements may take as long as they do, as those of migrations and backups.
    """
    options: dict[str, Any] = {"url": address}
    url = sa.make_url(address)
    if url.get_backend_name() == "postgresql":
        arguments: dict[str, Any] = KEEPALIVE | {"connect_timeout": CONNECT_SECONDS}
        if not patient:
            arguments["answer_seconds"] = ANSWER_SECONDS
        options |= POOL | {"pool_pre_ping": True, "connect_args": arguments}
    elif url.database and url.database != ":memory:":
        options |= POOL
    return options


def feed_engine_options(address: str) -> dict[str, Any]:
    """How feeds ask whether they have changed: one statement that reads, so neither a transaction nor a ping.

    The pool grows with the threads that ask at the same moment.
    """
    plain = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None, "pool_size": 0, "pool_pre_ping": False}
    options = engine_options(address) | plain
    if "connect_args" in options:
        options["connect_args"] = options["connect_args"] | {"answer_seconds": FEED_ANSWER_SECONDS}
    return options


class BoundedConnection(psycopg.Connection[Any]):
    """A connection on which nothing is waited for longer than `seconds`; then it is closed."""

    seconds: float = ANSWER_SECONDS

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """What psycopg waits with; raises OperationalError when the time is over."""
        try:
            return super().wait(gen, interval, self.seconds if timeout is None else timeout)
        except _WaitTimeout:
            self.close()
            _give_up()
            raise psycopg.OperationalError(f"no answer within {self.seconds} seconds") from None


def _give_up() -> None:
    """Whatever else this request asks fails at once: its page is to end."""
    if has_request_context():
        g.database_away = True


@event.listens_for(Engine, "do_connect")
def _connect(dialect: Dialect, _entry: ConnectionPoolEntry, arguments: Any, named: dict[str, Any]) -> Any:
    """Connect with a bounded connection where `answer_seconds` are named (None: as the dialect does)."""
    if "answer_seconds" not in named:
        return None
    if has_request_context() and g.get("database_away", False):
        raise psycopg.OperationalError("the database did not answer a moment ago")
    options = {name: value for name, value in named.items() if name != "answer_seconds"}
    try:
        connection = BoundedConnection.connect(*arguments, **options)
    except psycopg.errors.ConnectionTimeout:
        _give_up()
        raise
    connection.seconds = named["answer_seconds"]
    _limit(connection)
    return connection


def _limit(connection: BoundedConnection) -> None:
    """Say the limits to the server, by statement: poolers in between refuse them as options of the connection."""
    limits = {
        "lock_timeout": LOCK_SECONDS,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS,
    }
    if connection.info.server_version >= 140_000:
        limits["client_connection_check_interval"] = 2  # a statement ends when nobody waits for it any more
    connection.autocommit = True
    connection.execute("; ".join(f"SET {name} = '{seconds}s'" for name, seconds in limits.items()))
    connection.autocommit = False


@event.listens_for(Pool, "checkin")
def _shorten(connection: Any, entry: ConnectionPoolEntry) -> None:
    if isinstance(connection, BoundedConnection):
        entry.info["answer_seconds"] = connection.seconds
        connection.seconds = min(PING_SECONDS, connection.seconds)


@event.listens_for(Pool, "checkout")
def _lengthen(connection: Any, entry: ConnectionPoolEntry, _proxy: Any) -> None:
    if isinstance(connection, BoundedConnection):
        connection.seconds = entry.info.pop("answer_seconds", connection.seconds)
