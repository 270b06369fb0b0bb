"""The one blueprint of the calendar's pages, and what the pages of an event share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from interagency.database import db
from interagency.matrix.cycles.answers import month_being_updated

rooms = Blueprint("calendar", __name__)


def month_of(mine: list[Any]) -> str | None:
    """The month that an edit of these entities confirms; None when none is open."""
    return month_being_updated(db.session, [entity.id for entity in mine])


def plain(value: Any) -> str:
    """A fact of an event in words; a dash for what is empty."""
    if isinstance(value, list):
        return "; ".join(plain(item) for item in value) or "—"
    return "—" if value in (None, "") else str(value)
