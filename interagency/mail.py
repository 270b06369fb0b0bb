"""Messages out, through an outbox that survives a failure. The ground floor: knows no room.

A message is written in the transaction of the act that causes it and sent afterwards; `dedupe_key` is the
step it belongs to, so that the same step never writes the same message twice. Sending claims one message
after another: a process that dies leaves a claim behind, which is taken over after CLAIM. Only a death
between the server's "accepted" and our note of it sends a message again, and then under the same
Message-ID, which mail programs show once.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from flask import Flask
from markupsafe import escape
from sqlalchemy.orm import Mapped, Session, mapped_column

from interagency.arrivals import is_loopback
from interagency.database import Model, db, is_conflict, now
from interagency.registry import registry
from interagency.settings import Settings

log = logging.getLogger(__name__)
CLAIM = timedelta(minutes=15)
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
TIMEOUT_SECONDS = 15
MOST_AT_ONCE = 500
NO_TLS = "the server offers no TLS; write smtp+plain:// if everybody on the way may read the mails"


class OutboxMessage(Model):
    """A message to one person, sent or still to be sent."""

    __tablename__ = "outbox_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Names the step and the person, e.g. `reminder/2026-08/due/17`.
    dedupe_key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    to_address: Mapped[str]
    to_name: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    # Made once, so that a message sent twice by accident is one message to its reader.
    message_id: Mapped[str] = mapped_column(sa.String(200), unique=True)
    written_at: Mapped[datetime] = mapped_column(default=now)
    next_try_at: Mapped[datetime | None] = mapped_column(default=now, index=True)
    tries: Mapped[int] = mapped_column(default=0)
    sending_since: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")
    # What must hold when it leaves: the name of a condition of the registry and its arguments by name. Empty: nothing.
    send_if: Mapped[str] = mapped_column(sa.String(40), default="", server_default=sa.text("''"))
    send_if_args: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @property
    def is_given_up(self) -> bool:
        return self.sent_at is None and self.next_try_at is None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message says: a subject, paragraphs, and one link to act on."""

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    link: str = ""
    link_words: str = ""
    closing: str = ""

    def text(self) -> str:
        """As plain text."""
        parts = [self.greeting, *self.paragraphs]
        if self.link:
            parts.append(f"{self.link_words}:\n{self.link}")
        return "\n\n".join([*parts, self.closing] if self.closing else parts) + "\n"

    def html(self) -> str:
        """As HTML, for readers that prefer it."""
        parts = [f"<p>{escape(part)}</p>".replace("\n", "<br>") for part in (self.greeting, *self.paragraphs)]
        if self.link:
            parts.append(f'<p><a href="{escape(self.link)}">{escape(self.link_words)}</a></p>')
        if self.closing:
            parts.append(f"<p>{escape(self.closing)}</p>".replace("\n", "<br>"))
        body = "\n".join(parts)
        return f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"></head><body>\n{body}\n</body></html>\n'


@dataclass(frozen=True, slots=True)
class SendIf:
    """What must hold when a message leaves: the name of a condition of the registry, and plain values by name."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)


def write(
    session: Session,
    dedupe_key: str,
    *,
    to_address: str,
    to_name: str,
    letter: Letter,
    at: datetime,
    host: str = "interagency",
    send_if: SendIf | None = None,
) -> bool:
    """Put a message in the outbox, in the caller's transaction. False when `dedupe_key` was written before.

    It leaves only if the condition `send_if` holds by then.
    """
    try:
        with session.begin_nested():
            session.add(
                OutboxMessage(
                    dedupe_key=dedupe_key,
                    to_address=to_address,
                    to_name=to_name,
                    subject=letter.subject,
                    text=letter.text(),
                    html=letter.html(),
                    message_id=make_msgid(domain=host),
                    written_at=at,
                    next_try_at=at,
                    send_if=send_if.name if send_if else "",
                    send_if_args=dict(send_if.args) if send_if else {},
                )
            )
            session.flush()
    except sa.exc.IntegrityError as error:
        if not is_conflict(error):
            raise
        return False
    return True


def already_written(session: Session, keys: list[str]) -> set[str]:
    """Which of the steps `keys` have written their message."""
    return set(session.scalars(sa.select(OutboxMessage.dedupe_key).where(OutboxMessage.dedupe_key.in_(keys))))


# --- Sending ---


@dataclass(slots=True)
class Sent:
    """What a round of sending came to."""

    sent: int = 0
    failed: int = 0
    withdrawn: int = 0


class Postman:
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

    def deliver(self, message: OutboxMessage) -> None:
        """Hand one message to the server. Raises OSError or SMTPException."""
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = Address(message.to_name, addr_spec=message.to_address)
        mail["Subject"] = message.subject
        mail["Message-ID"] = message.message_id
        mail["Date"] = message.written_at
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
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


def send_outbox(session: Session, settings: Settings, clock: Callable[[], datetime] = now) -> Sent:
    """Send what is due, one message and one transaction after another. Safe to run twice at once.

    A message whose condition holds no more is taken back instead. Without INTERAGENCY_MAIL_URL nothing is sent and
    everything stays.
    """
    result = Sent()
    if not settings.mail_url:
        return result
    postman = Postman(settings)
    try:
        for _ in range(MOST_AT_ONCE):
            message = _claim(session, clock())
            if message is None:
                return result
            error = _bring_up_to_date(session, message, clock())
            if error is None:
                result.withdrawn += 1
                continue
            error = error or _try(postman, message)
            _note(session, message.id, error, clock())
            if error:
                result.failed += 1
            else:
                result.sent += 1
    finally:
        postman.close()
    return result


def _claim(session: Session, at: datetime) -> OutboxMessage | None:
    """Take the next message that is due for ourselves alone, committed; None when there is none."""
    one = OutboxMessage
    free = sa.or_(one.sending_since.is_(None), one.sending_since < at - CLAIM)
    due = (one.sent_at.is_(None), one.next_try_at.is_not(None), one.next_try_at <= at, free)
    while True:
        message_id = session.scalar(sa.select(one.id).where(*due).order_by(one.next_try_at, one.id).limit(1))
        if message_id is None:
            session.rollback()
            return None
        taken = session.execute(
            sa.update(one)
            .where(one.id == message_id, *due)
            .values(sending_since=at)
            .execution_options(synchronize_session=False)
        )
        session.commit()
        if taken.rowcount:  # type: ignore[attr-defined]  # else somebody else was faster
            message = session.get(one, message_id, populate_existing=True)
            assert message is not None
            session.expunge(message)
            session.rollback()  # nothing is held while the server is slow
            return message


def _bring_up_to_date(session: Session, message: OutboxMessage, at: datetime) -> str | None:
    """Let the message say what holds by now. None when it was taken back, else an empty string or what went wrong."""
    if not message.send_if:
        return ""
    try:
        says = registry.conditions[message.send_if](session, message, at, **message.send_if_args)
    except Exception as problem:  # one that cannot be asked about stays, and keeps no other from leaving
        session.rollback()
        log.exception("whether a message may leave cannot be said: %s", message.dedupe_key)
        return f"{type(problem).__name__}: {problem}"[:500]
    own = (OutboxMessage.id == message.id, OutboxMessage.sending_since == message.sending_since)
    if says is False:
        session.execute(sa.delete(OutboxMessage).where(*own))  # its step may write again
        log.info("a message was taken back: %s", message.dedupe_key)
    elif isinstance(says, Letter):
        message.subject, message.text, message.html = says.subject, says.text(), says.html()
        values = {"subject": message.subject, "text": message.text, "html": message.html}
        session.execute(sa.update(OutboxMessage).where(*own).values(values))
    session.commit()  # nothing is held while the server is slow
    return None if says is False else ""


def _try(postman: Postman, message: OutboxMessage) -> str:
    """Deliver; an empty string, or what went wrong in one line."""
    try:
        postman.deliver(message)
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
        message.text = message.html = ""  # links that open accounts are kept hashed, and nowhere else
    elif message.tries > len(PAUSES):
        message.next_try_at = None  # given up; a coordinator sees it and can try again
    else:
        message.next_try_at = at + PAUSES[message.tries - 1]
    session.commit()


def unsent(session: Session, limit: int = 50) -> list[OutboxMessage]:
    """Messages that failed at least once and are not sent, newest first."""
    query = sa.select(OutboxMessage).where(OutboxMessage.sent_at.is_(None), OutboxMessage.tries > 0)
    return list(session.scalars(query.order_by(OutboxMessage.id.desc()).limit(limit)))


def waiting_count(session: Session) -> int:
    """How many messages are written and not sent."""
    return session.scalar(sa.select(sa.func.count()).where(OutboxMessage.sent_at.is_(None))) or 0


def try_again(session: Session, message_id: int, at: datetime) -> bool:
    """Let a message that failed be tried at once. False when there is none such."""
    message = session.get(OutboxMessage, message_id)
    if message is None or message.sent_at is not None:
        return False
    message.next_try_at, message.tries, message.sending_since = at, 0, None
    return True


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
