"""Everything from this database into another one, of either engine, compared row by row before it counts.

Copied is one state of the source. In the target it is one transaction: it holds all of it, or no row at all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from interagency.db.base import MIGRATIONS, Model, alembic, canonical_json, db
from interagency.db.fulltext import FullTextMixin, include_in_autogenerate, rebuild_index
from interagency.operations.backup import exchange_sqlite, known_migrations
from interagency.settings import Settings

BATCH = 1000
# Any number serves; while the source holds it, the same database cannot take it as a target.
LOCK = 1_630_103
# Tables that migrations put rows into: with nothing else a database is empty.
BORN_FILLED = frozenset({"feed_revision"})
LARGEST = {sa.BigInteger: 2**63 - 1, sa.Integer: 2**31 - 1}


class CopyRefusal(ValueError):
    """It cannot be done; the text says why and what to do. The target holds no row of it."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied and compared."""

    tables: int
    rows: int


def copy_to(
    settings: Settings,
    url: str,
    *,
    create_app: Callable[[Settings], Flask],
    replace_target: bool,
    tell: Callable[[str], object],
) -> Copied:
    """Copy all rows of the service's database into the one at `url`, which is migrated first.

    Refuses (CopyRefusal) a target that holds rows unless `replace_target`, the source itself, a source that is
    not at the newest migration, and values the target's engine does not keep; nothing is copied then.
    """
    _know_every_table()
    with _beside(url, replace_target=replace_target) as working:
        return _copy(settings, url, working, create_app=create_app, replace_target=replace_target, tell=tell)


@contextmanager
def _beside(url: str, *, replace_target: bool) -> Iterator[str]:
    """The address that is written to: the target, or for an SQLite file that is replaced another one beside it,
    which takes its place at the end."""
    target = Path(make_url(url).database or "") if url.startswith("sqlite") else None
    if not (replace_target and target is not None and target.is_file()):
        yield url
        return
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        working = Path(folder) / "copy.sqlite3"
        yield f"sqlite:///{working}"
        exchange_sqlite(working, target)


def _copy(
    settings: Settings,
    url: str,
    working: str,
    *,
    create_app: Callable[[Settings], Flask],
    replace_target: bool,
    tell: Callable[[str], object],
) -> Copied:
    source, target = sa.create_engine(settings.database_url), _target_engine(working)
    held = target if working == url else _target_engine(url)
    try:
        with source.connect() as reading:
            _begin_reading(reading)
            _refuse_other_schema(reading)
            _refuse_itself(reading, target, settings.database_url, url)
            _refuse_rows(held, replace_target=replace_target)
            _migrate(create_app(replace(settings, database_url=working)))
            with target.begin() as writing:
                with _without_triggers(writing):
                    _clear_rows(writing)
                    rows = _copy_rows(reading, writing, tell)
                    _compare_rows(reading, writing)
                    _verify_editions(writing)
                _index_words(writing)
                _verify_triggers(reading, writing)
    except sa.exc.DBAPIError as problem:
        raise CopyRefusal(f"A database refused: {str(problem.orig).splitlines()[0]}") from None
    finally:
        for engine in (source, target, held):
            engine.dispose()
    return Copied(len(_tables()), rows)


def _know_every_table() -> None:
    from interagency.operations import tables  # noqa: F401  (the models register themselves)


def _tables() -> list[sa.Table]:
    """Every table, those that others point at first."""
    return list(Model.metadata.sorted_tables)


def _target_engine(url: str) -> sa.Engine:
    try:
        engine = sa.create_engine(url)
        if engine.dialect.name == "sqlite" and not engine.url.database:
            raise CopyRefusal("Name a file: sqlite:////folder/name.sqlite3")
        with engine.connect():
            return engine
    except (sa.exc.ArgumentError, ModuleNotFoundError):
        raise CopyRefusal(
            "The target is not an address of a database. Write postgresql+psycopg://user@host/name"
        ) from None
    except sa.exc.DBAPIError as problem:
        raise CopyRefusal(f"The target does not answer: {str(problem.orig).splitlines()[0]}") from None


# --- One state of the source ---


def _begin_reading(reading: sa.Connection) -> None:
    """On SQLite the begin takes the write lock, so that nobody saves what would be left behind."""
    if reading.dialect.name == "postgresql":
        reading.execution_options(isolation_level="REPEATABLE READ")
        reading.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    else:
        reading.execute(sa.text("SELECT 1"))


def _refuse_itself(reading: sa.Connection, target: sa.Engine, own: str, url: str) -> None:
    same = False
    if reading.dialect.name == target.dialect.name == "sqlite":
        same = Path(make_url(own).database or "").resolve() == Path(make_url(url).database or "").resolve()
    elif reading.dialect.name == target.dialect.name == "postgresql":
        with target.connect() as connection:
            free = connection.scalar(sa.text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK})
            same = not free
    if same:
        raise CopyRefusal("The target is the database that is copied. Name another one.")


def _refuse_other_schema(reading: sa.Connection) -> None:
    if not sa.inspect(reading).has_table("alembic_version"):
        raise CopyRefusal("The database is not ready. Run: interagency db upgrade")
    found = set(reading.scalars(sa.text("SELECT version_num FROM alembic_version")))
    if found != set(ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS]).get_heads()):
        raise CopyRefusal("The database is not at the newest migration. Run first: interagency db upgrade")


# --- The target ---


def _refuse_rows(target: sa.Engine, *, replace_target: bool) -> None:
    """Rows that are in the way are deleted in the transaction of the copy, and only those of this service."""
    with target.connect() as connection:
        filled = [name for name in _filled_tables(connection) if name not in BORN_FILLED]
        if filled and not replace_target:
            raise CopyRefusal(
                f"The target holds rows in {len(filled)} tables ({', '.join(filled[:3])} …). "
                "Name an empty one, or say --replace to delete everything in it first."
            )
        if filled and not _is_of_this_service(connection):
            raise CopyRefusal("The target holds tables of something else, or of a newer version. Name an empty one.")


def _is_of_this_service(connection: sa.Connection) -> bool:
    if not sa.inspect(connection).has_table("alembic_version"):
        return False
    found = set(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))
    return found <= known_migrations()


def _filled_tables(connection: sa.Connection) -> list[str]:
    """Tables with rows, less those of the index of words: they are made from the others."""
    names = [
        name
        for name in sa.inspect(connection).get_table_names()
        if name != "alembic_version" and include_in_autogenerate(name, "table", None)
    ]
    return [
        name
        for name in sorted(names)
        if connection.execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).first()
    ]


def _migrate(app: Flask) -> None:
    """Bring the database of `app`, the target, to the newest migration."""
    with app.app_context():
        alembic.upgrade()
        db.session.close()
        for engine in db.engines.values():
            engine.dispose()


def _clear_rows(writing: sa.Connection) -> None:
    """Rows a migration itself put there, and those that are replaced, give way."""
    if writing.dialect.name == "postgresql":
        writing.exec_driver_sql("TRUNCATE " + ", ".join(f'"{table.name}"' for table in _tables()))
        return
    for name in reversed(_filled_tables(writing)):
        writing.execute(sa.delete(sa.table(name)))


def _index_words(writing: sa.Connection) -> None:
    """The triggers that keep SQLite's index of words were away: it is made from the texts that came."""
    if writing.dialect.name != "sqlite":
        return
    with Session(bind=writing, join_transaction_mode="rollback_only") as session:
        for model in FullTextMixin.__subclasses__():
            rebuild_index(session, model)


@contextmanager
def _without_triggers(writing: sa.Connection) -> Iterator[None]:
    """Rows are put in as they are: no trigger counts or refuses meanwhile. They are back before the commit."""
    if writing.dialect.name == "postgresql":
        for table in _tables():
            writing.exec_driver_sql(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER')
        yield
        for table in _tables():
            writing.exec_driver_sql(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER')
        return
    found = writing.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    for name, _text in found:
        writing.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _name, text in found:
        writing.exec_driver_sql(text)


# --- Rows ---


def _copy_rows(reading: sa.Connection, writing: sa.Connection, tell: Callable[[str], object]) -> int:
    total = 0
    for table in _tables():
        own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
        count, later = 0, []
        for rows in _read(reading, table).partitions(BATCH):
            values = [_checked(table, dict(row._mapping)) for row in rows]
            for one in values:
                # A row that points at one of its own table waits until that one is there.
                later += [(name, one[name], _key(table, one)) for name in own if one[name] is not None]
                one.update(dict.fromkeys(own))
            writing.execute(sa.insert(table), values)
            count += len(values)
        for name, value, key in later:
            same = [column == key[column.name] for column in table.primary_key]
            writing.execute(sa.update(table).where(*same).values({name: value}))
        _set_sequence(writing, table)
        total += count
        if count:
            tell(f"{table.name}: {count}")
    return total


def _columns(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.computed is None]


def _key(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    return {column.name: values[column.name] for column in table.primary_key}


def _read(connection: sa.Connection, table: sa.Table) -> sa.CursorResult[Any]:
    """All rows in the order of the primary key; texts by their bytes, as both engines can."""
    order: list[Any] = []
    for column in table.primary_key:
        if isinstance(column.type, sa.String) and connection.dialect.name == "postgresql":
            order.append(column.collate("C"))
        else:
            order.append(column)
    query = sa.select(*_columns(table)).order_by(*order)
    return connection.execute(query.execution_options(yield_per=BATCH))


def _checked(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    """The row, if both engines keep it. SQLite holds what PostgreSQL refuses: NUL, too long, too large."""
    for column in _columns(table):
        problem = _problem(column, values[column.name])
        if problem:
            where = ", ".join(f"{name} {value!r}" for name, value in _key(table, values).items())
            raise CopyRefusal(f"{table.name} ({where}), {column.name}: {problem}. Correct that record first.")
    return values


def _problem(column: sa.Column[Any], value: Any) -> str:
    if isinstance(value, str):
        if "\x00" in value:
            return "the text holds a NUL character, which PostgreSQL does not keep"
        length = getattr(column.type, "length", None)
        if length is not None and len(value) > length:
            return f"the text has {len(value)} characters, and {length} fit"
    if isinstance(value, int) and not isinstance(value, bool):
        largest = next((most for kind, most in LARGEST.items() if isinstance(column.type, kind)), None)
        if largest is not None and not -largest - 1 <= value <= largest:
            return f"{value} is too large a number"
    if isinstance(column.type, sa.Integer) and isinstance(value, str | bytes | float):
        return f"{value!r} is not a whole number"
    return ""


def _set_sequence(writing: sa.Connection, table: sa.Table) -> None:
    """The next row made gets a number of its own."""
    if writing.dialect.name != "postgresql" or len(table.primary_key) != 1:
        return
    (column,) = table.primary_key
    name = writing.scalar(
        sa.text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": f'"{table.name}"', "column": column.name}
    )
    if name is not None:
        largest = writing.scalar(sa.select(sa.func.max(column)))
        writing.execute(
            sa.text("SELECT setval(CAST(:name AS regclass), :value, :used)"),
            {"name": name, "value": largest or 1, "used": largest is not None},
        )


# --- Comparing ---


def plain(value: Any) -> Any:
    """A value in a form that is equal exactly when both engines mean the same, its kind included."""
    if isinstance(value, dict | list):
        return canonical_json(value)
    if isinstance(value, Decimal):
        return ("number", value.normalize().as_tuple())
    if isinstance(value, bytes | memoryview):
        return ("bytes", bytes(value))
    if isinstance(value, datetime | date | time | float):
        return (type(value).__name__, repr(value))
    return (type(value).__name__, value)


def _compare_rows(reading: sa.Connection, writing: sa.Connection) -> None:
    for table in _tables():
        pairs = zip_longest(_read(reading, table), _read(writing, table))
        for number, (was, became) in enumerate(pairs, 1):
            if was is None or became is None:
                raise CopyRefusal(f"{table.name}: row {number} is missing on one side. Nothing was kept in the target.")
            for column, left, right in zip(_columns(table), was, became, strict=True):
                if plain(left) != plain(right):
                    raise CopyRefusal(
                        f"{table.name}, row {number}, {column.name}: {left!r:.80} became {right!r:.80}. "
                        "Nothing was kept in the target."
                    )


def _verify_editions(writing: sa.Connection) -> None:
    from interagency.exports.matrix_workbook import damaged_files
    from interagency.matrix.cycles.editions import damaged_editions

    with Session(writing, join_transaction_mode="create_savepoint", autoflush=False) as session:
        problems = [*damaged_editions(session), *damaged_files(session)]
    if problems:
        raise CopyRefusal(f"{problems[0]}. Nothing was kept in the target; run: interagency check")


def append_only_tables(connection: sa.Connection) -> set[str]:
    """The tables whose rows the database itself refuses to change or remove."""
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND tgenabled = 'O' AND tgname LIKE '%append_only'"
        )
        return set(connection.execute(sa.text(query)).scalars())
    query = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
    names: dict[str, set[str]] = {}
    for table, name in connection.execute(sa.text(query)):
        names.setdefault(table, set()).add(name)
    return {table for table, found in names.items() if {f"{table}_no_update", f"{table}_no_delete"} <= found}


def _verify_triggers(reading: sa.Connection, writing: sa.Connection) -> None:
    missing = append_only_tables(reading) - append_only_tables(writing)
    if missing:
        raise CopyRefusal(f"The target would not refuse changes to {', '.join(sorted(missing))}. Nothing was kept.")
