"""Whom a message may reach: asked again when it leaves, for a right may have ended since it was written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy.orm import Session

from interagency.accounts.models import Role
from interagency.accounts.queries import person_by_email
from interagency.mail import CONDITIONS, OutboxMessage
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities_of

COORDINATOR = "coordinator"
FOCAL_POINT = "focal_point"


def as_focal_point(entities: Iterable[Organisation]) -> str:
    """The condition of a message that tells a focal point of all these entities."""
    return " ".join([FOCAL_POINT, *(entity.key for entity in entities)])


def is_focal_point_of(session: Session, message: OutboxMessage, keys: Iterable[str], day: date) -> bool:
    """Whether the reader of `message`, with an account in use, is focal point of every one of the entities on `day`."""
    person = person_by_email(session, message.to_address)
    if person is None or not person.is_active:
        return False
    return {entity.key for entity in entities_of(session, person, day)}.issuperset(keys)


def _is_focal_point(session: Session, message: OutboxMessage, day: date) -> bool:
    return is_focal_point_of(session, message, message.only_while.split()[1:], day)


def _is_coordinator(session: Session, message: OutboxMessage, _day: date) -> bool:
    person = person_by_email(session, message.to_address)
    return person is not None and person.is_active and person.role is Role.COORDINATOR


def prepare() -> None:
    """Let messages be written for focal points and for coordinators."""
    CONDITIONS[FOCAL_POINT] = _is_focal_point
    CONDITIONS[COORDINATOR] = _is_coordinator
