"""Where attempts are counted unless a setting names Redis: in the database, so that all processes count together.

`limits` knows no SQL database. On PostgreSQL the counts are a table of the database that no crash need spare; on SQLite
a file beside it, since who attempts something must not wait for the lock of those who write.
"""

from __future__ import annotations

import time
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from limits.storage import Storage
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from interagency.db.engines import engine_options

SCHEME = "database"
FILE = "attempts.sqlite3"
_CREATE = (
    "CREATE {kind} IF NOT EXISTS attempt_count "
    "(name CHAR(64) PRIMARY KEY, number INTEGER NOT NULL, until DOUBLE PRECISION NOT NULL)"
)
_COUNT = sa.text(
    "INSERT INTO attempt_count (name, number, until) VALUES (:name, :amount, :until) ON CONFLICT (name) DO UPDATE SET "
    "number = CASE WHEN attempt_count.until <= :now THEN 0 ELSE attempt_count.number END + excluded.number, "
    "until = CASE WHEN attempt_count.until <= :now THEN excluded.until ELSE attempt_count.until END "
    "RETURNING number"
)
_READ = sa.text("SELECT number, until FROM attempt_count WHERE name = :name AND until > :now")
_FORGET = sa.text("DELETE FROM attempt_count WHERE until <= :now")


class DatabaseStorage(Storage):
    """Counters with an end, one row each, raised in one statement. Names (addresses of people) are kept as hashes."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012  (limits reads it from the class)

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_options: Any) -> None:
        """`uri` is `database:` and the address of the service's database."""
        super().__init__(uri, wrap_exceptions)
        self._url = sa.make_url(uri.removeprefix(f"{SCHEME}:"))

    @property
    def base_exceptions(self) -> type[Exception]:
        return DBAPIError

    @cached_property
    def _engine(self) -> sa.Engine:
        """Made when something is first counted, in the process that counts it."""
        sqlite = self._url.get_backend_name() == "sqlite"
        url = self._url.set(database=str(Path(self._url.database or "").with_name(FILE))) if sqlite else self._url
        options = engine_options(url.render_as_string(hide_password=False))
        unpooled = {name: value for name, value in options.items() if name in ("url", "connect_args")}
        engine = sa.create_engine(**unpooled, poolclass=NullPool, hide_parameters=True)
        with engine.begin() as connection:
            connection.exec_driver_sql(_CREATE.format(kind="TABLE" if sqlite else "UNLOGGED TABLE"))
        return engine

    def _name(self, key: str) -> str:
        return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` under `key` for `expiry` seconds from the first on; how many there are."""
        now = time.time()
        values = {"name": self._name(key), "amount": amount, "until": now + expiry, "now": now}
        with self._engine.begin() as connection:
            number = int(connection.execute(_COUNT, values).scalar_one())
            if number == amount:  # the first of its time: a good moment to forget others
                connection.execute(_FORGET, {"now": now})
        return number

    def _row(self, key: str) -> tuple[int, float]:
        now = time.time()
        with self._engine.connect() as connection:
            row = connection.execute(_READ, {"name": self._name(key), "now": now}).one_or_none()
        return (int(row[0]), float(row[1])) if row else (0, now)

    def get(self, key: str) -> int:
        """How many were counted under `key`."""
        return self._row(key)[0]

    def get_expiry(self, key: str) -> float:
        """When counting under `key` begins anew, in seconds since 1970."""
        return self._row(key)[1]

    def check(self) -> bool:
        """Whether the database answers."""
        self.__dict__.pop("_engine", None)  # the table may have gone with a database that was replaced
        try:
            self._row("")
        except DBAPIError:
            return False
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        with self._engine.begin() as connection:
            return int(connection.exec_driver_sql("DELETE FROM attempt_count").rowcount)

    def clear(self, key: str) -> None:
        """Forget what was counted under `key`."""
        with self._engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM attempt_count WHERE name = :name"), {"name": self._name(key)})
