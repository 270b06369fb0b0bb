"""What was written for a focal point or a coordinator leaves only while they are one (issue: rights end at once)."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.accounts.models import Person, Role
from interagency.db.base import db
from interagency.mail.models import OutboxMessage
from interagency.mail.sending import send_outbox
from interagency.matrix.cycles.reminders import Sender, write_due_reminders
from interagency.matrix.organisations.models import Appointment
from interagency.matrix.organisations.queries import Directory
from tests.helpers import Browser, text_of
from tests.mail_server import Server, settings_for
from tests.matrix.conftest import VIENNA, Clock

Enter = Callable[[str | None], Browser]
WHO, UNDP = "who@example.org", "undp@example.org"


@pytest.fixture
def post(app: Flask, clock: Clock, mail_server: tuple[Server, int]) -> Callable[[], list[str]]:
    """Send what waits, at the time of the clock; who got something."""

    def act() -> list[str]:
        handler, port = mail_server
        handler.taken.clear()
        with app.app_context():
            send_outbox(db.session, settings_for(app, port), clock=clock)
            db.session.close()
        return sorted(address for envelope in handler.taken for address in envelope.rcpt_tos)

    return act


@pytest.fixture
def remind(app: Flask, clock: Clock, open_month: Callable[..., None]) -> Callable[[], int]:
    """Write the reminders that are due."""
    open_month()

    def act() -> int:
        with app.app_context():
            written = write_due_reminders(db.session, at=clock(), sender=Sender("http://localhost", VIENNA))
            db.session.commit()
            return written

    return act


def end_appointment(app: Flask, address: str, last: date) -> None:
    with app.app_context():
        person = db.session.scalars(sa.select(Person.id).where(Person.email == address)).one()
        db.session.execute(sa.update(Appointment).where(Appointment.person_id == person).values(last_day=last))
        db.session.commit()


def waiting(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(sa.select(OutboxMessage.to_address).where(OutboxMessage.sent_at.is_(None))))


def test_a_reminder_written_before_the_appointment_ended_stays(
    app: Flask, clock: Clock, remind: Callable[[], int], post: Callable[[], list[str]]
) -> None:
    clock.move(2026, 8, 20, 23, 59)
    assert remind() == 2
    end_appointment(app, WHO, date(2026, 8, 20))
    clock.move(2026, 8, 21, 0, 0)
    assert post() == [UNDP]
    assert waiting(app) == []
    assert remind() == 0
    end_appointment(app, WHO, date(2026, 12, 31))
    assert remind() == 1, "who is focal point again is reminded"
    assert post() == [WHO]


def test_a_reminder_that_waited_stays_when_the_entity_has_answered(
    app: Flask, enter: Enter, remind: Callable[[], int], post: Callable[[], list[str]]
) -> None:
    assert remind() == 2
    sign = {"cycle": "2026-08", "entity": "who", "kind": "unchanged"}
    enter("who").send("/month/sign", sign, at="/month/sign?kind=unchanged")
    assert post() == [UNDP]


def both_entities(app: Flask, address: str) -> None:
    """The focal point of UNDP speaks for WHO, too."""
    with app.app_context():
        person = db.session.scalars(sa.select(Person.id).where(Person.email == address)).one()
        who = Directory(db.session).find("who")
        db.session.add(Appointment(person_id=person, entity_id=who.id, first_day=date(2026, 1, 1)))
        db.session.commit()


def subject_to(mail_server: tuple[Server, int], address: str) -> str:
    (found,) = [one for one in mail_server[0].taken if one.rcpt_tos == [address]]
    return str(email.message_from_bytes(found.content, policy=email.policy.default)["Subject"])


def test_two_entities_have_not_answered_in_letter_and_header_line(
    app: Flask, enter: Enter, clock: Clock, remind: Callable[[], int], post: Callable[[], list[str]],
    mail_server: tuple[Server, int],
) -> None:  # fmt: skip
    both_entities(app, UNDP)
    clock.move(2026, 9, 7, 8)
    assert "UNDP and WHO have not answered yet" in text_of(enter("undp").get("/"))
    assert "; WHO has not answered yet" in text_of(enter("who").get("/"))
    remind()
    post()
    assert subject_to(mail_server, UNDP) == "August 2026: UNDP and WHO have not answered yet"
    assert subject_to(mail_server, WHO) == "August 2026: WHO has not answered yet"
    (letter,) = [one for one in mail_server[0].taken if one.rcpt_tos == [UNDP]]
    body = email.message_from_bytes(letter.content, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    assert "UNDP and WHO have not answered yet. The month" in " ".join(body.get_content().split())


@pytest.mark.parametrize("what", ["answered", "no longer theirs", "extended"])
def test_a_reminder_says_what_is_so_when_it_leaves(
    app: Flask, enter: Enter, clock: Clock, remind: Callable[[], int], post: Callable[[], list[str]],
    mail_server: tuple[Server, int], what: str,
) -> None:  # fmt: skip
    both_entities(app, UNDP)
    clock.move(2026, 9, 4, 8)
    assert remind() == 2
    if what == "answered":
        sign = {"cycle": "2026-08", "entity": "who", "kind": "unchanged"}
        enter("who").send("/month/sign", sign, at="/month/sign?kind=unchanged&cycle=2026-08")
    elif what == "no longer theirs":
        with app.app_context():
            who = Directory(db.session).find("who")
            of_who = sa.update(Appointment).where(Appointment.entity_id == who.id)
            db.session.execute(of_who.values(last_day=date(2026, 9, 3)))
            db.session.commit()
    else:
        values = {"entity": "undp", "due": "20 September 2026", "reason": "A mission"}
        enter("coordinator").send("/cycles/2026-08/extend", values, at="/cycles/2026-08")
    assert UNDP in post()
    expected = {"extended": "August 2026: UNDP and WHO due 5 September"}.get(what, "August 2026: UNDP due 5 September")
    assert subject_to(mail_server, UNDP) == expected


def test_what_was_asked_back_and_answered_meanwhile_is_not_asked_again(
    app: Flask, enter: Enter, open_month: Callable[..., None], post: Callable[[], list[str]]
) -> None:
    open_month()
    sign = {"cycle": "2026-08", "entity": "who", "kind": "unchanged"}
    enter("who").send("/month/sign", sign, at="/month/sign?kind=unchanged")
    values = {"entity": "who", "note": "The dates of two workshops overlap."}
    enter("coordinator").send("/cycles/2026-08/return", values, at="/cycles/2026-08")
    enter("who").send("/month/sign", sign, at="/month/sign?kind=unchanged")
    assert post() == []


def test_a_disabled_account_gets_no_reminder(
    app: Flask, clock: Clock, remind: Callable[[], int], post: Callable[[], list[str]]
) -> None:
    assert remind() == 2
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.email == UNDP).values(disabled_at=clock()))
        db.session.commit()
    assert post() == [WHO]


def test_what_a_coordinator_asks_back_is_for_focal_points_of_that_day(
    app: Flask, enter: Enter, clock: Clock, open_month: Callable[..., None], post: Callable[[], list[str]]
) -> None:
    open_month()
    sign = {"cycle": "2026-08", "entity": "who", "kind": "unchanged"}
    enter("who").send("/month/sign", sign, at="/month/sign?kind=unchanged")
    values = {"entity": "who", "note": "The dates of two workshops overlap."}
    enter("coordinator").send("/cycles/2026-08/return", values, at="/cycles/2026-08")
    assert waiting(app) == [WHO]
    end_appointment(app, WHO, clock().date() - timedelta(days=1))
    assert post() == []
    assert waiting(app) == []


def test_a_new_edition_is_told_to_coordinators_of_that_day(
    app: Flask, enter: Enter, open_month: Callable[..., None], post: Callable[[], list[str]]
) -> None:
    open_month()
    enter("coordinator").send("/cycles/2026-08/close", {}, at="/cycles/2026-08/close")
    assert waiting(app) == ["coordinator@example.org"]
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.role == Role.COORDINATOR).values(role=Role.READER))
        db.session.commit()
    assert post() == []
