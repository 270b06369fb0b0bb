"""The overview prints on one page, where it has up to 40 rows, and in type that can be read."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext

from interagency.matrix.overview.grid import COLUMNS, ROWS
from tests.browser.test_pages import sign_in

pytestmark = pytest.mark.browser


SMALLEST = "els => Math.min(...els.filter(el => el.offsetParent).map(el => parseFloat(getComputedStyle(el).fontSize)))"


def test_each_overview_prints_on_one_page_in_type_of_eight_points(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page)
    for rows in ROWS:
        for columns in (one for one in COLUMNS if one != rows):
            page.goto(f"/matrix?rows={rows}&columns={columns}")
            pages = re.findall(rb"/Type\s*/Page[^s]", page.pdf(prefer_css_page_size=True))
            many = page.locator("table.heat tbody tr").count() > 40
            assert len(pages) <= (5 if many else 1), (rows, columns)
            page.emulate_media(media="print")
            page.set_viewport_size({"width": 1058, "height": 700})  # what A4 leaves
            smallest = page.locator("table.heat *").evaluate_all(SMALLEST)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            page.emulate_media(media="null")
            page.set_viewport_size({"width": 1280, "height": 900})
            assert wide <= 0, (rows, columns, "would be made smaller to fit the paper")
            assert smallest * 0.75 >= 7.99, (rows, columns)
