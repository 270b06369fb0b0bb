"""The accounts of the demonstration: a coordinator, an administrator, a reader, a focal point for each entity."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from interagency.accounts.models import Person, Role, verify_password
from interagency.accounts.queries import person_by_email
from interagency.matrix.organisations.models import Appointment
from interagency.matrix.organisations.queries import Directory

COORDINATOR = "coordinator@example.org"
ACCOUNTS = (
    (COORDINATOR, "Clara Coordinator", "coordinator", None),
    ("focal.who@example.org", "Farida Who", "reader", "who"),
    ("focal.undp@example.org", "Felix Undp", "reader", "undp"),
    ("focal.unodc@example.org", "Fumiko Unodc", "reader", "unodc"),
    ("reader@example.org", "Rui Reader", "reader", None),
    ("admin@example.org", "Ada Admin", "administrator", None),
    ("focal.ohchr@example.org", "Flavio Ohchr", "reader", "ohchr"),
    ("focal.unaids@example.org", "Fatou Unaids", "reader", "unaids"),
    ("focal.unicef@example.org", "Fiona Unicef", "reader", "unicef"),
    ("focal.unwomen@example.org", "Fabio Unwomen", "reader", "unwomen"),
    ("focal.dpo@example.org", "Freya Dpo", "reader", "dpo"),
    ("focal.desa@example.org", "Faisal Desa", "reader", "desa"),
    ("focal.dpa@example.org", "Frida Dpa", "reader", "dpa"),
    ("focal.eosg@example.org", "Francis Eosg", "reader", "eosg"),
)


def focal_address(key: str) -> str:
    """The e-mail address of the focal point of the entity with this key."""
    return f"focal.{key}@example.org"


def add_people(session: Session, password: str, since: date) -> int:
    """Add the accounts that are missing, appointed `since`, and commit; with a password, give it to all of them.

    Returns how many were added.
    """
    directory = Directory(session)
    made = 0
    for email, name, role, entity in ACCOUNTS:
        person = person_by_email(session, email)
        if person is None:
            person = Person(email=email, name=name, role=Role(role), session_epoch=0)
            session.add(person)
            session.flush()
            if entity:
                session.add(Appointment(person_id=person.id, entity_id=directory.find(entity).id, first_day=since))
            made += 1
        if password and not verify_password(person, password):
            person.set_password(password)
    session.commit()
    return made
