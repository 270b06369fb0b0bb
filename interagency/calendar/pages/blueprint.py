"""The one blueprint of the calendar's pages, and what the pages of an event share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint

from interagency.calendar.events.fields import PLAIN, label_of, say
from interagency.calendar.events.models import Event
from interagency.db.base import db
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.cycles.answers import month_being_updated

bp = Blueprint("calendar", __name__)


def month_of(mine: list[Any]) -> str | None:
    """The month that an edit of these entities confirms; None when none is open."""
    return month_being_updated(db.session, [entity.id for entity in mine])


def told(fields: Mapping[str, Sequence[Any]]) -> list[tuple[str, str, str]]:
    """`(label, before, after)` of each field `{name: [before, after]}` whose words differ."""
    words = FactLabels(db.session)
    rows = [(label_of(name), say(words, name, was), say(words, name, now)) for name, (was, now) in fields.items()]
    return [row for row in rows if row[1] != row[2]]


def described(event: Event) -> list[tuple[str, str]]:
    """`(label, words)` of what an event says in the plain fields that its page lists."""
    words = FactLabels(db.session)
    said = [(field, field.fact(event)) for field in PLAIN if field.on_page]
    return [(str(field.ask or field.label), field.words(fact, words)) for field, fact in said if fact not in ("", None)]
