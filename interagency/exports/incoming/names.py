"""Organisations that a file names and no directory knows: what the person decides of each name, once for the file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.exports.incoming.cells import RowResult
from interagency.matrix.organisations.directory import PARTNER_KINDS, Act, add, add_name
from interagency.matrix.organisations.merging import accept, propose
from interagency.matrix.organisations.models import Organisation, OrganisationKind
from interagency.matrix.organisations.naming import DirectoryRefusal
from interagency.matrix.organisations.queries import Directory
from interagency.text.folding import name_key

LEAVE, MAP, ADD, PROPOSE = "leave", "map", "add", "propose"


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
    session: Session, names: list[dict[str, Any]], form: Mapping[str, str], by: Person, today: date
) -> tuple[dict[str, str], list[str]]:
    """What a person says of unknown names: `choice-N`, `other-N`, `kind-N`, `remember-N` for the Nth of `names`.

    Returns the key meant by each name's `name_key`, "" to leave it out, and sentences on what could not be done. A
    coordinator adds partners and remembers spellings at once, others propose partners; the caller commits.
    """
    directory, act = Directory(session), Act(by, today)
    decided: dict[str, str] = {}
    problems: list[str] = []
    for place, told in enumerate(names):
        choice, name = form.get(f"choice-{place}", ""), told["name"]
        if choice == LEAVE:
            decided[told["key"]] = ""
        elif choice == PROPOSE or (choice == ADD and by.is_coordinator):
            try:
                kind = form.get(f"kind-{place}", "") if choice == ADD else None
                decided[told["key"]] = _added(session, name, kind, act).key
            except DirectoryRefusal as problem:
                problems.append(f"{name}: {problem}")
        elif choice == MAP:
            try:
                meant = directory.find(form.get(f"other-{place}", ""))
            except ValueError as problem:
                problems.append(f"{name}: {problem}")
                continue
            decided[told["key"]] = meant.key
            if form.get(f"remember-{place}") and by.is_coordinator:
                try:
                    add_name(session, meant, act, name=name)
                except DirectoryRefusal as problem:
                    problems.append(f"{name}: {problem}")
    session.flush()
    return decided, problems


def _added(session: Session, name: str, kind: str | None, act: Act) -> Organisation:
    """A new partner of this name, proposed where no `kind` is given; the one there is, where somebody added it
    meanwhile. Raises DirectoryRefusal."""
    if kind is None:
        return propose(session, act, name)
    chosen = kind if kind in {one.value for one in PARTNER_KINDS} else OrganisationKind.CIVIL_SOCIETY.value
    found = Directory(session).known(name)
    if found is not None and found.is_proposed:
        accept(session, found, act, kind=chosen)
    return found or add(session, act, name=name, kind=chosen)
