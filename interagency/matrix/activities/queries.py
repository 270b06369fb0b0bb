"""Questions about activities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from interagency.accounts.models import Person
from interagency.db.base import SAFE_METHODS, db
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity, ActivityChapter, ActivityEntity
from interagency.matrix.activities.record import Right, right_to_edit
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities_of
from interagency.text.folding import sentences
from interagency.web.context import today

MAX_ID = 2**31 - 1


def everything() -> Sequence[ORMOption]:
    """Loading options for all that a record's page or a workbook row touches."""
    return (
        selectinload(Activity.entities).joinedload(ActivityEntity.entity),
        selectinload(Activity.partners),
        selectinload(Activity.countries),
        selectinload(Activity.country_statuses),
        selectinload(Activity.regions),
        selectinload(Activity.recommendations),
        selectinload(Activity.chapters),
        selectinload(Activity.sdg_goals),
        selectinload(Activity.sdg_targets),
        selectinload(Activity.figures),
        selectinload(Activity.documents),
    )


def my_entities() -> list[Organisation]:
    """The entities the person who is here is focal point of, today."""
    return entities_of(db.session, current_user, today()) if current_user.is_authenticated else []


def get_activity(activity_id: int, *, merged: bool = False) -> Activity:
    """The activity, with everything loaded; 404 when there is none.

    One that was merged into another sends the person on to that one, unless `merged` says it is wanted itself.
    """
    if not 0 < activity_id <= MAX_ID:
        abort(404)
    activity = db.session.scalar(sa.select(Activity).where(Activity.id == activity_id).options(*everything()))
    if activity is None:
        abort(404)
    if activity.merged_into_id is not None and not merged:
        _send_on(activity)
    return activity


def survivor_of(session: Session, activity: Activity) -> Activity:
    """The activity that stands for this one: itself, or what it was merged into, however often."""
    while activity.merged_into_id is not None:
        activity = session.get_one(Activity, activity.merged_into_id)
    return activity


def merged_ids(activity_id: int) -> sa.Select[int]:
    """Selects the numbers of the activities that were merged into this one, directly or by way of another."""
    below = sa.select(Activity.id).where(Activity.merged_into_id == activity_id).cte("below", recursive=True)
    below = below.union(sa.select(Activity.id).where(Activity.merged_into_id == below.c.id))
    return sa.select(below.c.id)


def merged_into(session: Session, activity_id: int) -> list[Activity]:
    """The activities that were merged into this one, directly or by way of another, by number."""
    return list(
        session.scalars(sa.select(Activity).where(Activity.id.in_(merged_ids(activity_id))).order_by(Activity.id))
    )


def _send_on(activity: Activity) -> NoReturn:
    """To the same page of the survivor; what was sent to the merged record is not done, and said so."""
    survivor = survivor_of(db.session, activity)
    if request.method in SAFE_METHODS and request.endpoint and "activity_id" in (request.view_args or {}):
        place = {"_anchor": f"record-{activity.id}"} if request.endpoint == "activities.history" else {}
        values = {**(request.view_args or {}), "activity_id": survivor.id, **place}
        abort(redirect(url_for(request.endpoint, **values), 301))
    if request.method in SAFE_METHODS:
        flash(_("“%(title)s” was merged into this activity.", title=activity.title), "warning")
    else:
        told = _("Nothing was saved: “%(title)s” was merged into this activity meanwhile.", title=activity.title)
        flash(sentences(told, _("Do it here, if it is still wanted.")), "warning")
    abort(redirect(url_for("activities.activity", activity_id=survivor.id), 303))


def get_activity_for_edit(activity_id: int, *, merged: bool = False) -> tuple[Activity, Right, list[Organisation]]:
    """The activity, how much of it the person who is here may change (all or their part), and their entities.

    404 for what is not there, 403 for what is not theirs; of what was merged as `get_activity`.
    """
    activity = get_activity(activity_id, merged=merged)
    mine = my_entities()
    right = right_to_edit(current_user, mine, activity)
    if right is Right.NOTHING:
        abort(403)
    return activity, right, mine


def shorts_of(activity: Activity) -> dict[str, str]:
    """The acronyms of its UN entities by key, and of those that its figures name besides."""
    found = {part.entity.key: part.entity.short for part in activity.entities}
    others = {one.entity for one in activity.figures if one.entity} - found.keys()
    if others:
        named = db.session.scalars(sa.select(Organisation).where(Organisation.key.in_(others)))
        found |= {one.key: one.short for one in named}
    return found


def may_add_activities(person: Person, mine: Iterable[Organisation]) -> bool:
    """Coordinators and focal points may."""
    return person.is_coordinator or bool(list(mine))


@dataclass(frozen=True, slots=True)
class ChapterCount:
    """How many activities stand under a chapter, and how many of them are joint."""

    chapter_number: int
    activities: int
    joint: int


def counts_by_chapter(session: Session, filters: Filters, mine: Iterable[str] = ()) -> dict[int, ChapterCount]:
    """Counts for all seven chapters, also the empty ones. An activity in three chapters counts under each."""
    query = (
        sa.select(
            ActivityChapter.chapter_number,
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((Activity.is_joint, 1), else_=0)), 0),
        )
        .join(Activity, Activity.id == ActivityChapter.activity_id)
        .where(*activity_conditions(filters, mine))
        .group_by(ActivityChapter.chapter_number)
    )
    found = {row[0]: ChapterCount(*row) for row in session.execute(query)}
    return {number: found.get(number, ChapterCount(number, 0, 0)) for number in range(1, 8)}
