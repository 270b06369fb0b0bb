"""What tests of invitations share: an event of WHO, people invited to it, and the mails that left."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar

from interagency.calendar.invitations.models import Invitation, Invitee, ReceivedMail
from interagency.calendar.invitations.receiving import receive
from interagency.calendar.invitations.telling import write_due_invitations
from interagency.db.base import db
from interagency.mail.sending import Sent, send_outbox
from tests.helpers import EVENT, Browser
from tests.mail_server import Server, settings_for

ADDRESS = "calendar@service.example"
MEETING = EVENT | {
    "title": "Expert meeting",
    "segments": "12 October 2026, 10:00-11:30",
    "segments_read": "12 October 2026, 10:00–11:30",
    "timezone": "Europe/Vienna",
    "city": "Vienna",
    "description": "The agenda that stays inside",
    "participants": ["undp"],
}
SERIES = MEETING | {
    "title": "Weekly coordination",
    "segments": "5 January 2027, 10:00-11:00",
    "segments_read": "5 January 2027, 10:00–11:00",
    "repeats": "weekly",
    "repeat_count": "8",
}
PARTNER = "Jané Doe <jane@partner.example>"
INVITE = {"entity": ["undp"], "addresses": PARTNER, "may_tell": "yes"}


class World:
    """A service with a clock that is moved, its mail server, and WHO's focal point at the pages."""

    def __init__(self, app: Flask, enter: Callable[[str | None], Browser], server: tuple[Server, int]) -> None:
        self.app, self.enter = app, enter
        self.server, self.port = server
        self.at = datetime(2026, 9, 1, 8, tzinfo=UTC)
        app.config["CLOCK"] = lambda: self.at
        self.who = enter("who")

    def move_to(self, at: datetime) -> None:
        """Let it be `at`. Whoever was signed in signs in again."""
        self.at = at
        self.who = self.enter("who")

    def add(self, values: dict[str, Any] = MEETING) -> None:
        """A new event, of number 1 where it is the first."""
        answer = self.who.send("/events/new", values)
        assert answer.status_code == 302, answer.text

    def invite(self, event: int = 1, **values: Any) -> None:
        answer = self.who.send(f"/events/{event}/invitations", values or INVITE)
        assert answer.status_code == 302, answer.text

    def edit(self, event: int = 1, **values: Any) -> None:
        """Save the form of the event with other values."""
        address = f"/events/{event}/edit"
        assert self.who.send(address, self.who.fields(address) | values).status_code == 302

    def tick(self) -> list[EmailMessage]:
        """What the scheduler does; the mails that left."""
        with self.app.app_context():
            write_due_invitations(db.session, self.at)
            db.session.commit()
        return self.send()[1]

    def send(self) -> tuple[Sent, list[EmailMessage]]:
        """Send the outbox; the mails that left, by whom they went to."""
        before = len(self.server.taken)
        with self.app.app_context():
            sent = send_outbox(db.session, settings_for(self.app, self.port), clock=lambda: self.at)
            db.session.close()
        taken = [
            email.message_from_bytes(one.content, policy=email.policy.default) for one in self.server.taken[before:]
        ]
        return sent, sorted(taken, key=lambda one: one["To"].addresses[0].addr_spec)

    def receive(self, *mails: bytes) -> list[str | None]:
        """Let mails come in; what became of each."""
        with self.app.app_context():
            found = [receive(db.session, mail, self.at) for mail in mails]
            db.session.commit()
            db.session.close()
        return [one.value if one else None for one in found]

    def answers(self) -> dict[str, str]:
        """What everybody has answered by now, by address."""
        with self.app.app_context():
            rows = db.session.scalars(sa.select(Invitation).join(Invitee))
            return {f"{one.invitee.address}": one.standing_answer.value for one in rows}

    def last_reason(self) -> str | None:
        """Why the last mail was put aside."""
        with self.app.app_context():
            query = sa.select(ReceivedMail.reason).order_by(ReceivedMail.id.desc()).limit(1)
            reason = db.session.scalar(query)
            return reason.value if reason else None


def parts(mail: EmailMessage) -> list[tuple[str, dict[str, str]]]:
    """The parts of a mail: types, and what they say of themselves."""
    return [(part.get_content_type(), dict(part["Content-Type"].params)) for part in mail.walk()]


def calendar_of(mail: EmailMessage) -> Calendar:
    """The iCalendar object of a mail."""
    (part,) = (one for one in mail.walk() if one.get_content_type() == "text/calendar")
    found = Calendar.from_ical(part.get_payload(decode=True))
    assert part["Content-Type"].params["method"] == found["METHOD"]
    return found


def entry_of(mail: EmailMessage) -> Any:
    """The first VEVENT of a mail."""
    return calendar_of(mail).walk("VEVENT")[0]
