"""Whom a remark asks: chosen in the form, or named in its words by an @."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person, Role
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import all_organisations, entities, names_of
from interagency.text.folding import name_key

# What may follow an @: up to four words, so that `@Farida Who` and `@UN Women` are found. Not within a mail address.
_MENTION = re.compile(r"(?<![\w.@/])@([\w'’.-]{1,60}(?: [\w'’.-]{1,60}){0,3})")
MAX_MENTIONS = 20
MAX_ADDRESSEES = 10


class NotAddressable(ValueError):
    """Somebody is asked who cannot be; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a remark asks. `unknown`: names after an @ that are nobody's."""

    entities: list[Organisation] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choices:
    """Who can be asked on a day: `(value, words)` for entities and for people."""

    entities: list[tuple[str, str]]
    people: list[tuple[str, str]]


def choices(session: Session, day: date) -> Choices:
    """Who can be asked on `day`: entities that are not retired, their focal points, and coordinators."""
    people, speaks = _speaking(session, day)
    return Choices(
        [(f"entity:{one.key}", one.short) for one in entities(session)],
        [
            (f"person:{one.id}", f"{one.name} ({', '.join(speaks[one.id])})" if speaks.get(one.id) else one.name)
            for one in sorted(people.values(), key=lambda one: (one.name, one.id))
        ],
    )


def _speaking(session: Session, day: date) -> tuple[dict[int, Person], dict[int, list[str]]]:
    """Focal points of `day` and coordinators by id, and the entities each speaks for."""
    coordinators = sa.select(Person).where(Person.role == Role.COORDINATOR, Person.disabled_at.is_(None))
    people = {one.id: one for one in session.scalars(coordinators)}
    speaks: dict[int, list[str]] = {}
    by_entity = focal_points(session, day)
    for entity in entities(session):
        for person in by_entity.get(entity.id, []):
            people[person.id] = person
            speaks.setdefault(person.id, []).append(entity.short)
    return people, speaks


def read_addressed(session: Session, chosen: Iterable[str], text: str, day: date) -> Addressed:
    """Whom the form's choices and the words of `text` ask, each once. Raises NotAddressable."""
    found = Addressed()
    wanted = [value for value in chosen if value][:MAX_MENTIONS]
    mentions = [match[1] for match, _n in zip(_MENTION.finditer(text), range(MAX_MENTIONS), strict=False)]
    if not wanted and not mentions:
        return found
    people, _speaks = _speaking(session, day)
    by_key = {one.key: one for one in entities(session)}
    for value in wanted:
        kind, _colon, key = value.partition(":")
        if kind == "entity" and key in by_key:
            _add(found.entities, by_key[key])
        elif kind == "person" and key.isascii() and key.isdecimal() and int(key) in people:
            _add(found.people, people[int(key)])
        else:
            raise NotAddressable(_("Whom you chose can no longer be asked. Choose somebody from the list."))
    if mentions:
        _read_mentions(session, mentions, found, people)
    if len(found.entities) + len(found.people) > MAX_ADDRESSEES:
        raise NotAddressable(_("That asks too many at once. Ask the others in a second remark."))
    return found


def _add(some: list[Organisation] | list[Person], one: Organisation | Person) -> None:
    if one not in some:
        some.append(one)  # type: ignore[arg-type]


def _read_mentions(session: Session, mentions: list[str], found: Addressed, people: dict[int, Person]) -> None:
    organisations = {
        name_key(name): one for one in all_organisations(session) if one.is_entity for name in names_of(one)
    }
    everyone = {name_key(one.name): one for one in session.scalars(sa.select(Person).order_by(Person.id.desc()))}
    for mention in mentions:
        words = mention.split(" ")
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count]).rstrip(".-'’")
            key = name_key(name)
            if not key:
                continue
            if (entity := organisations.get(key)) is not None:
                _mention_entity(entity, found)
                break
            if (person := everyone.get(key)) is not None:
                _mention_person(person, people, found)
                break
        else:
            _add_unknown(found, words[0])


def _mention_entity(entity: Organisation, found: Addressed) -> None:
    if entity.retired_on is not None or entity.merged_into_id is not None:
        raise NotAddressable(
            _("%(name)s no longer takes part and cannot be asked. Ask another entity, or leave the @ out.",
              name=entity.short)
        )  # fmt: skip
    _add(found.entities, entity)


def _mention_person(person: Person, people: dict[int, Person], found: Addressed) -> None:
    if person.id not in people:
        raise NotAddressable(
            _("%(name)s speaks for no entity today and cannot be asked. Ask the entity instead, such as @WHO, or leave "
              "the @ out.", name=person.name)
        )  # fmt: skip
    _add(found.people, person)


def _add_unknown(found: Addressed, name: str) -> None:
    if name not in found.unknown:
        found.unknown.append(name)
