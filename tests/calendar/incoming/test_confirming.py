"""The preview of a file and its confirming: what it says, what is ticked, in which batches it is done."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from lxml import html

from interagency.calendar.events.models import Event, EventKind
from interagency.calendar.incoming.applying import begin, go_on
from interagency.calendar.incoming.comparing import Importer
from interagency.calendar.incoming.models import CalendarImport
from interagency.cli import main
from interagency.db import runs
from interagency.db.base import db
from interagency.matrix.organisations.queries import Directory
from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]


def ics(*events: str) -> bytes:
    blocks = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{blocks}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def event(number: int, *more: str) -> str:
    begin = f"202609{number:02}T100000"
    lines = [f"UID:{number}@x", f"SUMMARY:Number {number}", f"DTSTART;TZID=Europe/Vienna:{begin}", "DURATION:PT1H"]
    return "\n".join([*lines, *more])


SERIES = event(7, "RRULE:FREQ=WEEKLY;UNTIL=20261005T080000Z", "EXDATE;TZID=Europe/Vienna:20260914T100000")
PRIVATE = event(8, "CLASS:PRIVATE")


def upload(browser: Browser, body: bytes) -> str:
    data = {"csrf_token": browser.token("/imports/calendar"), "file": (io.BytesIO(body), "team.ics")}
    location: str = browser.client.post("/imports/calendar", data=data, content_type="multipart/form-data").location
    return location


def kinds(app: Flask) -> dict[str, EventKind]:
    with app.app_context():
        return {event.title: event.kind for event in db.session.scalars(sa.select(Event))}


def test_the_preview_says_hours_zone_rule_and_number_of_dates(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    page = text_of(who.get(upload(who, ics(SERIES))))
    assert (
        "7 September 2026, 10:00–11:00 (Europe/Vienna); every week on Monday, until 5 October 2026; 4 dates, 1 left out"
        in page
    )


def test_what_is_marked_private_is_not_ticked(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    at = upload(who, ics(event(7), PRIVATE))
    page = who.get(at)
    assert html.fromstring(page.text).xpath("//input[@name='item'][@checked]/@value") == ["0"]
    assert "It is marked private" in text_of(page)
    who.send(at, {"item": ["0", "1"]})
    assert set(kinds(sqlite_app)) == {"Number 7", "Number 8"}


def test_the_kind_is_asked_once_for_those_that_name_none(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    at = upload(who, ics(event(7), event(8, "CATEGORIES:Briefing")))
    assert "1 new event names no kind known here" in text_of(who.get(at))
    who.send(at, {"item": ["0", "1"], "kind": "training"})
    assert kinds(sqlite_app) == {"Number 7": EventKind.TRAINING, "Number 8": EventKind.BRIEFING}
    again = upload(who, ics(event(9, "CATEGORIES:Briefing")))
    assert "no kind known here" not in text_of(who.get(again))


def test_a_long_import_goes_on_where_it_stopped(app: Flask, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    who = enter("who")
    at = upload(who, ics(*(event(number) for number in range(1, 6))))
    with app.app_context():
        kept = db.session.scalars(sa.select(CalendarImport)).one()
        monkeypatch.setattr(runs, "LONGEST", 0)  # one event a batch
        begin(db.session, kept, {0, 1, 3}, "workshop")
        assert not go_on(db.session, kept, Importer(None, (), Directory(db.session).find("who")), batches=1)
        db.session.close()
    page = who.get(at)
    assert "Being taken in: 1 of 3 rows" in text_of(page)
    assert html.fromstring(page.text).xpath("//progress/@max") == ["3"]
    assert who.send(at, {"item": ["2"]}, at="/imports/calendar").status_code == 302, "what was confirmed first counts"
    done = who.get(f"{at}")
    assert "3 added" in text_of(done)
    assert set(kinds(app)) == {"Number 1", "Number 2", "Number 4"}
    who.send(f"{at}/undo", {}, at=at)
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.is_listed)) == 0


def test_one_date_of_a_series_that_stands_here_is_changed_there(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    who.send(upload(who, ics(SERIES)), {"item": "0"})
    change = "UID:7@x\nRECURRENCE-ID:20260921T080000Z\nDTSTART:20260921T100000Z\nSUMMARY:Moved"
    assert "It is one date of “Number 7”, which stands here." in text_of(who.get(upload(who, ics(change))))


@pytest.fixture
def command(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """`interagency calendar import` of these bytes with these options: its exit code and what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    monkeypatch.setenv("INTERAGENCY_BASE_URL", "http://localhost")

    def run(body: bytes, *options: str) -> tuple[int, str]:
        (tmp_path / "team.ics").write_bytes(body)
        done = CliRunner().invoke(main, ["calendar", "import", "team.ics", *options])
        return done.exit_code, done.output

    return run


def test_the_command_takes_a_kind_and_counts_what_it_did(
    sqlite_app: Flask, command: Callable[..., tuple[int, str]]
) -> None:
    code, said = command(ics(event(7), PRIVATE), "--kind", "training")
    assert code == 0
    assert "new: Number 7" in said
    assert "not taken (new): Number 8" in said
    assert "1 added, 0 changed" in said
    assert kinds(sqlite_app) == {"Number 7": EventKind.TRAINING}
    with sqlite_app.app_context():
        stands = db.session.scalars(sa.select(Event)).one()
        stands.title = "Changed here"
        db.session.commit()
    code, said = command(ics(event(7, "SEQUENCE:9", "LOCATION:Room 9")))
    assert "not taken (updated): Number 7" in said
    assert "0 added, 0 changed" in said


def test_the_command_names_the_kinds_it_knows(command: Callable[..., tuple[int, str]]) -> None:
    code, said = command(ics(event(7)), "--kind", "party")
    assert code != 0
    assert "training" in said
