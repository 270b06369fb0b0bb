"""How alike two activities are, and why, in words. Knows no database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from rapidfuzz import fuzz

from interagency.words import folded_words

_WORDS = re.compile(r"\w+")
LIKENESS = 84  # of 100
THE_SAME = 97
DESCRIBED = 250  # characters of a description that are compared
SHORTEST_DESCRIPTION = 40


def sorted_words(text: str) -> str:
    """The words of `text`, folded and in order, so that another order of words is no difference."""
    words = _WORDS.findall(text.lower()) if text.isascii() else folded_words(text)  # the quick way is most of the cost
    return " ".join(sorted(words))


def described_words(description: str) -> str:
    """The same of the beginning of a description; empty when it is too short to tell anything."""
    words = sorted_words(description[:DESCRIBED])
    return words if len(words) >= SHORTEST_DESCRIPTION else ""


def likeness(one: str, other: str) -> float:
    """From LIKENESS to 100 for two texts made by `sorted_words` that are alike; 0 for others."""
    return fuzz.ratio(one, other, score_cutoff=LIKENESS) if one and other else 0.0


@dataclass(frozen=True, slots=True)
class Common:
    """What two activities have in common. Codes of recommendations and names of countries at the same time."""

    title: float = 0
    description: float = 0
    codes: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def weight(self) -> int:
        """The more, the likelier the two are the same."""
        work = 40 + 5 * len(self.codes) + 5 * len(self.places) if self.codes else 0
        return round(self.title + 0.7 * self.description + work)

    def reasons(self) -> list[str]:
        """Why the two are shown, in words."""
        found = []
        if self.title:
            found.append(str(_("the same title") if self.title > THE_SAME else _("a similar title")))
        if self.description:
            same = self.description > THE_SAME
            found.append(str(_("the same description") if same else _("a similar description")))
        if self.codes:
            found.append(
                str(
                    _(
                        "the same recommendation (%(codes)s) in %(places)s at the same time",
                        codes=_listed(self.codes),
                        places=_listed(self.places),
                    )
                )
            )
        return found


def _listed(names: Iterable[str], most: int = 5) -> str:
    every = list(names)
    more = len(every) - most
    return ", ".join(every[:most]) + (f" (+{more})" if more > 0 else "")
