"""Narrowing an edition's entries by the filters of lists. Knows no database: an edition is read as it was."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from interagency.matrix.activities.facts import entities_taking_part, named_entities
from interagency.matrix.activities.field_types import Field, Kind, text_of
from interagency.matrix.activities.fields import FIELDS, FILTERED
from interagency.matrix.activities.filters import Filters
from interagency.matrix.cycles.contents import Contents
from interagency.text.folding import folded_words


def taking_part(entry: dict[str, Any]) -> list[str]:
    """The keys of an activity's UN entities, lead first, without those that declined."""
    return entities_taking_part(entry["facts"])


def matches(entry: dict[str, Any], contents: Contents, filters: Filters, mine: Collection[str]) -> bool:
    """Whether an activity of an edition stands under `filters`; `mine` are the keys of the reader's entities."""
    facts = entry["facts"]
    entities = taking_part(entry)
    countries = {code for code, _role in facts["countries"]}
    tests: dict[str, Callable[[str], bool]] = {
        "entity": lambda value: (not facts["lead"]) if value == "none" else value in entities,
        "partner": lambda value: value in facts["partners"],
        "chapter": lambda value: not entry["chapters"] if value == "none" else int(value) in entry["chapters"],
        "recommendation": lambda value: (
            not facts["recommendations"] if value == "none" else value in facts["recommendations"]
        ),
        "country": lambda value: not countries if value == "none" else value in countries,
        "region": lambda value: (
            not facts["regions"] and not countries if value == "none" else value in facts["regions"]
        ),
        **{field.parameter: partial(_says, field, facts[field.name]) for field in FILTERED},
        "sdg": lambda value: (
            not facts["sdg"] if value == "none" else any(f"{code}.".startswith(f"{value}.") for code in facts["sdg"])
        ),
        "joint": lambda value: entry["joint"] is (value == "yes"),
        "mine": lambda _value: bool(set(entities) & set(mine)),
    }
    for name, test in tests.items():
        if (chosen := filters.get(name)) and not any(test(value) for value in chosen):
            return False
    words = [word for text in filters.get("q") for word in folded_words(text)]
    return not words or _has_words(entry, contents, words)


def _says(field: Field, fact: Any, value: str) -> bool:
    """Whether a choice or a flag is what a filter asks for; `none`: nothing was said."""
    if field.kind is Kind.FLAG:
        return bool(fact) is (value == "yes")
    return not fact if value == "none" else value in (fact if field.kind is Kind.CHOICES else [fact])


def _has_words(entry: dict[str, Any], contents: Contents, words: list[str]) -> bool:
    facts = entry["facts"]
    organisations = contents["organisations"]
    names = [
        part
        for key in [*named_entities(facts), *facts["partners"]]
        if key in organisations
        for part in (organisations[key]["short"], organisations[key]["name"])
    ]
    text = " ".join(
        [
            *(text_of(field, facts[field.name]) for field in FIELDS if field.is_searched and field.is_column),
            *facts["recommendations"],
            *names,
            *(contents["countries"].get(code, "") for code, _role in facts["countries"]),
            *(contents["regions"].get(code, "") for code in facts["regions"]),
            *facts["roles"].values(),
        ]
    )
    found = folded_words(text)
    return all(any(one == word or (len(word) > 3 and one.startswith(word)) for one in found) for word in words)
