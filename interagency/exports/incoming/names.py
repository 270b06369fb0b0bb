"""Organisations that a file names and no directory knows: what the person decides of each name, once for the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.exports.incoming.cells import RowResult
from interagency.matrix.organisations.models import NameKind, Organisation, OrganisationKind, OrganisationName
from interagency.matrix.organisations.queries import Directory
from interagency.text.folding import clean, fold, name_key

LEAVE, MAP, ADD = "leave", "map", "add"
_NO_KEY = re.compile(r"[^a-z0-9]+")
# What a person may add from a file: entities of the United Nations are set up otherwise.
KINDS = tuple(kind for kind in OrganisationKind if kind is not OrganisationKind.UN_ENTITY)


def unknown_names(rows: list[RowResult]) -> list[dict[str, Any]]:
    """The names that no directory knows, each once with how often it occurs and where, the most frequent first."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        for cell in row.cells:
            for name in cell.unknown:
                key = name_key(name)
                told = found.setdefault(key, {"key": key, "name": name[:300], "count": 0, "columns": []})
                told["count"] += 1
                if cell.title not in told["columns"]:
                    told["columns"].append(cell.title)
    return sorted(found.values(), key=lambda told: (-told["count"], told["name"]))


def decide(
    session: Session, names: list[dict[str, Any]], form: Mapping[str, str], by: Person
) -> tuple[dict[str, str], list[str]]:
    """What a person says of unknown names: `choice-N`, `other-N`, `kind-N`, `remember-N` for the Nth of `names`.

    Returns the key meant by each name's `name_key`, "" to leave it out, and sentences on what could not be done. A
    coordinator adds partners and remembers spellings at once; the caller commits.
    """
    directory = Directory(session)
    decided: dict[str, str] = {}
    problems: list[str] = []
    for place, told in enumerate(names):
        choice, name = form.get(f"choice-{place}", ""), told["name"]
        if choice == LEAVE:
            decided[told["key"]] = ""
        elif choice == ADD and by.is_coordinator:
            decided[told["key"]] = _add_partner(session, name, form.get(f"kind-{place}", ""), by).key
        elif choice == MAP:
            try:
                meant = directory.find(form.get(f"other-{place}", ""))
            except ValueError as problem:
                problems.append(f"{name}: {problem}")
                continue
            decided[told["key"]] = meant.key
            if form.get(f"remember-{place}") and by.is_coordinator:
                meant.names.append(OrganisationName(name=clean(name, lines=False), kind=NameKind.SPELLING))
                audit(session, "organisation.spelling_added", by=by, organisation=meant.key, name=name)
    session.flush()
    return decided, problems


def _add_partner(session: Session, name: str, kind: str, by: Person) -> Organisation:
    """A new partner of this name; the one there is, where somebody added it meanwhile."""
    name = clean(name, lines=False)[:300]
    try:
        return Directory(session).find(name)
    except ValueError:
        chosen = next((one for one in KINDS if one.value == kind), OrganisationKind.CIVIL_SOCIETY)
    base = _NO_KEY.sub("-", fold(name)).strip("-")[:50] or "partner"
    taken = set(session.scalars(sa.select(Organisation.key).where(Organisation.key.startswith(base, autoescape=True))))
    key = next(
        key for number in range(len(taken) + 1) if (key := f"{base}-{number + 1}" if number else base) not in taken
    )
    made = Organisation(key=key, name=name, kind=chosen, is_entity=False)
    session.add(made)
    session.flush()
    audit(session, "organisation.added", by=by, organisation=key, name=name)
    return made
