"""Accounts at the command line: inviting, resetting, disabling; safe to run twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from interagency.accounts.models import Person
from interagency.cli import main
from interagency.db.base import db
from interagency.db.history import AuditEntry
from interagency.mail.models import OutboxMessage
from interagency.matrix.organisations.models import Appointment
from tests.helpers import Browser, text_of

BOTH = {"password": "seven quiet rivers bend", "again": "seven quiet rivers bend"}


class Terminal:
    """The `account` commands on the database of the test's service."""

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["account", *words])

    def link(self, *words: str) -> str:
        """The path of the link a command printed."""
        done = self.run(*words)
        assert done.exit_code == 0, done.output
        found = re.search(r"http://localhost(/\S+)", done.output)
        assert found, done.output
        return found[1]


@pytest.fixture
def terminal(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERAGENCY_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("INTERAGENCY_SECRET_KEY", "test" * 10)
    monkeypatch.setenv("INTERAGENCY_BASE_URL", "http://localhost")
    return Terminal()


def test_inviting_twice_makes_one_account_one_appointment_and_the_newer_link_counts(
    sqlite_app: Flask, terminal: Terminal
) -> None:
    words = ("invite", "Nadia@Example.org", "--name", "Nadia New", "--entity", "unicef")
    first, second = terminal.link(*words), terminal.link(*words)
    browser = Browser(sqlite_app.test_client())
    assert browser.get(first).status_code == 404
    assert "Nadia New" in text_of(browser.get(second))
    with sqlite_app.app_context():
        person = db.session.scalars(sa.select(Person).where(Person.email == "nadia@example.org")).one()
        made = db.session.scalars(sa.select(Appointment).where(Appointment.person_id == person.id)).one()
        assert made.last_day is None
        mails = list(db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id)))
        assert [mail.to_address for mail in mails] == ["nadia@example.org"] * 2
        assert second in mails[1].text
        assert second in mails[1].html
        acts = list(db.session.scalars(sa.select(AuditEntry.act).order_by(AuditEntry.id)))
        assert acts == ["link.invitation", "appointment.made", "link.invitation"]
        secrets = " ".join(str(entry.details) for entry in db.session.scalars(sa.select(AuditEntry)))
        assert second.rsplit("/", 1)[1] not in secrets
    browser.send(second, BOTH)
    assert browser.sign_in("nadia@example.org", BOTH["password"]).status_code == 302


def test_an_invitation_changes_no_role_and_says_so(sqlite_app: Flask, terminal: Terminal) -> None:
    done = terminal.run("invite", "who@example.org", "--role", "administrator")
    assert done.exit_code == 0
    assert "stays reader" in done.output
    with sqlite_app.app_context():
        assert not db.session.scalars(sa.select(Person).where(Person.email == "who@example.org")).one().is_administrator


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("invite", "nadia@example.org"), "Write the person's name"),
        (("invite", "nadia", "--name", "N"), "not an e-mail address"),
        (("invite", "@example.org", "--name", "N"), "not an e-mail address"),
        (("invite", "a@b@c", "--name", "N"), "not an e-mail address"),
        (("invite", "n@example.org", "--name", "N", "--entity", "nobody"), "do not know the organisation"),
        (("invite", "n@example.org", "--name", "N", "--entity", "interpol"), "not a UN entity"),
        (("reset", "nobody@example.org"), "There is no account"),
        (("disable", "nobody@example.org"), "There is no account"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(
    sqlite_app: Flask, terminal: Terminal, words: tuple[str, ...], says: str
) -> None:
    done = terminal.run(*words)
    assert done.exit_code != 0
    assert says in done.output
    assert "Traceback" not in done.output
    with sqlite_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 5
        assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == 0


def test_a_reset_ends_all_sessions(sqlite_app: Flask, terminal: Terminal) -> None:
    browser = Browser(sqlite_app.test_client())
    browser.sign_in("who@example.org")
    assert browser.get("/account").status_code == 200
    link = terminal.link("reset", "who@example.org")
    assert browser.get("/account").status_code == 302
    assert browser.send(link, BOTH).status_code == 302


def test_disabling_ends_links_for_good_and_a_disabled_account_is_not_reset(
    sqlite_app: Flask, terminal: Terminal
) -> None:
    link = terminal.link("reset", "who@example.org")
    for _ in range(2):
        assert terminal.run("disable", "who@example.org").exit_code == 0
    done = terminal.run("reset", "who@example.org")
    assert done.exit_code != 0
    assert "Enable it first" in done.output
    with sqlite_app.app_context():
        db.session.execute(sa.update(Person).values(disabled_at=None))
        db.session.commit()
    assert Browser(sqlite_app.test_client()).get(link).status_code == 404
