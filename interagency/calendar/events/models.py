"""Events of the joint calendar, their segments, occurrences and links."""

from __future__ import annotations

import enum
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_pgettext
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from interagency.db.base import Model, Versioned, precision_column
from interagency.db.fulltext import FullTextMixin
from interagency.matrix.activities.models import TITLE_LENGTH, Activity, Milestone, TextLanguage
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.titles import name_of
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate
from interagency.text.labelled import Labelled


class EventKind(enum.StrEnum):
    """What an event is."""

    SESSION = "session"
    THEMATIC_DISCUSSION = "thematic discussion"
    SIDE_EVENT = "side event"
    EXPERT_GROUP = "expert group meeting"
    TRAINING = "training"
    WORKSHOP = "workshop"
    BRIEFING = "briefing"
    LAUNCH = "launch"
    WEB_MEETING = "web meeting"
    OBSERVANCE = "observance"
    DEADLINE = "deadline"


class EventStatus(enum.StrEnum):
    """Set by people, not by the clock."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    HELD = "held"


class Mode(enum.StrEnum):
    """How people take part."""

    IN_PERSON = "in person"
    ONLINE = "online"
    HYBRID = "hybrid"
    WEBCAST = "webcast"


class EventSeries(Model):
    """A row of numbered events, such as the regular sessions of the Commission."""

    __tablename__ = "event_series"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH), unique=True)


class Event(Versioned, FullTextMixin, Model):
    """An entry of the calendar. A recurring event has one segment, its first occurrence."""

    __tablename__ = "event"
    __table_args__ = (
        sa.Index("ix_event_period", "first_day", "last_day", "id"),
        sa.Index("ix_event_newest", "is_listed", "first_day", "id"),
        sa.Index("ix_event_in_feeds", "is_listed", "last_day", "cancelled_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sample_key: Mapped[str | None] = mapped_column(sa.String(60), unique=True)
    # Made once, stable for ever (RFC 5545, 3.8.4.7). Segments after the first add their number.
    uid: Mapped[str] = mapped_column(sa.String(255), unique=True)
    # Raised when time, place or status change (RFC 5545, 3.8.7.4).
    sequence: Mapped[int] = mapped_column(default=0)
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH))
    kind: Mapped[EventKind]
    status: Mapped[EventStatus]
    description: Mapped[str] = mapped_column(default="")
    # What title and description are written in; None where nobody said it.
    text_language: Mapped[TextLanguage | None]
    mode: Mapped[Mode | None]
    venue: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    country_code: Mapped[str | None] = mapped_column(sa.ForeignKey("country.code", ondelete="RESTRICT"), index=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    # Name of the zone of its times; None for whole days.
    timezone: Mapped[str | None]
    # Whom it is for, in words; compared when clashes are looked for.
    meant_for: Mapped[str] = mapped_column(default="")
    shareable: Mapped[bool] = mapped_column(default=False)
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("event.id", ondelete="SET NULL"), index=True)
    series_id: Mapped[int | None] = mapped_column(sa.ForeignKey("event_series.id", ondelete="RESTRICT"))
    series_number: Mapped[int | None]
    milestone_id: Mapped[int | None] = mapped_column(sa.ForeignKey("milestone.id", ondelete="SET NULL"))
    # RFC 5545 RRULE text, empty when it does not recur. UNTIL as a local date or time.
    rrule: Mapped[str] = mapped_column(default="")
    participants_incomplete: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(default="")
    remarks: Mapped[str] = mapped_column(default="")
    illustrative: Mapped[bool] = mapped_column(default=False)
    cancelled_at: Mapped[datetime | None]
    is_listed: Mapped[bool] = mapped_column(default=True)
    # First and last day over all segments and occurrences; last_day None recurs without end.
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    # Raised by triggers (migration 0013) with each change of what feeds show of it: its bytes are cached by it.
    feed_version: Mapped[int] = mapped_column(default=0, server_default="0")

    segments: Mapped[list[Segment]] = relationship(
        back_populates="event", cascade="all, delete-orphan", order_by="Segment.number"
    )
    exceptions: Mapped[list[OccurrenceChange]] = relationship(
        cascade="all, delete-orphan", order_by="OccurrenceChange.original"
    )
    organisations: Mapped[list[EventOrganisation]] = relationship(
        cascade="all, delete-orphan", order_by="EventOrganisation.position"
    )
    chapters: Mapped[list[EventChapter]] = relationship(
        cascade="all, delete-orphan", order_by="EventChapter.chapter_number"
    )
    activities: Mapped[list[Activity]] = relationship(secondary="event_activity", order_by=Activity.id)
    links: Mapped[list[EventLink]] = relationship(cascade="all, delete-orphan", order_by="EventLink.id")
    documents: Mapped[list[EventDocument]] = relationship(cascade="all, delete-orphan", order_by="EventDocument.id")
    country: Mapped[Country | None] = relationship()
    series: Mapped[EventSeries | None] = relationship()
    milestone: Mapped[Milestone | None] = relationship()
    parent: Mapped[Event | None] = relationship(remote_side=[id])

    @classmethod
    def newest_first(cls) -> tuple[sa.ColumnElement[Any], ...]:
        """The latest first day first, before them what has no day yet."""
        return cls.first_day.desc().nulls_first(), cls.id.desc()

    def _organisations(self, part: Part) -> list[Organisation]:
        return [link.organisation for link in self.organisations if link.part is part]

    @property
    def organisers(self) -> list[Organisation]:
        return self._organisations(Part.ORGANISER)

    @property
    def participants(self) -> list[Organisation]:
        return self._organisations(Part.PARTICIPANT)

    @property
    def is_joint(self) -> bool:
        """Two or more UN entities organise it."""
        return sum(organisation.is_entity for organisation in self.organisers) > 1

    @property
    def place(self) -> str:
        """Venue, city and country, as far as known."""
        country = name_of(self.country) if self.country else ""
        return ", ".join(part for part in (self.venue, self.city, country) if part)


class Segment(Model):
    """Days of an event that touch each other. Whole days unless both times are given."""

    __tablename__ = "segment"
    __table_args__ = (
        sa.UniqueConstraint("event_id", "number"),
        sa.CheckConstraint("end_last >= start_first", name="period"),
        sa.CheckConstraint("(start_time IS NULL) = (end_time IS NULL)", name="times"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("event.id", ondelete="CASCADE"))
    # Given once and never again, so that its UID stays when another segment goes.
    number: Mapped[int]
    start_precision = precision_column("start_precision")
    start_first: Mapped[date | None] = mapped_column(index=True)
    start_last: Mapped[date | None]
    start: Mapped[ImpreciseDate | None] = composite("start_precision", "start_first", "start_last")
    end_precision = precision_column("end_precision")
    end_first: Mapped[date | None]
    end_last: Mapped[date | None]
    end: Mapped[ImpreciseDate | None] = composite("end_precision", "end_first", "end_last")
    start_time: Mapped[time | None]
    end_time: Mapped[time | None]
    event: Mapped[Event] = relationship(back_populates="segments")
    days: Mapped[list[SegmentDay]] = relationship(cascade="all, delete-orphan", order_by="SegmentDay.day")

    @property
    def is_exact(self) -> bool:
        return self.start is not None and self.end is not None and self.start.is_exact and self.end.is_exact


class SegmentDay(Model):
    """What one day of a segment is about."""

    __tablename__ = "segment_day"

    segment_id: Mapped[int] = mapped_column(sa.ForeignKey("segment.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    chapter_number: Mapped[int | None] = mapped_column(sa.ForeignKey("chapter.number", ondelete="RESTRICT"))
    note: Mapped[str] = mapped_column(default="")


class OccurrenceChange(Model):
    """One occurrence of a recurring event that was moved, changed, cancelled or left out."""

    __tablename__ = "occurrence_change"
    __table_args__ = (sa.UniqueConstraint("event_id", "original"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("event.id", ondelete="CASCADE"))
    # When it would have begun: local time of the event's zone, midnight for whole days.
    original: Mapped[datetime] = mapped_column(sa.DateTime(timezone=False))
    start: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=False))
    end: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=False))
    is_cancelled: Mapped[bool] = mapped_column(default=False)
    # Never meant to take place: shown nowhere, while a cancelled date is shown as cancelled.
    is_left_out: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # What this date says instead of the event; empty where it says the same. `venue` stands for the whole place.
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH), default="")
    venue: Mapped[str] = mapped_column(sa.String(300), default="", server_default=sa.text("''"))
    description: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    status: Mapped[EventStatus | None]
    # Whether this date has hours, where the others have none or the other way round; None: as the others.
    has_hours: Mapped[bool | None]
    # What this date says beside it, for subscribers.
    note: Mapped[str] = mapped_column(default="")


class Part(enum.StrEnum):
    """What an organisation does at an event."""

    ORGANISER = "organiser"
    PARTICIPANT = "participant"


class EventOrganisation(Model):
    """An organiser or participant."""

    __tablename__ = "event_organisation"
    __table_args__ = (sa.Index("ix_event_organisation_organisation", "organisation_id", "event_id"),)

    event_id: Mapped[int] = mapped_column(sa.ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        sa.ForeignKey("organisation.id", ondelete="RESTRICT"), primary_key=True
    )
    part: Mapped[Part] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    # The month an entity last confirmed or changed the event.
    confirmed_month: Mapped[str | None] = mapped_column(sa.String(7))
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class EventChapter(Model):
    """A chapter an event is about: of the event as a whole, or of one of its days."""

    __tablename__ = "event_chapter"
    __table_args__ = (sa.Index("ix_event_chapter_chapter", "chapter_number", "event_id"),)

    event_id: Mapped[int] = mapped_column(sa.ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    chapter_number: Mapped[int] = mapped_column(sa.ForeignKey("chapter.number", ondelete="RESTRICT"), primary_key=True)
    by_day: Mapped[bool] = mapped_column(default=False)


event_activity = sa.Table(
    "event_activity",
    Model.metadata,
    sa.Column("event_id", sa.ForeignKey("event.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("activity_id", sa.ForeignKey("activity.id", ondelete="RESTRICT"), primary_key=True),
    sa.Index("ix_event_activity_activity_id", "activity_id", "event_id"),
)


class LinkKind(Labelled):
    """What a link opens."""

    PAGE = "page", lazy_pgettext("what an address opens", "page")
    MEETING = "meeting", lazy_pgettext("what an address opens", "meeting")
    WEBCAST = "webcast", lazy_pgettext("what an address opens", "webcast")


class EventLink(Model):
    """An address that belongs to an event."""

    __tablename__ = "event_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("event.id", ondelete="CASCADE"), index=True)
    kind: Mapped[LinkKind] = mapped_column(default=LinkKind.PAGE)
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH), default="")
    url: Mapped[str]


class EventDocument(Model):
    """A document of an event; shown to others only with its owner's permission."""

    __tablename__ = "event_document"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("event.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(sa.String(TITLE_LENGTH))
    url: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"))
    is_permitted: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[Organisation | None] = relationship(lazy="joined")
