"""Likely duplicates and overlaps of one activity: nearly the same words, or the same work in one place and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.drafts import ActivityDraft
from interagency.matrix.activities.models import (
    Activity,
    ActivityCountry,
    ActivityEntity,
    Participation,
    activity_recommendation,
    activity_region,
)
from interagency.matrix.overlaps.likeness import Common, described_words, main_words, share_most_words
from interagency.matrix.overlaps.pairs import LIVE
from interagency.matrix.overlaps.texts import TitleIndex, read_texts

MOST = 8
DRAFT = 0  # stands for the draft among ids


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


def overlaps_of(
    session: Session, draft: ActivityDraft, *, own_id: int | None = None, besides: Collection[int] = ()
) -> list[Overlap]:
    """Activities like `draft`, the likest first, at most eight.

    `own_id` is the activity the draft will be saved over, which is not compared; those in `besides` are compared and
    left out. Five statements and one pass over all texts.
    """
    found = _in_common(session, draft, own_id)
    best = sorted(found.keys() - set(besides), key=lambda one: (-found[one].weight, one))[:MOST]
    loaded = _load(session, {number: found[number] for number in best})
    return [loaded[number] for number in best]


def common_of(session: Session, draft: ActivityDraft, other_id: int, *, own_id: int) -> Common:
    """What a draft of the activity `own_id` has in common with one other activity; nothing, perhaps."""
    return _in_common(session, draft, own_id, only=other_id).get(other_id, Common())


def _in_common(
    session: Session, draft: ActivityDraft, own_id: int | None, *, only: int | None = None
) -> dict[int, Common]:
    """What `draft` has in common with others, by their ids, where there is anything."""
    texts = read_texts(session, descriptions=bool(described_words(draft.description)))
    for some in (texts.titles, texts.descriptions, texts.words):
        some.pop(own_id or DRAFT, None)
    alike = texts.alike(draft.title, draft.description)
    index = TitleIndex(texts.words | {DRAFT: main_words(draft.title)})
    parts = index.holders(DRAFT) | index.held(DRAFT)
    work = _by_work(session, draft, only)
    for number, codes in _by_global_work(session, draft).items():
        if number != own_id and share_most_words(index.words[DRAFT], index.words.get(number, frozenset())):
            work[number] = codes, ()
    work.pop(own_id or DRAFT, None)
    return {
        number: Common(*alike.get(number, (0.0, 0.0)), *work.get(number, ((), ())), number in parts)
        for number in alike.keys() | work.keys() | parts
    }


def _by_global_work(session: Session, draft: ActivityDraft) -> dict[int, tuple[str, ...]]:
    """Common recommendations of live activities, by id, where neither names a country or region and times can meet."""
    codes = [one.code for one in draft.recommendations]
    if not codes or draft.countries or draft.regions:
        return {}
    link = activity_recommendation
    query = (
        sa.select(Activity.id, link.c.recommendation_code)
        .join(link, link.c.activity_id == Activity.id)
        .where(
            link.c.recommendation_code.in_(codes),
            Activity.id.not_in(sa.select(ActivityCountry.activity_id)),
            Activity.id.not_in(sa.select(activity_region.c.activity_id)),
            *_live_at_the_time_of(draft),
        )
        .order_by(Activity.id, link.c.recommendation_code)
    )
    found: dict[int, tuple[str, ...]] = {}
    for number, code in session.execute(query):
        found[number] = (*found.get(number, ()), code)
    return found


def _live_at_the_time_of(draft: ActivityDraft) -> list[sa.ColumnElement[bool]]:
    """Conditions: listed, not yet ended, and at a time that can meet the draft's. Unknown times meet any other."""
    conditions: list[sa.ColumnElement[bool]] = [Activity.is_listed.is_(True), Activity.status.in_(LIVE)]
    if draft.start:
        conditions.append(sa.or_(Activity.end_last.is_(None), Activity.end_last >= draft.start.first))
    if draft.end:
        conditions.append(sa.or_(Activity.start_first.is_(None), Activity.start_first <= draft.end.last))
    return conditions


def _by_work(
    session: Session, draft: ActivityDraft, only: int | None = None
) -> dict[int, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Live activities with a common recommendation and a common country whose times can meet."""
    codes = [one.code for one in draft.recommendations]
    places = {country.code: country.name for country, _role in draft.countries}
    if not codes or not places:
        return {}
    link = activity_recommendation
    query = (
        sa.select(Activity.id, link.c.recommendation_code, ActivityCountry.country_code)
        .join(link, link.c.activity_id == Activity.id)
        .join(ActivityCountry, ActivityCountry.activity_id == Activity.id)
        .where(
            link.c.recommendation_code.in_(codes),
            ActivityCountry.country_code.in_(list(places)),
            *_live_at_the_time_of(draft),
        )
        .order_by(Activity.id, link.c.recommendation_code, ActivityCountry.country_code)
        .limit(2000)
    )
    if only is not None:
        query = query.where(Activity.id == only)
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
