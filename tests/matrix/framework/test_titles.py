"""Names in six languages are whole, and say nothing that nobody checked."""

from __future__ import annotations

import re

import pytest

from interagency.matrix.framework.file_words import _table as file_words
from interagency.matrix.framework.load import read_file
from interagency.matrix.framework.titles import OTHERS, names_file, titles
from interagency.text.folding import name_key

ARABIC, CHINESE, CYRILLIC = re.compile("[\u0621-\u064a]"), re.compile("[\u4e00-\u9fff]"), re.compile("[а-яё]", re.I)
SCRIPTS = {"ar": ARABIC, "zh": CHINESE, "ru": CYRILLIC}
NAMED = (
    "un_entity", "un_body", "international_organisation", "regional_organisation",
    "international_financial_institution",
)  # fmt: skip
TWN = {"ar": "مقاطعة", "zh": "中国台湾省", "fr": "Province de Chine", "ru": "Китай", "es": "Provincia de China"}


def expected() -> dict[str, list[str]]:
    """The keys that each language needs a name for."""
    days = read_file("un-days.json")
    document, goals = read_file("framework.json"), read_file("sdg.json")["goals"]
    parts = [section for chapter in document["chapters"] for section in chapter["sections"]]
    return {
        "countries": [one["alpha2"] for one in read_file("countries.json")],
        "regions": [one["code"] for one in read_file("regions.json")],
        "goals": [str(one["number"]) for one in goals],
        "targets": [target["code"] for goal in goals for target in goal["targets"]],
        # Those that the United Nations name in each language; others are called what they call themselves.
        "organisations": [one["key"] for one in read_file("organisations.json") if one["kind"] in NAMED],
        "chapters": [str(one["number"]) for one in document["chapters"]],
        "sections": [title for one in parts for title in (one["title"], *(sub["title"] for sub in one["subsections"]))],
        "recommendations": [one["code"] for one in document["recommendations"]],
        "days": list(dict.fromkeys(one["name"] for kind in ("holidays", "moving") for one in days[kind])),
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_key_has_a_name_in_every_language(language: str) -> None:
    names = names_file(language)
    assert set(names) == {*expected(), "language", "document"}
    assert names["language"] == language
    assert names["document"].strip()
    for kind, keys in expected().items():
        assert sorted(names[kind]) == sorted(keys), kind
        for key, one in names[kind].items():
            texts = [text for text in one.values() if text is not None] if isinstance(one, dict) else [one]
            assert texts, (kind, key)
            assert all(text == " ".join(text.split(" ")).strip() and text for text in texts), (kind, key, texts)
        if language in SCRIPTS and kind != "organisations":
            strange = [key for key, one in names[kind].items() if not SCRIPTS[language].search(str(one))]
            assert strange == [], kind
    assert TWN[language] in names["countries"]["TW"]
    assert len(set(names["countries"].values())) == len(names["countries"])
    assert len(set(map(str, names["recommendations"].values()))) == 103
    missing = [word for word, said in file_words().items() if not said.get(language)]
    assert missing == []


def test_no_name_of_one_country_is_another_in_another_language() -> None:
    owners: dict[str, set[str]] = {}
    for one in read_file("countries.json"):
        others = (names_file(code)["countries"][one["alpha2"]] for code in OTHERS)
        for name in (one["name"], *one.get("other_names", []), *others):
            owners.setdefault(name_key(name), set()).add(one["alpha2"])
    assert {name: codes for name, codes in owners.items() if len(codes) > 1} == {}


def test_what_was_renamed_is_called_as_it_is_written() -> None:
    french = titles("fr")
    assert french.country("CH", "Switzerland") == "Suisse"
    assert french.country("CH", "Helvetia") == "Helvetia"
    assert french.short("who", "WHO") == "OMS"
    assert french.short("who", "WHO-2030") == "WHO-2030"
    assert french.short("unknown", "New") == "New"
    assert titles("en").country("CI", "Côte d’Ivoire") == "Côte d’Ivoire"
    assert french.heading("Prevention of drug abuse") != "Prevention of drug abuse"
