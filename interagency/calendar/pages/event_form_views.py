"""Adding and editing an event in the browser, and what the form shows while one types."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.calendar.events import queries, record
from interagency.calendar.events.clashes import clashes
from interagency.calendar.events.forms import EventForm
from interagency.calendar.events.lines import read_segment, segment_words, split_days
from interagency.calendar.events.models import Event
from interagency.calendar.events.planning import read_plan
from interagency.calendar.events.record import EventDraft
from interagency.calendar.invitations.inviting import invite_the_same
from interagency.calendar.pages.blueprint import bp, month_of, told
from interagency.db.base import db
from interagency.db.history import changes_of, difference
from interagency.matrix.activities.queries import get_activity, may_add_activities, my_entities
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.organisations.directory import Act
from interagency.matrix.pages.next_acts import back_address
from interagency.text.folding import clean, listed
from interagency.web.context import today, utc_now, viewer_language, viewer_zone
from interagency.web.idempotency import idempotent, record_redirect


@bp.get("/events/dates")
def read_days() -> ResponseReturnValue:
    """What days and hours typed by a person are read as: for the words shown beside the field."""
    try:
        lines = split_days(clean(request.args.get("text", "")))
        reading = "; ".join(segment_words(read_segment(line)) for line in lines)
    except ValueError as problem:
        return jsonify(message=str(problem))
    return jsonify(code=reading, words=reading)


@bp.get("/events/preview")
def preview() -> ResponseReturnValue:
    """What the days typed so far come to: the next ten dates of a repetition, and what stands in the way."""
    args = request.args
    try:
        dates, plan = read_plan(args)
    except ValueError as problem:
        return jsonify(message=str(problem), dates=[], clashes=[])
    found = clashes(db.session, plan, viewer_zone())
    return jsonify(
        message="",
        dates=dates,
        clashes=[f"{one.title}: {one.reason}, {one.when}" for one in found],
    )


@bp.get("/events/new")
def new() -> ResponseReturnValue:
    """The empty form."""
    mine = _own_entities_or_403()
    form = EventForm(db.session, mine=mine)
    form.text_language.data = form.text_language.default = viewer_language().code  # a guess, to be changed
    if "activity" in request.args:
        form.activities.found = [get_activity(request.args.get("activity", 0, type=int))]
    return _form_page(form, None)


@bp.post("/events/new")
@idempotent()
def new_post() -> ResponseReturnValue:
    """Save a new event."""
    mine = _own_entities_or_403()
    form = EventForm(db.session, mine=mine)
    form.text_language.default = viewer_language().code
    if not form.validate() or not _names_own_entity(form, mine) or _is_to_be_shown(form):
        return _form_page(form, None, 422)
    draft = form.draft()
    form.propose(draft, Act(current_user._get_current_object(), today()))
    made = record.create_event(db.session, draft, by=current_user, mine=mine, month=month_of(mine))
    address = url_for("calendar.event", event_id=made.id, saved="event-new", back=back_address())
    record_redirect(address)
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=made.title), "success")
    return redirect(address)


def _is_to_be_shown(form: EventForm) -> bool:
    """Whether the person asked to see the dates, or must see what was read, before it is saved."""
    return "show_dates" in request.form or form.needs_showing


def _own_entities_or_403() -> list[Any]:
    mine = my_entities()
    if not may_add_activities(current_user, mine):
        abort(403)
    return mine


def _names_own_entity(form: EventForm, mine: list[Any]) -> bool:
    """A focal point adds events their entity organises."""
    if current_user.is_coordinator or {entity.id for entity in mine} & {o.id for o in form.organisers.data or []}:
        return True
    words = ngettext(
        "You speak for %(names)s: choose it among the organisers.",
        "You speak for %(names)s: choose one of them among the organisers.",
        len(mine),
        names=listed(entity.short for entity in mine),
    )
    form.organisers.errors = [words]
    return False


@bp.get("/events/<int:event_id>/edit")
def edit(event_id: int) -> ResponseReturnValue:
    """The form with the record as it stands."""
    found, mine = queries.get_event_for_edit(event_id)
    return _form_page(EventForm(db.session, found, mine), found)


@bp.post("/events/<int:event_id>/edit")
def edit_post(event_id: int) -> ResponseReturnValue:
    """Save over the version that was read; a stale save is a conflict shown."""
    found, mine = queries.get_event_for_edit(event_id)
    form = EventForm(db.session, found, mine)
    if not form.validate() or not _names_own_entity(form, mine) or _is_to_be_shown(form):
        return _form_page(form, found, 422)
    version = _version(form.version.data)
    draft, following, changed = form.draft(), None, True
    if found.version == version:
        form.propose(draft, Act(current_user._get_current_object(), today()))
    try:
        if form.split_from is not None:
            following = _split(found, form.split_from, draft, version, mine)
        else:
            changed = record.save_event(
                db.session, found, draft, version=version, by=current_user, mine=mine, month=month_of(mine)
            )
    except StaleVersionError:
        db.session.rollback()  # where somebody was faster by a hair, nothing can be asked before
        return _conflict(event_id, form)
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=found.title) if changed else _("Nothing was different."), "success")
    saved = f"event-{found.id}"
    return redirect(url_for("calendar.event", event_id=(following or found).id, saved=saved, back=back_address()))


def _split(event: Event, original: datetime, draft: EventDraft, version: int, mine: list[Any]) -> Event:
    """End `event` before its date `original`; what follows says what `draft` says, under a UID of its own.

    Raises StaleVersionError.
    """
    ended, _rest = record.split_at(event, original)
    month = month_of(mine)
    record.save_event(db.session, event, ended, version=version, by=current_user, mine=mine, month=month)
    following = record.create_event(
        db.session, draft, by=current_user, mine=mine, month=month, illustrative=event.illustrative
    )
    invite_the_same(db.session, event, following, by=current_user, at=utc_now())
    return following


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
    rows = told(difference(stands, typed))
    last = next(iter(changes_of(db.session, "event", event_id)), None)
    return _form_page(form, theirs, 409, {"rows": rows, "last": last})


def _form_page(
    form: EventForm, event: Event | None, code: int = 200, conflict: dict[str, Any] | None = None
) -> ResponseReturnValue:
    page = render_template("calendar/event_form.html", form=form, event=event, conflict=conflict)
    return page, code
