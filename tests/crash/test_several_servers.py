"""Two servers and one database: clocks that differ, versions that differ, one restarted after the other."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from itsdangerous import TimestampSigner

from interagency.calendar.feeds.models import FeedRevision
from interagency.cli import main
from interagency.db.base import db
from interagency.settings import Settings
from tests.conftest import close, make_app
from tests.crash.test_faults import new, titles
from tests.helpers import EVENT, PASSWORD
from tests.served import Served, Visitor
from tests.stalling import ATTACK


def settings_of(app: Flask) -> Settings:
    found: Settings = app.extensions["interagency_settings"]
    return found


class Servers:
    """One service on two machines, the clock of the second one `ahead` of the first."""

    def __init__(self, app: Flask, ahead: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
        self.behind, self.before = app, make_app(settings_of(app))
        self.ahead, self.shift = ahead, timedelta()
        self.cookies: dict[str, str] = {}
        monkeypatch.setattr(
            TimestampSigner, "get_timestamp", lambda _signer: int((datetime.now(UTC) + self.shift).timestamp())
        )
        self.before.config["CLOCK"] = lambda: datetime.now(UTC).replace(microsecond=0) + ahead

    def ask(self, app: Flask, address: str, form: dict[str, Any] | None = None, **headers: str) -> requests.Response:
        """As the one browser that goes to either: its cookies come along."""
        self.shift = self.ahead if app is self.before else timedelta()
        client = app.test_client()
        for name, value in self.cookies.items():
            client.set_cookie(name, value)
        answer = client.open(address, method="GET" if form is None else "POST", data=form, headers=headers)
        for line in answer.headers.getlist("Set-Cookie"):
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer  # type: ignore[return-value]

    def sign_in(self, app: Flask) -> None:
        """Whoever is asked for at the sign-in page of `app`."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask(app, "/sign-in").text)
        assert found
        form = {"email": "who@example.org", "password": PASSWORD, "csrf_token": found[1]}
        assert self.ask(app, "/sign-in", form).status_code == 302


@pytest.mark.parametrize("seconds", [1, 60, -60])
def test_clocks_that_differ_sign_nobody_out(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    servers = Servers(sqlite_app, timedelta(seconds=seconds), monkeypatch)
    servers.sign_in(servers.before)
    for app in (servers.behind, servers.before) * 2:
        assert servers.ask(app, "/activities").status_code == 200
    close(servers.before)


def test_a_cookie_from_far_in_the_future_is_refused(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Servers(sqlite_app, timedelta(hours=1), monkeypatch)
    servers.sign_in(servers.before)
    assert servers.ask(servers.behind, "/activities").status_code == 302
    close(servers.before)


@pytest.mark.parametrize("seconds", [60, -60])
def test_a_change_on_the_slower_server_is_seen_by_whoever_asks_by_date(
    app: Flask, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """One clock, that of the database, says when feeds changed, whichever server saved it."""
    servers = Servers(app, timedelta(seconds=seconds), monkeypatch)
    servers.sign_in(app)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', servers.ask(app, "/subscriptions").text)
    assert found
    page = servers.ask(app, "/subscriptions", {"name": "Mine", "csrf_token": found[1]})
    address = re.search(r"/feeds/[^\"'<\s]+\.ics", page.text)
    assert address
    event = EVENT | {"title": "Briefing", "segments": f"3 March {datetime.now(UTC).year + 1}", "csrf_token": found[1]}
    with app.app_context():  # the last change was a little while ago
        db.session.execute(sa.update(FeedRevision).values(changed_at=datetime.now(UTC) - timedelta(seconds=5)))
        db.session.commit()
    first = servers.ask(servers.before, address[0])
    assert servers.ask(app, "/events/new", event).status_code == 302
    for one in (servers.before, app):
        again = servers.ask(one, address[0], **{"If-Modified-Since": first.headers["Last-Modified"]})
        assert (again.status_code, "Briefing" in again.text) == (200, True)
    close(servers.before)


def test_an_old_server_beside_a_newer_database_says_so_and_goes_on(app: Flask, enter: Callable[..., object]) -> None:
    with app.app_context():
        known = db.session.scalars(sa.text("SELECT version_num FROM alembic_version")).one()
        db.session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        db.session.commit()
        db.session.close()
    browser = enter("who")
    answer = browser.get("/readyz")  # type: ignore[attr-defined]
    assert answer.status_code == 200
    assert answer.json["status"] == "ready, older than the database"
    assert "newer version" in answer.json["do"]
    assert answer.json["version"] == version("interagency")
    assert (answer.json["database_migration"], answer.json["migration"]) == ("9999", known)
    assert browser.get("/activities").status_code == 200  # type: ignore[attr-defined]
    close(app)
    own = {"DATABASE_URL": settings_of(app).database_url, "DATA_FOLDER": str(settings_of(app).data_folder)}
    environment = {f"INTERAGENCY_{name}": value for name, value in own.items()}
    result = CliRunner().invoke(main, ["db", "upgrade"], env=environment)
    assert result.exit_code == 1
    assert "newer version" in result.output
    assert "Traceback" not in result.output


def test_a_database_behind_its_server_is_not_ready(app: Flask) -> None:
    with app.app_context():
        db.session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
        db.session.commit()
        db.session.close()
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json
    assert "interagency db upgrade" in answer.json["do"]


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_servers_restarted_one_after_the_other_lose_no_save(
    app: Flask, serve_app: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As docs/operating.md has it: taken out of the proxy, ended, started, put in again."""
    first = serve_app(workers=1)
    second = Served(tmp_path_factory.mktemp("second"), workers=1, **first.more).start()
    visitor = Visitor(first.address, headers={"Connection": "close"}).sign_in("who@example.org")
    token = visitor.token("/activities/new")
    saved: list[str] = []

    def save(at: Served) -> None:
        visitor.address = at.address
        title = secrets.token_hex(12)  # nothing that looks like another
        assert visitor.post("/activities/new", new(title), token=token).status_code == 302
        saved.append(title)

    turns = [(first, second), (second, first)]
    for restarted, other in turns if ATTACK else turns[:1]:
        save(restarted)
        assert restarted.process is not None
        restarted.process.terminate()  # the proxy sends nobody there any more
        while restarted.process.poll() is None:
            save(other)
        restarted.start()
        save(other)
        save(restarted)
    second.kill()
    assert titles(app) == saved
