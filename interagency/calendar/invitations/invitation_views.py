"""Who is invited to an event: inviting, taking back, and times that were proposed."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.calendar.events.models import Event, EventStatus
from interagency.calendar.events.queries import get_event_for_edit
from interagency.calendar.invitations.inviting import Guest, focal_point_guests, invite, named_guests, read_addresses
from interagency.calendar.invitations.inviting import remove as take_back
from interagency.calendar.invitations.models import Invitation, Invitee, Proposal
from interagency.calendar.invitations.queries import (
    answer_words,
    everybody_invited,
    open_proposals,
    proposed_words,
)
from interagency.db.base import db
from interagency.db.paging import page_within
from interagency.mail.sending import send_soon
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import listed
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("invitations", __name__)
SIZE = 100  # people on a page


def _send() -> None:
    send_soon(current_app._get_current_object(), settings())  # type: ignore[attr-defined]


def _page(event: Event, *, errors: dict[str, str] | None = None, code: int = 200) -> ResponseReturnValue:
    invitees = everybody_invited(db.session, event.id)
    page_number, pages = page_within(request.args.get("page", 1, type=int), len(invitees), SIZE)
    speaking = focal_points(db.session, today())
    taking_part = {one.key for one in (*event.organisers, *event.participants)}
    page = render_template(
        "invitations/invitations.html",
        event=event,
        invitees=invitees[SIZE * (page_number - 1) : SIZE * page_number],
        page_number=page_number,
        pages=pages,
        standing=sum(one.removed_at is None for one in invitees),
        entities=sorted(
            (one for one in entities(db.session) if speaking.get(one.id) or one.key in taking_part),
            key=lambda one: one.key not in taking_part,
        ),
        ticked=request.form.getlist("entity"),
        typed=request.form.get("addresses", ""),
        may_tell=request.form.get("may_tell") == "yes",
        errors=errors or {},
        problem=_problem(event),
        answer_words=answer_words(),
        proposals=[(one, proposed_words(one, event)) for one in open_proposals(db.session, event.id)],
        has_mail=bool(settings().mail_url),
        answers_come_back=bool(settings().calendar_address and settings().imap_url),
    )
    return page, code


def _problem(event: Event) -> str:
    """Why nobody can be invited to an event now, in a sentence; empty where they can."""
    if event.status is EventStatus.CANCELLED:
        return str(_("This event is cancelled: nobody can be invited to it."))
    if not any(segment.is_exact for segment in event.segments):
        return str(_("Give the event an exact day first: a calendar cannot hold any other."))
    if event.last_day is not None and event.last_day < today():
        return str(_("This event is over."))
    return ""


@bp.get("/events/<int:event_id>/invitations")
def invitations(event_id: int) -> ResponseReturnValue:
    """Who is invited and what they have answered, for those who may edit the event."""
    event, _mine = get_event_for_edit(event_id)
    return _page(event)


@bp.post("/events/<int:event_id>/invitations")
def invitations_post(event_id: int) -> ResponseReturnValue:
    """Invite the focal points of the entities ticked, and the addresses typed. Who is invited already is not again."""
    event, _mine = get_event_for_edit(event_id)
    if problem := _problem(event):
        return _page(event, errors={"addresses": problem}, code=422)
    try:
        typed = read_addresses(request.form.get("addresses", ""))
        guests = named_guests(db.session, typed)
    except ValueError as refusal:
        return _page(event, errors={"addresses": str(refusal)}, code=422)
    speaking, nobody = focal_point_guests(db.session, request.form.getlist("entity")[:200], utc_now())
    guests = [*speaking, *guests]
    if not guests:
        message = (
            _("Nobody is focal point of %(names)s.", names=listed(nobody)) if nobody else _("Choose whom to invite.")
        )
        return _page(event, errors={"entity": str(message)}, code=422)
    if (outside := _outside(guests)) and request.form.get("may_tell") != "yes":
        message = _("Tick that %(names)s may be told of this event.", names=listed(outside[:5]))
        return _page(event, errors={"may_tell": str(message)}, code=422)
    try:
        new = invite(db.session, event, guests, by=current_user, at=utc_now())
    except ValueError as refusal:
        db.session.rollback()
        event, _mine = get_event_for_edit(event_id)
        return _page(event, errors={"addresses": str(refusal)}, code=422)
    db.session.commit()
    _send()
    words = ngettext("%(num)s person is invited.", "%(num)s people are invited.", len(new))
    flash(words if new else _("They are invited already; nobody gets a second mail."), "success")
    if nobody:
        flash(_("Nobody is focal point of %(names)s.", names=listed(nobody)), "warning")
    return redirect(url_for("invitations.invitations", event_id=event_id))


def _outside(guests: list[Guest]) -> list[str]:
    """Who of them has no account: what they are told leaves the network."""
    return [guest.name or guest.address for guest in guests if guest.person is None]


@bp.post("/events/<int:event_id>/invitations/<int:invitee_id>/remove")
def remove(event_id: int, invitee_id: int) -> ResponseReturnValue:
    """Take an invitation back."""
    get_event_for_edit(event_id)
    found = db.session.get(Invitee, invitee_id) if invitee_id < 2**31 else None
    if found is None or found.event_id != event_id:
        refuse(404, _("Nobody like that is invited to this event."))
    if take_back(db.session, found, by=current_user, at=utc_now()):
        db.session.commit()
        _send()
    flash(_("%(name)s is no longer invited.", name=found.name or found.address), "success")
    return redirect(url_for("invitations.invitations", event_id=event_id))


@bp.post("/events/<int:event_id>/proposals/<int:proposal_id>/settle")
def settle(event_id: int, proposal_id: int) -> ResponseReturnValue:
    """Put a proposed time away: it was taken over, or will not be."""
    get_event_for_edit(event_id)
    found = db.session.get(Proposal, proposal_id) if proposal_id < 2**31 else None
    of_event = db.session.get(Invitation, found.invitation_id) if found else None
    if found is None or of_event is None or of_event.invitee.event_id != event_id:
        refuse(404, _("There is no such proposal for this event."))
    found.settled_at = found.settled_at or utc_now()
    db.session.commit()
    flash(_("The proposal is put away."), "success")
    return redirect(url_for("invitations.invitations", event_id=event_id))
