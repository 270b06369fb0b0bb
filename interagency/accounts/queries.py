"""Questions about people."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person


def person_by_email(session: Session, email: str) -> Person | None:
    """Whose address this is, written in any case."""
    if "\x00" in email:  # PostgreSQL keeps no such text, so nobody has it
        return None
    return session.scalar(sa.select(Person).where(Person.email == email.strip().lower()))


def all_people(session: Session) -> list[Person]:
    """Everybody, by name."""
    return list(session.scalars(sa.select(Person).order_by(Person.name, Person.id)))
