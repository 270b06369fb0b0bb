"""A language that nobody speaks, for tests: what is English in it did not pass through gettext.

It stands in the place of Arabic, so that pages are mirrored and dates, names and numbers come as in a true language.
Each message of it has accents, is a third longer and stands in brackets. A test that walks through pages, mails or
files says `with speaking_pseudo(app):`, asks for Arabic (`PSEUDO`), and looks at `bare_words(page)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from babel.support import NullTranslations
from flask import Flask
from flask_babel import get_babel
from lxml import html
from sqlalchemy.orm import Session

from interagency.db.base import Model

PSEUDO = "ar"
OPEN, CLOSE = "⟦", "⟧"
_ACCENTS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "áƀćďéƒĝĥíĵķĺḿńóṕʠŕśťúṽŵẋýžÁƁĆĎÉƑĜĤÍĴĶĹḾŃÓṔɊŔŚŤÚṼŴẊÝŽ"
)
_KEPT = re.compile(r"(%\(\w+\)[sd]|\{\w*\}|%%|</?[a-z][^<>]*>|&\w+;|https?:\S+)")
_INNERMOST = re.compile(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}")
_WORD = re.compile(r"[A-Za-z]{2,}")
# Addresses, zones, codes of countries, settings.
_NO_WORDS = re.compile(
    r"[\w.+-]+@[\w.-]+|https?:\S+|\b(?:[A-Z][A-Za-z_]+/)+[A-Z]\w+|(?<![\w])/[\w/{}<>.-]+|\b[A-Z]{2}\b|INTERAGENCY_\w+"
)
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
    return [word for word in _WORD.findall(_NO_WORDS.sub(" ", text)) if word not in data]


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


# Columns of what people wrote and of names: in the walks they are in Greek letters, so that none is taken for ours.
WRITTEN = {
    "audience": ("name",), "chapter": ("title",), "event_series": ("title",), "person": ("name",), "region": ("name",),
    "sdg_goal": ("title",), "sdg_target": ("title",), "country": ("name",), "section": ("title",),
    "recommendation": ("title", "addressee"), "organisation": ("acronym", "name"), "organisation_name": ("name",),
    "activity": ("title", "description", "results", "lessons", "city", "source", "contact", "remarks"),
    "activity_entity": ("role",), "answer": ("on_behalf_reason", "comment"),
    "remark": ("text",), "saved_view": ("name",), "need": ("title", "details", "source"),
    "cycle": ("reopened_reason",), "figure": ("unit", "source"), "milestone": ("title",), "notice_recipient": ("name",),
    "access_token": ("label",), "subscription": ("name",), "matrix_import": ("file_name",), "sign_in": ("label",),
    "calendar_import": ("file_name",), "hand_out": ("recipient",),
    "event": ("title", "description", "venue", "city", "meant_for", "source", "remarks"),
    "event_document": ("title",), "event_link": ("title",), "segment_day": ("note",),
    "occurrence_change": ("title", "venue", "description", "note"),
}  # fmt: skip
_GREEK = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "αβκδεφγηιζκλμνοπθρστυβωξψζΑΒΚΔΕΦΓΗΙΖΚΛΜΝΟΠΘΡΣΤΥΒΩΞΨΖ"
)


def write_in_greek(session: Session) -> None:
    """Put everything that people wrote, and every name, in Greek letters."""
    for table, columns in WRITTEN.items():
        rows = Model.metadata.tables[table]
        keys = list(rows.primary_key.columns)
        for row in session.execute(sa.select(*keys, *(rows.c[name] for name in columns))).all():
            values = {name: value.translate(_GREEK) for name in columns if (value := getattr(row, name))}
            if values:
                where = (key == value for key, value in zip(keys, row, strict=False))
                session.execute(sa.update(rows).where(*where).values(values))
    session.commit()
