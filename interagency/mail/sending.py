"""Sending what waits in the outbox by SMTP, with growing pauses after a failure."""

from __future__ import annotations

import logging
import smtplib
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from interagency.db.base import db, now
from interagency.mail.bundling import CLAIM, claim, compose, keep_content
from interagency.mail.content import MailContent
from interagency.mail.models import OutboxMessage
from interagency.registry import registry
from interagency.settings import Settings
from interagency.web.request_id import is_loopback

log = logging.getLogger(__name__)
__all__ = ["CLAIM", "send_outbox", "send_soon"]
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
TIMEOUT_SECONDS = 15
# The condition of the registry that is asked of every message with a kind: that its reader has not silenced it.
SILENCE = "silence"
MAX_AT_ONCE = 500
NO_TLS = "the server offers no TLS; write smtp+plain:// if everybody on the way may read the mails"


@dataclass(slots=True)
class Sent:
    """What a round of sending came to."""

    sent: int = 0
    failed: int = 0
    withdrawn: int = 0


class SmtpSender:
    """One connection to the SMTP server of INTERAGENCY_MAIL_URL, opened when first needed.

    Mails hold links that open accounts: they leave the machine under TLS, to the server the certificate names, or not
    at all, unless the address says `smtp+plain`.
    """

    def __init__(self, settings: Settings) -> None:
        self._address = urlsplit(settings.mail_url)
        self._sender = settings.mail_from
        self._server: smtplib.SMTP | None = None

    def _connect(self) -> smtplib.SMTP:
        host, port = self._address.hostname or "localhost", self._address.port or 0
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self._address.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        try:
            server.ehlo()
            if self._address.scheme == "smtp" and not is_loopback(host):
                if not server.has_extn("starttls"):
                    raise smtplib.SMTPException(NO_TLS)
                server.starttls(context=context)
                server.ehlo()
            if self._address.username:
                server.login(unquote(self._address.username), unquote(self._address.password or ""))
        except BaseException:
            server.close()
            raise
        return server

    def deliver(self, message: OutboxMessage, unsubscribe: str = "") -> None:
        """Hand one message to the server, with the address that silences its kind. Raises OSError or SMTPException."""
        mail = EmailMessage()
        mail["From"] = message.from_address or self._sender
        mail["To"] = Address(message.to_name, addr_spec=message.to_address)
        mail["Subject"] = message.subject
        mail["Message-ID"] = message.message_id
        mail["Date"] = message.written_at
        mail["Auto-Submitted"] = "auto-generated"
        if unsubscribe:
            mail["List-Unsubscribe"] = f"<{unsubscribe}>"
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
        if message.calendar:
            _add_calendar(mail, message)
        if self._server is None:
            self._server = self._connect()
        try:
            self._server.send_message(mail)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the connection, without a word if the other side is gone."""
        server, self._server = self._server, None
        if server is not None:
            server.close()


def _add_calendar(mail: EmailMessage, message: OutboxMessage) -> None:
    """The iCalendar object as mail programs look for it: the last of the alternatives, its `method` that of the object
    (RFC 6047, 2.4), and once more as a file for those that show none. In base64, which keeps its CRLFs.
    """
    body = message.calendar.encode()
    parameters = {"method": message.calendar_method, "charset": "UTF-8"}
    mail.add_alternative(body, maintype="text", subtype="calendar", cte="base64", params=parameters)
    mail.add_attachment(body, maintype="application", subtype="ics", cte="base64", filename="invite.ics")


def send_outbox(session: Session, settings: Settings, clock: Callable[[], datetime] = now) -> Sent:
    """Send what is due, one mail and one transaction after another. Safe to run twice at once.

    A message whose condition holds no more is taken back instead. Without INTERAGENCY_MAIL_URL nothing is sent and
    everything stays.
    """
    result = Sent()
    if not settings.mail_url:
        return result
    postman = SmtpSender(settings)
    try:
        for _ in range(MAX_AT_ONCE):
            messages = claim(session, clock(), settings.zone)
            if not messages:
                return result
            _send_together(session, postman, messages, settings, clock, result)
    finally:
        postman.close()
    return result


def _send_together(
    session: Session,
    postman: SmtpSender,
    messages: list[OutboxMessage],
    settings: Settings,
    clock: Callable[[], datetime],
    result: Sent,
) -> None:
    """Send messages to one person as one mail: those that may leave by now."""
    leaving = []
    for message in messages:
        error = _apply_condition(session, message, clock())
        if error is None:
            result.withdrawn += 1
        elif error:
            _note(session, message.id, error, clock())
            result.failed += 1
        else:
            leaving.append(message)
    if not leaving:
        return
    ids = [message.id for message in leaving]
    error = _try(postman, leaving, settings)
    for message_id in ids:
        _note(session, message_id, error, clock())
    if error:
        result.failed += len(leaving)
    else:
        result.sent += len(leaving)


def _apply_condition(session: Session, message: OutboxMessage, at: datetime) -> str | None:
    """Let the message say what holds by now. None when it was taken back, else an empty string or what went wrong."""
    says: bool | MailContent = True
    try:
        if message.kind and (silence := registry.conditions.get(SILENCE)) is not None:
            says = silence(session, message, at, kind=message.kind)
        if says is not False and message.send_if:
            says = registry.conditions[message.send_if](session, message, at, **message.send_if_args)
    except Exception as problem:  # one that cannot be asked about stays, and keeps no other from leaving
        session.rollback()
        log.exception("whether a message may leave cannot be said: %s", message.dedupe_key)
        return f"{type(problem).__name__}: {problem}"[:500]
    own = (OutboxMessage.id == message.id, OutboxMessage.sending_since == message.sending_since)
    if says is False:
        session.execute(sa.delete(OutboxMessage).where(*own))  # its step may write again
        log.info("a message was taken back: %s", message.dedupe_key)
    elif isinstance(says, MailContent):
        session.execute(sa.update(OutboxMessage).where(*own).values(keep_content(message, says)))
    session.commit()  # nothing is held while the server is slow
    return None if says is False else ""


def _try(postman: SmtpSender, messages: list[OutboxMessage], settings: Settings) -> str:
    """Deliver as one mail; an empty string, or what went wrong in one line."""
    try:
        postman.deliver(messages[0], compose(messages, settings))
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()), (0, b""))
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        return f"the address was refused: {code} {words}"[:500]
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"[:500]
    return ""


def _note(session: Session, message_id: int, error: str, at: datetime) -> None:
    message = session.get(OutboxMessage, message_id, populate_existing=True)
    if message is None:  # another sender took it over and took it back
        return
    message.tries += 1
    message.sending_since = None
    message.last_error = error
    if not error:
        message.sent_at, message.next_try_at = at, None
        message.content = None
        # Links that open accounts are kept hashed, and nowhere else.
        message.text = message.html = message.calendar = ""
        if (note := registry.after_sending.get(message.send_if)) is not None:
            note(session, message, at, **message.send_if_args)
    elif message.tries > len(PAUSES):
        message.next_try_at = None  # given up; a coordinator sees it and can try again
    else:
        message.next_try_at = at + PAUSES[message.tries - 1]
    session.commit()


def send_soon(app: Flask, settings: Settings, *, first: Callable[[Session], object] | None = None) -> None:
    """Send the outbox in the background, after the act that filled it was committed; do `first` before that.

    What it cannot do stays for the next `interagency cycle tick`.
    """
    if app.testing or (first is None and not settings.mail_url):
        return

    def send() -> None:
        with app.app_context():
            try:
                if first is not None:
                    first(db.session)
                send_outbox(db.session, settings)
            except sa.exc.SQLAlchemyError:
                app.logger.warning("the outbox could not be sent now; it stays for the next round")
            finally:
                db.session.close()

    threading.Thread(target=send, name="outbox", daemon=True).start()
