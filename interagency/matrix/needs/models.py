"""A need of technical assistance that a country stated, or that was stated for it, and who says they can help."""

from __future__ import annotations

import enum
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from interagency.db.base import Model, Versioned, now, precision_column
from interagency.matrix.framework.models import Country, Recommendation
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate

TITLE_LENGTH, SOURCE_LENGTH, LINK_LENGTH = 300, 500, 2000
TEXT_LENGTH, WORD_LENGTH = 10_000, 2000


class NeedStatus(enum.StrEnum):
    """Where a need stands. Set by people."""

    OPEN = "open"
    BEING_MET = "being met"
    MET = "met"
    WITHDRAWN = "withdrawn"


class StatedBy(enum.StrEnum):
    """Whose words they are: the government's own, or those of somebody who speaks of the country."""

    GOVERNMENT = "government"
    OTHERS = "others"


def _link(name: str, other: str, column: str) -> sa.Table:
    return sa.Table(
        name,
        Model.metadata,
        sa.Column("need_id", sa.ForeignKey("need.id", ondelete="RESTRICT"), primary_key=True),
        sa.Column(column, sa.ForeignKey(other, ondelete="RESTRICT"), primary_key=True),
        sa.Index(f"ix_{name}_{column}", column, "need_id"),
    )


need_recommendation = _link("need_recommendation", "recommendation.code", "recommendation_code")
# The entities that keep it: they took it up, and their agreement shares it.
need_entity = _link("need_entity", "organisation.id", "entity_id")


class Need(Versioned, Model):
    """One need. Without a country it is one of transit countries as a group."""

    __tablename__ = "need"
    __table_args__ = (sa.CheckConstraint("country_code IS NOT NULL OR is_transit", name="whose"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH))
    details: Mapped[str] = mapped_column(default="")
    country_code: Mapped[str | None] = mapped_column(sa.ForeignKey("country.code", ondelete="RESTRICT"), index=True)
    is_transit: Mapped[bool] = mapped_column(default=False)
    stated_by: Mapped[StatedBy] = mapped_column(default=StatedBy.GOVERNMENT)
    # The government asked for assistance; a need that was only found is none that anybody requested.
    on_request: Mapped[bool] = mapped_column(default=False)
    stated_precision = precision_column("stated_precision")
    stated_first: Mapped[date | None]
    stated_last: Mapped[date | None]
    stated: Mapped[ImpreciseDate | None] = composite("stated_precision", "stated_first", "stated_last")
    source: Mapped[str] = mapped_column(sa.String(SOURCE_LENGTH), default="")
    link: Mapped[str] = mapped_column(sa.String(LINK_LENGTH), default="")
    status: Mapped[NeedStatus] = mapped_column(default=NeedStatus.OPEN)
    shareable: Mapped[bool] = mapped_column(default=False)
    # What it is found by: the folded words of title, details, source and country, between spaces.
    words: Mapped[str] = mapped_column(default="")

    country: Mapped[Country | None] = relationship()
    recommendations: Mapped[list[Recommendation]] = relationship(
        secondary=need_recommendation, order_by=Recommendation.position
    )
    entities: Mapped[list[Organisation]] = relationship(
        secondary=need_entity, order_by=(Organisation.position, Organisation.id)
    )
    offers: Mapped[list[NeedOffer]] = relationship(order_by="NeedOffer.id", viewonly=True)

    @property
    def asked(self) -> list[Organisation]:
        """Whose agreement shares it."""
        return list(self.entities)

    @property
    def is_unmet(self) -> bool:
        """Whether somebody is still wanted."""
        return self.status in (NeedStatus.OPEN, NeedStatus.BEING_MET)


class NeedOffer(Model):
    """An entity says that it can help, with a word. For the entities only: it leaves in nothing."""

    __tablename__ = "need_offer"

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(sa.ForeignKey("need.id", ondelete="RESTRICT"))
    entity_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    word: Mapped[str] = mapped_column(default="")
    said_at: Mapped[datetime] = mapped_column(default=now)
    said_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    said_by_name: Mapped[str]
    entity: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    __table_args__ = (sa.UniqueConstraint("need_id", "entity_id"),)
