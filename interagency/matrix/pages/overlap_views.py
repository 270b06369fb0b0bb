"""The pages of look-alikes: the list, one pair with its verdicts, joining."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.activities.filters import read_filters
from interagency.matrix.activities.locks import lock
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import get_activity, my_entities
from interagency.matrix.activities.record import Right, StaleVersionError, draft_of, right_to_edit
from interagency.matrix.cycles.answers import month_being_updated
from interagency.matrix.framework.names import chapters, recommendations
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.matrix.overlaps.fields import MergeRefusal, choices_between, labels_in_common
from interagency.matrix.overlaps.finder import common_of
from interagency.matrix.overlaps.joining import join, who_could_join
from interagency.matrix.overlaps.listing import OPEN, listing
from interagency.matrix.overlaps.models import VerdictKind
from interagency.matrix.overlaps.verdicts import history_of, keep_verdict
from interagency.text.languages import commas
from interagency.web.context import utc_now
from interagency.web.errors import refuse

bp = Blueprint("overlaps", __name__)
VERDICT_WORDS = {
    VerdictKind.SAME: _l("The same"),
    VerdictKind.RELATED: _l("Related"),
    VerdictKind.DISTINCT: _l("Something else"),
}


@bp.get("/overlaps")
def overlaps() -> ResponseReturnValue:
    """Pairs of activities of different entities that look alike: all for coordinators, their own for focal points."""
    mine = my_entities()
    if not (current_user.is_coordinator or mine):
        refuse(403, _("Look-alikes are judged by coordinators and focal points."))
    filters = read_filters(db.session, request.args)
    shown = request.args.get("shown", OPEN)
    if shown != OPEN and shown not in set(VerdictKind):
        shown = OPEN
    found = listing(
        db.session,
        filters,
        mine=[entity.key for entity in mine],
        own=None if current_user.is_coordinator else {entity.id for entity in mine},
        shown=shown,
        after=request.args.get("after", "")[:60],
    )
    return render_template(
        "overlaps/list.html",
        found=found,
        filters=filters,
        shown=shown,
        after=request.args.get("after", ""),
        verdict_words=VERDICT_WORDS,
        chapters=chapters(db.session),
        entities=entities(db.session, retired=True),
        recommendations=recommendations(db.session),
        has_mine=bool(mine),
        query=request.query_string.decode("ascii", "replace"),
    )


def get_pair(first_id: int, second_id: int) -> tuple[Activity, Activity, list[Organisation]]:
    """Two activities and the entities of the person who is here, locked when something is to be written.

    404 for what is not there, 403 for who has no part in either; a merged one sends on to where it went.
    """
    if first_id == second_id:
        refuse(400, _("An activity cannot be compared or merged with itself. Choose two."))
    if request.method == "POST":
        lock(db.session, (first_id, second_id))
    first, second, mine = get_activity(first_id, merged=True), get_activity(second_id, merged=True), my_entities()
    for one in (first, second):
        if one.merged_into_id is not None:
            get_activity(one.id)  # sends on
    parts = {part.entity_id for activity in (first, second) for part in activity.entities}
    if not (current_user.is_coordinator or parts & {entity.id for entity in mine}):
        refuse(403, _("Only the entities of the two activities, and coordinators, judge them."))
    return first, second, mine


def rights_on(first: Activity, second: Activity, mine: list[Organisation]) -> tuple[Right, Right]:
    """What the person who is here may change in each of the two."""
    return right_to_edit(current_user, mine, first), right_to_edit(current_user, mine, second)


@bp.get("/overlaps/<int:first_id>/<int:second_id>")
def pair(first_id: int, second_id: int) -> ResponseReturnValue:
    """Two activities side by side: why they are shown, what was said of them, and what can be done."""
    first, second, mine = get_pair(first_id, second_id)
    return _pair_page(first, second, mine)


def _pair_page(
    first: Activity, second: Activity, mine: list[Organisation], *, error: str = "", code: int = 200
) -> ResponseReturnValue:
    said = history_of(db.session, first.id, second.id)
    rights = rights_on(first, second, mine)
    page = render_template(
        "overlaps/pair.html",
        sides=[
            (one, other, right, who_could_join(one, other))
            for one, other, right in ((first, second, rights[0]), (second, first, rights[1]))
        ],
        first=first,
        second=second,
        reasons=common_of(db.session, draft_of(db.session, first), second.id, own_id=first.id).reasons(),
        differences=choices_between(db.session, first, second),
        in_common=labels_in_common(first, second),
        said=said,
        stands=said[0].kind if said else None,
        may_merge=rights == (Right.ALL, Right.ALL),
        verdict_words=VERDICT_WORDS,
        Right=Right,
        error=error,
    )
    return page, code


@bp.post("/overlaps/<int:first_id>/<int:second_id>/verdict")
def verdict_post(first_id: int, second_id: int) -> ResponseReturnValue:
    """Say what the two are; a later word replaces it and both stay in the history."""
    first, second, mine = get_pair(first_id, second_id)
    kinds = {kind.value: kind for kind in VerdictKind}
    kind = kinds.get(request.form.get("kind", ""))
    if kind is None:
        return _pair_page(first, second, mine, error=_("Choose what the two are."), code=422)
    changed = keep_verdict(db.session, first.id, second.id, kind, current_user, utc_now())
    db.session.commit()
    flash(
        _("Kept: “%(first)s” and “%(second)s”: %(kind)s.", first=first.title, second=second.title,
          kind=str(VERDICT_WORDS[kind]).lower()) if changed else _("That is what stood already."),
        "success",
    )  # fmt: skip
    if kind is VerdictKind.SAME or request.form.get("back") != "list":
        return redirect(url_for("overlaps.pair", first_id=first_id, second_id=second_id))
    query = request.query_string.decode("ascii", "replace")
    return redirect(url_for("overlaps.overlaps") + (f"?{query}" if query else ""))


@bp.post("/overlaps/<int:first_id>/<int:second_id>/join")
def join_post(first_id: int, second_id: int) -> ResponseReturnValue:
    """Name the entities of the second record in the first, which then asks them to confirm."""
    first, second, mine = get_pair(first_id, second_id)
    if rights_on(first, second, mine)[0] is not Right.ALL:
        refuse(403, _("Only the lead of “%(title)s” and coordinators name entities in it.", title=first.title))
    version = request.form.get("version", 0, type=int)
    month = month_being_updated(db.session, [entity.id for entity in mine])
    try:
        joined = join(db.session, first, second, version=version, by=current_user, mine=mine, month=month)
        keep_verdict(db.session, first.id, second.id, VerdictKind.SAME, current_user, utc_now())
    except StaleVersionError:
        db.session.rollback()
        return _again(
            first_id, second_id, _("Somebody saved one of the two a moment ago. Look at it, then do it again.")
        )
    except MergeRefusal as refusal:
        db.session.rollback()
        return _again(first_id, second_id, str(refusal))
    db.session.commit()
    names = commas(entity.short for entity in joined)
    flash(
        _("Named in this activity and asked whether they take part: %(names)s.", names=names),
        "success",
    )  # fmt: skip
    return redirect(url_for("activities.activity", activity_id=first_id))


def _again(first_id: int, second_id: int, error: str) -> ResponseReturnValue:
    first, second, mine = get_pair(first_id, second_id)
    return _pair_page(first, second, mine, error=error, code=409)
