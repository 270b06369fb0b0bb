"""The coordinator's month: all cycles, the board of one, and the acts on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from interagency.db.base import db
from interagency.mail import outbox
from interagency.mail.sending import send_soon
from interagency.matrix.cycles import answers, editions, opening
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.board import (
    ORDER,
    Timeliness,
    board,
    cycle_lines,
    timeliness,
    unanswered,
    waiting_activities,
)
from interagency.matrix.cycles.models import AnswerKind, Cycle
from interagency.matrix.cycles.months import (
    MonthNotUnderstood,
    default_due,
    end_of_day,
    format_month,
    month_after,
    month_of,
    read_month,
)
from interagency.matrix.cycles.remarks import remarks
from interagency.matrix.cycles.reminders import Sender, announce_edition, remind, write_returned
from interagency.matrix.cycles.standing import unsigned_sentence
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.registry import registry
from interagency.text.folding import clean, listed
from interagency.text.typed_dates import DateNotUnderstood, read_one_day
from interagency.web.access import coordinators_only
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("cycles", __name__)
TEXT_LENGTH = 1000


def sender() -> Sender:
    """Who mails come from."""
    return Sender(base_url=settings().base_url, zone=settings().zone)


def _sends_mail(edition: int | None = None) -> None:
    """Send what the act wrote, and make the files of a new edition, without keeping the person waiting."""

    def prepare(session: Session) -> None:
        registry.prepare_edition(session, edition or 0)

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    send_soon(app, settings(), first=prepare if edition else None)


def get_cycle(month: str) -> Cycle:
    """The cycle of `month`; 404 with what to write or do."""
    try:
        cycle = db.session.get(Cycle, read_month(month))
    except MonthNotUnderstood as problem:
        refuse(404, str(problem))
    if cycle is None:
        refuse(404, _("%(month)s has not been opened. The list of months shows those that were.", month=month))
    return cycle


def _get_entity(key: str) -> Organisation:
    found = next((entity for entity in entities(db.session, retired=True) if entity.key == key), None)
    if found is None:
        refuse(404, _("There is no such entity. Choose one on the board."))
    return found


def _day_from_form(name: str) -> datetime:
    """The end of the day that was typed, in the service's zone. Raises CycleRefusal with what to write."""
    text = clean(request.form.get(name, ""), lines=False)[:60]
    try:
        found = read_one_day(text)
    except DateNotUnderstood as problem:
        raise CycleRefusal(str(problem)) from None
    if found is None:
        raise CycleRefusal(_("Write a day, such as 5 November 2026."))
    return end_of_day(found, settings().zone)


def _text_from_form(name: str) -> str:
    text = clean(request.form.get(name, ""))
    if len(text) > TEXT_LENGTH:
        raise CycleRefusal(_("Shorten your text to %(max)s characters.", max=TEXT_LENGTH))
    return text


# --- All months ---


def _cycles_page(error: str = "", code: int = 200) -> ResponseReturnValue:
    lines = cycle_lines(db.session, utc_now())
    next_month = month_after(lines[0].cycle.month) if lines else month_of(today())
    page = render_template(
        "cycles/cycles.html",
        lines=lines,
        table=timeliness(db.session, utc_now()),
        Timeliness=Timeliness,
        error=error,
        typed=request.form,
        next_month=next_month,
        can_open=next_month <= month_of(today()),
        default_due=default_due(next_month, settings().zone).astimezone(settings().zone).date(),
        failed=outbox.unsent(db.session),
        waiting_mails=outbox.pending_count(db.session),
        mail_is_set=bool(settings().mail_url),
        now=utc_now(),
    )
    return page, code


@bp.get("/cycles")
@coordinators_only
def cycles() -> ResponseReturnValue:
    """Every month: its state, dates, how many answered."""
    return _cycles_page()


@bp.post("/cycles")
@coordinators_only
def open_post() -> ResponseReturnValue:
    """Open a month."""
    try:
        month = read_month(request.form.get("month", ""))
        due = _day_from_form("due") if request.form.get("due") else None
        is_new = opening.open_cycle(db.session, month, at=utc_now(), zone=settings().zone, by=current_user, due=due)
    except (MonthNotUnderstood, CycleRefusal) as refusal:
        db.session.rollback()
        return _cycles_page(str(refusal), 422)
    db.session.commit()
    flash(_("%(month)s is open.", month=format_month(month)) if is_new else _("It was open already."), "success")
    return redirect(url_for("cycles.cycle", month=month))


@bp.post("/cycles/mails/<int:message_id>/again")
@coordinators_only
def mail_again(message_id: int) -> ResponseReturnValue:
    """Try a message that failed once more, now."""
    if not outbox.retry_now(db.session, message_id, utc_now()):
        db.session.rollback()
        flash(_("That message was sent already."), "success")
        return redirect(url_for("cycles.cycles"))
    db.session.commit()
    _sends_mail()
    flash(_("The message is tried again now."), "success")
    return redirect(url_for("cycles.cycles"))


# --- One month ---


def _board_page(cycle: Cycle, error: str = "", code: int = 200) -> ResponseReturnValue:
    rows = board(db.session, cycle, utc_now())
    page = render_template(
        "cycles/cycle.html",
        cycle=cycle,
        rows=rows,
        order=ORDER,
        to_remind=[row for row in rows if not row.has_answered and row.is_expected],
        waiting=waiting_activities(db.session),
        remarks=remarks(db.session, cycle.month, today()),
        editions=opening.editions_of(db.session, cycle.month),
        due_day=cycle.due_at.astimezone(settings().zone).date(),
        error=error,
        typed=request.form,
        is_late=cycle.is_late(utc_now()),
        text_length=TEXT_LENGTH,
    )
    return page, code


@bp.get("/cycles/<month>")
@coordinators_only
def cycle(month: str) -> ResponseReturnValue:
    """The board of one month."""
    return _board_page(get_cycle(month))


def _act(month: str, act: Callable[[Cycle], str]) -> ResponseReturnValue:
    """Do one act on a cycle: commit and say what happened, or refuse on the board and write nothing."""
    try:
        message = act(get_cycle(month))
    except CycleRefusal as refusal:
        db.session.rollback()
        return _board_page(get_cycle(month), str(refusal), 409)
    db.session.commit()
    _sends_mail()
    flash(message, "success")
    return redirect(url_for("cycles.cycle", month=month))


@bp.post("/cycles/<month>/remind")
@coordinators_only
def remind_post(month: str) -> ResponseReturnValue:
    """Remind one, some or all who have not answered."""

    def act(cycle: Cycle) -> str:
        if not cycle.is_open:
            raise CycleRefusal(_("The month is closed; nobody is reminded any more."))
        keys = request.form.getlist("entity")
        chosen = None if request.form.get("all") else {_get_entity(key).id for key in keys}
        if chosen is not None and not chosen:
            raise CycleRefusal(_("Tick whom to remind, or remind all who have not answered."))
        written, nobody = remind(db.session, cycle, entity_ids=chosen, at=utc_now(), sender=sender())
        message = ngettext("%(num)s reminder written.", "%(num)s reminders written.", written)
        names = listed(entity.short for entity in nobody)
        if not written and chosen is not None and len(nobody) == len(chosen):
            raise CycleRefusal(_("No reminder was written: nobody is focal point of %(names)s.", names=names))
        if not written:
            message = _("No reminder was written: whom you chose has answered, or was reminded today already.")
        if nobody:
            message += " " + _("Nobody is focal point of %(names)s.", names=names)
        return str(message)

    return _act(month, act)


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

    return _act(month, act)


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

    return _act(month, act)


@bp.post("/cycles/<month>/extend")
@coordinators_only
def extend_post(month: str) -> ResponseReturnValue:
    """Give one entity its own, later date."""

    def act(cycle: Cycle) -> str:
        entity = _get_entity(request.form.get("entity", ""))
        due = _day_from_form("due")
        opening.extend(db.session, cycle, entity, due, zone=settings().zone, by=current_user, at=utc_now())
        return str(_("%(entity)s has its own date now.", entity=entity.short))

    return _act(month, act)


@bp.post("/cycles/<month>/due")
@coordinators_only
def due_post(month: str) -> ResponseReturnValue:
    """Move the date of all, and say whether closing waits for all."""

    def act(cycle: Cycle) -> str:
        due = _day_from_form("due")
        opening.set_due(db.session, cycle, due, zone=settings().zone, by=current_user, at=utc_now())
        cycle.waits_for_all = request.form.get("waits") == "yes"
        return str(_("The dates of %(month)s are saved.", month=format_month(cycle.month)))

    return _act(month, act)


@bp.post("/cycles/<month>/reopen")
@coordinators_only
def reopen_post(month: str) -> ResponseReturnValue:
    """Open a closed month again, with a reason."""

    def act(cycle: Cycle) -> str:
        opening.reopen(db.session, cycle.month, _text_from_form("reason"), by=current_user, at=utc_now())
        return str(_("%(month)s is open again; its edition stays as it is.", month=format_month(cycle.month)))

    return _act(month, act)


@bp.get("/cycles/<month>/close")
@coordinators_only
def close(month: str) -> ResponseReturnValue:
    """What closing would do, before it is done."""
    cycle = get_cycle(month)
    return render_template(
        "cycles/close.html",
        cycle=cycle,
        missing=unanswered(board(db.session, cycle, utc_now())),
        unsigned_sentence=unsigned_sentence,
        days_until=lambda due: (due.astimezone(settings().zone).date() - today()).days,
        remarks=remarks(db.session, cycle.month, today()),
        waiting=waiting_activities(db.session),
        is_early=utc_now() < cycle.due_at,
    )


@bp.post("/cycles/<month>/close")
@coordinators_only
def close_post(month: str) -> ResponseReturnValue:
    """Close the month and make its edition."""
    name = get_cycle(month).month
    by = current_user._get_current_object()
    try:
        closed = editions.close_cycle(
            db.session,
            name,
            at=utc_now(),
            zone=settings().zone,
            by=by,
            announce=partial(announce_edition, sender=sender()),
        )
    except CycleRefusal as refusal:
        return _board_page(get_cycle(name), str(refusal), 409)
    if closed.is_new:
        _sends_mail(closed.edition.number)
        flash(_("%(month)s is closed. This is its edition.", month=format_month(name)), "success")
    else:
        who = closed.edition.made_by_name
        flash(_("%(who)s closed %(month)s a moment before you.", who=who, month=format_month(name)), "success")
    return redirect(url_for("editions.edition", month=name))
