"""An activity: one piece of work in the matrix, kept once however many entities take part."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from interagency.db.base import Model, Versioned, precision_column
from interagency.db.fulltext import FullTextMixin
from interagency.matrix.framework.models import Country, Recommendation, Region, SdgGoal, SdgTarget, Section
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate

TITLE_LENGTH = 300
TEXT_LENGTH = 20_000


class Level(enum.StrEnum):
    """Where the work is done from."""

    HEADQUARTERS = "headquarters"
    FIELD = "field"
    BOTH = "both"


class Scope(enum.StrEnum):
    """How far it reaches."""

    GLOBAL = "global"
    INTERREGIONAL = "interregional"
    REGIONAL = "regional"
    NATIONAL = "national"


class Status(enum.StrEnum):
    """Set by people, not by the clock."""

    PLANNED = "planned"
    ONGOING = "ongoing"
    COMPLETED = "completed"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class CountryRole(enum.StrEnum):
    """What a country is to an activity. A government that co-organises is a partner, not a beneficiary."""

    BENEFICIARY = "beneficiary"
    HOST = "host"
    PARTNER = "partner"
    SUBJECT = "subject"


class TextLanguage(enum.StrEnum):
    """The language that people wrote a record in, by its ISO 639-1 code; in the order of the United Nations."""

    ARABIC = "ar"
    CHINESE = "zh"
    ENGLISH = "en"
    FRENCH = "fr"
    RUSSIAN = "ru"
    SPANISH = "es"


class Qualifier(enum.StrEnum):
    """How exact a figure is."""

    EXACTLY = "exactly"
    ABOUT = "about"
    MORE_THAN = "more than"
    ESTIMATED = "estimated"
    AT_LEAST = "at least"
    UP_TO = "up to"
    NEARLY = "nearly"
    LESS_THAN = "less than"


class FigureKind(enum.StrEnum):
    """What a figure is to an activity: a number that describes it, what it is to reach, or what it has reached."""

    FIGURE = "figure"
    TARGET = "target"
    ACHIEVED = "achieved"


class ActivityKind(enum.StrEnum):
    """What sort of work it is: the Note of 2020, paragraph 12, and that of 2018, paragraph 13, chapter V."""

    POLICY = "policy"
    PROGRAMMATIC = "programmatic"
    RESEARCH_AND_DATA = "research and data"


class Funding(enum.StrEnum):
    """Whether it has the means (the Note of 2018, paragraph 13, chapter VI). Not stated is a third, different thing."""

    FUNDED = "funded"
    SEEKING_FUNDS = "seeking funds"


class Pillar(enum.StrEnum):
    """The three pillars of the United Nations (the Note of 2020, paragraph 9)."""

    HUMAN_RIGHTS = "human rights"
    PEACE_AND_SECURITY = "peace and security"
    DEVELOPMENT = "development"


class Practice(enum.StrEnum):
    """What was said of an activity as good practice: by one of its entities, then by its lead or a coordinator."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"


class Participation(enum.StrEnum):
    """Whether an entity that was named as participant has said so itself."""

    AWAITED = "awaited"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class Activity(Versioned, FullTextMixin, Model):
    """One piece of work. Its chapters follow from its recommendations; more may be added by hand."""

    __tablename__ = "activity"
    __table_args__ = (
        sa.CheckConstraint("start_first IS NULL OR end_last IS NULL OR end_last >= start_first", name="period"),
        sa.Index("ix_activity_listed", "is_listed", "start_first", "id"),
        sa.Index("ix_activity_newest", "is_listed", "updated_at", "id"),
        sa.Index("ix_activity_version", "version"),
        # What counts are made from, so that no row need be read.
        sa.Index("ix_activity_counted", "is_listed", "is_joint", "id"),
        # As `listing.SORTS` says it: an index on other words is not used.
        sa.Index("ix_activity_by_title", "is_listed", sa.text("lower(title)"), "id"),
        sa.Index("ix_activity_by_start", "is_listed", sa.text("coalesce(start_first, '9999-12-31')"), "id"),
        sa.Index("ix_activity_by_status", "is_listed", sa.text("((status || '~') || lower(title))"), "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # Key in the sample files, so that loading them again duplicates nothing.
    sample_key: Mapped[str | None] = mapped_column(sa.String(60), unique=True)
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH))
    description: Mapped[str] = mapped_column(default="")
    # Whether the description may leave with the record, once every entity agreed to share it.
    share_description: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # What title, description and results are written in; None where nobody said it.
    text_language: Mapped[TextLanguage | None]
    level: Mapped[Level | None]
    scope: Mapped[Scope | None]
    status: Mapped[Status]
    start_precision = precision_column("start_precision")
    start_first: Mapped[date | None]
    start_last: Mapped[date | None]
    start: Mapped[ImpreciseDate | None] = composite("start_precision", "start_first", "start_last")
    end_precision = precision_column("end_precision")
    end_first: Mapped[date | None]
    end_last: Mapped[date | None]
    end: Mapped[ImpreciseDate | None] = composite("end_precision", "end_first", "end_last")
    partners_incomplete: Mapped[bool] = mapped_column(default=False)
    results: Mapped[str] = mapped_column(default="")
    lessons: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    # Values of ActivityKind and Pillar, in their order.
    kinds: Mapped[list[str] | None] = mapped_column(default=list)
    pillars: Mapped[list[str] | None] = mapped_column(default=list)
    funding: Mapped[Funding | None]
    on_request: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # A section of its own, by its place in the outcome document, beside those that follow from recommendations.
    section_position: Mapped[int | None] = mapped_column(sa.ForeignKey("section.position"))
    city: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    source: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")
    # For internal eyes only: never in an external format.
    contact: Mapped[str] = mapped_column(default="")
    remarks: Mapped[str] = mapped_column(default="")
    # As good practice: its state, why, the address of evidence, and the key of the entity that proposed it, "" where
    # a coordinator did.
    practice: Mapped[Practice | None]
    practice_reason: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    practice_evidence: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    practice_by: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    # False once withdrawn as entered by mistake or merged; the record and its history stay.
    is_listed: Mapped[bool] = mapped_column(default=True)
    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("activity.id", ondelete="RESTRICT"))
    # Two or more UN entities take part (declined ones do not count). Kept with the links.
    is_joint: Mapped[bool] = mapped_column(default=False, index=True)

    entities: Mapped[list[ActivityEntity]] = relationship(
        back_populates="activity", cascade="all, delete-orphan", order_by="ActivityEntity.position"
    )
    partners: Mapped[list[Organisation]] = relationship(secondary="activity_partner", order_by=Organisation.name)
    countries: Mapped[list[ActivityCountry]] = relationship(
        cascade="all, delete-orphan", order_by="ActivityCountry.country_code"
    )
    country_statuses: Mapped[list[CountryStatus]] = relationship(
        cascade="all, delete-orphan", order_by="CountryStatus.country_code"
    )
    regions: Mapped[list[Region]] = relationship(secondary="activity_region", order_by=Region.name)
    recommendations: Mapped[list[Recommendation]] = relationship(
        secondary="activity_recommendation", order_by=Recommendation.position
    )
    chapters: Mapped[list[ActivityChapter]] = relationship(
        cascade="all, delete-orphan", order_by="ActivityChapter.chapter_number"
    )
    sdg_goals: Mapped[list[SdgGoal]] = relationship(secondary="activity_sdg_goal", order_by=SdgGoal.number)
    sdg_targets: Mapped[list[SdgTarget]] = relationship(secondary="activity_sdg_target", order_by=SdgTarget.position)
    section: Mapped[Section | None] = relationship(viewonly=True)
    documents: Mapped[list[ActivityDocument]] = relationship(
        cascade="all, delete-orphan", order_by="ActivityDocument.position"
    )
    figures: Mapped[list[Figure]] = relationship(cascade="all, delete-orphan", order_by="Figure.position")

    @classmethod
    def newest_first(cls) -> tuple[sa.ColumnElement[Any], ...]:
        """Last changed first."""
        return cls.updated_at.desc(), cls.id.desc()

    @property
    def lead(self) -> ActivityEntity | None:
        """The lead entity's part, or None when the lead is unknown."""
        return next((part for part in self.entities if part.is_lead), None)

    @property
    def taking_part(self) -> list[ActivityEntity]:
        """Its UN entities, lead first, without those that declined."""
        return [part for part in self.entities if part.participation is not Participation.DECLINED]

    @property
    def chapter_numbers(self) -> list[int]:
        return [link.chapter_number for link in self.chapters]


class ActivityEntity(Model):
    """A UN entity's part in an activity: leading, supporting or neither, its role in its words, its confirmation."""

    __tablename__ = "activity_entity"
    __table_args__ = (
        # One lead at most.
        sa.Index(
            "uq_activity_entity_lead",
            "activity_id",
            unique=True,
            sqlite_where=sa.text("is_lead"),
            postgresql_where=sa.text("is_lead"),
        ),
        sa.Index("ix_activity_entity_entity", "entity_id", "activity_id"),
        sa.Index("ix_activity_entity_counted", "activity_id", "entity_id", "participation"),
    )

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    entity_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"), primary_key=True)
    is_lead: Mapped[bool] = mapped_column(default=False)
    # It supports the others' work (the Note of 2020, paragraph 10). Counts like every other UN entity of the activity.
    is_supporting: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    position: Mapped[int] = mapped_column(default=0)
    role: Mapped[str] = mapped_column(default="")
    participation: Mapped[Participation] = mapped_column(default=Participation.CONFIRMED)
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    # The month this entity last confirmed or changed the record, `2026-08`.
    confirmed_month: Mapped[str | None] = mapped_column(sa.String(7))
    activity: Mapped[Activity] = relationship(back_populates="entities")
    entity: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class ActivityCountry(Model):
    """A country in one role."""

    __tablename__ = "activity_country"
    __table_args__ = (sa.Index("ix_activity_country_country", "country_code", "activity_id"),)

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    country_code: Mapped[str] = mapped_column(sa.ForeignKey("country.code", ondelete="RESTRICT"), primary_key=True)
    role: Mapped[CountryRole] = mapped_column(primary_key=True)
    country: Mapped[Country] = relationship(lazy="joined", innerjoin=True)


class CountryStatus(Model):
    """The status of an activity in one country, where that is not the activity's own."""

    __tablename__ = "country_status"
    __table_args__ = (sa.Index("ix_country_status_country_code", "country_code", "activity_id"),)

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    country_code: Mapped[str] = mapped_column(sa.ForeignKey("country.code", ondelete="RESTRICT"), primary_key=True)
    status: Mapped[Status]
    country: Mapped[Country] = relationship(lazy="joined", innerjoin=True)


class ActivityChapter(Model):
    """A chapter an activity stands under: from its recommendations, or added by hand."""

    __tablename__ = "activity_chapter"
    __table_args__ = (sa.Index("ix_activity_chapter_chapter", "chapter_number", "activity_id"),)

    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    chapter_number: Mapped[int] = mapped_column(sa.ForeignKey("chapter.number", ondelete="RESTRICT"), primary_key=True)
    by_hand: Mapped[bool] = mapped_column(default=False)


def _link(name: str, other: str, column: str) -> sa.Table:
    """A plain link table from activities to a reference list, indexed both ways."""
    return sa.Table(
        name,
        Model.metadata,
        sa.Column("activity_id", sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True),
        sa.Column(column, sa.ForeignKey(other, ondelete="RESTRICT"), primary_key=True),
        sa.Index(f"ix_{name}_{column}", column, "activity_id"),
    )


activity_partner = _link("activity_partner", "organisation.id", "organisation_id")
activity_region = _link("activity_region", "region.code", "region_code")
activity_recommendation = _link("activity_recommendation", "recommendation.code", "recommendation_code")
activity_sdg_goal = _link("activity_sdg_goal", "sdg_goal.number", "goal_number")
activity_sdg_target = _link("activity_sdg_target", "sdg_target.code", "target_code")


class Figure(Model):
    """A number, a unit, how exact it is, of when and from where; a target or a result says more. Never added up with
    another activity's."""

    __tablename__ = "figure"

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    number: Mapped[Decimal] = mapped_column(sa.Numeric(18, 4, asdecimal=True))
    qualifier: Mapped[Qualifier] = mapped_column(default=Qualifier.EXACTLY)
    unit: Mapped[str] = mapped_column(sa.String(200))
    # The code of an imprecise date; "" where it is not known.
    as_of: Mapped[str] = mapped_column(sa.String(40), default="", server_default=sa.text("''"))
    source: Mapped[str] = mapped_column(sa.String(300), default="", server_default=sa.text("''"))
    kind: Mapped[FigureKind] = mapped_column(default=FigureKind.FIGURE, server_default=FigureKind.FIGURE.value)
    # By when a target is to be reached, the code of an imprecise date; for which period it counts, one code or two with
    # a slash between.
    due: Mapped[str] = mapped_column(sa.String(40), default="", server_default=sa.text("''"))
    period: Mapped[str] = mapped_column(sa.String(40), default="", server_default=sa.text("''"))
    # The key of the UN entity that set or counted it, as facts say it.
    entity: Mapped[str] = mapped_column(sa.String(60), default="", server_default=sa.text("''"))
    evidence: Mapped[str] = mapped_column(sa.String(1000), default="", server_default=sa.text("''"))


class ActivityDocument(Model):
    """A document of an activity; shown to others only with its owner's permission."""

    __tablename__ = "activity_document"

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH))
    url: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"))
    is_permitted: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[Organisation | None] = relationship(lazy="joined")


class Milestone(Model):
    """A step of an activity with its own date, to which events may belong."""

    __tablename__ = "milestone"

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activity.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH))
    due_precision = precision_column("due_precision")
    due_first: Mapped[date | None]
    due_last: Mapped[date | None]
    due: Mapped[ImpreciseDate | None] = composite("due_precision", "due_first", "due_last")
    reached_on: Mapped[date | None]
