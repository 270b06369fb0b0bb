"""The focal point's month: its page, signing it, taking the answer back."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.cycles import answers
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.models import AnswerKind
from interagency.matrix.cycles.month.context import MonthContext, month_context, month_of, month_page
from interagency.matrix.cycles.month.listing import signed_groups
from interagency.matrix.cycles.months import format_due, format_month
from interagency.text.folding import clean
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("month", __name__)
COMMENT_LENGTH = 1000


@bp.app_context_processor
def _words() -> dict[str, object]:
    return {"format_month": format_month, "due_label": lambda due: format_due(due, settings().zone)}


@bp.get("/month")
def month() -> ResponseReturnValue:
    """The entity's month."""
    return month_page(month_context())


def _kind(text: str) -> AnswerKind:
    kinds = {"updated": AnswerKind.UPDATED, "unchanged": AnswerKind.UNCHANGED, "nothing": AnswerKind.NOTHING}
    if text not in kinds:
        refuse(404, _("There is no such answer. Choose one of the three on your month's page."))
    return kinds[text]


@bp.get("/month/sign")
def sign() -> ResponseReturnValue:
    """What will be signed, before it is."""
    return _sign_page(month_context(), request.args.get("kind", ""))


def _sign_page(context: MonthContext, kind: str, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    answer_kind = _kind(kind)
    shown = month_of(context)
    changed = answers.changed_count(db.session, context.cycle, context.entity.id)
    to_sign = shown.to_sign
    return render_template(
        "cycles/sign.html",
        context=context,
        month=shown,
        kind=kind,
        answer_kind=answer_kind,
        changed=changed,
        to_sign=to_sign,
        groups=signed_groups(to_sign),
        beyond=len(shown.unconfirmed) - len(to_sign),
        error=error,
        typed=request.form,
        late=utc_now() > shown.due_at,
        comment_length=COMMENT_LENGTH,
    ), code


def _as_shown(context: MonthContext) -> tuple[dict[str, list[int]] | None, int]:
    """Of the records that the form says were shown those that still stand as they were, by kind; and how many records
    of the month were not shown, or were changed since. (None, 0) for a form that does not say what was shown."""
    if "shown" not in request.form:
        return None, 0
    shown = set(request.form["shown"].split())
    still: dict[str, list[int]] = {}
    others = 0
    for one in month_of(context).unconfirmed:
        if one.shown_as in shown:
            still.setdefault(one.record.kind, []).append(one.record.id)
        else:
            others += 1
    return still, others


@bp.post("/month/sign")
def sign_post() -> ResponseReturnValue:
    """Sign the entity's answer."""
    context = month_context()
    kind = request.form.get("kind", "")
    comment, reason = clean(request.form.get("comment", "")), clean(request.form.get("reason", ""))
    if len(comment) > COMMENT_LENGTH or len(reason) > COMMENT_LENGTH:
        return _sign_page(
            context, kind, error=_("Shorten your text to %(max)s characters.", max=COMMENT_LENGTH), code=422
        )
    if context.on_behalf and not reason:
        return _sign_page(context, kind, error=_("You answer for another entity: write why, it is kept."), code=422)
    answer_kind = _kind(kind)
    try:
        answers.cycle_for_answer(db.session, context.cycle.month, context.entity, today())
        shown, others = _as_shown(context)
        answer = answers.sign(
            db.session,
            context.cycle.month,
            context.entity,
            answer_kind,
            by=current_user,
            at=utc_now(),
            day=today(),
            comment=comment,
            on_behalf_reason=reason if context.on_behalf else "",
            shown=shown,
        )
    except CycleRefusal as refusal:
        db.session.rollback()
        return month_page(month_context(), error=str(refusal), code=409)
    db.session.commit()
    flash(
        _(
            "Signed for %(entity)s, %(month)s: %(kind)s. Thank you. You can take it back until the month is closed.",
            entity=context.entity.short,
            month=format_month(answer.cycle_month),
            kind=answer.kind.value,
        ),
        "success",
    )
    if others and answer_kind is AnswerKind.UNCHANGED:
        flash(_not_confirmed(others), "warning")
    return redirect(context.address())


def _not_confirmed(others: int) -> str:
    """That records stay open though the month was signed, because the page that was signed did not show them so."""
    if request.form.get("beyond", "0") != "0":
        words = ngettext(
            "%(num)s record was not listed on the page you signed. It is not confirmed; sign again to confirm it.",
            "%(num)s records were not listed on the page you signed. They are not confirmed; sign again to confirm "
            "them.",
            others,
        )
    else:
        words = ngettext(
            "%(num)s record came or was changed after you opened the page you signed. It is not confirmed; look at it "
            "below.",
            "%(num)s records came or were changed after you opened the page you signed. They are not confirmed; look "
            "at them below.",
            others,
        )
    return str(words)


@bp.post("/month/take-back")
def take_back() -> ResponseReturnValue:
    """Take the answer back until the cycle closes."""
    context = month_context()
    try:
        count = answers.take_back(
            db.session, context.cycle.month, context.entity, by=current_user, at=utc_now(), day=today()
        )
    except CycleRefusal as refusal:
        db.session.rollback()
        return month_page(month_context(), error=str(refusal), code=409)
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
    return redirect(context.address())
