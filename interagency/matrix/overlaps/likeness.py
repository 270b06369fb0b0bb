"""How alike two activities are, and why, in words. Knows no database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from flask_babel import gettext as _
from rapidfuzz import fuzz

from interagency.text.folding import folded_words
from interagency.text.languages import commas

_WORDS = re.compile(r"\w+")
LIKENESS = 84  # of 100
THE_SAME = 97
DESCRIBED = 250  # characters of a description that are compared
SHORTEST_DESCRIPTION = 40
MINOR_WORDS = frozenset("a an and as at by for from in into its of on or the their to with".split())  # noqa: SIM905
# A title that stands in more than so many others is a general one (“Training”), and tells nothing.
MAX_HOLDERS = 3
REMEMBERED = 2**14  # texts of some 5,000 activities
SHARED = 0.6  # of the main words of the shorter title, for global work under the same recommendation
PART_WEIGHT, WORK_WEIGHT = 80, 40


@lru_cache(REMEMBERED)
def sorted_words(text: str) -> str:
    """The words of `text`, folded and in order, so that another order of words is no difference."""
    words = _WORDS.findall(text.lower()) if text.isascii() else folded_words(text)  # the quick way is most of the cost
    return " ".join(sorted(words))


def described_words(description: str) -> str:
    """The same of the beginning of a description; empty when it is too short to tell anything."""
    words = sorted_words(description[:DESCRIBED])
    return words if len(words) >= SHORTEST_DESCRIPTION else ""


@lru_cache(REMEMBERED)
def main_words(title: str) -> frozenset[str]:
    """The folded words of a title that tell something: no articles and the like.

    None of a title of one common word (“Training”); an acronym (“SMART”) does tell something.
    """
    words = frozenset(sorted_words(title).split()) - MINOR_WORDS
    return words if len(words) > 1 or any(word.isupper() for word in title.split()) else frozenset()


def likeness(one: str, other: str) -> float:
    """From LIKENESS to 100 for two texts made by `sorted_words` that are alike; 0 for others."""
    return fuzz.ratio(one, other, score_cutoff=LIKENESS) if one and other else 0.0


def share_most_words(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two titles have at least two main words in common, and most of those of the shorter one."""
    common = len(one & other)
    return common > 1 and common >= SHARED * min(len(one), len(other))


@dataclass(frozen=True, slots=True)
class Common:
    """What two activities have in common.

    `title` and `description`: LIKENESS to 100, or 0. `codes`: the recommendations both work on at the same time, in the
    countries named `places`, or in none that either names. `is_part`: one title stands in the other.
    """

    title: float = 0
    description: float = 0
    codes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    is_part: bool = False

    @property
    def is_alike_in_title(self) -> bool:
        return bool(self.title) or self.is_part

    @property
    def weight(self) -> int:
        """The more, the likelier the two are the same."""
        work = WORK_WEIGHT + 5 * len(self.codes) + 5 * len(self.places) if self.codes else 0
        return round((self.title or PART_WEIGHT * self.is_part) + 0.7 * self.description + work)

    def reasons(self) -> list[str]:
        """Why the two are shown, in words."""
        found = []
        if self.title:
            found.append(str(_("the same title") if self.title > THE_SAME else _("a similar title")))
        elif self.is_part:
            found.append(str(_("one title stands in the other")))
        if self.description:
            same = self.description > THE_SAME
            found.append(str(_("the same description") if same else _("a similar description")))
        if self.codes and self.places:
            found.append(
                str(
                    _(
                        "the same recommendation (%(codes)s) in %(places)s at the same time",
                        codes=_listed(self.codes),
                        places=_listed(self.places),
                    )
                )
            )
        elif self.codes:
            words = _(
                "the same recommendation (%(codes)s) in no country that is named, at the same time, in similar words",
                codes=_listed(self.codes),
            )
            found.append(str(words))
        return found


def _listed(names: Iterable[str], most: int = 5) -> str:
    every = list(names)
    more = len(every) - most
    return commas(every[:most]) + (f" (+{more})" if more > 0 else "")
