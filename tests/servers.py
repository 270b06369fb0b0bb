"""PostgreSQL and Redis of the tests' own, and where all their files are: for one run, thrown away also when it is killed.

`begin` starts a keeper, this module as a process of its own. It runs the servers for as long as the pipe to it is
open, and the system closes the pipe when the process of the run is gone, however it went. Workers of pytest-xdist
find the servers in the environment, which they inherit.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import redis
from psycopg import sql
from sqlalchemy.engine import make_url

POSTGRESQL, REDIS, RUN = "INTERAGENCY_TEST_POSTGRESQL", "INTERAGENCY_TEST_REDIS", "INTERAGENCY_TEST_RUN"
ROOT = Path(__file__).parents[1]
START_SECONDS = 60
# Files in memory where there is room: a copied database and its commits take a sixth of the time. Six workers use 1 GB.
MEMORY, ROOM = Path("/dev/shm"), 4 << 30
STOP_SECONDS = 10
# Nothing here outlives the run, so nothing waits for a disk.
FLAGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "autovacuum": "off",
}


def begin() -> None:
    """Start what `INTERAGENCY_TEST_POSTGRESQL` and `INTERAGENCY_TEST_REDIS` do not name and this machine has.

    Sets both variables. Returns at once: whoever needs a server first waits for it (`wait_for`).
    """
    run = secrets.token_hex(4)
    folder = Path(tempfile.mkdtemp(prefix="interagency-tests-", dir=_memory()))
    folder.chmod(0o711)  # the account PostgreSQL runs under gets to its own part
    (folder / "files").mkdir()
    plan: dict[str, str | int] = {"run": run, "folder": str(folder)}
    found = {RUN: run, "PYTEST_DEBUG_TEMPROOT": str(folder / "files"), "TMPDIR": str(folder / "files")}
    programs = postgresql_programs()
    if programs is not None:
        found["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"  # pg_dump of the same version
    if POSTGRESQL in os.environ:
        plan["given"] = os.environ[POSTGRESQL]
    elif programs is not None:
        plan |= {"programs": str(programs), "port": free_port(), "password": secrets.token_urlsafe(16)}
        found[POSTGRESQL] = f"postgresql+psycopg://postgres:{plan['password']}@127.0.0.1:{plan['port']}/postgres"
    if REDIS not in os.environ and shutil.which("redis-server") is not None:
        plan["redis"] = free_port()
        found[REDIS] = f"redis://127.0.0.1:{plan['redis']}"
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.servers"],
        stdin=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,  # an interrupt is for the run: its end is what ends the servers
        text=True,
    )
    assert keeper.stdin is not None
    keeper.stdin.write(json.dumps(plan) + "\n")
    keeper.stdin.flush()
    _begun.append((keeper, {name: os.environ.get(name) for name in found}))
    os.environ.update(found)


def _memory() -> Path | None:
    """A folder that is no disk, where this machine has one with enough room; whoever sets `TMPDIR` decides."""
    there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if there and "TMPDIR" not in os.environ else None


_begun: list[tuple[subprocess.Popen[str], dict[str, str | None]]] = []


def end() -> None:
    """End what `begin` started, drop what the run left on a server it was given, and take the variables back."""
    while _begun:
        keeper, before = _begun.pop()
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()
        for name, text in before.items():
            if text is None:
                del os.environ[name]
            else:
                os.environ[name] = text


def postgresql_programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs on this machine."""
    debian = Path("/usr/lib/postgresql")
    versions = [folder for folder in debian.glob("*/bin") if (folder / "initdb").exists()]
    if versions:
        return max(versions, key=lambda folder: [int(part) for part in folder.parent.name.split(".") if part.isdigit()])
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


def free_port() -> int:
    """A port of loopback nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def postgresql_answers() -> bool:
    """Whether the tests' PostgreSQL takes connections now."""
    with suppress(psycopg.Error), _connect(os.environ[POSTGRESQL]):
        return True
    return False


def redis_answers() -> bool:
    """Whether the tests' Redis answers now."""
    with suppress(redis.RedisError), redis.Redis.from_url(os.environ[REDIS], socket_connect_timeout=3) as server:
        return bool(server.ping())
    return False


def wait_for(answers: Callable[[], bool]) -> None:
    """Until a server answers; its keeper writes to the standard error why one does not."""
    until = time.monotonic() + START_SECONDS
    while not answers():
        if time.monotonic() > until:
            raise TimeoutError(f"a server of the tests does not answer: {answers.__name__}")
        time.sleep(0.1)


def _connect(address: str) -> psycopg.Connection:
    target = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(target, connect_timeout=3, autocommit=True)


class Databases:
    """Databases on the tests' PostgreSQL, made and dropped over one connection."""

    def __init__(self) -> None:
        wait_for(postgresql_answers)
        self.connection = _connect(os.environ[POSTGRESQL])

    @staticmethod
    def address(name: str) -> str:
        """What `INTERAGENCY_DATABASE_URL` says for the database `name`."""
        return make_url(os.environ[POSTGRESQL]).set(database=name).render_as_string(hide_password=False)

    def create(self, template: str | None = None, *, label: str | None = None) -> str:
        """A new database, a copy of `template` where one is named; its name, which ends in `label` if one is given."""
        name = f"interagency_test_{os.environ[RUN]}_{label or secrets.token_hex(4)}"
        statement: sql.Composable = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        if self.connection.info.server_version >= 150000:
            statement += sql.SQL(" STRATEGY FILE_COPY")  # what 14 always does; four times as fast as by the log
        self.connection.execute(statement)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def close(self) -> None:
        """End the connection."""
        self.connection.close()


# --- The keeper ---


def keep() -> None:
    """Run the servers of the plan that is read first, until the pipe it came by is closed."""
    plan = json.loads(sys.stdin.readline() or "{}")
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit())
    with ExitStack() as stack:
        whole = Path(plan["folder"])
        stack.callback(shutil.rmtree, whole, ignore_errors=True)
        folder = whole / "servers"
        folder.mkdir()
        if "redis" in plan:
            stack.enter_context(_redis(folder, plan["redis"]))
        if "programs" in plan:
            stack.enter_context(_postgresql(folder, Path(plan["programs"]), plan["port"], plan["password"]))
        if "given" in plan:
            stack.callback(_drop_all, plan["given"], f"interagency_test_{plan['run']}_")
        sys.stdin.read()


@contextmanager
def _process(log: Path, command: list[str | Path], **how: object) -> Iterator[None]:
    """A server, until the end of the block. Of one that ended before, what it wrote is shown."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # type: ignore[call-overload]
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **how
        )
    try:
        yield
    finally:
        if process.poll() is not None:
            sys.stderr.write(log.read_text(errors="replace")[-3000:])
        process.send_signal(signal.SIGINT)  # to PostgreSQL: end all connections and stop
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _redis(folder: Path, port: int) -> AbstractContextManager[None]:
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    return _process(folder / "redis.log", [*command, "--dir", folder])


@contextmanager
def _postgresql(folder: Path, programs: Path, port: int, password: str) -> Iterator[None]:
    """PostgreSQL refuses to run as root; Debian's package brings the account it runs under then."""
    how: dict[str, object] = {"cwd": folder}
    secret = folder / "password"
    secret.write_text(password)
    secret.chmod(0o600)
    if os.geteuid() == 0:
        how |= {"user": "postgres", "group": "postgres", "extra_groups": []}
        for path in (folder, secret):
            shutil.chown(path, "postgres", "postgres")
    subprocess.run(
        [
            programs / "initdb", "--pgdata", folder / "data", "--username", "postgres", "--no-sync", "--auth",
            "scram-sha-256", "--pwfile", secret, "--encoding", "UTF8", "--locale", "C.UTF-8",
        ],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **how,
    )  # type: ignore[call-overload]  # fmt: skip
    flags = [part for name, value in FLAGS.items() for part in ("-c", f"{name}={value}")]
    command = [programs / "postgres", "-D", folder / "data", "-p", str(port), *flags]
    with _process(folder / "postgresql.log", command, **how):
        yield


def _drop_all(address: str, prefix: str) -> None:
    with _connect(address) as server:
        names = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]).fetchall()
        for (name,) in names:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


if __name__ == "__main__":
    keep()
