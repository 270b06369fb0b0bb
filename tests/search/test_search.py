"""The search as people meet it: the page, the suggestions, the lists, and what stays hidden."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from interagency.db.base import db
from interagency.db.fulltext import index_problems
from interagency.matrix.activities.models import Activity
from interagency.matrix.framework.models import Recommendation
from interagency.matrix.organisations.models import NameKind, Organisation, OrganisationName
from interagency.search.marks import excerpt, marked
from interagency.search.upkeep import bring_up_to_date, problems, rebuild
from interagency.text.folding import search_terms
from tests.helpers import EVENT, Browser, statements_seen, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


def found(page: TestResponse) -> dict[str, list[str]]:
    """The titles on the page, by the heading they stand under."""
    assert page.status_code == 200, page.text
    return {
        section.xpath("normalize-space(h2/text())").strip(): [
            " ".join(link.text_content().split()) for link in section.xpath(".//li/a[1]")
        ]
        for section in html.fromstring(page.text).xpath("//section[@class='found']")
    }


def search(browser: Browser, words: str, **more: str) -> dict[str, list[str]]:
    return found(browser.get("/search", query_string={"q": words, **more}))


def suggested(browser: Browser, words: str) -> list[str]:
    page = browser.get("/search/suggestions", query_string={"q": words})
    assert page.status_code == 200
    tree = html.fromstring(f"<div>{page.text}</div>")
    return [" ".join(one.text_content().split()) for one in tree.xpath("//*[@role='option']")]


def test_former_names_find_the_entity_and_its_work(enter: Enter, add_activity: Add) -> None:
    add_activity("Police advisers", lead="dpo")
    reader = enter("reader")
    for words in ("DPKO", "dpo", "Peacekeeping Operations"):
        given = search(reader, words)
        assert "Department of Peace Operations (DPO)" in given["Entities and partners"], words
        assert given["Activities"] == ["Police advisers"], words


def test_countries_are_found_however_they_are_written(enter_sqlite: Enter) -> None:
    reader = enter_sqlite("reader")
    for words in ("cote d'ivoire", "Côte d’Ivoire", "COTE", "côte ivo", "CIV", "ivory coast"):
        assert "Côte d’Ivoire" in search(reader, words)["Countries and regions"], words


def test_a_recommendation_is_found_by_its_code_in_any_spelling(app: Flask, enter: Enter, add_activity: Add) -> None:
    with app.app_context():
        code = db.session.get_one(Recommendation, "1(p)")
    add_activity("Answers it", recommendations=[code])
    add_activity("Does not")
    reader = enter("reader")
    for words in ("1(p)", "1p", "1 (p)", "I(p)", "1.p", "rec 1p", "recommendation I (p)"):
        given = search(reader, words)
        assert [title[:5] for title in given["Recommendations"]] == ["1(p) "], words
        assert given["Activities"] == ["Answers it"], words


def test_recommendations_and_chapters_are_found_by_words_and_chapters_by_number(enter_sqlite: Enter) -> None:
    reader = enter_sqlite("reader")
    assert any(title.startswith("1(") for title in search(reader, "overdose")["Recommendations"])
    for words in ("IV", "4", "chapter iv"):
        assert search(reader, words)["Chapters"][0].startswith("IV. ")


def test_a_recommendation_is_found_by_the_words_of_its_paragraph(enter_sqlite: Enter) -> None:
    page = enter_sqlite("reader").get("/search?q=naloxone")
    assert "1(m)" in text_of(page)
    assert "<mark>naloxone</mark>" in page.text, "and the page shows where"
    suggested = enter_sqlite("reader").get("/search?q=recreational+facilities")
    assert "1(g)" in text_of(suggested)


def test_all_words_are_needed_and_they_may_stand_in_different_places(enter: Enter, add_activity: Add) -> None:
    add_activity("Naloxone for peers", description="A training in Nairobi")
    add_activity("Naloxone alone")
    reader = enter("reader")
    assert search(reader, "nairobi NALOX")["Activities"] == ["Naloxone for peers"]
    assert "Activities" not in search(reader, "naloxone vienna")


def test_title_comes_before_description_and_recent_before_old(app: Flask, enter: Enter, add_activity: Add) -> None:
    ages = {"Naloxone, old": 9, "Other, old": 8, "Naloxone, new": 2, "Other, new": 1}
    for title, age in ages.items():
        made = add_activity(title, description="Naloxone is handed out")
        with app.app_context():
            table = Activity.__table__
            older = db.session.get_one(Activity, made).updated_at - timedelta(days=age)
            db.session.execute(sa.update(table).where(table.c.id == made).values(updated_at=older))
            db.session.commit()
    given = search(enter("reader"), "naloxone")["Activities"]
    assert given == ["Naloxone, new", "Naloxone, old", "Other, new", "Other, old"]


def test_the_words_looked_for_are_marked_and_nothing_else_is_markup(enter: Enter, add_activity: Add) -> None:
    add_activity("<b>Côte</b> & training", description="Where the <i>trainers</i> of Cote d’Ivoire are")
    page = enter("reader").get("/search?q=cote+train")
    assert "&lt;b&gt;<mark>Côte</mark>&lt;/b&gt; &amp; <mark>training</mark>" in page.text
    assert "&lt;i&gt;<mark>trainers</mark>&lt;/i&gt; of <mark>Cote</mark> d’Ivoire" in page.text


def test_each_kind_leads_to_all_there_is(enter: Enter, add_activity: Add) -> None:
    for number in range(12):
        add_activity(f"Naloxone {number}")
    reader = enter("reader")
    page = reader.get("/search?q=naloxone")
    assert "All 12" in text_of(page)
    assert 'href="/activities?q=naloxone"' in page.text
    assert "12 activities" in text_of(reader.get("/activities?q=naloxone"))
    assert len(found(page)["Activities"]) == 10
    assert len(search(reader, "naloxone", only="activities")["Activities"]) == 12
    countries = search(reader, "s", only="places")["Countries and regions"]
    assert len(countries) > 5 == len(search(reader, "s")["Countries and regions"])


def test_an_event_is_found_by_title_city_and_country(enter: Enter) -> None:
    focal = enter("who")
    focal.send("/events/new", EVENT | {"city": "Yaoundé", "country": "Cameroon"})
    for words in ("expert", "yaounde", "camero"):
        assert search(focal, words)["Events"] == ["Expert meeting"]


def test_suggestions_come_from_the_first_letters(enter: Enter, add_activity: Add) -> None:
    add_activity("Training of prosecutors")
    reader = enter("reader")
    assert any(one.startswith("Training of prosecutors") for one in suggested(reader, "tr"))
    assert any(one.startswith("Kenya") for one in suggested(reader, "ken"))
    assert any("1(p)" in one for one in suggested(reader, "1(p)"))
    assert suggested(reader, "zzzz") == ["Search everywhere for “zzzz”"]
    assert suggested(reader, " ") == []


def test_short_words_are_whole_words_in_texts(enter: Enter, add_activity: Add) -> None:
    add_activity("The whole picture", lead="unodc")
    page = enter("reader").get("/search?q=who")
    assert "Activities" not in found(page)
    assert "“who” is short" in text_of(page)


def test_what_the_suggestions_list_the_page_finds(enter: Enter, add_activity: Add) -> None:
    add_activity("Partnerships on access to controlled medicines")
    reader = enter("reader")
    for words in ("access to med", "partnerships on acc", "access", "access to medicines"):
        listed = html.fromstring(reader.get("/search/suggestions", query_string={"q": words}).text)
        leads = set(listed.xpath("//a[@role='option' and not(@class)]/@href"))
        answer = reader.get("/search", query_string={"q": words})
        page = text_of(answer)
        assert leads <= set(html.fromstring(answer.text).xpath("//main//li/a/@href")), words
        assert "Partnerships on access to controlled medicines" in page
        assert ("words that begin with the last one" in page) is words.endswith((" med", " acc")), words


def test_where_no_record_holds_all_words_those_with_most_are_shown(enter: Enter, add_activity: Add) -> None:
    add_activity("Women in prison")
    add_activity("Women at work")
    reader = enter("reader")
    page = reader.get("/search", query_string={"q": "zzzqqqx of women in prison"})
    assert "No record holds all of these words; these hold 2 of the 3" in text_of(page)
    assert "Women in prison" in text_of(page)
    assert "Women at work" not in text_of(page), "it holds one"
    assert "No record holds all" not in text_of(reader.get("/search?q=women+prison"))
    assert "Nothing holds all of these words" in text_of(reader.get("/search?q=zzzqqq+xxyyxx+women+wwwvvv+uuuttt"))


HOSTILE = (
    "*", '"', "NEAR(a b)", "a:b", "%00", "\x00", "😀", "e\u0301", "دراسة", "毒品", "x" * 2000, "'; --", "%F0%9F", "\\",
)  # fmt: skip


def test_no_words_are_an_error_at_any_door(enter: Enter) -> None:
    reader = enter("reader")
    for words in HOSTILE:
        for address in ("/search", "/search/suggestions", "/activities", "/calendar"):
            assert reader.get(address, query_string={"q": words}).status_code == 200, (address, words)
        # A file is not made under a filter that could not be read.
        assert reader.get("/exports/matrix.csv", query_string={"q": words}).status_code in (200, 400), words


def test_a_list_says_when_there_is_nothing_to_look_for(enter_sqlite: Enter) -> None:
    page = enter_sqlite("reader").get("/activities?q=😀")
    assert "has no letters or digits to look for and was left out" in text_of(page)


def test_list_workbook_and_counts_agree_on_the_words(enter: Enter, add_activity: Add) -> None:
    add_activity("Naloxone one")
    add_activity("Other", description="naloxone")
    add_activity("Nothing of it")
    reader = enter("reader")
    for sort in ("newest", "title", "start", "status"):
        assert "2 activities" in text_of(reader.get(f"/activities?q=naloxone&sort={sort}"))
    assert "1 activity" in text_of(reader.get("/activities?q=naloxone&q=one&entity=who"))
    assert reader.get("/exports/matrix.csv?q=naloxone").text.count("\n") == 3


# --- What stays hidden ---


def test_nobody_searches_without_signing_in(enter: Enter) -> None:
    nobody = enter(None)
    for address in ("/search?q=who", "/search/suggestions?q=who"):
        response = nobody.get(address)
        assert response.status_code == 302
        assert response.location.startswith("/sign-in")
    assert "finder" not in nobody.get("/sign-in").text


def test_contacts_and_remarks_find_nothing(enter: Enter, add_activity: Add) -> None:
    add_activity("Open", contact="Quetzalcoatl Example", remarks="zirconium")
    for who in ("who", "reader", "coordinator"):
        browser = enter(who)
        for words in ("quetzalcoatl", "zirconium"):
            assert search(browser, words) == {}
            assert len(suggested(browser, words)) == 1


def test_a_record_that_was_withdrawn_is_found_no_more(app: Flask, enter: Enter, add_activity: Add) -> None:
    gone = add_activity("Zirconium by mistake")
    with app.app_context():
        db.session.get_one(Activity, gone).is_listed = False
        db.session.commit()
    reader = enter("reader")
    assert search(reader, "zirconium") == {}
    assert len(suggested(reader, "zirconium")) == 1


def test_people_are_found_by_those_who_see_them_elsewhere(enter: Enter) -> None:
    assert search(enter("admin"), "rui")["People"] == ["Rui Reader"]
    assert search(enter("coordinator"), "felix")["People"] == ["Felix Undp"]
    assert "People" not in search(enter("coordinator"), "rui"), "not a focal point"
    assert search(enter("who"), "farida")["People"] == ["Farida Who"]
    assert "People" not in search(enter("who"), "felix"), "of another entity"
    for words in ("farida", "felix", "clara"):
        assert "People" not in search(enter("reader"), words)
    assert "example.org" not in enter("admin").get("/search?q=rui").text.split("<main")[1]


# --- The index ---


def test_saving_changes_what_a_record_is_found_by(app: Flask, enter: Enter, add_activity: Add) -> None:
    number = add_activity("Zirconium")
    focal = enter("who")
    address = f"/activities/{number}/edit"
    assert focal.send(address, focal.fields(address) | {"title": ["Quetzal"]}).status_code == 302
    assert search(focal, "quetzal")["Activities"] == ["Quetzal"]
    assert search(focal, "zirconium") == {}
    with app.app_context():
        assert list(problems(db.session)) == []


def test_check_tells_of_records_not_found_by_what_they_say_and_rebuilding_helps(app: Flask, add_activity: Add) -> None:
    add_activity("Police advisers", lead="dpo")
    with app.app_context():
        dpo = db.session.scalars(sa.select(Organisation).where(Organisation.key == "dpo")).one()
        db.session.add(OrganisationName(organisation_id=dpo.id, name="Blue Berets", kind=NameKind.SPELLING))
        db.session.commit()
        before = db.session.scalars(sa.select(Activity.version)).all()
        assert ["not found by what it says" in one for one in problems(db.session)] == [True]
        assert bring_up_to_date(db.session) == 1
        db.session.commit()
        assert rebuild(db.session) == 0
        assert list(problems(db.session)) == []
        assert db.session.scalars(sa.select(Activity.version)).all() == before


def test_check_tells_of_an_index_that_does_not_fit(sqlite_app: Flask, add_activity: Add) -> None:
    add_activity("Naloxone")
    with sqlite_app.app_context():
        db.session.execute(sa.text("INSERT INTO activity_words(activity_words) VALUES ('delete-all')"))
        assert index_problems(db.session, Activity) == ["the index of activity does not fit its records"]
        rebuild(db.session)
        assert index_problems(db.session, Activity) == []
        db.session.execute(sa.text("DROP TRIGGER activity_words_update"))
        assert index_problems(db.session, Activity) == ["the trigger activity_words_update is missing"]


@pytest.mark.parametrize("address", ["/search?q=kenya+health", "/search/suggestions?q=kenya+health"])
def test_the_number_of_statements_does_not_grow(app: Flask, enter: Enter, add_activity: Add, address: str) -> None:
    reader = enter("reader")

    def statements() -> int:
        with statements_seen(app) as seen:
            assert reader.get(address).status_code == 200
        return len(seen)

    for number in range(3):
        add_activity(f"Health {number}", entities=("undp",), description="In Kenya")
    few = statements()
    for number in range(40):
        add_activity(f"Health {number}", entities=("undp",), description="In Kenya")
    assert statements() == few


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("The Côte d’Ivoire office", "cote", "The <mark>Côte</mark> d’Ivoire office"),
        ("Under 1 (p), I(p) and 2(a)", "1(p)", "Under <mark>1 (p)</mark>, <mark>I(p)</mark> and 2(a)"),
        ("WHO and the whole", "who", "<mark>WHO</mark> and the whole"),
        ("联合国毒品", "毒品", "联合国<mark>毒</mark><mark>品</mark>"),
        ("cafe\u0301 & <script>", "café", "<mark>cafe\u0301</mark> &amp; &lt;script&gt;"),
        ("nothing", "", "nothing"),
    ],
)
def test_marks_stand_at_the_words_that_were_found(text: str, words: str, shown: str) -> None:
    assert marked(text, search_terms(words)) == shown


def test_an_excerpt_is_short_and_holds_the_word() -> None:
    long = "before " * 100 + "naloxone" + " after" * 100
    piece = excerpt(long, search_terms("naloxone"))
    assert piece.startswith("… before")
    assert piece.endswith("after …")
    assert "naloxone" in piece
    assert len(piece) < 200
    assert excerpt(long, search_terms("absent")) == ""
    assert "naloxone" in excerpt("x" * 400 + " naloxone" + "y" * 400, search_terms("naloxone"))


def test_check_is_content_with_the_sample_whose_lists_stand_in_the_order_of_its_papers(
    sample_data: None, sqlite_app: Flask
) -> None:
    with sqlite_app.app_context():
        assert list(problems(db.session)) == []


def test_the_page_says_what_was_looked_for_and_is_no_dead_end(enter: Enter, add_activity: Add) -> None:
    add_activity("Women in prison")
    reader = enter("reader")
    found = reader.get("/search?q=women+in+prison")
    assert "Looked for: words that begin with “women”, the word “in”, words that begin with “prison”." in text_of(found)
    assert "Read as recommendation 1(p)." in text_of(reader.get("/search?q=1p"))
    page = html.fromstring(found.text)
    jumps = page.xpath("//ul[contains(@class, 'kinds')]//a/@href")
    assert [jump.removeprefix("#") for jump in jumps] == page.xpath("//section/h2/@id")
    only = html.fromstring(reader.get("/search?q=zzzqqq&only=events").text)
    assert only.xpath("//select[@name='only']/option[@selected]/@value") == ["events"]
    assert "/search?q=zzzqqq" in only.xpath("//main//a/@href")
    assert {"/activities", "/coverage", "/calendar"} <= set(only.xpath("//main//a/@href"))
