"""The reference lists are whole and agree with the standards they come from."""

from __future__ import annotations

from collections import Counter

import pycountry

from interagency.matrix.framework.load import read_file
from interagency.text.folding import name_key

PER_GOAL = [7, 8, 13, 10, 9, 8, 5, 12, 8, 10, 10, 11, 5, 10, 12, 12, 19]


def test_the_outcome_document_has_its_chapters_sections_and_recommendations() -> None:
    document = read_file("framework.json")
    sections = [section for chapter in document["chapters"] for section in chapter["sections"]]
    counts = Counter(entry["chapter"] for entry in document["recommendations"])
    assert len(document["chapters"]) == 7
    assert len(sections) == 12
    assert sum(len(section["subsections"]) for section in sections) == 4
    assert [counts[number] for number in range(1, 8)] == [18, 7, 21, 15, 25, 5, 12]
    letters = [entry["code"] for entry in document["recommendations"] if entry["chapter"] == 5]
    assert letters == [f"5({letter})" for letter in "abcdefghijklmnopqrstuvwxy"]


def test_the_goals_have_169_targets() -> None:
    goals = read_file("sdg.json")["goals"]
    assert [len(goal["targets"]) for goal in goals] == PER_GOAL
    codes = [target["code"] for goal in goals for target in goal["targets"]]
    assert len(set(codes)) == 169


def test_the_countries_are_those_of_iso_3166() -> None:
    countries = read_file("countries.json")
    ours = {(c["alpha2"], c["alpha3"], c["m49"]) for c in countries}
    assert ours == {(c.alpha_2, c.alpha_3, c.numeric) for c in pycountry.countries}
    assert sum(c["member"] for c in countries) == 193


def test_every_region_lies_in_the_world() -> None:
    regions = {region["code"]: region["parent"] for region in read_file("regions.json")}
    for code in [*regions, *(country["region"] for country in read_file("countries.json"))]:
        place: str | None = code
        while regions[place or "001"]:
            place = regions[place or "001"]
        assert place == "001"


def test_no_name_means_two_countries_or_two_organisations() -> None:
    for rows in (
        [(c["alpha2"], [c["alpha2"], c["alpha3"], c["name"], *c["other_names"]]) for c in read_file("countries.json")],
        [
            (
                o["key"],
                [o["key"], o["acronym"], o["name"], *o["spellings"]]
                + [former[part] for former in o["former_names"] for part in ("name", "acronym")],
            )
            for o in read_file("organisations.json")
        ],
    ):
        owner: dict[str, str] = {}
        for key, names in rows:
            for name in filter(None, names):
                assert owner.setdefault(name_key(name), key) == key, name


def test_the_eleven_entities_of_the_decision_answer() -> None:
    founding = [o for o in read_file("organisations.json") if o["founding"]]
    assert [o["acronym"] for o in sorted(founding, key=lambda o: o["position"])] == (
        ["UNODC", "OHCHR", "UNAIDS", "UNICEF", "UNDP", "UN-Women", "WHO", "DPO", "DESA", "DPA", "EOSG"]
    )


def test_every_parent_of_an_organisation_is_an_organisation() -> None:
    organisations = read_file("organisations.json")
    keys = {o["key"] for o in organisations}
    assert len(organisations) == len(keys) == 123
    assert {o["parent"] for o in organisations} - {None} <= keys
