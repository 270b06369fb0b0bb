"""The box in the header, by keyboard and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.test_pages import sign_in

pytestmark = pytest.mark.browser


def box(page: Page) -> None:
    sign_in(page, "reader")
    page.goto("/editions")
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()


def test_a_record_is_reached_by_keyboard_alone(context: BrowserContext) -> None:
    page = context.new_page()
    box(page)
    page.keyboard.type("1(p)")
    find = page.get_by_role("combobox", name=re.compile("Search everything"))
    expect(find).to_have_attribute("aria-expanded", "true")
    first = page.locator("#suggestions [role=option]").first
    expect(first).to_contain_text("1(p)")
    expect(page.locator(".finder [role=status]")).to_contain_text("suggestions")
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(find).to_have_attribute("aria-activedescendant", "suggestion-1")
    page.keyboard.press("ArrowUp")
    expect(first).to_have_attribute("aria-selected", "false")
    expect(find).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#suggestions [role=option]").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/activities\?recommendation=1%28p%29$"))


def test_a_person_turns_the_key_off_on_this_device(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, "reader")
    page.goto("/account")
    switch = page.get_by_label("the key / leads to the search box")
    expect(switch).to_be_checked()
    switch.uncheck()
    page.goto("/editions")
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.locator("#find")).not_to_be_focused()


def test_escape_closes_and_enter_searches_everywhere(context: BrowserContext) -> None:
    page = context.new_page()
    box(page)
    page.keyboard.type("treatment")
    expect(page.locator("#suggestions [role=option]").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#suggestions [role=option]").first).to_be_hidden()
    expect(page.locator("#find")).to_have_value("treatment")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Found for “treatment”")
    expect(page.locator("mark").first).to_be_visible()
    page.focus("#words")
    page.keyboard.press("End")
    page.keyboard.type("/")
    expect(page.locator("#words")).to_have_value("treatment/")


def test_leaving_the_box_closes_the_list_and_a_click_opens_a_suggestion(context: BrowserContext) -> None:
    page = context.new_page()
    box(page)
    page.keyboard.type("kenya")
    expect(page.get_by_role("option", name=re.compile("^Kenya"))).to_be_visible()
    page.locator("h1").click()
    expect(page.locator("#suggestions [role=option]").first).to_be_hidden()
    page.focus("#find")
    page.keyboard.press("ArrowDown")
    page.get_by_role("option", name=re.compile("^Kenya")).click()
    expect(page).to_have_url(re.compile(r"/activities\?country=KE$"))


def test_without_scripts_the_box_goes_to_the_page(chromium: Browser, address: str) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    sign_in(page)
    page.goto("/account")
    page.fill("#find", "DPKO")
    page.press("#find", "Enter")
    expect(page.locator("#found-organisations + ul")).to_contain_text("Department of Peace Operations")
    context.close()
