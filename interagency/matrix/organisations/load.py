"""Bring the organisations in the database into line with the data file. Safe to repeat."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from interagency.db.history import Change
from interagency.matrix.framework.load import Tally, read_file
from interagency.matrix.organisations.models import NameKind, Organisation, OrganisationKind, OrganisationName
from interagency.matrix.organisations.queries import Directory


def load_organisations(session: Session) -> Tally:
    """Organisations with their names. Returns what was done.

    An organisation that people changed in the service stays as they left it, and one that they have under another key
    is not added a second time.
    """
    content = read_file("organisations.json")
    entries: list[dict[str, Any]] = content["organisations"] if isinstance(content, dict) else content
    query = sa.select(Organisation).options(selectinload(Organisation.names))
    present = {organisation.key: organisation for organisation in session.scalars(query)}
    kept = set(session.scalars(sa.select(Change.record_id).where(Change.record_type == Organisation.__tablename__)))
    directory = Directory(session)
    tally = Tally("organisations")
    for entry in entries:
        organisation = present.get(entry["key"]) or _called_so(directory, entry)
        if organisation is not None and (organisation.id in kept or organisation.key != entry["key"]):
            present[entry["key"]] = organisation
            tally.left += 1
        elif organisation is None:
            organisation = Organisation(key=entry["key"], names=[])
            session.add(organisation)
            present[entry["key"]] = organisation
            _set_values(organisation, entry)
            _add_names(organisation, entry)
            tally.added += 1
        elif _set_values(organisation, entry) | _add_names(organisation, entry):
            tally.changed += 1
        else:
            tally.left += 1
    session.flush()
    for entry in entries:
        if present[entry["key"]].id in kept:
            continue
        parent = present[entry["parent"]].id if entry.get("parent") else None
        if present[entry["key"]].parent_id != parent:
            present[entry["key"]].parent_id = parent
    session.flush()
    return tally


def _called_so(directory: Directory, entry: dict[str, Any]) -> Organisation | None:
    """The organisation that has the name or the acronym of `entry` already."""
    return directory.known(entry["name"]) or (directory.known(entry["acronym"]) if entry.get("acronym") else None)


def _set_values(organisation: Organisation, entry: dict[str, Any]) -> bool:
    """Set what the file says; whether anything was different."""
    values = {
        "acronym": entry.get("acronym"),
        "name": entry["name"],
        "kind": OrganisationKind(entry["kind"]),
        "is_entity": entry["is_entity"],
        "answers": entry.get("founding", False),
        "position": entry.get("position") or 1000,
        "country_code": entry.get("country"),
    }
    different = any(getattr(organisation, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(organisation, name, value)
    return different


def _add_names(organisation: Organisation, entry: dict[str, Any]) -> bool:
    """Add the names the file knows and the database does not; whether there were any."""
    wanted = [(spelling, NameKind.SPELLING) for spelling in entry.get("spellings", [])]
    for former in entry.get("former_names", []):
        wanted += [(name, NameKind.FORMER) for name in (former.get("name"), former.get("acronym")) if name]
    known = {name.name for name in organisation.names}
    new = {name: kind for name, kind in wanted if name not in known}
    organisation.names.extend(OrganisationName(name=name, kind=kind) for name, kind in new.items())
    return bool(new)
