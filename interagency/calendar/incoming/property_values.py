"""Values of the properties of an event in a file, bounded and cleaned."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask_babel import gettext as _

from interagency.calendar.incoming.lines import Block, unescaped
from interagency.text.folding import clean

_BETWEEN_CATEGORIES = re.compile(r"(?<!\\),")


def links_of(block: Block) -> list[list[str]]:
    """Its addresses: kind, title, address."""
    found = []
    for name, kind in (("URL", "page"), ("CONFERENCE", "meeting")):
        for line in block.all(name)[:20]:
            address = clean(line.value, lines=False)
            if address.startswith(("https://", "http://")) and len(address) < 2000 and not set(address) & set('<>" '):
                found.append([kind, "", address])
    return found[:20]


def categories_of(block: Block) -> Iterator[str]:
    """The names of its categories."""
    for line in block.all("CATEGORIES")[:20]:
        for category in _BETWEEN_CATEGORIES.split(line.value)[:50]:
            if name := clean(unescaped(category), lines=False)[:100]:
                yield name


def title_of(block: Block) -> str:
    """What an event that is left out is called."""
    return words_of(block, "SUMMARY", 100) or str(_("an event without title"))


def words_of(block: Block, name: str, length: int) -> str:
    """The first `length` characters of a property."""
    return clean(block.text(name), lines=False)[:length].strip()


def number_of(text: str) -> int:
    """A whole number as written; 0 for what is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
