"""The front page, and what the header of every page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import selectinload

from interagency.calendar.events.models import Event, Segment
from interagency.calendar.events.occurrences import Occurrence
from interagency.calendar.invitations.queries import aside_count
from interagency.calendar.pages.my_countries import my_countries
from interagency.calendar.pages.reader_days import DAY, reader_occurrences
from interagency.db.base import db
from interagency.db.history import Change
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import counts_by_chapter, may_add_activities, my_entities
from interagency.matrix.cycles.answers import current_cycle, due_for
from interagency.matrix.cycles.models import Cycle
from interagency.matrix.cycles.month.reasons import HEADINGS
from interagency.matrix.cycles.months import format_due, format_month
from interagency.matrix.cycles.standing import standings, unanswered_label
from interagency.matrix.desk.notices import notices_on_home
from interagency.matrix.desk.waiting import coordinators_desk, mails_stuck, own_months
from interagency.matrix.framework.names import chapters
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overview.count_cache import cached_counts
from interagency.registry import registry
from interagency.web.context import settings, today, utc_now

bp = Blueprint("pages", __name__)
COMING = 8  # events on the front page
SOON, FULL = 14, 50  # days in which so many segments begin in a full calendar
NEWEST = 6  # changed activities on it
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
    "/needs",
    "/messages",
    "/briefing",
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
    """Where signing in leads: to the view one chose, else focal points to their month, others to the front page."""
    chosen = registry.start_page(db.session, current_user)
    if chosen is not None:
        return redirect(chosen)
    mine = my_entities()
    cycle = current_cycle(db.session, [entity.id for entity in mine])
    if cycle is not None and mine:
        return redirect(url_for("month.month"))
    return redirect(url_for("pages.home"))


@dataclass(frozen=True, slots=True)
class Coming:
    """What comes within sixty days: events in their order, and of what repeats the next date of each."""

    events: list[Occurrence]
    repeated: list[Occurrence]


def _dated_events(first: date, last: date) -> list[Event]:
    """Listed events with dates that touch the days from `first` to `last`, with no more than a line of them says."""
    query = sa.select(Event).where(
        Event.is_listed, Event.first_day <= last, sa.or_(Event.last_day.is_(None), Event.last_day >= first)
    )
    return list(db.session.scalars(query.options(selectinload(Event.segments), selectinload(Event.exceptions))))


def _coming() -> Coming:
    """Asked for by longer and longer spans: a full calendar has enough soon."""
    found = Coming([], [])
    dated = sa.select(sa.func.count()).select_from(Segment)
    within = Segment.start_first.between(today(), today() + timedelta(days=SOON))
    count = db.session.scalar(dated.where(within)) or 0
    for days in (3, SOON, 60) if count > FULL else (SOON, 60) if count >= COMING else (60,):
        last = today() + timedelta(days=days)
        everything = reader_occurrences(_dated_events(today() - DAY, last + DAY), today(), last)
        nexts: dict[int, Occurrence] = {}
        for one in everything:
            if one.event.rrule:
                nexts.setdefault(one.event.id, one)
        found = Coming([one for one in everything if not one.event.rrule][:COMING], list(nexts.values())[:COMING])
        if len(found.events) == COMING:
            break
    return found


@bp.get("/")
def home() -> ResponseReturnValue:
    """What a signed-in person begins with: what waits for them, what is coming, what is new."""
    mine = my_entities()
    keys = tuple(entity.key for entity in mine)
    own = Filters(values={"mine": ("yes",)}) if mine else Filters()
    total = db.session.scalar(sa.select(sa.func.count()).select_from(Activity).where(Activity.is_listed))
    minds_mail = current_user.is_coordinator or current_user.is_administrator
    return render_template(
        "home.html",
        mine=mine,
        may_add=may_add_activities(current_user, mine),
        desk=coordinators_desk(db.session, utc_now()) if current_user.is_coordinator else None,
        own_months=own_months(db.session, mine, utc_now()) if mine else [],
        reason_headings=HEADINGS,
        letters_here=notices_on_home(db.session, current_user, utc_now()),
        mails=mails_stuck(db.session) if minds_mail else None,
        answers_aside=aside_count(db.session) if current_user.is_coordinator else 0,
        my_countries=my_countries(db.session, current_user, today()),
        coming=_coming(),
        newest=_newest(),
        total=total,
        chapters=chapters(db.session),
        counts=cached_counts(db.session, ("chapters",), own, keys, lambda: counts_by_chapter(db.session, own, keys)),
    )


def _newest() -> Sequence[sa.Row[Change, str]]:
    """The last change of each of the activities that were changed most recently."""
    last_changes = (
        sa.select(sa.func.max(Change.id))
        .where(Change.record_type == "activity", Change.by_id.is_not(None))
        .group_by(Change.record_id)
        .order_by(sa.func.max(Change.id).desc())
        .limit(NEWEST)
    )
    query = (
        sa.select(Change, Activity.title)
        .join(Activity, Activity.id == Change.record_id)
        .where(Change.id.in_(last_changes))
        .order_by(Change.id.desc())
        .limit(NEWEST)
    )
    return db.session.execute(query).all()
