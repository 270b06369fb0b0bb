"""Remarks on the quality of records before a month is closed. They tell, they never block."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import (
    Activity,
    ActivityEntity,
    Participation,
    activity_recommendation,
)
from interagency.matrix.activities.state.light import LIVE, STALE_AFTER
from interagency.matrix.cycles.month.reasons import Reason, activity_reasons
from interagency.matrix.framework.titles import spoken
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.pair_cache import cached_pairs
from interagency.matrix.overlaps.tally import is_one_twice, tally, verdicts_of
from interagency.text.languages import commas

SIZE = 50  # remarks on one page


class RemarkKind(enum.StrEnum):
    """What is noticed."""

    AWAITED = "awaited"
    ENDED = "ended"
    NOT_BEGUN = "not-begun"
    NO_RECOMMENDATION = "no-recommendation"
    NO_DESCRIPTION = "no-description"
    STALE = "stale"
    ALIKE = "alike"


def remark_line(kind: RemarkKind, count: int | None) -> str:
    """`2 activities are ongoing, but their end has passed`; of ALIKE also where nobody has counted (None)."""
    if count is None:
        return str(_("Activities that may be one and the same"))
    lines: dict[RemarkKind, Callable[[], str]] = {
        RemarkKind.AWAITED: lambda: ngettext(
            "%(num)s joint activity waits for an entity to say whether it takes part",
            "%(num)s joint activities wait for an entity to say whether it takes part",
            count,
        ),
        RemarkKind.ENDED: lambda: ngettext(
            "%(num)s activity is not said to be over, but its end has passed",
            "%(num)s activities are not said to be over, but their end has passed",
            count,
        ),
        RemarkKind.NOT_BEGUN: lambda: ngettext(
            "%(num)s activity is planned, but its beginning has passed",
            "%(num)s activities are planned, but their beginning has passed",
            count,
        ),
        RemarkKind.NO_RECOMMENDATION: lambda: ngettext(
            "%(num)s activity has no recommendation", "%(num)s activities have no recommendation", count
        ),
        RemarkKind.NO_DESCRIPTION: lambda: ngettext(
            "%(num)s activity has no description", "%(num)s activities have no description", count
        ),
        RemarkKind.STALE: lambda: ngettext(
            "%(num)s activity was not confirmed for %(months)s months or more",
            "%(num)s activities were not confirmed for %(months)s months or more",
            count,
            months=STALE_AFTER,
        ),
        RemarkKind.ALIKE: lambda: ngettext(
            "%(num)s activity looks like another", "%(num)s activities look like another", count
        ),
    }
    return lines[kind]()


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


def remark_counts(
    session: Session, month: str, day: date, kinds: Iterable[RemarkKind] = RemarkKind
) -> dict[RemarkKind, int | None]:
    """How many activities each of `kinds` is noticed of on `day` in the cycle of `month`; without those it is of none.

    None: too many activities to compare for a number. The page of that kind compares them.
    """
    found: dict[RemarkKind, int | None] = {}
    kinds = list(kinds)
    plain = _plain_counts(session, month, day) if set(kinds) & set(PLAIN) else {}
    for kind in kinds:
        if kind is RemarkKind.ALIKE:
            known = tally(session)
            found[kind] = known.twice if known else None
        elif kind in plain:
            found[kind] = plain[kind]
        else:
            query = _query(kind, month, day).with_only_columns(sa.func.count(sa.distinct(Activity.id)))
            found[kind] = session.scalar(query.order_by(None)) or 0
    return {kind: count for kind, count in found.items() if count != 0}


def remarks(session: Session, kind: RemarkKind, month: str, day: date, *, page: int = 1) -> list[Remark]:
    """One page of what is noticed of this kind, by title. Afterwards the numbers of ALIKE are known, too."""
    if kind is RemarkKind.ALIKE:
        found = _alike(session)
        return found[SIZE * (page - 1) : SIZE * page]
    query = _query(kind, month, day)
    chosen = query.with_only_columns(Activity.id, Activity.title).group_by(Activity.id, Activity.title)
    rows = session.execute(
        chosen.order_by(None).order_by(sa.func.lower(Activity.title), Activity.id).limit(SIZE).offset(SIZE * (page - 1))
    ).all()
    details = _details(session, kind, month, day, [row.id for row in rows])
    return [Remark(kind, row.id, row.title, details.get(row.id, "")) for row in rows]


# What one row of an activity tells by itself: counted in one reading of them all.
PLAIN = (RemarkKind.ENDED, RemarkKind.NOT_BEGUN, RemarkKind.NO_DESCRIPTION)


def _plain(month: str, day: date) -> dict[RemarkKind, sa.ColumnElement[bool]]:
    noticed = activity_reasons(month, day)
    return {
        RemarkKind.ENDED: noticed[Reason.ENDED],
        RemarkKind.NOT_BEGUN: noticed[Reason.NOT_BEGUN],
        RemarkKind.NO_DESCRIPTION: sa.and_(Activity.status.in_(LIVE), Activity.description == ""),
    }


def _plain_counts(session: Session, month: str, day: date) -> dict[RemarkKind, int]:
    columns = [sa.func.sum(sa.case((condition, 1), else_=0)) for condition in _plain(month, day).values()]
    row = session.execute(sa.select(*columns).where(Activity.is_listed)).one()
    return {kind: count or 0 for kind, count in zip(PLAIN, row, strict=True)}


def _query(kind: RemarkKind, month: str, day: date) -> Any:
    """The activities of which it is noticed; with a row for each entity where entities are concerned."""
    query: Any = sa.select(Activity.id, Activity.title).where(Activity.is_listed)
    if kind in PLAIN:
        return query.where(_plain(month, day)[kind])
    if kind is RemarkKind.NO_RECOMMENDATION:
        with_one = sa.select(activity_recommendation.c.activity_id)
        return query.where(Activity.status.in_(LIVE), Activity.id.not_in(with_one))
    query = query.join(ActivityEntity, ActivityEntity.activity_id == Activity.id)
    if kind is RemarkKind.AWAITED:
        return query.where(ActivityEntity.participation == Participation.AWAITED)
    stale = activity_reasons(month, day)[Reason.STALE]
    return query.where(ActivityEntity.participation == Participation.CONFIRMED, stale)


def _details(session: Session, kind: RemarkKind, month: str, day: date, ids: list[int]) -> dict[int, str]:
    """Which entities a remark is about, by activity: `WHO: 2026-01, UNDP: never`."""
    if kind not in (RemarkKind.AWAITED, RemarkKind.STALE):
        return {}
    query = (
        _query(kind, month, day)
        .join(Organisation, Organisation.id == ActivityEntity.entity_id)
        .where(Activity.id.in_(ids))
        .with_only_columns(
            Activity.id,
            sa.func.coalesce(Organisation.acronym, Organisation.name),
            ActivityEntity.confirmed_month,
        )
        .order_by(Organisation.position, Organisation.id)
    )
    found: dict[int, list[str]] = {}
    for activity_id, short, confirmed in session.execute(query):
        name = spoken().called(short)
        said = name if kind is RemarkKind.AWAITED else f"{name}: {confirmed or _('never')}"
        found.setdefault(activity_id, []).append(said)
    return {activity_id: commas(some) for activity_id, some in found.items()}


def _alike(session: Session) -> list[Remark]:
    """Live activities whose titles are alike, unless somebody judged that they are two; by title."""
    verdicts = verdicts_of(session)
    pairs = [pair for pair in cached_pairs(session).pairs if is_one_twice(pair, verdicts)]
    ids = {number for pair in pairs for number in (pair.first_id, pair.second_id)}
    titles: dict[int, str] = {}
    for some in _parts(sorted(ids)):
        query = sa.select(Activity.id, Activity.title).where(Activity.is_listed, Activity.id.in_(some))
        titles |= dict(session.execute(query).all())
    found = [
        Remark(RemarkKind.ALIKE, pair.second_id, titles[pair.second_id], titles[pair.first_id], other_id=pair.first_id)
        for pair in pairs
        if pair.first_id in titles and pair.second_id in titles  # what is kept may be older than a merging
    ]
    return sorted(found, key=lambda remark: (remark.title.casefold(), remark.activity_id))


def _parts(ids: list[int], size: int = 500) -> list[list[int]]:
    return [ids[begin : begin + size] for begin in range(0, len(ids), size)]
