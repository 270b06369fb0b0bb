"""Messages out, through an outbox that survives a failure. The ground floor: knows no room.

A message is written in the transaction of the act that causes it and sent afterwards; `once` is the
step it belongs to, so that the same step never writes the same message twice.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from interagency.database import Model, now


class OutboxMessage(Model):
    """A message to one person, sent or still to be sent."""

    __tablename__ = "outbox_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Names the step and the person, e.g. `reminder/2026-08/due/17`.
    once: Mapped[str] = mapped_column(sa.String(200), unique=True)
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
