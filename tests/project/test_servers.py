"""The tests' own servers leave nothing behind, also when a run is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests import servers

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
RUN = """
import os, time
from tests import servers
servers.begin()
servers.wait_for(servers.postgresql_answers)
databases = servers.Databases()
databases.create()
print(os.environ[servers.POSTGRESQL], flush=True)
print(os.environ[servers.RUN], flush=True)
time.sleep(600)
"""


def killed_run(folder: Path, **more: str) -> tuple[str, str]:
    """A run that made a database and was killed: the address of its PostgreSQL, and its name for itself."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("INTERAGENCY_")}
    run = subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=ROOT, env=environment | {"TMPDIR": str(folder)} | more, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert run.stdout is not None
    with run.stdout as told:
        address, name = told.readline().strip(), told.readline().strip()
        run.send_signal(signal.SIGKILL)
        run.wait()
    return address.replace("+psycopg", ""), name


def wait_until(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until
        time.sleep(0.1)


def is_gone(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=3).close()
    except psycopg.OperationalError:
        return True
    return False


@pytest.mark.skipif(servers.postgresql_programs() is None, reason="left out: install Debian's postgresql")
def test_a_killed_run_leaves_no_server_and_no_file() -> None:
    with tempfile.TemporaryDirectory() as name:  # where whoever runs PostgreSQL gets at it
        folder = Path(name)
        folder.chmod(0o755)
        address, _run = killed_run(folder)
        assert address
        wait_until(lambda: is_gone(address))
        wait_until(lambda: not list(folder.glob("interagency-tests-*")))


@pytest.mark.postgresql
def test_a_killed_run_leaves_no_database_on_a_server_it_was_given(databases: servers.Databases, tmp_path: Path) -> None:
    given = os.environ[servers.POSTGRESQL]
    _address, run = killed_run(tmp_path, INTERAGENCY_TEST_POSTGRESQL=given, INTERAGENCY_TEST_REDIS="redis://nowhere")
    query = "SELECT count(*) FROM pg_database WHERE starts_with(datname, %s)"
    assert run

    def left() -> int:
        row = databases.connection.execute(query, [f"interagency_test_{run}_"]).fetchone()
        return int(row[0]) if row else 0

    wait_until(lambda: left() == 0)
