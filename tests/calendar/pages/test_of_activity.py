"""What the pages of records say of each other: events on the activity, the way in on the event, sharing in a line."""

from __future__ import annotations

from collections.abc import Callable

from lxml import html

from tests.helpers import Browser, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]

EVENT = {"title": "Webinar on access", "kind": "web meeting", "status": "confirmed", "segments": "12 October 2027"}


def test_an_activity_lists_its_events_and_an_event_leads_into_it(enter_sqlite: Enter, add_activity: Add) -> None:
    number = add_activity("Access to medicines", entities=("unodc",))
    who = enter_sqlite("who")
    links = "meeting: https://meet.example.org/1\nhttps://example.org/page"
    made = who.send("/events/new", EVENT | {"activities": [str(number)], "organisers": ["who"], "links": links})
    assert made.status_code == 302
    address = str(made.location).split("?")[0]
    page = who.get(f"/activities/{number}")
    (item,) = html.fromstring(page.text).xpath("//h2[@id='events']/following-sibling::ul[1]/li")
    assert item.xpath("./a/@href") == [address]
    assert " ".join(item.text_content().split()) == "Webinar on access Confirmed 12 October 2027"
    event = html.fromstring(who.get(address).text)
    assert event.xpath("//a[normalize-space()='Join the meeting']/@href") == ["https://meet.example.org/1"]
    (facts,) = event.xpath("//h1/following-sibling::p[@class='line']")
    assert "12 October 2027" in facts.text_content()
    assert "WHO" in facts.text_content()


def test_an_event_that_is_over_leads_into_no_meeting(enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    over = EVENT | {"status": "held", "segments": "12 October 2017", "links": "meeting: https://meet.example.org/1"}
    made = who.send("/events/new", over | {"organisers": ["who"]})
    page = who.get(str(made.location).split("?")[0])
    assert "https://meet.example.org/1" in page.text
    assert "Join the meeting" not in text_of(page)


def test_sharing_is_a_line_with_the_rest_folded(enter_sqlite: Enter, add_activity: Add) -> None:
    page = enter_sqlite("who").get(f"/activities/{add_activity('Ours', entities=('undp',))}")
    assert "Shared with nobody outside. Awaited: WHO, UNDP." in text_of(page)
    (folded,) = html.fromstring(page.text).xpath("//section[@aria-labelledby='sharing']/details")
    assert "open" not in folded.attrib
    assert folded.xpath(".//table") and folded.xpath(".//form[@id='say']")
