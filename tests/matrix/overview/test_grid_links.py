"""Every number of the overview opens a list of exactly as many activities, under whatever filters."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import etree, html
from werkzeug.datastructures import MultiDict

from interagency.db.base import db
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters, read_filters
from interagency.matrix.activities.models import Activity, Participation
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overview.grid import COLUMNS, ROWS, grid
from tests.conftest import signed_in
from tests.helpers import Browser, text_of
from tests.worlds import many_activities

Enter = Callable[[str | None], Browser]
FILTERS = [
    "",
    "entity=unodc",
    "entity=ohchr&entity=unaids&joint=yes",
    "chapter=5&status=ongoing&status=planned",
    "chapter=none",
    "region=002",
    "region=none&country=none",
    "recommendation=1(a)&recommendation=3(k)&year=2017",
    "q=activity&mine=yes&section=9",
    "beneficiary=AD&also=entity:unodc&also=chapter:1",
]


def listed(address: str, mine: list[str]) -> int:
    """How many activities the list at `address` holds."""
    filters = read_filters(db.session, MultiDict(parse_qsl(urlsplit(address).query)))
    assert filters.problems == ()
    query = sa.select(sa.func.count()).select_from(Activity).where(*activity_conditions(filters, mine))
    return db.session.scalar(query) or 0


@pytest.fixture(scope="module")
def many(shared_app: Flask) -> Flask:
    """A service with activities of all kinds, which nobody changes."""
    with shared_app.app_context():
        many_activities(60)
        db.session.close()
    return shared_app


GRIDS = [(rows, columns) for rows in ROWS for columns in COLUMNS if rows != columns]


@pytest.mark.parametrize(("rows", "columns"), GRIDS)
@pytest.mark.slow
def test_each_number_of_each_grid_is_the_length_of_the_list_it_opens(many: Flask, rows: str, columns: str) -> None:
    who = signed_in(many)("who")
    numbers = 0
    # Each grid under some of the filters, all filters under some of the grids.
    for query in FILTERS[GRIDS.index((rows, columns)) % 5 :: 5]:
        page = html.fromstring(who.get(f"/matrix?rows={rows}&columns={columns}&{query}").text)
        seen = {}
        for link in page.xpath("//table[contains(@class, 'heat')]//td/a"):
            seen[link.get("href")] = int(link.text)
        with many.app_context():
            for address, number in seen.items():
                assert listed(address, ["who"]) == number, (query, address)
        numbers += len(seen)
    assert numbers > 5


def test_the_list_itself_says_the_number_of_the_cell(many: Flask) -> None:
    who = signed_in(many)("who")
    page = html.fromstring(who.get("/matrix?rows=region&columns=year&joint=no&status=ongoing&status=planned").text)
    links = page.xpath("//table[contains(@class, 'heat')]//td/a")
    assert len(links) > 5
    for link in links:
        assert f"{link.text} activit" in text_of(who.get(link.get("href")))


def test_the_grid_counts_the_same_on_both_databases(app: Flask) -> None:
    with app.app_context():
        many_activities(40)
        for rows in ROWS:
            found = grid(db.session, Filters(), [], rows, "status")
            for row in found.rows:
                address = Filters().narrowed(*row.filter).address("/activities")
                assert listed(address, []) == found.of_row(row).count, address
                assert sum(found.at(row, column).count for column in found.columns) == found.of_row(row).count
            outside = [one for one in db.session.scalars(sa.select(Activity)) if not _on(one, rows)]
            assert found.outside[0] == len(outside), rows
        years = grid(db.session, Filters(), [], "entity", "year").columns
        begun = {one.start.first.year for one in db.session.scalars(sa.select(Activity)) if one.start}
        assert [line.label for line in years] == [str(year) for year in sorted(begun)]


def _on(one: Activity, rows: str) -> bool:
    """Whether an activity stands on some line."""
    return {
        "entity": any(part.participation is not Participation.DECLINED for part in one.entities),
        "chapter": bool(one.chapters),
        "section": any(code.section_id for code in one.recommendations),
        "recommendation": bool(one.recommendations),
        "region": bool(one.regions or one.countries),
        "country": bool(one.countries),
        "year": one.start is not None,
    }[rows]


def test_every_entity_is_found_by_its_key(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        for key in db.session.scalars(sa.select(Organisation.key)):
            assert read_filters(db.session, MultiDict({"entity": key})).get("entity") == (key,)


def test_removing_a_chip_keeps_the_rows_and_the_other_filters(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    page = html.fromstring(
        enter_sqlite("who").get("/matrix?rows=section&columns=entity&status=planned&joint=yes&region=002").text
    )
    chips = page.xpath("//ul[@class='chips']//a/@href")
    assert chips[0] == "/matrix?rows=section&columns=entity&status=planned&joint=yes"
    assert "/matrix?rows=section&columns=entity&region=002&joint=yes" in chips
    assert chips[-1] == "/matrix?rows=section&columns=entity"


@pytest.mark.parametrize("page", ["/matrix", "/coverage", "/where", "/when", "/together", "/activities"])
def test_sending_the_form_again_loses_no_filter(sqlite_app: Flask, enter_sqlite: Enter, page: str) -> None:
    query = (
        "entity=who&entity=undp&chapter=1&country=KE&country=PE&region=002&status=planned&status=ongoing&level=field"
        "&scope=global&joint=yes&partner=interpol&section=1&year=2016&also=entity:unodc&mine=yes&beneficiary=KE&q=hiv"
    )
    asked = MultiDict(parse_qsl(query))
    who = enter_sqlite("who")
    form = html.fromstring(who.get(f"{page}?{query}").text).xpath("//form[contains(@class, 'filters')]")[0]
    sent = MultiDict([(name, value) for name, value in form.form_values() if value])
    with sqlite_app.app_context():
        assert read_filters(db.session, sent).pairs() == read_filters(db.session, asked).pairs()


def test_a_filter_the_form_does_not_offer_stands_in_it(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    for query, words in (("entity=none", "Lead unknown"), ("region=none", "no region"), ("country=none", "no country")):
        page = enter_sqlite("who").get(f"/matrix?{query}")
        form = html.fromstring(page.text).xpath("//form[contains(@class, 'filters')]")[0]
        assert tuple(query.split("=")) in form.form_values()
        assert words in text_of(page)


@pytest.mark.parametrize("query", ["section=99", "section=x", "year=16", "year=٢٠١٦", "also=entity", "also=q:x",
                                   "also=entity:nobody", "beneficiary=Atlantis"])  # fmt: skip
def test_a_filter_that_is_not_understood_is_told(sqlite_app: Flask, enter_sqlite: Enter, query: str) -> None:
    response = enter_sqlite("who").get(f"/activities?{query}")
    assert response.status_code == 200
    assert html.fromstring(response.text).xpath("//div[contains(@class, 'notice warning')]")


def test_joint_and_individual_are_told_in_words_and_signs(many: Flask) -> None:
    page = html.fromstring(signed_in(many)("who").get("/matrix").text)
    for cell in page.xpath("//table[contains(@class, 'heat')]//td[a]"):
        number, label = int(cell.xpath("a/text()")[0]), cell.xpath("a/@aria-label")[0]
        parts = {part.text[0]: int(part.text[1:]) for part in cell.xpath(".//span[@class='parts']/span")}
        assert sum(parts.values()) == number
        assert f"{parts.get('⚭', 0)} joint and {parts.get('○', 0)} individual" in label


def test_the_picture_has_the_numbers_of_the_table(many: Flask) -> None:
    who = signed_in(many)("who")
    address = "rows=entity&columns=year&q=activity"
    drawn = etree.fromstring(who.get(f"/matrix.svg?{address}").data)
    words = [node.text for node in drawn.iter("{*}text")]
    table = html.fromstring(who.get(f"/matrix?{address}").text).xpath("//table[contains(@class, 'heat')]")[0]
    numbers = [link.text for link in table.xpath(".//td/a")]
    assert [word for word in words if word and word.isdecimal() and int(word) < 2000] == numbers
    assert any("Filters: q: activity" in word for word in words if word)


def test_the_download_holds_what_the_number_counts(many: Flask) -> None:
    who = signed_in(many)("who")
    page = html.fromstring(who.get("/matrix?rows=entity&columns=year&entity=unodc&entity=ohchr").text)
    for link in page.xpath("//table[contains(@class, 'heat')]//td[contains(@class, 'step-')]/a")[:6]:
        query = urlsplit(link.get("href")).query
        assert "also=entity" in query
        answer = who.get(f"/exports/matrix.json?{query}").json
        assert answer is not None
        assert answer["problems"] == []
        assert len(answer["rows"]) == int(link.text)
