"""A calendar that other sites show in a frame: what it shows, to which sites, and that it ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from interagency.accounts.models import AccessToken, Person
from interagency.calendar.events.lines import read_segment, segment_words
from interagency.calendar.events.models import Event
from interagency.db.base import db
from interagency.exports.embedding.embeds import read_site
from interagency.exports.models import Embed
from interagency.web.context import today
from tests.calendar.events.test_planning import add
from tests.exports.external.test_external import agree, close, handed_out
from tests.helpers import EVENT, Browser, text_of

Enter = Callable[[str | None], Browser]
SITES = "https://intranet.example.org\nhttps://www.example.net/calendar/page.html?x=1"


def day(app: Flask, ahead: int) -> str:
    with app.app_context():
        when = today() + timedelta(days=ahead)
        return f"{when.day} {when:%B %Y}"


def made(browser: Browser, query: str, **more: str) -> str:
    page = browser.send(f"/embeds/new?{query}", {"label": "Our calendar", "sites": SITES, "view": "list"} | more)
    assert page.status_code == 200, text_of(page)
    address = html.fromstring(page.text).xpath("//input[@id='address']/@value")[0]
    assert html.fromstring(page.text).xpath("//textarea[@id='lines']")[0].text.startswith(f'<iframe src="{address}"')
    return "/embed/" + address.split("/embed/")[1]


@pytest.fixture
def subscribed(app: Flask, enter: Enter) -> Browser:
    who = enter("who")
    values = EVENT | {"kind": "workshop", "timezone": "Europe/Vienna", "segments_read": "", "duplicates": "distinct"}
    soon = f"{day(app, 3)}, 20:00-21:30"
    add(who, values | {"title": "Our workshop", "segments": soon, "remarks": "Inner", "description": "For colleagues"})
    add(who, values | {"title": "A launch", "kind": "launch", "segments": day(app, 4)})
    add(who, values | {"title": "Some day", "segments": "2031"})
    assert who.send("/subscriptions?kind=workshop", {"name": "Workshops"}, at="/subscriptions").status_code == 200
    return who


def policy(response: TestResponse) -> str:
    return response.headers["Content-Security-Policy"]


def test_a_subscription_on_the_intranet_shows_what_its_feed_holds(
    app: Flask, enter: Enter, subscribed: Browser
) -> None:
    address, outside = made(subscribed, "subscription=1"), enter(None)
    page = outside.get(address)
    assert page.status_code == 200
    words = text_of(page)
    assert "Our workshop" in words
    assert "20:00–21:30" in words
    for inner in ("A launch", "Some day", "Inner", "For colleagues"):
        assert inner not in words
    assert "Hours by the clock of" in words
    assert policy(page).endswith("frame-ancestors https://intranet.example.org https://www.example.net")
    assert "script" not in policy(page).replace("'none'", "")
    assert "X-Frame-Options" not in page.headers
    assert "Set-Cookie" not in page.headers
    assert b"<script" not in page.data
    assert page.headers["Referrer-Policy"] == "no-referrer"
    tokyo = text_of(outside.get(f"{address}?zone=Asia/Tokyo"))
    assert "Times are shown in Asia/Tokyo." in tokyo
    assert re.search(r"0[45]:00–0[56]:30", tokyo)
    wrong = outside.get(f"{address}?zone=Mars/Base")
    assert "We do not know the time zone “Mars/Base”; choose one." in text_of(wrong)


def test_a_month_is_a_grid_with_the_same_in_reading_order(app: Flask, enter: Enter, subscribed: Browser) -> None:
    address, outside = made(subscribed, "subscription=1", view="month"), enter(None)
    with app.app_context():
        month = (today() + timedelta(days=3)).strftime("%Y-%m")
    page = html.fromstring(outside.get(f"{address}?month={month}").text)
    assert page.xpath("count(//table[@class='month']//span[@class='bar'])") == 1
    assert page.xpath("count(//ol[@class='agenda']/li)") == 1
    listed = html.fromstring(outside.get(f"{address}?view=list").text)
    assert not listed.xpath("//table")
    for query in ("month=2026-99", "month=9999-01", "month=x", "view=x", "zone=%00", "month=0001-01"):
        assert outside.get(f"{address}?{query}").status_code == 200, query


def test_it_ends_with_its_own_address_its_subscription_or_its_owner(
    app: Flask, enter: Enter, subscribed: Browser
) -> None:
    outside = enter(None)
    first, second, third = (made(subscribed, "subscription=1", label=f"Number {number}") for number in range(3))
    assert outside.get(first).status_code == 200
    assert "Number 0" in text_of(subscribed.get("/embeds"))
    with app.app_context():
        token = first.removeprefix("/embed/")
        assert not db.session.scalar(sa.select(AccessToken.id).where(AccessToken.token_hash == token))
        kept = db.session.scalar(sa.select(AccessToken).where(AccessToken.label == "Number 0"))
        assert kept is not None
        assert kept.last_used_at is not None
        number = db.session.scalar(sa.select(Embed.id).where(Embed.token_id == kept.id))
    assert enter("undp").send(f"/embeds/{number}/revoke", {}, at="/account").status_code == 404
    assert subscribed.send(f"/embeds/{number}/revoke", {}, at="/embeds").status_code == 302
    dead = outside.get(first)
    assert dead.status_code == 404
    assert "frame-ancestors 'none'" in policy(dead)
    assert dead.headers["X-Frame-Options"] == "DENY"
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.email == "who@example.org").values(disabled_at=sa.func.now()))
        db.session.commit()
    assert outside.get(second).data == dead.data
    with app.app_context():
        db.session.execute(sa.update(Person).values(disabled_at=None))
        db.session.commit()
    assert outside.get(second).status_code == 200
    subscribed.send("/subscriptions/1/revoke", {}, at="/subscriptions")
    assert outside.get(third).data == dead.data
    for wrong in ("x", "0" * 500, "%00", first.removeprefix("/embed/") + "a"):
        assert outside.get(f"/embed/{wrong}").data == dead.data
    feed = subscribed.send("/subscriptions", {"name": "All"}).text.split('value="http://localhost/feeds/')[1]
    assert outside.get(f"/embed/{feed.split('.ics')[0]}").data == dead.data
    assert outside.get(f"/feeds/{second.removeprefix('/embed/')}.ics").status_code == 404
    assert outside.get(f"/external/{second.removeprefix('/embed/')}/").status_code == 404


def test_what_was_handed_out_is_shown_outside_and_no_more(app: Flask, enter: Enter) -> None:
    who, coordinator = enter("who"), enter("coordinator")
    agree(who)
    values = EVENT | {"timezone": "Europe/Vienna", "segments_read": "", "duplicates": "distinct"}
    soon = segment_words(read_segment(f"{day(app, 3)} - {day(app, 4)}, 23:00-01:00"))
    paper = "Open paper https://example.org/open.pdf | WHO | may be shared\nInner https://example.org/in.pdf | WHO"
    add(who, values | {"title": "Agreed", "segments": soon, "documents": paper, "description": "For colleagues"})
    add(who, values | {"title": "Internal", "segments": day(app, 3)})
    add(who, values | {"title": "With another", "segments": day(app, 3), "participants": ["undp"]})
    with app.app_context():
        db.session.execute(sa.update(Event).values(shareable=Event.title != "Internal"))
        db.session.commit()
        close()
        db.session.close()
    hand_out = handed_out(coordinator)
    assert who.get("/embeds/new?hand_out=1").status_code == 404
    address, outside = made(coordinator, "hand_out=1"), enter(None)
    page = outside.get(address)
    words = text_of(page)
    assert "Agreed" in words
    assert "23:00–01:00" in words
    assert page.text.count("https://example.org/open.pdf") == 1
    for inner in ("Internal", "With another", "UNDP", "For colleagues", "in.pdf", "/events/"):
        assert inner not in page.text
    kyiv = html.fromstring(outside.get(f"{address}?zone=Europe/Kyiv").text)
    assert "00:00–02:00" in kyiv.text_content()
    with app.app_context():
        db.session.execute(sa.update(Event).values(title="Changed since"))
        db.session.commit()
    assert "Changed since" not in outside.get(address).text
    who.send("/agreement", {"audience": "commission", "decision": "refused"})
    assert "Agreed" in outside.get(address).text, "what was handed out stands"
    assert "handed out to Bureau" in text_of(coordinator.get("/embeds"))
    with app.app_context():
        number = db.session.scalar(sa.select(AccessToken.id).where(AccessToken.label == "Bureau"))
    coordinator.send(f"/hand-outs/{number}/revoke", {}, at="/hand-outs")
    assert outside.get(hand_out).status_code == 404
    assert outside.get(address).status_code == 404


@pytest.mark.parametrize(
    ("line", "site"),
    [
        ("https://www.example.org", "https://www.example.org"),
        ("WWW.Example.org/a/b?c#d", "https://www.example.org"),
        ("http://intranet:8080/x", "http://intranet:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_a_site_is_read_from_any_address_on_it(line: str, site: str) -> None:
    assert read_site(line) == site


@pytest.mark.parametrize(
    "line",
    ["*", "https://*.example.org", "javascript:alert(1)", "https://a.org; script-src *", "https://", "'self'",
     "data:text/html,x", "https://u:p@example.org", "https://example.org:port", "file:///etc", "https://[::1", "a b"],
)  # fmt: skip
def test_what_is_no_site_is_refused_and_nothing_typed_is_lost(
    sqlite_app: Flask, enter_sqlite: Enter, line: str
) -> None:
    who = enter_sqlite("who")
    who.send("/subscriptions", {"name": "All"})
    refused = who.send("/embeds/new?subscription=1", {"label": "Mine", "sites": line})
    assert refused.status_code == 422
    assert "is not a site" in text_of(refused)
    assert html.fromstring(refused.text).xpath("//textarea[@id='sites']")[0].text.strip() == line
    with sqlite_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Embed)) == 0


def test_a_form_sent_twice_makes_one_and_shows_the_address_again(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    who.send("/subscriptions", {"name": "All"})
    form = html.fromstring(who.get("/embeds/new?subscription=1").text).xpath("//form[.//textarea]")[0]
    values = dict(form.form_values()) | {"sites": SITES}
    values.pop("csrf_token")
    pages = [who.send("/embeds/new?subscription=1", values) for _time in range(2)]
    addresses = {html.fromstring(page.text).xpath("//input[@id='address']/@value")[0] for page in pages}
    assert len(addresses) == 1
    with sqlite_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Embed)) == 1
