"""What people decided about two activities that look alike, and the merging of two into one."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from interagency.db.base import Model, now


class VerdictKind(enum.StrEnum):
    """What two look-alikes are."""

    SAME = "same"
    RELATED = "related"
    DISTINCT = "distinct"


class Verdict(Model):
    """What stands of a pair of activities, the smaller id first. It is not asked for again."""

    __tablename__ = "verdict"
    __table_args__ = (sa.CheckConstraint("first_id < second_id", name="order"),)

    first_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    second_id: Mapped[int] = mapped_column(
        sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    kind: Mapped[VerdictKind]
    said_at: Mapped[datetime] = mapped_column(default=now)
    said_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))


class VerdictSaid(Model):
    """Every verdict ever said of a pair, also the ones that were changed later. Rows are only added."""

    __tablename__ = "verdict_said"
    __table_args__ = (sa.Index("ix_verdict_said_pair", "first_id", "second_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="RESTRICT"))
    second_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="RESTRICT"), index=True)
    kind: Mapped[VerdictKind]
    said_at: Mapped[datetime] = mapped_column(default=now)
    said_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    # The name on the day it was said.
    said_by_name: Mapped[str]


class Merge(Model):
    """Two activities that became one: who did it, when, and what is needed to undo it."""

    __tablename__ = "activity_merge"

    id: Mapped[int] = mapped_column(primary_key=True)
    survivor_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="RESTRICT"), index=True)
    merged_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="RESTRICT"), index=True)
    # The versions the two had after it: a later change of either makes it final.
    survivor_version: Mapped[int]
    merged_version: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    by_name: Mapped[str]
    # What the survivor said before, and what was carried over to it, as plain values.
    kept: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    undone_by_name: Mapped[str] = mapped_column(default="")
