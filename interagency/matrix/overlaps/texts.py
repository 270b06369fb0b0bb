"""The words of all listed activities that are compared, read anew for each question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from rapidfuzz import fuzz, process
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import Activity
from interagency.matrix.overlaps.likeness import (
    DESCRIBED,
    LIKENESS,
    MAX_HOLDERS,
    described_words,
    main_words,
    sorted_words,
)


@dataclass(frozen=True, slots=True)
class Texts:
    """By the activity's id: its title and description as `likeness` compares them, and the main words of its title."""

    titles: dict[int, str] = field(default_factory=dict)
    descriptions: dict[int, str] = field(default_factory=dict)
    words: dict[int, frozenset[str]] = field(default_factory=dict)

    def alike(self, title: str, description: str) -> dict[int, tuple[float, float]]:
        """The likeness of title and description, by id, of the activities that are alike in one of them."""
        by_title = _alike(sorted_words(title), self.titles)
        by_description = _alike(described_words(description), self.descriptions)
        both = by_title.keys() | by_description.keys()
        return {number: (by_title.get(number, 0.0), by_description.get(number, 0.0)) for number in both}


def _alike(words: str, others: dict[int, str]) -> dict[int, float]:
    if not words:
        return {}
    found = process.extract(words, others, scorer=fuzz.ratio, score_cutoff=LIKENESS, limit=None)
    return {number: score for _words, score, number in found}


def read_texts(session: Session, *, descriptions: bool = True) -> Texts:
    """The texts of all listed activities, in one statement; without descriptions when they are not needed."""
    described = sa.func.substr(Activity.description, 1, DESCRIBED) if descriptions else sa.literal("")
    texts = Texts()
    query = sa.select(Activity.id, Activity.title, described).where(Activity.is_listed)
    for number, title, description in session.execute(query):
        texts.titles[number] = sorted_words(title)
        texts.words[number] = main_words(title)
        texts.descriptions[number] = described_words(description)
    return texts


class TitleIndex:
    """Which titles hold all main words of another. `words`: the main words of each title, by the activity's id."""

    def __init__(self, words: Mapping[int, frozenset[str]]) -> None:
        self.words = words
        self._holders: dict[str, set[int]] = defaultdict(set)
        for number, some in words.items():
            for word in some:
                self._holders[word].add(number)

    def holders(self, number: int) -> set[int]:
        """The activities in whose titles this one's stands; none of a general title, which stands in many."""
        rarest = sorted((self._holders[word] for word in self.words[number]), key=len)
        found = set.intersection(*rarest) - {number} if rarest else set()
        return found if len(found) <= MAX_HOLDERS else set()

    def held(self, number: int) -> set[int]:
        """The activities whose titles stand in this one's."""
        own = self.words[number]
        some = set().union(*(self._holders[word] for word in own))
        return {other for other in some if self.words[other] <= own and number in self.holders(other)}
