"""Likely duplicates and overlaps of an activity: nearly the same title, or the same work in the same place and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from rapidfuzz import fuzz, process
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.activities.models import (
    Activity,
    ActivityCountry,
    ActivityEntity,
    Participation,
    Status,
    activity_recommendation,
)
from interagency.matrix.activities.record import ActivityDraft
from interagency.matrix.overlaps.models import Verdict, VerdictKind
from interagency.words import fold

LIKENESS = 84  # of 100
MOST = 8


@dataclass(slots=True)
class Overlap:
    """Another activity that is alike, whose it is, and why it is shown, in words."""

    activity_id: int
    title: str
    status: str
    entities: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    weight: float = 0


def overlaps_of(session: Session, draft: ActivityDraft, *, besides: Collection[int] = ()) -> list[Overlap]:
    """Activities like `draft`, the likest first, at most eight; those in `besides` are left out.

    Three statements and one pass over the titles, whatever the number of activities.
    """
    reasons: dict[int, list[str]] = defaultdict(list)
    weights: dict[int, float] = defaultdict(float)
    for activity_id, likeness in _by_title(session, draft.title):
        reasons[activity_id].append("the same title" if likeness > 97 else "a similar title")
        weights[activity_id] += likeness
    for activity_id, codes, places in _by_work(session, draft):
        reasons[activity_id].append(
            f"the same recommendation ({', '.join(codes)}) in {', '.join(places)} at the same time"
        )
        weights[activity_id] += 40 + 5 * len(codes) + 5 * len(places)
    ids = [one for one in reasons if one not in besides]
    found = _load(session, sorted(ids, key=lambda one: (-weights[one], one))[:MOST])
    for overlap in found:
        overlap.reasons, overlap.weight = reasons[overlap.activity_id], weights[overlap.activity_id]
    return sorted(found, key=lambda one: (-one.weight, one.activity_id))


def _by_title(session: Session, title: str) -> list[tuple[int, float]]:
    rows = session.execute(sa.select(Activity.id, Activity.title).where(Activity.is_listed)).all()
    titles = {activity_id: fold(text) for activity_id, text in rows}
    found = process.extract(fold(title), titles, scorer=fuzz.token_sort_ratio, score_cutoff=LIKENESS, limit=MOST)
    return [(activity_id, score) for _text, score, activity_id in found]


def _by_work(session: Session, draft: ActivityDraft) -> list[tuple[int, list[str], list[str]]]:
    """Live activities with a common recommendation and a common country whose times can meet."""
    codes = [one.code for one in draft.recommendations]
    places = {country.code: country.name for country, _role in draft.countries}
    if not codes or not places:
        return []
    first: date | None = draft.start.first if draft.start else None
    last: date | None = draft.end.last if draft.end else None
    link = activity_recommendation
    query = (
        sa.select(Activity.id, link.c.recommendation_code, ActivityCountry.country_code)
        .join(link, link.c.activity_id == Activity.id)
        .join(ActivityCountry, ActivityCountry.activity_id == Activity.id)
        .where(
            Activity.is_listed,
            Activity.status.in_((Status.PLANNED, Status.ONGOING, Status.SUSPENDED)),
            link.c.recommendation_code.in_(codes),
            ActivityCountry.country_code.in_(list(places)),
        )
        .order_by(Activity.id)
        .limit(2000)
    )
    if first is not None:
        query = query.where(sa.or_(Activity.end_last.is_(None), Activity.end_last >= first))
    if last is not None:
        query = query.where(sa.or_(Activity.start_first.is_(None), Activity.start_first <= last))
    found: dict[int, tuple[dict[str, None], dict[str, None]]] = defaultdict(lambda: ({}, {}))
    for activity_id, code, country in session.execute(query):
        found[activity_id][0][code] = None
        found[activity_id][1][places[country]] = None
    return [(activity_id, list(codes), list(names)) for activity_id, (codes, names) in found.items()]


def _load(session: Session, ids: list[int]) -> list[Overlap]:
    query = sa.select(Activity.id, Activity.title, Activity.status).where(Activity.id.in_(ids))
    found = {row[0]: Overlap(row[0], row[1], row[2].value) for row in session.execute(query)}
    named = (
        sa.select(ActivityEntity)
        .where(ActivityEntity.activity_id.in_(ids), ActivityEntity.participation != Participation.DECLINED)
        .order_by(ActivityEntity.position)
    )
    for part in session.scalars(named):
        found[part.activity_id].entities.append(part.entity.short)
    return list(found.values())


def keep_verdict(session: Session, one: int, other: int, kind: VerdictKind, by: Person) -> None:
    """Keep what a person said of two activities; the newest word on a pair counts."""
    first, second = sorted((one, other))
    verdict = session.get(Verdict, (first, second))
    if verdict is None:
        verdict = Verdict(first_id=first, second_id=second)
        session.add(verdict)
    verdict.kind, verdict.said_by_id = kind, by.id


def related_to(session: Session, activity_id: int) -> list[tuple[int, str]]:
    """The activities somebody said are related to this one, by title."""
    other = sa.case((Verdict.first_id == activity_id, Verdict.second_id), else_=Verdict.first_id)
    query = (
        sa.select(Activity.id, Activity.title)
        .join(Verdict, Activity.id == other)
        .where(
            sa.or_(Verdict.first_id == activity_id, Verdict.second_id == activity_id),
            Verdict.kind == VerdictKind.RELATED,
            Activity.is_listed,
        )
        .order_by(Activity.title, Activity.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]
