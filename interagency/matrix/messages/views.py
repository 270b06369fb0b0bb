"""Shared messages in the browser: the page to copy from, one message with its versions, comparing, agreeing, using."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.db.paging import page_within
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Level
from interagency.matrix.activities.queries import MAX_ID, my_entities
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.agreement.gate import MESSAGE
from interagency.matrix.agreement.statements import AgreementRefusal, audiences, standings
from interagency.matrix.agreement.views import (
    SpokenOf,
    changed_since,
    flash_kept,
    may_say,
    read_choices,
    say_again,
    say_all,
)
from interagency.matrix.framework.names import chapters
from interagency.matrix.messages.forms import MessageForm
from interagency.matrix.messages.labels import LEVELS, compared, validity
from interagency.matrix.messages.models import LANGUAGES, WHERE_LENGTH, Message, MessageVersion
from interagency.matrix.messages.record import (
    agreed_versions,
    all_messages,
    create_message,
    everything,
    may_write_message,
    tell_use,
    unsaid_by,
    uses_of,
    withdraw,
    write_version,
)
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import clean
from interagency.text.typed_dates import DateNotUnderstood, read_one_day
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("messages", __name__)
SIZE = 25
# What narrows the list, in its address.
NARROWED = ("chapter", "level", "language", "withdrawn")


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {"message_levels": LEVELS, "message_languages": LANGUAGES, "message_validity": validity}


def get_message(message_id: int) -> Message:
    """The message with its versions; 404 when there is none."""
    query = sa.select(Message).where(Message.id == message_id).options(*everything())
    found = db.session.scalar(query) if 0 < message_id <= MAX_ID else None
    if found is None:
        refuse(404, _("There is no such message. The list shows them all."))
    return found


def _shown(messages: list[Message]) -> list[Message]:
    """Those under the chapter and the level of the query; withdrawn ones where they are asked for."""
    chapter, level = request.args.get("chapter", ""), request.args.get("level", "")
    return [
        one
        for one in messages
        if (not chapter or str(one.newest.chapter_number or "none") == chapter)
        and (not level or one.newest.level in (Level.BOTH, level))
        and (one.withdrawn_at is None or request.args.get("withdrawn") == "yes")
    ]


def _list_address(number: int) -> str:
    """The list as it is narrowed, on another page."""
    kept = [(name, request.args[name]) for name in NARROWED if request.args.get(name)]
    return f"{url_for('messages.messages')}?{urlencode([*kept, ('page', number)])}"


@bp.get("/messages")
def messages() -> ResponseReturnValue:
    """The messages by chapter, with their texts to copy, and for which audiences each may be used today."""
    found = all_messages(db.session)
    shown = _shown(found)
    number, pages = page_within(request.args.get("page", 1, type=int), len(shown), SIZE)
    here = shown[SIZE * (number - 1) : SIZE * number]
    offered = audiences(db.session)
    language = request.args.get("language", "")
    return render_template(
        "messages/list.html",
        groups=[list(group) for _chapter, group in groupby(here, key=lambda one: one.newest.chapter_number)],
        total=len(shown),
        number=number,
        pages=pages,
        waiting=unsaid_by(db.session, here, my_entities()),
        language=language if language in LANGUAGES else "en",
        usable={one.key: agreed_versions(db.session, here, one.key, today()) for one in offered},
        audiences=offered,
        chapters=chapters(db.session),
        may_write=may_write_message(current_user, my_entities()),
        list_address=_list_address,
        filters=Filters(),
    )


@bp.get("/messages/<int:message_id>")
def message(message_id: int) -> ResponseReturnValue:
    """One message: what it says, its versions, who agreed to the version that is shown (`version`), who used it."""
    return _page(get_message(message_id))


@bp.get("/messages/versions/<int:version_id>")
def of_version(version_id: int) -> ResponseReturnValue:
    """To the message that a version is of."""
    found = db.session.get(MessageVersion, version_id) if 0 < version_id <= MAX_ID else None
    if found is None:
        refuse(404, _("There is no such message. The list shows them all."))
    return redirect(url_for("messages.message", message_id=found.message_id, version=found.number))


def _numbered(found: Message, text: str | None) -> MessageVersion:
    """The version whose number `text` is; the newest for anything else."""
    return next((one for one in found.versions if str(one.number) == text), found.newest)


def _page(found: Message, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    shown = _numbered(found, request.values.get("version"))
    page = render_template(
        "messages/message.html",
        message=found,
        shown=shown,
        may_write=may_write_message(current_user, my_entities(), found),
        standings=standings(db.session, shown.asked, MESSAGE, shown.id, today(), shareable=found.withdrawn_at is None),
        speaking_for=may_say(shown.asked),
        uses=uses_of(db.session, found),
        numbers={one.id: one.number for one in found.versions},
        entities=entities(db.session),
        mine=my_entities(),
        error=error,
        typed=request.form,
        where_length=WHERE_LENGTH,
        today=today(),
    )
    return page, code


@bp.get("/messages/<int:message_id>/compare")
def compare(message_id: int) -> ResponseReturnValue:
    """Two versions word by word: `from` and `to` are their numbers, by default the newest and the one before."""
    found = get_message(message_id)
    now = _numbered(found, request.args.get("to"))
    before = next((one for one in reversed(found.versions) if one.number < now.number), now)
    was = _numbered(found, request.args.get("from", str(before.number)))
    return render_template("messages/compare.html", message=found, was=was, now=now, rows=compared(was, now))


def _form_page(form: MessageForm, found: Message | None, code: int = 200, **more: Any) -> ResponseReturnValue:
    return render_template("messages/form.html", form=form, message=found, **more), code


def _refuse_writing() -> None:
    refuse(403, _("Coordinators and the focal points of the entities it names write a message."))


@bp.get("/messages/new")
def new() -> ResponseReturnValue:
    """The empty form."""
    mine = my_entities()
    if not may_write_message(current_user, mine):
        _refuse_writing()
    return _form_page(MessageForm(db.session, mine=mine), None)


@bp.post("/messages/new")
@idempotent()
def new_post() -> ResponseReturnValue:
    """Save a new message as a draft: nobody has agreed to it yet."""
    mine = my_entities()
    if not may_write_message(current_user, mine):
        _refuse_writing()
    form = MessageForm(db.session, mine=[] if current_user.is_coordinator else mine)
    if not form.validate():
        return _form_page(form, None, 422)
    made = create_message(db.session, form.draft(), by=current_user)
    address = url_for("messages.message", message_id=made.id, saved="message-new")
    record_redirect(address)
    db.session.commit()
    flash(_("Saved as a draft. It is used outside once every entity it names has agreed."), "success")
    return redirect(address)


@bp.get("/messages/<int:message_id>/edit")
def edit(message_id: int) -> ResponseReturnValue:
    """The form with the newest version."""
    found = get_message(message_id)
    if not may_write_message(current_user, my_entities(), found):
        _refuse_writing()
    return _form_page(MessageForm(db.session, found.newest), found)


@bp.post("/messages/<int:message_id>/edit")
def edit_post(message_id: int) -> ResponseReturnValue:
    """Save a new version over the one that was read; what was agreed to stays as it is."""
    found = get_message(message_id)
    if not may_write_message(current_user, my_entities(), found):
        _refuse_writing()
    form = MessageForm(db.session, found.newest)
    if not form.validate():
        return _form_page(form, found, 422)
    typed = form.version.data or ""
    read = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0
    try:
        written = write_version(db.session, found, form.draft(), read=read, by=current_user)
    except StaleVersionError:
        db.session.rollback()
        found = get_message(message_id)
        form.version.data = str(found.newest.number)
        return _form_page(form, found, 409, stale=found.newest)
    db.session.commit()
    told = _("Saved as a new draft. What was agreed before stays in use until all agree to this one.")
    flash(told if written else _("Nothing was different."), "success")
    return redirect(url_for("messages.message", message_id=message_id, saved=f"message-{message_id}"))


@bp.post("/messages/<int:message_id>/state")
def state_post(message_id: int) -> ResponseReturnValue:
    """Take a message out of use, or back into use."""
    found = get_message(message_id)
    if not may_write_message(current_user, my_entities(), found):
        _refuse_writing()
    act = request.form.get("act", "")
    if act not in ("withdraw", "take-back"):
        return _page(found, error=_("Choose what becomes of the message."), code=422)
    try:
        done = withdraw(db.session, found, withdrawn=act == "withdraw", by=current_user, at=utc_now())
    except StaleVersionError:
        db.session.rollback()
        flash(_("Somebody changed this message a moment ago. Look at it, then say it again."), "warning")
        return redirect(url_for("messages.message", message_id=message_id))
    db.session.commit()
    told = _("The message is withdrawn.") if act == "withdraw" else _("The message is back in use.")
    flash(told if done else _("Nothing was different."), "success")
    return redirect(url_for("messages.message", message_id=message_id))


@bp.post("/messages/<int:message_id>/uses")
@idempotent()
def use_post(message_id: int) -> ResponseReturnValue:
    """Tell who used a version, where and when."""
    found = get_message(message_id)
    used = _numbered(found, request.form.get("version"))
    place = clean(request.form.get("place", ""), lines=False)
    known = {one.key: one for one in entities(db.session, retired=True)}
    key = request.form.get("entity", "")
    try:
        if not place or len(place) > WHERE_LENGTH:
            raise ValueError(_("Write where it was used, in up to %(max)s characters.", max=WHERE_LENGTH))
        if key and key not in known:
            raise ValueError(_("There is no such entity. Choose one of the list."))
        day = read_one_day(clean(request.form.get("day", ""), lines=False)[:60])
        if day is not None and day > today():
            raise ValueError(_("That day is still to come. Tell it once it was used."))
    except DateNotUnderstood as problem:
        return _page(found, error=str(problem), code=422)
    except ValueError as problem:
        return _page(found, error=str(problem), code=422)
    tell_use(db.session, used, entity=known.get(key), place=place, day=day, by=current_user, at=utc_now())
    address = url_for("messages.message", message_id=message_id, _anchor="uses")
    record_redirect(address)
    db.session.commit()
    flash(_("Kept."), "success")
    return redirect(address)


@bp.post("/messages/<int:message_id>/agreement")
def agreement_post(message_id: int) -> ResponseReturnValue:
    """Say for one's entity with which audiences the version that was read (`version`) may be used."""
    query = sa.select(Message.id).where(Message.id == message_id).with_for_update()
    db.session.execute(query if 0 < message_id <= MAX_ID else sa.select(sa.literal(0)))
    found = get_message(message_id)
    shown = _numbered(found, request.form.get("version"))
    mine = {entity.key: entity for entity in may_say(shown.asked)}
    entity = mine.get(request.form.get("entity", ""))
    if entity is None:
        refuse(403, _("This message does not speak in your entity's name."))
    here = url_for("messages.message", message_id=message_id, version=shown.number)
    as_read = SpokenOf(
        title=shown.title,
        version=shown.number,
        page=here,
        history=url_for("messages.compare", message_id=message_id),
        address=url_for("messages.agreement_post", message_id=message_id),
        kind=MESSAGE,
        number=shown.id,
    )
    if request.form.get("version", str(shown.number)) != str(shown.number):
        return say_again(as_read, entity, changed_since(shown.title), 409)
    try:
        said = read_choices()
        say_all(said, entity, message_version_id=shown.id)
    except AgreementRefusal as refusal:
        db.session.rollback()
        return say_again(as_read, entity, str(refusal), 422)
    db.session.commit()
    flash_kept(entity, said)
    return redirect(f"{here}#sharing")
