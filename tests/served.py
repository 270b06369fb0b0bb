"""A service as people run it: `interagency serve` in processes of its own, on loopback, and a person at its door."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from tests.helpers import PASSWORD
from tests.servers import free_port

COMMAND = "from interagency.cli import main; main()"
SECRET = "Zq8vT1mXw0rLk3bYd6hNc9sJf2gPa5uE"


class Served:
    """`interagency serve`, started in `folder` with `more` settings; its lines are kept in a file."""

    def __init__(
        self, folder: Path, *, workers: int = 2, threads: int = 8, port: int | None = None, **more: str
    ) -> None:
        self.folder, self.workers, self.threads = folder, workers, threads
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "served.log"
        # All people of a test come from one address: each process counts their attempts for itself.
        own = {"DATA_FOLDER": str(folder), "SECRET_KEY": SECRET, "BASE_URL": self.address, "LIMITS_URL": "memory://"}
        self.more = own | more
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("INTERAGENCY_", "PROMETHEUS"))
        }
        return kept | {f"INTERAGENCY_{name}": value for name, value in self.more.items()}

    def start(self, *, preexec: Any = None) -> Served:
        """Start, and wait until it answers."""
        command = [sys.executable, "-c", COMMAND, "serve", "--bind", f"127.0.0.1:{self.port}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--workers", str(self.workers), "--threads", str(self.threads)],
                env=self.environment, cwd=self.folder, stdout=log, stderr=log, preexec_fn=preexec,
                start_new_session=True,
            )  # fmt: skip
        self.wait()
        return self

    def wait(self, seconds: float = 60) -> None:
        """Until it answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, self.lines()[-3000:]
            with suppress(requests.RequestException):
                if requests.get(f"{self.address}/healthz", timeout=2).ok:
                    return
            time.sleep(0.1)
        raise AssertionError(f"it did not answer\n{self.lines()[-3000:]}")

    def worker_ids(self) -> list[int]:
        """The process ids of the workers."""
        assert self.process is not None
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(one) for one in found if b"metrics" not in Path(f"/proc/{one}/cmdline").read_bytes()]

    def lines(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def kill(self) -> None:
        """SIGKILL for all of it at once, as when the machine goes."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """An orderly end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()


class Visitor:
    """A person at a served service, by HTTP."""

    def __init__(self, address: str, **more: Any) -> None:
        self.address = address
        self.session = requests.Session()
        self.session.headers.update(more.pop("headers", {}))
        self.more = {"timeout": 60} | more

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.address + path, **(self.more | {"allow_redirects": False} | more))

    def token(self, path: str) -> str:
        """The CSRF token of a page's form."""
        page = self.get(path)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert found, f"no form at {path}: {page.status_code} {page.text[:300]}"
        return found[1]

    def post(self, path: str, values: dict[str, Any], *, token: str | None = None, **more: Any) -> requests.Response:
        """Send a form; `token` saves asking for the page again."""
        data = values | {"csrf_token": token or self.token(path)}
        return self.session.post(self.address + path, data=data, **(self.more | {"allow_redirects": False} | more))

    def sign_in(self, email: str, password: str = PASSWORD) -> Visitor:
        """In by the front door."""
        answer = self.post("/sign-in", {"email": email, "password": password})
        assert answer.status_code == 302, f"{answer.status_code} {answer.text[:300]}"
        return self
