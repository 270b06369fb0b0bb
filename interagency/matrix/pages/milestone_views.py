"""The milestones of an activity: steps with a date of their own, to which events may belong."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.db.history import audit
from interagency.matrix.activities.locks import lock
from interagency.matrix.activities.models import TITLE_LENGTH, Activity, Milestone
from interagency.matrix.activities.queries import get_activity, get_activity_for_edit, my_entities, survivor_of
from interagency.matrix.activities.record import Right, right_to_edit
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean
from interagency.text.languages import commas
from interagency.text.typed_dates import DateNotUnderstood, read_date
from interagency.web.context import today
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("milestones", __name__)


def milestones_of(activity_id: int) -> list[Milestone]:
    """The milestones of an activity, by date."""
    query = sa.select(Milestone).where(Milestone.activity_id == activity_id)
    return list(db.session.scalars(query.order_by(Milestone.due_first.asc().nulls_last(), Milestone.id)))


def _page(activity: Activity, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    page = render_template(
        "matrix/milestones.html",
        activity=activity,
        milestones=milestones_of(activity.id),
        may_edit=right_to_edit(current_user, my_entities(), activity) is Right.ALL,
        error=error,
        typed=request.form,
        title_length=TITLE_LENGTH,
    )
    return page, code


@bp.get("/activities/<int:activity_id>/milestones")
def milestones(activity_id: int) -> ResponseReturnValue:
    """The milestones of one activity."""
    return _page(get_activity(activity_id))


@bp.post("/activities/<int:activity_id>/milestones")
@idempotent()
def milestones_post(activity_id: int) -> ResponseReturnValue:
    """Add a milestone, or change, reach or remove one."""
    lock(db.session, [activity_id])
    activity, right, _mine = get_activity_for_edit(activity_id, merged=True)
    if activity.merged_into_id is not None:
        return _moved_page(activity)
    if right is not Right.ALL:
        refuse(403, _("Only the lead entity keeps the milestones of this activity."))
    act = request.form.get("act", "")
    try:
        milestone = _read(activity, act)
    except ValueError as problem:
        return _page(activity, error=str(problem), code=422)
    audit(
        db.session, f"milestone.{act}", by=current_user, activity=activity.id, milestone=milestone.title,
        due=milestone.due.code if milestone.due else None,
    )  # fmt: skip
    here = url_for("milestones.milestones", activity_id=activity.id)
    record_redirect(here)
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=milestone.title), "success")
    return redirect(here)


def _moved_page(merged: Activity) -> ResponseReturnValue:
    """What was written for an activity that was merged into another meanwhile: in the forms of that one, unsaved."""
    survivor = get_activity(survivor_of(db.session, merged).id)
    typed = [clean(request.form.get(name, ""), lines=False) for name in ("title", "due")]
    told = [_("Nothing was saved: “%(title)s” was merged into this activity meanwhile.", title=merged.title)]
    if typed[0]:
        told.append(_("You wrote: %(words)s.", words=commas(filter(None, [f"“{typed[0]}”", typed[1]]))))
    if right_to_edit(current_user, my_entities(), survivor) is Right.ALL:
        told.append(_("It stands in the form below: save it here, if it is still wanted."))
    else:
        told.append(_("The lead entity of this activity keeps its milestones: send it to them, or to a coordinator."))
    return _page(survivor, error=" ".join(told), code=409)


def _read(activity: Activity, act: str) -> Milestone:
    """Do the act; the milestone it was done to. Raises ValueError with a sentence."""
    if act == "add":
        title, due = _title_and_due()
        made = Milestone(activity_id=activity.id, title=title, due=due)
        db.session.add(made)
        return made
    found = db.session.get(Milestone, request.form.get("id", 0, type=int))
    if found is None or found.activity_id != activity.id:
        raise ValueError(_("This milestone is no longer there. Look at the list below."))
    if act == "change":
        found.title, found.due = _title_and_due()
    elif act == "reached":
        found.reached_on = found.reached_on or today()
    elif act == "unreached":
        found.reached_on = None
    elif act == "remove":
        db.session.delete(found)
    else:
        raise ValueError(_("Choose what becomes of the milestone."))
    return found


def _title_and_due() -> tuple[str, ImpreciseDate | None]:
    title = clean(request.form.get("title", ""), lines=False)
    if not title or len(title) > TITLE_LENGTH:
        raise ValueError(_("Write a title of up to %(max)s characters.", max=TITLE_LENGTH))
    try:
        return title, read_date(clean(request.form.get("due", ""), lines=False)[:60])
    except DateNotUnderstood as problem:
        raise ValueError(str(problem)) from None
