"""What countries, chapters, recommendations, Goals and organisations are called in each of the six languages.

The names stand in `reference/names/`, one file a language, and are read once a process. English is what the database
says. A record that was renamed there, so that its name is no more that of the English reference data, is called as it
is written in every language: nothing is translated by guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from flask_babel import get_locale

from interagency.matrix.framework.load import read_file
from interagency.matrix.framework.models import (
    ROMAN,
    Chapter,
    Country,
    Recommendation,
    Region,
    SdgGoal,
    SdgTarget,
    Section,
)
from interagency.text.languages import DEFAULT, LANGUAGES

OTHERS = tuple(language.code for language in LANGUAGES if language.code != DEFAULT)
Names = Mapping[str, Any]


@cache
def names_file(language: str) -> Names:
    """All names of a language: `countries`, `regions`, `goals`, `targets`, `organisations`, `chapters`, `sections`,
    `recommendations`, `days`, and `document`. English has goals, targets and the document alone."""
    names: Names = read_file(f"names/{language}.json")
    return names


@cache
def _english() -> Mapping[str, Mapping[str, str]]:
    """The names of the English reference data, by kind and key: what stands in the database unless it was renamed."""
    document, organisations = read_file("framework.json"), read_file("organisations.json")
    goals = read_file("sdg.json")["goals"]
    return {
        "countries": {one["alpha2"]: one["name"] for one in read_file("countries.json")},
        "regions": {one["code"]: one["name"] for one in read_file("regions.json")},
        "chapters": {str(one["number"]): one["title"] for one in document["chapters"]},
        "chapters short": {str(one["number"]): one["short"] for one in document["chapters"]},
        "recommendations": {one["code"]: one["title"] for one in document["recommendations"]},
        "goals": {str(one["number"]): one["title"] for one in goals},
        "targets": {target["code"]: target["title"] for goal in goals for target in goal["targets"]},
        "organisations": {one["key"]: one["name"] for one in organisations},
        "acronyms": {one["key"]: one["acronym"] or "" for one in organisations},
    }


@cache
def _keys() -> Mapping[str, Mapping[str, str]]:
    """Keys of organisations by English acronym or name, and codes of countries and regions by English name."""
    english = _english()
    names = {name: key for key, name in english["organisations"].items()}
    names |= {acronym: key for key, acronym in english["acronyms"].items() if acronym}
    return {"organisations": names} | {
        kind: {name: code for code, name in english[kind].items()} for kind in ("countries", "regions")
    }


def _by_kind(language: str) -> Mapping[str, Mapping[str, str]]:
    """The names of a language under the kinds of `_english`."""
    names = names_file(language)
    organisations = names["organisations"]
    return {
        **{kind: names[kind] for kind in ("countries", "regions", "recommendations", "targets", "sections", "days")},
        "chapters": {key: one["title"] for key, one in names["chapters"].items()},
        "chapters short": {key: one["short"] for key, one in names["chapters"].items()},
        "goals": {key: one["short"] for key, one in names["goals"].items()},
        "organisations": {key: one["name"] for key, one in organisations.items()},
        "acronyms": {key: one["acronym"] or "" for key, one in organisations.items()},
    }


class Titles:
    """The names of one language. Each method takes what the record itself is called, and gives that where it has no
    other name."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._names = {} if language == DEFAULT else _by_kind(language)

    def _named(self, kind: str, key: str, written: str) -> str:
        if not self._names or _english()[kind].get(key) != written:
            return written
        return self._names[kind].get(key) or written

    def country(self, code: str, written: str) -> str:
        """A country by its ISO 3166 code."""
        return self._named("countries", code, written)

    def region(self, code: str, written: str) -> str:
        """A region by its code."""
        return self._named("regions", code, written)

    def chapter(self, number: int, written: str) -> str:
        """The title of a chapter."""
        return self._named("chapters", str(number), written)

    def short_chapter(self, number: int, written: str) -> str:
        """Our own short name of a chapter."""
        return self._named("chapters short", str(number), written)

    def section(self, written: str) -> str:
        """A section or subsection by its English title."""
        return self._names["sections"].get(written, written) if self._names else written

    def heading(self, written: str) -> str:
        """A section and its subsection, `One / Two`."""
        return " / ".join(map(self.section, written.split(" / "))) if self._names and written else written

    def section_label(self, written: str) -> str:
        """A section with the numeral of its chapter, `I. Prevention of drug abuse`."""
        numeral, dot, title = written.partition(". ")
        return f"{numeral}{dot}{self.section(title)}" if numeral in ROMAN else written

    def recommendation(self, code: str, written: str) -> str:
        """Our short working title of a recommendation."""
        return self._named("recommendations", code, written)

    def goal(self, number: int, written: str) -> str:
        """The short title of a Sustainable Development Goal."""
        return self._named("goals", str(number), written)

    def target(self, code: str, written: str) -> str:
        """A target: our short title in English, the official text in the other languages, which have no other."""
        return self._named("targets", code, written)

    def organisation(self, key: str, written: str) -> str:
        """The name of an organisation."""
        return self._named("organisations", key, written)

    def short(self, key: str, written: str) -> str:
        """The acronym of an organisation; its name where it has none."""
        if not self._names or key not in _english()["organisations"]:
            return written
        if written == _english()["acronyms"][key]:
            return self._names["acronyms"].get(key) or written
        return self.organisation(key, written)

    def called(self, written: str) -> str:
        """An organisation by what it is called in English, its acronym or its name, where its key is not known."""
        return self.short(_keys()["organisations"].get(written, ""), written) if self._names else written

    def place(self, written: str) -> str:
        """A country or region by its English name, where its code is not known."""
        if not self._names:
            return written
        code = _keys()["countries"].get(written)
        return self.country(code, written) if code else self.region(_keys()["regions"].get(written, ""), written)

    def day(self, written: str) -> str:
        """A holiday by its English name."""
        return self._names["days"].get(written, written) if self._names else written


def other_names(kind: str, key: str) -> tuple[str, ...]:
    """What one of the `countries` or `regions` is called in the five languages beside English."""
    return tuple(name for language in OTHERS if (name := names_file(language)[kind].get(key)))


@cache
def organisation_names(key: str) -> tuple[str, ...]:
    """The acronyms and names of an organisation of the reference data in the five languages beside English."""
    found = (names_file(language)["organisations"].get(key) for language in OTHERS)
    return tuple(dict.fromkeys(name for one in found if one for name in (one["acronym"], one["name"]) if name))


def section_names(written: str) -> tuple[str, ...]:
    """What a section is called in the five languages beside English, by its English title."""
    return tuple(name for language in OTHERS if (name := names_file(language)["sections"].get(written)))


@cache
def titles(language: str) -> Titles:
    """The names of the language with this code."""
    return Titles(language)


def spoken() -> Titles:
    """The names of the language that is spoken now: the reader's, or that of an output."""
    locale = get_locale()
    return titles(locale.language if locale and locale.language in (*OTHERS, DEFAULT) else DEFAULT)


def name_of(record: Any) -> str:
    """What a record of the reference data is called in the language that is spoken now.

    Organisations are no part of this package, so they have functions of their own. Raises TypeError for other records.
    """
    names = spoken()
    match record:
        case Country():
            return names.country(record.code, record.name)
        case Region():
            return names.region(record.code, record.name)
        case Chapter():
            return names.chapter(record.number, record.title)
        case Section():
            return names.section(record.title)
        case Recommendation():
            return names.recommendation(record.code, record.title)
        case SdgGoal():
            return names.goal(record.number, record.title)
        case SdgTarget():
            return names.target(record.code, record.title)
    raise TypeError(f"{record!r} is in no list of names")


def names_of_country(country: Country) -> tuple[str, ...]:
    """Every name a country is found by."""
    return (country.name, *country.other_names, *other_names("countries", country.code))


def names_of_region(region: Region) -> tuple[str, ...]:
    """Every name a region is found by."""
    return (region.name, *region.other_names, *other_names("regions", region.code))
