"""Questions about entities, partners and focal points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, selectinload

from interagency.accounts.models import Person
from interagency.matrix.framework.names import NotUnderstood
from interagency.matrix.framework.titles import organisation_names
from interagency.matrix.organisations.models import Appointment, Organisation, OrganisationKind
from interagency.text.folding import name_key


def entities(session: Session, *, retired: bool = False) -> list[Organisation]:
    """All UN entities, those of the decision first in its order, then by acronym."""
    query = sa.select(Organisation).where(Organisation.is_entity, Organisation.merged_into_id.is_(None))
    query = query.options(selectinload(Organisation.names))
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
    """Everything an organisation is found by: key, acronym, name, former names, spellings, names in other languages."""
    own = [organisation.key, organisation.acronym or "", organisation.name]
    others = [other.name for other in organisation.names]
    return [name for name in (*own, *others, *organisation_names(organisation.key)) if name]


def survivors(organisations: Iterable[Organisation]) -> dict[int, Organisation]:
    """The organisation that stands for each by id: itself, or the one it was merged into, however often."""
    by_id = {one.id: one for one in organisations}

    def survivor(one: Organisation) -> Organisation:
        return survivor(by_id[one.merged_into_id]) if one.merged_into_id is not None else one

    return {number: survivor(one) for number, one in by_id.items()}


def survivor_of(session: Session, organisation: Organisation) -> Organisation:
    """The organisation that stands for this one: itself, or what it was merged into, however often."""
    while organisation.merged_into_id is not None:
        organisation = session.get_one(Organisation, organisation.merged_into_id)
    return organisation


def organisation_called(session: Session, key: str) -> Organisation | None:
    """The organisation kept by `key`; the one it was merged into, where it was."""
    found = session.scalar(sa.select(Organisation).where(Organisation.key == key[:60]))
    return survivor_of(session, found) if found is not None else None


def proposals_waiting(session: Session) -> int:
    """How many proposed organisations nobody has accepted, merged or refused."""
    waiting = sa.select(sa.func.count()).select_from(Organisation)
    return session.scalar(waiting.where(Organisation.is_proposed, Organisation.retired_on.is_(None))) or 0


def keys_of_today(session: Session, keys: Sequence[str]) -> list[str]:
    """`keys` as they are now: a form may be older than a merging."""
    moved = {}
    if keys:
        merged = sa.select(Organisation.key).where(Organisation.key.in_(keys), Organisation.merged_into_id.is_not(None))
        for key in session.scalars(merged):
            moved[key] = organisation_called(session, key).key  # type: ignore[union-attr]  # it was just found
    return list(dict.fromkeys(moved.get(key, key) for key in keys))


class Directory:
    """All organisations by every name they were ever written with. A name of one that was merged is the other's."""

    def __init__(self, session: Session) -> None:
        self._by_name: dict[str, Organisation] = {}
        everyone = all_organisations(session)
        stands_for = survivors(everyone)
        for organisation in sorted(everyone, key=lambda one: one.merged_into_id is not None):
            whole = f"{organisation.name} ({organisation.acronym})"
            for name in [*names_of(organisation), organisation.full, whole]:
                self._by_name.setdefault(name_key(name), stands_for[organisation.id])

    def known(self, text: str) -> Organisation | None:
        """The organisation called `text`, now or formerly, or None."""
        return self._by_name.get(name_key(text))

    def find(self, text: str) -> Organisation:
        """The organisation called `text`, now or formerly, but for a refused proposal. Raises NotUnderstood."""
        found = self.known(text)
        if found is None or found.is_refused:
            raise NotUnderstood(
                _("We do not know the organisation “%(text)s”. Choose one from the list.", text=text[:60])
            )
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
