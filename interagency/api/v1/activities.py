"""Activities: lists and single ones, made and changed by the same form and the same functions as on the pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from flask import request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_smorest import Blueprint

from interagency.api.v1 import gate, versions
from interagency.api.v1.activity_forms import form_of, require_form
from interagency.api.v1.answering import answer_of, commit_new, made_before
from interagency.api.v1.paging import chosen_names, links, list_page, narrowed, refuse_unreadable
from interagency.api.v1.schemas import (
    ACTIVITY_NAMES,
    ActivitySchema,
    ListQuery,
    NewActivity,
    One,
    OwnPart,
    page_of,
)
from interagency.db.base import db
from interagency.matrix.activities import record
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.fields import empty_facts
from interagency.matrix.activities.filters import NAMES, read_filters
from interagency.matrix.activities.models import Activity, Participation
from interagency.matrix.activities.queries import (
    MAX_ID,
    get_activity,
    get_activity_for_edit,
    may_add_activities,
    my_entities,
)
from interagency.matrix.activities.reader import entries
from interagency.matrix.activities.record import Right, StaleVersionError
from interagency.matrix.cycles.answers import month_being_updated
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.asking import Question, question_on
from interagency.web.context import utc_now
from interagency.web.problems import Problem

bp = Blueprint("api_activities", __name__, url_prefix="/api/v1/activities", description="Activities of the matrix")
gate.prepare(bp)
_OUT = {"id": "id", "version": "version", "updated": "updated_at", "joint": "joint", "chapters": "all_chapters"}


def item_of(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the reader as the API says it."""
    facts: dict[str, Any] = entry["facts"]
    return {new: entry[old] for old, new in _OUT.items()} | facts


def _items(ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    if ids:
        yield from map(item_of, entries(db.session, [Activity.id.in_(ids)]))


def _tombstone(activity: Activity) -> dict[str, Any]:
    return {
        "id": activity.id,
        "version": activity.version,
        "updated_at": activity.updated_at.isoformat(),
        "gone": True,
        "merged_into": activity.merged_into_id,
    }


@bp.route("", methods=["GET"])
@bp.arguments(ListQuery, location="query")
@bp.response(200, page_of(ActivitySchema, "Activities"))
def activities(query: dict[str, Any]) -> Any:
    """The activities under filters, by number; with `updated_since` by when they were saved.

    Filters have the names of the pages: entity, chapter, recommendation, country, region, status, level, joint, q …
    """
    filters = read_filters(db.session, request.args)
    refuse_unreadable(filters, NAMES)
    query["names"] = chosen_names(query["fields_"], ACTIVITY_NAMES)
    mine = [entity.key for entity in my_entities()]
    page = list_page(db.session, Activity, activity_conditions(filters, mine), query, _items, _tombstone)
    return page, links(page)


def _found(activity_id: int) -> Activity:
    """The activity, loaded; 404, or 410 with the one that stands for it where it was merged."""
    if not 0 < activity_id <= MAX_ID:
        raise Problem(404, _("There is no such activity."))
    found = db.session.get(Activity, activity_id)
    if found is None:
        raise Problem(404, _("There is no such activity."))
    if found.merged_into_id is not None:
        words = _("This activity was merged into another, which “merged_into” names.")
        raise Problem(410, words, merged_into=found.merged_into_id)
    return get_activity(activity_id)


@bp.route("/<int:activity_id>", methods=["GET"])
@bp.arguments(One, location="query")
@bp.response(200, ActivitySchema)
@bp.alt_response(304, description="Not changed")
@bp.alt_response(410, description="Merged into another")
def activity(query: dict[str, Any], activity_id: int) -> Any:
    """One activity. Its ETag is its version."""
    names = chosen_names(query["fields_"], ACTIVITY_NAMES)
    row = None
    if 0 < activity_id <= MAX_ID:
        asked = sa.select(Activity.version, Activity.merged_into_id).where(Activity.id == activity_id)
        row = db.session.execute(asked).first()
    if row is None or row.merged_into_id is not None:
        _found(activity_id)
    assert row is not None
    if (unchanged := versions.not_modified(row.version)) is not None:
        return unchanged
    item, status, headers = answer_of(_items, activity_id)
    return narrowed(item, names), status, headers


def _month(mine: list[Organisation]) -> str | None:
    return month_being_updated(db.session, [entity.id for entity in mine])


def _refuse_look_alikes(question: Question) -> None:
    """409 with the look-alikes that nobody has judged (rule 13)."""
    if question.is_open:
        alike = [
            {"activity": one.activity_id, "address": url_for("activities.activity", activity_id=one.activity_id)}
            for one in question.alike
        ]
        words = _(
            "There are activities like this one. Look at them; then send it again with “verdicts”: for each number, "
            "or “rest”, related or distinct."
        )
        raise Problem(409, words, look_alikes=alike)


def _verdicts(sent: dict[str, Any]) -> dict[str, str]:
    return {f"verdict-{number}": said for number, said in sent.pop("verdicts", {}).items()}


@bp.route("", methods=["POST"])
@bp.arguments(NewActivity)
@bp.response(201, ActivitySchema)
@bp.alt_response(409, description="Look-alikes that nobody has judged; or the Idempotency-Key was used otherwise")
def create(sent: dict[str, Any]) -> Any:
    """A new activity. With an `Idempotency-Key` it is made once, however often it is sent."""
    mine = my_entities()
    if not may_add_activities(current_user, mine):
        raise Problem(403, _("Only coordinators and focal points add activities."))
    if (earlier := made_before(_items)) is not None:
        return earlier
    answers = _verdicts(sent)
    form = form_of(empty_facts() | sent, mine=mine)
    require_form(form)
    draft = form.draft()
    named = {one.id for one in (draft.lead, *draft.entities, *draft.supporting) if one is not None}
    if not current_user.is_coordinator and not named & {entity.id for entity in mine}:
        words = _("Name an entity you speak for as lead, or among the other UN entities.")
        raise Problem(422, words, errors={"lead": [words]})
    question = question_on(db.session, draft, answers)
    _refuse_look_alikes(question)
    question.hold(db.session)
    made = record.create_activity(db.session, draft, by=current_user, mine=mine, month=_month(mine))
    question.keep(db.session, made.id, current_user, utc_now())
    return commit_new(_items, made.id, url_for("api_activities.activity", activity_id=made.id))


@bp.route("/<int:activity_id>", methods=["PATCH"])
@bp.arguments(NewActivity)
@bp.response(200, ActivitySchema)
@bp.alt_response(412, description="Saved by somebody else since it was read: both versions")
@bp.alt_response(428, description="Without If-Match")
def change(sent: dict[str, Any], activity_id: int) -> Any:
    """Change the members that are sent; the others stay as they are. Needs If-Match."""
    _found(activity_id)
    found, right, mine = get_activity_for_edit(activity_id)
    if right is not Right.ALL:
        words = _("The lead changes the activity. Your entity says its own part at “participation”.")
        raise Problem(403, words)
    stands = record.facts(found)
    version = versions.version_read(found.version, stands)
    answers = _verdicts(sent)
    form = form_of(stands | sent, activity=found, mine=mine)
    require_form(form)
    draft = form.draft()
    question = question_on(db.session, draft, answers, found)
    _refuse_look_alikes(question)
    month = _month(mine)
    question.hold(db.session, activity_id)
    try:
        record.save_activity(db.session, found, draft, version=version, by=current_user, mine=mine, month=month)
    except StaleVersionError:
        _stale(activity_id)
    question.keep(db.session, activity_id, current_user, utc_now())
    db.session.commit()
    return answer_of(_items, activity_id)


def _stale(activity_id: int) -> None:
    db.session.rollback()
    theirs = get_activity(activity_id, merged=True)
    versions.raise_stale(theirs.version, record.facts(theirs))


@bp.route("/<int:activity_id>/participation", methods=["POST"])
@bp.arguments(OwnPart)
@bp.response(200, ActivitySchema)
@bp.alt_response(412, description="Saved by somebody else since it was read: both versions")
@bp.alt_response(428, description="Without If-Match")
def participation(sent: dict[str, Any], activity_id: int) -> Any:
    """Say for one's entity that it takes part or not, and what it does in it. Needs If-Match."""
    found = _found(activity_id)
    mine = [entity for entity in my_entities() if entity.key == sent["entity"]]
    part = next((one for one in found.entities if mine and one.entity_id == mine[0].id), None)
    if part is None:
        raise Problem(403, _("You do not speak for that entity, or it is not named in this activity."))
    version = versions.version_read(found.version, record.facts(found))
    said = {part.entity_id: Participation(sent["participation"])} if "participation" in sent else {}
    roles = {part.entity_id: sent["role"]} if "role" in sent else {}
    try:
        record.save_own_part(
            db.session, found, roles=roles, participations=said, version=version, by=current_user, mine=mine,
            month=_month(mine),
        )  # fmt: skip
    except StaleVersionError:
        _stale(activity_id)
    db.session.commit()
    return answer_of(_items, activity_id)
