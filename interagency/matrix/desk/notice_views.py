"""Letters to focal points in the browser: the list, one letter, writing one, its preview, sending it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.db.base import db
from interagency.mail.sending import send_soon
from interagency.matrix.desk.models import SUBJECT_LENGTH, TEXT_LENGTH, Notice
from interagency.matrix.desk.notices import (
    SIZE,
    Choice,
    Letter,
    Recipients,
    find_recipients,
    notices_of,
    readable_by,
    send_notice,
    state_of_months,
)
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import clean, listed
from interagency.web.access import coordinators_only
from interagency.web.context import settings, utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("notices", __name__)
MAX_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form, and what is wrong with it, by field."""

    subject: str
    text: str
    choice: Choice
    keys: list[str]
    tells_state: bool
    errors: dict[str, str]


def _typed() -> Typed:
    """The form as it was sent, checked; nothing typed is cut."""
    subject = clean(request.form.get("subject", ""), lines=False)
    text = clean(request.form.get("text", ""))
    chosen = request.form.get("to", "")
    choice = next((one for one in Choice if one.value == chosen), Choice.ALL)
    errors = {}
    if not subject:
        errors["subject"] = _("Write what the letter is about.")
    elif len(subject) > SUBJECT_LENGTH:
        errors["subject"] = _("Shorten the subject to %(max)s characters.", max=SUBJECT_LENGTH)
    if not text:
        errors["text"] = _("Write the letter.")
    elif len(text) > TEXT_LENGTH:
        errors["text"] = _(
            "The letter has %(length)s characters. Shorten it to %(max)s, or link to a longer document.",
            length=len(text),
            max=TEXT_LENGTH,
        )
    keys = request.form.getlist("entity")[:200]
    return Typed(subject, text, choice, keys, request.form.get("state") == "yes", errors)


def _form_page(typed: Typed, code: int = 200) -> ResponseReturnValue:
    page = render_template(
        "notices/new.html",
        typed=typed,
        entities=entities(db.session),
        everybody=find_recipients(db.session, Choice.ALL, (), utc_now()),
        unanswered=find_recipients(db.session, Choice.UNANSWERED, (), utc_now()),
        state=state_of_months(db.session, utc_now()).sentences(),
        subject_length=SUBJECT_LENGTH,
        text_length=TEXT_LENGTH,
    )
    return page, code


@bp.get("/notices")
def notices() -> ResponseReturnValue:
    """The letters that the person who is here may read, newest first."""
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    found, total = notices_of(db.session, current_user, page=number)
    return render_template(
        "notices/list.html", notices=found, total=total, number=number, pages=max(1, -(-total // SIZE))
    )


@bp.get("/notices/<int:notice_id>")
def notice(notice_id: int) -> ResponseReturnValue:
    """One letter; 404 for who may not read it."""
    found = db.session.get(Notice, notice_id) if notice_id <= MAX_ID else None
    if found is not None and not current_user.is_coordinator:
        allowed = db.session.query(Notice.id).filter(Notice.id == notice_id, *readable_by(current_user)).first()
        found = found if allowed else None
    if found is None:
        refuse(404, _("There is no such letter. Your list shows those you can read."))
    return render_template("notices/notice.html", notice=found)


@bp.get("/notices/new")
@coordinators_only
def new() -> ResponseReturnValue:
    """The form; `to` and `entity` choose whom it is for."""
    keys = request.args.getlist("entity")[:200]
    asked = request.args.get("to", "")
    choice = next((one for one in Choice if one.value == asked), Choice.CHOSEN if keys else Choice.ALL)
    return _form_page(Typed("", "", choice, keys, tells_state=True, errors={}))


@bp.post("/notices/new")
@coordinators_only
def preview() -> ResponseReturnValue:
    """The letter as it would be sent, and to whom. Nothing is written; `again` leads back to the form."""
    typed = _typed()
    if request.form.get("again"):
        return _form_page(typed)
    recipients = find_recipients(db.session, typed.choice, typed.keys, utc_now())
    if not recipients.people:
        typed.errors["to"] = _no_recipients(typed, recipients)
    if typed.errors:
        return _form_page(typed, 422)
    return _preview_page(typed, recipients)


def _no_recipients(typed: Typed, recipients: Recipients) -> str:
    if typed.choice is Choice.CHOSEN and not typed.keys:
        return str(_("Choose at least one entity."))
    if recipients.nobody:
        names = listed(one.short for one in recipients.nobody)
        return str(_("Nobody is focal point of %(names)s, so nobody would get it.", names=names))
    return str(_("Nobody would get it. Choose others."))


def _letter(typed: Typed) -> Letter:
    state = state_of_months(db.session, utc_now()) if typed.tells_state else None
    return Letter(typed.subject, typed.text, state, current_user._get_current_object())


def _preview_page(typed: Typed, recipients: Recipients, code: int = 200) -> ResponseReturnValue:
    letter = _letter(typed).to(recipients.people[0])
    page = render_template(
        "notices/preview.html", typed=typed, recipients=recipients, letter=letter, has_mail=bool(settings().mail_url)
    )
    return page, code


@bp.post("/notices")
@coordinators_only
@idempotent()
def send() -> ResponseReturnValue:
    """Send it to those of the people the preview showed (`person`) who are still focal points."""
    typed = _typed()
    found = find_recipients(db.session, typed.choice, typed.keys, utc_now())
    shown = {int(text) for text in request.form.getlist("person")[:2000] if text.isascii() and text.isdecimal()}
    people = [one for one in found.people if one.person.id in shown]
    if not people:
        typed.errors["to"] = str(_("Nobody of those you saw is focal point any more. Look at it again."))
    if typed.errors:
        db.session.rollback()
        return _form_page(typed, 422)
    made = send_notice(db.session, _letter(typed), people, at=utc_now())
    here = url_for("notices.notice", notice_id=made.id)
    record_redirect(here)
    db.session.commit()
    send_soon(current_app._get_current_object(), settings())  # type: ignore[attr-defined]
    sent = ngettext("The letter goes to %(num)s person.", "The letter goes to %(num)s people.", len(people))
    flash(sent if settings().mail_url else f"{sent} {_waits()}", "success")
    if gone := len(shown) - len(people):
        flash(
            ngettext(
                "%(num)s person you saw is focal point no more and gets nothing.",
                "%(num)s people you saw are focal points no more and get nothing.",
                gone,
            ),
            "warning",
        )
    return redirect(here)


def _waits() -> str:
    return str(_("No mail server is set: the mails stay in the outbox until there is one; on home it stands now."))
