"""The history of an organisation in words: who, when, what was, what is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.db.history import Change, changes_of
from interagency.matrix.organisations.choices import kind_labels
from interagency.matrix.organisations.models import Organisation, OrganisationKind
from interagency.text.languages import semicolons
from interagency.web.formats import format_date_value


@dataclass(frozen=True, slots=True)
class ToldChange:
    """One change: the row of history, and each field's name with what was and what is."""

    change: Change
    lines: list[tuple[str, str, str]]


def told(session: Session, organisation: Organisation) -> list[ToldChange]:
    """All changes of `organisation`, newest first."""
    labels = {
        "name": _("Name"),
        "acronym": _("Acronym"),
        "kind": _("Kind"),
        "country": _("Country"),
        "former": _("Former names"),
        "others": _("Other names"),
        "retired_on": _("Retired"),
        "proposed": _("Proposed"),
        "merged_into": _("Merged into"),
    }
    changes = changes_of(session, organisation.__tablename__, organisation.id)
    merged = {one for change in changes for one in change.fields.get("merged_into", []) if one}
    names = {one.id: one.full for one in session.scalars(sa.select(Organisation).where(Organisation.id.in_(merged)))}
    return [
        ToldChange(
            change,
            [
                (label, _words(field, change.fields[field][0], names), _words(field, change.fields[field][1], names))
                for field, label in labels.items()
                if field in change.fields and any(change.fields[field]) and not _is_untold(field, change)
            ],
        )
        for change in changes
    ]


def _is_untold(field: str, change: Change) -> bool:
    """What a proposal is, a coordinator says when it is accepted."""
    return field == "kind" and bool(change.fields.get("proposed", [None, False])[1])


def _words(field: str, value: Any, names: dict[int, str]) -> str:
    if value in (None, "", [], False):
        return "—"
    match field:
        case "kind":
            return kind_labels(OrganisationKind(value))
        case "former":
            return semicolons(
                _("%(name)s, until %(day)s", name=name, day=format_date_value(date.fromisoformat(day))) if day else name
                for name, day in value
            )
        case "others":
            return semicolons(f"{name} ({language})" if language else name for name, language in value)
        case "retired_on":
            return str(format_date_value(date.fromisoformat(value)))
        case "proposed":
            return str(_("yes"))
        case "merged_into":
            return names.get(value, "—")
        case _:
            return str(value)
