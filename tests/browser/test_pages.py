"""Through the real pages, as people use them."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.helpers import PASSWORD
from tests.tools.screenshots import ADMIN_PAGES, COORDINATOR_PAGES, PAGES

pytestmark = pytest.mark.browser
ROLES = {
    "nobody": ["/sign-in", "/forgotten", "/resets/x", "/external/x/"],
    "who": list(PAGES.values()),
    "coordinator": list(COORDINATOR_PAGES.values()),
    "admin": list(ADMIN_PAGES.values()),
}


def sign_in(page: Page, name: str = "who") -> None:
    if name == "nobody":
        return
    page.goto("/sign-in")
    page.fill("#email", f"{name}@example.org")
    page.fill("#password", PASSWORD)
    page.click("main button")
    expect(page.locator("h1")).not_to_have_text("Sign in")


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


def test_nothing_scrolls_sideways_on_a_phone(chromium: Browser, address: str) -> None:
    wide = []
    for who, paths in ROLES.items():
        context = chromium.new_context(base_url=address, viewport={"width": 360, "height": 740})
        page = context.new_page()
        sign_in(page, who)
        for path in paths:
            page.goto(path)
            if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
                wide.append(path)
        context.close()
    assert wide == []


def test_filters_are_folded_away_on_a_phone_alone_and_say_how_many_are_set(chromium: Browser, address: str) -> None:
    for width, scripts in ((360, True), (360, False), (1280, True)):
        context = chromium.new_context(
            base_url=address, viewport={"width": width, "height": 740}, java_script_enabled=scripts
        )
        page = context.new_page()
        sign_in(page)
        for path in ("/activities", "/matrix", "/calendar"):
            page.goto(f"{path}?entity=who&chapter=1")
            folded, form = page.locator("details.fold summary"), page.locator("main form.filters")
            if width == 1280:
                expect(folded).to_be_hidden()
                expect(form).to_be_visible()
                continue
            expect(folded).to_contain_text("2 set")
            expect(form).to_be_hidden()
            folded.click()
            expect(form).to_be_visible()
        page.goto("/activities")
        expect(page.locator("details.fold summary")).to_have_text("Filters")
        context.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_the_places_stand_where_they_stood_on_every_page(chromium: Browser, address: str, width: int) -> None:
    context = chromium.new_context(base_url=address, viewport={"width": width, "height": 740})
    page = context.new_page()
    sign_in(page)

    def stand(selector: str) -> list[tuple[float, float]]:
        boxes = [one.bounding_box() for one in page.locator(selector).all()]
        return [(round(box["x"], 1), round(box["width"], 1)) for box in boxes if box]

    for selector, paths in (
        (".places a", ("/account", "/month", "/activities", "/calendar", "/editions", "/subscriptions")),
        (".ways a", ("/activities", "/matrix", "/coverage", "/where", "/when", "/together")),
        (".views a[href*='calendar']", ("/calendar", "/calendar/2026", "/calendar/2026/12")),
    ):
        seen = {}
        for path in paths:
            page.goto(path)
            seen[path] = stand(selector)
        assert len(seen[paths[0]]) >= 4
        assert {path: where for path, where in seen.items() if where != seen[paths[0]]} == {}
    context.close()


# What the dark theme changes is colours, which pages share: of a reader's pages those where a colour says something.
# A phone has no colours of its own.
DARK = (
    "style",
    "my-month",
    "matrix",
    "overview",
    "coverage",
    "where",
    "year",
    "event-new",
    "search",
    "edition-changes",
)
# What passed is counted, not described: describing it takes most of the time.
VIOLATIONS: dict[str, object] = {"resultTypes": ["violations"]}
# What a narrow page can break that a wide one of the same markup does not.
ON_A_PHONE = VIOLATIONS | {
    "runOnly": [
        "aria-hidden-focus", "avoid-inline-spacing", "css-orientation-lock", "empty-heading", "heading-order",
        "landmark-one-main", "link-in-text-block", "meta-viewport", "nested-interactive", "region",
        "scrollable-region-focusable", "target-size",
    ]
}  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light")])
@pytest.mark.parametrize("who", ROLES)
def test_axe_finds_nothing(chromium: Browser, address: str, scheme: str, width: int, who: str) -> None:
    # axe is put into the page from outside, which the page's own policy rightly refuses.
    context = chromium.new_context(
        base_url=address,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,
    )
    page = context.new_page()
    sign_in(page, who)
    paths = [PAGES[name] for name in DARK] if (who, scheme) == ("who", "dark") else ROLES[who]
    options = ON_A_PHONE if width == 360 else VIOLATIONS
    found = []
    for path in paths:
        page.goto(path)
        for violation in Axe().run(page, options=options).response["violations"]:
            found += [(path, violation["id"], node["target"]) for node in violation["nodes"][:3]]
    context.close()
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_on_what_was_handed_out(chromium: Browser, address: str, scheme: str, width: int) -> None:
    context = chromium.new_context(
        base_url=address,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,
    )
    context.set_default_timeout(8000)
    page = context.new_page()
    sign_in(page, "coordinator")
    page.goto(COORDINATOR_PAGES["hand-out"])
    page.fill("[name=recipient]", "Permanent Mission")
    page.get_by_role("button", name=re.compile("^Hand (this )?out")).click()
    page.goto(page.input_value("#address"))  # waits for the answer
    expect(page.locator("h1")).not_to_have_text("This address opens nothing")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert Axe().run(page, options=VIOLATIONS).response["violations"] == []
    context.close()


def test_no_script_is_refused_by_the_policy(context: BrowserContext) -> None:
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page)
    for path in [path for path in ROLES["who"] if path != "/nowhere"]:
        page.goto(path)
    assert complaints == []


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
