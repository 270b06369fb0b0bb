"""A language that nobody speaks, for tests: what is English in it did not pass through gettext.

It stands in the place of Arabic, so that pages are mirrored and dates, names and numbers come as in a true language.
Each message of it has accents, is a third longer and stands in brackets. A test that walks through pages, mails or
files says `with speaking_pseudo(app):`, asks for Arabic (`PSEUDO`), and looks at `bare_words(page)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from babel.support import NullTranslations
from flask import Flask
from flask_babel import get_babel
from lxml import html

PSEUDO = "ar"
OPEN, CLOSE = "⟦", "⟧"
_ACCENTS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "áƀćďéƒĝĥíĵķĺḿńóṕʠŕśťúṽŵẋýžÁƁĆĎÉƑĜĤÍĴĶĹḾŃÓṔɊŔŚŤÚṼŴẊÝŽ"
)
_KEPT = re.compile(r"(%\(\w+\)[sd]|\{\w*\}|%%|</?[a-z][^<>]*>|&\w+;|https?://\S+)")
_INNERMOST = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
_WORD = re.compile(r"[A-Za-z]{2,}")
_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt", "aria-description", "data-label")
# What is no text of ours: the program's own signs, examples to type, and what people wrote.
_DATA = ("script", "style", "code", "pre", "kbd", "samp", "bdi", "textarea")


def pseudo(message: str) -> str:
    """`message` with accents, in brackets, a third longer; placeholders and markup as they are."""
    pieces = _KEPT.split(message)
    said = "".join(piece if place % 2 else piece.translate(_ACCENTS) for place, piece in enumerate(pieces))
    begin, end = message[: len(message) - len(message.lstrip())], message[len(message.rstrip()) :]
    return f"{begin}{OPEN}{said.strip()}{'·' * (len(message) // 3)}{CLOSE}{end}" if message.strip() else message


class PseudoTranslations(NullTranslations):  # type: ignore[misc]  # babel has few types
    """What gettext asks, answered by `pseudo`."""

    def ugettext(self, message: str) -> str:
        return pseudo(message)

    def ungettext(self, one: str, several: str, number: int) -> str:
        return pseudo(one if number == 1 else several)

    gettext, ngettext = ugettext, ungettext

    def upgettext(self, _context: str, message: str) -> str:
        return pseudo(message)

    def unpgettext(self, _context: str, one: str, several: str, number: int) -> str:
        return self.ungettext(one, several, number)

    pgettext, npgettext = upgettext, unpgettext


@contextmanager
def speaking_pseudo(app: Flask) -> Iterator[None]:
    """Arabic is the pseudo-language meanwhile, in requests to `app` and under `force_locale(PSEUDO)`."""
    with app.app_context():
        cache = get_babel().instance.domain_instance.cache
    key = (PSEUDO, "messages")
    before = cache.get(key)
    cache[key] = PseudoTranslations()
    try:
        yield
    finally:
        if before is None:
            del cache[key]
        else:
            cache[key] = before


def bare(text: str, known: Iterable[str] = ()) -> list[str]:
    """The words of Latin letters in `text` that stand in no brackets and are not among the `known` words.

    `known` are texts that are data, such as names: each of their words is known.
    """
    while (shorter := _INNERMOST.sub(" ", text)) != text:
        text = shorter
    data = {word for one in known for word in _WORD.findall(one)}
    return [word for word in _WORD.findall(text) if word not in data]


def bare_words(page: str, known: Iterable[str] = ()) -> list[str]:
    """The same of a page in HTML: its text and what its attributes say. Code, and what people wrote (in `bdi` or with
    `dir="auto"` or a language of its own), is data."""
    tree = html.fromstring(page)
    for element in tree.xpath(
        "|".join(f"//{name}" for name in _DATA) + "|//*[@dir='auto']|//*[@lang and not(self::html)]"
    ):
        tail = element.tail
        element.clear()
        element.tail = tail
    texts = [*tree.xpath("//text()"), *(value for name in _ATTRIBUTES for value in tree.xpath(f"//@{name}"))]
    data = [*known]
    return [word for text in texts for word in bare(str(text), data)]
