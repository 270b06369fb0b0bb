"""The outbox: messages waiting to be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from interagency.db.base import Model, now


class OutboxMessage(Model):
    """A message to one person, sent or still to be sent."""

    __tablename__ = "outbox_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Names the step and the person, e.g. `reminder/2026-08/due/17`.
    dedupe_key: Mapped[str] = mapped_column(sa.String(200), unique=True)
    to_address: Mapped[str] = mapped_column(index=True)
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
    # An iCalendar object that goes along, and its METHOD; empty: none. Taken away once it is sent, as the text is.
    calendar: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    calendar_method: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    # Whom it is from and where it is returned to; empty: INTERAGENCY_MAIL_FROM.
    from_address: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    # What it is about, a MailKind; empty for what belongs to an account and leaves at once by itself.
    kind: Mapped[str] = mapped_column(sa.String(20), default="", server_default=sa.text("''"))
    # Leaves at once and by itself although it has a kind.
    is_urgent: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # What it says, as `content.as_json`, until it is sent; None where text and HTML are all there is.
    content: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))

    @property
    def leaves_alone(self) -> bool:
        return self.is_urgent or not self.kind

    @property
    def has_failed(self) -> bool:
        return self.sent_at is None and self.next_try_at is None
