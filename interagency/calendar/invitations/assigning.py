"""Whose answer it is, and whether it still counts. What is not certain is assigned to nobody: a person looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event, EventStatus
from interagency.calendar.events.occurrences import zone_of
from interagency.calendar.events.record import first_moment
from interagency.calendar.events.recurrence_rules import rule_from
from interagency.calendar.feeds.publishing import numbered_uid
from interagency.calendar.invitations.addresses import invitee_of_mail, tokens_in
from interagency.calendar.invitations.mails import ReceivedMessage
from interagency.calendar.invitations.models import (
    Answer,
    AnsweredBy,
    Invitation,
    InvitedDate,
    Invitee,
    Outcome,
    Proposal,
    Reason,
)
from interagency.calendar.invitations.replies import ANSWERS, Attendee, Reply, Time
from interagency.calendar.invitations.telling import date_row
from interagency.text.folding import folded_words
from interagency.web.context import settings

# An answer made by a clock that is a little fast.
CLOCK_SKEW = timedelta(minutes=10)
# Shorter words of names are initials and particles.
MIN_NAME_LENGTH = 3


@dataclass(slots=True)
class NotAssigned(Exception):
    """An answer that cannot be assigned: why, and whose it seems to be as far as that can be said."""

    reason: Reason
    invitee: Invitee | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An answer and what it is about. `original` is the date of a series; None: all of it."""

    reply: Reply
    invitation: Invitation
    attendee: Attendee
    original: datetime | None


def assign(session: Session, mail: ReceivedMessage, replies: Sequence[Reply], at: datetime) -> tuple[Outcome, Invitee]:
    """Note the answers of a mail that came in at `at`, all or none. Returns what became of them, and whose they are.

    Raises NotAssigned.
    """
    found = [_find(session, mail, reply) for reply in replies]
    outcomes = [note(session, one, at) for one in found]
    best = (Outcome.PROPOSED, Outcome.ANSWERED, Outcome.OUTDATED, Outcome.OVER)
    return next(one for one in best if one in outcomes), found[0].invitation.invitee


def _find(session: Session, mail: ReceivedMessage, reply: Reply) -> Found:
    invitee = _invitee(session, mail, reply)
    invitation = next((one for one in invitee.invitations if _uid(invitee.event, one) == reply.uid), None)
    if invitation is None or invitation.sent_count == 0:
        raise NotAssigned(Reason.OTHER_EVENT, invitee)
    attendee = _attendee(reply, mail, invitee)
    if attendee.delegates or attendee.state == "DELEGATED":
        raise NotAssigned(Reason.DELEGATED, invitee)
    _refuse_another(session, mail, attendee, invitee)
    if attendee.state not in ANSWERS and reply.proposed is None:
        raise NotAssigned(Reason.UNKNOWN_ANSWER, invitee)
    sent = max(invitation.sequence, (invitation.leaving or {}).get("sequence", 0))
    if reply.sequence is not None and reply.sequence > sent:
        raise NotAssigned(Reason.NEVER_SENT, invitee)
    return Found(reply, invitation, attendee, _original(invitee.event, invitation, reply, invitee))


def _uid(event: Event, invitation: Invitation) -> str:
    return numbered_uid(event.uid, invitation.number)


def _invitee(session: Session, mail: ReceivedMessage, reply: Reply) -> Invitee:
    """Whom the signed part of the organiser's address names, in the answer and among the mail's recipients."""
    given = [*tokens_in(reply.organiser), *mail.tokens]
    if not given:
        raise NotAssigned(Reason.UNSIGNED)
    numbers = {invitee_of_mail(settings(), token) for token in given}
    if None in numbers:
        raise NotAssigned(Reason.WRONGLY_SIGNED)
    if len(numbers) > 1:
        raise NotAssigned(Reason.TWO_PEOPLE)
    found = session.get(Invitee, numbers.pop())
    if found is None:
        raise NotAssigned(Reason.WRONGLY_SIGNED)
    return found


def _attendee(reply: Reply, mail: ReceivedMessage, invitee: Invitee) -> Attendee:
    """Who answers. Some programs repeat the whole list: then the one invited, or the sender of the mail."""
    if len(reply.attendees) == 1:
        return reply.attendees[0]
    for address in (invitee.address, mail.from_address):
        named = [one for one in reply.attendees if one.address == address]
        if len(named) == 1:
            return named[0]
    raise NotAssigned(Reason.UNKNOWN_ANSWER, invitee)


def _refuse_another(session: Session, mail: ReceivedMessage, attendee: Attendee, invitee: Invitee) -> None:
    """Refuse an answer in the name, or from the address, of somebody else.

    An address that nobody has here is another one of the same person where the name agrees: the mail was forwarded to
    it, or is sent from it. Somebody who answers for another says so (SENT-BY).
    """
    if attendee.address != invitee.address and _names_of(attendee).isdisjoint(_names_of(invitee)):
        raise NotAssigned(Reason.OTHER_PERSON, invitee)
    used = {attendee.address, mail.from_address} - {invitee.address, attendee.sent_by, ""}
    if not used:
        return
    accounts = sa.select(Person.id).where(Person.email.in_(used))
    others = sa.select(Invitee.id).where(Invitee.event_id == invitee.event_id, Invitee.address.in_(used))
    if session.scalars(accounts).first() is not None or session.scalars(others).first() is not None:
        raise NotAssigned(Reason.OTHER_PERSON, invitee)


def _names_of(one: Attendee | Invitee) -> set[str]:
    """The words of a name and of what stands before the @."""
    words = folded_words(f"{one.name} {one.address.partition('@')[0]}")
    return {word for word in words if len(word) >= MIN_NAME_LENGTH}


def _original(event: Event, invitation: Invitation, reply: Reply, invitee: Invitee) -> datetime | None:
    """Which date of the series an answer is about, by when the rule has it."""
    if reply.original is None:
        return None
    if not event.rrule or invitation.number != event.segments[0].number:
        raise NotAssigned(Reason.NO_SUCH_DATE, invitee)
    first = first_moment(event)
    found = local_time(event, reply.original)
    if not isinstance(reply.original, datetime):  # some name the day alone
        found = datetime.combine(found.date(), first.time())
    if not list(rule_from(event.rrule, first).between(found, found, inc=True)):
        raise NotAssigned(Reason.NO_SUCH_DATE, invitee)
    return found


def local_time(event: Event, moment: Time) -> datetime:
    """A day or an instant as a naive time of the event's zone; midnight for a day."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    return moment.astimezone(zone_of(event) or settings().zone).replace(tzinfo=None)


# --- Whether it counts ---


def is_standing(invitee: Invitee) -> bool:
    """Whether the event still takes place and they are still invited."""
    event = invitee.event
    return invitee.removed_at is None and event.is_listed and event.status is not EventStatus.CANCELLED


def note(session: Session, found: Found, at: datetime) -> Outcome:
    """Keep an answer if it still counts. What became of it."""
    invitation, reply = found.invitation, found.reply
    if not is_standing(invitation.invitee):
        return Outcome.OVER
    target: Invitation | InvitedDate = invitation
    asked = invitation.asked_sequence
    if found.original is not None:
        target = date_row(invitation, found.original)
        asked = max(asked, target.asked_sequence)
    if not _is_to_this(found, asked):
        return Outcome.OUTDATED
    stamp = min(reply.stamp, at + CLOCK_SKEW) if reply.stamp else None
    if stamp is not None and target.answer_stamp is not None and stamp < target.answer_stamp:
        return Outcome.OUTDATED
    if found.attendee.state in ANSWERS:
        set_answer(target, ANSWERS[found.attendee.state], at, sequence=invitation.sequence, stamp=stamp)
        _note_way(invitation, found)
    if reply.proposed is None:
        session.flush()
        return Outcome.ANSWERED
    _propose(session, found, reply.proposed, at)
    return Outcome.PROPOSED


def _is_to_this(found: Found, asked: int) -> bool:
    """Whether the version that was answered has the time that stands. One that is not named is known by its day."""
    if found.reply.sequence is not None:
        return found.reply.sequence >= asked
    sent_at = found.invitation.sent_at
    return found.reply.stamp is None or sent_at is None or found.reply.stamp >= sent_at


def _note_way(invitation: Invitation, found: Found) -> None:
    if found.original is None:
        invitation.answered_by = AnsweredBy.MAIL
        invitation.comment = found.reply.comment
        other = found.attendee.address
        invitation.answer_address = other if other != invitation.invitee.address else ""


def set_answer(
    target: Invitation | InvitedDate, answer: Answer, at: datetime, *, sequence: int, stamp: datetime | None
) -> None:
    """Keep an answer to version `sequence`."""
    target.answer, target.answered_at = answer, at
    target.answer_sequence, target.answer_stamp = sequence, stamp


def _propose(session: Session, found: Found, proposed: tuple[Time, Time], at: datetime) -> None:
    """Keep a proposed time; an earlier proposal of the same person for the same date is replaced."""
    event = found.invitation.invitee.event
    start, end = (local_time(event, moment) for moment in proposed)
    earlier = sa.select(Proposal).where(
        Proposal.invitation_id == found.invitation.id,
        Proposal.original == found.original if found.original else Proposal.original.is_(None),
        Proposal.settled_at.is_(None),
    )
    for one in session.scalars(earlier):
        one.settled_at = at
    has_hours = isinstance(proposed[0], datetime)
    session.add(
        Proposal(
            invitation_id=found.invitation.id, original=found.original, start=start, end=end, has_hours=has_hours,
            comment=found.reply.comment, at=at,
        )
    )  # fmt: skip
    session.flush()
