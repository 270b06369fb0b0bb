"""Every page for everybody it is for, on a desktop and a phone, light and dark: each is opened once for all checks."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import IN_THE_DARK, PHONE, ROWS_OF_LINKS, SIDEWAYS, WIDE, Found, axe, look
from tests.browser.test_pages import sign_in
from tests.tools.screenshots import ADMIN_PAGES, COORDINATOR_PAGES, PAGES

pytestmark = pytest.mark.browser
ROLES = {
    "nobody": ["/sign-in", "/forgotten", "/resets/x", "/external/x/"],
    # A month of this year too: rows of links stand there as on the other pages of the calendar.
    "who": [*PAGES.values(), "/calendar/2026/12"],
    "coordinator": list(COORDINATOR_PAGES.values()),
    "admin": list(ADMIN_PAGES.values()),
}


@pytest.fixture(scope="module")
def opened(chromium: Browser, address: str) -> Iterator[dict[str, Page]]:
    """A page of a person of each role, wide and light."""
    contexts = {who: chromium.new_context(base_url=address, viewport=WIDE) for who in ROLES}
    pages = {who: context.new_page() for who, context in contexts.items()}
    for who, page in pages.items():
        page.context.set_default_timeout(15000)
        sign_in(page, who)
    yield pages
    for context in contexts.values():
        context.close()


@pytest.fixture(scope="module")
def found(opened: dict[str, Page]) -> Found:
    """What was found at all pages: `(role, address, width or theme, what)`."""
    made = Found()
    for who, paths in ROLES.items():
        for path in paths:
            look(opened[who], who, path, made)
    return made


def test_nothing_scrolls_sideways(found: Found) -> None:
    assert found.sideways == []


def test_axe_finds_nothing(found: Found) -> None:
    assert found.axe == []


def test_every_id_is_one_elements_and_what_is_referred_to_is_there(found: Found) -> None:
    assert found.ids == []


def test_nothing_is_refused_by_the_policy_and_no_script_fails(found: Found) -> None:
    assert found.refused == []


def test_rows_of_links_stand_where_they_stood_on_every_page(found: Found) -> None:
    for seen, stand in found.stand.items():
        first = next(iter(stand.values()))
        assert {path: where for path, where in stand.items() if where != first} == {}, (seen, next(iter(stand)))
    for row in ROWS_OF_LINKS:
        for width in (WIDE["width"], PHONE["width"]):
            where = found.stand["who", row, width]
            assert len(where) >= 3, (row, width, list(where))
            assert all(len(links) >= 4 for links in where.values()), (row, width)


def test_what_was_handed_out_is_as_good(opened: dict[str, Page]) -> None:
    page = opened["coordinator"]
    page.goto(COORDINATOR_PAGES["hand-out"])
    page.fill("[name=recipient]", "Permanent Mission")
    page.get_by_role("button", name=re.compile("^Hand (this )?out")).click()
    page.goto(page.input_value("#address"))  # waits for the answer
    expect(page.locator("h1")).not_to_have_text("This address opens nothing")
    for size in (PHONE, WIDE):
        page.set_viewport_size(size)
        assert not page.evaluate(SIDEWAYS), size
        assert axe(page) == [], size
        page.emulate_media(color_scheme="dark")
        assert axe(page, IN_THE_DARK) == [], (size, "dark")
        page.emulate_media(color_scheme="light")
