"""The page of a hand-out: what a reader chose of it, by chapter, with a table of contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from interagency.exports.external.content import Content
from interagency.exports.external.files import event_rows
from interagency.text.folding import clean, fold, folded_words, is_found, search_terms

MAX_WORDS_LENGTH = 100
# What of an activity is read for the words that a reader looks for.
SEARCHED = ("title", "description", "figures", "results")


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a hand-out a reader asked for; "" where they asked for all."""

    chapter: str = ""  # its numeral
    country: str = ""  # its name
    words: str = ""
    problem: str = ""  # what of the address could not be followed, in words

    def __bool__(self) -> bool:
        return bool(self.chapter or self.country or self.words)


@dataclass(frozen=True, slots=True)
class ChapterShown:
    """A chapter of the page: its activities in full, and those that stand in full under an earlier one."""

    numeral: str  # "" for coordination, which follows from no recommendation
    title: str
    activities: list[dict[str, Any]]
    elsewhere: list[dict[str, Any]]

    @property
    def count(self) -> int:
        return len(self.activities) + len(self.elsewhere)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the page shows: chapters, events, and how many activities of how many."""

    choice: Choice
    chapters: list[ChapterShown]
    events: list[dict[str, Any]]
    shown: int
    total: int
    countries: dict[str, int]  # of all activities: how many each has


def read_choice(content: Content, args: Mapping[str, str]) -> Choice:
    """Chapter, country and words of an address; what is not in this hand-out is left out and said."""
    chapter = clean(args.get("chapter", ""), lines=False)[:10].upper()
    country = clean(args.get("country", ""), lines=False)[:100]
    words = clean(args.get("q", ""), lines=False)[:MAX_WORDS_LENGTH]
    problem = ""
    if chapter and chapter not in {one["numeral"] for one in content["chapters"]}:
        problem, chapter = str(_("There is no chapter “%(name)s”. Chapters go from I to VII.", name=chapter)), ""
    names = {fold(name): name for name in _countries(content)}
    if country and fold(country) not in names:
        problem = str(_("No activity in this list names “%(name)s”. Choose a country of the list.", name=country))
        return Choice(chapter, "", words, problem)
    return Choice(chapter, names.get(fold(country), ""), words, problem)


def narrowed(content: Content, choice: Choice) -> Reading:
    """The part of a full list that a reader chose. An activity of several chapters stands in full under the first."""
    some = [one for one in content["activities"] if _is_chosen(one, choice)]
    chapters, told = [], set()
    headings = [(one["numeral"], one["title"]) for one in content["chapters"]]
    for numeral, title in [*headings, ("", str(_("Coordination")))]:
        if choice.chapter and numeral != choice.chapter:
            continue
        under = [one for one in some if (numeral in one["chapters"] if numeral else not one["chapters"])]
        fresh = [one for one in under if one["number"] not in told]
        told |= {one["number"] for one in fresh}
        if numeral or under:
            chapters.append(ChapterShown(numeral, title, fresh, [one for one in under if one not in fresh]))
    events = [one for one in event_rows(content) if _is_event_chosen(one, choice)]
    return Reading(choice, chapters, events, len(some), len(content["activities"]), _countries(content))


def _countries(content: Content) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in content["activities"]:
        for name in one["countries"]:
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: fold(item[0])))


def _is_chosen(one: Mapping[str, Any], choice: Choice) -> bool:
    if choice.chapter and choice.chapter not in one["chapters"]:
        return False
    if choice.country and choice.country not in one["countries"]:
        return False
    lists = [*one["entities"], *one["partners"], *one["countries"], *one["recommendations"]]
    return _has_words(" ".join([*(one.get(name) or "" for name in SEARCHED), *lists]), choice.words)


def _is_event_chosen(one: Mapping[str, Any], choice: Choice) -> bool:
    if choice.chapter and choice.chapter not in one["chapters"]:
        return False
    place = one["day"].venue or one["place"]
    if choice.country and fold(choice.country) not in fold(place):
        return False
    return _has_words(" ".join([one["day"].title, one["kind"], place, *one["organisers"]]), choice.words)


def _has_words(text: str, wanted: str) -> bool:
    """Whether the text has each word that is wanted, as the search of the service finds it."""
    if not wanted:
        return True
    words = folded_words(text)
    return all(is_found(term, words) for term in search_terms(wanted, typing=True))
