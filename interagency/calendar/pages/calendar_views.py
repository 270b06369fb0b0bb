"""The calendar in the browser: agenda, week, month and year."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.calendar.events import queries
from interagency.calendar.events.fields import KIND_LABELS, MODE_LABELS, STATUS_LABELS
from interagency.calendar.events.models import Event, EventKind
from interagency.calendar.events.occurrences import Occurrence, chapters_by_day, chapters_of
from interagency.calendar.pages.agenda import agenda
from interagency.calendar.pages.blueprint import bp
from interagency.calendar.pages.grids import (
    by_day,
    exactly_dated,
    imprecise_between,
    month_page,
    week_page,
    weeks_of_month,
    without_date,
    year_page,
)
from interagency.calendar.pages.reader_days import DAY, reader_occurrences
from interagency.calendar.pages.shown_events import events_under, touching
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.queries import may_add_activities, my_entities
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.framework.names import chapters
from interagency.matrix.organisations.queries import entities
from interagency.web.context import today, viewer_zone
from interagency.web.errors import refuse

FIRST_YEAR, LAST_YEAR = 1950, 2150
# Happenings that a month lists below its grid.
LISTED_IN_MONTH = 100


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {"kind_labels": KIND_LABELS, "event_status_labels": STATUS_LABELS, "mode_labels": MODE_LABELS}


@bp.get("/calendar")
def calendar() -> ResponseReturnValue:
    """The agenda, page by page: what is coming from today, or `from` a day, on; or, asked for, what has been."""
    mine = my_entities()
    filters = queries.read_event_filters(db.session, request.args)
    past = request.args.get("past") == "yes"
    day, problem = _from()
    page = agenda(
        db.session, filters, [one.key for one in mine], day=day, past=past, zone=viewer_zone(),
        number=request.args.get("page", 1, type=int),
    )  # fmt: skip
    undated: tuple[list[Any], int] = ([], 0)
    if not past and page.number == 1:
        undated = without_date(db.session, queries.event_conditions(filters, [one.key for one in mine]))
    return render_template(
        "calendar/agenda.html",
        page=page,
        undated=undated,
        filters=replace(filters, problems=(*filters.problems, *([problem] if problem else []))),
        past=past,
        day=day,
        today=today(),
        **_list_context(mine),
    )


def _from() -> tuple[date, str | None]:
    """The day the agenda is asked to begin at, or today; and what is wrong with what the address says."""
    text = request.args.get("from", "")
    if not text:
        return today(), None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return today(), _("“%(text)s” is not a day such as 2026-11-05; today is shown.", text=text[:20])
    return day, None


def _between(days: tuple[date, date], inside: tuple[date, date], filters: Filters, mine: list[Any]) -> dict[str, Any]:
    """For a template: what happens on `days` in order; what may happen `inside` them; how many events are left out."""
    keys, chapters = [one.key for one in mine], queries.chapters_wanted(filters)
    # By the reader's clock what is a day earlier or later may be on these days.
    about = (days[0] - DAY, days[1] + DAY)
    conditions = touching(*about, filters, keys)
    dated = sa.or_(Event.rrule != "", Event.id.in_(exactly_dated(*about)))
    events, number = events_under(db.session, [*conditions, dated])
    imprecise, all_imprecise = imprecise_between(db.session, touching(*inside, filters, keys), *inside, chapters)
    return {
        "found": [one for one in reader_occurrences(events, *days, chapters) if one.exact],
        "unread": number - len(events),
        "imprecise": imprecise,
        "all_imprecise": all_imprecise,
    }


@bp.get("/calendar/<int:year>/<int:month>")
def month(year: int, month: int) -> ResponseReturnValue:
    """A month as a grid, with the same content as a list below."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        abort(404)
    mine = my_entities()
    filters = queries.read_event_filters(db.session, request.args)
    first = date(year, month, 1)
    following = (first + timedelta(days=32)).replace(day=1)
    weeks = weeks_of_month(year, month)
    last = following - timedelta(days=1)
    shown = _between((weeks[0][0], weeks[-1][-1]), (first, last), filters, mine)
    listed = [one for one in shown["found"] if one.first <= last and one.last >= first]
    return render_template(
        "calendar/month.html",
        first=first,
        previous=(first - timedelta(days=1)).replace(day=1),
        following=following,
        weeks=month_page(shown["found"], year, month),
        listed=by_day(listed[:LISTED_IN_MONTH], first),
        more=len(listed) - len(listed[:LISTED_IN_MONTH]),
        colours=_colours(),
        filters=filters,
        today=today(),
        **shown,
        **_list_context(mine),
    )


@bp.get("/calendar/week/<day>")
def week(day: str) -> ResponseReturnValue:
    """One week as a list of its days; days without anything are one line."""
    try:
        inside = date.fromisoformat(day)
    except ValueError:
        refuse(404, _("There is no such week. Write a day, such as 2026-11-05, or choose one in the calendar."))
    if not FIRST_YEAR <= inside.year <= LAST_YEAR:
        abort(404)
    mine = my_entities()
    filters = queries.read_event_filters(db.session, request.args)
    first = inside - timedelta(days=inside.weekday())
    last = first + timedelta(days=6)
    shown = _between((first, last), (first, last), filters, mine)
    return render_template(
        "calendar/week.html",
        days=week_page(shown["found"], first),
        first=first,
        last=last,
        previous=first - timedelta(days=7),
        following=first + timedelta(days=7),
        filters=filters,
        today=today(),
        colours=_colours(),
        **shown,
        **_list_context(mine),
    )


@bp.get("/calendar/<int:year>")
def year(year: int) -> ResponseReturnValue:
    """A year at a glance: its months with what happens on each day."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        abort(404)
    mine = my_entities()
    filters = queries.read_event_filters(db.session, request.args)
    return render_template(
        "calendar/year.html",
        year=year,
        found=year_page(db.session, year, filters, [entity.key for entity in mine]),
        filters=filters,
        today=today(),
        **_list_context(mine),
    )


def _colours() -> str:
    """What colours tell: the chapter, or the entity that organises."""
    return "entity" if request.args.get("colour") == "entity" else "chapter"


@bp.app_template_global()
def tone_of(one: Occurrence, colours: str, numbers: list[int] | None = None) -> tuple[str, str]:
    """The class of an occurrence's colour, and the words that say the same without it.

    `numbers` are the chapters of the day that is shown, where it is one of several; else those of all its days.
    """
    if colours == "entity":
        organiser: Any = next((who for who in one.event.organisers if who.is_entity), None)
        return (f"tone-{organiser.place_among_all % 11 + 1}", organiser.short) if organiser else ("tone-0", "")
    numbers = chapters_of(one) if numbers is None else numbers
    return (f"tone-{numbers[0]}" if numbers else "tone-0"), ", ".join(ROMAN[number] for number in numbers)


@bp.app_template_global()
def chapters_on_day(one: Occurrence, day: date) -> list[int]:
    """The chapters of one day of an occurrence."""
    return chapters_by_day(one)[(day - one.first).days]


@bp.app_template_global()
def days_told(one: Occurrence) -> list[Any]:
    """What is said of single days of an occurrence."""
    if one.event.rrule or one.segment.start is None:
        return []
    first = one.segment.start.first + timedelta(days=one.days_before)
    last = first + (one.last - one.first)
    return [day for day in one.segment.days if first <= day.day <= last]


@bp.app_template_global()
def before_last(endpoint: str, **values: Any) -> str:
    """The address of a page up to its last part: for pages with hundreds of links, where making each is dear."""
    return url_for(endpoint, **values).rpartition("/")[0] + "/"


def _list_context(mine: list[Any]) -> dict[str, Any]:
    return {
        "entities": entities(db.session, retired=True),
        "chapters": chapters(db.session),
        "kinds": list(EventKind),
        "may_add": may_add_activities(current_user, mine),
        "has_mine": bool(mine),
        "viewer_zone": viewer_zone(),
    }
