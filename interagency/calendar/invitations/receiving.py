"""Taking one mail that came in: assigned, ignored, or put aside for a person. Each mail once, however often it is read.

Nothing here writes a mail, so two machines cannot answer each other for ever.
"""

from __future__ import annotations

import logging
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.invitations.addresses import base_address, invitee_of_mail
from interagency.calendar.invitations.assigning import NotAssigned, assign
from interagency.calendar.invitations.mails import ReceivedMessage, read_mail
from interagency.calendar.invitations.models import EXCERPT_LENGTH, Invitee, Outcome, Reason, ReceivedMail
from interagency.calendar.invitations.replies import NotAnAnswer, read_replies
from interagency.db.base import is_conflict
from interagency.web.context import settings

log = logging.getLogger(__name__)


def receive(session: Session, body: bytes, at: datetime, *, is_whole: bool = True) -> Outcome | None:
    """Take a mail that came in at `at`, in the caller's transaction. None when it was taken before."""
    mail = read_mail(body, is_whole=is_whole)
    known = sa.select(ReceivedMail.id).where(ReceivedMail.fingerprint == mail.fingerprint)
    if session.scalar(known) is not None:
        return None
    row = ReceivedMail(
        fingerprint=mail.fingerprint, at=at, from_address=mail.from_address, from_name=mail.from_name,
        subject=mail.subject, outcome=Outcome.ASIDE, reason=None, excerpt="",
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except sa.exc.IntegrityError as error:
        if not is_conflict(error):
            raise
        return None
    try:
        with session.begin_nested():  # what was begun for an answer that fails is undone
            row.outcome, row.reason, invitee = _decide(session, mail, at)
    except (ArithmeticError, LookupError, ValueError, TypeError, AttributeError):  # no mail stops the others
        log.exception("a mail that came in cannot be understood")
        row.outcome, row.reason, invitee = Outcome.ASIDE, Reason.NOT_READ, None
    row.invitee_id = invitee.id if invitee else None
    if row.outcome is Outcome.ASIDE:
        row.excerpt = mail.text[:EXCERPT_LENGTH]
    session.flush()
    return row.outcome


def _decide(session: Session, mail: ReceivedMessage, at: datetime) -> tuple[Outcome, Reason | None, Invitee | None]:
    own = base_address(settings()).lower().rpartition("@")
    sender = mail.from_address.rpartition("@")
    if sender[0].partition("+")[0] == own[0] and sender[2] == own[2]:
        return Outcome.AUTOMATIC, None, None  # a mail of ours that came back to us
    if mail.is_returned:
        return _returned(session, mail, at)
    if mail.problem is None and mail.calendar:
        reason, invitee = Reason.NOT_READ, None
        try:
            outcome, invitee = assign(session, mail, read_replies(mail.calendar, settings().timezone), at)
            return outcome, None, invitee
        except NotAssigned as problem:
            reason, invitee = problem.reason, problem.invitee
        except NotAnAnswer:
            reason = Reason.NOT_ANSWER
        except ValueError:
            pass
        if not (mail.is_automatic and reason is Reason.NOT_ANSWER):  # a vacation note may hold our own invitation
            return Outcome.ASIDE, reason, invitee or _named(session, mail)
    if mail.is_automatic:
        return Outcome.AUTOMATIC, None, None
    return Outcome.ASIDE, mail.problem or Reason.NO_ANSWER, _named(session, mail)


def _named(session: Session, mail: ReceivedMessage) -> Invitee | None:
    """Whom the address names that the mail was sent to: for the person who looks at it, decides nothing."""
    numbers = {invitee_of_mail(settings(), token) for token in mail.tokens}
    number = numbers.pop() if len(numbers) == 1 else None
    return session.get(Invitee, number) if number is not None else None


def _returned(session: Session, mail: ReceivedMessage, at: datetime) -> tuple[Outcome, Reason | None, Invitee | None]:
    invitee = _named(session, mail)
    if invitee is not None:
        invitee.returned_at = at
    return Outcome.RETURNED, None, invitee
