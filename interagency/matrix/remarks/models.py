"""A remark on a record. It is for insiders alone and is never deleted: the database refuses to."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interagency.accounts.models import Person
from interagency.db.base import Model, now
from interagency.matrix.organisations.models import Organisation

TEXT_LENGTH = 5000
EDITABLE_FOR = timedelta(minutes=15)


class SubjectKind(enum.StrEnum):
    """What a remark can be on."""

    ACTIVITY = "activity"
    EVENT = "event"
    ANSWER = "answer"
    IMPORT = "import"  # a row of the preview of a workbook; the part is its number
    PAIR = "pair"  # two look-alikes; the part is the second of them


class Remark(Model):
    """What somebody says of a record, to whom, and whether it is answered."""

    __tablename__ = "remark"
    __table_args__ = (sa.Index("ix_remark_subject", "subject_kind", "subject_id", "subject_part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_kind: Mapped[SubjectKind]
    subject_id: Mapped[int]
    # The other number of a pair, the row of an import; 0 for what has no parts.
    subject_part: Mapped[int] = mapped_column(default=0)
    # The version of the record it spoke of; None where records have none.
    subject_version: Mapped[int | None]
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    # The name of that day.
    by_name: Mapped[str]
    edited_at: Mapped[datetime | None]
    # The remark this one answers.
    reply_to_id: Mapped[int | None] = mapped_column(sa.ForeignKey("remark.id", ondelete="RESTRICT"), index=True)
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    answered_by_name: Mapped[str] = mapped_column(default="")
    addressees: Mapped[list[RemarkAddressee]] = relationship(
        order_by="RemarkAddressee.id", cascade="all, delete-orphan"
    )
    earlier: Mapped[list[RemarkEarlier]] = relationship(order_by="RemarkEarlier.id")

    @property
    def is_open(self) -> bool:
        """Whether somebody is asked and nobody has answered."""
        return bool(self.addressees) and self.answered_at is None

    def is_editable(self, person_id: int, at: datetime) -> bool:
        """Whether that person may still change its words."""
        return self.by_id == person_id and at < self.at + EDITABLE_FOR


class RemarkAddressee(Model):
    """An entity or a person whom a remark asks."""

    __tablename__ = "remark_addressee"
    __table_args__ = (sa.CheckConstraint("(entity_id IS NULL) <> (person_id IS NULL)", name="who"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    remark_id: Mapped[int] = mapped_column(sa.ForeignKey("remark.id", ondelete="RESTRICT"), index=True)
    entity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    entity: Mapped[Organisation | None] = relationship(lazy="joined")
    person: Mapped[Person | None] = relationship(lazy="joined")

    @property
    def name(self) -> str:
        """The entity's short name or the person's."""
        if self.entity is not None:
            return self.entity.short
        return self.person.name if self.person is not None else ""


class RemarkEarlier(Model):
    """What a remark said before its writer changed it. Rows are only added."""

    __tablename__ = "remark_earlier"

    id: Mapped[int] = mapped_column(primary_key=True)
    remark_id: Mapped[int] = mapped_column(sa.ForeignKey("remark.id", ondelete="RESTRICT"), index=True)
    text: Mapped[str]
    until: Mapped[datetime]
