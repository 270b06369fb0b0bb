"""One mail a person and day: what waits for one person in the outbox leaves together.

Urgent messages, and those of an account (a link to choose a password), leave at once and by themselves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from interagency.mail.content import MailContent, MailKind, as_json, bundled, from_json
from interagency.mail.models import OutboxMessage
from interagency.mail.silencing import footer, silence_address
from interagency.settings import Settings

CLAIM = timedelta(minutes=15)  # after which a sender that claimed a message is taken for dead


def _is_due(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    one = OutboxMessage
    free = sa.or_(one.sending_since.is_(None), one.sending_since < at - CLAIM)
    return one.sent_at.is_(None), one.next_try_at.is_not(None), one.next_try_at <= at, free


def _in_bundles(message: type[OutboxMessage]) -> sa.ColumnElement[bool]:
    return sa.and_(message.kind != "", message.is_urgent.is_(False))


def _had_mail(address: Any, at: datetime, zone: ZoneInfo) -> sa.ColumnElement[bool]:
    """That a bundle has left for the address on this day, by the service's zone, or is on its way."""
    other = aliased(OutboxMessage)
    day = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    gone = other.sent_at >= day
    leaving = sa.and_(other.sent_at.is_(None), other.sending_since >= at - CLAIM)
    return sa.exists().where(other.to_address == address, _in_bundles(other), sa.or_(gone, leaving))


def claim(session: Session, at: datetime, zone: ZoneInfo) -> list[OutboxMessage]:
    """Take the next message that is due for ourselves alone, with all that leave together with it, committed.

    Returns them detached, the oldest first; nothing when none is due.
    """
    one = OutboxMessage
    may_leave = sa.or_(sa.not_(_in_bundles(one)), sa.not_(_had_mail(one.to_address, at, zone)))
    next_due = sa.select(one.id).where(*_is_due(at), may_leave).order_by(one.next_try_at, one.id).limit(1)
    while True:
        message_id = session.scalar(next_due)
        if message_id is None:
            session.rollback()
            return []
        ids = _mates(session, message_id, at, zone)
        taken = session.scalars(
            sa.update(one).where(one.id.in_(ids), *_is_due(at)).values(sending_since=at).returning(one.id),
            execution_options={"synchronize_session": False},
        ).all()
        session.commit()
        if taken:  # else somebody else was faster
            query = sa.select(one).where(one.id.in_(taken)).order_by(one.id)
            messages = list(session.scalars(query.execution_options(populate_existing=True)))
            session.expunge_all()
            session.rollback()  # nothing is held while the server is slow
            return messages


def _mates(session: Session, message_id: int, at: datetime, zone: ZoneInfo) -> list[int]:
    """The message itself, and what leaves with it. Locked in one order, so that two senders wait and none is stuck."""
    one = OutboxMessage
    message = session.get_one(one, message_id, populate_existing=True)
    if message.leaves_alone:
        return [message_id]
    waiting = sa.select(one.id).where(
        one.to_address == message.to_address, _in_bundles(one), one.sent_at.is_(None), one.next_try_at <= at
    )
    ids = list(session.scalars(waiting.order_by(one.id).with_for_update()))
    return [] if session.scalar(sa.select(_had_mail(message.to_address, at, zone))) else ids


def compose(messages: list[OutboxMessage], settings: Settings) -> str:
    """Let the first of `messages` say what they all say. Returns the address that silences its kinds, or nothing.

    The messages are detached: what is written into them is for the delivery alone.
    """
    first = messages[0]
    if not first.kind:
        return ""
    content = bundled([(one.kind, from_json(one.content)) for one in messages if one.content])
    kinds = {MailKind(one.kind) for one in messages} | {section.kind for section in content.sections}
    kinds.discard(MailKind.DIGEST)
    below = footer(settings, first.id, kinds, content.language)
    first.subject, first.text, first.html = content.subject, content.text(below), content.html(below)
    return silence_address(settings, first.id, kinds)


def keep_content(message: OutboxMessage, content: MailContent) -> dict[str, object]:
    """Let the message say `content`; the columns and their values."""
    values: dict[str, object] = {
        "subject": content.subject, "text": content.text(), "html": content.html(), "calendar": content.calendar,
        "calendar_method": content.calendar_method, "from_address": content.from_address,
        "content": as_json(content) if message.kind else None,
    }  # fmt: skip
    for name, value in values.items():
        setattr(message, name, value)
    return values
