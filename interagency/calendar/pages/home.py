"""The front page, and what the header of every page shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.calendar.events.occurrences import Occurrence
from interagency.calendar.events.queries import events_between
from interagency.calendar.pages.reader_days import DAY, reader_occurrences
from interagency.db.base import db
from interagency.db.history import Change
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import counts_by_chapter, may_add_activities, my_entities
from interagency.matrix.cycles.answers import current_cycle, due_for
from interagency.matrix.cycles.models import Cycle
from interagency.matrix.cycles.months import format_due, format_month
from interagency.matrix.cycles.standing import standings, unanswered_label
from interagency.matrix.framework.names import chapters
from interagency.matrix.organisations.models import Organisation
from interagency.web.context import settings, today, utc_now

bp = Blueprint("pages", __name__)
COMING = 8  # occurrences on the front page
MATRIX_PAGES = (
    "/activities",
    "/matrix",
    "/coverage",
    "/where",
    "/when",
    "/together",
    "/mandates",
    "/imports",
    "/overlaps",
    "/countries",
    "/recommendations",
    "/organisations",
)


@bp.app_context_processor
def _frame() -> dict[str, Any]:
    """The places of the header."""
    if not getattr(current_user, "is_authenticated", False):
        return {"places": [], "cycle_line": None, "cycle_url": None}
    here = request.path
    mine = my_entities()
    cycle = current_cycle(db.session, [entity.id for entity in mine])
    first = []
    if mine:
        first.append((_("My month"), url_for("month.month"), "month", here.startswith("/month")))
    if current_user.is_coordinator:
        first.append((_("Months"), url_for("cycles.cycles"), "months", here.startswith("/cycles")))
    if current_user.is_administrator:
        first.append((_("People"), url_for("people.people"), "people", here.startswith("/people")))
    places = [
        *(first or [(_("Home"), url_for("pages.home"), "home", here == "/")]),
        (
            _("Matrix"),
            url_for("activities.activities"),
            "matrix",
            here.startswith(MATRIX_PAGES) and not here.startswith("/imports/calendar"),
        ),
        (
            _("Calendar"),
            url_for("calendar.calendar"),
            "calendar",
            here.startswith(("/calendar", "/events", "/imports/calendar")),
        ),
        (_("Editions"), url_for("editions.editions"), "editions", here.startswith("/editions")),
        (_("Subscribe"), url_for("subscriptions.subscriptions"), "feed", here.startswith("/subscriptions")),
    ]
    return {
        "places": [
            {"label": label, "url": url, "icon": icon, "current": current} for label, url, icon, current in places
        ],
        "cycle_line": _cycle_line(mine, cycle),
        "cycle_url": _cycle_url(mine, cycle),
    }


def _cycle_url(mine: list[Organisation], cycle: Cycle | None) -> str | None:
    """Where the line of the month leads: a focal point's own month, a coordinator's board; nowhere for readers."""
    if mine:
        return url_for("month.month")
    return url_for("cycles.cycle", month=cycle.month) if cycle and current_user.is_coordinator else None


def _cycle_line(mine: list[Organisation], cycle: Cycle | None) -> str | None:
    """The open month in words: `October 2026: due Thursday 5 November 2026, 23:59 Vienna; WHO has not answered yet`."""
    if cycle is None:
        return None
    due = format_due(min((due_for(db.session, cycle, one.id) for one in mine), default=cycle.due_at), settings().zone)
    line = _("%(month)s: due %(due)s", month=format_month(cycle.month), due=due)
    if not mine:
        return str(line)
    ids = {one.id for one in mine}
    rows = [row for row in standings(db.session, cycle, utc_now()) if row.entity.id in ids]
    unanswered = [(row.entity.short, row.state) for row in rows if not row.has_answered]
    if unanswered:
        return str(_("%(line)s; %(unanswered)s", line=line, unanswered=unanswered_label(unanswered)))
    return str(_("%(line)s; answered", line=line))


@bp.get("/start")
def start() -> ResponseReturnValue:
    """Where signing in leads: focal points to their month, coordinators to the board, others to the front page."""
    mine = my_entities()
    cycle = current_cycle(db.session, [entity.id for entity in mine])
    if cycle is not None and mine:
        return redirect(url_for("month.month"))
    if cycle is not None and current_user.is_coordinator:
        return redirect(url_for("cycles.cycle", month=cycle.month))
    return redirect(url_for("pages.home"))


def _coming() -> list[Occurrence]:
    """The next occurrences within sixty days. Asked for by longer and longer spans: a full calendar has them soon."""
    found: list[Occurrence] = []
    for days in (3, 14, 60):
        last = today() + timedelta(days=days)
        about = events_between(db.session, today() - DAY, last + DAY, Filters())
        found = reader_occurrences(about, today(), last)[:COMING]
        if len(found) == COMING:
            break
    return found


@bp.get("/")
def home() -> ResponseReturnValue:
    """What a signed-in person begins with: what is theirs, what is new, what is coming."""
    mine = my_entities()
    keys = tuple(entity.key for entity in mine)
    own = Filters(values={"mine": ("yes",)}) if mine else Filters()
    last_changes = (
        sa.select(sa.func.max(Change.id))
        .where(Change.record_type == "activity", Change.by_id.is_not(None))
        .group_by(Change.record_id)
        .order_by(sa.func.max(Change.id).desc())
        .limit(8)
    )
    newest = db.session.execute(
        sa.select(Change, Activity.title)
        .join(Activity, Activity.id == Change.record_id)
        .where(Change.id.in_(last_changes))
        .order_by(Change.id.desc())
        .limit(8)
    ).all()
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Activity).where(Activity.is_listed))
    return render_template(
        "home.html",
        mine=mine,
        may_add=may_add_activities(current_user, mine),
        coming=_coming(),
        newest=newest,
        total=total,
        chapters=chapters(db.session),
        counts=counts_by_chapter(db.session, own, keys),
    )
