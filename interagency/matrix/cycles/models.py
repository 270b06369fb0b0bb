"""A cycle: one calendar month of updating. Answers, extensions, and the edition that closing makes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_pgettext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interagency.accounts.models import Person
from interagency.db.base import Model, now
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.remarks.models import Remark
from interagency.text.labelled import Labelled


class CycleState(Labelled):
    """Open for answers, or closed into an edition. Late is not a state: it is open past its due date."""

    OPEN = "open", lazy_pgettext("a month", "open")
    CLOSED = "closed", lazy_pgettext("a month", "closed")


class Cycle(Model):
    """The updating of one month, `2026-08`."""

    __tablename__ = "cycle"

    month: Mapped[str] = mapped_column(sa.String(7), primary_key=True)
    state: Mapped[CycleState] = mapped_column(default=CycleState.OPEN)
    opened_at: Mapped[datetime] = mapped_column(default=now)
    due_at: Mapped[datetime]
    # When the date was last moved; None as long as it is the one it was opened with.
    due_set_at: Mapped[datetime | None]
    # Close only once every entity has answered.
    waits_for_all: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    reopened_at: Mapped[datetime | None]
    reopened_reason: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    @property
    def is_open(self) -> bool:
        return self.state is CycleState.OPEN

    def is_late(self, at: datetime) -> bool:
        """Whether the cycle is still open after its due date."""
        return self.is_open and at > self.due_at


class Extension(Model):
    """A later due date for one entity."""

    __tablename__ = "extension"

    cycle_month: Mapped[str] = mapped_column(sa.ForeignKey("cycle.month", ondelete="RESTRICT"), primary_key=True)
    entity_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"), primary_key=True)
    due_at: Mapped[datetime]
    given_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    given_at: Mapped[datetime] = mapped_column(default=now)


class AnswerKind(Labelled):
    """What an entity says for a cycle. Silence is the absence of an answer."""

    UPDATED = "updated", lazy_pgettext("the answer of an entity", "updated")
    UNCHANGED = "confirmed unchanged", lazy_pgettext("the answer of an entity", "confirmed unchanged")
    NOTHING = "nothing to report", lazy_pgettext("the answer of an entity", "nothing to report")


class Answer(Model):
    """An entity's answer for a cycle. Taken back or returned, it stays, and another may follow."""

    __tablename__ = "answer"
    __table_args__ = (
        # One answer at a time stands.
        sa.Index(
            "uq_answer_standing",
            "cycle_month",
            "entity_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cycle_month: Mapped[str] = mapped_column(sa.ForeignKey("cycle.month", ondelete="RESTRICT"))
    entity_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[AnswerKind]
    signed_at: Mapped[datetime] = mapped_column(default=now)
    signed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    # Given by a coordinator for the entity, and why.
    on_behalf_reason: Mapped[str] = mapped_column(default="")
    comment: Mapped[str] = mapped_column(default="")
    # Taken back by the entity, or returned by a coordinator with a note.
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    # The remark that asks the entity to look again; what it says is kept there alone.
    returned_with_id: Mapped[int | None] = mapped_column(sa.ForeignKey("remark.id"))
    # What the signature confirmed: by kind of record its id and the month it was confirmed for before. None: not kept.
    confirmed: Mapped[dict[str, list[tuple[int, str | None]]] | None] = mapped_column(sa.JSON(none_as_null=True))
    entity: Mapped[Organisation] = relationship()
    signed_by: Mapped[Person | None] = relationship(foreign_keys=[signed_by_id])
    returned_with: Mapped[Remark | None] = relationship()

    @property
    def return_note(self) -> str:
        """What the coordinators asked when they returned it; empty where they did not."""
        return self.returned_with.text if self.returned_with is not None else ""


class Edition(Model):
    """The frozen matrix and calendar of a closed cycle. The database refuses to change it."""

    __tablename__ = "edition"
    __table_args__ = (sa.UniqueConstraint("cycle_month", "issue"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cycle_month: Mapped[str] = mapped_column(sa.ForeignKey("cycle.month", ondelete="RESTRICT"))
    # 1, or more when the month was reopened and closed again.
    issue: Mapped[int] = mapped_column(default=1)
    made_at: Mapped[datetime]
    made_by_name: Mapped[str]
    format_version: Mapped[int]
    # SHA-256 of the contents, as hexadecimal digits.
    checksum: Mapped[str] = mapped_column(sa.String(64))
    # Canonical JSON, compressed by zlib.
    contents: Mapped[bytes] = mapped_column(sa.LargeBinary)
    activity_count: Mapped[int]
    event_count: Mapped[int]
