"""Addresses and tokens as people make them on the pages."""

from __future__ import annotations

import re

from tests.helpers import Browser


def data_base(browser: Browser, query: str = "") -> str:
    """Make a data address and give what stands before the name of a table, without the host."""
    page = browser.send(f"/subscriptions/data{query}", {"name": "For a dashboard"})
    found = re.search(r'value="http://localhost(/data/[^"/]+/)activities\.csv"', page.text)
    assert found, page.text
    return found[1]
