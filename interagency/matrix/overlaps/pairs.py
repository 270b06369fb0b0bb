"""Pairs of activities of different entities that are alike, over the whole matrix.

Not every activity is compared with every other: only those that share a rare word of title or description, or a
recommendation and a country, and of each such group only neighbours in its order. So the number of comparisons
grows with the number of activities, not with its square.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from heapq import nsmallest
from itertools import combinations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import (
    Activity,
    ActivityCountry,
    ActivityEntity,
    Participation,
    Status,
    activity_recommendation,
)
from interagency.matrix.activities.state import Kept
from interagency.matrix.framework.models import Country
from interagency.matrix.overlaps.likeness import Common, likeness
from interagency.matrix.overlaps.texts import known_texts

LIVE = (Status.PLANNED, Status.ONGOING, Status.SUSPENDED)
RARE_WORDS = 3
NEIGHBOURS = 6


@dataclass(slots=True)
class Compared:
    """What of an activity is compared."""

    id: int
    title: str
    description: str
    is_live: bool
    first: date
    last: date
    entities: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two activities, the smaller id first, and what they have in common."""

    first_id: int
    second_id: int
    common: Common

    @property
    def order(self) -> tuple[int, int, int]:
        """The place in the list: the heaviest first, then by number."""
        return (-self.common.weight, self.first_id, self.second_id)


@dataclass(slots=True)
class Search:
    """What a search over all activities found, in order, and how many pairs it compared."""

    pairs: list[Pair] = field(default_factory=list)
    comparisons: int = 0


def all_pairs(session: Session) -> Search:
    """Every pair of listed activities of different entities that is alike, the likest first. Five statements."""
    records = _load(session)
    names: dict[str, str] = dict(session.execute(sa.select(Country.code, Country.name)).all())
    search = Search()
    found: dict[tuple[int, int], Common] = {}
    alike = _alike(records, search)
    work = _common_work(session, records, search)
    for key in alike.keys() | work.keys():
        title, description = alike.get(key, (0.0, 0.0))
        codes, places = work.get(key, (set(), set()))
        found[key] = Common(title, description, tuple(sorted(codes)), tuple(sorted(names[one] for one in places)))
    search.pairs = sorted((Pair(*key, common) for key, common in found.items()), key=lambda pair: pair.order)
    return search


_kept = Kept[Search](lambda session, _state, _before: all_pairs(session))


def known_pairs(session: Session) -> Search:
    """The same as `all_pairs`, kept until an activity changes."""
    return _kept.now(session)


def _load(session: Session) -> dict[int, Compared]:
    texts = known_texts(session)
    query = sa.select(Activity.id, Activity.status, Activity.start_first, Activity.end_last).where(Activity.is_listed)
    found = {}
    for number, status, first, last in session.execute(query):
        title, description = texts.titles.get(number, ""), texts.descriptions.get(number, "")
        found[number] = Compared(number, title, description, status in LIVE, first or date.min, last or date.max)
    part = ActivityEntity
    entities: dict[int, set[int]] = defaultdict(set)
    for number, entity in session.execute(
        sa.select(part.activity_id, part.entity_id).where(part.participation != Participation.DECLINED)
    ):
        entities[number].add(entity)
    for number, some in entities.items():
        if number in found:
            found[number].entities = frozenset(some)
    return found


def _alike(records: dict[int, Compared], search: Search) -> dict[tuple[int, int], tuple[float, float]]:
    """Likeness of titles and descriptions, for pairs that share a rare word of either."""
    found = {}
    seen: set[tuple[int, int]] = set()
    for text in ("title", "description"):
        for group in _groups_by_rare_words({one.id: getattr(one, text) for one in records.values()}):
            members = sorted((records[number] for number in group), key=lambda one: (getattr(one, text), one.id))
            for one, other in _neighbours(members):
                key = (one.id, other.id) if one.id < other.id else (other.id, one.id)
                if key in seen or one.entities == other.entities:
                    continue
                seen.add(key)
                search.comparisons += 1
                how = (likeness(one.title, other.title), likeness(one.description, other.description))
                if any(how):
                    found[key] = how
    return found


def _groups_by_rare_words(texts: dict[int, str]) -> Iterator[list[int]]:
    """Groups of numbers whose texts share two of their rarest words."""
    words = {number: dict.fromkeys(text.split()) for number, text in texts.items()}
    often = Counter(word for some in words.values() for word in some)
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, some in words.items():
        rare = nsmallest(RARE_WORDS, [(often[word], word) for word in some if often[word] > 1])
        for (_one, first), (_other, second) in combinations(rare, 2):
            groups[first, second].append(number)
    return (group for group in groups.values() if len(group) > 1)


def _neighbours(members: list[Compared]) -> Iterator[tuple[Compared, Compared]]:
    for place, one in enumerate(members):
        for other in members[place + 1 : place + 1 + NEIGHBOURS]:
            yield one, other


def _common_work(
    session: Session, records: dict[int, Compared], search: Search
) -> dict[tuple[int, int], tuple[set[str], set[str]]]:
    """Codes and countries that live activities have in common while their times meet."""
    link = activity_recommendation
    query = (
        sa.select(link.c.recommendation_code, ActivityCountry.country_code, link.c.activity_id)
        .join(ActivityCountry, ActivityCountry.activity_id == link.c.activity_id)
        .distinct()
    )
    groups: dict[tuple[str, str], list[Compared]] = defaultdict(list)
    for code, country, number in session.execute(query):
        one = records.get(number)
        if one is not None and one.is_live:
            groups[code, country].append(one)
    found: dict[tuple[int, int], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for (code, country), members in groups.items():
        for one, other in _at_the_same_time(members):
            search.comparisons += 1
            codes, places = found[min(one.id, other.id), max(one.id, other.id)]
            codes.add(code)
            places.add(country)
    return found


def _at_the_same_time(members: Iterable[Compared]) -> Iterator[tuple[Compared, Compared]]:
    """Pairs of different entities whose times meet, at most NEIGHBOURS for each that begins earlier."""
    ordered = sorted(members, key=lambda one: (one.first, one.id))
    for place, one in enumerate(ordered):
        left = NEIGHBOURS
        for other in ordered[place + 1 : place + 1 + 5 * NEIGHBOURS]:
            if other.first > one.last or not left:
                break
            if one.entities != other.entities:
                left -= 1
                yield one, other
