"""The calendar in the browser: agenda, week, month and year."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.calendar.events import queries
from interagency.calendar.events.fields import KIND_LABELS, MODE_LABELS, STATUS_LABELS
from interagency.calendar.events.holidays import holidays_between
from interagency.calendar.events.models import Event, EventKind
from interagency.calendar.events.occurrences import month_page, year_page
from interagency.calendar.pages.blueprint import bp
from interagency.calendar.pages.reader_days import DAY, reader_occurrences
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.queries import may_add_activities, my_entities
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.framework.names import chapters
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.web.context import today
from interagency.web.errors import refuse

FIRST_YEAR, LAST_YEAR = 1950, 2150


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {"kind_labels": KIND_LABELS, "event_status_labels": STATUS_LABELS, "mode_labels": MODE_LABELS}


@bp.get("/calendar")
def calendar() -> ResponseReturnValue:
    """The agenda: what is coming (or, asked for, all that was), in reading order."""
    mine = my_entities()
    filters = queries.read_event_filters(db.session, request.args)
    past = request.args.get("past") == "yes"
    first, last = (date(1950, 1, 1), today() - timedelta(days=1)) if past else (today(), today() + timedelta(days=365))
    found = reader_occurrences(_events_about(first, last, filters, mine), first, last)
    return render_template(
        "calendar/agenda.html",
        occurrences=list(reversed(found)) if past else found,
        filters=filters,
        past=past,
        today=today(),
        **_list_context(mine),
    )


@bp.get("/calendar/<int:year>/<int:month>")
def month(year: int, month: int) -> ResponseReturnValue:
    """A month as a grid, with the same content as a list below."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        abort(404)
    mine = my_entities()
    filters = queries.read_event_filters(db.session, request.args)
    first = date(year, month, 1)
    following = (first + timedelta(days=32)).replace(day=1)
    events = _events_about(first - timedelta(days=7), following + timedelta(days=7), filters, mine)
    weeks, imprecise = month_page(events, year, month, reader_occurrences)
    return render_template(
        "calendar/month.html",
        first=first,
        previous=(first - timedelta(days=1)).replace(day=1),
        following=following,
        weeks=weeks,
        imprecise=imprecise,
        colours=_colours(),
        listed=[one for one in reader_occurrences(events, first, following - timedelta(days=1)) if one.exact],
        filters=filters,
        today=today(),
        **_list_context(mine),
    )


@bp.get("/calendar/week/<day>")
def week(day: str) -> ResponseReturnValue:
    """One week as a list of its days."""
    try:
        inside = date.fromisoformat(day)
    except ValueError:
        refuse(404, _("There is no such week. Write a day, such as 2026-11-05, or choose one in the calendar."))
    if not FIRST_YEAR <= inside.year <= LAST_YEAR:
        abort(404)
    mine = my_entities()
    filters = queries.read_event_filters(db.session, request.args)
    first = inside - timedelta(days=inside.weekday())
    days = [first + timedelta(days=count) for count in range(7)]
    found = reader_occurrences(_events_about(first, days[-1], filters, mine), first, days[-1])
    return render_template(
        "calendar/week.html",
        days=[
            (one, [o for o in found if o.exact and o.first <= one <= o.last], holidays_between(one, one))
            for one in days
        ],
        imprecise=[one for one in found if not one.exact],
        first=first,
        last=days[-1],
        previous=first - timedelta(days=7),
        following=first + timedelta(days=7),
        filters=filters,
        today=today(),
        colours=_colours(),
        **_list_context(mine),
    )


@bp.get("/calendar/<int:year>")
def year(year: int) -> ResponseReturnValue:
    """A year at a glance: its months with what happens on each day."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        abort(404)
    mine = my_entities()
    filters = queries.read_event_filters(db.session, request.args)
    first, last = date(year, 1, 1), date(year, 12, 31)
    found = reader_occurrences(_events_about(first, last, filters, mine), first, last)
    dates = [one for one in found if one.exact and not one.is_cancelled]
    return render_template(
        "calendar/year.html",
        year=year,
        months=year_page(found, year),
        imprecise=[one for one in found if not one.exact],
        dates=len(dates),
        total=len({one.event.id for one in dates}),
        filters=filters,
        today=today(),
        **_list_context(mine),
    )


def _events_about(first: date, last: date, filters: Filters, mine: list[Organisation]) -> list[Event]:
    """The events of these days, and of a day more on either side: by the reader's clock they may be on these."""
    keys = [entity.key for entity in mine]
    return list(queries.events_between(db.session, first - DAY, last + DAY, filters, keys))


def _colours() -> str:
    """What colours tell: the chapter, or the entity that organises."""
    return "entity" if request.args.get("colour") == "entity" else "chapter"


@bp.app_template_global()
def tone_of(event: Event, colours: str) -> tuple[str, str]:
    """The class of an event's colour, and the words that say the same without it."""
    if colours == "entity":
        organiser = next((one for one in event.organisers if one.is_entity), None)
        if organiser is None:
            return "tone-0", ""
        return f"tone-{organiser.position % 11 + 1}", organiser.short
    numbers = [link.chapter_number for link in event.chapters]
    return (f"tone-{numbers[0]}" if numbers else "tone-0"), ", ".join(ROMAN[number] for number in numbers)


def _list_context(mine: list[Any]) -> dict[str, Any]:
    return {
        "entities": entities(db.session, retired=True),
        "chapters": chapters(db.session),
        "kinds": list(EventKind),
        "may_add": may_add_activities(current_user, mine),
        "has_mine": bool(mine),
    }
