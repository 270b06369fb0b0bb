"""One event in the browser: its page, its agreement, its milestone, its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.calendar.events import queries, record
from interagency.calendar.events.clashes import Clash, clashes, plan_of
from interagency.calendar.events.models import Event, EventStatus
from interagency.calendar.events.occurrences import format_days, occurrences
from interagency.calendar.events.recurrence import rule_words
from interagency.calendar.feeds.adding import google_address, outlook_address
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.invitations.queries import answer_words, may_see_names, open_proposals, who_comes
from interagency.calendar.pages.blueprint import bp, described, month_of, told
from interagency.db.base import db
from interagency.db.history import audit, changes_of
from interagency.matrix.activities.locks import lock
from interagency.matrix.activities.models import Activity, Milestone
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.activities.record import Right, StaleVersionError, right_to_edit
from interagency.matrix.agreement.gate import EVENT, asked_of
from interagency.matrix.agreement.statements import AgreementRefusal, standings
from interagency.matrix.agreement.views import (
    SpokenOf,
    as_it_was_read,
    changed_since,
    flash_kept,
    may_say,
    read_choices,
    say_again,
    say_all,
)
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.pages.next_acts import back_address, next_acts
from interagency.text.dates import ImpreciseDate
from interagency.web.context import settings, today, viewer_zone
from interagency.web.errors import refuse


@bp.get("/events/<int:event_id>")
def event(event_id: int) -> ResponseReturnValue:
    """One event."""
    found = queries.get_event(event_id)
    asked = _asked(found)
    mine = my_entities()
    may_edit = record.may_edit_event(current_user, mine, found)
    coming = occurrences(found, today(), today() + timedelta(days=750))[:10] if found.rrule else []
    return render_template(
        "calendar/event.html",
        event=found,
        coming=coming,
        add_at=_places_to_add(found),
        rule_in_words=rule_words(found.rrule, record.first_moment(found).date()) if found.rrule else "",
        all_segments=[] if found.rrule else occurrences(found, date(1900, 1, 1), date(2199, 12, 31)),
        may_edit=may_edit,
        who_comes=who_comes(db.session, found),
        sees_names=may_see_names(current_user, mine, found),
        answer_words=answer_words(),
        proposals=len(open_proposals(db.session, found.id)) if may_edit else 0,
        changes=changes_of(db.session, "event", found.id)[:3],
        clashes=_clashes_of(found),
        described=described(found),
        side_events=queries.side_events(db.session, found.id),
        viewer_zone=viewer_zone(),
        format_days=format_days,
        back=back_address(),
        next_acts=next_acts(f"event-{found.id}", add=url_for("calendar.new"), add_label=str(_("Add another"))),
        milestone_move=_milestone_move(found),
        standings=standings(db.session, asked, EVENT, found.id, today(), shareable=found.shareable),
        speaking_for=may_say(asked),
    )


def _places_to_add(event: Event) -> list[tuple[str, str]]:
    """Names of programs on the web and where they offer to add the event; one that is cancelled is not offered.

    Apple's and others take the file.
    """
    entries = [] if event.status is EventStatus.CANCELLED else feed_events([event], settings().base_url)
    if len(entries) != 1:
        return []
    offered = [("Outlook", outlook_address(entries[0])), ("Google", google_address(entries[0]))]
    return [(name, address) for name, address in offered if address]


def _asked(event: Event) -> list[Organisation]:
    """Whose agreement an event needs, of its organisers and participants."""
    named = [*event.organisers, *event.participants]
    return asked_of((one for one in named if one.is_entity), named)


@bp.post("/events/<int:event_id>/agreement")
def agreement_post(event_id: int) -> ResponseReturnValue:
    """Say for one's entity whether an event, as it was read, may be shared with the audiences ticked."""
    found = queries.get_event(event_id, lock=True)
    mine = {entity.key: entity for entity in may_say(_asked(found))}
    entity = mine.get(request.form.get("entity", ""))
    if entity is None:
        refuse(403, _("Your entity takes no part in this event."))
    if not as_it_was_read(found.version):
        return say_again(_spoken_of(found), entity, changed_since(found.title), 409)
    as_read = _spoken_of(found)  # before the lock goes, and with it the version that was read
    try:
        said = read_choices()
        say_all(said, entity, event_id=found.id)
    except AgreementRefusal as refusal:
        db.session.rollback()
        return say_again(as_read, entity, str(refusal), 422)
    db.session.commit()
    flash_kept(entity, said)
    return redirect(url_for("calendar.event", event_id=event_id, _anchor="sharing"))


def _spoken_of(event: Event) -> SpokenOf:
    return SpokenOf(
        title=event.title,
        version=event.version,
        page=url_for("calendar.event", event_id=event.id),
        history=url_for("calendar.history", event_id=event.id),
        address=url_for("calendar.agreement_post", event_id=event.id),
        kind=EVENT,
        number=event.id,
    )


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


@bp.post("/events/<int:event_id>/milestone")
def milestone_post(event_id: int) -> ResponseReturnValue:
    """Move the milestone to the event's day, or the event to the milestone's, as the person chose."""
    found, mine = queries.get_event_for_edit(event_id)
    move = _milestone_move(found)
    here = redirect(url_for("calendar.event", event_id=event_id))
    if move is None or found.milestone is None or found.milestone.due is None:
        flash(_("Event and milestone stand on the same day already."), "success")
        return here
    if request.form.get("move") == "milestone":
        lock(db.session, [found.milestone.activity_id])
        milestone = db.session.get(Milestone, found.milestone.id, populate_existing=True)
        if milestone is None:
            flash(_("Somebody removed this milestone a moment ago."), "warning")
            return here
        activity = db.session.get(Activity, milestone.activity_id)
        if activity is None or right_to_edit(current_user, mine, activity) is not Right.ALL:
            refuse(403, _("Only the lead entity of the activity moves its milestones."))
        milestone.due = move.event_day
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
        record.save_event(db.session, found, draft, version=version, by=current_user, mine=mine, month=month_of(mine))
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
    return clashes(db.session, plan_of(event, coming), viewer_zone())


@bp.get("/events/<int:event_id>/history")
def history(event_id: int) -> ResponseReturnValue:
    """Every change of one event."""
    found = queries.get_event(event_id)
    changes = changes_of(db.session, "event", found.id)
    return render_template("calendar/history.html", event=found, changes=changes, told=told)
