"""The reference lists are whole and agree with the standards they come from."""

from __future__ import annotations

from collections import Counter

import pycountry

from interagency.matrix.framework.load import read_file
from interagency.matrix.framework.texts import official_text
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


# The first and the last word of each paragraph, in the order of the document.
ENDS = (
    "Take … training; Also … progression; Increase … services; Promote … basis; Involve … implementation; "
    "Consider … initiatives; Develop … interventions; Promote … entities; Recognize … services; Encourage … "
    "capacity; Promote … regard; Develop … government; Promote … mortality; Promote … reintegration; Invite … "
    "Users; Promote … responses; Intensify … manner; Encourage … updated; Consider … measures; Strengthen … "
    "countries; Expedite … Board; Address … cost-effective; Take … stakeholders; Develop … purposes; Continue "
    "… appropriate; Strengthen … Participation; Promote … crime; Promote … law; Increase … measures; Monitor "
    "… activities; Promote … money-laundering; Strengthen … money-laundering; Enhance … requested; Strengthen "
    "… countries; Maximize … nature; Respond … interventions; Encourage … transnationally; Strengthen … "
    "material; Consider … instruments; Continue … Laundering; Strengthen … financing; Develop … model; "
    "Enhance … tools; Develop … units; Promote … strategies; Improve … regard; Enhance … appropriate; Ensure "
    "… pregnancy; Promote … law; Continue … crime; Promote … services; Implement … Guidelines); Mainstream … "
    "Women; Consider … challenges; Ensure … Peoples; Encourage … Rules); Consider … Convention; Promote … "
    "legislation; Enhance … authorities; Encourage … Rules); Promote … trial; Encourage … experiences; "
    "Enhance … projects; Establish … problem; Continue … authorities; Commit … measures; Share … Drugs; "
    "Actively … Board; Enhance … activities; Strengthen … consequences; Support … methamphetamine; Promote … "
    "stimulants; Strengthen … Online); Take … tools; Enhance … Crime; Develop … tools; Support … law; "
    "Increase … activities; Enhance … Internet; Encourage … appropriate; Support … regard; Promote … "
    "implications; Intensify … crime; Encourage … cooperation; Promote … microtrafficking; Call … States; "
    "Strengthen … problem; Enhance … problem; Strengthen … practitioners; Encourage … 70/1; Encourage … "
    "programmes; Target … alternatives; Encourage … strategies; Express … challenges; Consider … law; "
    "Strengthen … Development; Strengthen … Development; Promote … Goals; Consider … societies; Urge … "
    "programmes; Encourage … activities; Consider … employment; Promote … regard "
)


def test_each_recommendation_has_its_paragraph_of_the_outcome_document() -> None:
    texts = read_file("outcome-document.json")["texts"]
    assert list(texts) == [entry["code"] for entry in read_file("framework.json")["recommendations"]]
    found = [f"{text.split()[0].strip(',')} … {text.rstrip(';.').split()[-1]}" for text in texts.values()]
    assert found == [pair.strip() for pair in ENDS.split(";")]
    for code, text in texts.items():
        ends_chapter = code in ("1(r)", "2(g)", "3(u)", "4(o)", "5(y)", "6(e)", "7(l)")
        assert text.endswith("." if ends_chapter else ";"), code
        assert text == " ".join(text.split()) and not set(text) & set("<>*#_|"), code
        assert len(text) > 90 and text[0].isupper(), code
    assert official_text("1(b)").endswith("at risk of such progression")


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
