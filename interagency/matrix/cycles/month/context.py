"""Whose month is open before a person, and the page that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.cycles import answers
from interagency.matrix.cycles.models import Cycle
from interagency.matrix.cycles.month.listing import Show, Wanted, page_of, wanted_in
from interagency.matrix.cycles.month.records import EntityMonth, entity_month
from interagency.matrix.cycles.month.rows import shortened, shown_rows
from interagency.matrix.cycles.months import MonthNotUnderstood, format_month, read_month
from interagency.matrix.cycles.standing import unsigned_sentence
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.matrix.organisations.speaking import entity_named
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse


@dataclass(frozen=True, slots=True)
class MonthContext:
    """Whose month is open before the person: the cycle, the entity, what else they could open, and what is listed."""

    cycle: Cycle
    entity: Organisation
    mine: list[Organisation]
    cycles: list[Cycle]
    on_behalf: bool
    wanted: Wanted

    def address(self, endpoint: str = "month.month", *, anchor: str | None = None, kind: str | None = None) -> str:
        """The page of this month, or another one about it."""
        return url_for(endpoint, cycle=self.cycle.month, entity=self.entity.key, kind=kind, _anchor=anchor)

    def list_address(self, *, anchor: str | None = None, **other: Any) -> str:
        """The page of this month with the same records listed, but for what `other` replaces."""
        values = self.wanted.values(**other)
        return url_for("month.month", cycle=self.cycle.month, entity=self.entity.key, _anchor=anchor, **values)


def month_context() -> MonthContext:
    """The cycle and entity the address names, or the ones the person is about. 403 or 404 for others."""
    mine, on_behalf = _choices()
    entity = entity_named(mine)
    cycles = list(db.session.scalars(sa.select(Cycle).order_by(Cycle.month.desc()).limit(12)))
    about = [entity] if request.values.get("entity") else mine
    cycle = _cycle(cycles, [one.id for one in about])
    return MonthContext(cycle, entity, mine, cycles, on_behalf, wanted_in(request.values))


def _choices() -> tuple[list[Organisation], bool]:
    """The entities this person may answer for; coordinators for any, on behalf."""
    mine = my_entities()
    if mine:
        return mine, False
    if current_user.is_coordinator:
        return entities(db.session), True
    refuse(
        403,
        _("This page is for the focal points of entities. If you should be one, ask an administrator to appoint you."),
    )


def _cycle(cycles: list[Cycle], entity_ids: list[int]) -> Cycle:
    wanted = request.values.get("cycle", "")
    if wanted:
        try:
            month = read_month(wanted)
        except MonthNotUnderstood as problem:
            refuse(404, str(problem))
        found = db.session.get(Cycle, month)
        if found is None:
            refuse(404, _("%(month)s has not been opened.", month=format_month(month)))
        return found
    if not cycles:
        refuse(404, _("No month is open yet. A coordinator opens it; you will get a mail."))
    return answers.current_cycle(db.session, entity_ids) or cycles[0]


def month_of(context: MonthContext) -> EntityMonth:
    """The month on a context, now."""
    return entity_month(db.session, context.cycle, context.entity, utc_now(), words=context.wanted.words)


def month_page(
    context: MonthContext, *, error: str = "", typed: dict[str, str] | None = None, code: int = 200
) -> ResponseReturnValue:
    """The page of the month. `error` says why nothing was done, and `typed` what was sent."""
    month = month_of(context)
    listing = page_of(month, context.wanted)
    page = render_template(
        "cycles/month.html",
        context=context,
        month=month,
        listing=listing,
        rows=shown_rows(db.session, month, listing.records),
        error=error,
        typed=typed or {},
        late=month.is_late(utc_now()),
        Show=Show,
        shortened=shortened,
        back=urlencode({"back": context.list_address(show=listing.show, page=listing.page, kept="")}),
        unsigned_sentence=unsigned_sentence,
        people=focal_points(db.session, today()).get(context.entity.id, []),
    )
    return page, code


def row_page(context: MonthContext, anchor: str, said: str) -> ResponseReturnValue:
    """One row as it is now, and the counts above the list, for a page that puts them in their place; `said` is what
    was done. The whole page, at the row, for a browser without script."""
    month = month_of(context)
    listing = page_of(month, context.wanted)
    one = next((one for one in month.records if one.anchor == anchor), None)
    return render_template(
        "cycles/month_part.html",
        context=context,
        month=month,
        listing=listing,
        shown=shown_rows(db.session, month, [one])[anchor] if one else None,
        anchor=anchor,
        said=said,
        typed={},
        Show=Show,
        shortened=shortened,
        back=urlencode({"back": context.list_address(show=listing.show, page=listing.page, kept="")}),
    )
