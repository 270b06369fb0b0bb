"""A letter of a coordinator to focal points. Once sent it stays as it was: the database refuses to change it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interagency.db.base import Model, now

SUBJECT_LENGTH = 150
TEXT_LENGTH = 5000


class Notice(Model):
    """A letter as it was sent."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(SUBJECT_LENGTH))
    text: Mapped[str]
    # Where the open months stood when it was sent, in words; empty where the writer left it out.
    state: Mapped[str]
    # What it is found by: the folded words of subject and text, between spaces.
    words: Mapped[str]
    sent_at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    by_name: Mapped[str]
    recipients: Mapped[list[NoticeRecipient]] = relationship(order_by="NoticeRecipient.name")


class NoticeRecipient(Model):
    """Whom a letter was sent to, and as focal point of which entities, by the names of that day."""

    __tablename__ = "notice_recipient"

    notice_id: Mapped[int] = mapped_column(sa.ForeignKey("notice.id", ondelete="RESTRICT"), primary_key=True)
    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    name: Mapped[str]
    entities: Mapped[list[str]]
