"""`interagency restore --replace` on both databases: whatever fails, what was there stays."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from psycopg import sql
from sqlalchemy.engine import make_url

from interagency.cli import main
from interagency.operations.backup import DATABASE, MANIFEST, backup
from interagency.settings import Settings
from tests.conftest import close, make_app, make_settings
from tests.operations.test_backup import settings_of, titles
from tests.served import COMMAND
from tests.servers import Databases


class World:
    """A service with one activity saved before its backup and one after, and the command at its side."""

    def __init__(self, app: Flask, add_activity: Callable[..., int], folder: Path) -> None:
        self.app, self.settings = app, settings_of(app)
        self.file = folder / "copy.backup"
        add_activity("Before")
        close(app)
        backup(self.settings, self.file)
        add_activity("After")
        close(app)

    @property
    def environment(self) -> dict[str, str]:
        own = {"DATABASE_URL": self.settings.database_url, "DATA_FOLDER": str(self.settings.data_folder)}
        return dict(os.environ) | {f"INTERAGENCY_{name}": value for name, value in own.items()}

    def begin(self, *words: str, preexec: Callable[[], None] | None = None, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words],
            env=self.environment | more, cwd=self.settings.data_folder, text=True, preexec_fn=preexec,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *words: str, **more: str) -> tuple[int, str]:
        """The command's exit code and all it said."""
        result = CliRunner().invoke(main, list(words), env=self.environment | more)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    def refused(self, said: str, file: Path | None = None, **more: str) -> None:
        """`restore --replace` fails with these words, and what was there stays, down to the last file."""
        code, words = self.run("restore", str(file or self.file), "--replace", **more)
        assert code == 1
        assert said in words
        self.holds("Before", "After")

    def holds(self, *expected: str) -> None:
        """The activities, seen by a service that starts; and nothing is left lying about."""
        app = make_app(self.settings)
        assert titles(app) == list(expected)
        close(app)
        assert not [path.name for path in self.settings.data_folder.iterdir() if path.name.startswith("tmp")]

    def changed(self, change: Callable[[bytes], bytes]) -> Path:
        """A backup whose database was changed, with a checksum that fits it."""
        bad = self.file.with_name("bad.backup")
        with zipfile.ZipFile(self.file) as source, zipfile.ZipFile(bad, "w") as target:
            body = change(source.read(DATABASE))
            manifest = json.loads(source.read(MANIFEST)) | {"sha256": sha256(body).hexdigest()}
            target.writestr(MANIFEST, json.dumps(manifest))
            target.writestr(DATABASE, body)
        return bad


@pytest.fixture
def world(app: Flask, add_activity: Callable[..., int], tmp_path_factory: pytest.TempPathFactory) -> World:
    if not settings_of(app).is_sqlite and shutil.which("psql") is None:
        pytest.skip("PostgreSQL's client programs are not installed")
    return World(app, add_activity, tmp_path_factory.mktemp("backups"))


on_postgresql = pytest.mark.parametrize(
    "app", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@pytest.fixture
def admin(world: World) -> Iterator[psycopg.Connection]:
    """The administrator of the server, in the database of the service."""
    address = make_url(world.settings.database_url).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


def own_programs(folder: Path, **programs: str | None) -> str:
    """A PATH with shell scripts in place of PostgreSQL's programs; None: the program is missing."""
    folder.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        real = shutil.which(name)
        assert real
        text = programs.get(name, f'exec {real} "$@"')
        if text is not None:
            (folder / name).write_text(f"#!/bin/sh\n{text.replace('REAL', real)}\n")
            (folder / name).chmod(0o755)
    return str(folder)


def test_it_comes_back_whole(world: World) -> None:
    assert world.run("restore", str(world.file))[0] == 1
    world.holds("Before", "After")
    code, said = world.run("restore", str(world.file), "--replace")
    assert (code, "interagency check" in said) == (0, True), said
    world.holds("Before")
    assert world.run("check")[0] == 0


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, 0.999])
def test_a_cut_database_with_a_checksum_that_fits(world: World, share: float) -> None:
    world.refused("Error: ", world.changed(lambda body: body[: int(len(body) * share)]))


def renumber(world: World, number: str) -> str:
    """Let the database say it is at the migration `number`. Returns what it said before."""
    engine = sa.create_engine(world.settings.database_url)
    with engine.begin() as connection:
        known: str = connection.scalars(sa.text("SELECT version_num FROM alembic_version")).one()
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :new"), {"new": number})
    engine.dispose()
    return known


def test_a_backup_of_a_newer_version(world: World) -> None:
    file = world.file.with_name("newer.backup")
    known = renumber(world, "9999")
    backup(world.settings, file)
    renumber(world, known)
    world.refused("9999", file)


def test_a_full_disk(world: World) -> None:
    def little() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    with world.begin("restore", str(world.file), "--replace", preexec=little) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "as it was" in said
    world.holds("Before", "After")


def test_killed_at_any_moment(world: World) -> None:
    """Before the exchange nothing is changed, after it all is; there is no between."""
    for wait in (0.5, 0.9, 1.3):
        with world.begin("restore", str(world.file), "--replace") as process:
            time.sleep(wait)
            process.kill()
        app = make_app(world.settings)
        assert titles(app) in (["Before", "After"], ["Before"])
        close(app)


def test_a_database_that_is_in_use_is_not_replaced(world: World, add_activity: Callable[..., int]) -> None:
    engine = sa.create_engine(world.settings.database_url)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT count(*) FROM activity"))
        code, said = world.run("restore", str(world.file), "--replace")
    engine.dispose()
    assert code == 1
    assert "stop the service" in said
    world.holds("Before", "After")


# --- SQLite alone ---


def test_what_only_the_log_of_a_killed_service_holds_stays_when_it_fails(
    sqlite_app: Flask, add_activity: Callable[..., int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = World(sqlite_app, add_activity, tmp_path_factory.mktemp("backups"))
    code = (
        "import os, sqlite3; c = sqlite3.connect('interagency.sqlite3'); "
        "c.execute('UPDATE activity SET title = ? WHERE title = ?', ('Logged', 'After')); c.commit(); "
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=world.settings.data_folder, check=False)
    assert (world.settings.data_folder / "interagency.sqlite3-wal").stat().st_size > 0
    assert world.run("restore", str(world.changed(lambda body: body[:5000])), "--replace")[0] == 1
    world.holds("Before", "Logged")
    assert world.run("restore", str(world.file), "--replace")[0] == 0
    world.holds("Before")
    assert (world.settings.data_folder / "interagency.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_damaged_database_is_replaced(
    sqlite_app: Flask, add_activity: Callable[..., int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = World(sqlite_app, add_activity, tmp_path_factory.mktemp("backups"))
    file = world.settings.data_folder / "interagency.sqlite3"
    file.write_bytes(b"no database" * 1000)
    assert world.run("restore", str(world.file), "--replace")[0] == 0
    world.holds("Before")


# --- PostgreSQL alone ---


@pytest.mark.parametrize("program", ["pg_restore", "psql"])
@on_postgresql
def test_a_missing_program(world: World, tmp_path: Path, program: str) -> None:
    world.refused(f"{program} is not installed", PATH=own_programs(tmp_path / "bin", **{program: None}))


@pytest.mark.parametrize("program", ["pg_restore", "psql"])
@on_postgresql
def test_a_program_older_than_the_server(world: World, tmp_path: Path, program: str) -> None:
    old = f"echo '{program} (PostgreSQL) 9.6.24'"
    world.refused(f"{program} is 9", PATH=own_programs(tmp_path / "bin", **{program: old}))


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("pg_restore", 'case "$*" in *--version*|*alembic_version*) exec REAL "$@";; esac; kill -9 $$'),
        ("pg_restore", 'case "$*" in *--version*|*alembic_version*) exec REAL "$@";; esac; exit 0'),
        ("psql", 'case "$*" in *--version*) exec REAL "$@";; esac; head -c 2000 | REAL "$@"'),
        ("psql", 'case "$*" in *--version*) exec REAL "$@";; esac; exit 0'),
    ],
)
@on_postgresql
def test_a_program_that_fails_in_the_middle(world: World, tmp_path: Path, program: str, text: str) -> None:
    world.refused("Error: ", PATH=own_programs(tmp_path / "bin", **{program: text}))


@on_postgresql
def test_the_server_ends_the_connection_in_the_middle(world: World, tmp_path: Path) -> None:
    end = "SELECT pg_terminate_backend(pg_backend_pid());"
    text = f'case "$*" in *--file=-*|*--version*) exec REAL "$@";; esac; REAL "$@" && echo "{end}" >> "${{5#--file=}}"'
    world.refused("as it was", PATH=own_programs(tmp_path / "bin", pg_restore=text))


@on_postgresql
def test_a_timeout_of_the_role_does_not_stop_it(world: World, admin: psycopg.Connection) -> None:
    name = make_url(world.settings.database_url).database
    assert name
    admin.execute(sql.SQL("ALTER DATABASE {} SET statement_timeout = '1ms'").format(sql.Identifier(name)))
    code, said = world.run("restore", str(world.file), "--replace")
    admin.execute(sql.SQL("ALTER DATABASE {} RESET statement_timeout").format(sql.Identifier(name)))
    if code:
        assert "timeout" in said
        world.holds("Before", "After")
    else:
        world.holds("Before")


@on_postgresql
def test_what_is_not_the_service_s_and_hangs_on_its_tables_is_not_dropped(
    world: World, admin: psycopg.Connection
) -> None:
    admin.execute("CREATE SCHEMA reports")
    admin.execute("CREATE VIEW reports.titles AS SELECT title FROM activity")
    world.refused("reports.titles")
    assert admin.execute("SELECT count(*) FROM reports.titles").fetchone() == (2,)


class Role:
    """A service whose role is no superuser and owns its database, as the documents have it."""

    def __init__(self, world: World, admin: psycopg.Connection, databases: Databases) -> None:
        self.name = f"{make_url(world.settings.database_url).database}_role"
        self.world, self.admin = world, admin
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(self.name)))
        own = make_url(world.settings.database_url)
        assert own.database
        self.give(own.database, admin)
        world.settings = self.settings(own.database)
        self.other = databases.create()
        with psycopg.connect(self.admin_address(self.other), autocommit=True) as connection:
            self.give(self.other, connection)
        self.databases = databases

    def admin_address(self, database: str) -> str:
        url = make_url(Databases.address(database)).set(drivername="postgresql")
        return url.render_as_string(hide_password=False)

    def settings(self, database: str) -> Settings:
        url = make_url(Databases.address(database)).set(username=self.name, password="x")
        return make_settings(self.world.settings.data_folder, DATABASE_URL=url.render_as_string(hide_password=False))

    def give(self, database: str, connection: psycopg.Connection) -> None:
        role = sql.Identifier(self.name)
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), role))
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        routines = connection.execute(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        ).fetchall()
        for (name,) in tables:
            connection.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier(name), role))
        for (name,) in routines:
            connection.execute(sql.SQL(f"ALTER ROUTINE {name} OWNER TO {{}}").format(role))

    def end(self) -> None:
        self.databases.drop(self.other)
        for statement in ("REASSIGN OWNED BY {} TO postgres", "DROP OWNED BY {}", "DROP ROLE {}"):
            self.admin.execute(sql.SQL(statement).format(sql.Identifier(self.name)))  # type: ignore[arg-type]


@pytest.fixture
def role(world: World, admin: psycopg.Connection, databases: Databases) -> Iterator[Role]:
    made = Role(world, admin, databases)
    yield made
    made.end()


@on_postgresql
def test_an_extension_of_the_administrator_s_does_not_stop_the_role_of_the_service(
    world: World, admin: psycopg.Connection, role: Role
) -> None:
    admin.execute("CREATE EXTENSION pg_trgm")
    fresh = world.file.with_name("fresh.backup")
    code, said = world.run("backup", str(fresh))
    assert code == 0, said
    code, said = world.run("restore", str(fresh), "--replace")
    assert code == 0, said
    assert admin.execute("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'").fetchone() == (1,)
    world.holds("Before", "After")
    world.settings = role.settings(role.other)
    code, said = world.run("restore", str(fresh))
    assert code == 0, said
    world.holds("Before", "After")


@on_postgresql
def test_a_role_without_rights_is_told_when_the_backup_is_made_and_when_it_is_restored(
    world: World, admin: psycopg.Connection, role: Role
) -> None:
    admin.execute("CREATE VIEW report AS SELECT title FROM activity")
    admin.execute("GRANT SELECT ON report TO PUBLIC")
    code, said = world.run("backup", str(world.file.with_name("one.backup")))
    assert code == 1
    assert "could not be restored" in said
    assert "view public.report of postgres" in said
    world.refused("view public.report of postgres")
    admin.execute("DROP VIEW report")
    admin.execute("ALTER SCHEMA public OWNER TO postgres")
    admin.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    code, said = world.run("backup", str(world.file.with_name("two.backup")))
    assert code == 1
    assert "GRANT CREATE" in said
    world.refused("GRANT CREATE")
    admin.execute("ALTER SCHEMA public OWNER TO pg_database_owner")
