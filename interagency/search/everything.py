"""One question, answered from everywhere: what the page and the suggestions show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.framework.names import query_code, query_terms
from interagency.search import lists, records
from interagency.search.results import Group, Hit, Question
from interagency.text.folding import clean

LONGEST = 200
ON_PAGE = {"activities": 10, "events": 10}
SUGGESTED = {"activities": 5, "events": 3}
FEW, FEWEST = 5, 3
# When one kind is asked for alone.
ALL_OF_A_KIND = 200
KINDS = (
    "recommendations", "chapters", "organisations", "places", "people", "editions", "activities", "events",
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


def _short_lists(session: Session, asker: Person, day: date) -> dict[str, Callable[[Question], list[Hit]]]:
    return {
        "recommendations": lambda question: lists.recommendations(session, question),
        "chapters": lambda question: lists.chapters(session, question),
        "organisations": lambda question: lists.organisations(session, question),
        "places": lambda question: lists.places(session, question),
        "people": lambda question: lists.people(session, question, asker, day),
        "editions": lambda question: lists.editions(session, question),
    }
