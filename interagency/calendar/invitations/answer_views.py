"""Answering by the links of a mail, without an account; and what was put aside for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.calendar.events.models import Event
from interagency.calendar.events.queries import get_event
from interagency.calendar.events.record import first_moment
from interagency.calendar.events.recurrence_rules import rule_from
from interagency.calendar.feeds.building import FeedEvent, FeedOverride
from interagency.calendar.invitations.addresses import invitee_of_link
from interagency.calendar.invitations.assigning import set_answer
from interagency.calendar.invitations.content import answer_labels, when_of, when_of_date
from interagency.calendar.invitations.models import (
    Answer,
    AnsweredBy,
    Invitation,
    InvitedDate,
    Invitee,
    Outcome,
    ReceivedMail,
)
from interagency.calendar.invitations.queries import answer_words, candidates, put_aside, reason_words
from interagency.calendar.invitations.standing import key_of
from interagency.calendar.invitations.telling import (
    date_of,
    date_row,
    entries_of,
    for_outsiders,
    organiser_name,
)
from interagency.db.base import db
from interagency.db.history import audit
from interagency.web.access import coordinators_only, public
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse
from interagency.web.extensions import limiter

bp = Blueprint("answers", __name__)
LIMIT = "60 per minute; 600 per hour"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link asks: of whom, about which entry, and about which date of a series where it is about one."""

    invitation: Invitation
    event: Event
    entry: FeedEvent | None
    date: FeedOverride | None

    @property
    def original(self) -> datetime | None:
        return datetime.fromisoformat(key_of(self.date.original)) if self.date else None

    @property
    def when(self) -> str:
        assert self.entry is not None
        return when_of_date(self.entry, self.date) if self.date else when_of(self.entry)

    @property
    def is_open(self) -> bool:
        """Whether it still makes sense to answer."""
        if self.entry is None or (self.date is not None and self.date.cancelled):
            return False
        end = self.date.end if self.date else self.entry.end
        last = end.date() if isinstance(end, datetime) else end
        if self.date is None and self.entry.rrule:
            return self.event.last_day is None or self.event.last_day >= today()
        return last >= today() - timedelta(days=1)


def _asked(token: str, number: int) -> Asked | None:
    invitee_id = invitee_of_link(settings(), token)
    invitee = db.session.get(Invitee, invitee_id) if invitee_id is not None else None
    if invitee is None:
        return None
    invitation = next((one for one in invitee.invitations if one.number == number), None)
    if invitation is None:
        return None
    event = get_event(invitee.event_id)
    entry = None
    if invitee.removed_at is None:
        entry, _standing = entries_of(event, settings().base_url).get(number, (None, None))
    if entry is not None and invitee.person_id is None:
        entry = for_outsiders(event, entry)
    original = _date_asked(event)
    return Asked(invitation, event, entry, date_of(entry, original) if entry and original else None)


def _date_asked(event: Event) -> str | None:
    """The key of the date that the link names, where the series has it."""
    try:
        moment = datetime.fromisoformat(request.args.get("date", ""))
        first = first_moment(event)
        if moment.tzinfo is None and event.rrule and rule_from(event.rrule, first).between(moment, moment, inc=True):
            return moment.isoformat()
    except (ValueError, OverflowError):
        pass
    return None


def _answer(word: str) -> Answer:
    found = next((one for one in answer_labels() if one.value == word), None)
    if found is None:
        refuse(404, _("There is no such answer."))
    return found


@bp.get("/invited/<token>/<int:number>/<word>")
@public
@limiter.limit(LIMIT)
def answer(token: str, number: int, word: str) -> ResponseReturnValue:
    """The one button that answers. Looking at it answers nothing: programs open links before people do."""
    return _answer_page(_asked(token, number), _answer(word), token)


def _answer_page(asked: Asked | None, wanted: Answer, token: str) -> ResponseReturnValue:
    if asked is None:
        return render_template("invitations/no_invitation.html"), 404
    target = _target(asked)
    return render_template(
        "invitations/answer.html",
        asked=asked,
        wanted=wanted,
        others=[
            (label, _address(token, asked.invitation.number, one))
            for one, label in answer_labels().items()
            if one is not wanted
        ],
        standing=target.standing_answer if target else Answer.NONE,
        organiser=organiser_name(asked.event),
        labels=answer_labels(),
        answer_words=answer_words(),
    )


def _target(asked: Asked) -> Invitation | InvitedDate | None:
    """Where the answer is kept; None for a date of which nothing is kept yet."""
    if asked.original is None:
        return asked.invitation
    return next((one for one in asked.invitation.dates if one.original == asked.original), None)


@bp.post("/invited/<token>/<int:number>/<word>")
@public
@limiter.limit(LIMIT)
def answer_post(token: str, number: int, word: str) -> ResponseReturnValue:
    """Keep the answer; the newest counts."""
    wanted, asked, at = _answer(word), _asked(token, number), utc_now()
    if asked is None or not asked.is_open:
        return _answer_page(asked, wanted, token)
    target = date_row(asked.invitation, asked.original) if asked.original else asked.invitation
    set_answer(target, wanted, at, sequence=asked.invitation.sequence, stamp=at)
    if target is asked.invitation:
        asked.invitation.answered_by, asked.invitation.answer_address = AnsweredBy.LINK, ""
        asked.invitation.comment = ""
    db.session.commit()
    flash(_("Your answer is kept. You can change it as long as the event lies ahead."), "success")
    return redirect(_address(token, number, wanted))


def _address(token: str, number: int, wanted: Answer) -> str:
    """The page of an answer to what this page is about."""
    return url_for("answers.answer", token=token, number=number, word=wanted.value, date=request.args.get("date"))


# --- What was put aside ---


@bp.get("/answers")
@coordinators_only
def aside() -> ResponseReturnValue:
    """The mails that no program could assign."""
    return _aside_page()


def _aside_page(error: str = "", code: int = 200) -> ResponseReturnValue:
    mails = put_aside(db.session)
    page = render_template(
        "invitations/aside.html",
        mails=mails,
        candidates=candidates(db.session, mails, today()),
        reason_words=reason_words(),
        labels=answer_labels(),
        error=error,
    )
    return page, code


@bp.post("/answers/<int:mail_id>")
@coordinators_only
def settle(mail_id: int) -> ResponseReturnValue:
    """Assign a mail as the answer of somebody, or put it away."""
    found = db.session.get(ReceivedMail, mail_id, with_for_update=True) if mail_id < 2**31 else None
    if found is None or found.outcome is not Outcome.ASIDE:
        refuse(404, _("There is no such mail."))
    if found.settled_at is not None:
        flash(_("Somebody has settled this mail already."), "warning")
        return redirect(url_for("answers.aside"))
    at = utc_now()
    if request.form.get("act") == "assign":
        chosen = dict(candidates(db.session, [found], today())[found.id])
        number = request.form.get("invitation", 0, type=int)
        word = next((one for one in answer_labels() if one.value == request.form.get("answer")), None)
        if number not in chosen or word is None:
            return _aside_page(_("Choose whose answer it is, and what they say."), 422)
        invitation = db.session.get_one(Invitation, number)
        set_answer(invitation, word, at, sequence=invitation.sequence, stamp=at)
        invitation.answered_by, invitation.answer_address, invitation.comment = AnsweredBy.PERSON, "", ""
        found.invitee_id = invitation.invitee_id
        audit(db.session, "invitation.assigned", by=current_user, mail=found.id, invitee=invitation.invitee_id)
        flash(_("The answer is assigned."), "success")
    else:
        audit(db.session, "invitation.put_away", by=current_user, mail=found.id)
        flash(_("The mail is put away."), "success")
    found.settled_at, found.settled_by_id, found.excerpt = at, current_user.id, ""
    db.session.commit()
    return redirect(url_for("answers.aside"))
