"""Understanding what people write for a recommendation, a country or a region."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.framework.models import ROMAN, Chapter, Country, Recommendation, Region, Section
from interagency.matrix.framework.titles import other_names, section_names
from interagency.text.folding import fold, name_key, search_terms

# Both read folded texts, in which no two spaces stand together.
_CODE = re.compile(r"^(?:rec(?:ommendation)?\.? ?)?(\d{1,3}|[ivx]{1,5}) ?[.\-]? ?\(? ?([a-z]) ?\)?$")
# What other papers' numbers look like: 5.12, 15.1.27.
_DOTTED = re.compile(r"^(?:rec(?:ommendation)?\.? ?)?(\d{1,3})(?: ?\. ?\d{1,3}){1,4}$")
_PLACE = re.compile(r"[0-9]{1,3}")
_SDG_WORDS = re.compile(r"^(?:(?:sdgs?|goals?|targets?|ods|odd|objectif|objetivo|meta|cible|цур)[\s:#.-]*)+")
_NUMBERS = {roman.lower(): number for number, roman in enumerate(ROMAN) if roman}
LAST_LETTER = {1: "r", 2: "g", 3: "u", 4: "o", 5: "y", 6: "e", 7: "l"}


class NotUnderstood(ValueError):
    """A name or code that is not on the list; the text says what is."""


def read_code(text: str) -> str:
    """The published code (`1(i)`) of a recommendation written in a common spelling: `1i`, `1 (i)`, `I(i)`.

    Raises NotUnderstood naming the valid letters.
    """
    match = _CODE.match(fold(text))
    if match is None:
        raise NotUnderstood(
            _("“%(text)s” is not a recommendation. Write a chapter and a letter, such as 1(i).", text=text[:40])
        )
    chapter = int(match[1]) if match[1].isdecimal() else _NUMBERS.get(match[1], 0)
    if chapter not in LAST_LETTER:
        ends = ", ".join(f"{number}(a) to {number}({letter})" for number, letter in LAST_LETTER.items())
        raise NotUnderstood(
            _("There is no chapter %(match)s. The recommendations are %(ends)s.", match=match[1], ends=ends)
        )
    if match[2] > LAST_LETTER[chapter]:
        raise NotUnderstood(
            _(
                "There is no %(chapter)s(%(match)s): chapter %(roman)s has the letters a to %(last)s, %(chapter)s(a) "
                "to %(chapter)s(%(last)s).",
                chapter=chapter,
                match=match[2],
                roman=ROMAN[chapter],
                last=LAST_LETTER[chapter],
            )
        )
    return f"{chapter}({match[2]})"


def read_chapter(text: str) -> int:
    """The number of a chapter written `4` or `IV`. Raises NotUnderstood."""
    folded = fold(text)
    number = int(folded) if folded.isdecimal() and len(folded) < 3 else _NUMBERS.get(folded, 0)
    if number not in LAST_LETTER:
        raise NotUnderstood(_("“%(text)s” is not a chapter. The chapters are I to VII.", text=text[:40]))
    return number


def bare_sdg(text: str) -> str:
    """The number alone of a goal or target of the 2030 Agenda as people write it: `3.5` of `SDG 3.5`, `3` of `3.0`."""
    return _SDG_WORDS.sub("", text.casefold().strip()).strip().removesuffix(".0")


def query_code(text: str) -> str | None:
    """The recommendation that `text` as a whole names (`5.h`, `rec 1i`, `I(i)`), or None: `vi` and `id` are words."""
    if not any(sign.isdecimal() or sign == "(" for sign in text):
        return None
    try:
        return read_code(text)
    except NotUnderstood:
        return None


def code_problem(text: str) -> str | None:
    """Why `text`, written like the code of a recommendation, is none, with the letters there are; None for others."""
    folded = fold(text)
    dotted = _DOTTED.match(folded)
    if dotted is not None and int(dotted[1]) in LAST_LETTER:
        chapter = int(dotted[1])
        words = _(
            "There is no recommendation “%(folded)s”. Those of chapter %(roman)s have letters: %(chapter)s(a) to "
            "%(chapter)s(%(last)s).",
            folded=folded,
            roman=ROMAN[chapter],
            chapter=chapter,
            last=LAST_LETTER[chapter],
        )
        return str(words)
    if dotted is None and (_CODE.match(folded) is None or not any(sign.isdecimal() or sign == "(" for sign in folded)):
        return None
    try:
        read_code(f"{dotted[1]}(a)" if dotted else folded)
    except NotUnderstood as problem:
        return str(_("There is no recommendation “%(folded)s”. %(problem)s", folded=folded, problem=problem))
    return None


def query_terms(text: str, *, typing: bool = False) -> tuple[str, ...]:
    """What a query looks for in records, a recommendation in any spelling that is understood among them."""
    code = query_code(text)
    return search_terms(code or text, typing=typing and code is None)


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Countries and regions by every name they are known by, folded."""

    countries: dict[str, str]
    regions: dict[str, str]

    def country(self, text: str) -> str:
        """The ISO 3166 alpha-2 code of a country named in any usual way. Raises NotUnderstood."""
        code = self.countries.get(name_key(text))
        if code is None:
            raise NotUnderstood(
                _("We do not know the country “%(text)s”. Write its UN name or its ISO code.", text=text[:60])
            )
        return code

    def region(self, text: str) -> str:
        """The code of a region. Raises NotUnderstood."""
        code = self.regions.get(name_key(text))
        if code is None:
            raise NotUnderstood(_("We do not know the region “%(text)s”. Choose one from the list.", text=text[:60]))
        return code


def _index(rows: list[tuple[str, list[str]]], in_others: Callable[[str], tuple[str, ...]]) -> dict[str, str]:
    """The codes by folded name. What the database says goes before the names in other languages."""
    index: dict[str, str] = {}
    for code, names in rows:
        for name in names:
            index.setdefault(name_key(name), code)
    for code, _names in rows:
        for name in in_others(code):
            index.setdefault(name_key(name), code)
    return index


def gazetteer(session: Session) -> Gazetteer:
    """The names of all countries and regions, read from the database."""
    countries = session.execute(sa.select(Country.code, Country.alpha3, Country.name, Country.other_names))
    regions = session.execute(sa.select(Region.code, Region.name, Region.other_names))
    return Gazetteer(
        countries=_index(
            [(code, [code, alpha3, name, *others]) for code, alpha3, name, others in countries],
            lambda code: other_names("countries", code),
        ),
        regions=_index(
            [(code, [code, name, *others]) for code, name, others in regions],
            lambda code: other_names("regions", code),
        ),
    )


def chapters(session: Session) -> list[Chapter]:
    """All seven chapters, in the order of the outcome document."""
    return list(session.scalars(sa.select(Chapter).order_by(Chapter.number)))


def sections(session: Session, place: str | None = None) -> list[Section]:
    """All sections and subsections, in the order of the outcome document, or the one at `place` in it."""
    query = sa.select(Section).order_by(Section.position)
    if place is not None:
        query = query.where(Section.position == (int(place) if _PLACE.fullmatch(place) else 0))
    return list(session.scalars(query))


def section_labels(session: Session) -> dict[str, str]:
    """The label of every section by its place in the document, as text: so JSON keeps it."""
    return {str(one.position): one.label for one in sections(session)}


def read_section(known: Iterable[Section], text: str) -> Section:
    """The section written as its label, its title or its place in the document. Raises NotUnderstood."""
    wanted = name_key(text)
    for section in known:
        titles = (section.title, *section_names(section.title))
        labels = (f"{ROMAN[section.chapter_number]}. {title}" for title in titles)
        if wanted == str(section.position) or wanted in map(name_key, (*titles, *labels)):
            return section
    raise NotUnderstood(
        _("“%(text)s” is not a section of the outcome document. Choose one from the list.", text=text[:40])
    )


def recommendations(session: Session) -> list[Recommendation]:
    """All 103 recommendations, in the order of the outcome document."""
    return list(session.scalars(sa.select(Recommendation).order_by(Recommendation.position)))
