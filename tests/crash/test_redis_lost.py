"""Redis, where attempts are counted, is lost and comes back: people sign in meanwhile, and nobody restarts anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from flask import Flask

from interagency import create_app
from interagency.web.extensions import limiter
from tests.conftest import close, make_settings
from tests.helpers import PASSWORD
from tests.served import free_port

pytestmark = [pytest.mark.crash, pytest.mark.redis]


@contextmanager
def running(folder: Path, port: int) -> Iterator[redis.Redis]:
    """A Redis of this test's own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("the server of INTERAGENCY_TEST_REDIS is not ours to stop")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    try:
        for _ in range(200):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
        yield client
    finally:
        client.close()
        process.kill()
        process.wait()


def attempt(app: Flask, email: str, password: str = "wrong") -> int:
    """The status of the answer to a sign-in."""
    client = app.test_client()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)
    assert found
    form = {"email": email, "password": password, "csrf_token": found[1]}
    return client.post("/sign-in", data=form).status_code


def test_redis_lost_and_back(sqlite_app: Flask, tmp_path: Path) -> None:
    folder = sqlite_app.extensions["interagency_settings"].data_folder
    port = free_port()
    with running(tmp_path, port) as counter:
        app = create_app(
            make_settings(folder, LIMITS_URL=f"redis://127.0.0.1:{port}"), TESTING=True, RATELIMIT_ENABLED=True
        )
        assert attempt(app, "nobody@example.org") == 422
        assert counter.dbsize() > 0, "attempts are counted in Redis"
    # Lost: who has the right password comes in, and who tries on is stopped by this process alone.
    assert attempt(app, "who@example.org", PASSWORD) == 302
    answers = [attempt(app, "nobody@example.org") for _ in range(12)]
    assert answers[0] == 422
    assert answers[-1] == 429
    with running(tmp_path, port) as counter:
        # Back: within a minute this process counts there again, by itself.
        for _ in range(120):
            attempt(app, "somebody@example.org")
            if counter.dbsize():
                break
            time.sleep(0.5)
        assert counter.dbsize() > 0
    limiter._storage_dead = False  # one limiter serves all applications of a process
    close(app)
