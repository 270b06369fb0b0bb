"""The list of look-alikes, and asking about them when an activity is changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.matrix.activities.models import (
    Activity,
    ActivityCountry,
    ActivityEntity,
    Status,
    activity_recommendation,
)
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.models import Verdict
from interagency.matrix.overlaps.pairs import NEIGHBOURS, all_pairs
from tests.helpers import Browser, statements_seen, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
WORDS = ("nurses", "judges", "farmers", "teachers", "pilots", "guards", "chemists", "poets", "lawyers", "sailors")


@pytest.fixture
def many(app: Flask) -> Callable[[int], None]:
    """Add so many activities of WHO, UNDP and UNICEF in turn; each ten share a recommendation and a country."""

    def add(count: int) -> None:
        with app.app_context():
            entities = [
                db.session.scalars(sa.select(Organisation.id).where(Organisation.key == key)).one()
                for key in ("who", "undp", "unicef")
            ]
            countries, codes = ("KE", "BO", "AF", "PE", "TJ"), ("1(a)", "2(b)", "5(h)", "7(c)")
            first = (db.session.scalar(sa.select(sa.func.max(Activity.id))) or 0) + 1
            rows, parts, places, links = [], [], [], []
            for number in range(first, first + count):
                text = f"{WORDS[number % 10]} {WORDS[number // 10 % 10]} group{number // 7}"
                row = {"id": number, "title": text, "status": Status.ONGOING, "search_text": f" {text} "}
                rows.append(row | {"description": f"long description number {number} of " + text * 3})
                parts.append(
                    {
                        "activity_id": number,
                        "entity_id": entities[number % 3],
                        "is_lead": True,
                        "participation": "confirmed",
                    }
                )
                places.append(
                    {"activity_id": number, "country_code": countries[number // 10 % 5], "role": "beneficiary"}
                )
                links.append({"activity_id": number, "recommendation_code": codes[number // 50 % 4]})
            db.session.execute(sa.insert(Activity), rows)
            db.session.execute(sa.insert(ActivityEntity), parts)
            db.session.execute(sa.insert(ActivityCountry), places)
            db.session.execute(sa.insert(activity_recommendation), links)
            db.session.commit()

    return add


@pytest.mark.one_database
@pytest.mark.slow
def test_comparisons_grow_with_the_activities_and_not_with_their_square(
    app: Flask, many: Callable[[int], None]
) -> None:
    many(1500)
    with app.app_context():
        few = all_pairs(db.session).comparisons
    many(1500)
    with app.app_context():
        search = all_pairs(db.session)
    assert few > 0
    assert search.comparisons < 2.5 * few  # twice the activities; all pairs would be four times
    groups = 2 * 3 + 1  # pairs of three rare words in title and description, one recommendation in one country
    assert search.comparisons < 3000 * groups * NEIGHBOURS
    assert search.pairs == sorted(search.pairs, key=lambda pair: pair.order)


def test_the_list_takes_as_many_statements_for_many_as_for_few(
    app: Flask, enter: Enter, many: Callable[[int], None]
) -> None:
    c = enter("coordinator")
    taken = []
    for count in (30, 600):
        many(count)
        with statements_seen(app) as statements:
            page = c.get("/overlaps?country=KE&entity=who")
        assert page.status_code == 200
        assert html.fromstring(page.text).xpath("//ol[@class='alike-list']/li")
        taken.append(len(statements))
    assert taken[0] == taken[1]


def _pairs_on(page: str) -> list[tuple[str, ...]]:
    rows = html.fromstring(page).xpath("//ol[@class='alike-list']/li")
    return [tuple(link.text_content() for link in row.xpath(".//h2/a")) for row in rows]


def test_every_pair_stands_on_one_page_of_the_list(app: Flask, enter: Enter, many: Callable[[int], None]) -> None:
    many(120)
    c = enter("coordinator")
    address, seen = "/overlaps", []
    while address:
        page = c.get(address)
        seen += _pairs_on(page.text)
        links = html.fromstring(page.text).xpath("//a[@rel='next']/@href")
        address = f"/overlaps{links[0]}" if links else ""
    with app.app_context():
        expected = [pair for pair in all_pairs(db.session).pairs if not pair.is_of_one]
    assert len(seen) == len(expected) > 50
    assert len(set(seen)) == len(seen)
    for nonsense in ("x", "1.2", "1.2.3.4", "--1.2.3", "9" * 40):
        assert c.get(f"/overlaps?after={nonsense}").status_code == 200


@pytest.fixture
def pairs(app: Flask, enter: Enter, add_activity: Add) -> dict[str, int]:
    """Look-alikes of WHO and UNDP, of UNICEF and UNODC, and two of WHO alone."""
    described = "Judges and prosecutors learn in twelve weeks how to weigh evidence that was collected online."
    return {
        "a": add_activity("Train laboratory staff in Kenya", lead="who"),
        "b": add_activity("Training laboratory staff in Kenya", lead="undp"),
        "c": add_activity("Courts and evidence", lead="unicef", description=described),
        "d": add_activity("Learning for the bench", lead="unodc", description=described.replace("twelve", "ten")),
        "e": add_activity("Map of clinics", lead="who"),
        "f": add_activity("Map of clinics", lead="who"),
    }


def test_look_alikes_of_different_entities_are_listed_with_the_reason(enter: Enter, pairs: dict[str, int]) -> None:
    page = enter("coordinator").get("/overlaps")
    assert _pairs_on(page.text) == [
        ("Train laboratory staff in Kenya", "Training laboratory staff in Kenya"),
        ("Courts and evidence", "Learning for the bench"),
    ]
    assert "a similar title" in text_of(page)
    assert "a similar description" in text_of(page)


@pytest.mark.parametrize(
    ("query", "count"),
    [("entity=undp", 1), ("entity=unicef&q=evidence", 1), ("entity=who", 1), ("country=PE", 0), ("q=bench", 1)],
)
def test_the_list_is_narrowed_by_the_common_filters(
    enter_sqlite: Enter, sqlite_app: Flask, pairs_sqlite: None, query: str, count: int
) -> None:
    assert len(_pairs_on(enter_sqlite("coordinator").get(f"/overlaps?{query}").text)) == count


@pytest.fixture
def pairs_sqlite(sqlite_app: Flask, add_activity: Add) -> None:
    add_activity("Train laboratory staff in Kenya", lead="who")
    add_activity("Training laboratory staff in Kenya", lead="undp")
    add_activity("Evidence for the bench", lead="unicef")
    add_activity("Evidence for the  bench", lead="unodc")


@pytest.mark.parametrize(("name", "count"), [("coordinator", 2), ("undp", 1), ("reader", None), ("admin", None)])
def test_focal_points_see_what_touches_their_entities(
    enter_sqlite: Enter, pairs_sqlite: None, name: str, count: int | None
) -> None:
    page = enter_sqlite(name).get("/overlaps")
    assert page.status_code == (403 if count is None else 200)
    if count is not None:
        assert len(_pairs_on(page.text)) == count


def test_a_verdict_takes_a_pair_off_the_list_and_it_can_be_changed(enter: Enter, pairs: dict[str, int]) -> None:
    c = enter("coordinator")
    act = f"/overlaps/{pairs['a']}/{pairs['b']}/verdict"
    back = c.send(f"{act}?entity=who", {"kind": "distinct", "back": "list"}, at="/overlaps")
    assert back.location == "/overlaps?entity=who"
    assert len(_pairs_on(c.get("/overlaps").text)) == 1
    said = c.get("/overlaps?shown=distinct")
    assert len(_pairs_on(said.text)) == 1
    assert "Clara Coordinator" in text_of(said)
    c.send(act, {"kind": "related", "back": "list"}, at="/overlaps")
    assert not _pairs_on(c.get("/overlaps?shown=distinct").text)
    assert len(_pairs_on(c.get("/overlaps?shown=related").text)) == 1


def edit(browser: Browser, number: int, **values: object) -> object:
    address = f"/activities/{number}/edit"
    return browser.send(address, browser.fields(address) | values)


@pytest.mark.one_database
def test_a_change_that_matters_is_asked_about_before_it_is_saved(
    app: Flask, enter: Enter, pairs: dict[str, int]
) -> None:
    who, number = enter("who"), pairs["e"]
    other = edit(who, number, results="Something else entirely")
    assert other.status_code == 302
    asked = edit(who, number, title="Courts and  evidence", remarks="My own words")
    assert asked.status_code == 409
    assert "the same title" in text_of(asked)
    assert "My own words" in asked.text
    with app.app_context():
        assert db.session.get_one(Activity, number).title == "Map of clinics"
    values = {"title": "Courts and  evidence", f"verdict-{pairs['c']}": "distinct"}
    assert edit(who, number, **values).status_code == 302
    # remembered: the next change is not asked about this pair again
    assert edit(who, number, description="More words on the same").status_code == 302
    with app.app_context():
        assert [(one.first_id, one.kind.value) for one in db.session.scalars(sa.select(Verdict))] == [
            (pairs["c"], "distinct")
        ]


@pytest.mark.one_database
def test_one_tick_says_that_the_rest_is_something_else(app: Flask, enter: Enter, pairs: dict[str, int]) -> None:
    coordinator = enter("coordinator")
    saved = edit(
        coordinator, pairs["c"], title="Map of clinics", **{f"verdict-{pairs['e']}": "same", "verdict-rest": "distinct"}
    )
    assert saved.location == f"/overlaps/{pairs['c']}/{pairs['e']}"
    assert "What now" in text_of(coordinator.get(saved.location)) or "what now" in text_of(
        coordinator.get(saved.location)
    )
    with app.app_context():
        kinds = sorted(one.kind.value for one in db.session.scalars(sa.select(Verdict)))
    assert kinds == ["distinct", "distinct", "same"]


@pytest.mark.parametrize("answers", [{"verdict-rest": "same"}, {"verdict-rest": "x"}, {"verdict-9999": "same"}])
def test_nonsense_answers_decide_nothing(enter_sqlite: Enter, pairs_sqlite: None, answers: dict[str, str]) -> None:
    assert edit(enter_sqlite("who"), 1, description="New", **answers).status_code == 409


def test_who_else_works_in_a_country_and_on_a_recommendation(
    app: Flask, enter: Enter, many: Callable[[int], None]
) -> None:
    many(60)
    reader = enter("reader")
    page = reader.get("/countries/KE")
    assert "19 activities name Kenya, 0 of them joint, on 2 of the 103 recommendations." in text_of(page)
    assert [node.text_content() for node in html.fromstring(page.text).xpath("//main//tbody//th/span[1]")] == [
        "UNICEF", "UNDP", "WHO",
    ]  # fmt: skip
    assert reader.get("/countries/kenya").location == "/countries/KE"
    assert reader.get("/countries/Atlantis").status_code == 404
    page = reader.get("/recommendations/2(b)")
    assert "activities stand under 2(b)" in text_of(page)
    assert reader.get("/recommendations/2b").location == "/recommendations/2(b)"
    blank = reader.get("/recommendations/1(b)")
    assert "gap" in text_of(blank)
    paragraph = html.fromstring(blank.text).xpath("//blockquote")[0].text_content()
    assert paragraph.startswith("Also take effective and practical measures to prevent progression to severe drug use")
    assert html.fromstring(blank.text).xpath("//a[@rel='prev' or @rel='next']/@href") == [
        "/recommendations/1(a)", "/recommendations/1(c)",
    ]  # fmt: skip
    wrong = reader.get("/recommendations/1(s)")
    assert (wrong.status_code, "1(a) to 1(r)" in text_of(wrong)) == (404, True)
    with statements_seen(app) as few:
        reader.get("/countries/KE")
    many(600)
    with statements_seen(app) as statements:
        reader.get("/countries/KE")
    assert len(statements) == len(few)
