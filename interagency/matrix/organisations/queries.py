"""Questions about entities, partners and focal points."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from interagency.accounts.models import Person
from interagency.matrix.framework.names import NotUnderstood
from interagency.matrix.organisations.models import Appointment, Organisation, OrganisationKind
from interagency.text.folding import name_key


def entities(session: Session, *, retired: bool = False) -> list[Organisation]:
    """All UN entities, those of the decision first in its order, then by acronym."""
    query = sa.select(Organisation).where(Organisation.is_entity).options(selectinload(Organisation.names))
    if not retired:
        query = query.where(Organisation.retired_on.is_(None))
    return list(session.scalars(query.order_by(Organisation.position, Organisation.acronym, Organisation.name)))


def bodies(session: Session, *, retired: bool = False) -> list[Organisation]:
    """All bodies for which the coordinators speak (`Organisation.is_body`), by name."""
    query = sa.select(Organisation).where(Organisation.kind == OrganisationKind.UN_BODY)
    if not retired:
        query = query.where(Organisation.retired_on.is_(None))
    return [one for one in session.scalars(query.order_by(Organisation.position, Organisation.name)) if one.is_body]


def partners(session: Session, keys: Sequence[str] | None = None) -> list[Organisation]:
    """All other organisations, by kind and name; only those of `keys` where these are given."""
    query = sa.select(Organisation).where(~Organisation.is_entity, Organisation.retired_on.is_(None))
    if keys is None:
        query = query.options(selectinload(Organisation.names))  # a form offers them by all their names
    elif keys:
        query = query.where(Organisation.key.in_(keys))
    else:
        return []
    return list(session.scalars(query.order_by(Organisation.kind, Organisation.name)))


def all_organisations(session: Session) -> list[Organisation]:
    """Every organisation, retired ones too, with all its names."""
    query = sa.select(Organisation).options(selectinload(Organisation.names))
    return list(session.scalars(query.order_by(Organisation.position, Organisation.name)))


def names_of(organisation: Organisation) -> list[str]:
    """Everything an organisation is found by: key, acronym, name, former names, spellings."""
    own = [organisation.key, organisation.acronym or "", organisation.name]
    return [name for name in own + [other.name for other in organisation.names] if name]


class Directory:
    """All organisations by every name they were ever written with."""

    def __init__(self, session: Session) -> None:
        self._by_name: dict[str, Organisation] = {}
        for organisation in all_organisations(session):
            for name in [*names_of(organisation), organisation.full]:
                self._by_name.setdefault(name_key(name), organisation)

    def find(self, text: str) -> Organisation:
        """The organisation called `text`, now or formerly. Raises NotUnderstood."""
        found = self._by_name.get(name_key(text))
        if found is None:
            raise NotUnderstood(f"We do not know the organisation “{text[:60]}”. Choose one from the list.")
        return found


def entities_of(session: Session, person: Person, day: date) -> list[Organisation]:
    """The entities `person` is focal point of on `day`. An ended appointment gives nothing."""
    query = (
        sa.select(Organisation)
        .join(Appointment, Appointment.entity_id == Organisation.id)
        .where(
            Appointment.person_id == person.id,
            Appointment.first_day <= day,
            sa.or_(Appointment.last_day.is_(None), Appointment.last_day >= day),
        )
        .distinct()
        .order_by(Organisation.position, Organisation.acronym)
    )
    return list(session.scalars(query))


def focal_points_of(session: Session, entity: Organisation, day: date) -> list[Person]:
    """Who is focal point of `entity` on `day`, by name."""
    query = (
        sa.select(Person)
        .join(Appointment, Appointment.person_id == Person.id)
        .where(
            Appointment.entity_id == entity.id,
            Appointment.first_day <= day,
            sa.or_(Appointment.last_day.is_(None), Appointment.last_day >= day),
            Person.disabled_at.is_(None),
        )
        .distinct()
        .order_by(Person.name)
    )
    return list(session.scalars(query))
