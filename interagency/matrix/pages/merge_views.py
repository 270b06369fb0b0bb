"""Merging two activities at the pages: choosing field by field, doing it, undoing it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.activities.locks import lock
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import MAX_ID, get_activity
from interagency.matrix.activities.record import Right, StaleVersionError
from interagency.matrix.cycles.answers import month_being_updated
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.fields import MergeRefusal, choices_between
from interagency.matrix.overlaps.merging import merge
from interagency.matrix.overlaps.models import Merge
from interagency.matrix.overlaps.undoing import undo
from interagency.matrix.pages.overlap_views import get_pair, rights_on
from interagency.web.access import coordinators_only
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse

bp = Blueprint("merging", __name__)


def _get_pair_to_merge(first_id: int, second_id: int) -> tuple[Activity, Activity, list[Organisation]]:
    """Two activities, both of which the person who is here may edit; 403 otherwise."""
    survivor, other, mine = get_pair(first_id, second_id)
    if rights_on(survivor, other, mine) != (Right.ALL, Right.ALL):
        refuse(
            403,
            _(
                "To merge two activities one must be able to edit both. Say that they are the same and ask the other "
                "lead, or a coordinator, to merge them."
            ),
        )
    return survivor, other, mine


@bp.get("/overlaps/<int:first_id>/<int:second_id>/merge")
def merge_page(first_id: int, second_id: int) -> ResponseReturnValue:
    """Both versions field by field; the first of the two survives."""
    survivor, other, _mine = _get_pair_to_merge(first_id, second_id)
    return _page(survivor, other)


def _page(survivor: Activity, other: Activity, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    page = render_template(
        "overlaps/merge.html",
        survivor=survivor,
        other=other,
        choices=choices_between(db.session, survivor, other),
        picked=request.form,
        error=error,
    )
    return page, code


@bp.post("/overlaps/<int:first_id>/<int:second_id>/merge")
def merge_post(first_id: int, second_id: int) -> ResponseReturnValue:
    """Make one of the two, as chosen."""
    survivor, other, mine = _get_pair_to_merge(first_id, second_id)
    choices = {
        name.removeprefix("choice-"): value for name, value in request.form.items() if name.startswith("choice-")
    }
    versions = (request.form.get("survivor_version", 0, type=int), request.form.get("other_version", 0, type=int))
    try:
        done = merge(
            db.session, survivor, other, choices, versions=versions, by=current_user, at=utc_now(), day=today(),
            mine=mine, month=month_being_updated(db.session, [entity.id for entity in mine]),
        )  # fmt: skip
    except StaleVersionError:
        db.session.rollback()
        stale = _(
            "Somebody saved one of the two, or one of their events, meanwhile. What stands now is below; choose again."
        )
        return _again(first_id, second_id, stale, 409)
    except MergeRefusal as refusal:
        db.session.rollback()
        return _again(first_id, second_id, str(refusal), 422)
    db.session.commit()
    flash(_("“%(title)s” was merged into this activity. Its address leads here, its history stands below this one's.",
            title=other.title), "success")  # fmt: skip
    if any(one["asked_again"] for one in done.kept["consent"]):
        flash(_("What one of the two was not shared with does not see the merged one: its entities are asked for their "
                "agreement again, see Sharing."), "warning")  # fmt: skip
    return redirect(url_for("activities.activity", activity_id=survivor.id))


def _again(first_id: int, second_id: int, error: str, code: int) -> ResponseReturnValue:
    survivor, other, _mine = _get_pair_to_merge(first_id, second_id)
    return _page(survivor, other, error=error, code=code)


@bp.post("/activities/<int:activity_id>/merges/<int:merge_id>/undo")
@coordinators_only
def undo_post(activity_id: int, merge_id: int) -> ResponseReturnValue:
    """Make two of one again, while nothing was built on it."""
    found = db.session.get(Merge, merge_id) if 0 < merge_id <= MAX_ID else None
    if found is None or found.survivor_id != activity_id:
        refuse(404, _("There is no such merging."))
    lock(db.session, [found.survivor_id, found.merged_id])
    db.session.refresh(found)
    survivor, other = get_activity(found.survivor_id, merged=True), get_activity(found.merged_id, merged=True)
    here = redirect(url_for("activities.activity", activity_id=activity_id))
    try:
        undo(db.session, found, survivor, other, by=current_user, at=utc_now())
    except MergeRefusal as refusal:
        db.session.rollback()
        flash(_("Not undone: %(reason)s", reason=str(refusal)), "error")
        return here
    except StaleVersionError:
        db.session.rollback()
        flash(_("Not undone: one of the records was saved this very moment. Try again."), "error")
        return here
    db.session.commit()
    flash(_("The two are two again: this one and “%(title)s”.", title=other.title), "success")
    return here
