"""Where, and together: tables, map and picture tell the same, and each number opens its list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import combinations

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity, CountryRole, Qualifier
from interagency.matrix.framework.load import read_file
from interagency.matrix.framework.models import Country
from interagency.matrix.overview.grid import step_of
from interagency.matrix.overview.tile_map import EMPTY, layout, legend, places
from interagency.matrix.overview.together import together
from interagency.matrix.overview.where import where
from tests.helpers import Browser, text_of
from tests.matrix.overview.test_grid_links import listed
from tests.worlds import many_activities

Enter = Callable[[str | None], Browser]


def numbers(who: Browser, address: str, path: str) -> dict[str, int]:
    """Each link under `path` with the number it says at the end of its name."""
    page = html.fromstring(who.get(address).text)
    links = page.xpath(path)
    return {
        link.get("href"): int("".join(c for c in link.xpath("normalize-space(.)") if c.isdecimal())) for link in links
    }


def test_every_country_has_one_tile_and_its_region_is_on_the_map() -> None:
    countries = {country["alpha2"]: country["region"] for country in read_file("countries.json")}
    rows = [row.split() for row in layout()["rows"]]
    assert len({len(row) for row in rows}) == 1
    assert sorted(code for row in rows for code in row if code != EMPTY) == sorted(countries)
    assert set(layout()["regions"]) == set(countries.values())
    assert set(layout()["names"]) <= set(countries)
    taken = {(label["x"] + more, label["y"]) for label in layout()["labels"] for more in range(label["span"])}
    assert not taken & set(places().values()), "the name of a continent would cover a country"


# Land borders that people look for; each pair stands side by side or corner to corner.
BORDERS = (
    "CA US, US MX, MX GT, CO VE, CO EC, PE BO, BO PY, BR PY, AR CL, AR UY, NO SE, FR ES, ES PT, FR CH, AT HU, "
    "PL BY, PL LT, BY RU, UA RU, RO BG, GR TR, MA DZ, DZ TN, LY EG, EG SD, EG IL, ML BF, NE TD, NG CM, ET KE, "
    "KE TZ, UG RW, NA BW, ZA LS, MZ ZW, JO SA, SA YE, OM AE, IQ IR, IR AF, AF PK, PK IN, IN NP, CN MN, CN NP, "
    "CN KP, KP KR, TH KH, LA VN, MM TH, KZ UZ, KZ KG, TM AF, TJ AF, RU KZ, PG SB, ID TL"
)


def test_neighbours_stand_beside_each_other() -> None:
    for pair in BORDERS.split(", "):
        one, other = (places()[code] for code in pair.split())
        assert max(abs(one[0] - other[0]), abs(one[1] - other[1])) == 1, pair


def test_the_legend_tells_each_number_its_shade() -> None:
    assert legend(0) == []
    assert legend(3) == [(2, 1, 1), (4, 2, 2), (5, 3, 3)]
    for most in (1, 8, 47):
        told = [(number, step) for step, first, last in legend(most) for number in range(first, last + 1)]
        assert told == [(number, step_of(number, most)) for number in range(1, most + 1)]


def test_each_number_of_table_and_map_is_the_length_of_its_list(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    with sqlite_app.app_context():
        many_activities(60)
        db.session.close()
    who = enter_sqlite("who")
    for query in ("", "?country=AD&country=TD", "?region=002&status=ongoing&beneficiary=AD", "?joint=yes&region=142"):
        table = numbers(who, f"/where{query}", "//table[@class='where']//td/a")
        assert table
        with sqlite_app.app_context():
            for address, number in table.items():
                assert listed(address, ["who"]) == number, (query, address)
        page = html.fromstring(who.get(f"/where{query}").text)
        counted = page.xpath("//div[@class='map']//li[contains(@class, 'step-')]/a")
        tiles = {link.get("href"): link.xpath("normalize-space(b)") for link in counted}
        assert tiles
        assert len(page.xpath("//div[@class='map']//li/a")) == 249, "each can be reached, also where nothing is"
        for address, text in tiles.items():
            assert int(text.rstrip("⚭")) == table[address], "map and table say the same"


def test_two_roles_of_a_country_are_one_activity_and_beneficiaries_are_told_apart(
    app: Flask, enter: Enter, add_activity: Callable[..., int]
) -> None:
    with app.app_context():
        kenya, peru = (db.session.get_one(Country, code) for code in ("KE", "PE"))
        db.session.expunge_all()
    roles = [(kenya, CountryRole.HOST), (kenya, CountryRole.BENEFICIARY), (peru, CountryRole.HOST)]
    add_activity("Both", entities=("undp",), countries=roles)
    add_activity("Nowhere")
    with app.app_context():
        found = where(db.session, Filters(), [])
        places = {one.line.label: one for one in found.places}
        assert (places["Kenya"].count, places["Kenya"].joint, places["Kenya"].beneficiary) == (1, 1, 1)
        assert (places["Peru"].count, places["Peru"].beneficiary) == (1, 0)
        assert (places["Africa"].count, places["Africa"].countries) == (1, 1)
        assert (places["World"].count, places["World"].countries, found.nowhere, found.countries) == (1, 2, 1, 2)
        assert [one.line.label for one in found.places][:4] == ["World", "Africa", "Sub-Saharan Africa",
                                                                 "Eastern Africa"]  # fmt: skip


def test_numbers_without_names_stand_apart_and_are_not_added_up(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    def figure(number: int, unit: str) -> list[FigureDraft]:
        return [FigureDraft(Decimal(number), Qualifier.ABOUT, unit)]

    add_activity("In eight", figures=figure(8, "countries"))
    add_activity("In nine", figures=figure(9, "Member States"))
    add_activity("Books", figures=figure(4000, "books"))
    page = enter_sqlite("who").get("/where")
    rows = html.fromstring(page.text).xpath("//div[@aria-labelledby='unnamed']//tbody/tr")
    assert [[" ".join(cell.text_content().split()) for cell in row] for row in rows] == [
        ["In eight", "about 8 countries", "0"],
        ["In nine", "about 9 Member States", "0"],
    ]
    assert "17" not in text_of(page)
    assert "0 countries are named" in text_of(page)


@pytest.mark.slow
def test_pairs_read_the_same_both_ways_and_open_what_both_do(app: Flask, enter: Enter) -> None:
    with app.app_context():
        many_activities(60)
        expected: Counter[tuple[str, str]] = Counter()
        for one in db.session.scalars(sa.select(Activity)):
            expected.update(combinations(sorted(part.entity.key for part in one.taking_part), 2))
        found = together(db.session, Filters(), [])
        counted = {pair: cell.count for pair, cell in found.cells.items()}
        assert {pair: count for pair, count in counted.items() if pair[0] < pair[1]} == dict(expected)
        assert all(counted[two, one] == count for (one, two), count in counted.items())
        assert len(found.ties) == len(expected)
        db.session.close()
    who = enter("who")
    for query in ("", "?entity=unodc&entity=ohchr", "?chapter=5&status=ongoing&status=completed"):
        table = numbers(who, f"/together{query}", "//table[contains(@class, 'pairs')]//td/a")
        with app.app_context():
            for address, number in table.items():
                assert listed(address, ["who"]) == number, (query, address)
        page = html.fromstring(who.get(f"/together{query}").text)
        with app.app_context():
            for link in page.xpath("//div[@aria-labelledby='by-chapter']//a[starts-with(@href, '/activities')]"):
                assert listed(link.get("href"), ["who"]) == int(link.text.split()[-1]), link.get("href")


def test_an_entity_is_isolated_by_its_address(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    add_activity("Two", lead="who", entities=("undp",))
    add_activity("Others", lead="unodc", entities=("undp", "unicef"))
    with sqlite_app.app_context():
        found = together(db.session, Filters(), [], alone="who")
        assert [(pair.left.key, pair.right.key) for pair in found.pairs] == [("undp", "who")]
        assert found.dots[0].line.key == "who"
        assert {dot.line.key for dot in found.dots} == {"who", "undp"}
    reader = enter_sqlite("reader")
    page = html.fromstring(reader.get("/together?chapter=none").text)
    assert page.xpath("//*[local-name()='svg']//*[local-name()='a']/@href")[0].startswith("/together?alone=")
    alone = reader.get("/together?alone=who")
    assert "Whom WHO works with" in text_of(alone)
    assert len(html.fromstring(alone.text).xpath("//*[local-name()='line']")) == 1
    assert "“nobody” has no joint activities here" in text_of(reader.get("/together?alone=nobody"))


def test_without_joint_activities_the_pages_say_so(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    reader = enter_sqlite("reader")
    assert "No joint activity under these filters." in text_of(reader.get("/together"))
    assert "No activity under these filters names a country or region." in text_of(reader.get("/where"))
    assert "Nothing with a date lies in these months." in text_of(reader.get("/when"))
