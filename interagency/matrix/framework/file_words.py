"""The words of files in each of the six languages: headings of columns, names of sheets, and what cells say that no
field's own label says. What is written is read again: both ask this one table, `reference/words-of-files.json`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from interagency.matrix.framework.load import read_file
from interagency.matrix.framework.titles import spoken
from interagency.text.languages import BY_CODE


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    """By the English word, the same in each other language."""
    table: Mapping[str, Mapping[str, str]] = read_file("words-of-files.json")
    return table


def in_words(text: str, language: str = "") -> str:
    """A word of files in `language`, or in the one that is spoken now; as it is where the table has no other."""
    return _table().get(text, {}).get(language or spoken().language, text)


def spellings(text: str) -> tuple[str, ...]:
    """A word of files in all languages, English first."""
    return tuple(dict.fromkeys((text, *_table().get(text, {}).values())))


def is_right_to_left() -> bool:
    """Whether the language that is spoken now is written from right to left."""
    return BY_CODE[spoken().language].direction == "rtl"
