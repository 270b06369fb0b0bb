"""Through the real pages, as people use them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.looking import PHONE, WIDE
from tests.helpers import PASSWORD

pytestmark = pytest.mark.browser


def sign_in(page: Page, name: str = "who") -> None:
    """Bring in `name` without drawing the form or the page behind it; by the form: test_journeys, test_accounts."""
    if name == "nobody":
        return
    ask = page.context.request
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', ask.get("/sign-in").text())
    assert token
    form = {"csrf_token": token[1], "email": f"{name}@example.org", "password": PASSWORD}
    assert ask.post("/sign-in", form=form, max_redirects=0).status == 302


def test_an_activity_is_added_by_keyboard_alone(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page)
    page.goto("/activities/new")
    page.focus("#title")
    page.keyboard.type("Train laboratory staff in West Africa")
    page.focus("#status")
    page.keyboard.type("Ongoing")
    page.focus("#start")
    page.keyboard.type("June 2016")
    expect(page.locator("#start-words")).to_have_text("June 2016")
    for chooser, text in (("#recommendations", "5h"), ("#entities", "DPKO"), ("#countries", "cote d ivoire")):
        page.focus(f"{chooser} .chooser-search")
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    expect(page.locator("#recommendations .chip")).to_contain_text("5(h)")
    expect(page.locator("#entities .chip")).to_contain_text("DPO")
    expect(page.locator("#countries .chip")).to_contain_text("Côte d’Ivoire")
    page.focus("#recommendations .chooser-search")
    page.keyboard.type("overdose")
    expect(page.locator("#recommendations [role=status]")).to_contain_text("Enter takes the first")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#recommendations .chip")).to_have_count(2)
    page.locator("#recommendations .chip button").first.press("Enter")
    expect(page.locator("#recommendations .chip")).to_have_count(1)
    page.fill("#recommendations .chooser-search", "prevention of drug abuse")  # the name of a section
    whole = page.get_by_role("button", name="Choose all of this (8): Prevention of drug abuse")
    whole.click()
    expect(page.locator("#recommendations .chip")).to_have_count(9)
    page.get_by_role("button", name="Clear all of this (8): Prevention of drug abuse").click()
    expect(page.locator("#recommendations .chip")).to_have_count(1)
    page.fill("#recommendations .chooser-search", "availability")  # of a chapter
    expect(page.locator("#recommendations .option:visible")).not_to_have_count(0)
    expect(page.locator("#recommendations .option:visible").first).to_contain_text("2(a)")
    page.fill("#recommendations .chooser-search", "")
    page.focus(".savebar button")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Train laboratory staff in West Africa")
    facts = page.locator("dl.facts")
    for words in ("from June 2016", "Côte d’Ivoire", "5(h)", "asked whether it takes part"):
        expect(facts).to_contain_text(words)


def test_a_date_that_can_be_two_is_asked_and_answered(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page)
    page.goto("/activities/new")
    page.fill("#title", "A date to choose")
    page.select_option("#status", "planned")
    page.fill("#start", "12/10/2026")
    expect(page.locator("#start-words")).to_contain_text("could be 12 October 2026 or 10 December 2026")
    page.click(".savebar button")
    page.click("text=It is 10 December 2026")
    expect(page.locator("h1")).to_have_text("A date to choose")
    expect(page.locator("dl.facts")).to_contain_text("from 10 December 2026")


def test_what_was_typed_and_not_saved_is_offered_again(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page)
    page.goto("/activities/new")
    page.fill("#title", "Half written")
    page.wait_for_timeout(700)
    page.goto("/")
    page.goto("/activities/new")
    page.click("[data-restore]")
    expect(page.locator("#title")).to_have_value("Half written")


def test_the_form_works_without_scripts(chromium: Browser, address: str) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    sign_in(page)
    page.goto("/activities/new")
    page.fill("#title", "Without scripts")
    page.select_option("#status", "ongoing")
    page.fill("#recommendations .chooser-search", "1p, 1(i)")
    page.fill("#start", "jun 2016")
    page.click(".savebar button")
    expect(page.locator(".error-summary")).to_contain_text("we read “jun 2016” as June 2016")
    page.uncheck("input[name=recommendations][value='1(i)']")
    page.click(".savebar button")
    expect(page.locator("h1")).to_have_text("Without scripts")
    expect(page.locator("dl.facts")).to_contain_text("1(p)")
    expect(page.locator("dl.facts")).not_to_contain_text("1(i)")
    expect(page.locator("dl.facts")).to_contain_text("from June 2016")
    context.close()


def test_a_subscription_opens_a_calendar(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page)
    page.goto("/subscriptions")
    page.click("text=Make a private address")
    feed = context.request.get(page.input_value("#https"))
    assert feed.text().startswith("BEGIN:VCALENDAR\r\n")
    assert page.input_value("#webcal").startswith("webcal://127.0.0.1")


def test_filters_are_folded_away_on_a_phone_alone_and_say_how_many_are_set(chromium: Browser, address: str) -> None:
    for scripts in (True, False):
        context = chromium.new_context(base_url=address, java_script_enabled=scripts)
        page = context.new_page()
        sign_in(page)
        folded, form = page.locator("details.fold summary"), page.locator("main form.filters")
        for path in ("/activities", "/matrix", "/calendar"):
            page.set_viewport_size(WIDE)
            page.goto(f"{path}?entity=who&chapter=1")
            expect(folded).to_be_hidden()
            expect(form).to_be_visible()
            page.set_viewport_size(PHONE)
            expect(folded).to_contain_text("2 set")
            expect(form).to_be_hidden()
            folded.click()
            expect(form).to_be_visible()
        page.goto("/activities")
        expect(folded).to_have_text("Filters")
        context.close()


DRAFTS = "Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length"


def _draft(page: Page) -> None:
    page.goto("/activities/new")
    page.fill("#title", "Half a thought")
    for _time in range(50):  # not wait_for_function: the pages let nothing be evaluated
        if page.evaluate(DRAFTS):
            return
        page.wait_for_timeout(100)
    pytest.fail("no draft was kept")


def test_drafts_go_when_a_person_signs_out_and_stay_when_the_sign_in_ran_out(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page)
    _draft(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    assert page.evaluate(DRAFTS) == 0

    sign_in(page)
    _draft(page)
    context.clear_cookies()
    sign_in(page)
    page.goto("/activities/new")
    expect(page.locator("[data-draft-notice]")).to_be_visible()


def test_drafts_of_one_person_are_not_shown_to_the_next(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page)
    _draft(page)
    context.clear_cookies()
    sign_in(page, "undp")
    page.goto("/activities/new")
    assert page.evaluate(DRAFTS) == 0
    expect(page.locator("[data-draft-notice]")).to_be_hidden()
