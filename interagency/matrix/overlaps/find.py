"""Likely duplicates and overlaps of one activity: nearly the same words, or the same work in one place and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.drafts import ActivityDraft
from interagency.matrix.activities.models import (
    Activity,
    ActivityCountry,
    ActivityEntity,
    Participation,
    activity_recommendation,
)
from interagency.matrix.overlaps.likeness import Common
from interagency.matrix.overlaps.pairs import LIVE
from interagency.matrix.overlaps.texts import known_texts

MOST = 8


@dataclass(slots=True)
class Overlap:
    """Another activity that is alike, whose it is, and what the two have in common."""

    activity_id: int
    title: str
    status: str
    common: Common
    entities: list[str] = field(default_factory=list)

    @property
    def reasons(self) -> list[str]:
        return self.common.reasons()


def overlaps_of(session: Session, draft: ActivityDraft, *, besides: Collection[int] = ()) -> list[Overlap]:
    """Activities like `draft`, the likest first, at most eight; those in `besides` are left out.

    Four statements and one pass over the texts at hand, whatever the number of activities.
    """
    texts = _by_text(session, draft)
    work = _by_work(session, draft)
    found = {
        number: Common(*texts.get(number, (0.0, 0.0)), *work.get(number, ((), ())))
        for number in (texts.keys() | work.keys()).difference(besides)
    }
    best = sorted(found, key=lambda one: (-found[one].weight, one))[:MOST]
    loaded = _load(session, {number: found[number] for number in best})
    return [loaded[number] for number in best]


def common_of(session: Session, draft: ActivityDraft, other_id: int) -> Common:
    """What a draft has in common with one other activity; nothing, perhaps."""
    texts, work = _by_text(session, draft, other_id), _by_work(session, draft, other_id)
    return Common(*texts.get(other_id, (0.0, 0.0)), *work.get(other_id, ((), ())))


def _by_text(session: Session, draft: ActivityDraft, only: int | None = None) -> dict[int, tuple[float, float]]:
    """Likeness of title and description, where there is any."""
    texts = known_texts(session)
    return (texts if only is None else texts.of(only)).alike(draft.title, draft.description)


def _by_work(
    session: Session, draft: ActivityDraft, only: int | None = None
) -> dict[int, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Live activities with a common recommendation and a common country whose times can meet."""
    codes = [one.code for one in draft.recommendations]
    places = {country.code: country.name for country, _role in draft.countries}
    if not codes or not places:
        return {}
    first: date | None = draft.start.first if draft.start else None
    last: date | None = draft.end.last if draft.end else None
    link = activity_recommendation
    query = (
        sa.select(Activity.id, link.c.recommendation_code, ActivityCountry.country_code)
        .join(link, link.c.activity_id == Activity.id)
        .join(ActivityCountry, ActivityCountry.activity_id == Activity.id)
        .where(
            Activity.is_listed,
            Activity.status.in_(LIVE),
            link.c.recommendation_code.in_(codes),
            ActivityCountry.country_code.in_(list(places)),
        )
        .order_by(Activity.id, link.c.recommendation_code, ActivityCountry.country_code)
        .limit(2000)
    )
    if only is not None:
        query = query.where(Activity.id == only)
    if first is not None:
        query = query.where(sa.or_(Activity.end_last.is_(None), Activity.end_last >= first))
    if last is not None:
        query = query.where(sa.or_(Activity.start_first.is_(None), Activity.start_first <= last))
    found: dict[int, tuple[dict[str, None], dict[str, None]]] = defaultdict(lambda: ({}, {}))
    for activity_id, code, country in session.execute(query):
        found[activity_id][0][code] = None
        found[activity_id][1][places[country]] = None
    return {number: (tuple(codes), tuple(names)) for number, (codes, names) in found.items()}


def _load(session: Session, found: dict[int, Common]) -> dict[int, Overlap]:
    if not found:
        return {}
    query = sa.select(Activity.id, Activity.title, Activity.status).where(Activity.id.in_(found))
    loaded = {row[0]: Overlap(row[0], row[1], row[2].value, found[row[0]]) for row in session.execute(query)}
    named = (
        sa.select(ActivityEntity)
        .where(ActivityEntity.activity_id.in_(found), ActivityEntity.participation != Participation.DECLINED)
        .order_by(ActivityEntity.position)
    )
    for part in session.scalars(named):
        loaded[part.activity_id].entities.append(part.entity.short)
    return loaded
