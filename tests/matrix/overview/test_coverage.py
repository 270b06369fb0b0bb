"""Coverage under filters, the sentence of a chapter, and mandates two people declare at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.accounts.models import Person
from interagency.db.base import db, now
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import CountryRole
from interagency.matrix.cycles.models import Answer, AnswerKind
from interagency.matrix.framework.models import Country, Recommendation
from interagency.matrix.organisations.models import Mandate, Organisation
from interagency.matrix.overview.coverage import Covered, coverage
from interagency.matrix.overview.mandates import declare
from interagency.text.dates import ImpreciseDate
from tests.helpers import Browser, text_of
from tests.matrix.conftest import Clock

Enter = Callable[[str | None], Browser]


def on(app: Flask, add_activity: Callable[..., int], code: str, *lands: str, **more: object) -> None:
    """Add an activity on one recommendation in some countries."""
    with app.app_context():
        recommendation = db.session.get_one(Recommendation, code)
        countries = [(db.session.get_one(Country, land), CountryRole.BENEFICIARY) for land in lands]
        db.session.expunge_all()
    add_activity(recommendations=[recommendation], countries=countries, **more)


def covered(at: datetime, filters: Filters | None = None) -> dict[str, Covered]:
    """The recommendations by code, as the coverage page has them at an instant."""
    chapters = coverage(db.session, filters or Filters(), [], at=at)
    return {one.code: one for chapter in chapters for one in chapter.recommendations}


def test_coverage_counts_under_the_filters_and_says_when_only_they_leave_a_blank(
    app: Flask, enter: Enter, add_activity: Callable[..., int]
) -> None:
    on(app, add_activity, "1(a)", "KE", "PE", start=ImpreciseDate.year(2015))
    on(app, add_activity, "1(b)", "PE", "AD", "TD", "ZM", lead="undp")
    with app.app_context():
        found = covered(now(), Filters({"country": ("KE",)}))
        assert (found["1(a)"].activities, found["1(b)"].activities) == (1, 0)
        assert (found["1(b)"].blank, found["2(a)"].blank) == ("none under these filters", "gap")
        assert found["1(a)"].countries == ["Kenya", "Peru"]
        assert covered(now())["1(b)"].where() == "Andorra, Chad, Peru and 1 more"
        db.session.close()
    reader = enter("reader")
    page = html.fromstring(reader.get("/coverage?country=KE").text)
    link = page.xpath("//table//a[starts-with(@href, '/activities')]")
    assert [(one.text, one.get("href")) for one in link] == [("1", "/activities?recommendation=1%28a%29&country=KE")]
    assert "1 activity" in text_of(reader.get(link[0].get("href")))
    assert "Counting only what stands under Kenya: Chapter I: 1 of 18 recommendations" in page.text_content()


def test_a_sentence_per_chapter_can_be_read_out(app: Flask, enter: Enter, add_activity: Callable[..., int]) -> None:
    on(app, add_activity, "6(a)", "KE", "PE", start=ImpreciseDate.month(2016, 6), entities=("undp",))
    on(app, add_activity, "6(b)", "KE")
    page = text_of(enter("reader").get("/coverage"))
    assert (
        "Chapter VI: 2 of 5 recommendations have activities, by UNDP, WHO; 2 activities, 1 of them joint; "
        "in 2 countries named; the earliest begun in 2016; no activity yet on 6(c), 6(d), 6(e)."
    ) in page
    assert "Chapter VII: none of its 12 recommendations has an activity." in page


def test_a_month_that_is_not_due_yet_makes_nobody_silent(
    sqlite_app: Flask, open_month: Callable[..., None], clock: Clock
) -> None:
    open_month("2026-07")
    open_month("2026-08")
    with sqlite_app.app_context():
        who = db.session.scalars(sa.select(Organisation).where(Organisation.key == "who")).one()
        db.session.add(Mandate(entity_id=who.id, recommendation_code="2(a)"))
        db.session.add(Answer(cycle_month="2026-07", entity_id=who.id, kind=AnswerKind.NOTHING))
        db.session.commit()

        def blank() -> str | None:
            found = coverage(db.session, Filters(), [], at=clock())
            return next(one.blank for chapter in found for one in chapter.recommendations if one.code == "2(a)")

        assert blank() == "confirmed none"
        clock.move(2026, 9, 6)
        assert blank() == "silent"


def test_two_people_declaring_a_mandate_merge(app: Flask, enter: Enter) -> None:
    who, coordinator = enter("who"), enter("coordinator")
    who.send("/mandates", {"recommendation": ["1(a)", "2(b)"]})
    # Both open the page; then one adds and clears, and the other saves what they ticked on the page they had.
    seen = html.fromstring(coordinator.get("/mandates?entity=who").text).xpath("//input[@name='seen']/@value")[0]
    assert seen == "1(a) 2(b)"
    who.send("/mandates", {"recommendation": ["1(a)", "3(c)"], "seen": seen})
    answer = coordinator.send(
        "/mandates", {"entity": "who", "recommendation": ["1(a)", "2(b)", "5(h)"], "seen": seen},
        at="/mandates?entity=who",
    )  # fmt: skip
    with app.app_context():
        assert sorted(db.session.scalars(sa.select(Mandate.recommendation_code))) == ["1(a)", "3(c)", "5(h)"]
    page = text_of(coordinator.get(answer.location))
    assert "Saved: 3 recommendations within the mandate of WHO." in page
    assert "somebody else changed 2(b), 3(c). Both their changes and yours are kept." in page


def test_two_people_adding_the_same_at_once_add_it_once(app: Flask) -> None:
    start, problems = threading.Barrier(2), []

    def save(code: str) -> None:
        with app.app_context():
            try:
                start.wait(10)
                entity = db.session.scalars(sa.select(Organisation).where(Organisation.key == "who")).one()
                by = db.session.scalars(sa.select(Person).limit(1)).one()
                declare(db.session, entity, ["1(a)", code], [], by=by, at=now())
                db.session.commit()
            except sa.exc.SQLAlchemyError as problem:
                problems.append(problem)
            finally:
                db.session.close()

    threads = [threading.Thread(target=save, args=(code,)) for code in ("2(a)", "2(b)")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with app.app_context():
        assert sorted(db.session.scalars(sa.select(Mandate.recommendation_code))) == ["1(a)", "2(a)", "2(b)"]


def test_the_page_of_a_mandate_shows_sections_own_activities_and_who_else_declares(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    on(sqlite_app, add_activity, "5(h)")
    enter_sqlite("undp").send("/mandates", {"recommendation": ["5(h)"]})
    page = html.fromstring(enter_sqlite("who").get("/mandates").text)
    assert len(page.xpath("//input[@type='checkbox'][@name='recommendation']")) == 103
    assert len(page.xpath("//fieldset/legend")) == 7
    assert "New psychoactive substances" in [node.text_content() for node in page.xpath("//fieldset//h3")]
    label = page.xpath("//label[input[@value='5(h)']]")[0].text_content()
    assert "1 activity of WHO; also declared by UNDP" in label


def test_where_an_entity_has_activities_is_ticked_at_one_press_and_nothing_is_saved_by_it(
    app: Flask, enter: Enter, add_activity: Callable[..., int]
) -> None:
    for code in ("5(h)", "2(b)"):
        on(app, add_activity, code)
    who = enter("who")
    who.send("/mandates", {"recommendation": ["1(a)"]})
    page = html.fromstring(who.get("/mandates").text)
    link = page.xpath("//a[contains(., 'Tick the 2 recommendations on which WHO has activities')]/@href")[0]
    ticked = html.fromstring(who.get(link).text)
    codes = ticked.xpath("//input[@name='recommendation'][@checked]/@value")
    assert codes == ["1(a)", "2(b)", "5(h)"]
    assert "Nothing is saved yet" in ticked.text_content()
    assert ticked.xpath("//input[@name='seen']/@value") == ["1(a)"]
    with app.app_context():
        assert list(db.session.scalars(sa.select(Mandate.recommendation_code))) == ["1(a)"]
    assert ticked.xpath("//form[@method='post'][contains(@class, 'mandates')]/@action") == ["/mandates"]
    who.send("/mandates", {"recommendation": codes, "seen": "1(a)", "entity": "who"})
    assert "on which WHO has activities" not in who.get("/mandates").text
    assert "As coordinator you declare this on behalf of WHO" in text_of(
        enter("coordinator").get("/mandates?entity=who")
    )
    assert "As coordinator" not in text_of(who.get("/mandates"))


def test_the_chapters_are_summed_on_top_and_gaps_can_be_shown_alone(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    on(sqlite_app, add_activity, "6(a)", "KE", entities=("undp",))
    on(sqlite_app, add_activity, "6(b)", "KE")
    reader = enter_sqlite("reader")
    page = html.fromstring(reader.get("/coverage").text)
    rows = [
        [" ".join(cell.text_content().split()) for cell in row]
        for row in page.xpath("//table[contains(@class, 'chapters')]/tbody/tr")
    ]
    assert len(rows) == 7
    assert rows[5][1:] == ["2 of 5", "2", "1", "6(c) 6(d) 6(e)"]
    assert "2 of the 103 operational recommendations have activities" in page.text_content()
    assert len(page.xpath("//table[contains(@class, 'coverage')]//tr[@id]")) == 103
    for address in page.xpath("//table[contains(@class, 'chapters')]//a/@href"):
        assert page.xpath(f"//*[@id='{address[1:]}']"), address
    link = page.xpath("//a[contains(., 'Show only the 101 without activities')]/@href")[0]
    gaps = html.fromstring(reader.get(link).text)
    assert len(gaps.xpath("//table[contains(@class, 'coverage')]//tr[@id]")) == 101
    assert not gaps.xpath("//tr[@id='r6(a)']")
    under = html.fromstring(reader.get("/coverage?only=gaps&entity=undp").text)
    assert under.xpath("//select[@name='only']/option[@selected]/@value") == ["gaps"]
    assert "only=gaps" in under.xpath("//*[contains(@class, 'chip')]//a/@href")[0]
