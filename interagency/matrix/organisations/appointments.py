"""Appointing focal points: from a day to a day, both included; rights follow the day, nobody has to end them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, joinedload

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.matrix.organisations.models import Appointment, Organisation


def appointments_by_person(session: Session) -> dict[int, list[Appointment]]:
    """Every appointment with its entity, by the person's id, oldest first."""
    query = sa.select(Appointment).options(joinedload(Appointment.entity))
    found: dict[int, list[Appointment]] = {}
    for one in session.scalars(query.order_by(Appointment.first_day, Appointment.id)):
        found.setdefault(one.person_id, []).append(one)
    return found


def focal_points(session: Session, day: date) -> dict[int, list[Person]]:
    """The focal points of every entity on `day`, by entity, by name."""
    query = (
        sa.select(Appointment.entity_id, Person)
        .join(Person, Person.id == Appointment.person_id)
        .where(
            Appointment.first_day <= day,
            sa.or_(Appointment.last_day.is_(None), Appointment.last_day >= day),
            Person.disabled_at.is_(None),
        )
        .order_by(Person.name)
    )
    found: dict[int, list[Person]] = defaultdict(list)
    for entity_id, person in session.execute(query):
        if person not in found[entity_id]:
            found[entity_id].append(person)
    return found


def appointed(
    session: Session, person: Person, entity: Organisation, first: date, last: date | None
) -> Appointment | None:
    """The earliest appointment of `person` to `entity` that shares a day with `first` to `last`, if any."""
    query = sa.select(Appointment).where(
        Appointment.person_id == person.id,
        Appointment.entity_id == entity.id,
        sa.or_(Appointment.last_day.is_(None), Appointment.last_day >= first),
    )
    if last is not None:
        query = query.where(Appointment.first_day <= last)
    return session.scalar(query.order_by(Appointment.first_day).limit(1))


def appoint(
    session: Session, person: Person, entity: Organisation, first: date, last: date | None, *, by: Person | None
) -> Appointment:
    """Make `person` focal point of `entity`. Raises ValueError with what to do instead.

    Nobody does it for themselves: whoever speaks for an entity agrees for it to what leaves the network (rule 20).
    """
    _needs_somebody_else(person.id, by)
    if not entity.is_entity or entity.retired_on is not None:
        raise ValueError(_("%(name)s is not a UN entity that takes part.", name=entity.short))
    if last is not None and last < first:
        raise ValueError(_("The last day lies before the first."))
    other = appointed(session, person, entity, first, last)
    if other is not None:
        raise ValueError(
            _(
                "%(person)s is appointed to %(entity)s from %(first)s already. End that first, or choose other days.",
                person=person.name,
                entity=entity.short,
                first=other.first_day.isoformat(),
            )
        )
    made = Appointment(
        person_id=person.id, entity_id=entity.id, first_day=first, last_day=last, made_by_id=by.id if by else None
    )
    session.add(made)
    audit(
        session,
        "appointment.made",
        by=by,
        by_name="command line",
        person=person.id,
        entity=entity.key,
        first=first.isoformat(),
        last=last.isoformat() if last else None,
    )
    return made


def _needs_somebody_else(person_id: int, by: Person | None) -> None:
    if by is not None and by.id == person_id:
        raise ValueError(
            _("Nobody appoints themselves to speak for an entity. Ask another coordinator or administrator to do it.")
        )


def end_appointment(session: Session, appointment: Appointment, last: date, *, today: date, by: Person | None) -> bool:
    """Let `appointment` end with the day `last`; one that has not begun and never would is taken back (False).

    Raises ValueError when one that has begun would end before its first day, or `by` would prolong their own.
    """
    if appointment.last_day is not None and last > appointment.last_day:
        _needs_somebody_else(appointment.person_id, by)  # it would go on for longer
    taken_back = last < appointment.first_day
    if taken_back and appointment.first_day <= today:
        raise ValueError(_("The last day lies before the first."))
    audit(
        session,
        "appointment.taken_back" if taken_back else "appointment.ended",
        by=by,
        by_name="command line",
        person=appointment.person_id,
        entity=appointment.entity.key,
        last=last.isoformat(),
    )
    if taken_back:
        session.delete(appointment)
    else:
        appointment.last_day = last
    return not taken_back
