"""A consistent copy of everything while people work, and bringing it back.

A backup is one zip: `manifest.json` and the database, an SQLite file or a pg_dump archive. Restoring checks the
checksum first, and replaces a database that holds something only when told to.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from interagency.settings import Settings

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
MINUTES = 60


class BackupRefusal(ValueError):
    """It cannot be done; the text says why and what to do. Nothing was changed."""


def backup(settings: Settings, target: Path) -> str:
    """Write a backup to `target`, whole or not at all. Returns the SHA-256 of the database in it."""
    if target.exists():
        raise BackupRefusal(f"{target} is there already. Choose another name; a backup never replaces one.")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder:
        copy = Path(folder) / DATABASE
        if settings.is_sqlite:
            _copy_sqlite(_sqlite_path(settings), copy)
        else:
            _run(["pg_dump", "--format=custom", "--no-owner", f"--file={copy}"], settings)
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


def restore(settings: Settings, source: Path, *, replace: bool) -> dict[str, Any]:
    """Bring a backup back. Refuses a damaged one, one of the other engine, and a database that holds something
    unless `replace`. The service must be stopped. Returns the manifest."""
    with tempfile.TemporaryDirectory(dir=_sqlite_path(settings).parent if settings.is_sqlite else None) as folder:
        copy = Path(folder) / DATABASE
        manifest = _unpack(source, copy)
        engine = "sqlite" if settings.is_sqlite else "postgresql"
        if manifest["engine"] != engine:
            raise BackupRefusal(
                f"The backup is of {manifest['engine']} and INTERAGENCY_DATABASE_URL names {engine}. Set it to fit."
            )
        if _holds_something(settings) and not replace:
            raise BackupRefusal(
                "The database holds something. Stop the service, make a backup of it, and say --replace to replace it."
            )
        if settings.is_sqlite:
            _put_sqlite(copy, _sqlite_path(settings))
        else:
            empty_postgresql(settings.database_url)
            command = ["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", "--dbname"]
            _run([*command, _libpq(settings), str(copy)], settings, connect=False)
    return manifest


# --- The archive ---


def _unpack(source: Path, copy: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(source) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
            if manifest.get("format") != FORMAT:
                raise BackupRefusal(f"{source} is of another format. Restore it with the version that made it.")
            with archive.open(DATABASE) as packed, copy.open("wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
    except (OSError, zipfile.BadZipFile, KeyError, EOFError, json.JSONDecodeError) as problem:
        raise BackupRefusal(f"{source} is not a backup, or it is damaged ({problem}).") from None
    if _digest_of(copy) != manifest.get("sha256"):
        raise BackupRefusal(f"{source} is damaged: the database in it does not match its checksum.")
    return manifest


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return _digest(file)


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


# --- SQLite ---


def _sqlite_path(settings: Settings) -> Path:
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


def _put_sqlite(copy: Path, target: Path) -> None:
    """Put the file in place; what the write-ahead log of the old one held goes with it."""
    with copy.open("rb+") as file:
        os.fsync(file.fileno())
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    copy.chmod(0o600)  # as a new database
    copy.replace(target)


# --- PostgreSQL ---


def _libpq(settings: Settings) -> str:
    url = make_url(settings.database_url)
    plain: URL = url.set(drivername="postgresql", password=None)
    return plain.render_as_string(hide_password=False)


def _run(command: list[str], settings: Settings, *, connect: bool = True) -> None:
    """Run one of PostgreSQL's own programs; the password goes by the environment, not the command line."""
    url = make_url(settings.database_url)
    environment = dict(os.environ) | ({"PGPASSWORD": str(url.password)} if url.password else {})
    arguments = [*command, "--dbname", _libpq(settings)] if connect else command
    try:
        done = subprocess.run(  # noqa: S603  (our own arguments, no shell)
            arguments, env=environment, capture_output=True, text=True, timeout=MINUTES * 60, check=False
        )
    except FileNotFoundError:
        raise BackupRefusal(f"{command[0]} is not installed. Install PostgreSQL's client programs.") from None
    except subprocess.TimeoutExpired:
        raise BackupRefusal(f"{command[0]} took more than {MINUTES} minutes and was stopped.") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise BackupRefusal(f"{command[0]} failed: {lines[-1][:300]}")


def _holds_something(settings: Settings) -> bool:
    if settings.is_sqlite and not _sqlite_path(settings).exists():
        return False
    engine = sa.create_engine(settings.database_url)
    try:
        return bool(sa.inspect(engine).get_table_names())
    except sa.exc.DBAPIError as problem:
        if settings.is_sqlite:
            return True  # a file that is no database is something, too
        raise BackupRefusal(f"The database does not answer: {str(problem.orig).splitlines()[0]}") from None
    finally:
        engine.dispose()


def empty_postgresql(address: str) -> None:
    """Delete everything in the database at `address`."""
    engine = sa.create_engine(address)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    finally:
        engine.dispose()
