"""Nobody waits for the lock of SQLite while somebody's file is read, compared or put back."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from flask import Flask

from interagency.calendar.pages import import_views as calendar_views
from interagency.exports.incoming import views
from interagency.settings import Settings
from tests.exports.incoming.files import send
from tests.helpers import Browser

Enter = Callable[[str | None], Browser]
CALENDAR = b"\r\n".join(
    [
        b"BEGIN:VCALENDAR", b"VERSION:2.0", b"PRODID:x", b"BEGIN:VEVENT", b"UID:1@x", b"DTSTAMP:20260901T080000Z",
        b"DTSTART:20261012T080000Z", b"SUMMARY:Briefing", b"END:VEVENT", b"END:VCALENDAR", b"",
    ]
)  # fmt: skip


@pytest.fixture
def writing(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """`with writing(module):` somebody else writes each time that a file was compared there, and waits for nobody."""
    settings: Settings = sqlite_app.extensions["interagency_settings"]
    path = settings.database_url.removeprefix("sqlite:///")

    @contextmanager
    def arrange(module: Any) -> Iterator[None]:
        own, written = module.compared, []

        def compared(*given: Any, **named: Any) -> Any:
            found = own(*given, **named)
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                other.execute("UPDATE person SET name = name")
                other.execute("COMMIT")
            written.append(1)
            return found

        with monkeypatch.context() as patch:
            patch.setattr(module, "compared", compared)
            yield
        assert written

    return arrange


def test_others_write_while_a_file_is_compared(enter_sqlite: Enter, writing: Callable[[Any], Any]) -> None:
    who = enter_sqlite("who")
    with writing(views):
        sent = send(who, b"Project;State;By\nOne;ongoing;A club\n", "a.csv")
    assert sent.status_code == 302
    page, form = sent.location, {"form_key": "0123456789abcdefghijkl"}
    with writing(views):
        answer = who.send(f"{page}/columns", form | {"column-0": "Partners"}, at=page)
    assert answer.status_code == 302
    assert answer.location != page
    assert who.send(f"{page}/columns", form | {"column-0": "Partners"}, at=page).location == answer.location
    page, form = answer.location, {"form_key": "0123456789abcdefghijkm", "choice-0": "leave"}
    with writing(views):
        answer = who.send(f"{page}/organisations", form, at=page)
    assert answer.status_code == 302
    assert answer.location != page
    assert who.send(f"{page}/organisations", form, at=page).location == answer.location


def test_others_write_while_a_calendar_is_compared(enter_sqlite: Enter, writing: Callable[[Any], Any]) -> None:
    who = enter_sqlite("who")
    with writing(calendar_views):
        answer = who.send("/imports/calendar", {"file": (io.BytesIO(CALENDAR), "a.ics")}, at="/imports/calendar")
    assert answer.status_code == 302
