"""The matrix as a whole: counts that are right, blanks with their reason, pages that stay quick."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import etree, html

from interagency.db import batches
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import CountryRole, Participation, Status
from interagency.matrix.activities.record import create_activity, refresh_derived
from interagency.matrix.cycles.models import Answer, AnswerKind
from interagency.matrix.framework.models import Country, Recommendation
from interagency.matrix.organisations.models import Mandate, Organisation
from interagency.matrix.organisations.queries import Directory
from interagency.matrix.overview.grid import COLUMNS, ROWS, grid
from interagency.text.dates import ImpreciseDate
from tests.helpers import Browser, activity_draft, statements_seen, text_of
from tests.matrix.conftest import Clock
from tests.matrix.overview.test_coverage import covered
from tests.worlds import many_activities

Enter = Callable[[str | None], Browser]


def world() -> None:
    """Three activities: one of WHO in two chapters, one joint with UNDP declined and UNICEF, one of nobody's."""
    directory = Directory(db.session)
    codes = {one.code: one for one in db.session.scalars(sa.select(Recommendation))}
    countries = {one.code: one for one in db.session.scalars(sa.select(Country))}
    who, undp, unicef = (directory.find(key) for key in ("who", "undp", "unicef"))
    drafts = [
        activity_draft(
            "One", Status.ONGOING, lead=who, recommendations=[codes["1(a)"], codes["1(b)"], codes["5(h)"]],
            countries=[(countries["KE"], CountryRole.HOST), (countries["KE"], CountryRole.BENEFICIARY)],
            start=ImpreciseDate.month(2016, 6),
        ),
        activity_draft("Two <&>", Status.PLANNED, lead=who, entities=[undp, unicef], recommendations=[codes["1(a)"]]),
        activity_draft("Three", Status.COMPLETED),
    ]  # fmt: skip
    made = [create_activity(db.session, draft, by=None, by_name="test") for draft in drafts]
    made[1].entities[1].participation = Participation.DECLINED
    refresh_derived(made[1])
    db.session.commit()


def test_an_activity_counts_in_each_line_and_once_in_totals(app: Flask) -> None:
    with app.app_context():
        world()
        found = grid(db.session, Filters(), [], "entity", "chapter")
        lines = {line.key: line for line in found.rows}
        chapters = {line.key: line for line in found.columns}
        assert list(chapters) == [1, 2, 3, 4, 5, 6, 7]
        one = found.at(lines["who"], chapters[1])
        assert (one.count, one.joint, one.step) == (2, 1, 5)
        assert found.at(lines["who"], chapters[5]).count == 1
        assert found.at(lines["undp"], chapters[1]).count == 0, "who declined takes no part"
        assert found.at(lines["unicef"], chapters[1]).joint == 1
        assert found.row_totals["who"].count == 2
        assert found.column_totals[1].count == 2
        assert (found.total.count, found.total.joint) == (3, 1)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("columns", COLUMNS)
def test_every_grid_opens_and_adds_up(sqlite_app: Flask, enter_sqlite: Enter, rows: str, columns: str) -> None:
    with sqlite_app.app_context():
        world()
        if rows != columns:
            found = grid(db.session, Filters(), [], rows, columns)
            assert found.total.count == 3
            assert all(cell.count <= found.row_totals[row].count for (row, _column), cell in found.cells.items())
            if rows == "country":
                assert [line.label for line in found.rows] == ["Kenya"]
                assert found.row_totals["KE"].count == 1, "two roles are one activity"
        db.session.close()
    who = enter_sqlite("who")
    response = who.get(f"/matrix?rows={rows}&columns={columns}")
    assert response.status_code == 200
    assert ("do not go together" in text_of(response)) == (rows == columns)
    picture = who.get(f"/matrix.svg?rows={rows}&columns={columns}")
    if rows == columns:
        assert picture.status_code == 400
        assert "do not go together" in text_of(picture)
    else:
        assert etree.fromstring(picture.data).find("{*}title") is not None


def test_each_cell_opens_its_activities_under_the_filters_of_the_page(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    with sqlite_app.app_context():
        world()
        db.session.close()
    who = enter_sqlite("who")
    page = html.fromstring(who.get("/matrix?status=planned").text)
    links = page.xpath("//table[contains(@class, 'heat')]//td/a/@href")
    assert "/activities?entity=who&chapter=1&status=planned" in links
    for link in links:
        number = page.xpath(f"//td/a[@href='{link}']/text()")[0]
        assert f"{number} activit" in text_of(who.get(link))


def test_the_heads_name_the_chapters(enter_sqlite: Enter) -> None:
    page = html.fromstring(enter_sqlite("reader").get("/matrix").text)
    heads = [" ".join(head.text_content().split()) for head in page.xpath("//table//thead//th")]
    assert heads[1:4] == ["I Demand reduction", "II Access to medicines", "III Supply reduction"]


def test_an_empty_matrix_shows_seven_chapters(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    page = html.fromstring(enter_sqlite("reader").get("/matrix?rows=chapter&columns=status").text)
    assert len(page.xpath("//table[contains(@class, 'heat')]/tbody/tr")) == 7
    assert "Chapter VII: none of its 12 recommendations has an activity." in text_of(
        enter_sqlite("reader").get("/coverage")
    )


@pytest.mark.parametrize(
    "query", ["rows=x", "columns=%00", "rows=entity&columns=entity", "chapter=99", "entity=nobody"]
)
def test_what_is_not_understood_is_told(sqlite_app: Flask, enter_sqlite: Enter, query: str) -> None:
    response = enter_sqlite("who").get(f"/matrix?{query}")
    assert response.status_code == 200
    assert html.fromstring(response.text).xpath("//div[contains(@class, 'notice warning')]")


def test_blanks_say_why(app: Flask, enter: Enter, open_month: Callable[..., None], clock: Clock) -> None:
    open_month()
    clock.move(2026, 9, 6)
    with app.app_context():
        world()
        found = covered(clock())
        assert len(found) == 103
        assert (found["1(a)"].activities, found["1(a)"].joint, found["1(a)"].entities) == (2, 1, ["UNICEF", "WHO"])
        assert (found["5(h)"].countries, found["5(h)"].since) == (["Kenya"], 2016)
        assert found["2(a)"].blank == "gap"
        who = db.session.scalars(sa.select(Organisation).where(Organisation.key == "who")).one()
        undp = db.session.scalars(sa.select(Organisation).where(Organisation.key == "undp")).one()
        db.session.add_all(
            [
                Mandate(entity_id=who.id, recommendation_code="2(a)"),
                Mandate(entity_id=undp.id, recommendation_code="2(b)"),
                Answer(cycle_month="2026-08", entity_id=who.id, kind=AnswerKind.NOTHING),
            ]
        )
        db.session.commit()
        found = covered(clock())
        assert (found["2(a)"].blank, found["2(b)"].blank, found["2(c)"].blank) == (
            "confirmed none",
            "silent",
            "outside all declared mandates",
        )
        assert found["1(a)"].blank is None
        db.session.close()
    page = text_of(enter("reader").get("/coverage"))
    assert "Chapter I: 2 of 18 recommendations have activities, by UNICEF, WHO" in page


def test_an_entity_declares_its_mandate(app: Flask, enter: Enter) -> None:
    who = enter("who")
    assert who.send("/mandates", {"recommendation": ["1(a)", "2(b)"]}).status_code == 302
    assert who.send("/mandates", {"recommendation": ["2(b)", "3(c)"]}).status_code == 302
    with app.app_context():
        assert sorted(db.session.scalars(sa.select(Mandate.recommendation_code))) == ["2(b)", "3(c)"]
    assert who.send("/mandates", {"recommendation": ["1(s)"]}).status_code == 400
    assert who.send("/mandates", {"recommendation": [], "seen": "1(s)"}).status_code == 400
    assert who.send("/mandates", {"entity": "undp", "recommendation": []}, at="/mandates").status_code == 403
    assert enter("reader").get("/mandates").status_code == 403
    assert enter("coordinator").send("/mandates", {"entity": "undp", "recommendation": ["1(a)"]}).status_code == 302


@pytest.mark.slow
def test_as_many_statements_with_many_as_with_three(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 100)  # a thousand
    who = enter_sqlite("who")

    def statements(address: str) -> int:
        with statements_seen(sqlite_app) as seen:
            assert who.get(address).status_code == 200
        return len(seen)

    pages = (
        "/matrix", "/coverage", "/matrix?rows=country&columns=entity", "/matrix?rows=region&columns=year",
        "/activities", "/activities?entity=who&sort=title", "/search?q=activity", "/where?region=002", "/together",
        "/when?around=2017-06", "/when?by=entity&around=2017-06", "/mandates",
    )  # fmt: skip
    for title in ("First activity", "Second activity", "Third activity"):
        add_activity(title, entities=("undp",), start=ImpreciseDate.month(2017, 5))
    few = [statements(page) for page in pages]
    with sqlite_app.app_context():
        world()
        many_activities(batches.BATCH + 10)  # more than are read at once
        db.session.close()
    assert [statements(page) for page in pages] == few
