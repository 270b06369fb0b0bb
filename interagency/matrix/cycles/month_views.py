"""The focal point's month: what is due, confirming, signing."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.db.base import db
from interagency.db.history import Action, record_change
from interagency.matrix.activities import record
from interagency.matrix.activities.models import Participation, Status
from interagency.matrix.activities.queries import get_activity, get_activity_for_edit, my_entities
from interagency.matrix.activities.record import Right, StaleVersionError
from interagency.matrix.cycles import answers
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.confirming import confirm_all
from interagency.matrix.cycles.models import AnswerKind, Cycle
from interagency.matrix.cycles.month import STALE_AFTER, entity_month, is_confirmed, shown_as, staleness
from interagency.matrix.cycles.months import MonthNotUnderstood, format_due, format_month, read_month
from interagency.matrix.cycles.standing import unsigned_sentence
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.matrix.organisations.speaking import entity_named
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean
from interagency.text.typed_dates import DateNotUnderstood, read_date
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("month", __name__)
COMMENT_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose month is open before the person: the cycle, the entity, and what else they could open."""

    cycle: Cycle
    entity: Organisation
    mine: list[Organisation]
    cycles: list[Cycle]
    on_behalf: bool

    def address(self, endpoint: str = "month.month", *, anchor: str | None = None, kind: str | None = None) -> str:
        return url_for(endpoint, cycle=self.cycle.month, entity=self.entity.key, kind=kind, _anchor=anchor)


def _choices() -> tuple[list[Organisation], bool]:
    """The entities this person may answer for; coordinators for any, on behalf."""
    mine = my_entities()
    if mine:
        return mine, False
    if current_user.is_coordinator:
        return entities(db.session), True
    refuse(
        403,
        _("This page is for the focal points of entities. If you should be one, ask an administrator to appoint you."),
    )


def _desk() -> Desk:
    """The cycle and entity the address names, or the ones the person is about. 403 or 404 for others."""
    mine, on_behalf = _choices()
    entity = entity_named(mine)
    cycles = list(db.session.scalars(sa.select(Cycle).order_by(Cycle.month.desc()).limit(12)))
    about = [entity] if request.values.get("entity") else mine
    return Desk(_cycle(cycles, [one.id for one in about]), entity, mine, cycles, on_behalf)


def _cycle(cycles: list[Cycle], entity_ids: list[int]) -> Cycle:
    wanted = request.values.get("cycle", "")
    if wanted:
        try:
            month = read_month(wanted)
        except MonthNotUnderstood as problem:
            refuse(404, str(problem))
        found = db.session.get(Cycle, month)
        if found is None:
            refuse(404, _("%(month)s has not been opened.", month=format_month(month)))
        return found
    if not cycles:
        refuse(404, _("No month is open yet. A coordinator opens it; you will get a mail."))
    return answers.current_cycle(db.session, entity_ids) or cycles[0]


@bp.app_context_processor
def _words() -> dict[str, object]:
    return {"format_month": format_month, "due_label": lambda due: format_due(due, settings().zone)}


def _page(desk: Desk, *, error: str = "", typed: dict[str, str] | None = None, code: int = 200) -> ResponseReturnValue:
    shown = entity_month(db.session, desk.cycle, desk.entity, utc_now())
    page = render_template(
        "cycles/month.html",
        desk=desk,
        month=shown,
        error=error,
        typed=typed or {},
        late=shown.is_late(utc_now()),
        is_confirmed=is_confirmed,
        staleness=staleness,
        stale_after=STALE_AFTER,
        unsigned_sentence=unsigned_sentence,
        people=focal_points(db.session, today()).get(desk.entity.id, []),
    )
    return page, code


@bp.get("/month")
def month() -> ResponseReturnValue:
    """The entity's month."""
    return _page(_desk())


def _kind(text: str) -> AnswerKind:
    kinds = {"updated": AnswerKind.UPDATED, "unchanged": AnswerKind.UNCHANGED, "nothing": AnswerKind.NOTHING}
    if text not in kinds:
        refuse(404, _("There is no such answer. Choose one of the three on your month's page."))
    return kinds[text]


@bp.get("/month/sign")
def sign() -> ResponseReturnValue:
    """What will be signed, before it is."""
    return _sign_page(_desk(), request.args.get("kind", ""))


def _sign_page(desk: Desk, kind: str, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    answer_kind = _kind(kind)
    shown = entity_month(db.session, desk.cycle, desk.entity, utc_now())
    changed = answers.changed_count(db.session, desk.cycle, desk.entity.id)
    return render_template(
        "cycles/sign.html",
        desk=desk,
        month=shown,
        kind=kind,
        answer_kind=answer_kind,
        changed=changed,
        error=error,
        typed=request.form,
        late=utc_now() > shown.due_at,
        comment_length=COMMENT_LENGTH,
        shown_as=shown_as,
    ), code


def _as_shown(desk: Desk) -> tuple[dict[str, list[int]] | None, int]:
    """Of the records that the form says were shown those that still stand as they were, by kind; and how many records
    of the month were not shown, or were changed since. (None, 0) for a form that does not say what was shown."""
    if "shown" not in request.form:
        return None, 0
    shown = set(request.form["shown"].split())
    still: dict[str, list[int]] = {}
    others = 0
    for kind, row in entity_month(db.session, desk.cycle, desk.entity, utc_now()).unconfirmed:
        if shown_as(kind, row) in shown:
            still.setdefault(kind, []).append(row.id)
        else:
            others += 1
    return still, others


@bp.post("/month/sign")
def sign_post() -> ResponseReturnValue:
    """Sign the entity's answer."""
    desk = _desk()
    kind = request.form.get("kind", "")
    comment, reason = clean(request.form.get("comment", "")), clean(request.form.get("reason", ""))
    if len(comment) > COMMENT_LENGTH or len(reason) > COMMENT_LENGTH:
        return _sign_page(desk, kind, error=_("Shorten your text to %(max)s characters.", max=COMMENT_LENGTH), code=422)
    if desk.on_behalf and not reason:
        return _sign_page(desk, kind, error=_("You answer for another entity: write why, it is kept."), code=422)
    answer_kind = _kind(kind)
    try:
        answers.cycle_for_answer(db.session, desk.cycle.month, desk.entity, today())
        shown, others = _as_shown(desk)
        answer = answers.sign(
            db.session,
            desk.cycle.month,
            desk.entity,
            answer_kind,
            by=current_user,
            at=utc_now(),
            day=today(),
            comment=comment,
            on_behalf_reason=reason if desk.on_behalf else "",
            shown=shown,
        )
    except CycleRefusal as refusal:
        db.session.rollback()
        return _page(_desk(), error=str(refusal), code=409)
    db.session.commit()
    flash(
        _(
            "Signed for %(entity)s, %(month)s: %(kind)s. Thank you. You can take it back until the month is closed.",
            entity=desk.entity.short,
            month=format_month(answer.cycle_month),
            kind=answer.kind.value,
        ),
        "success",
    )
    if others and answer_kind is AnswerKind.UNCHANGED:
        flash(
            ngettext(
                "%(num)s record came or was changed after you opened the page you signed. It is not confirmed; look at "
                "it below.",
                "%(num)s records came or were changed after you opened the page you signed. They are not confirmed; "
                "look at them below.",
                others,
            ),
            "warning",
        )
    return redirect(desk.address())


@bp.post("/month/take-back")
def take_back() -> ResponseReturnValue:
    """Take the answer back until the cycle closes."""
    desk = _desk()
    try:
        count = answers.take_back(db.session, desk.cycle.month, desk.entity, by=current_user, at=utc_now(), day=today())
    except CycleRefusal as refusal:
        db.session.rollback()
        return _page(_desk(), error=str(refusal), code=409)
    db.session.commit()
    confirmed = ngettext(
        "%(num)s record is no longer confirmed by it", "%(num)s records are no longer confirmed by it", count
    )
    flash(
        _(
            "The answer is taken back, and %(confirmed)s; what you entered or confirmed row by row stands. Sign again "
            "when you are ready.",
            confirmed=confirmed,
        ),
        "success",
    )
    return redirect(desk.address())


@bp.post("/month/confirm")
def confirm() -> ResponseReturnValue:
    """Confirm one record, or all that are unchanged, without signing."""
    desk = _desk()
    ids = [int(text) for text in request.form.getlist("id") if text.isdecimal() and len(text) < 10]
    name = request.form.get("record", "activity")
    month_name = desk.cycle.month
    try:
        answers.cycle_for_answer(db.session, month_name, desk.entity, today())
    except CycleRefusal as refusal:
        db.session.rollback()
        return _page(_desk(), error=str(refusal), code=409)
    rows = entity_month(db.session, desk.cycle, desk.entity, utc_now()).rows
    shown = {(kind, row.id): row for kind, row in rows}
    version = request.form.get("version", type=int)
    if version is not None and any((name, one) in shown and shown[name, one].version != version for one in ids):
        db.session.rollback()
        problem = _("Somebody saved this record a moment ago. Look at it again below, then confirm it.")
        return _page(_desk(), error=problem, code=409)
    chosen = None if request.form.get("all") else {name: ids}
    kept = confirm_all(db.session, desk.entity.id, month_name, chosen)
    count = sum(len(pairs) for pairs in kept.values())
    db.session.commit()
    flash(ngettext("Confirmed %(num)s record.", "Confirmed %(num)s records.", count), "success")
    return redirect(desk.address(anchor=f"{name}-{ids[0]}" if len(ids) == 1 else "records"))


@bp.post("/month/participation")
def participation() -> ResponseReturnValue:
    """An entity that was named confirms or declines that it takes part."""
    desk = _desk()
    said = request.form.get("said", "")
    if said not in ("confirmed", "declined"):
        refuse(400, _("Choose whether your entity takes part."))
    found = get_activity(request.form.get("id", 0, type=int))
    if all(part.entity_id != desk.entity.id for part in found.entities):
        refuse(403, _("Your entity is no longer named in this activity; its lead took it out."))
    try:
        record.save_own_part(
            db.session,
            found,
            roles={},
            participations={desk.entity.id: Participation(said)},
            version=request.form.get("version", 0, type=int),
            by=current_user,
            mine=[desk.entity],
            month=desk.cycle.month if desk.cycle.is_open else None,
        )
    except StaleVersionError:
        db.session.rollback()
        problem = _("Somebody saved this activity a moment ago. Look at it again below, then say if you take part.")
        return _page(_desk(), error=problem, code=409)
    db.session.commit()
    message = _("“%(title)s”: you take part.") if said == "confirmed" else _("“%(title)s”: you do not take part.")
    flash(message % {"title": found.title}, "success")
    return redirect(desk.address())


@bp.post("/month/end")
def end() -> ResponseReturnValue:
    """Say that an activity has come to its end: completed or cancelled, and when."""
    desk = _desk()
    activity_id = request.form.get("id", 0, type=int)
    found, right, _mine = get_activity_for_edit(activity_id)
    if right is not Right.ALL:
        refuse(403, _("Only the lead entity can end this activity. Write to it, or to a coordinator."))
    text = clean(request.form.get("end", ""), lines=False)[:60]
    status = request.form.get("status", "")
    typed = {"id": str(activity_id), "end": text, "status": status}
    try:
        last = read_date(text)
        problem = _end_problem(found.start, last, status)
    except DateNotUnderstood as error:
        last, problem = None, str(error)
    if problem:
        return _page(
            desk, error=_("“%(title)s”: %(problem)s", title=found.title, problem=problem), typed=typed, code=422
        )
    version = request.form.get("version", 0, type=int)
    if found.version != version:
        db.session.rollback()
        stale = _("Somebody saved this activity a moment ago. Look at it again below, then end it.")
        return _page(_desk(), error=stale, typed=typed, code=409)
    before = record.facts(found)
    found.status, found.end = Status(status), last
    changed = record.facts(found) != before
    if changed:
        found.updated_at = max(utc_now(), found.updated_at)
    for part in found.entities:
        if part.entity_id == desk.entity.id and desk.cycle.is_open:
            part.confirmed_month = max(part.confirmed_month or "", desk.cycle.month)
    try:
        db.session.flush()
    except sa.orm.exc.StaleDataError:
        db.session.rollback()
        return _page(_desk(), error=_("Somebody saved this activity a moment ago. Try again."), typed=typed, code=409)
    if changed:
        record_change(db.session, found, Action.ENDED, before=before, after=record.facts(found), by=current_user)
    db.session.commit()
    flash(_("“%(title)s” is %(status)s.", title=found.title, status=status), "success")
    return redirect(desk.address())


def _end_problem(start: ImpreciseDate | None, end: ImpreciseDate | None, status: str) -> str:
    if status not in ("completed", "cancelled"):
        return str(_("choose whether it was completed or cancelled."))
    if end is None:
        return str(_("write when it ended, such as August 2026."))
    if start is not None and end.last < start.first:
        return str(_("the end lies before the beginning, %(start)s.", start=start.words()))
    return ""
