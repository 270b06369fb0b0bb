"""A consistent copy of everything while people work, and bringing it back: all of it, or nothing changes.

A backup is one zip: `manifest.json` and the database, an SQLite file or a pg_dump archive. Restoring checks first
whatever can be checked. Then the backup is restored beside what is there, and takes its place in one step: on
PostgreSQL the end of one transaction, on SQLite the renaming of a file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from interagency.db.base import MIGRATIONS
from interagency.db.engines import engine_options
from interagency.operations import postgresql
from interagency.operations.postgresql import BackupRefusal
from interagency.settings import Settings

__all__ = ["DATABASE", "MANIFEST", "BackupRefusal", "backup", "restore", "restore_obstacles"]
FORMAT = 1
_MIGRATION_ROWS = re.compile(r"^COPY public\.alembic_version [^;\n]*;\n((?:[0-9a-f]+\n)*)\\\.$", re.MULTILINE)
MANIFEST, DATABASE = "manifest.json", "database"
IN_USE = "The database is in use, so it was not replaced: stop the service and everybody else who has it open."
HOLDS_SOMETHING = (
    "The database holds something. Stop the service, make a backup of it, and say --replace to replace it."
)


def backup(settings: Settings, target: Path) -> str:
    """Write a backup to `target`, whole or not at all. Returns the SHA-256 of the database in it."""
    if target.exists():
        raise BackupRefusal(f"{target} is there already. Choose another name; a backup never replaces one.")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder:
        copy = Path(folder) / DATABASE
        if settings.is_sqlite:
            _copy_sqlite(_sqlite_path(settings), copy)
        else:
            _dump_postgresql(settings, copy)
        digest = _digest_of(copy)
        manifest = {
            "format": FORMAT,
            "engine": "sqlite" if settings.is_sqlite else "postgresql",
            "made_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
            "sha256": digest,
        }
        part = Path(folder) / "backup.zip"
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
            archive.write(copy, DATABASE)
        part.chmod(0o600)  # it holds everything
        part.replace(target)
    return digest


def restore_obstacles(settings: Settings) -> list[str]:
    """Why the role of the service could not bring a backup of this database back here, each with what to do."""
    if settings.is_sqlite:
        return []
    with _postgresql_connection(settings) as connection:
        return postgresql.obstacles(connection)


def restore(settings: Settings, source: Path, *, replace: bool) -> dict[str, Any]:
    """Bring a backup back. Refuses (BackupRefusal) a damaged one, one of the other engine or of a newer version, and
    a database that holds something unless `replace`; whatever fails, what was there stays. The service must be
    stopped. Returns the manifest."""
    beside = _sqlite_path(settings).parent if settings.is_sqlite else None
    try:
        with tempfile.TemporaryDirectory(dir=beside) as folder:
            copy = Path(folder) / DATABASE
            manifest = _unpack(source, copy)
            engine = "sqlite" if settings.is_sqlite else "postgresql"
            if manifest["engine"] != engine:
                raise BackupRefusal(
                    f"The backup is of {manifest['engine']} and INTERAGENCY_DATABASE_URL names {engine}. Set it to fit."
                )
            put = _put_sqlite if settings.is_sqlite else _put_postgresql
            put(settings, copy, replace=replace)
    except OSError as problem:
        where = problem.filename or beside or tempfile.gettempdir()
        raise BackupRefusal(f"{problem.strerror} ({where}). The database is as it was.") from None
    return manifest


def _unpack(source: Path, copy: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(source) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
            if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
                raise BackupRefusal(f"{source} is of another format. Restore it with the version that made it.")
            with archive.open(DATABASE) as packed, copy.open("xb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, KeyError, EOFError, ValueError) as problem:
        if isinstance(problem, BackupRefusal):
            raise
        raise BackupRefusal(f"{source} is not a backup, or it is damaged ({problem}).") from None
    if _digest_of(copy) != manifest.get("sha256"):
        raise BackupRefusal(f"{source} is damaged: the database in it does not match its checksum.")
    return manifest


def known_migrations() -> set[str]:
    """All migrations of this version of the service."""
    directory = ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS])
    return {script.revision for script in directory.walk_revisions()}


def _refuse_unknown(revisions: list[str]) -> str:
    """The one migration the backup is at; BackupRefusal where this version does not know it."""
    known = {script.revision for script in ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS]).walk_revisions()}
    if len(revisions) != 1 or revisions[0] not in known:
        at = ", ".join(revisions) or "none"
        raise BackupRefusal(
            f"The backup is of another version of the service (migration {at}). Put that version, or a newer one, "
            "in place and restore with it."
        )
    return revisions[0]


def _digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- SQLite ---


def _sqlite_path(settings: Settings) -> Path:
    """The file of the database. Refuses one that lives in memory."""
    name = make_url(settings.database_url).database
    if not name or name == ":memory:":
        raise BackupRefusal("This database lives in memory only.")
    return Path(name)


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own online copy: consistent, while others write."""
    if not source.exists():
        raise BackupRefusal("There is no database yet. Run: interagency db upgrade")
    reading, writing = sqlite3.connect(source, timeout=30), sqlite3.connect(target)
    try:
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")
        (state,) = writing.execute("PRAGMA integrity_check").fetchone()
        if state != "ok":
            raise BackupRefusal(f"The database is damaged: {state}. Restore the last good backup.")
    except sqlite3.Error as problem:
        raise BackupRefusal(f"The database could not be copied: {problem}.") from None
    finally:
        reading.close()
        writing.close()


def _put_sqlite(settings: Settings, copy: Path, *, replace: bool) -> None:
    target = _sqlite_path(settings)
    _refuse_unknown(_check_sqlite(copy))
    if target.exists() and not replace and _holds_tables(target):
        raise BackupRefusal(HOLDS_SOMETHING)
    exchange_sqlite(copy, target)


def exchange_sqlite(copy: Path, target: Path) -> None:
    """Let the database in the file `copy` take the place of the one in `target`, in the same folder's file system.

    Refuses (BackupRefusal) while anybody has the old one open.
    """
    for path in (target, copy):
        if path.exists():
            _settle_sqlite(path)
    copy.chmod(0o600)  # it holds everything
    with copy.open("rb+") as file:
        os.fsync(file.fileno())
    copy.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check_sqlite(copy: Path) -> list[str]:
    """Its migrations. Refuses a file that SQLite finds damaged or that is none of ours."""
    try:
        with closing(sqlite3.connect(copy)) as connection:
            (state,) = connection.execute("PRAGMA integrity_check").fetchone()
            if state != "ok" or connection.execute("PRAGMA foreign_key_check").fetchone():
                raise BackupRefusal(f"The database in the backup is damaged ({state}). Take an older backup.")
            return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
    except sqlite3.Error as problem:
        raise BackupRefusal(f"What is in the backup is no database of this service ({problem}).") from None


def _holds_tables(target: Path) -> bool:
    try:
        with closing(sqlite3.connect(target)) as connection:
            return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None
    except sqlite3.Error:
        return True  # a file that is no database is something, too


def _settle_sqlite(target: Path) -> None:
    """Bring what the write-ahead log holds into the file, so that no log of it is left beside the next one.

    Refuses while anybody has it open. A damaged file cannot be asked: its log is put aside, under a name of its own.
    """
    try:
        with closing(sqlite3.connect(target, timeout=1, isolation_level=None)) as connection:
            # Leaving WAL needs the file for oneself alone: https://www.sqlite.org/wal.html
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            if mode != "delete":
                raise BackupRefusal(IN_USE)
    except sqlite3.OperationalError as problem:
        if "locked" in str(problem) or "busy" in str(problem):
            raise BackupRefusal(IN_USE) from None
        raise BackupRefusal(f"The database that is to be replaced cannot be opened: {problem}.") from None
    except sqlite3.DatabaseError:
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                target.with_name(target.name + suffix).rename(target.with_name(f"{target.name}{suffix}.damaged"))


# --- PostgreSQL ---


@contextmanager
def _postgresql_connection(settings: Settings) -> Iterator[sa.Connection]:
    """A connection for a few questions; BackupRefusal where the database does not answer."""
    engine = sa.create_engine(**engine_options(settings.database_url, patient=True))
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.DBAPIError as problem:
        raise BackupRefusal(f"The database does not answer: {str(problem.orig).splitlines()[0]}") from None
    finally:
        engine.dispose()


def _dump_postgresql(settings: Settings, target: Path) -> None:
    """The tables and functions of the service: no extension, no schema, which belong to the server's administrator."""
    with _postgresql_connection(settings) as connection:
        postgresql.require_programs(settings, postgresql.server_version(connection), "pg_dump")
        if not sa.inspect(connection).has_table("alembic_version", schema=postgresql.SCHEMA):
            raise BackupRefusal("There is no database yet. Run: interagency db upgrade")
    arguments = ["--format=custom", "--no-owner", f"--schema={postgresql.SCHEMA}", f"--file={target}"]
    try:
        postgresql.run_program(settings, "pg_dump", *arguments, "--dbname", postgresql.libpq_address(settings))
    except BackupRefusal as refusal:
        raise BackupRefusal(" ".join([f"{refusal}.", *restore_obstacles(settings)])) from None


def _put_postgresql(settings: Settings, copy: Path, *, replace: bool) -> None:
    with _postgresql_connection(settings) as connection:
        server = postgresql.server_version(connection)
        postgresql.require_programs(settings, server, "pg_restore", "psql")
        if postgresql.drop_statements(connection) and not replace:
            raise BackupRefusal(HOLDS_SOMETHING)
        obstacles = postgresql.obstacles(connection)
    revision = _refuse_unknown(_archived_revisions(settings, copy))
    if obstacles:
        raise BackupRefusal(" ".join([*obstacles, "The database is as it was."]))
    postgresql.restore_archive(settings, copy, revision)


def _archived_revisions(settings: Settings, archive: Path) -> list[str]:
    """The migrations a pg_dump archive is at, read from it."""
    one = ["--data-only", f"--schema={postgresql.SCHEMA}", "--table=alembic_version", "--file=-"]
    text = postgresql.run_program(settings, "pg_restore", *one, str(archive))
    rows = _MIGRATION_ROWS.search(text)
    if rows is None:
        raise BackupRefusal("What is in the backup is no database of this service.")
    return rows[1].split()
