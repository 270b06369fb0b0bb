"""The lists that choosers of forms offer. A browser reads each once and keeps it until it changes.

Each is served under an address that holds its version, which is a digest of the rows it is made of. Beside its address
every list is a page, for who works without scripts and types names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import ActivityCountry
from interagency.matrix.framework.models import Chapter, Country, Recommendation, Region, SdgGoal, SdgTarget, Section
from interagency.matrix.framework.names import bare_sdg, gazetteer, read_code
from interagency.matrix.organisations import choices
from interagency.matrix.organisations.models import Organisation, OrganisationName
from interagency.matrix.organisations.queries import Directory, all_organisations, entities, partners
from interagency.web.forms import Group, Option


@dataclass(frozen=True, slots=True)
class ChoiceList:
    """A list by its title: the groups it shows, the models whose rows it is made of, and how a typed name is read.

    `reader(session)` gives a function from a name as people write it to a key; that raises ValueError with a sentence.
    """

    title: Any
    groups: Callable[[Session], list[Group]]
    models: tuple[type[Any], ...]
    reader: Callable[[Session], Callable[[str], str]]


def _organisation_reader(session: Session) -> Callable[[str], str]:
    directory = Directory(session)
    return lambda text: directory.find(text).key


def entity_reader(session: Session) -> Callable[[str], str]:
    """How the name of a UN entity is read, as its key. The directory is read when there is a name.

    Raises ValueError with a sentence where it is none.
    """
    directory = cache(lambda: Directory(session))

    def read(text: str) -> str:
        found = directory().known(text) or next((one for one in entities(session) if one.key == text), None)
        if found is None or not found.is_entity:
            raise ValueError(_("“%(name)s” is not a UN entity. Write its acronym or name.", name=text[:60]))
        return found.key

    return read


def _sdg_reader(session: Session) -> Callable[[str], str]:
    known = {str(number) for number in session.scalars(sa.select(SdgGoal.number))}
    known |= set(session.scalars(sa.select(SdgTarget.code)))

    def read(text: str) -> str:
        found = bare_sdg(text)
        if found not in known:
            words = _("“%(text)s” is not a goal or target of the 2030 Agenda. Write 3 or 3.5.", text=text[:20])
            raise ValueError(words)
        return found

    return read


def _countries(session: Session) -> list[Group]:
    """How often a country is named orders the list and is no part of its version: it may be as old as the list."""
    link = ActivityCountry.country_code
    return choices.country_groups(session, dict(session.execute(sa.select(link, sa.func.count()).group_by(link)).all()))


def _in_use(session: Session) -> list[Organisation]:
    return [one for one in all_organisations(session) if one.retired_on is None]


_NAMES = (Organisation, OrganisationName)
LISTS: dict[str, ChoiceList] = {
    "entities": ChoiceList(
        _l("UN entities"), lambda session: choices.entity_groups(entities(session)), _NAMES, _organisation_reader
    ),
    "partners": ChoiceList(
        _l("Partners"), lambda session: choices.organisation_groups(partners(session)), _NAMES, _organisation_reader
    ),
    "organisations": ChoiceList(
        _l("Organisations"), lambda session: choices.organisation_groups(_in_use(session)), _NAMES,
        _organisation_reader,
    ),
    "recommendations": ChoiceList(
        _l("Recommendations"), choices.recommendation_groups, (Recommendation, Section, Chapter),
        lambda _session: read_code,
    ),
    "countries": ChoiceList(
        _l("Countries"), _countries, (Country, Region), lambda session: gazetteer(session).country
    ),
    "regions": ChoiceList(
        _l("Regions"), choices.region_groups, (Region,), lambda session: gazetteer(session).region
    ),
    "sdg": ChoiceList(
        _l("Sustainable Development Goals and targets"), choices.sdg_groups, (SdgGoal, SdgTarget),
        _sdg_reader,
    ),
}  # fmt: skip


def versions(session: Session, names: Iterable[str]) -> dict[str, str]:
    """The versions of the lists called `names`: they change with every row that a list is made of."""
    digests: dict[type[Any], bytes] = {}
    for model in {model: None for name in names for model in LISTS[name].models}:
        table = model.__table__
        rows = session.execute(sa.select(*table.columns).order_by(*table.primary_key)).all()
        digests[model] = sha256(repr(rows).encode()).digest()
    return {name: sha256(b"".join(digests[model] for model in LISTS[name].models)).hexdigest()[:16] for name in names}


def list_addresses(session: Session, names: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Where lists are read, by a name of the caller's for each: by scripts (the address has the version); by people."""
    now, language = versions(session, set(names.values())), str(get_locale())
    return {
        key: (
            url_for("choices.as_file", name=name, language=language, version=now[name]),
            url_for("choices.page", name=name),
        )
        for key, name in names.items()
    }


def as_json(groups: list[Group]) -> str:
    """A list for the script: each option as value, label, detail, and words that it is found by besides."""
    return json.dumps([_plain(group) for group in groups], ensure_ascii=False, separators=(",", ":"))


def _plain(group: Group) -> dict[str, Any]:
    return {
        "title": group.title,
        "options": [_short(option) for option in group.options],
        "groups": [_plain(inner) for inner in group.groups],
    }


def _short(option: Option) -> list[str]:
    return [option.value, option.label, option.detail, option.search]
