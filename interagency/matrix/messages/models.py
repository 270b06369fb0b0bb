"""Messages that entities speak with one voice. A version is never changed: each is agreed to by itself."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interagency.db.base import Model, Versioned, now
from interagency.matrix.activities.models import Level
from interagency.matrix.framework.models import Chapter
from interagency.matrix.organisations.models import Organisation

TITLE_LENGTH, SOURCE_LENGTH, WHERE_LENGTH, NOTE_LENGTH = 200, 500, 300, 500
TEXT_LENGTH = 10_000
# The official languages of the United Nations, by their own names.
LANGUAGES = {
    "en": "English", "fr": "Français", "es": "Español", "ar": "العربية", "zh": "中文", "ru": "Русский",
}  # fmt: skip

message_version_entity = sa.Table(
    "message_version_entity",
    Model.metadata,
    sa.Column("message_version_id", sa.ForeignKey("message_version.id", ondelete="RESTRICT"), primary_key=True),
    sa.Column("entity_id", sa.ForeignKey("organisation.id", ondelete="RESTRICT"), primary_key=True),
    sa.Index("ix_message_version_entity_entity_id", "entity_id"),
)


class Message(Versioned, Model):
    """What the versions of one message have in common: that it is in use. Every new version raises `version`."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    withdrawn_at: Mapped[datetime | None]
    versions: Mapped[list[MessageVersion]] = relationship(back_populates="message", order_by="MessageVersion.number")

    @property
    def newest(self) -> MessageVersion:
        """What it says now, agreed to or a draft."""
        return self.versions[-1]


class MessageVersion(Model):
    """A message as it was written once. The database refuses to change it."""

    __tablename__ = "message_version"
    __table_args__ = (
        sa.UniqueConstraint("message_id", "number"),
        sa.CheckConstraint("valid_until IS NULL OR valid_from IS NULL OR valid_until >= valid_from", name="validity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(sa.ForeignKey("message.id", ondelete="RESTRICT"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH))
    # None of one that belongs to no chapter alone.
    chapter_number: Mapped[int | None] = mapped_column(sa.ForeignKey("chapter.number", ondelete="RESTRICT"), index=True)
    # For whom it is: headquarters, the field, or both.
    level: Mapped[Level]
    # By language.
    texts: Mapped[dict[str, str]] = mapped_column(sa.JSON)
    source: Mapped[str] = mapped_column(sa.String(SOURCE_LENGTH))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    # What is new in it, in its writer's words.
    note: Mapped[str] = mapped_column(sa.String(NOTE_LENGTH))
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    by_name: Mapped[str]
    message: Mapped[Message] = relationship(back_populates="versions")
    chapter: Mapped[Chapter | None] = relationship()
    entities: Mapped[list[Organisation]] = relationship(
        secondary=message_version_entity, order_by=(Organisation.position, Organisation.id)
    )

    @property
    def translations(self) -> list[tuple[str, str]]:
        """Its texts with the codes of their languages, in the order of LANGUAGES."""
        return [(code, self.texts[code]) for code in LANGUAGES if code in self.texts]

    @property
    def asked(self) -> list[Organisation]:
        """Whose agreement shares it: all that it names."""
        return list(self.entities)

    @property
    def shareable(self) -> bool:
        """Whether it is meant for use: its message was not withdrawn."""
        return self.message.withdrawn_at is None

    def is_valid_on(self, day: date) -> bool:
        """Whether it may be used on `day`."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)


class MessageUse(Model):
    """Who used a version of a message, where and when, as somebody told."""

    __tablename__ = "message_use"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_version_id: Mapped[int] = mapped_column(
        sa.ForeignKey("message_version.id", ondelete="RESTRICT"), index=True
    )
    entity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"))
    place: Mapped[str] = mapped_column(sa.String(WHERE_LENGTH))
    day: Mapped[date | None]
    told_at: Mapped[datetime] = mapped_column(default=now)
    told_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    told_by_name: Mapped[str]
    entity: Mapped[Organisation | None] = relationship()
    used: Mapped[MessageVersion] = relationship()
