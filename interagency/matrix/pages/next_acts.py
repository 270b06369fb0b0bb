"""What comes next once a record is saved: back to the row of the month it was opened from, another one, its event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import request, url_for
from flask_babel import gettext as _

from interagency.db.base import db
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.cycles.answers import current_cycle
from interagency.matrix.cycles.months import MonthNotUnderstood, format_month, read_month
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.web.paths import is_internal_path


@dataclass(frozen=True, slots=True)
class NextAct:
    """A link with what it leads to in words."""

    label: str
    address: str


def back_address() -> str | None:
    """The page a form was opened from, if the address names one of this service."""
    given = request.args.get("back", "")
    return given if is_internal_path(given) else None


def next_acts(anchor: str, *, add: str, add_label: str, event_of: int | None = None) -> list[NextAct]:
    """For the page of a record (`activity-12`): the way back, and once it was saved the next useful acts.

    `add` is the address of the form for another one. Empty where the reader neither came from a page nor saved.
    """
    saved, back = bool(request.args.get("saved")), back_address()
    if not saved and back is None:
        return []
    mine = my_entities()
    address = back or _own_month(mine)
    found = [NextAct(_label(address, mine), _to_row(address, anchor))] if address else []
    if saved:
        further = {"back": address} if address else {}
        found.append(NextAct(add_label, _with(add, further)))
        if event_of is not None:
            label = str(_("Add an event of it"))
            found.append(NextAct(label, _with(url_for("calendar.new"), {"activity": str(event_of), **further})))
    return found


def _own_month(mine: list[Organisation]) -> str | None:
    """The month that an edit of these entities belongs to, of the first of them."""
    cycle = current_cycle(db.session, [entity.id for entity in mine]) if mine else None
    return url_for("month.month", cycle=cycle.month, entity=mine[0].key) if cycle else None


def _label(address: str, mine: Iterable[Organisation]) -> str:
    """`Back to November 2026 for WHO` for a month, and plainer words for other pages."""
    parts = urlsplit(address)
    values = dict(parse_qsl(parts.query))
    if parts.path != url_for("month.month"):
        return str(_("Back to where you were"))
    known = {entity.key: entity for entity in mine} or {entity.key: entity for entity in entities(db.session)}
    entity = known.get(values.get("entity", ""))
    try:
        month = format_month(read_month(values.get("cycle", "")))
    except MonthNotUnderstood:
        return str(_("Back to your month"))
    if entity is None:
        return str(_("Back to %(month)s", month=month))
    return str(_("Back to %(month)s for %(entity)s", month=month, entity=entity.short))


def _to_row(address: str, anchor: str) -> str:
    """The address with the row of the record listed and in view, where it is that of a month."""
    parts = urlsplit(address)
    if parts.path != url_for("month.month"):
        return address
    values = dict(parse_qsl(parts.query)) | {"kept": anchor}
    return f"{parts.path}?{urlencode(values)}#{anchor}"


def _with(address: str, values: dict[str, str]) -> str:
    return f"{address}?{urlencode(values)}" if values else address
