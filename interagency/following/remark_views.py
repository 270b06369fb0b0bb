"""Remarks in the browser: those on a record, writing, changing and answering them, and those that ask me."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.following.subjects import About, find_subject, find_subjects, key_of
from interagency.matrix.activities.queries import MAX_ID, merged_ids, my_entities
from interagency.matrix.cycles.models import Answer
from interagency.matrix.remarks.addressing import Addressed, NotAddressable, choices, read_addressed
from interagency.matrix.remarks.models import EDITABLE_FOR, TEXT_LENGTH, Remark, SubjectKind
from interagency.matrix.remarks.queries import counts_by_part, open_remarks, remarks_on, written_by
from interagency.matrix.remarks.record import (
    RemarkRefusal,
    Subject,
    edit_remark,
    read_text,
    reopen,
    set_answered,
    write_remark,
)
from interagency.text.folding import listed
from interagency.text.links import linked
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect
from interagency.web.paths import is_internal_path

bp = Blueprint("remarks", __name__)
SHOWN = 20
MAX_TYPED = 40_000  # what a refused form shows again


@dataclass(slots=True)
class Typed:
    """What a form of a remark holds: as it was sent, with what is wrong with it."""

    text: str = ""
    to: list[str] = field(default_factory=list)
    reply_to: int | None = None
    error: str = ""


@bp.app_context_processor
def _words() -> dict[str, Any]:
    return {"linked": linked, "remark_length": TEXT_LENGTH}


@bp.app_template_global()
def remarks_of(kind: str, number: int, part: int = 0) -> list[Remark]:
    """The remarks on a record whose page is shown, to whom may read it; with those on what was merged into it."""
    also = merged_ids(number) if kind == SubjectKind.ACTIVITY else None
    return remarks_on(db.session, SubjectKind(kind), number, part, also=also)


@bp.app_template_global()
def this_page() -> str:
    """The path of the page that is shown with its query, to come back to; without where that page itself leads back."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in ("back", "saved")]
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


@bp.app_template_global()
def remark_counts_of(kind: str, number: int) -> dict[int, int]:
    """How many remarks each part of a record has."""
    return counts_by_part(db.session, SubjectKind(kind), number)


@bp.app_template_global()
def remark_choices() -> Any:
    """Who can be asked today."""
    return choices(db.session, today())


@bp.app_template_global()
def remark_is_mine(remark: Remark) -> bool:
    """Whether the person who is here may still change its words."""
    return remark.is_editable(current_user.id, utc_now())


@bp.app_template_global()
def remarks_for_me(entity_id: int | None = None) -> list[tuple[Remark, About]]:
    """The newest open remarks that ask the person who is here, or one of their entities; of one entity where given.

    Without the notes of returned answers: the month itself shows those.
    """
    ids = [one.id for one in my_entities() if entity_id in (None, one.id)]
    notes = sa.select(Answer.returned_with_id).where(Answer.returned_with_id.is_not(None))
    return _with_subjects(open_remarks(db.session, current_user.id, ids, most=SHOWN, without=notes))


def _with_subjects(remarks: list[Remark]) -> list[tuple[Remark, About]]:
    """Each with what it is on; without those that are not for the person who is here."""
    if not remarks:
        return []
    subjects = find_subjects(db.session, [key_of(one) for one in remarks], current_user, my_entities())
    return [(one, subjects[key_of(one)]) for one in remarks if key_of(one) in subjects]


@bp.get("/remarks")
def remarks() -> ResponseReturnValue:
    """The open remarks that ask me, and my own."""
    own = _with_subjects(written_by(db.session, current_user.id))
    ids = [one.id for one in my_entities()]
    asked = _with_subjects(open_remarks(db.session, current_user.id, ids))
    return render_template("following/remarks.html", asked=asked, own=own)


def _about(kind: str, number: int, part: int) -> About:
    """What a remark is on; 404 for what is not there or not for the person who is here."""
    if kind not in set(SubjectKind):
        abort(404)
    found = find_subject(db.session, (SubjectKind(kind), number, part), current_user, my_entities())
    if found is None:
        _not_there()
    return found


def _not_there() -> NoReturn:
    refuse(404, _("There is no such record, or its remarks are for others."))


def _part() -> int:
    part = request.args.get("part", "0")
    return int(part) if part.isascii() and part.isdecimal() and len(part) < 10 else 0


def _thread(about: About, typed: Typed, code: int = 200) -> ResponseReturnValue:
    return render_template("following/thread.html", about=about, typed=typed), code


@bp.get("/remarks/on/<kind>/<int:number>")
def thread(kind: str, number: int) -> ResponseReturnValue:
    """The remarks on one record, and a form for another one."""
    return _thread(_about(kind, number, _part()), Typed())


@bp.post("/remarks/on/<kind>/<int:number>")
@idempotent()
def thread_post(kind: str, number: int) -> ResponseReturnValue:
    """Write a remark on a record; with the number of another one, an answer to it."""
    about = _about(kind, number, _part())
    typed = _typed()
    try:
        text, addressed = _read(typed)
        reply_to = _reply_to(about, typed)
    except (RemarkRefusal, NotAddressable) as refusal:
        typed.error = str(refusal)
        return _thread(about, typed, 422)
    subject = Subject(about.kind, about.id, about.part, _version_read(about))
    made = write_remark(db.session, subject, text, addressed, by=current_user, at=utc_now(), reply_to=reply_to)
    address = _address_of(about, made)
    record_redirect(address)
    db.session.commit()
    _tell(addressed)
    return redirect(address)


def _version_read(about: About) -> int | None:
    """The version of the record that the form was drawn with."""
    if about.version is None:
        return None
    return min(max(request.form.get("version", about.version, type=int), 1), about.version)


def _typed() -> Typed:
    return Typed(
        request.form.get("text", "")[:MAX_TYPED],
        [value[:60] for value in request.form.getlist("to")[:20] if value],
        request.form.get("reply_to", type=int),
    )


def _read(typed: Typed) -> tuple[str, Addressed]:
    text = read_text(typed.text)
    return text, read_addressed(db.session, typed.to, text, today())


def _reply_to(about: About, typed: Typed) -> Remark | None:
    if typed.reply_to is None:
        return None
    shown = {one.id: one for one in remarks_of(about.kind, about.id, about.part)}
    found = shown.get(typed.reply_to)
    if found is None:
        raise RemarkRefusal(_("What you answer is not on this record. Write it as a remark of its own."))
    return found


def _tell(addressed: Addressed) -> None:
    names = [one.short for one in addressed.entities] + [one.name for one in addressed.people]
    if names:
        flash(_("Kept. %(names)s will see it on their front page and in their next digest.", names=listed(names)),
              "success")  # fmt: skip
    else:
        flash(_("Kept. It asks nobody in particular; whoever opens the record sees it."), "success")
    if addressed.unknown:
        flash(_("Nobody here is called %(names)s, so nobody was asked by that name.",
                names=listed(f"@{name}" for name in addressed.unknown)), "warning")  # fmt: skip


def _address_of(about: About, remark: Remark) -> str:
    """Where the person came from, at the remark: the record's page, or the page of its remarks."""
    back = request.form.get("back", "")
    if not is_internal_path(back):
        back = url_for("remarks.thread", kind=about.kind.value, number=about.id, part=about.part or None)
    return f"{back.partition('#')[0]}#remark-{remark.id}"


def _get(remark_id: int) -> tuple[Remark, About]:
    found = db.session.get(Remark, remark_id) if 0 < remark_id <= MAX_ID else None
    about = found and find_subject(db.session, key_of(found), current_user, my_entities())
    if found is None or not about:
        _not_there()
    return found, about


@bp.get("/remarks/<int:remark_id>/edit")
def edit(remark_id: int) -> ResponseReturnValue:
    """The form with the words of one's own remark."""
    remark, about = _get(remark_id)
    to = [f"entity:{one.entity.key}" for one in remark.addressees if one.entity is not None]
    to += [f"person:{one.person_id}" for one in remark.addressees if one.person_id is not None]
    return _edit_page(remark, about, Typed(remark.text, to))


def _edit_page(remark: Remark, about: About, typed: Typed, code: int = 200) -> ResponseReturnValue:
    until = remark.at + EDITABLE_FOR
    if not remark.is_editable(current_user.id, utc_now()) and not typed.error:
        typed.error = _("A remark can be changed by its writer for 15 minutes. It stands as it is.")
    return render_template("following/edit_remark.html", remark=remark, about=about, typed=typed, until=until), code


@bp.post("/remarks/<int:remark_id>/edit")
def edit_post(remark_id: int) -> ResponseReturnValue:
    """Change the words of one's own remark; what it said is kept."""
    remark, about = _get(remark_id)
    if remark.by_id != current_user.id:
        refuse(403, _("Only its writer changes a remark."))
    typed = _typed()
    try:
        text, addressed = _read(typed)
        edit_remark(db.session, remark, text, addressed, by=current_user, at=utc_now())
    except (RemarkRefusal, NotAddressable) as refusal:
        db.session.rollback()
        typed.error = str(refusal)
        return _edit_page(*_get(remark_id), typed, 422)
    db.session.commit()
    _tell(addressed)
    return redirect(_address_of(about, remark))


@bp.post("/remarks/<int:remark_id>/state")
def state_post(remark_id: int) -> ResponseReturnValue:
    """Say that a remark is answered, or open again."""
    remark, about = _get(remark_id)
    if request.form.get("state") == "open":
        if remark.answered_at is not None:
            reopen(db.session, remark, by=current_user)
    elif remark.is_open:
        set_answered(db.session, remark, by=current_user, at=utc_now())
    address = _address_of(about, remark)
    db.session.commit()
    return redirect(address)
