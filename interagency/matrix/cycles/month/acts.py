"""What a focal point does with a row of the month: confirm it, undo that, say whether they take part, end it.

Each is a form that works without script and comes back to the row. A script sends the same form with `part`, and gets
the row alone, as it is now.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa
from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.db.history import Action, record_change
from interagency.matrix.activities import record
from interagency.matrix.activities.fields import STATUS_LABELS
from interagency.matrix.activities.models import Activity, Participation, Status
from interagency.matrix.activities.queries import get_activity, get_activity_for_edit
from interagency.matrix.activities.record import Right, StaleVersionError
from interagency.matrix.cycles import answers
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.confirming import ACTIVITY
from interagency.matrix.cycles.month.context import MonthContext, month_context, month_of, month_page, row_page
from interagency.matrix.cycles.month.single import Key, confirm_one, undo_one
from interagency.matrix.cycles.month.views import bp
from interagency.matrix.cycles.months import format_month
from interagency.registry import registry
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean, lowered
from interagency.text.typed_dates import DateNotUnderstood, read_date
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse

MAX_END_LENGTH = 60
OVER = "over"


def _row() -> tuple[Key, int, str]:
    """The record that the pressed button names (`activity-12-3`: kind, id, version; and what is said of it)."""
    parts = request.form.get("row", "")[:100].split("-", 3)
    if len(parts) < 3 or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts[1:3]):
        refuse(400, _("It is not clear which record is meant. Go back to your month and press the button again."))
    return (parts[0], int(parts[1])), int(parts[2]), parts[3] if len(parts) > 3 else ""


def _activity() -> tuple[Key, int, str]:
    """The same where only an activity can be meant."""
    key, version, said = _row()
    if key[0] != ACTIVITY:
        refuse(400, _("This can be said of an activity only. Open the event and edit it."))
    return key, version, said


def _done(context: MonthContext, key: Key, said: str) -> ResponseReturnValue:
    """The row as it is now for the script that asked for it, else back to it."""
    anchor = f"{key[0]}-{key[1]}"
    if request.form.get("part"):
        return row_page(context, anchor, said)
    flash(said, "success")
    return redirect(replace(context, wanted=replace(context.wanted, kept=anchor)).list_address(anchor=anchor))


def _refused(problem: str, code: int = 409, typed: dict[str, str] | None = None) -> ResponseReturnValue:
    """The page of the month with what is wrong; nothing is written."""
    db.session.rollback()
    return month_page(month_context(), error=problem, typed=typed, code=code)


def _takes_no_answer(context: MonthContext) -> str:
    """Why the month takes no answer of the entity; "" where it does."""
    try:
        answers.cycle_for_answer(db.session, context.cycle.month, context.entity, today())
    except CycleRefusal as refusal:
        return str(refusal)
    return ""


@bp.post("/month/confirm")
def confirm() -> ResponseReturnValue:
    """Confirm one record, without signing."""
    context = month_context()
    key, version, _said = _row()
    if problem := _takes_no_answer(context):
        return _refused(problem)
    found = month_of(context).find(key)
    if found is None or found.record.is_asked:
        return _refused(_("This record is not yours to confirm for this month: it is over, or you are not part of it."))
    if found.record.version != version:
        return _refused(_("Somebody saved this record a moment ago. Look at it again below, then confirm it."))
    confirm_one(db.session, context.cycle, context.entity, found.record, found.reasons, by=current_user, at=utc_now())
    db.session.commit()
    month = format_month(context.cycle.month)
    return _done(context, key, _("“%(title)s” is confirmed for %(month)s.", title=found.record.title, month=month))


@bp.post("/month/undo")
def undo() -> ResponseReturnValue:
    """Undo one confirming of one record."""
    context = month_context()
    key, _version, _said = _row()
    if problem := _takes_no_answer(context):
        return _refused(problem)
    found = month_of(context).find(key)
    if found is None or found.single is None or not found.may_undo:
        return _refused(
            _("There is nothing to undo: the record was edited since, or its confirming was undone already.")
        )
    undo_one(db.session, context.cycle, context.entity, found.single, by=current_user, at=utc_now())
    db.session.commit()
    return _done(context, key, _("“%(title)s” is no longer confirmed.", title=found.record.title))


@bp.post("/month/participation")
def participation() -> ResponseReturnValue:
    """An entity that was named says whether it takes part."""
    context = month_context()
    key, version, said = _activity()
    if said not in ("confirmed", "declined"):
        refuse(400, _("Choose whether your entity takes part."))
    found = get_activity(key[1])
    if all(part.entity_id != context.entity.id for part in found.entities):
        refuse(403, _("Your entity is no longer named in this activity; its lead took it out."))
    try:
        record.save_own_part(
            db.session,
            found,
            roles={},
            participations={context.entity.id: Participation(said)},
            version=version,
            by=current_user,
            mine=[context.entity],
            month=context.cycle.month if context.cycle.is_open else None,
        )
    except StaleVersionError:
        return _refused(
            _("Somebody saved this activity a moment ago. Look at it again below, then say if you take part.")
        )
    title = found.title
    db.session.commit()
    if said == "confirmed":
        return _done(context, key, _("“%(title)s”: you take part.", title=title))
    return _done(context, key, _("“%(title)s”: you do not take part.", title=title))


@bp.post("/month/status")
def status() -> ResponseReturnValue:
    """Say in one press what a passed date asks about: that a record has begun, or was over when it said."""
    context = month_context()
    key, version, said = _row()
    if key[0] in registry.cycle_parts and said == OVER:
        return _say_over(context, key, version)
    if key[0] != ACTIVITY or said not in (Status.ONGOING, OVER):
        refuse(400, _("Choose what the activity is by now."))
    found = _led(key[1])
    if found.version != version:
        return _refused(_("Somebody saved this activity a moment ago. Look at it again below."))
    now = Status.COMPLETED if said == OVER else Status.ONGOING
    if now is Status.COMPLETED and (problem := _end_problem(found.start, found.end, now)):
        return _refused(_("“%(title)s”: %(problem)s", title=found.title, problem=problem), 422)
    return _save_status(context, found, now, found.end)


def _say_over(context: MonthContext, key: Key, version: int) -> ResponseReturnValue:
    """The same of a record beside the activities."""
    month = context.cycle.month if context.cycle.is_open else None
    part = registry.cycle_parts[key[0]]
    try:
        title = part.say_over(db.session, key[1], version, current_user, [context.entity], month)
    except StaleVersionError:
        return _refused(_("Somebody saved this record a moment ago. Look at it again below."))
    except LookupError:
        return _refused(_("This record is not yours, or is over already."))
    db.session.commit()
    return _done(context, key, _("“%(title)s”: %(said)s.", title=title, said=part.over_label().lower()))


@bp.post("/month/end")
def end() -> ResponseReturnValue:
    """Say that an activity has come to its end: completed or cancelled, and when."""
    context = month_context()
    key, version, _said = _activity()
    found = _led(key[1])
    text = clean(request.form.get("end", "")[: 4 * MAX_END_LENGTH], lines=False)[:MAX_END_LENGTH]
    said = request.form.get("status", "")
    typed = {"id": str(key[1]), "end": text, "status": said}
    try:
        last = read_date(text)
        problem = _end_problem(found.start, last, said)
    except DateNotUnderstood as error:
        last, problem = None, str(error)
    if problem:
        return _refused(_("“%(title)s”: %(problem)s", title=found.title, problem=problem), 422, typed)
    if found.version != version:
        return _refused(
            _("Somebody saved this activity a moment ago. Look at it again below, then end it."), 409, typed
        )
    return _save_status(context, found, Status(said), last)


def _led(activity_id: int) -> Activity:
    """An activity that the person may change as a whole. 403 for others."""
    found, right, _mine = get_activity_for_edit(activity_id)
    if right is not Right.ALL:
        refuse(403, _("Only the lead entity can end this activity. Write to it, or to a coordinator."))
    return found


def _save_status(
    context: MonthContext, found: Activity, said: Status, last: ImpreciseDate | None
) -> ResponseReturnValue:
    """Save status and end of an activity, which confirms it for the month."""
    before = record.facts(found)
    found.status, found.end = said, last
    action = Action.CHANGED if said is Status.ONGOING else Action.ENDED
    changed = record.facts(found) != before
    if changed:
        found.updated_at = max(utc_now(), found.updated_at)
    for part in found.entities:
        if part.entity_id == context.entity.id and context.cycle.is_open:
            part.confirmed_month = max(part.confirmed_month or "", context.cycle.month)
    try:
        db.session.flush()
    except sa.orm.exc.StaleDataError:
        return _refused(_("Somebody saved this activity a moment ago. Try again."))
    if changed:
        record_change(db.session, found, action, before=before, after=record.facts(found), by=current_user)
    title, number = found.title, found.id
    db.session.commit()
    return _done(
        context, (ACTIVITY, number), _("“%(title)s” is %(status)s.", title=title, status=lowered(STATUS_LABELS[said]))
    )


def _end_problem(start: ImpreciseDate | None, end: ImpreciseDate | None, status: str) -> str:
    if status not in ("completed", "cancelled"):
        return str(_("choose whether it was completed or cancelled."))
    if end is None:
        return str(_("write when it ended, such as August 2026."))
    if start is not None and end.last < start.first:
        return str(_("the end lies before the beginning, %(start)s.", start=start.words()))
    return ""
