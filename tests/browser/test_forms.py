"""The long forms with scripts: lists that come once, chips, the hint on look-alikes, the zone that follows the city."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_pages import sign_in

LOW = {"width": 640, "height": 400}  # as 1280 x 800 enlarged to 200 %


@pytest.fixture
def page(context: BrowserContext) -> Page:
    found = context.new_page()
    sign_in(found)
    return found


def test_a_list_is_read_once_however_many_choosers_and_pages_offer_it(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/choices/" in request.url else None)
    page.goto("/activities/new")
    assert asked == [], "nothing is read before somebody goes to it"
    for chooser in ("entities", "countries"):
        page.click(f"#{chooser} .chooser-search")
        expect(page.locator(f"#{chooser}-list .option").first).to_be_visible()
    page.keyboard.press("Escape")
    page.click("text=UN entities that support it")
    page.click("#supporting .chooser-search")
    expect(page.locator("#supporting-list .option").first).to_be_visible()
    assert len(asked) == 2
    page.goto("/activities/new")
    page.click("#countries .chooser-search")
    expect(page.locator("#countries-list .option").first).to_be_visible()
    sizes = page.evaluate(
        "performance.getEntriesByType('resource').filter((one) => one.name.includes('/choices/'))"
        ".map((one) => one.transferSize)"
    )
    assert sizes == [0], "the browser had it"


def test_ticks_in_the_list_and_chips_are_the_same_thing_and_a_draft_brings_them_back(page: Page) -> None:
    page.goto("/activities/new")
    page.fill("#countries .chooser-search", "kenya")
    page.check("#countries-list .option:not([hidden]) input")
    expect(page.locator("#countries .chip")).to_have_text("Kenya×")
    expect(page.locator("#countries [role=status]")).to_have_text("Kenya is chosen; 1 in all.")
    page.keyboard.press("Escape")
    expect(page.locator("#countries-list")).to_be_hidden()
    page.wait_for_timeout(700)
    page.goto("/activities/new")
    expect(page.locator("#countries .chip")).to_have_count(0)
    page.click("[data-restore]")
    expect(page.locator("#countries .chip")).to_have_text("Kenya×")
    page.get_by_role("button", name="Remove Kenya").click()
    expect(page.locator("#countries .chip")).to_have_count(0)
    expect(page.locator("#countries .chooser-search")).to_be_focused()


def test_names_are_still_understood_where_a_list_cannot_be_read(page: Page) -> None:
    page.route("**/choices/**", lambda route: route.abort())
    page.goto("/activities/new")
    page.fill("#title", "Without its lists")
    page.select_option("#status", "planned")
    page.fill("#countries .chooser-search", "Peru; Kenya")
    expect(page.locator("#countries [role=status]")).to_contain_text("The list cannot be read now.")
    page.click(".savebar button")
    expect(page.locator("h1")).to_have_text("Without its lists")
    for country in ("Peru", "Kenya"):
        expect(page.locator("dl.facts")).to_contain_text(country)


def test_a_partner_on_no_list_is_proposed_and_a_draft_brings_it_back(page: Page) -> None:
    page.goto("/activities/new")
    page.fill("#title", "With somebody new")
    page.select_option("#status", "planned")
    search = page.locator("#partners .chooser-search")
    search.fill("interpol")
    page.check("#partners-list .option:not([hidden]) input")
    search.fill("Quiet $& Rivers; Loud Rivers")
    propose = page.get_by_role("button", name="Propose “Quiet $& Rivers; Loud Rivers” as new")
    page.keyboard.press("ArrowDown")
    expect(propose).to_be_focused()
    page.keyboard.press("Enter")
    chips = ["INTERPOL×", "Quiet $& Rivers (proposed as new)×", "Loud Rivers (proposed as new)×"]
    expect(page.locator("#partners .chip")).to_have_text(chips)
    expect(search).to_be_focused()
    expect(search).to_have_value("")
    page.wait_for_timeout(700)
    page.goto("/activities/new")
    page.click("[data-restore]")
    expect(page.locator("#partners .chip")).to_have_text(chips)
    page.get_by_role("button", name="Remove Loud Rivers (proposed as new)").click()
    page.click(".savebar button")
    expect(page.locator("h1")).to_have_text("With somebody new")
    facts = page.locator("dl.facts")
    expect(facts).to_contain_text("Quiet $& Rivers proposed, not decided yet")
    expect(facts).not_to_contain_text("Loud Rivers")
    # A list of countries takes none.
    page.goto("/activities/new")
    page.fill("#countries .chooser-search", "Atlantis")
    expect(page.locator("#countries .chooser-none")).to_be_visible()
    expect(page.locator("#countries .propose")).to_be_hidden()


def test_look_alikes_are_told_when_the_title_is_left(page: Page) -> None:
    page.goto("/activities/new")
    page.fill("#title", "Expert working group on four new treatment tools")
    page.keyboard.press("Tab")
    hint = page.locator("[data-alike]")
    expect(hint).to_contain_text("Is it one of these?")
    expect(hint).to_contain_text("Expert working groups on four new treatment tools")
    page.fill("#title", "Something that nobody does yet")
    page.keyboard.press("Tab")
    expect(hint).to_be_empty()


def test_a_second_press_without_a_choice_goes_to_what_is_missing(page: Page) -> None:
    page.goto("/activities/new")
    page.fill("#title", "Expert working group on four new treatment tools")
    page.select_option("#status", "ongoing")
    page.click(".savebar button")
    expect(page.locator("#alike")).to_be_focused()
    page.click(".savebar button")
    expect(page.locator("#alike fieldset.wrong input").first).to_be_focused()


def test_the_list_of_sections_follows_what_is_typed_and_enter_sends_nothing(page: Page) -> None:
    page.goto("/activities/new")
    link = page.locator("[data-rail] a[href='#results-and-source']")
    expect(link).not_to_contain_text("filled in")
    page.fill("#source", "Paper 7")
    expect(link).to_contain_text("filled in")
    expect(link).to_have_attribute("aria-current", "true")
    page.focus("#title")
    page.keyboard.press("Enter")
    expect(page.locator(".error-summary")).to_have_count(0)


def test_the_zone_of_a_new_event_follows_its_city_until_somebody_writes_one(page: Page) -> None:
    page.goto("/events/new")
    expect(page.locator("#timezone")).to_have_value("Europe/Vienna")
    page.fill("#city", "Bangkok")
    page.keyboard.press("Tab")
    expect(page.locator("#timezone")).to_have_value("Asia/Bangkok")
    expect(page.locator("[data-follows]")).to_contain_text("Filled in for Bangkok")
    page.fill("#timezone", "Nairobi")
    page.fill("#city", "Tokyo")
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    expect(page.locator("#timezone")).to_have_value("Nairobi")


@pytest.mark.parametrize("path", ["/activities/new", "/events/new"])
def test_nothing_with_the_focus_is_hidden_and_bars_leave_room(page: Page, path: str) -> None:
    covered = """() => {
      const node = document.activeElement;
      const box = node.getBoundingClientRect();
      const bars = [...document.querySelectorAll(".savebar, .places")].filter((bar) => !bar.contains(node));
      return bars.some((bar) => {
        const place = bar.getBoundingClientRect();
        return ["fixed", "sticky"].includes(getComputedStyle(bar).position)
          && box.top >= place.top && box.bottom <= place.bottom && box.height > 0;
      }) ? node.outerHTML.slice(0, 100) : "";
    }"""
    for size in ({"width": 320, "height": 640}, {"width": 1280, "height": 800}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        for _stop in range(60):
            page.keyboard.press("Tab")
            assert page.evaluate(covered) == "", size
    page.set_viewport_size(LOW)  # type: ignore[arg-type]
    bars = page.evaluate(
        "[...document.querySelectorAll('.savebar, .places')]"
        ".filter((bar) => ['fixed', 'sticky'].includes(getComputedStyle(bar).position))"
        ".reduce((sum, bar) => sum + bar.getBoundingClientRect().height, 0)"
    )
    assert bars < LOW["height"] / 3
