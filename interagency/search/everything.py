"""One question, answered from everywhere: what the page and the suggestions show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.framework.names import query_code, query_terms
from interagency.search import lists, records
from interagency.search.results import Group, Hit, Question
from interagency.text.folding import clean, folded_words

LONGEST = 200
ON_PAGE = {"activities": 10, "events": 10}
SUGGESTED = {"activities": 5, "events": 3}
FEW, FEWEST = 5, 3
MAX_WORDS = 6
COMMON_WORDS = frozenset(["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"])
# When one kind is asked for alone.
ALL_OF_A_KIND = 200
KINDS = (
    "recommendations", "chapters", "organisations", "places", "people", "editions", "notices", "needs",
    "activities", "events",
)  # fmt: skip


def read_question(text: str, *, typing: bool = False) -> Question:
    """What `text` asks for; what stands after 200 signs is left out."""
    text = clean(text, lines=False)[:LONGEST]
    return Question.of(text, query_terms(text, typing=typing), query_code(text))


def search(session: Session, question: Question, asker: Person, day: date, *, only: str | None = None) -> list[Group]:
    """All that `asker` may see and the question finds, by kind, in a fixed number of statements.

    Short lists come first, records after them. `only` one kind, and all of it up to 200.
    """
    if not question.terms:
        return []
    groups = []
    for kind, find in _short_lists(session, asker, day).items():
        if only in (None, kind):
            hits = find(question)
            groups.append(Group(kind, hits[: ALL_OF_A_KIND if only else FEW], len(hits)))
    for kind, look in (("activities", records.activities), ("events", records.events)):
        if only in (None, kind):
            groups.append(look(session, question, ALL_OF_A_KIND if only else ON_PAGE[kind]))
    return [group for group in groups if group.hits]


def suggest(session: Session, question: Question, asker: Person, day: date) -> list[Group]:
    """The best few of each kind, while somebody types. Nothing is counted."""
    if not question.terms:
        return []
    groups = [Group(kind, find(question)[:FEWEST]) for kind, find in _short_lists(session, asker, day).items()]
    groups.append(records.activities(session, question, SUGGESTED["activities"], counted=False))
    groups.append(records.events(session, question, SUGGESTED["events"], counted=False))
    return [group for group in groups if group.hits]


@dataclass(frozen=True, slots=True)
class Nearly:
    """What does not hold every word as it was typed: what was looked for instead, and what holds it.

    `held` of `words` words; 0 where the last word is taken for a beginning.
    """

    question: Question
    groups: list[Group]
    held: int = 0
    words: int = 0


def search_beginnings(
    session: Session, question: Question, asker: Person, day: date, given: list[Group], *, only: str | None = None
) -> Nearly | None:
    """What holds words that begin with the last one, as suggestions list it, beside what is `given` already."""
    beginning = read_question(question.text, typing=True)
    if beginning.terms == question.terms:
        return None
    known = {(group.kind, hit.key) for group in given for hit in group.hits}
    groups = []
    for group in search(session, beginning, asker, day, only=only):
        hits = [hit for hit in group.hits if (group.kind, hit.key) not in known]
        if hits:
            groups.append(Group(group.kind, hits, len(hits)))
    return Nearly(beginning, groups) if groups else None


def search_most(session: Session, question: Question, *, only: str | None = None) -> Nearly | None:
    """The records that hold most of the words, where none holds all: as many as any holds, at least half of them.

    Words such as “of” and “in” are left out. None where there are no such records, or too many words to try.
    """
    words = [word for word in dict.fromkeys(folded_words(question.text)) if word not in COMMON_WORDS]
    if not 2 <= len(words) <= MAX_WORDS:
        return None
    for size in range(len(words), (len(words) - 1) // 2, -1):
        questions = [read_question(" ".join(some)) for some in combinations(words, size)]
        groups = [
            group
            for kind, look in (("activities", records.activities), ("events", records.events))
            if only in (None, kind) and (group := _any_of(session, kind, look, questions)).hits
        ]
        if groups:
            return Nearly(read_question(" ".join(words)), groups, held=size, words=len(words))
    return None


def _any_of(session: Session, kind: str, look: Callable[..., Group], questions: list[Question]) -> Group:
    """What any of the questions finds, best first, as many as a page shows."""
    hits: dict[str, Hit] = {}
    for question in questions:
        for hit in look(session, question, ON_PAGE[kind], counted=False).hits:
            hits.setdefault(hit.key, hit)
    shown = list(hits.values())[: ON_PAGE[kind]]
    return Group(kind, shown, len(shown))


def _short_lists(session: Session, asker: Person, day: date) -> dict[str, Callable[[Question], list[Hit]]]:
    return {
        "recommendations": lambda question: lists.recommendations(session, question),
        "chapters": lambda question: lists.chapters(session, question),
        "organisations": lambda question: lists.organisations(session, question),
        "places": lambda question: lists.places(session, question),
        "people": lambda question: lists.people(session, question, asker, day),
        "editions": lambda question: lists.editions(session, question),
        "notices": lambda question: lists.notices(session, question, asker),
        "needs": lambda question: lists.needs(session, question),
    }
