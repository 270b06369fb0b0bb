"""Proposing, confirming and taking back that an activity is good practice."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.activities.locks import lock
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import get_activity, get_activity_for_edit, my_entities, shorts_of
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.activities.state import practice
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("practice", __name__)


def _page(activity: Activity, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    mine = my_entities()
    page = render_template(
        "practice/activity.html",
        activity=activity,
        may_propose=practice.may_propose(current_user, mine, activity),
        may_confirm=practice.may_confirm(current_user, mine, activity),
        shorts=shorts_of(activity),
        error=error,
        typed=request.form,
        reason_length=practice.MAX_REASON_LENGTH,
    )
    return page, code


@bp.get("/activities/<int:activity_id>/practice")
def activity(activity_id: int) -> ResponseReturnValue:
    """What was said of one activity as good practice, and what can be said."""
    return _page(get_activity(activity_id))


@bp.post("/activities/<int:activity_id>/practice")
@idempotent()
def activity_post(activity_id: int) -> ResponseReturnValue:
    """Propose, confirm or take back."""
    lock(db.session, [activity_id])
    found, _right, mine = get_activity_for_edit(activity_id)
    act, version = request.form.get("act", ""), request.form.get("version", 0, type=int)
    allowed = practice.may_confirm if act == "confirm" else practice.may_propose
    if not allowed(current_user, mine, found):
        refuse(403, _("An entity that takes part proposes good practice; its lead or a coordinator confirms it."))
    try:
        if act == "propose":
            practice.propose(
                db.session, found, reason=request.form.get("reason", ""), evidence=request.form.get("evidence", ""),
                version=version, by=current_user, mine=mine,
            )  # fmt: skip
        elif act == "confirm":
            practice.confirm(db.session, found, version=version, by=current_user)
        elif act == "withdraw":
            practice.withdraw(db.session, found, version=version, by=current_user)
        else:
            raise practice.PracticeRefusal(_("Choose what to do."))
    except practice.PracticeRefusal as problem:
        return _page(found, error=str(problem), code=422)
    except StaleVersionError:
        db.session.rollback()
        told = _("Somebody saved this record meanwhile. Nothing was saved; look at it as it stands, and say it again.")
        return _page(get_activity(activity_id), error=told, code=409)
    here = url_for("activities.activity", activity_id=found.id, _anchor="practice")
    record_redirect(here)
    db.session.commit()
    flash(_("Saved: “%(title)s”.", title=found.title), "success")
    return redirect(here)
