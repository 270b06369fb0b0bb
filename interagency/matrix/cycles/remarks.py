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
    activity_recommendation,
)
from interagency.matrix.cycles.confirming import LIVE
from interagency.matrix.cycles.month.reasons import STALE_AFTER_WORDS, Reason, activity_reasons
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.models import VerdictKind
from interagency.matrix.overlaps.pairs import all_pairs


class RemarkKind(enum.StrEnum):
    """What is noticed."""

    ENDED = "its end has passed, and it is not said to be over"
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
    found = [*_of_dates(session, month, day), *_of_gaps(session), *_stale(session, month, day), *_alike(session)]
    order = list(RemarkKind)
    return sorted(found, key=lambda remark: (order.index(remark.kind), remark.title.casefold(), remark.activity_id))


def _select(*conditions: sa.ColumnElement[bool]) -> sa.Select[int, str]:
    return sa.select(Activity.id, Activity.title).where(Activity.is_listed, *conditions)


def _of_dates(session: Session, month: str, day: date) -> Iterator[Remark]:
    noticed = activity_reasons(month, day)
    for kind, reason in ((RemarkKind.ENDED, Reason.ENDED), (RemarkKind.NOT_BEGUN, Reason.NOT_BEGUN)):
        for activity_id, title in session.execute(_select(noticed[reason])):
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


def _stale(session: Session, month: str, day: date) -> Iterator[Remark]:
    """Live activities that an entity has not confirmed for long, by entity."""
    query = (
        sa.select(
            Activity.id,
            Activity.title,
            sa.func.coalesce(Organisation.acronym, Organisation.name),
            ActivityEntity.confirmed_month,
        )
        .join(ActivityEntity, ActivityEntity.activity_id == Activity.id)
        .join(Organisation, Organisation.id == ActivityEntity.entity_id)
        .where(
            Activity.is_listed,
            ActivityEntity.participation == Participation.CONFIRMED,
            activity_reasons(month, day)[Reason.STALE],
        )
        .order_by(Organisation.position)
    )
    for activity_id, title, short, confirmed in session.execute(query):
        yield Remark(RemarkKind.STALE, activity_id, title, f"{short}: {confirmed or 'never'}")


def _alike(session: Session) -> Iterator[Remark]:
    """Live activities whose titles are alike, unless somebody judged that they are two."""
    titles: dict[int, str] = dict(session.execute(_select()).all())
    for pair in all_pairs(session).pairs:
        if pair.is_live and pair.common.is_alike_in_title and pair.verdict in (None, VerdictKind.SAME):
            first, second = pair.first_id, pair.second_id
            yield Remark(RemarkKind.ALIKE, second, titles[second], titles[first], other_id=first)
