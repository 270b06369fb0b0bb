"""Coming in at a real browser, on a phone: the second factor from the first code on, a form sent after the end."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from interagency.db.base import now
from tests.conftest import close, make_app, make_settings
from tests.helpers import PASSWORD
from tests.tools.screenshots import ARGUMENTS

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def served(template_sqlite: Path, tmp_path: Path) -> Iterator[tuple[Flask, str]]:
    """A service of its own, whose clock a test sets, and its address."""
    shutil.copy(template_sqlite, tmp_path / "interagency.sqlite3")
    app = make_app(make_settings(tmp_path))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield app, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    close(app)


@pytest.fixture
def phone(served: tuple[Flask, str]) -> Iterator[BrowserContext]:
    """A browser on a phone. The page's own policy would refuse what axe puts into it from outside."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        context = browser.new_context(base_url=served[1], viewport=PHONE, bypass_csp=True)
        context.set_default_timeout(15000)
        yield context
        context.close()
        browser.close()


def sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.fill("#email", "who@example.org")
    page.fill("#password", PASSWORD)
    page.click("main button")


def look_at(page: Page) -> None:
    """Nothing wider than the phone, and nothing that axe finds."""
    page.wait_for_load_state("load")  # before its styles have come a page may be wider
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], page.url


def test_the_second_factor_from_the_first_code_to_signing_in_with_it(phone: BrowserContext) -> None:
    page = phone.new_page()
    sign_in(page)
    page.click("header .name")
    expect(page.locator("h1")).to_have_text("Farida Who")
    look_at(page)
    page.click("text=Set it up")
    look_at(page)
    page.fill("#password-begin", PASSWORD)
    page.click("main button")
    expect(page.locator(".qr svg")).to_be_visible()
    look_at(page)
    app = pyotp.TOTP((page.locator("main code").first.text_content() or "").replace(" ", ""))
    page.fill("#code-confirm", app.now())
    page.click("text=Turn it on")
    expect(page.locator("main ol code")).to_have_count(10)
    look_at(page)
    recovery = page.locator("main ol code").first.text_content() or ""
    page.click("text=Sign out")
    sign_in(page)
    expect(page.locator("h1")).to_have_text("Your code")
    page.fill("#code", "000000")
    page.click("main button")
    expect(page.locator("[role=alert]")).to_contain_text("not right")
    look_at(page)
    page.fill("#code", recovery)
    page.click("main button")
    page.goto("/account/second-factor")
    expect(page.locator("main")).to_contain_text("9 recovery codes are left")
    look_at(page)


def test_a_form_sent_after_the_session_ran_out_is_sent_again_from_the_page(
    served: tuple[Flask, str], phone: BrowserContext
) -> None:
    page = phone.new_page()
    sign_in(page)
    page.goto("/activities/new")
    page.fill("#title", "Typed before the break")
    page.fill("#description", "Two lines,\nthe second after lunch")
    served[0].config["CLOCK"] = lambda: now() + timedelta(hours=3)
    page.click(".savebar button.primary")
    expect(page.locator("h1")).to_have_text("Not sent yet")
    look_at(page)
    with phone.expect_page() as opened:
        page.click("main ol a")
    tab = opened.value
    sign_in(tab)
    expect(tab.locator("h1")).not_to_have_text("Sign in")
    page.bring_to_front()
    page.get_by_role("button", name="Send it again").click()
    expect(page.locator("h1")).to_have_text("Add an activity")
    expect(page.locator("#title")).to_have_value("Typed before the break")
    expect(page.locator("#description")).to_have_value("Two lines,\nthe second after lunch")
