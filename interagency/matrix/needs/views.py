"""Needs in the browser: the list, one need with who could help, the form, its history, offers, agreement."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import selectinload

from interagency.db.base import db
from interagency.db.history import changes_of
from interagency.matrix.activities.queries import MAX_ID, my_entities
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.agreement.gate import NEED
from interagency.matrix.agreement.statements import AgreementRefusal, audiences, standings
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
from interagency.matrix.framework.names import chapters, recommendations
from interagency.matrix.needs.forms import NeedForm
from interagency.matrix.needs.labels import BADGES, STATED_BY_LABELS, STATUS_LABELS, NeedWords, whose
from interagency.matrix.needs.listing import own_choices, page_of_needs, read_need_filters
from interagency.matrix.needs.matching import helpers, matches
from interagency.matrix.needs.models import WORD_LENGTH, Need
from interagency.matrix.needs.record import (
    apply_draft,
    create_need,
    facts,
    may_add_needs,
    may_edit_need,
    save_need,
    say_offer,
)
from interagency.matrix.organisations.queries import entities
from interagency.matrix.organisations.speaking import entity_named
from interagency.text.folding import clean
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("needs", __name__)


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {"need_status_labels": STATUS_LABELS, "need_badges": BADGES, "whose_need": whose}


def get_need(need_id: int, *, lock: bool = False) -> Need:
    """The need with all that its page shows; 404 when there is none. `lock` holds it until the transaction ends."""
    query = sa.select(Need).where(Need.id == need_id).options(
        selectinload(Need.country), selectinload(Need.recommendations), selectinload(Need.entities),
        selectinload(Need.offers),
    )  # fmt: skip
    found = db.session.scalar(query.with_for_update(of=Need) if lock else query) if 0 < need_id <= MAX_ID else None
    if found is None:
        refuse(404, _("There is no such need. The list shows them all."))
    return found


@bp.get("/needs")
def needs() -> ResponseReturnValue:
    """The needs under the filters of the query, open ones first."""
    filters = read_need_filters(db.session, request.args)
    return render_template(
        "needs/list.html",
        filters=filters,
        page=page_of_needs(db.session, filters, request.args.get("page", 1, type=int)),
        entities=entities(db.session, retired=True),
        chapters=chapters(db.session),
        recommendations=recommendations(db.session),
        choices=own_choices(),
        audiences=audiences(db.session),
        may_add=may_add_needs(current_user, my_entities()),
    )


@bp.get("/needs/<int:need_id>")
def need(need_id: int) -> ResponseReturnValue:
    """One need, who could help, and what its entities share of it."""
    return _page(get_need(need_id))


def _page(found: Need, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    mine = my_entities()
    page = render_template(
        "needs/need.html",
        need=found,
        stated_by=STATED_BY_LABELS[found.stated_by],
        matches=matches(db.session, found),
        helpers=helpers(db.session, found),
        mine=mine,
        offered={one.entity_id: one.word for one in found.offers},
        may_edit=may_edit_need(current_user, mine, found),
        standings=standings(db.session, found.asked, NEED, found.id, today(), shareable=found.shareable),
        speaking_for=may_say(found.asked),
        error=error,
        typed=request.form,
        word_length=WORD_LENGTH,
    )
    return page, code


@bp.get("/needs/<int:need_id>/history")
def history(need_id: int) -> ResponseReturnValue:
    """Every change of one need and every offer of help."""
    found = get_need(need_id)
    changes = changes_of(db.session, "need", found.id)
    return render_template("needs/history.html", need=found, changes=changes, words=NeedWords(db.session))


def _form_page(form: NeedForm, found: Need | None, code: int = 200, **more: Any) -> ResponseReturnValue:
    return render_template("needs/form.html", form=form, need=found, **more), code


@bp.get("/needs/new")
def new() -> ResponseReturnValue:
    """The empty form; `country` fills it in."""
    mine = my_entities()
    if not may_add_needs(current_user, mine):
        refuse(403, _("Focal points and coordinators write needs down. Tell one of them what was stated."))
    form = NeedForm(db.session, mine=mine)
    form.country.data = clean(request.args.get("country", ""), lines=False)[:200]
    return _form_page(form, None)


@bp.post("/needs/new")
@idempotent()
def new_post() -> ResponseReturnValue:
    """Save a new need."""
    mine = my_entities()
    if not may_add_needs(current_user, mine):
        refuse(403, _("Focal points and coordinators write needs down. Tell one of them what was stated."))
    form = NeedForm(db.session, mine=[] if current_user.is_coordinator else mine)
    if not form.validate() or form.dates_to_show:
        return _form_page(form, None, 422)
    made = create_need(db.session, form.draft(), by=current_user)
    address = url_for("needs.need", need_id=made.id, saved="need-new")
    title = made.title
    record_redirect(address)
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=title), "success")
    return redirect(address)


def _for_edit(need_id: int) -> Need:
    found = get_need(need_id)
    if not may_edit_need(current_user, my_entities(), found):
        refuse(403, _("This need is kept by %(names)s. Ask one of them, or a coordinator, to change it.",
                      names=", ".join(one.short for one in found.entities)))  # fmt: skip
    return found


@bp.get("/needs/<int:need_id>/edit")
def edit(need_id: int) -> ResponseReturnValue:
    """The form with the need as it stands."""
    found = _for_edit(need_id)
    return _form_page(NeedForm(db.session, found), found)


@bp.post("/needs/<int:need_id>/edit")
def edit_post(need_id: int) -> ResponseReturnValue:
    """Save over the version that was read; a stale save is a conflict shown."""
    found = _for_edit(need_id)
    form = NeedForm(db.session, found)
    if not form.validate() or form.dates_to_show:
        return _form_page(form, found, 422)
    typed = form.version.data or ""
    version = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0
    try:
        changed = save_need(db.session, found, form.draft(), version=version, by=current_user)
    except StaleVersionError:
        return _conflict(need_id, form)
    title = found.title
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=title) if changed else _("Nothing was different."), "success")
    return redirect(url_for("needs.need", need_id=need_id, saved=f"need-{need_id}"))


def _conflict(need_id: int, form: NeedForm) -> ResponseReturnValue:
    """Both versions side by side; saving again keeps what was typed."""
    draft = form.draft()
    db.session.rollback()
    theirs = get_need(need_id)
    stands, version = facts(theirs), theirs.version
    with db.session.no_autoflush:
        apply_draft(theirs, draft)
        typed = facts(theirs)
    db.session.rollback()
    rows = NeedWords(db.session).changed({k: [stands[k], typed[k]] for k in stands if stands[k] != typed[k]})
    last = next((one for one in changes_of(db.session, "need", need_id) if one.record_version == version), None)
    form.version.data = str(version)
    return _form_page(form, get_need(need_id), 409, conflict={"rows": rows, "last": last})


@bp.post("/needs/<int:need_id>/offer")
def offer_post(need_id: int) -> ResponseReturnValue:
    """Say for one's entity that it can help, with a word, or that it offers no help any more."""
    found = get_need(need_id, lock=True)
    mine = my_entities()
    if not mine:
        refuse(403, _("Only the focal points of an entity say what it can do."))
    entity = entity_named(mine)
    word = clean(request.form.get("word", ""))
    act = request.form.get("act", "")
    if len(word) > WORD_LENGTH:
        problem = _("The word has %(length)s characters. Shorten it to %(max)s.", length=len(word), max=WORD_LENGTH)
        return _page(found, error=problem, code=422)
    if act not in ("offer", "take-back"):
        return _page(found, error=_("Choose whether %(entity)s can help.", entity=entity.short), code=422)
    changed = say_offer(
        db.session, found, entity, word if act == "offer" else None, by=current_user, at=utc_now()
    )  # fmt: skip
    name = entity.short
    db.session.commit()
    if not changed:
        flash(_("Nothing was different."), "success")
    elif act == "offer":
        flash(_("Kept: %(entity)s can help.", entity=name), "success")
    else:
        flash(_("Kept: %(entity)s offers no help any more.", entity=name), "success")
    return redirect(url_for("needs.need", need_id=need_id, _anchor="help"))


@bp.post("/needs/<int:need_id>/agreement")
def agreement_post(need_id: int) -> ResponseReturnValue:
    """Say for one's entity with which audiences a need, as it was read, may be shared."""
    found = get_need(need_id, lock=True)
    mine = {entity.key: entity for entity in may_say(found.asked)}
    entity = mine.get(request.form.get("entity", ""))
    if entity is None:
        refuse(403, _("Your entity does not keep this need."))
    as_read = SpokenOf(
        title=found.title,
        version=found.version,
        page=url_for("needs.need", need_id=need_id),
        history=url_for("needs.history", need_id=need_id),
        address=url_for("needs.agreement_post", need_id=need_id),
        kind=NEED,
        number=need_id,
    )
    if not as_it_was_read(found.version):
        return say_again(as_read, entity, changed_since(found.title), 409)
    try:
        said = read_choices()
        say_all(said, entity, need_id=need_id)
    except AgreementRefusal as refusal:
        db.session.rollback()
        return say_again(as_read, entity, str(refusal), 422)
    db.session.commit()
    flash_kept(entity, said)
    return redirect(url_for("needs.need", need_id=need_id, _anchor="sharing"))
