"""The overview prints on one page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext

from interagency.matrix.overview.grid import COLUMNS, ROWS
from tests.browser.test_pages import sign_in

pytestmark = pytest.mark.browser


def test_each_overview_prints_on_one_page(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page)
    for rows in ROWS:
        for columns in (one for one in COLUMNS if one != rows):
            page.goto(f"/matrix?rows={rows}&columns={columns}")
            pages = re.findall(rb"/Type\s*/Page[^s]", page.pdf(prefer_css_page_size=True))
            assert len(pages) == 1, (rows, columns)
