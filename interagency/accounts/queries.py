"""Questions about people."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person, Role


def person_by_email(session: Session, email: str) -> Person | None:
    """Whose address this is, written in any case."""
    if "\x00" in email:  # PostgreSQL keeps no such text, so nobody has it
        return None
    return session.scalar(sa.select(Person).where(Person.email == email.strip().lower()))


def all_people(session: Session) -> list[Person]:
    """Everybody, by name."""
    return list(session.scalars(sa.select(Person).order_by(Person.name, Person.id)))


def administrators(session: Session) -> list[Person]:
    """The administrators whose accounts are in use, by name: who invites and mends addresses."""
    query = sa.select(Person).where(Person.role == Role.ADMINISTRATOR, Person.disabled_at.is_(None))
    return list(session.scalars(query.order_by(Person.name)))
