"""Saved views, what a person watches, and how often they are told."""

from __future__ import annotations

import enum
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interagency.accounts.models import Person
from interagency.db.base import Model, now
from interagency.matrix.organisations.models import Organisation

NAME_LENGTH = 100
QUERY_LENGTH = 2000


class ViewKind(enum.StrEnum):
    """Which page a saved view is of."""

    ACTIVITIES = "activities"
    CALENDAR = "calendar"
    MATRIX = "matrix"
    COVERAGE = "coverage"
    WHERE = "where"


class ViewScope(enum.StrEnum):
    """Who sees a saved view."""

    OWN = "own"
    ENTITY = "entity"
    EVERYBODY = "everybody"


class SavedView(Model):
    """A page under its filters, by a name."""

    __tablename__ = "saved_view"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH))
    kind: Mapped[ViewKind]
    # The filters as a query string, as the page writes them.
    query: Mapped[str] = mapped_column(sa.String(QUERY_LENGTH))
    scope: Mapped[ViewScope]
    entity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    made_at: Mapped[datetime] = mapped_column(default=now)
    person: Mapped[Person] = relationship()
    entity: Mapped[Organisation | None] = relationship()


class WatchKind(enum.StrEnum):
    """What can be watched."""

    ACTIVITY = "activity"
    EVENT = "event"
    VIEW = "view"
    COUNTRY = "country"


class Watch(Model):
    """What a person watches beside the records of their own entities."""

    __tablename__ = "watch"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), primary_key=True)
    kind: Mapped[WatchKind] = mapped_column(primary_key=True)
    # The number of a record or view, or the code of a country.
    target: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)


class Frequency(enum.StrEnum):
    """How often a digest is sent."""

    MONTHLY = "monthly"
    WEEKLY = "weekly"
    DAILY = "daily"
    NEVER = "never"


class DigestSettings(Model):
    """How a person is told, and how far they were told: what comes after is told next, and nothing twice."""

    __tablename__ = "digest_settings"

    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), primary_key=True)
    frequency: Mapped[Frequency] = mapped_column(default=Frequency.MONTHLY)
    # Kinds of mail (values of MailKind) that the person does not want.
    silenced: Mapped[list[str]] = mapped_column(default=list)
    # The view that signing in leads to.
    start_view_id: Mapped[int | None] = mapped_column(sa.ForeignKey("saved_view.id", ondelete="SET NULL"))
    # The day of the last digest, and the last change, remark and day of events that one was about.
    digest_on: Mapped[date | None]
    changes_told: Mapped[int] = mapped_column(default=0)
    remarks_told: Mapped[int] = mapped_column(default=0)
    events_told: Mapped[date | None]
