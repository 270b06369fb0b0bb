"""The lists that choosers read: once, kept by the browser until they change, and not needed to fill in a form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.matrix.activities.choice_lists import LISTS
from interagency.matrix.activities.models import Activity
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations.models import Organisation
from tests.helpers import ACTIVITY, EVENT, Browser, errors_of, text_of

Enter = Callable[[str | None], Browser]
MAX_BYTES = 60_000


def addresses(page: str) -> dict[str, str]:
    """By chooser, where it reads its list."""
    found = html.fromstring(page).xpath("//fieldset[@data-chooser]")
    return {one.get("id"): one.get("data-chooser") for one in found}


def options(groups: list[Any]) -> list[list[str]]:
    return [one for group in groups for one in [*group["options"], *options(group["groups"])]]


def test_each_list_is_kept_for_a_year_under_the_address_of_its_version(app: Flask, enter: Enter) -> None:
    who = enter("who")
    found = addresses(who.get("/activities/new").text) | addresses(who.get("/events/new").text)
    assert {re.split(r"[/.]", one)[2] for one in found.values()} == set(LISTS)
    assert found["entities"] == found["supporting"]
    for address in found.values():
        answer = who.get(address)
        assert (answer.status_code, answer.mimetype) == (200, "application/json"), address
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert options(answer.get_json())
        again = who.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert enter(None).get(address).status_code == 302, "nobody reads it without an account"


@pytest.mark.parametrize("model", [Country, Organisation])
def test_a_list_that_changed_has_another_address_and_an_old_one_is_not_kept(
    app: Flask, enter: Enter, model: type[Any]
) -> None:
    name = {Country: "countries", Organisation: "partners"}[model]
    who = enter("who")
    before = addresses(who.get("/activities/new").text)
    with app.app_context():
        one = db.session.scalars(sa.select(model).where(sa.true() if model is Country else ~model.is_entity)).first()
        assert one is not None
        one.name += " as it is called now"
        db.session.commit()
    after = addresses(who.get("/activities/new").text)
    assert {key for key in before if before[key] != after[key]} >= {name}
    assert after["recommendations"] == before["recommendations"]
    stale = who.get(before[name])
    assert stale.headers["Cache-Control"] == "private, no-cache"
    assert "as it is called now" in stale.text


def test_a_list_is_a_page_too_and_what_is_none_is_not_found(enter: Enter) -> None:
    who = enter("who")
    for name, one in LISTS.items():
        page = who.get(f"/choices/{name}")
        assert page.status_code == 200
        assert str(one.title) in text_of(page)
    for address in ("/choices/persons", "/choices/persons.en.0.json", "/choices/countries.en.json"):
        assert who.get(address).status_code == 404, address


def test_countries_open_with_those_named_most_and_states_stand_before_territories(
    enter: Enter, add_activity: Callable[..., int]
) -> None:
    who = enter("who")
    for title, countries in (("One", ["PE", "KE"]), ("Two", ["KE"])):
        who.send("/activities/new", ACTIVITY | {"title": title, "countries": countries, "verdict-rest": "distinct"})
    first, *others = who.get(addresses(who.get("/activities/new").text)["countries"]).get_json()
    assert (first["title"], [one[0] for one in first["options"]]) == ("Most named in the matrix", ["KE", "PE"])
    last = next(group for group in others if any(one[0] == "HM" for one in group["options"]))
    assert last["options"][0][0] == "AU"
    assert {one["title"] for one in others[:2]} == {"Eastern Africa", "South America"}


def test_what_is_typed_is_understood_without_any_list(app: Flask, enter: Enter) -> None:
    who = enter("who")
    typed = {
        "recommendations-typed": "1i, 5 (v)",
        "entities-typed": "DPKO; UN Women",
        "partners-typed": "Interpol",
        "countries-typed": "Cote d'Ivoire; Congo, Democratic Republic of the\nPeru, Kenya",
        "regions-typed": "Central Asia",
        "sdg-typed": "SDG 3.5, Goal 16",
    }
    done = who.send("/activities/new", ACTIVITY | {"recommendations": [], "verdict-rest": "distinct"} | typed)
    assert done.status_code == 302, errors_of(done)
    with app.app_context():
        made = db.session.scalars(sa.select(Activity).order_by(Activity.id.desc())).first()
        assert made is not None
        assert [one.code for one in made.recommendations] == ["1(i)", "5(v)"]
        assert {part.entity.key for part in made.entities} == {"who", "dpo", "unwomen"}
        assert {one.country_code for one in made.countries} == {"CI", "CD", "PE", "KE"}
        assert [one.key for one in made.partners] == ["interpol"]
        assert [one.name for one in made.regions] == ["Central Asia"]


def test_what_is_not_understood_stays_typed_and_the_rest_is_chosen(enter: Enter) -> None:
    who = enter("who")
    typed = {"countries-typed": "Peru; Atlantis; Kenya, Lemuria", "sdg-typed": "99", "partners-typed": "UNDP"}
    refused = who.send("/activities/new", ACTIVITY | typed)
    assert refused.status_code == 422
    page = html.fromstring(refused.text)
    form = dict(page.xpath("//form[contains(@class, 'record')]")[0].form_values())
    assert form["countries-typed"] == "Atlantis; Kenya, Lemuria"
    assert [one.get("value") for one in page.xpath("//input[@name='countries']")] == ["PE"]
    found = " ".join(errors_of(refused))
    for words in ("“Atlantis”", "“Lemuria”", "“99” is not a goal", "“undp” is not on the list"):
        assert words in found
    assert page.xpath("//details[.//fieldset[@id='sdg']]/@open"), "what is wrong is not folded away"
    links = page.xpath("//div[@class='error-summary']//a/@href")
    assert {"#countries", "#sdg", "#partners"} <= set(links)


def test_more_names_than_are_read_are_refused_and_kept(enter: Enter) -> None:
    typed = ";".join(f"Land {number}" for number in range(400))
    refused = enter("who").send("/activities/new", ACTIVITY | {"countries-typed": typed})
    assert (refused.status_code, "up to 300" in " ".join(errors_of(refused))) == (422, True)
    assert typed in refused.text


@pytest.mark.parametrize(("address", "kept"), [("/activities", ACTIVITY), ("/events", EVENT)])
def test_a_form_weighs_little_whatever_is_chosen_in_it(enter: Enter, address: str, kept: dict[str, Any]) -> None:
    who = enter("who")
    new = f"{address}/new"
    assert len(who.get(new).data) < MAX_BYTES
    place = who.send(new, kept | {"verdict-rest": "distinct"}).location.split("?")[0]
    assert len(who.get(f"{place}/edit").data) < MAX_BYTES


def test_organisers_of_an_event_are_typed_too(enter: Enter) -> None:
    who = enter("who")
    done = who.send("/events/new", EVENT | {"organisers": [], "organisers-typed": "World Health Organization, UNODC"})
    assert done.status_code == 302, errors_of(done)
    assert "UNODC" in text_of(who.get(done.location))
    refused = who.send("/events/new", EVENT | {"participants-typed": "Nobody at all"})
    assert "We do not know the organisation “Nobody at all”" in " ".join(errors_of(refused))
