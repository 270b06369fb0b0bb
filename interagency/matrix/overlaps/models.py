"""What people decided about two activities that look alike. A verdict is not asked for again."""

from __future__ import annotations

import enum
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from interagency.database import Model, now


class VerdictKind(enum.StrEnum):
    """What two look-alikes are."""

    SAME = "same"
    RELATED = "related"
    DISTINCT = "distinct"


class Verdict(Model):
    """A person's decision about a pair of activities, the smaller id first."""

    __tablename__ = "verdict"
    __table_args__ = (sa.CheckConstraint("first_id < second_id", name="order"),)

    first_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    second_id: Mapped[int] = mapped_column(
        sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    kind: Mapped[VerdictKind]
    said_at: Mapped[datetime] = mapped_column(default=now)
    said_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
