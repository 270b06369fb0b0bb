"""A served service with the sample data, and Debian's Chromium at its pages."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from werkzeug.serving import make_server

from tests.conftest import close, make_app, make_settings
from tests.tools.screenshots import ARGUMENTS


@contextmanager
def served(sample: Path, folder: Path) -> Iterator[str]:
    """A service on loopback with a copy of `sample` in `folder`; gives its address."""
    shutil.copy(sample, folder / "interagency.sqlite3")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = make_app(make_settings(folder, BASE_URL=f"http://127.0.0.1:{port}", DEVELOPMENT="yes"))
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600  # styles and scripts are asked for once a person, not once a page
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()
    server.server_close()
    close(app)


# Of a module, not of the session: while Playwright runs, its thread cannot enter an application context,
# so it must be gone before other tests come.
@pytest.fixture(scope="module")
def address(sample_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service is served, on loopback."""
    with served(sample_sqlite, tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture(scope="module")
def chromium(address: str) -> Iterator[Browser]:
    """The browser; it begins after the service and ends before it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, address: str) -> Iterator[BrowserContext]:
    """A fresh person at a desktop screen."""
    made = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    made.set_default_timeout(8000)
    yield made
    made.close()
