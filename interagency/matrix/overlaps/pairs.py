"""Pairs of activities that are alike, over the whole matrix.

Not every activity is compared with every other: only those that share a rare word of title or description, or a
recommendation and a country (where none is named: and a rare word of the title), and of each such group only
neighbours in its order. So the number of comparisons grows with the number of activities, not with its square.
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
    activity_region,
)
from interagency.matrix.framework.models import Country
from interagency.matrix.overlaps.likeness import Common, likeness, share_most_words
from interagency.matrix.overlaps.texts import TitleIndex, read_texts

LIVE = (Status.PLANNED, Status.ONGOING, Status.SUSPENDED)
RARE_WORDS = 3
NEIGHBOURS = 6


@dataclass(slots=True)
class Compared:
    """What of an activity is compared."""

    id: int
    title: str
    description: str
    words: frozenset[str]
    is_live: bool
    first: date
    last: date
    entities: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two activities, the smaller id first, and what they have in common.

    `is_of_one`: both name exactly the same entities. `is_live`: neither has ended.
    """

    first_id: int
    second_id: int
    common: Common
    is_of_one: bool
    is_live: bool
    weight: int

    @property
    def order(self) -> tuple[int, int, int]:
        """The place in the list: the heaviest first, then by id."""
        return (-self.weight, self.first_id, self.second_id)


@dataclass(slots=True)
class Search:
    """What a search over all activities found, in order, and how many pairs it compared."""

    pairs: list[Pair] = field(default_factory=list)
    comparisons: int = 0


def all_pairs(session: Session) -> Search:
    """Every pair of listed activities that is alike, the likest first; judged ones too. Six statements.

    Two of the same entities are alike only by their titles: one entity often does several things in one country.
    """
    records = _load(session)
    names: dict[str, str] = dict(session.execute(sa.select(Country.code, Country.name)).all())
    search = Search()
    alike = _alike(records, search)
    work = _common_work(session, records, search)
    parts = _parts(records, search)
    for key in alike.keys() | work.keys() | parts:
        title, description = alike.get(key, (0.0, 0.0))
        codes, places = work.get(key, (set(), set()))
        one, other = records[key[0]], records[key[1]]
        common = Common(
            title, description, tuple(sorted(codes)), tuple(sorted(names[code] for code in places)), key in parts
        )
        is_of_one = one.entities == other.entities
        search.pairs.append(Pair(*key, common, is_of_one, one.is_live and other.is_live, common.weight))
    search.pairs.sort(key=lambda pair: pair.order)
    return search


def _load(session: Session) -> dict[int, Compared]:
    texts = read_texts(session)
    query = sa.select(Activity.id, Activity.status, Activity.start_first, Activity.end_last).where(Activity.is_listed)
    found = {}
    for number, status, first, last in session.execute(query):
        if number in texts.titles:
            title, description, words = texts.titles[number], texts.descriptions[number], texts.words[number]
            is_live, begins, ends = status in LIVE, first or date.min, last or date.max
            found[number] = Compared(number, title, description, words, is_live, begins, ends)
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


def _key(one: Compared, other: Compared) -> tuple[int, int]:
    return (one.id, other.id) if one.id < other.id else (other.id, one.id)


def _alike(records: dict[int, Compared], search: Search) -> dict[tuple[int, int], tuple[float, float]]:
    """Likeness of titles and descriptions, for pairs that share a rare word of either."""
    found = {}
    seen: set[tuple[int, int]] = set()
    for text in ("title", "description"):
        for group in _groups_by_rare_words({one.id: getattr(one, text) for one in records.values()}):
            members = sorted((records[number] for number in group), key=lambda one: (getattr(one, text), one.id))
            for one, other in _neighbours(members):
                key = _key(one, other)
                if key in seen:
                    continue
                seen.add(key)
                search.comparisons += 1
                described = 0.0 if one.entities == other.entities else likeness(one.description, other.description)
                how = (likeness(one.title, other.title), described)
                if any(how):
                    found[key] = how
    return found


def _rare(texts: dict[int, str]) -> dict[int, list[str]]:
    """The rarest words of each text that are in another one, too."""
    words = {number: dict.fromkeys(text.split()) for number, text in texts.items()}
    often = Counter(word for some in words.values() for word in some)
    return {
        number: [word for _often, word in nsmallest(RARE_WORDS, [(often[one], one) for one in some if often[one] > 1])]
        for number, some in words.items()
    }


def _groups_by_rare_words(texts: dict[int, str]) -> Iterator[list[int]]:
    """Groups of ids whose texts share two of their rarest words."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, rare in _rare(texts).items():
        for first, second in combinations(rare, 2):
            groups[first, second].append(number)
    return (group for group in groups.values() if len(group) > 1)


def _neighbours(members: list[Compared]) -> Iterator[tuple[Compared, Compared]]:
    for place, one in enumerate(members):
        for other in members[place + 1 : place + 1 + NEIGHBOURS]:
            yield one, other


def _parts(records: dict[int, Compared], search: Search) -> set[tuple[int, int]]:
    """Pairs of which one title stands in the other."""
    index = TitleIndex({number: one.words for number, one in records.items()})
    found = {_key(one, records[number]) for one in records.values() for number in index.holders(one.id)}
    search.comparisons += len(found)
    return found


def _common_work(
    session: Session, records: dict[int, Compared], search: Search
) -> dict[tuple[int, int], tuple[set[str], set[str]]]:
    """Codes and countries that live activities have in common while their times meet.

    Where neither names a country or a region, those whose titles share most of their words.
    """
    link = activity_recommendation
    countries, placed = defaultdict(list), set(session.scalars(sa.select(activity_region.c.activity_id)))
    for number, country in session.execute(
        sa.select(ActivityCountry.activity_id, ActivityCountry.country_code).distinct()
    ):
        countries[number].append(country)
    placed.update(countries)
    rare = _rare({number: one.title for number, one in records.items() if number not in placed and one.is_live})
    groups: dict[tuple[str, str, str], list[Compared]] = defaultdict(list)
    for number, code in session.execute(sa.select(link.c.activity_id, link.c.recommendation_code)):
        one = records.get(number)
        if one is not None and one.is_live:
            for country in countries.get(number, ()):
                groups[code, country, ""].append(one)
            for word in rare.get(number, ()):
                groups[code, "", word].append(one)
    found: dict[tuple[int, int], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for (code, country, word), members in groups.items():
        for one, other in _at_the_same_time(members):
            search.comparisons += 1
            if word and not share_most_words(one.words, other.words):
                continue
            codes, places = found[_key(one, other)]
            codes.add(code)
            places.update([country] if country else [])
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
