"""Entities (UN) and partners (all others), their names, and the focal points of entities."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interagency.accounts.models import Person
from interagency.db.base import Model, now
from interagency.matrix.framework.titles import spoken


class OrganisationKind(enum.StrEnum):
    """What an organisation is."""

    UN_ENTITY = "un_entity"
    UN_BODY = "un_body"
    INTERNATIONAL = "international_organisation"
    REGIONAL = "regional_organisation"
    FINANCIAL = "international_financial_institution"
    CIVIL_SOCIETY = "civil_society"
    ACADEMIA = "academia"
    GOVERNMENT = "government"
    PRIVATE = "private_sector"
    NETWORK = "network"


class Organisation(Model):
    """An entity or a partner. Never deleted once it has activities, only retired.

    One that was proposed stands in the records of whoever proposed it, and outside nobody hears of it until a
    coordinator has accepted it; refused, it is retired besides. One that was merged leads to the one it is.
    """

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Stable short name for files and addresses, `who`.
    key: Mapped[str] = mapped_column(sa.String(60), unique=True)
    acronym: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(300), unique=True)
    kind: Mapped[OrganisationKind]
    # Takes part as a UN entity: has focal points, answers, agrees. Two of them make an activity joint.
    is_entity: Mapped[bool] = mapped_column(index=True)
    # Expected to answer each month. True for the entities of the decision of 20 April 2017.
    answers: Mapped[bool] = mapped_column(default=False)
    # Order of the decision, then by acronym.
    position: Mapped[int] = mapped_column(default=1000)
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"))
    # Of a government.
    country_code: Mapped[str | None] = mapped_column(sa.ForeignKey("country.code", ondelete="RESTRICT"))
    retired_on: Mapped[date | None]
    # Raised by every change of the directory: two who change it at once are told.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    is_proposed: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    proposed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id"))
    # What merging or refusing it changed, so that it can be taken back. Read only then: it can be long.
    moved: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    names: Mapped[list[OrganisationName]] = relationship(
        back_populates="organisation", order_by="OrganisationName.id", cascade="all, delete-orphan"
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  (SQLAlchemy reads it from the class)

    @property
    def short(self) -> str:
        """What stands in tables: the acronym in the language that is spoken, or the name where there is none."""
        return spoken().short(self.key, self.written)

    @property
    def written(self) -> str:
        """The same as the directory has it."""
        return self.acronym or self.name

    @property
    def called(self) -> str:
        """Its name in the language that is spoken."""
        return spoken().organisation(self.key, self.name)

    @property
    def full(self) -> str:
        """Name and acronym, for the first mention."""
        return f"{self.called} ({self.short})" if self.acronym else self.called

    @property
    def is_refused(self) -> bool:
        """Proposed, and not taken into the directory."""
        return self.is_proposed and self.retired_on is not None

    @property
    def is_body(self) -> bool:
        """Whether it is an intergovernmental or inter-agency body, for which the coordinators speak (rule 20): not a
        unit of an entity, which is that entity's, and none that was only proposed."""
        return (
            self.kind is OrganisationKind.UN_BODY
            and not self.is_entity
            and self.parent_id is None
            and not self.is_proposed
        )


class NameKind(enum.StrEnum):
    """Why an organisation is also found under another name."""

    FORMER = "former"
    SPELLING = "spelling"


class OrganisationName(Model):
    """Another name or acronym an organisation is found by. Nothing is renamed by guess."""

    __tablename__ = "organisation_name"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(300))
    kind: Mapped[NameKind]
    # Last day a former name was in use, where known.
    until: Mapped[date | None]
    # The language of a name in another one (`fr`); "" where it is not stated.
    language: Mapped[str] = mapped_column(sa.String(12), default="", server_default=sa.text("''"))
    organisation: Mapped[Organisation] = relationship(back_populates="names")


class Appointment(Model):
    """A person is focal point of an entity from a day to a day (both included)."""

    __tablename__ = "appointment"
    __table_args__ = (sa.CheckConstraint("last_day IS NULL OR last_day >= first_day", name="order"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    entity_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    first_day: Mapped[date]
    last_day: Mapped[date | None]
    made_at: Mapped[datetime] = mapped_column(default=now)
    made_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    entity: Mapped[Organisation] = relationship()

    def counts_on(self, day: date) -> bool:
        """Whether the appointment gives rights on `day`."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


class Mandate(Model):
    """An entity declares that a recommendation falls within its mandate."""

    __tablename__ = "mandate"

    entity_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"), primary_key=True)
    recommendation_code: Mapped[str] = mapped_column(
        sa.ForeignKey("recommendation.code", ondelete="RESTRICT"), primary_key=True, index=True
    )
    declared_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    declared_at: Mapped[datetime] = mapped_column(default=now)


class CountryReader(Model):
    """A person reads for a country: its Resident Coordinator, or one of the country team. It gives no right."""

    __tablename__ = "country_reader"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), primary_key=True)
    country_code: Mapped[str] = mapped_column(
        sa.ForeignKey("country.code", ondelete="RESTRICT"), primary_key=True, index=True
    )
