"""The calendar in the browser: month, agenda, event pages and forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.calendar import queries, record
from interagency.calendar.clashes import Clash, clashes, plan_of
from interagency.calendar.forms import (
    EVENT_STATUS_WORDS,
    KIND_WORDS,
    MODE_WORDS,
    EventForm,
    zone_names,
)
from interagency.calendar.holidays import holidays_between
from interagency.calendar.import_views import rooms as import_rooms
from interagency.calendar.lines import read_segment, segment_words
from interagency.calendar.models import Event, EventKind, EventStatus
from interagency.calendar.occurrence_views import rooms as occurrence_rooms
from interagency.calendar.occurrences import all_occurrences, month_page, occurrences, year_page
from interagency.calendar.planning import read_plan
from interagency.calendar.subscription_views import rooms as subscriptions
from interagency.database import db
from interagency.dates import ImpreciseDate
from interagency.history import audit, changes_of
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import may_add_activities, my_entities
from interagency.matrix.activities.record import Right, StaleVersionError, right_to_edit
from interagency.matrix.agreement.gate import EVENT
from interagency.matrix.agreement.models import Decision
from interagency.matrix.agreement.statements import AgreementRefusal, say, standings
from interagency.matrix.agreement.views import read_statement
from interagency.matrix.cycles.answers import month_being_updated
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.framework.names import chapters
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.web import instant, reader_zone, refuse, today
from interagency.words import clean

rooms = Blueprint("calendar", __name__)
ROOMS = (rooms, occurrence_rooms, import_rooms, subscriptions)
FIRST_YEAR, LAST_YEAR = 1950, 2150


@rooms.app_context_processor
def _words() -> dict[str, Any]:
    return {"kind_words": KIND_WORDS, "event_status_words": EVENT_STATUS_WORDS, "mode_words": MODE_WORDS}


@rooms.get("/calendar")
def calendar() -> ResponseReturnValue:
    """The agenda: what is coming (or, asked for, all that was), in reading order."""
    mine = my_entities()
    keys = [entity.key for entity in mine]
    filters = queries.read_event_filters(db.session, request.args)
    past = request.args.get("past") == "yes"
    first, last = (date(1950, 1, 1), today() - timedelta(days=1)) if past else (today(), today() + timedelta(days=365))
    found = all_occurrences(queries.events_between(db.session, first, last, filters, keys), first, last)
    return render_template(
        "calendar/agenda.html",
        occurrences=list(reversed(found)) if past else found,
        filters=filters,
        past=past,
        today=today(),
        **_list_context(mine),
    )


@rooms.get("/calendar/<int:year>/<int:month>")
def month(year: int, month: int) -> ResponseReturnValue:
    """A month as a grid, with the same content as a list below."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        abort(404)
    mine = my_entities()
    keys = [entity.key for entity in mine]
    filters = queries.read_event_filters(db.session, request.args)
    first = date(year, month, 1)
    following = (first + timedelta(days=32)).replace(day=1)
    events = queries.events_between(db.session, first - timedelta(days=7), following + timedelta(days=7), filters, keys)
    weeks, imprecise = month_page(events, year, month)
    return render_template(
        "calendar/month.html",
        first=first,
        previous=(first - timedelta(days=1)).replace(day=1),
        following=following,
        weeks=weeks,
        imprecise=imprecise,
        colours=_colours(),
        listed=[one for one in all_occurrences(events, first, following - timedelta(days=1)) if one.exact],
        filters=filters,
        today=today(),
        **_list_context(mine),
    )


@rooms.get("/calendar/week/<day>")
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
    events = queries.events_between(db.session, first, days[-1], filters, [entity.key for entity in mine])
    found = all_occurrences(events, first, days[-1])
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


@rooms.get("/calendar/<int:year>")
def year(year: int) -> ResponseReturnValue:
    """A year at a glance: its months with what happens on each day."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        abort(404)
    mine = my_entities()
    filters = queries.read_event_filters(db.session, request.args)
    first, last = date(year, 1, 1), date(year, 12, 31)
    events = queries.events_between(db.session, first, last, filters, [entity.key for entity in mine])
    found = all_occurrences(events, first, last)
    return render_template(
        "calendar/year.html",
        year=year,
        months=year_page(found, year),
        imprecise=[one for one in found if not one.exact],
        total=len({one.event.id for one in found}),
        filters=filters,
        today=today(),
        **_list_context(mine),
    )


def _colours() -> str:
    """What colours tell: the chapter, or the entity that organises."""
    return "entity" if request.args.get("colour") == "entity" else "chapter"


@rooms.app_template_global()
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


@rooms.get("/events/<int:event_id>")
def event(event_id: int) -> ResponseReturnValue:
    """One event."""
    found = queries.get_event(event_id)
    coming = occurrences(found, today(), today() + timedelta(days=750))[:10] if found.rrule else []
    return render_template(
        "calendar/event.html",
        event=found,
        coming=coming,
        all_segments=[] if found.rrule else occurrences(found, date(1900, 1, 1), date(2199, 12, 31)),
        may_edit=record.may_edit_event(current_user, my_entities(), found),
        changes=changes_of(db.session, "event", found.id)[:3],
        clashes=_clashes_of(found),
        side_events=queries.side_events(db.session, found.id),
        reader_zone=reader_zone(),
        milestone_move=_milestone_move(found),
        standings=standings(db.session, _entities_named(found), EVENT, found.id, today()),
        speaking_for=[one for one in _entities_named(found) if one.id in {entity.id for entity in my_entities()}],
    )


def _entities_named(event: Event) -> list[Organisation]:
    """The UN entities whose agreement an event needs: organisers and participants."""
    return [one for one in dict.fromkeys([*event.organisers, *event.participants]) if one.is_entity]


@rooms.post("/events/<int:event_id>/agreement")
def agreement_post(event_id: int) -> ResponseReturnValue:
    """Say for one's entity whether an event may be shared with one audience."""
    found = queries.get_event(event_id)
    mine = {entity.key: entity for entity in my_entities()}
    entity = mine.get(request.form.get("entity", ""))
    if entity is None or entity not in _entities_named(found):
        refuse(403, _("Your entity takes no part in this event."))
    try:
        audience, decision, until, beyond = read_statement()
        say(
            db.session, audience, entity, decision, by=current_user, at=instant(), day=today(), event_id=found.id,
            until=until, beyond_default=beyond and decision is Decision.AGREED,
        )  # fmt: skip
    except AgreementRefusal as refusal:
        db.session.rollback()
        flash(str(refusal), "error")
    else:
        db.session.commit()
        flash(_("Kept: %(entity)s, %(audience)s.", entity=entity.short, audience=audience.name), "success")
    return redirect(url_for("calendar.event", event_id=event_id, _anchor="sharing"))


@dataclass(frozen=True, slots=True)
class MilestoneMove:
    """An event and its milestone on different days: what could be moved, if the person wants to."""

    event_day: ImpreciseDate
    may_move_event: bool


def _milestone_move(event: Event) -> MilestoneMove | None:
    if event.milestone is None or event.milestone.due is None or not event.segments:
        return None
    day, due = event.segments[0].start, event.milestone.due
    if day is None or day == due or not record.may_edit_event(current_user, my_entities(), event):
        return None
    return MilestoneMove(day, due.is_exact and day.is_exact and not event.rrule)


@rooms.post("/events/<int:event_id>/milestone")
def milestone_post(event_id: int) -> ResponseReturnValue:
    """Move the milestone to the event's day, or the event to the milestone's, as the person chose."""
    found, mine = queries.get_event_for_edit(event_id)
    move = _milestone_move(found)
    here = redirect(url_for("calendar.event", event_id=event_id))
    if move is None or found.milestone is None or found.milestone.due is None:
        flash(_("Event and milestone stand on the same day already."), "success")
        return here
    if request.form.get("move") == "milestone":
        activity = db.session.get(Activity, found.milestone.activity_id)
        if activity is None or right_to_edit(current_user, mine, activity) is not Right.ALL:
            refuse(403, _("Only the lead entity of the activity moves its milestones."))
        found.milestone.due = move.event_day
        audit(db.session, "milestone.moved", by=current_user, activity=activity.id, due=move.event_day.code)
        db.session.commit()
        flash(_("The milestone is moved."), "success")
        return here
    if not move.may_move_event:
        refuse(400, _("This event cannot be moved by its milestone. Edit its days."))
    draft = record.draft_of(found)
    by = found.milestone.due.first - move.event_day.first
    draft.segments = [record.moved(segment, by) for segment in draft.segments]
    version = request.form.get("version", 0, type=int)
    try:
        record.save_event(db.session, found, draft, version=version, by=current_user, mine=mine, month=_month(mine))
    except StaleVersionError:
        db.session.rollback()
        flash(_("Somebody saved this event a moment ago. Look at it, then move it."), "warning")
        return here
    db.session.commit()
    flash(_("The event is moved; subscribers see it with their next look."), "success")
    return here


def _clashes_of(event: Event) -> list[Clash]:
    """What stands in the way of an event that is still planned, for the people who can look."""
    if event.status not in (EventStatus.TENTATIVE, EventStatus.CONFIRMED):
        return []
    coming = occurrences(event, today(), today() + timedelta(days=366))
    return clashes(db.session, plan_of(event, coming), reader_zone())


@rooms.get("/events/<int:event_id>/history")
def history(event_id: int) -> ResponseReturnValue:
    """Every change of one event."""
    found = queries.get_event(event_id)
    changes = changes_of(db.session, "event", found.id)
    return render_template("calendar/history.html", event=found, changes=changes, plain=_plain)


@rooms.get("/events/dates")
def read_days() -> ResponseReturnValue:
    """What days and hours typed by a person are read as: for the words shown beside the field."""
    lines = [line for line in clean(request.args.get("text", ""))[:2000].replace(";", "\n").split("\n") if line.strip()]
    try:
        reading = "; ".join(segment_words(read_segment(line)) for line in lines)
    except ValueError as problem:
        return jsonify(message=str(problem))
    return jsonify(code=reading, words=reading)


@rooms.get("/events/preview")
def preview() -> ResponseReturnValue:
    """What the days typed so far come to: the next ten dates of a repetition, and what stands in the way."""
    args = request.args
    try:
        dates, plan = read_plan(args)
    except ValueError as problem:
        return jsonify(message=str(problem), dates=[], clashes=[])
    found = clashes(db.session, plan, reader_zone())
    return jsonify(
        message="",
        dates=dates,
        clashes=[f"{one.title}: {one.reason}, {one.when}" for one in found],
    )


@rooms.get("/events/new")
def new() -> ResponseReturnValue:
    """The empty form."""
    mine = _own_entities_or_403()
    return _form_page(EventForm(db.session, mine=mine), None)


@rooms.post("/events/new")
def new_post() -> ResponseReturnValue:
    """Save a new event."""
    mine = _own_entities_or_403()
    form = EventForm(db.session, mine=mine)
    if not form.validate() or not _names_own_entity(form, mine) or form.needs_showing:
        return _form_page(form, None, 422)
    made = record.create_event(db.session, form.draft(), by=current_user, mine=mine, month=_month(mine))
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=made.title), "success")
    return redirect(url_for("calendar.event", event_id=made.id, saved="event-new"))


def _month(mine: list[Any]) -> str | None:
    """The month an edit confirms."""
    return month_being_updated(db.session, [entity.id for entity in mine])


def _own_entities_or_403() -> list[Any]:
    mine = my_entities()
    if not may_add_activities(current_user, mine):
        abort(403)
    return mine


def _names_own_entity(form: EventForm, mine: list[Any]) -> bool:
    """A focal point adds events their entity organises."""
    if current_user.is_coordinator or {entity.id for entity in mine} & {o.id for o in form.organisers.data or []}:
        return True
    names = ", ".join(entity.short for entity in mine)
    form.organisers.errors = [_("You speak for %(names)s: choose it among the organisers.", names=names)]
    return False


@rooms.get("/events/<int:event_id>/edit")
def edit(event_id: int) -> ResponseReturnValue:
    """The form with the record as it stands."""
    found, mine = queries.get_event_for_edit(event_id)
    return _form_page(EventForm(db.session, found, mine), found)


@rooms.post("/events/<int:event_id>/edit")
def edit_post(event_id: int) -> ResponseReturnValue:
    """Save over the version that was read; a stale save is a conflict shown."""
    found, mine = queries.get_event_for_edit(event_id)
    form = EventForm(db.session, found, mine)
    if not form.validate() or not _names_own_entity(form, mine) or form.needs_showing:
        return _form_page(form, found, 422)
    version = _version(form.version.data)
    try:
        changed = record.save_event(
            db.session, found, form.draft(), version=version, by=current_user, mine=mine, month=_month(mine)
        )
    except StaleVersionError:
        db.session.rollback()  # where somebody was faster by a hair, nothing can be asked before
        return _conflict(event_id, form)
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=found.title) if changed else _("Nothing was different."), "success")
    return redirect(url_for("calendar.event", event_id=found.id, saved=f"event-{found.id}"))


def _version(text: str | None) -> int:
    """The version a form was read at; 0, which never stands, when it is not a number."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _conflict(event_id: int, form: EventForm) -> ResponseReturnValue:
    """Both versions side by side; saving again keeps what was typed."""
    draft = form.draft()
    db.session.rollback()
    theirs = queries.get_event(event_id)
    stands, version = record.facts(theirs), theirs.version
    record.apply_draft(theirs, draft)
    typed = record.facts(theirs)
    db.session.rollback()
    theirs = queries.get_event(event_id)
    form.version.data = str(version)
    rows = [(name, _plain(stands[name]), _plain(typed[name])) for name in stands if stands[name] != typed[name]]
    last = next(iter(changes_of(db.session, "event", event_id)), None)
    return _form_page(form, theirs, 409, {"rows": rows, "last": last})


def _plain(value: Any) -> str:
    """A fact of an event in words."""
    if isinstance(value, list):
        return "; ".join(_plain(item) for item in value) or "—"
    return "—" if value in (None, "") else str(value)


def _form_page(
    form: EventForm, event: Event | None, code: int = 200, conflict: dict[str, Any] | None = None
) -> ResponseReturnValue:
    page = render_template("calendar/event_form.html", form=form, event=event, zones=zone_names(), conflict=conflict)
    return page, code
