"""What each kind of person comes to do, from sign-in to the end, on a desktop and on a phone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import served
from tests.browser.test_pages import sign_in

pytestmark = pytest.mark.browser
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}
MAX_TABS = 200


@pytest.fixture(scope="module")
def address(sample_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of these tests' own: they sign and close."""
    with served(sample_sqlite, tmp_path_factory.mktemp("journeys")) as found:
        yield found


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, chromium: Browser, address: str) -> Iterator[Page]:
    """A fresh person at a screen of each size."""
    context = chromium.new_context(base_url=address, viewport=SIZES[request.param], accept_downloads=True)
    context.set_default_timeout(8000)
    yield context.new_page()
    context.close()


# A workbook is edited on a desktop, and the pages it comes and goes by are looked at on a phone in test_every_page.
on_a_desktop = pytest.mark.parametrize("page", ["desktop"], indirect=True)


@pytest.fixture
def other(chromium: Browser, address: str) -> Iterator[Page]:
    """Somebody else, at the same time."""
    context = chromium.new_context(base_url=address)
    context.set_default_timeout(8000)
    yield context.new_page()
    context.close()


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focus stands on what reads `words`, as a keyboard's owner does; it must be visible there."""
    for _step in range(MAX_TABS):
        page.keyboard.press("Tab")
        label = page.evaluate(
            "(() => { const at = document.activeElement;"
            " return (at.labels?.[0]?.innerText || at.getAttribute('aria-label') || at.innerText || '').trim(); })()"
        )
        if re.search(words, label):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus on {label!r} cannot be seen"
            return
    pytest.fail(f"{words!r} cannot be reached by Tab at {page.url}")


def test_the_month_is_answered_by_keyboard_alone_from_sign_in_to_signature(page: Page) -> None:
    page.goto("/sign-in")
    tab_to(page, "Work e-mail")
    page.keyboard.type("undp@example.org")
    tab_to(page, "Password")
    page.keyboard.type("a long enough password")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("for UNDP")
    tab_to(page, r"^(Confirm \d+ unchanged records? and sign|Everything stands)")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("What you sign")
    tab_to(page, "^Sign for UNDP")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.success").first).to_contain_text("Signed for UNDP")
    tab_to(page, "^Take the answer back")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_visible()


def choose(page: Page, chooser: str, *words: str) -> None:
    """Choose in a chooser by typing."""
    for text in words:
        page.fill(f"#{chooser} .chooser-search", text)
        page.keyboard.press("Enter")


def test_a_joint_activity_with_four_entities_asks_the_three_others(page: Page, other: Page) -> None:
    title = f"Regional course on drug use treatment {page.viewport_size['width']}"  # type: ignore[index]
    sign_in(page)
    page.goto("/activities/new")
    page.fill("#title", title)
    page.select_option("#status", "planned")
    choose(page, "entities", "UNODC", "UNDP", "UNICEF")
    choose(page, "recommendations", "1(i)")
    page.click(".savebar button")
    if page.locator("#alike").is_visible():
        for verdict in page.locator("#alike input[value=distinct]").all():
            verdict.check()
        page.click(".savebar button")
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("dl.facts")).to_contain_text("UNICEF")
    expect(page.locator("dl.facts dd").first).to_contain_text("asked whether it takes part")
    sign_in(other, "undp")
    other.goto("/month")
    asked = other.locator("li.record", has_text=title)
    asked.get_by_role("button", name=re.compile("^Yes, we take part")).click()
    expect(asked).to_have_class(re.compile("done"))
    page.reload()
    expect(page.locator("dl.facts dd").first).to_contain_text(re.compile(r"UNDP[^\n]*\n?(?!.*not confirmed)"))


def test_a_likely_duplicate_is_shown_and_the_verdict_is_not_asked_again(page: Page) -> None:
    sign_in(page)
    page.goto("/activities/new")
    page.fill("#title", "Expert working group on four new treatment tools")
    page.select_option("#status", "ongoing")
    page.click(".savebar button")
    warning = page.locator("#alike")
    expect(warning).to_contain_text("Expert working groups on four new treatment tools")
    expect(warning).to_be_focused()
    expect(page.locator("#title")).to_have_value("Expert working group on four new treatment tools")
    same = warning.locator("fieldset", has_text="Expert working groups on four new treatment tools")
    same.get_by_label(re.compile("The same: add nothing")).check()
    page.click(".savebar button")
    expect(page.locator("h1")).to_have_text("Expert working groups on four new treatment tools")


def test_a_subscription_opens_in_a_calendar(page: Page) -> None:
    sign_in(page, "reader")
    page.goto("/calendar")
    page.get_by_role("link", name="Subscribe").last.click()
    page.get_by_role("button", name="Make a private address").click()
    feed = page.context.request.get(page.input_value("#https"))
    assert feed.headers["content-type"].startswith("text/calendar")
    assert feed.text().count("BEGIN:VEVENT") > 3


def download(page: Page, name: str) -> bytes:
    """What the link or button `name` brings."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name).click()
    return Path(waiting.value.path()).read_bytes()


@on_a_desktop
def test_the_filtered_matrix_is_downloaded_with_its_filters(page: Page) -> None:
    sign_in(page, "reader")
    page.goto("/activities?entity=who&joint=yes")
    shown = int(re.findall(r"\d+", page.locator("caption").inner_text())[0])
    book = load_workbook(io.BytesIO(download(page, "Download as workbook")), read_only=True)
    identifiers = [row[0] for row in book["Matrix"].iter_rows(values_only=True) if isinstance(row[0], int)]
    assert len(identifiers) == shown > 5


@on_a_desktop
def test_a_conflict_in_a_sent_workbook_is_asked_and_answered(page: Page, other: Page, tmp_path: Path) -> None:
    sign_in(other)
    other.goto("/activities/new")
    other.fill("#title", f"Guide in draft {tmp_path.name}")
    other.select_option("#status", "planned")
    other.fill("#results", "None yet")
    other.click(".savebar button")
    if other.locator("#alike").is_visible():
        for verdict in other.locator("#alike input[value=distinct]").all():
            verdict.check()
        other.click(".savebar button")
    edit = other.url.split("?")[0] + "/edit"

    sign_in(page)
    page.goto("/activities?mine=yes")
    file = tmp_path / "matrix.xlsx"
    file.write_bytes(download(page, "Download as workbook"))
    book = load_workbook(file)
    sheet = book["Matrix"]
    head = next(row for row in sheet.iter_rows() if "Title" in [cell.value for cell in row])
    columns = {cell.value: cell.column for cell in head}
    row = next(r for r in range(1, sheet.max_row + 1) if tmp_path.name in str(sheet.cell(r, columns["Title"]).value))
    sheet.cell(row, columns["Results"]).value = "Ten countries use it"
    book.save(file)

    other.goto(edit)
    other.fill("#results", "Printed in March")
    other.click(".savebar button")
    expect(other.locator("dl.facts, .prose, main").first).to_contain_text("Printed in March")

    page.goto("/imports")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.locator("main")).to_contain_text("stands as: Printed in March")
    page.get_by_role("group", name=re.compile("Results")).get_by_label("Take what the file says").check()
    page.get_by_role("button", name="Take in what is ticked").click()
    expect(page.get_by_role("link", name="Download the answer")).to_be_visible()
    other.goto(edit)
    expect(other.locator("#results")).to_have_value("Ten countries use it")


def test_the_coordinator_reminds_and_closes_reopens_on_a_phone_and_closes_again(
    chromium: Browser, address: str
) -> None:
    for number, (name, size) in enumerate(SIZES.items(), start=2):
        context = chromium.new_context(base_url=address, viewport=size)
        context.set_default_timeout(8000)
        page = context.new_page()
        sign_in(page, "coordinator")
        if name == "desktop":
            page.goto("/cycles")
            page.locator("tbody a").first.click()
            page.get_by_role("button", name=re.compile(r"^Remind (all|the) \d+")).last.click()
            expect(page.locator(".notice").first).to_be_visible()
        else:
            _reopen(page)
        page.get_by_role("link", name=re.compile("^Check and close")).click()
        expect(page.locator("main")).to_contain_text(re.compile(r"\d+ entities have not reported yet"))
        page.get_by_role("button", name=re.compile("^Close .* and make its edition")).click()
        expect(page.locator("h1")).to_contain_text(f"edition {number}")
        page.get_by_role("link", name="What changed").click()
        expect(page.locator("main")).to_contain_text("unchanged")
        if name == "phone":  # the other journeys need the month
            _reopen(page)
        context.close()


def _reopen(page: Page) -> None:
    page.goto("/cycles")
    page.locator("tbody a").first.click()
    page.fill("#reason-month", "WHO asked for one more day")
    page.get_by_role("button", name=re.compile("^Reopen")).click()
