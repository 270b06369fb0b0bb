"""Whom a message may reach: asked again when it leaves, for a right may have ended since it was written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from interagency.accounts.models import Person, Role
from interagency.accounts.queries import person_by_email
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import SendIf
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities_of
from interagency.web.context import settings

COORDINATOR = "coordinator"
FOCAL_POINT = "focal_point"


def as_focal_point(entities: Iterable[Organisation]) -> SendIf:
    """The condition of a message that tells a focal point of all these entities."""
    return SendIf(FOCAL_POINT, {"entities": [entity.key for entity in entities]})


def reader_of(session: Session, message: OutboxMessage) -> Person | None:
    """Whose address the message goes to, if their account is in use."""
    person = person_by_email(session, message.to_address)
    return person if person is not None and person.is_active else None


def keys_of(session: Session, person: Person | None, at: datetime) -> set[str]:
    """The entities that person is focal point of at `at`, by key; of nobody none."""
    if person is None:
        return set()
    return {entity.key for entity in entities_of(session, person, at.astimezone(settings().zone).date())}


def is_focal_point(session: Session, message: OutboxMessage, at: datetime, *, entities: list[str]) -> bool:
    """Whether the reader is still focal point of every entity of `entities` (keys). A condition of the registry."""
    return keys_of(session, reader_of(session, message), at).issuperset(entities)


def is_coordinator(session: Session, message: OutboxMessage, _at: datetime) -> bool:
    """Whether the reader is still a coordinator. A condition of the registry."""
    person = reader_of(session, message)
    return person is not None and person.role is Role.COORDINATOR
