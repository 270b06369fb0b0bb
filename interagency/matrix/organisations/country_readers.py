"""Readers for countries: Resident Coordinators and country teams, who see their countries first. It gives no right."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.names import gazetteer
from interagency.matrix.organisations.models import CountryReader
from interagency.text.folding import clean
from interagency.text.lines import check_line, split_lines


def countries_of(session: Session, person: Person) -> list[Country]:
    """The countries `person` reads for, by name."""
    link = CountryReader
    query = sa.select(Country).join(link, link.country_code == Country.code).where(link.person_id == person.id)
    return list(session.scalars(query.order_by(Country.name)))


def readers_for(session: Session, code: str) -> list[Person]:
    """Who reads for the country `code`, by name."""
    link = CountryReader
    query = sa.select(Person).join(link, link.person_id == Person.id).where(link.country_code == code)
    return list(session.scalars(query.where(Person.disabled_at.is_(None)).order_by(Person.name)))


def read_countries(session: Session, text: str) -> list[str]:
    """The codes of countries as people write them, one a line or between semicolons. Raises ValueError."""
    names, found = gazetteer(session), []
    for line in split_lines(clean(text)):
        found.append(names.country(check_line(line)))
    return list(dict.fromkeys(found))


def set_countries(session: Session, person: Person, codes: list[str], *, by: Person) -> None:
    """Let `person` read for these countries and no others."""
    link = CountryReader
    before = set(session.scalars(sa.select(link.country_code).where(link.person_id == person.id)))
    if before == set(codes):
        return
    session.execute(sa.delete(link).where(link.person_id == person.id, link.country_code.not_in(codes)))
    session.add_all(link(person_id=person.id, country_code=code) for code in codes if code not in before)
    audit(session, "account.countries", by=by, person=person.id, countries=sorted(codes))
