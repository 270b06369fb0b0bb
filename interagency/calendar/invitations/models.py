"""Who is invited to an event, what they were last told, what they answered, and the mails that came back."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event
from interagency.db.base import Model, now
from interagency.matrix.organisations.models import Organisation

NAME_LENGTH, ADDRESS_LENGTH, COMMENT_LENGTH, EXCERPT_LENGTH = 200, 254, 1000, 4000


class Answer(enum.StrEnum):
    """What somebody invited has said (PARTSTAT, RFC 5545, 3.2.12)."""

    NONE = "none"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


class AnsweredBy(enum.StrEnum):
    """The way an answer came."""

    MAIL = "mail"
    LINK = "link"
    PERSON = "person"  # somebody read it and assigned it


def standing(answer: Answer, sequence: int | None, asked: int) -> Answer:
    """An answer to version `sequence`, where the time stands since version `asked`; NONE where it was to another."""
    return answer if sequence is not None and sequence >= asked else Answer.NONE


class Invitee(Model):
    """Somebody invited to an event: an account, mostly a focal point, or a named address. Removed ones stay."""

    __tablename__ = "invitee"
    __table_args__ = (sa.UniqueConstraint("event_id", "address"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(sa.ForeignKey("event.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH))
    # Folded to lower case; where the invitation goes.
    address: Mapped[str] = mapped_column(sa.String(ADDRESS_LENGTH), index=True)
    # The account, and the entity they are invited for as its focal point. A named address has neither.
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    entity_id: Mapped[int | None] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"))
    invited_at: Mapped[datetime] = mapped_column(default=now)
    invited_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    removed_at: Mapped[datetime | None]
    # The version of the event up to which it was looked whether there is something to tell; 0: look again.
    checked_version: Mapped[int] = mapped_column(default=0)
    # When a mail to the address came back as undeliverable.
    returned_at: Mapped[datetime | None]

    event: Mapped[Event] = relationship()
    person: Mapped[Person | None] = relationship(foreign_keys=[person_id])
    entity: Mapped[Organisation | None] = relationship()
    invitations: Mapped[list[Invitation]] = relationship(
        back_populates="invitee", cascade="all, delete-orphan", order_by="Invitation.number"
    )


class Invitation(Model):
    """What an invitee was told of one run of days (one UID), and what they answered."""

    __tablename__ = "invitation"
    __table_args__ = (sa.UniqueConstraint("invitee_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invitee_id: Mapped[int] = mapped_column(sa.ForeignKey("invitee.id", ondelete="CASCADE"))
    # The number of the segment.
    number: Mapped[int]
    # The SEQUENCE last sent, the one since which the time stands, and how many mails have left.
    sequence: Mapped[int] = mapped_column(default=0)
    asked_sequence: Mapped[int] = mapped_column(default=0)
    sent_count: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    # What the last mail said of time, place and status (`standing.Standing`); None: nothing, or that it is cancelled.
    told: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    # What the mail that is leaving says: it becomes `told` once the server has taken it.
    leaving: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    answer: Mapped[Answer] = mapped_column(default=Answer.NONE)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[AnsweredBy | None]
    # The SEQUENCE it answers, and its DTSTAMP: what was said before counts no more.
    answer_sequence: Mapped[int | None]
    answer_stamp: Mapped[datetime | None]
    # The address it came from where that is another one, and what was said beside it.
    answer_address: Mapped[str] = mapped_column(sa.String(ADDRESS_LENGTH), default="")
    comment: Mapped[str] = mapped_column(sa.String(COMMENT_LENGTH), default="")

    invitee: Mapped[Invitee] = relationship(back_populates="invitations")
    dates: Mapped[list[InvitedDate]] = relationship(cascade="all, delete-orphan", order_by="InvitedDate.original")

    @property
    def standing_answer(self) -> Answer:
        """The answer to the time as it was last told; NONE where the time was changed since."""
        return standing(self.answer, self.answer_sequence, self.asked_sequence)


class InvitedDate(Model):
    """What an invitee answered for a single date of a series, and since which SEQUENCE its time stands."""

    __tablename__ = "invited_date"
    __table_args__ = (sa.UniqueConstraint("invitation_id", "original"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(sa.ForeignKey("invitation.id", ondelete="CASCADE"))
    # As `OccurrenceChange.original`: local time of the event's zone, midnight for whole days.
    original: Mapped[datetime] = mapped_column(sa.DateTime(timezone=False))
    asked_sequence: Mapped[int] = mapped_column(default=0)
    answer: Mapped[Answer] = mapped_column(default=Answer.NONE)
    answered_at: Mapped[datetime | None]
    answer_sequence: Mapped[int | None]
    answer_stamp: Mapped[datetime | None]

    @property
    def standing_answer(self) -> Answer:
        """The answer to this date as it was last told."""
        return standing(self.answer, self.answer_sequence, self.asked_sequence)


class Proposal(Model):
    """Another time that somebody invited proposed (COUNTER, RFC 5546, 3.2.7)."""

    __tablename__ = "invitation_proposal"

    id: Mapped[int] = mapped_column(primary_key=True)
    invitation_id: Mapped[int] = mapped_column(sa.ForeignKey("invitation.id", ondelete="CASCADE"), index=True)
    # The date of a series it is about; None: the event.
    original: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=False))
    # Local times of the event's zone; midnight and the last day for whole days.
    start: Mapped[datetime] = mapped_column(sa.DateTime(timezone=False))
    end: Mapped[datetime] = mapped_column(sa.DateTime(timezone=False))
    has_hours: Mapped[bool]
    comment: Mapped[str] = mapped_column(sa.String(COMMENT_LENGTH), default="")
    at: Mapped[datetime] = mapped_column(default=now)
    settled_at: Mapped[datetime | None]

    invitation: Mapped[Invitation] = relationship()


class Outcome(enum.StrEnum):
    """What became of a mail that came in."""

    ANSWERED = "answered"
    PROPOSED = "proposed"
    OUTDATED = "outdated"  # an answer to an earlier time, or older than the one that counts
    OVER = "over"  # an answer to what is cancelled
    RETURNED = "returned"  # a mail of ours that could not be delivered
    AUTOMATIC = "automatic"  # a vacation note, a list, a mail of our own
    ASIDE = "aside"  # for a person to look at


class Reason(enum.StrEnum):
    """Why a mail was put aside."""

    NO_ANSWER = "no answer"
    TOO_LARGE = "too large"
    NOT_READ = "not read"
    NOT_ANSWER = "not an answer"
    UNSIGNED = "unsigned"
    WRONGLY_SIGNED = "wrongly signed"
    TWO_PEOPLE = "two people"
    OTHER_EVENT = "other event"
    OTHER_PERSON = "other person"
    DELEGATED = "delegated"
    UNKNOWN_ANSWER = "unknown answer"
    NO_SUCH_DATE = "no such date"
    NEVER_SENT = "never sent"


class ReceivedMail(Model):
    """A mail that came in, and what became of it. Its words are kept only until somebody has looked at it."""

    __tablename__ = "received_mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    # SHA-256 of its Message-ID and sender, or of its bytes: the same mail is taken once.
    fingerprint: Mapped[str] = mapped_column(sa.String(64), unique=True)
    at: Mapped[datetime] = mapped_column(default=now)
    from_address: Mapped[str] = mapped_column(sa.String(ADDRESS_LENGTH))
    from_name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH))
    subject: Mapped[str] = mapped_column(sa.String(300))
    outcome: Mapped[Outcome] = mapped_column(index=True)
    reason: Mapped[Reason | None]
    # Whom it seems to be from, as far as that can be said.
    invitee_id: Mapped[int | None] = mapped_column(sa.ForeignKey("invitee.id", ondelete="SET NULL"), index=True)
    excerpt: Mapped[str] = mapped_column(default="")
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))

    invitee: Mapped[Invitee | None] = relationship()


class Mailbox(Model):
    """How far a folder of a mail server was read (UIDVALIDITY and UID, RFC 9051, 2.3.1.1)."""

    __tablename__ = "mailbox"

    # SHA-256 of server, user and folder.
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    validity: Mapped[int] = mapped_column(sa.BigInteger)
    last_uid: Mapped[int] = mapped_column(sa.BigInteger)
