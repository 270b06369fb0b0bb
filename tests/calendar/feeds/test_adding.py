"""The addresses at which programs on the web offer to add an event."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import html

from tests.helpers import EVENT, Browser

Enter = Callable[[str | None], Browser]


def offered(browser: Browser, values: dict[str, str]) -> dict[str, dict[str, str]]:
    """What each program is told, by its host."""
    address = browser.send("/events/new", EVENT | values).location
    links = html.fromstring(browser.get(address).text).xpath("//a[starts-with(., 'Add to ')]/@href")
    parts = [urlsplit(str(link)) for link in links if str(link).startswith("https://")]
    return {part.netloc: {name: one[0] for name, one in parse_qs(part.query).items()} for part in parts}


def test_hours_are_told_in_a_zone(enter_sqlite: Enter) -> None:
    values = {"segments": "20 October 2026, 15:00-16:00", "segments_read": "20 October 2026, 15:00–16:00"}
    told = offered(enter_sqlite("who"), values | {"timezone": "Europe/Vienna", "title": "Call & talk"})
    google, outlook = told["calendar.google.com"], told["outlook.office.com"]
    assert (google["dates"], google["ctz"]) == ("20261020T150000/20261020T160000", "Europe/Vienna")
    assert (outlook["startdt"], outlook["enddt"]) == ("2026-10-20T13:00:00Z", "2026-10-20T14:00:00Z")
    assert google["text"] == outlook["subject"] == "Call & talk"


def test_whole_days_end_the_day_after(enter_sqlite: Enter) -> None:
    told = offered(enter_sqlite("who"), {"segments": "20-21 October 2026", "segments_read": "20–21 October 2026"})
    assert told["calendar.google.com"]["dates"] == "20261020/20261022"
    assert (told["outlook.office.com"]["enddt"], told["outlook.office.com"]["allday"]) == ("2026-10-22", "true")


def test_a_repetition_goes_only_where_it_can_be_told(enter_sqlite: Enter) -> None:
    values = {
        "segments": "20 October 2026",
        "segments_read": "20 October 2026",
        "repeats": "weekly",
        "repeat_count": "4",
    }
    told = offered(enter_sqlite("who"), values)
    assert set(told) == {"calendar.google.com"}
    assert told["calendar.google.com"]["recur"] == "RRULE:FREQ=WEEKLY;COUNT=4"


@pytest.mark.parametrize("values", [{"status": "cancelled"}, {"segments": "early 2027", "segments_read": "early 2027"}])
def test_what_takes_no_time_is_not_offered(enter_sqlite: Enter, values: dict[str, str]) -> None:
    assert offered(enter_sqlite("who"), values) == {}
