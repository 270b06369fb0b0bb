"""What the service stands on goes away: a clear page, nothing lost, and on it goes by itself when it is back."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import make_url

from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from interagency.settings import Settings
from tests.conftest import close, make_app
from tests.helpers import ACTIVITY, Browser
from tests.served import Served, Visitor

pytestmark = pytest.mark.crash
Enter = Callable[[str | None], Browser]


def settings_of(app: Flask) -> Settings:
    found: Settings = app.extensions["interagency_settings"]
    return found


def new(title: str = "") -> dict[str, str]:
    return {"title": title or uuid.uuid4().hex, "status": "ongoing", "lead": "who"}


def titles(app: Flask) -> list[str]:
    with app.app_context():
        found = list(db.session.scalars(sa.select(Activity.title).order_by(Activity.id)))
        db.session.close()
        return found


# --- The disk ---


def test_a_full_disk_is_said_and_saving_goes_on_when_there_is_room(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    browser = enter_sqlite("who")
    token = browser.token("/activities/new")
    limits = ["PRAGMA max_page_count = 1"]  # SQLite takes the size the file has now

    def full(connection: object, *_more: object) -> None:
        if limits:
            connection.execute(limits[0])  # type: ignore[attr-defined]

    with sqlite_app.app_context():
        engine = db.engine
    event.listen(engine, "checkout", full)
    refused = browser.client.post(
        "/activities/new", data=new("Full") | {"description": "x" * 9000, "csrf_token": token}
    )
    for _ in range(20):  # until the pages that were free are used
        if refused.status_code != 302:
            break
        refused = browser.client.post("/activities/new", data=new() | {"description": "x" * 9000, "csrf_token": token})
    assert refused.status_code == 503
    assert "disk of the service is full" in refused.text
    assert refused.headers["Retry-After"]
    before = titles(sqlite_app)
    assert browser.get("/activities").status_code == 200
    limits[0] = "PRAGMA max_page_count = 1000000000"
    assert browser.client.post("/activities/new", data=new("Room") | {"csrf_token": token}).status_code == 302
    assert titles(sqlite_app) == [*before, "Room"]


@contextmanager
def small_disk(megabytes: int, folder: Path) -> Iterator[Path]:
    """A disk of its own of a few megabytes, where one can be had."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("left out: a small disk can be made by root alone, where mounting is allowed")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_real_disk_fills_up_and_is_read_only_for_a_while(template_sqlite: Path, tmp_path: Path) -> None:
    with small_disk(8, tmp_path / "disk") as disk:
        shutil.copy(template_sqlite, disk / "interagency.sqlite3")
        served = Served(tmp_path, workers=1, DATA_FOLDER=str(disk)).start()
        try:
            visitor = Visitor(served.address).sign_in("who@example.org")
            token = visitor.token("/activities/new")
            kept = new()
            assert visitor.post("/activities/new", kept, token=token).status_code == 302
            with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
                while True:
                    filler.write(b"x" * 4096)
            answers = [
                visitor.post("/activities/new", new() | {"description": "x" * 9000}, token=token) for _ in range(3)
            ]
            assert answers[-1].status_code == 503
            assert "Nothing was saved" in answers[-1].text
            (disk / "filler").unlink()
            assert visitor.post("/activities/new", new(), token=token).status_code == 302
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=False, capture_output=True)
            answer = visitor.post("/activities/new", new(), token=token)
            subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True, capture_output=True)
            assert answer.status_code in (302, 503)  # busy files keep some systems from becoming read-only
            assert visitor.post("/activities/new", new(), token=token).status_code == 302
            assert kept["title"] in visitor.get("/activities?q=" + kept["title"]).text
        finally:
            served.kill()


def test_a_database_that_can_only_be_read_is_read(app: Flask, enter: Enter, add_activity: Callable[..., int]) -> None:
    number = add_activity("Still to be read")
    browser = enter("who")
    page = browser.send("/subscriptions", {"name": "Mine"})
    feed = "/feeds/" + page.text.split("/feeds/")[1].split(".ics")[0] + ".ics"
    token = browser.token("/activities/new")
    with app.app_context():
        engine = db.engine
    on_sqlite = settings_of(app).is_sqlite
    words = "PRAGMA query_only = ON" if on_sqlite else "SET default_transaction_read_only = on"

    def read_only(connection: object, *_more: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute(words)
        cursor.close()
        if not on_sqlite:
            connection.commit()  # type: ignore[attr-defined]

    event.listen(engine, "checkout", read_only)
    assert browser.get(f"/activities/{number}").status_code == 200
    assert browser.get(feed).status_code == 200, "a feed is read though its use cannot be noted"
    assert browser.get("/exports/matrix.csv").status_code == 200
    answer = browser.client.post("/activities/new", data=new() | {"csrf_token": token})
    assert answer.status_code == 503
    assert "can be read but not written to" in answer.text
    event.remove(engine, "checkout", read_only)
    close(app)
    assert browser.client.post("/activities/new", data=new() | {"csrf_token": token}).status_code == 302


# --- The database ---


class Gate(threading.Thread):
    """A door to a server that can be shut: what is open breaks off, what comes is turned away."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(daemon=True)
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.open, self.ended = True, False
        self.pairs: list[socket.socket] = []
        self.start()

    def run(self) -> None:
        while not self.ended:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            if not self.open:
                here.close()
                continue
            there = socket.create_connection(self.target)
            self.pairs += [here, there]
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while block := one.recv(65536):
                other.sendall(block)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def shut(self) -> None:
        self.open = False
        for one in self.pairs:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.pairs = []

    def end(self) -> None:
        self.shut()
        self.ended = True
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def test_postgresql_goes_away_and_comes_back(app: Flask) -> None:
    settings = settings_of(app)
    if settings.is_sqlite:
        pytest.skip("about PostgreSQL")
    url = make_url(settings.database_url)
    gate = Gate(url.host or "127.0.0.1", url.port or 5432)
    from dataclasses import replace

    through = replace(settings, database_url=url.set(host="127.0.0.1", port=gate.port).render_as_string(False))
    service = make_app(through)
    browser = Browser(service.test_client())
    browser.sign_in("who@example.org")
    token = browser.token("/activities/new")
    gate.shut()
    for address in ("/", "/activities", "/feeds/x.ics", "/readyz", "/sign-in"):
        answer = browser.get(address)
        assert answer.status_code == 503, address
        assert "wait a moment and try again" in answer.text
        assert "Traceback" not in answer.text
    assert browser.get("/nowhere").status_code == 404
    answer = browser.client.post("/activities/new", data=new("Lost") | {"csrf_token": token})
    assert answer.status_code == 503
    assert "Nothing was saved" in answer.text
    assert browser.get("/healthz").status_code == 200
    gate.open = True
    assert browser.client.post("/activities/new", data=new("Kept") | {"csrf_token": token}).status_code == 302
    assert titles(service) == ["Kept"]
    with app.app_context():  # an administrator of the server ends every connection
        db.session.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        db.session.close()
    assert browser.client.post("/activities/new", data=new("Kept too") | {"csrf_token": token}).status_code == 302
    assert titles(service) == ["Kept", "Kept too"]
    close(service)
    gate.end()


def test_a_connection_ended_in_the_middle_of_a_save_saves_nothing(
    app: Flask, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    if settings_of(app).is_sqlite:
        pytest.skip("about PostgreSQL")
    browser = enter("who")
    token = browser.token("/activities/new")
    from interagency.matrix.pages import activity_views as views

    own = views.record.create_activity

    def ended(session: sa.orm.Session, *given: object, **more: object) -> object:
        made = own(session, *given, **more)  # type: ignore[arg-type]
        mine = session.scalar(sa.text("SELECT pg_backend_pid()"))
        other = sa.create_engine(settings_of(app).database_url)
        with other.connect() as connection:
            connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        other.dispose()
        return made

    monkeypatch.setattr(views.record, "create_activity", ended)
    answer = browser.client.post("/activities/new", data=ACTIVITY | {"csrf_token": token})
    assert answer.status_code == 503
    assert titles(app) == []
    monkeypatch.setattr(views.record, "create_activity", own)
    assert browser.client.post("/activities/new", data=ACTIVITY | {"csrf_token": token}).status_code == 302


def test_the_file_of_sqlite_goes_away_and_comes_back(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    add_activity("Kept")
    browser = enter_sqlite("who")
    close(sqlite_app)
    file = settings_of(sqlite_app).data_folder / "interagency.sqlite3"
    away = file.with_name("away")
    file.rename(away)
    answer = browser.get("/activities")
    assert answer.status_code == 503
    assert "not ready" in answer.text
    close(sqlite_app)
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    away.rename(file)
    assert browser.get("/activities").status_code == 200
    assert titles(sqlite_app) == ["Kept"]


# --- Mail, clock ---


def test_a_mail_server_that_never_answers_keeps_nobody_waiting(serve_app: Callable[..., Served]) -> None:
    silent = socket.create_server(("127.0.0.1", 0))  # takes connections and says nothing until the end of the test
    served = serve_app(workers=1, MAIL_URL=f"smtp://127.0.0.1:{silent.getsockname()[1]}")
    visitor = Visitor(served.address)
    assert visitor.post("/forgotten", {"email": "who@example.org"}).status_code == 302
    held, _ = silent.accept()  # it is being sent, and waits
    visitor.sign_in("who@example.org")
    token = visitor.token("/activities/new")
    assert visitor.post("/activities/new", new(), token=token).status_code == 302
    held.close()
    silent.close()


@pytest.mark.parametrize("jump", [datetime(2036, 2, 29, 23, 59, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)])
def test_a_clock_that_jumps_and_comes_back(sqlite_app: Flask, enter_sqlite: Enter, jump: datetime) -> None:
    browser = enter_sqlite("coordinator")
    token = browser.token("/activities/new")
    browser.client.post("/activities/new", data=new("Before") | {"csrf_token": token})
    sqlite_app.config["CLOCK"] = lambda: jump
    for address in (
        "/",
        "/activities",
        "/calendar",
        "/month",
        "/cycles",
        "/coverage",
        "/agreement",
        "/editions",
        "/sign-in",
    ):
        assert browser.get(address).status_code in (200, 302, 403, 404), address
    during = enter_sqlite("coordinator")  # at another time the session has run out
    token_during = during.token("/activities/new")
    assert during.client.post("/activities/new", data=new("During") | {"csrf_token": token_during}).status_code == 302
    del sqlite_app.config["CLOCK"]
    after = enter_sqlite("coordinator")
    token_after = after.token("/activities/new")
    assert after.client.post("/activities/new", data=new("After") | {"csrf_token": token_after}).status_code == 302
    assert titles(sqlite_app) == ["Before", "During", "After"]
