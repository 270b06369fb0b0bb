"""One occurrence of a repeated event: moved, changed, cancelled, put back; and "this and following"."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.calendar.events import queries, record
from interagency.calendar.events.lines import read_segment
from interagency.calendar.events.models import Event, EventStatus
from interagency.calendar.events.occurrences import Occurrence, originals
from interagency.calendar.events.record import EventDraft, ExceptionDraft, draft_of
from interagency.calendar.events.recurrence_rules import rule_from
from interagency.calendar.invitations.inviting import invite_the_same
from interagency.db.base import db
from interagency.matrix.activities.models import TEXT_LENGTH, TITLE_LENGTH
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.cycles.answers import month_being_updated
from interagency.matrix.organisations.models import Organisation
from interagency.text.folding import clean
from interagency.text.zones import local_problem
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("occurrences", __name__)
# What a single date can be; `cancelled` is an act of its own.
OWN_STATUSES = tuple(one for one in EventStatus if one is not EventStatus.CANCELLED)
AHEAD, BACK = timedelta(days=800), timedelta(days=60)


def _page(event: Event, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    found: list[tuple[datetime, Occurrence]] = originals(event, today() - BACK, today() + AHEAD)
    page = render_template(
        "calendar/occurrences.html",
        event=event,
        rows=found[:40],
        changed={change.original for change in event.exceptions},
        left_out={change.original for change in event.exceptions if change.is_left_out},
        is_timed=_is_timed(event),
        statuses=OWN_STATUSES,
        error=error,
        typed=request.form,
        today=today(),
    )
    return page, code


def _event(event_id: int) -> tuple[Event, list[Organisation]]:
    event, mine = queries.get_event_for_edit(event_id)
    if not event.rrule:
        refuse(404, _("This event does not repeat. Edit it as a whole."))
    return event, mine


@bp.get("/events/<int:event_id>/occurrences")
def occurrences_page(event_id: int) -> ResponseReturnValue:
    """The coming dates of a repeated event, each with what can be done to it."""
    event, _mine = _event(event_id)
    return _page(event)


def _original(event: Event) -> datetime:
    """The occurrence the form names: one of the rule's own beginnings."""
    try:
        moment = datetime.fromisoformat(request.form.get("original", ""))
        if moment.tzinfo is None and _is_of_rule(event, moment):
            return moment
    except ValueError:
        pass
    refuse(404, _("The event has no such date any more. Somebody may have changed it; look at the list again."))


def _is_of_rule(event: Event, moment: datetime) -> bool:
    first = record.first_moment(event)
    rule = rule_from(event.rrule, first)
    return bool(rule.between(moment, moment, inc=True))


@bp.post("/events/<int:event_id>/occurrences")
@idempotent()
def change_post(event_id: int) -> ResponseReturnValue:
    """Move, rename, cancel, leave out or put back one occurrence, or change it and all that follow."""
    event, mine = _event(event_id)
    original = _original(event)
    act = request.form.get("act", "")
    try:
        if act == "following":
            return _split(event, original, mine)
        change = _change(event, original, act)
    except ValueError as problem:
        return _page(event, error=str(problem), code=422)
    draft = draft_of(event)
    draft.exceptions = [one for one in draft.exceptions if one.original != original] + ([change] if change else [])
    if not _save(event, draft, mine):
        stale = _("Somebody saved this event a moment ago. Look at the dates again, then do it once more.")
        return _page(_event(event_id)[0], error=stale, code=409)
    here = url_for("occurrences.occurrences_page", event_id=event_id)
    record_redirect(here)
    db.session.commit()
    flash(_("The date is saved; subscribers see it with their next look."), "success")
    return redirect(here)


def _save(event: Event, draft: EventDraft, mine: list[Organisation]) -> bool:
    version = request.form.get("version", 0, type=int)
    month = month_being_updated(db.session, [entity.id for entity in mine])
    try:
        record.save_event(db.session, event, draft, version=version, by=current_user, mine=mine, month=month)
    except StaleVersionError:
        db.session.rollback()
        return False
    return True


def _change(event: Event, original: datetime, act: str) -> ExceptionDraft | None:
    """What becomes of the occurrence; None puts it back. Raises ValueError with a sentence."""
    note = clean(request.form.get("note", ""), lines=False)[:500]
    title = clean(request.form.get("title", ""), lines=False)[:TITLE_LENGTH]
    if act == "restore":
        return None
    if act == "leave_out":
        return ExceptionDraft(original, is_left_out=True)
    if act == "cancel":
        return ExceptionDraft(original, is_cancelled=True, note=note)
    if act != "move":
        raise ValueError(_("Choose what becomes of this date."))
    start, end, has_hours = _new_time(event)
    venue = clean(request.form.get("venue", ""), lines=False)[:300]
    description = clean(request.form.get("description", ""))[:TEXT_LENGTH]
    status = request.form.get("status", "")
    return ExceptionDraft(
        original,
        start,
        end,
        title=title if title != event.title else "",
        note=note,
        venue=venue if venue != event.place else "",
        description=description if description != event.description else "",
        status=next((one for one in OWN_STATUSES if one.value == status and one is not event.status), None),
        has_hours=None if has_hours is _is_timed(event) else has_hours,
    )


def _is_timed(event: Event) -> bool:
    return bool(event.segments[0].start_time and event.timezone)


def _new_time(event: Event) -> tuple[datetime, datetime, bool]:
    """The begin and end typed for an occurrence, as local times, and whether it has hours.

    Raises ValueError with a sentence.
    """
    typed = clean(request.form.get("when", ""), lines=False)[:100]
    segment = read_segment(typed)
    if not (segment.start.is_exact and segment.end.is_exact):
        raise ValueError(_("Write an exact day, such as 14 October 2026."))
    timed = segment.start_time is not None
    if not timed and _is_timed(event) and "whole_day" not in request.form:
        raise ValueError(
            _("Write the hours too, such as 14 October 2026, 15:00-16:30, or tick that this date has whole days.")
        )
    if timed and not event.timezone:
        raise ValueError(_("This event has whole days. Leave the hours out, or edit the event as a whole."))
    start = datetime.combine(segment.start.first, segment.start_time or datetime.min.time())
    end = datetime.combine(segment.end.last, segment.end_time or datetime.min.time())
    if timed and event.timezone:
        for moment in (start, end):
            if local_problem(moment, event.timezone) == "skipped":
                raise ValueError(_("The clocks in %(zone)s skip that time. Choose another.", zone=event.timezone))
    return start, end, timed


def _split(event: Event, original: datetime, mine: list[Organisation]) -> ResponseReturnValue:
    """End the event before `original`; what follows is an event of its own, opened in its form."""
    first = record.first_moment(event)
    if original == first:
        raise ValueError(_("This is the first date: edit the event as a whole."))
    ended, rest = record.split_at(event, original)
    if not _save(event, ended, mine):
        return _page(_event(event.id)[0], error=_("Somebody saved this event a moment ago. Try again."), code=409)
    month = month_being_updated(db.session, [entity.id for entity in mine])
    made = record.create_event(
        db.session, rest, by=current_user, mine=mine, month=month, illustrative=event.illustrative
    )
    invite_the_same(db.session, event, made, by=current_user, at=utc_now())
    address = url_for("calendar.edit", event_id=made.id)
    record_redirect(address)
    db.session.commit()
    flash(_("From this date on it is an event of its own. Change what is different and save."), "success")
    return redirect(address)
