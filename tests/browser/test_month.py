"""The focal point's month on a desktop and on a phone: how many acts it takes, and that nothing moves meanwhile."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import served
from tests.browser.test_pages import sign_in

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
LEAST_TARGET = 24
# Of UNODC's activities that end or begin long ago in the sample none is confirmed; two more of them get an end.
TWO_MORE = """
UPDATE activity SET end_precision = 'year', end_first = '2019-01-01', end_last = '2019-12-31' WHERE id IN (
  SELECT activity.id FROM activity JOIN activity_entity ON activity_id = activity.id
  JOIN organisation ON organisation.id = entity_id
  WHERE "key" = 'unodc' AND is_lead AND status = 'ongoing' AND end_last IS NULL AND start_first IS NULL
  ORDER BY activity.id LIMIT 2)
"""
APPOINTED = """
INSERT INTO appointment (person_id, entity_id, first_day, made_at)
SELECT person.id, organisation.id, '2026-01-01', '2026-01-01 00:00:00' FROM person, organisation
WHERE email = 'reader@example.org' AND "key" = 'unodc'
"""


@pytest.fixture(scope="module")
def address(sample_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service in which the reader speaks for UNODC, five of whose records need a look."""
    folder = tmp_path_factory.mktemp("month")
    mine = folder / "sample.sqlite3"
    shutil.copy(sample_sqlite, mine)
    with closing(sqlite3.connect(mine)) as database:
        database.execute(APPOINTED)
        database.execute(TWO_MORE)
        database.commit()
    with served(mine, folder) as found:
        yield found


@pytest.fixture(params=["desktop", "phone"])
def page(request: pytest.FixtureRequest, chromium: Browser, address: str) -> Iterator[Page]:
    """A fresh person at a screen of each size."""
    size = PHONE if request.param == "phone" else {"width": 1280, "height": 900}
    context = chromium.new_context(base_url=address, viewport=size)
    context.set_default_timeout(8000)
    yield context.new_page()
    context.close()


def take_back(page: Page) -> None:
    page.get_by_role("button", name="Take the answer back").click()
    expect(page.locator("#answer")).to_be_visible()


def test_a_month_with_forty_unchanged_records_takes_three_clicks_at_most(page: Page) -> None:
    sign_in(page)
    page.goto("/start")
    expect(page.locator("h1")).to_contain_text("for WHO")
    expect(page.locator(".count")).to_contain_text(re.compile(r"0 of (39|4\d) confirmed"))
    clicks = 0
    for words in (re.compile(r"Confirm (39|4\d) unchanged records and sign"), "Sign for WHO"):
        page.get_by_role("link", name=words).or_(page.get_by_role("button", name=words)).first.click()
        clicks += 1
    expect(page.locator(".notice.success").first).to_contain_text("Signed for WHO")
    assert clicks <= 3
    take_back(page)


def test_five_to_look_at_among_a_hundred_take_a_few_taps_on_a_phone(chromium: Browser, address: str) -> None:
    context = chromium.new_context(base_url=address, viewport=PHONE, has_touch=True)
    context.set_default_timeout(8000)
    page = context.new_page()
    sign_in(page, "reader")
    page.goto("/start")
    expect(page.locator("h1")).to_contain_text("for UNODC")
    total = int(re.search(r"0 of (\d+) confirmed", page.locator(".count").inner_text())[1])  # type: ignore[index]
    assert total >= 96
    taps = 0

    def tap(what: Locator) -> None:
        nonlocal taps
        box = what.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= LEAST_TARGET
        what.tap()
        taps += 1

    rows = page.locator("li.record")
    expect(rows).to_have_count(5)
    for place, words in enumerate(["Confirm", "It is completed", "Confirm", "It is completed", "Confirm"]):
        row = rows.nth(place)
        tap(row.locator("summary").first)
        expect(row.locator(".inside")).to_be_visible()
        tap(row.get_by_role("button", name=re.compile(f"^{words}")))
        expect(row).to_have_class(re.compile("done"))
        expect(page.locator(".count")).to_contain_text(f"{place + 1} of {total} confirmed")
    expect(rows).to_have_count(5)
    tap(page.get_by_role("link", name=f"Confirm {total - 5} unchanged records and sign").last)
    tap(page.get_by_role("button", name="Sign for UNODC"))
    expect(page.locator(".notice.success").first).to_contain_text("Signed for UNODC")
    expect(page.locator(".count")).to_contain_text(f"{total} of {total} confirmed")
    assert taps == 12, "at five seconds each a minute"
    context.close()


def test_confirming_in_place_moves_nothing_and_keeps_the_focus(page: Page) -> None:
    sign_in(page)
    page.goto("/month?entity=who&show=open")
    row, below = page.locator("li.record").nth(2), page.locator("li.record").nth(3)
    row.scroll_into_view_if_needed()
    before = row.bounding_box(), below.bounding_box()
    button = row.get_by_role("button", name=re.compile("^Confirm"))
    button.focus()
    page.keyboard.press("Enter")
    undo = row.get_by_role("button", name=re.compile("^Undo"))
    expect(undo).to_be_focused()
    assert (row.bounding_box(), below.bounding_box()) == before
    expect(page.locator("#month-said")).to_contain_text("is confirmed for")
    page.keyboard.press("Enter")
    expect(row.get_by_role("button", name=re.compile("^Confirm"))).to_be_focused()
    assert (row.bounding_box(), below.bounding_box()) == before
    assert "#" not in page.url


def test_what_is_refused_in_place_is_said_on_a_page(page: Page, context: BrowserContext) -> None:
    sign_in(page)
    page.goto("/month?entity=who&show=open")
    row = page.locator("li.record", has=page.get_by_role("button", name=re.compile("^Confirm"))).first
    button = row.get_by_role("button", name=re.compile("^Confirm"))
    value = str(button.get_attribute("value"))
    button.evaluate("(one, value) => { one.value = value; }", f"{value.rpartition('-')[0]}-999")
    button.click()
    expect(page.locator(".error-summary")).to_contain_text("Somebody saved this record a moment ago")


def test_without_script_the_row_stays_in_view(chromium: Browser, address: str) -> None:
    context = chromium.new_context(base_url=address, viewport=PHONE, java_script_enabled=False)
    context.set_default_timeout(8000)
    page = context.new_page()
    sign_in(page)
    page.goto("/month?entity=who&show=open")
    anchor = page.locator("li.record").nth(4).get_attribute("id")
    page.locator(f"#{anchor}").get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.locator(f"#{anchor}")).to_be_in_viewport()
    page.locator(f"#{anchor}").get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.locator(f"#{anchor}").get_by_role("button", name=re.compile("^Confirm"))).to_be_in_viewport()
    context.close()
