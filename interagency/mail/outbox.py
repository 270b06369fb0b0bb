"""Writing messages into the outbox, in the transaction of their cause, and asking about them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import make_msgid
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale
from sqlalchemy.orm import Session

from interagency.db.base import is_conflict
from interagency.mail.content import MailContent, MailKind, as_json
from interagency.mail.models import OutboxMessage
from interagency.text.languages import DEFAULT


def in_language(code: str) -> AbstractContextManager[None]:
    """What is written within is written in the language `code`, that of its reader; English for who chose none."""
    language: AbstractContextManager[None] = force_locale(code or DEFAULT)
    return language


__all__ = ["MailContent", "MailKind", "SendIf", "in_language", "write"]


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
    letter: MailContent,
    at: datetime,
    host: str = "interagency",
    send_if: SendIf | None = None,
    kind: MailKind | None = None,
    is_urgent: bool = False,
) -> bool:
    """Put a message in the outbox, in the caller's transaction. False when `dedupe_key` was written before.

    It leaves only if the condition `send_if` holds by then. One with a `kind` leaves together with all others to that
    person, once a day, unless they have silenced the kind; one without, and one that `is_urgent`, by itself at once.
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
                    calendar=letter.calendar,
                    calendar_method=letter.calendar_method,
                    from_address=letter.from_address,
                    send_if=send_if.name if send_if else "",
                    send_if_args=dict(send_if.args) if send_if else {},
                    kind=kind.value if kind else "",
                    is_urgent=is_urgent,
                    content=as_json(letter) if kind else None,
                )
            )
            session.flush()
    except sa.exc.IntegrityError as error:
        if not is_conflict(error):
            raise
        return False
    return True


def existing_dedupe_keys(session: Session, keys: list[str]) -> set[str]:
    """Which of the steps `keys` have written their message."""
    return set(session.scalars(sa.select(OutboxMessage.dedupe_key).where(OutboxMessage.dedupe_key.in_(keys))))


def unsent(session: Session, limit: int = 50) -> list[OutboxMessage]:
    """Messages that failed at least once and are not sent, newest first."""
    query = sa.select(OutboxMessage).where(OutboxMessage.sent_at.is_(None), OutboxMessage.tries > 0)
    return list(session.scalars(query.order_by(OutboxMessage.id.desc()).limit(limit)))


def unsent_count(session: Session) -> int:
    """How many messages failed at least once and are not sent."""
    query = sa.select(sa.func.count()).where(OutboxMessage.sent_at.is_(None), OutboxMessage.tries > 0)
    return session.scalar(query) or 0


def pending_count(session: Session) -> int:
    """How many messages are written and not sent."""
    return session.scalar(sa.select(sa.func.count()).where(OutboxMessage.sent_at.is_(None))) or 0


def retry_now(session: Session, message_id: int, at: datetime) -> bool:
    """Let a message that failed be tried at once. False when there is none such."""
    message = session.get(OutboxMessage, message_id)
    if message is None or message.sent_at is not None:
        return False
    message.next_try_at, message.tries, message.sending_since = at, 0, None
    return True
