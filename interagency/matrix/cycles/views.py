"""The coordinator's months: all cycles, opening one, closing one, mails that failed. The board: board_views."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from interagency.accounts.queries import administrators
from interagency.db.base import db
from interagency.mail import outbox
from interagency.mail.sending import send_soon
from interagency.matrix.cycles import editions, opening
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.board import (
    Timeliness,
    board,
    cycle_lines,
    timeliness,
    unanswered,
)
from interagency.matrix.cycles.models import Cycle
from interagency.matrix.cycles.months import (
    MonthNotUnderstood,
    default_due,
    end_of_day,
    first_day,
    format_month,
    month_after,
    month_of,
    read_month,
)
from interagency.matrix.cycles.remarks import remark_counts
from interagency.matrix.cycles.reminders import Sender, announce_edition
from interagency.matrix.cycles.standing import unsigned_sentence
from interagency.registry import registry
from interagency.text.folding import clean
from interagency.text.typed_dates import DateNotUnderstood, read_one_day
from interagency.web.access import coordinators_only
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("cycles", __name__)
TEXT_LENGTH = 1000


def sender() -> Sender:
    """Who mails come from."""
    return Sender(base_url=settings().base_url, zone=settings().zone)


def sends_mail(edition: int | None = None) -> None:
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


def day_typed(name: str, month: str) -> datetime:
    """The end of the day that was typed, in the service's zone: without a year, the first such day from the month's
    beginning on. Raises CycleRefusal with what to write."""
    text = clean(request.form.get(name, ""), lines=False)[:60]
    try:
        found = read_one_day(text, not_before=first_day(month))
    except DateNotUnderstood as problem:
        raise CycleRefusal(str(problem)) from None
    if found is None:
        raise CycleRefusal(_("Write a day, such as 5 November 2026."))
    return end_of_day(found, settings().zone)


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
        waiting_mails=outbox.pending_count(db.session),
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
        due = day_typed("due", month) if request.form.get("due") else None
        is_new = opening.open_cycle(db.session, month, at=utc_now(), zone=settings().zone, by=current_user, due=due)
    except (MonthNotUnderstood, CycleRefusal) as refusal:
        db.session.rollback()
        return _cycles_page(str(refusal), 422)
    db.session.commit()
    flash(_("%(month)s is open.", month=format_month(month)) if is_new else _("It was open already."), "success")
    return redirect(url_for("cycles.cycle", month=month))


@bp.get("/cycles/mails")
@coordinators_only
def mails() -> ResponseReturnValue:
    """How many mails wait, and those that failed: why, and who can mend it."""
    return render_template(
        "cycles/mails.html",
        failed=outbox.unsent(db.session),
        waiting_mails=outbox.pending_count(db.session),
        mail_is_set=bool(settings().mail_url),
        administrators=administrators(db.session),
    )


@bp.post("/cycles/mails/<int:message_id>/again")
@coordinators_only
def mail_again(message_id: int) -> ResponseReturnValue:
    """Try a message that failed once more, now."""
    if not outbox.retry_now(db.session, message_id, utc_now()):
        db.session.rollback()
        flash(_("That message was sent already."), "success")
        return redirect(url_for("cycles.mails"))
    db.session.commit()
    sends_mail()
    flash(_("The message is tried again now."), "success")
    return redirect(url_for("cycles.mails"))


# --- Closing ---


@bp.get("/cycles/<month>/close")
@coordinators_only
def close(month: str) -> ResponseReturnValue:
    """What closing would do, before it is done."""
    return _close_page(get_cycle(month))


def _close_page(cycle: Cycle, error: str = "", code: int = 200) -> ResponseReturnValue:
    page = render_template(
        "cycles/close.html",
        cycle=cycle,
        missing=unanswered(board(db.session, cycle, utc_now())),
        unsigned_sentence=unsigned_sentence,
        days_until=lambda due: (due.astimezone(settings().zone).date() - today()).days,
        remarks=remark_counts(db.session, cycle.month, today()),
        is_early=utc_now() < cycle.due_at,
        error=error,
    )
    return page, code


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
        return _close_page(get_cycle(name), str(refusal), 409)
    if closed.is_new:
        sends_mail(closed.edition.number)
        flash(_("%(month)s is closed. This is its edition.", month=format_month(name)), "success")
    else:
        who = closed.edition.made_by_name
        flash(_("%(who)s closed %(month)s a moment before you.", who=who, month=format_month(name)), "success")
    return redirect(url_for("editions.edition", month=name))
