"""Answers read from a real IMAP server on loopback, by the command that the scheduler calls."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from flask import Flask

from interagency.calendar.invitations import mails
from interagency.calendar.invitations.collecting import collect
from interagency.calendar.invitations.mailbox import MailboxNotRead
from interagency.cli import main
from interagency.db.base import db
from tests import imap_server
from tests.calendar.invitations import replies_corpus as corpus
from tests.calendar.invitations.conftest import world_of
from tests.calendar.invitations.test_answers import asked_of
from tests.calendar.invitations.world import World
from tests.imap_server import Mailserver
from tests.mail_server import Server
from tests.servers import free_port

pytestmark = pytest.mark.imap


@pytest.fixture(scope="module")
def imap() -> Iterator[Mailserver]:
    """Dovecot with an empty folder."""
    with imap_server.running() as server:
        yield server


def collected(world: World, url: str) -> dict[str, int]:
    """What came in since the last time, by what became of it."""
    with world.app.app_context():
        try:
            return {outcome.value: number for outcome, number in collect(db.session, url, lambda: world.at).items()}
        finally:
            db.session.close()


def test_what_came_in_is_taken_once_whatever_the_server_does(
    app: Flask, mail_server: tuple[Server, int], imap: Mailserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of(app, mail_server)
    imap.empty()
    world.add()
    world.invite()
    doe, undp = (asked_of(one) for one in world.send()[1])
    world.at += timedelta(minutes=90)
    assert collected(world, imap.url) == {}
    first = corpus.thunderbird(undp), corpus.exchange(doe, "DECLINED")
    imap.put(*first, corpus.plain(doe, "text/plain", b"I am away", Auto_Submitted="auto-replied"))
    assert collected(world, imap.url) == {"answered": 2, "automatic": 1}
    assert collected(world, imap.url) == {}
    assert world.answers() == {"jane@partner.example": "declined", "undp@example.org": "accepted"}
    monkeypatch.setattr("interagency.calendar.invitations.mailbox.MAX_MAIL_SIZE", 100_000)
    large = corpus.google(replace(undp, stamp="20260901T092000Z"), "DECLINED") + b"x" * 200_000
    imap.put(first[0], large, corpus.google(replace(undp, stamp="20260901T092500Z"), "TENTATIVE"))
    assert collected(world, imap.url) == {"aside": 1, "answered": 1}
    assert world.last_reason() is None
    imap.empty()  # the server counts anew: the same mails once more
    imap.put(*first)
    assert collected(world, imap.url) == {}
    assert world.answers() == {"jane@partner.example": "declined", "undp@example.org": "tentative"}
    with imaplib.IMAP4("127.0.0.1", imap.port) as server:
        server.login(imap_server.USER, imap_server.PASSWORD)
        server.select(f'"{imap_server.FOLDER}"', readonly=True)
        assert server.search(None, "UNSEEN")[1][0] == b"1 2", "nothing in the mailbox is changed"


def test_a_run_that_was_cut_short_goes_on_where_it_was(
    world: World, imap: Mailserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap.empty()
    world.add()
    world.invite()
    _doe, undp = (asked_of(one) for one in world.send()[1])
    world.at += timedelta(minutes=90)
    imap.put(corpus.google(undp), corpus.google(replace(undp, stamp="20260901T092000Z"), "DECLINED"))
    read = mails.BytesParser.parsebytes
    seen: list[bytes] = []

    def die(self: mails.BytesParser, body: bytes, *more: object) -> object:  # type: ignore[no-untyped-def]
        seen.append(body)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return read(self, body)

    monkeypatch.setattr(mails.BytesParser, "parsebytes", die)
    with pytest.raises(KeyboardInterrupt):
        collected(world, imap.url)
    assert world.answers()["undp@example.org"] == "accepted"
    assert collected(world, imap.url) == {"answered": 1}
    assert world.answers()["undp@example.org"] == "declined"


@pytest.mark.parametrize(
    "change",
    [
        lambda url, _port: url.replace("p%40ss", "wrong"),
        lambda url, _port: url.rpartition("/")[0] + "/Nowhere",
        lambda url, port: url.replace(f":{port}/", f":{free_port()}/"),
    ],
)
def test_a_mailbox_that_cannot_be_read_is_said_in_a_sentence(world: World, imap: Mailserver, change: object) -> None:
    with pytest.raises(MailboxNotRead):
        collected(world, change(imap.url, imap.port))  # type: ignore[operator]


def test_the_command_says_in_a_line_what_came_in(
    world: World, imap: Mailserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap.empty()
    imap.put(b"Subject: Hello\r\n\r\nHello\r\n")
    settings = world.app.extensions["interagency_settings"]
    monkeypatch.setenv("INTERAGENCY_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(settings.data_folder))
    run = CliRunner()
    assert run.invoke(main, ["mail", "receive"]).output == "no mails are read (INTERAGENCY_IMAP_URL is not set)\n"
    monkeypatch.setenv("INTERAGENCY_IMAP_URL", imap.url)
    assert run.invoke(main, ["mail", "receive"]).output == "mails: 1 new: 1 aside\n"
    assert run.invoke(main, ["mail", "receive"]).output == "mails: 0 new\n"
    monkeypatch.setenv("INTERAGENCY_IMAP_URL", imap.url.replace("p%40ss", "wrong"))
    wrong = run.invoke(main, ["mail", "receive"])
    assert wrong.exit_code == 1
    assert wrong.output.startswith("Error: The mailbox cannot be read: ")
    monkeypatch.setenv("INTERAGENCY_IMAP_URL", "http://example.org")
    assert "INTERAGENCY_IMAP_URL is" in run.invoke(main, ["mail", "receive"]).output
