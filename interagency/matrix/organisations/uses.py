"""What names an organisation, and what it said itself: asked before it is merged or becomes another thing."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.organisations.models import Organisation
from interagency.registry import registry


def counts(session: Session, organisation: Organisation) -> dict[str, int]:
    """How many listed records of each kind name it."""
    return {name: len(part.ids(session, organisation.id)) for name, part in registry.naming_parts.items()}


# What an organisation said or is responsible for: it stays its own, and keeps it from being merged away.
def _bonds() -> Mapping[str, str]:
    return {
        "appointment": _("focal points"),
        "mandate": _("declared mandates"),
        "agreement": _("what it said may be shared"),
        "answer": _("answers of months"),
        "extension": _("extended due dates"),
        "need_entity": _("needs it took up"),
        "need_offer": _("offers of help"),
        "message_version_entity": _("shared messages"),
        "message_use": _("uses of shared messages"),
    }


def bound_by(session: Session, organisation: Organisation) -> list[str]:
    """What it said or is responsible for, in words: whatever names it and is no record that lists it."""
    found, words = [], _bonds()
    for table in Organisation.metadata.sorted_tables:
        if table.name not in words:
            continue
        column = next(key.parent for key in table.foreign_keys if key.column.table.name == "organisation")
        if session.execute(
            sa.select(sa.literal(1)).select_from(table).where(column == organisation.id).limit(1)
        ).first():
            found.append(words[table.name])
    return found
