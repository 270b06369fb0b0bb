"""The board of one month, the acts on it, and what is noticed of its records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.cycles import answers, opening
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.board import ORDER, board
from interagency.matrix.cycles.models import AnswerKind, Cycle
from interagency.matrix.cycles.months import format_month
from interagency.matrix.cycles.remarks import SIZE, RemarkKind, remark_counts, remark_line, remarks
from interagency.matrix.cycles.reminders import Reminded, remind, write_returned
from interagency.matrix.cycles.views import bp, day_typed, get_cycle, sender, sends_mail
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import clean, listed, sentences
from interagency.web.access import coordinators_only
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse

bp.add_app_template_global(remark_line)
TEXT_LENGTH = 1000
__all__ = ["bp"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an act was refused, and at which field of which form: the entity's, or that of the month ("")."""

    message: str
    field: str
    entity: str = ""


def _get_entity(key: str) -> Organisation:
    found = next((entity for entity in entities(db.session, retired=True) if entity.key == key), None)
    if found is None:
        refuse(404, _("There is no such entity. Choose one on the board."))
    return found


def _text_from_form(name: str) -> str:
    text = clean(request.form.get(name, ""))
    if len(text) > TEXT_LENGTH:
        raise CycleRefusal(_("Shorten your text to %(max)s characters.", max=TEXT_LENGTH))
    return text


def _board_page(cycle: Cycle, problem: Problem | None = None, code: int = 200) -> ResponseReturnValue:
    rows, at = board(db.session, cycle, utc_now()), utc_now()
    due_day = cycle.due_at.astimezone(settings().zone).date()
    to_remind = [row for row in rows if row.can_be_reminded]
    page = render_template(
        "cycles/cycle.html",
        cycle=cycle,
        rows=rows,
        order=ORDER,
        to_remind=to_remind,
        late=[row for row in to_remind if at > row.due_at],
        nobody=[row for row in rows if row.is_expected and not row.focal_points],
        chosen=problem.entity if problem else request.args.get("act", ""),
        remarks=remark_counts(db.session, cycle.month, today()),
        editions=opening.editions_of(db.session, cycle.month),
        due_day=due_day,
        example=due_day + timedelta(days=4),
        problem=problem,
        typed=request.form,
        is_late=cycle.is_late(at),
        text_length=TEXT_LENGTH,
    )
    return page, code


@bp.get("/cycles/<month>")
@coordinators_only
def cycle(month: str) -> ResponseReturnValue:
    """The board of one month. `act=KEY` shows below an entity's row what can be done for it."""
    return _board_page(get_cycle(month))


@bp.get("/cycles/<month>/remarks")
@coordinators_only
def remarks_page(month: str) -> ResponseReturnValue:
    """What is noticed of the month's records, one kind (`kind`) a page at a time."""
    found = get_cycle(month)
    number = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    kind = next((one for one in RemarkKind if one.value == request.args.get("kind")), None)
    if kind is None:
        kind = next(iter(remark_counts(db.session, found.month, today())), RemarkKind.ENDED)
    shown = remarks(db.session, kind, found.month, today(), page=number)
    counts = remark_counts(db.session, found.month, today())  # after it: look-alikes were compared for it
    total = counts.get(kind) or 0
    return render_template(
        "cycles/remarks.html",
        cycle=found,
        kind=kind,
        remarks=counts,
        shown=shown,
        total=total,
        number=number,
        pages=max(1, -(-total // SIZE)),
    )


def _act(month: str, act: Callable[[Cycle], str], field: str = "") -> ResponseReturnValue:
    """Do one act on a cycle: commit and say what happened, or refuse at the field and write nothing."""
    try:
        message = act(get_cycle(month))
    except CycleRefusal as refusal:
        db.session.rollback()
        keys = request.form.getlist("entity")
        problem = Problem(str(refusal), field, keys[0] if len(keys) == 1 else "")
        return _board_page(get_cycle(month), problem, 409)
    db.session.commit()
    sends_mail()
    flash(message, "success")
    return redirect(url_for("cycles.cycle", month=month))


@bp.post("/cycles/<month>/remind")
@coordinators_only
def remind_post(month: str) -> ResponseReturnValue:
    """Remind one, some, those who are late (`late`) or all who have not answered (`all`)."""

    def act(cycle: Cycle) -> str:
        if not cycle.is_open:
            raise CycleRefusal(_("The month is closed; nobody is reminded any more."))
        chosen = None if request.form.get("all") else {_get_entity(key).id for key in request.form.getlist("entity")}
        if request.form.get("late"):
            rows = board(db.session, cycle, utc_now())
            chosen = {row.entity.id for row in rows if row.can_be_reminded and utc_now() > row.due_at}
        if chosen is not None and not chosen:
            raise CycleRefusal(_("Tick whom to remind, or remind all who have not answered."))
        reminded = remind(db.session, cycle, entity_ids=chosen, at=utc_now(), sender=sender())
        if not reminded.written:
            raise CycleRefusal(_("No reminder was written. %(why)s", why=_why_not(reminded)))
        return _reminded(reminded)

    return _act(month, act)


def _reminded(reminded: Reminded) -> str:
    written = ngettext("%(num)s reminder written.", "%(num)s reminders written.", reminded.written)
    if not settings().mail_url:
        written = sentences(written, _("No mail server is set: it stays in the outbox until there is one."))
    return sentences(written, _why_not(reminded))


def _why_not(reminded: Reminded) -> str:
    """Why some of those chosen got no reminder, in sentences."""
    found = []
    if count := len(reminded.answered):
        names = listed(entity.short for entity in reminded.answered)
        found.append(ngettext("%(names)s has answered.", "%(names)s have answered.", count, names=names))
    if count := len(reminded.earlier_today):
        names = listed(entity.short for entity in reminded.earlier_today)
        found.append(
            ngettext(
                "%(names)s was reminded today already.", "%(names)s were reminded today already.", count, names=names
            )
        )
    if reminded.nobody:
        names = listed(entity.short for entity in reminded.nobody)
        found.append(_("Nobody is focal point of %(names)s.", names=names))
    return sentences(*found)


@bp.post("/cycles/<month>/return")
@coordinators_only
def return_post(month: str) -> ResponseReturnValue:
    """Return an answer with a note."""

    def act(cycle: Cycle) -> str:
        entity = _get_entity(request.form.get("entity", ""))
        note = _text_from_form("note")
        answer = answers.return_answer(
            db.session, cycle.month, entity, note, by=current_user, at=utc_now(), day=today()
        )
        people = next((row.focal_points for row in board(db.session, cycle, utc_now()) if row.entity is entity), [])
        write_returned(db.session, cycle, entity, people, answer, at=utc_now(), sender=sender())
        return str(_("The answer of %(entity)s is returned; its focal points get your note.", entity=entity.short))

    return _act(month, act, "note")


@bp.post("/cycles/<month>/answer")
@coordinators_only
def answer_post(month: str) -> ResponseReturnValue:
    """Answer on behalf of an entity, with a reason."""

    def act(cycle: Cycle) -> str:
        entity = _get_entity(request.form.get("entity", ""))
        reason = _text_from_form("reason")
        kinds = {"unchanged": AnswerKind.UNCHANGED, "nothing": AnswerKind.NOTHING, "updated": AnswerKind.UPDATED}
        kind = kinds.get(request.form.get("kind", ""))
        if not reason or kind is None:
            raise CycleRefusal(_("Choose an answer and write why you give it for the entity; both are kept."))
        answer = answers.sign(
            db.session, cycle.month, entity, kind, by=current_user, at=utc_now(), day=today(), on_behalf_reason=reason
        )
        signed = _("Signed on behalf of %(entity)s.", entity=entity.short)
        if kind is not AnswerKind.UNCHANGED:
            return str(signed)
        count = sum(len(pairs) for pairs in (answer.confirmed or {}).values())
        confirmed = ngettext("%(num)s record is confirmed.", "%(num)s records are confirmed.", count)
        return f"{signed} {confirmed}"

    return _act(month, act, "reason")


@bp.post("/cycles/<month>/extend")
@coordinators_only
def extend_post(month: str) -> ResponseReturnValue:
    """Give one entity its own, later date."""

    def act(cycle: Cycle) -> str:
        entity = _get_entity(request.form.get("entity", ""))
        due = day_typed("due", cycle.month)
        opening.extend(db.session, cycle, entity, due, zone=settings().zone, by=current_user, at=utc_now())
        return str(_("%(entity)s has its own date now.", entity=entity.short))

    return _act(month, act, "due")


@bp.post("/cycles/<month>/due")
@coordinators_only
def due_post(month: str) -> ResponseReturnValue:
    """Move the date of all, and say whether closing waits for all."""

    def act(cycle: Cycle) -> str:
        due = day_typed("due", cycle.month)
        opening.set_due(db.session, cycle, due, zone=settings().zone, by=current_user, at=utc_now())
        cycle.waits_for_all = request.form.get("waits") == "yes"
        return str(_("The dates of %(month)s are saved.", month=format_month(cycle.month)))

    return _act(month, act, "due")


@bp.post("/cycles/<month>/reopen")
@coordinators_only
def reopen_post(month: str) -> ResponseReturnValue:
    """Open a closed month again, with a reason."""

    def act(cycle: Cycle) -> str:
        opening.reopen(db.session, cycle.month, _text_from_form("reason"), by=current_user, at=utc_now())
        return str(_("%(month)s is open again; its edition stays as it is.", month=format_month(cycle.month)))

    return _act(month, act, "reason")
