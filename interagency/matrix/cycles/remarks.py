"""Remarks on the quality of records before a month is closed. They tell, they never block."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import (
    Activity,
    ActivityEntity,
    Participation,
    Status,
    activity_recommendation,
)
from interagency.matrix.cycles.confirming import LIVE
from interagency.matrix.cycles.month import STALE_AFTER, STALE_AFTER_WORDS
from interagency.matrix.cycles.months import month_after
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.kept import kept_pairs
from interagency.matrix.overlaps.models import Verdict, VerdictKind


class RemarkKind(enum.StrEnum):
    """What is noticed."""

    ENDED = "ongoing, but its end has passed"
    NOT_BEGUN = "planned, but its beginning has passed"
    NO_RECOMMENDATION = "no recommendation"
    NO_DESCRIPTION = "no description"
    STALE = f"not confirmed for {STALE_AFTER_WORDS} or more"
    ALIKE = "looks like another activity"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing noticed about one activity; `detail` says which entity or which other activity.

    `other_id` is the other activity, of ALIKE only.
    """

    kind: RemarkKind
    activity_id: int
    title: str
    detail: str = ""
    other_id: int | None = None


def remarks(session: Session, month: str, day: date) -> list[Remark]:
    """Everything noticed about the listed activities on `day`, for the cycle of `month`, by kind and title."""
    found = [*_of_dates(session, day), *_of_gaps(session), *_stale(session, month), *_alike(session)]
    order = list(RemarkKind)
    return sorted(found, key=lambda remark: (order.index(remark.kind), remark.title.casefold(), remark.activity_id))


def _select(*conditions: sa.ColumnElement[bool]) -> sa.Select[int, str]:
    return sa.select(Activity.id, Activity.title).where(Activity.is_listed, *conditions)


def _of_dates(session: Session, day: date) -> Iterator[Remark]:
    for kind, conditions in (
        (RemarkKind.ENDED, (Activity.status == Status.ONGOING, Activity.end_last < day)),
        (RemarkKind.NOT_BEGUN, (Activity.status == Status.PLANNED, Activity.start_last < day)),
    ):
        for activity_id, title in session.execute(_select(*conditions)):
            yield Remark(kind, activity_id, title)


def _of_gaps(session: Session) -> Iterator[Remark]:
    with_one = sa.select(activity_recommendation.c.activity_id)
    live = Activity.status.in_(LIVE)
    for kind, condition in (
        (RemarkKind.NO_RECOMMENDATION, Activity.id.not_in(with_one)),
        (RemarkKind.NO_DESCRIPTION, Activity.description == ""),
    ):
        for activity_id, title in session.execute(_select(live, condition)):
            yield Remark(kind, activity_id, title)


def _stale(session: Session, month: str) -> Iterator[Remark]:
    """Live activities an entity last confirmed `STALE_AFTER` months ago or before; those never confirmed once the
    activity is that old."""
    limit = month_after(month, -STALE_AFTER)
    query = (
        sa.select(
            Activity.id,
            Activity.title,
            sa.func.coalesce(Organisation.acronym, Organisation.name),
            ActivityEntity.confirmed_month,
            Activity.created_at,
        )
        .join(ActivityEntity, ActivityEntity.activity_id == Activity.id)
        .join(Organisation, Organisation.id == ActivityEntity.entity_id)
        .where(
            Activity.is_listed,
            Activity.status.in_(LIVE),
            ActivityEntity.participation == Participation.CONFIRMED,
            sa.or_(ActivityEntity.confirmed_month.is_(None), ActivityEntity.confirmed_month <= limit),
        )
        .order_by(Organisation.position)
    )
    for activity_id, title, short, confirmed, created in session.execute(query):
        if confirmed:
            yield Remark(RemarkKind.STALE, activity_id, title, f"{short}: {confirmed}")
        elif f"{created:%Y-%m}" <= limit:
            yield Remark(RemarkKind.STALE, activity_id, title, f"{short}: never")


def _alike(session: Session) -> Iterator[Remark]:
    """Live activities whose titles are alike, unless somebody judged that they are two."""
    titles: dict[int, str] = dict(session.execute(_select()).all())
    two = sa.select(Verdict.first_id, Verdict.second_id).where(Verdict.kind != VerdictKind.SAME)
    are_two = {(first, second) for first, second in session.execute(two)}
    for pair in kept_pairs(session).pairs:
        first, second = pair.first_id, pair.second_id
        # What is kept may be older than a merging.
        is_theirs = first in titles and second in titles and (first, second) not in are_two
        if is_theirs and pair.is_live and pair.common.is_alike_in_title:
            yield Remark(RemarkKind.ALIKE, second, titles[second], titles[first], other_id=first)
