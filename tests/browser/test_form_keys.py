"""Two clicks on Save, with the page's script and without it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from interagency.calendar.events import record
from tests.browser.conftest import served
from tests.browser.test_pages import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(sample_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of these tests' own: they add events."""
    with served(sample_sqlite, tmp_path_factory.mktemp("twice")) as found:
        yield found


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(request: pytest.FixtureRequest, chromium: Browser, address: str) -> Iterator[Page]:
    """A fresh person, with and without JavaScript."""
    context = chromium.new_context(base_url=address, java_script_enabled=request.param)
    context.set_default_timeout(15000)
    yield context.new_page()
    context.close()


def fill(page: Page, title: str) -> None:
    page.fill("#title", title)
    page.select_option("#kind", "workshop")
    page.select_option("#status", "confirmed")
    page.fill("#segments", "12-14 October 2027")
    page.locator("input[name=organisers][value=who]").check(force=True)


def added(page: Page, title: str) -> set[str]:
    """The addresses of the events of that title."""
    page.goto("/search?q=" + title.replace(" ", "+"))
    found = page.locator("main a[href^='/events/']").all()
    return {str(link.get_attribute("href")) for link in found if (link.text_content() or "").strip() == title}


def save(page: Page) -> None:
    page.locator(".savebar button.primary").click()
    again = page.get_by_role("button", name="Send it again")
    if page.locator("h1").text_content() == "Not sent yet":  # the browser had kept the page, with its key
        again.click()
    if page.locator(".reading:has-text('save again')").count():  # without the script the days are shown first
        page.locator(".savebar button.primary").click()


def test_two_clicks_make_one_event_and_back_makes_another(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    own, begun, clicked, sent = record.create_event, threading.Event(), threading.Event(), []

    def slowly(*given: Any, **more: Any) -> Any:
        begun.set()
        clicked.wait(30)
        return own(*given, **more)

    monkeypatch.setattr(record, "create_event", slowly)
    sign_in(page)
    first, second = f"Twice {tmp_path.name}", f"Again {tmp_path.name}"
    page.goto("/events/new")
    fill(page, first)
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" else None)
    box = page.locator(".savebar button.primary").bounding_box()
    assert box is not None
    where = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(*where)
    while not begun.is_set():  # two in one moment are one to the browser itself
        page.wait_for_timeout(50)
    page.mouse.click(*where)
    expected = 2 if "no script" in request.node.name else 1  # the script sends a form once
    for _moment in range(40):
        page.wait_for_timeout(50)
        if len(sent) > 1:
            break
    clicked.set()
    expect(page.locator("h1")).to_have_text(first)
    assert len(sent) == expected
    page.go_back()
    fill(page, second)
    save(page)
    expect(page.locator("h1")).to_have_text(second)
    assert (len(added(page, first)), len(added(page, second))) == (1, 1)
