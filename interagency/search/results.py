"""What a search gives: groups of hits, each with all there is to show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from interagency.text.folding import folded_words, is_found, search_terms


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found. `key` says which one of its kind; `line` and `excerpt` are words to show."""

    key: str
    title: str
    line: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind, best first, and how much there is in all (None: not counted)."""

    kind: str
    hits: list[Hit] = field(default_factory=list)
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody looks for: the text, and what it comes to in records and in names."""

    text: str
    # In texts: short words whole, longer ones as beginnings.
    terms: tuple[str, ...]
    # In names, which people type from the start: beginnings always.
    beginnings: tuple[str, ...]
    # The recommendation the text names as a whole.
    code: str | None = None

    @classmethod
    def of(cls, text: str, terms: tuple[str, ...], code: str | None) -> Question:
        words = [term.removesuffix("*") for term in search_terms(text)]
        return cls(text, terms, tuple(f"{word}*" for word in words), code)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a short list: a hit, the name it is called by, and others it is found by."""

    hit: Hit
    name: str
    others: tuple[str, ...] = ()


@lru_cache(maxsize=20_000)
def _words(name: str) -> tuple[str, ...]:
    """The folded words of a name. A pure function: what it keeps cannot grow old."""
    return tuple(folded_words(name))


def among(entries: Iterable[Entry], text: str, terms: tuple[str, ...]) -> list[Hit]:
    """The entries that hold all `terms`: first what is called exactly `text`, then by its name, then by others.

    Within each the order given.
    """
    if not terms:
        return []
    typed = _words(text)
    ranked: list[tuple[int, Hit]] = []
    for entry in entries:
        names = [_words(name) for name in (entry.name, *entry.others)]
        everything = [word for words in names for word in words]
        if all(is_found(term, everything) for term in terms):
            by_name = all(is_found(term, names[0]) for term in terms)
            ranked.append((0 if typed in names else 1 if by_name else 2, entry.hit))
    return [hit for _rank, hit in sorted(ranked, key=lambda one: one[0])]
