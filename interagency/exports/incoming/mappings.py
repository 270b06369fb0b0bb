"""How the headings of hand-made matrices were mapped, remembered for the next file with the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.exports.incoming.headers import Heading
from interagency.exports.models import HeaderMapping


def remember(
    session: Session,
    headings: Sequence[Mapping[str, Any]],
    mapping: Mapping[str, str],
    person: Person | None,
    at: datetime,
) -> None:
    """Keep what `headings`, as a preview tells them, were said to mean. The caller commits."""
    key = headers_hash(heading["name"] for heading in headings)
    known = session.get(HeaderMapping, key)
    if known is None:
        known = HeaderMapping(headers_hash=key)
        session.add(known)
    known.mapping, known.saved_at = dict(mapping), at
    known.saved_by_id = person.id if person else None


def headers_hash(headers: Iterable[str]) -> str:
    """What one set of headers is known by, in any order."""
    return hashlib.sha256("\n".join(sorted(headers)).encode()).hexdigest()


def remembered_mapping(session: Session, headings: list[Heading]) -> dict[str, str]:
    """The mapping a person confirmed for a file with these headings, or nothing.

    Mappings were once kept by the unknown headings alone.
    """
    for names in ([one.name for one in headings], [one.name for one in headings if not one.title]):
        if names and (known := session.get(HeaderMapping, headers_hash(names))):
            return dict(known.mapping)
    return {}
