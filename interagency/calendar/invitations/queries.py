"""Questions about invitations: who comes, what is proposed, what was put aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event, Segment
from interagency.calendar.events.occurrences import format_days
from interagency.calendar.invitations.content import span_words
from interagency.calendar.invitations.models import (
    Answer,
    Invitation,
    Invitee,
    Outcome,
    Proposal,
    Reason,
    ReceivedMail,
    standing,
)
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import words_between

ASIDE_SHOWN, CANDIDATES = 100, 50


@dataclass(slots=True)
class Coming:
    """The answers to one run of days: which days, in words where there are several runs, and who said what: names, each
    with the entity it stands for.
    """

    label: str
    people: dict[Answer, list[tuple[str, str]]] = field(default_factory=lambda: {answer: [] for answer in Answer})

    @property
    def counts(self) -> dict[Answer, int]:
        return {answer: len(found) for answer, found in self.people.items()}


def may_see_names(person: Person, mine: Sequence[Organisation], event: Event) -> bool:
    """Whether somebody sees who comes: a coordinator, and the focal points of who organises it or takes part.

    Others see how many.
    """
    named = {one.id for one in (*event.organisers, *event.participants)}
    return person.is_coordinator or not named.isdisjoint(one.id for one in mine)


def who_comes(session: Session, event: Event) -> list[Coming]:
    """What those invited to `event` have answered, by its runs of days; nothing where nobody is."""
    query = (
        sa.select(Invitation.number, Invitation.answer, Invitation.answer_sequence, Invitation.asked_sequence)
        .add_columns(Invitee.name, Invitee.address, Organisation)
        .join(Invitee, Invitee.id == Invitation.invitee_id)
        .outerjoin(Organisation, Organisation.id == Invitee.entity_id)
        .where(Invitee.event_id == event.id, Invitee.removed_at.is_(None))
        .order_by(sa.func.lower(Invitee.name), Invitee.address)
    )
    runs = {segment.number: Coming(_label(event, segment)) for segment in event.segments}
    for number, answer, sequence, asked, name, address, entity in session.execute(query):
        if number in runs:
            runs[number].people[standing(answer, sequence, asked)].append(
                (name or address, entity.short if entity else "")
            )
    return [run for run in runs.values() if any(run.people.values())]


def _label(event: Event, segment: Segment) -> str:
    return words_between(segment.start, segment.end) if len(event.segments) > 1 else ""


def answer_words() -> dict[Answer, str]:
    """What the answers are called in lists."""
    return {
        Answer.ACCEPTED: str(_("Take part")),
        Answer.TENTATIVE: str(_("Perhaps")),
        Answer.DECLINED: str(_("Do not take part")),
        Answer.NONE: str(_("Have not answered")),
    }


def reason_words() -> dict[Reason, str]:
    """Why a mail was put aside, in words."""
    return {
        Reason.NO_ANSWER: str(_("It holds no answer that a program can read.")),
        Reason.TOO_LARGE: str(_("It is too large to be read.")),
        Reason.NOT_READ: str(_("It is damaged, or its calendar part is not one.")),
        Reason.NOT_ANSWER: str(_("It holds an invitation or another message, not an answer.")),
        Reason.UNSIGNED: str(_("It is not sent to the address that was asked from; anybody could have sent it.")),
        Reason.WRONGLY_SIGNED: str(_("The address it was sent to was not made by this service.")),
        Reason.TWO_PEOPLE: str(_("It names two people invited.")),
        Reason.OTHER_EVENT: str(_("It is about another event than the one they are invited to.")),
        Reason.OTHER_PERSON: str(_("It comes from somebody else who is known here.")),
        Reason.DELEGATED: str(_("Somebody else is to come instead.")),
        Reason.UNKNOWN_ANSWER: str(_("It does not say whether they come.")),
        Reason.NO_SUCH_DATE: str(_("It is about a date that the event does not have.")),
        Reason.NEVER_SENT: str(_("It answers a version that was never sent.")),
    }


def open_proposals(session: Session, event_id: int) -> list[Proposal]:
    """The times proposed that nobody has settled yet, oldest first."""
    query = (
        sa.select(Proposal)
        .join(Invitation, Invitation.id == Proposal.invitation_id)
        .join(Invitee, Invitee.id == Invitation.invitee_id)
        .where(Invitee.event_id == event_id, Invitee.removed_at.is_(None), Proposal.settled_at.is_(None))
        .options(joinedload(Proposal.invitation).joinedload(Invitation.invitee))
    )
    return list(session.scalars(query.order_by(Proposal.id)))


def proposed_words(proposal: Proposal, event: Event) -> str:
    """When is proposed, in words."""
    start, end = proposal.start, proposal.end
    if proposal.has_hours:
        return span_words(start, end, event.timezone)
    return span_words(start.date(), end.date(), None)


def everybody_invited(session: Session, event_id: int) -> list[Invitee]:
    """Everybody ever invited to an event with what they were told and answered, by name."""
    query = (
        sa.select(Invitee)
        .where(Invitee.event_id == event_id)
        .options(joinedload(Invitee.entity), selectinload(Invitee.invitations).selectinload(Invitation.dates))
    )
    found = session.scalars(query)
    return sorted(found, key=lambda one: (one.removed_at is not None, (one.name or one.address).casefold()))


# --- What was put aside ---

_IS_ASIDE = (ReceivedMail.outcome == Outcome.ASIDE, ReceivedMail.settled_at.is_(None))


def aside_count(session: Session) -> int:
    """How many mails wait for a person."""
    return session.scalar(sa.select(sa.func.count()).select_from(ReceivedMail).where(*_IS_ASIDE)) or 0


def put_aside(session: Session) -> list[ReceivedMail]:
    """The mails that wait for a person, oldest first."""
    query = sa.select(ReceivedMail).where(*_IS_ASIDE).options(joinedload(ReceivedMail.invitee))
    return list(session.scalars(query.order_by(ReceivedMail.id).limit(ASIDE_SHOWN)))


def candidates(session: Session, mails: Sequence[ReceivedMail], today: date) -> dict[int, list[tuple[int, str]]]:
    """Whose answer each mail may be, by its number: of whom its address or its sender names, each invitation to what is
    not over, with its words.
    """
    addresses, ids = {one.from_address for one in mails}, {one.invitee_id for one in mails if one.invitee_id}
    query = (
        sa.select(Invitation)
        .join(Invitee, Invitee.id == Invitation.invitee_id)
        .join(Event, Event.id == Invitee.event_id)
        .where(
            sa.or_(Invitee.address.in_(addresses), Invitee.id.in_(ids)),
            Invitee.removed_at.is_(None),
            Invitation.sent_count > 0,
            sa.or_(Event.last_day.is_(None), Event.last_day >= today),
        )
        .options(contains_eager(Invitation.invitee).contains_eager(Invitee.event).selectinload(Event.segments))
        .order_by(Event.first_day, Invitation.id)
    )
    found = list(session.scalars(query)) if mails else []
    return {
        mail.id: [
            (one.id, _candidate_words(one))
            for one in found
            if one.invitee_id == mail.invitee_id or one.invitee.address == mail.from_address
        ][:CANDIDATES]
        for mail in mails
    }


def _candidate_words(one: Invitation) -> str:
    event = one.invitee.event
    return f"{one.invitee.name or one.invitee.address}: {event.title}, {format_days(event)}"
