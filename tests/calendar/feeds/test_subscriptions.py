"""Private addresses of feeds: what they open, for whom, and until when."""

from __future__ import annotations

import gzip
import re
import sqlite3
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar
from lxml import html
from werkzeug.http import http_date
from werkzeug.test import create_environ

from interagency.accounts.models import AccessToken, Person
from interagency.calendar.events.models import Event
from interagency.calendar.feeds.models import FeedRevision, Subscription
from interagency.db.base import db, now
from interagency.matrix.organisations.models import Appointment
from interagency.web.context import today
from interagency.web.headers import HEADERS
from tests.helpers import EVENT, Browser, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
SOON = (now() + timedelta(days=20)).strftime("%d %B %Y").lstrip("0")


@pytest.fixture
def who(enter: Enter) -> Browser:
    browser = enter("who")
    assert browser.send("/events/new", EVENT | {"segments": SOON}).status_code == 302
    return browser


def subscribe(browser: Browser, query: str = "") -> str:
    response = browser.send(f"/subscriptions{query}", {"name": "Mine"})
    found = re.search(r'value="http://localhost(/feeds/[^"]+\.ics)"', response.text)
    assert found
    return found[1]


def today_of(app: Flask) -> date:
    with app.app_context():
        return today()


def first_id(app: Flask) -> int:
    with app.app_context():
        return db.session.scalars(sa.select(Subscription.id).order_by(Subscription.id)).first() or 0


def test_the_address_opens_without_signing_in(who: Browser, enter: Enter) -> None:
    response = enter(None).get(subscribe(who))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Cache-Control"].startswith("private, max-age=")
    assert "Content-Disposition" not in response.headers
    assert [str(e["SUMMARY"]) for e in Calendar.from_ical(response.data).walk("VEVENT")] == ["Expert meeting"]


def changed_at(app: Flask, moment: datetime) -> None:
    """Let the last change of what feeds show be at that moment."""
    with app.app_context():
        db.session.execute(sa.update(FeedRevision).values(changed_at=moment))
        db.session.commit()


@pytest.mark.both_databases
def test_two_changes_within_a_second_are_two_states(app: Flask, who: Browser, enter: Enter) -> None:
    """Also for a reader who has been there in between and asks by date alone."""
    address, client = subscribe(who), enter(None)
    changed_at(app, now())
    between = client.get(address)
    assert (
        who.send("/events/1/edit", who.fields("/events/1/edit") | {"description": ["Bring a badge."]}).status_code
        == 302
    )
    after = client.get(address, headers={"If-Modified-Since": between.headers["Last-Modified"]})
    assert after.status_code == 200
    assert after.headers["ETag"] != between.headers["ETag"]
    stamps = [Calendar.from_ical(one.data).walk("VEVENT")[0]["LAST-MODIFIED"].dt for one in (between, after)]
    assert stamps[0] < stamps[1]


@pytest.mark.both_databases
def test_an_unchanged_feed_is_a_304_and_the_same_bytes(app: Flask, who: Browser, enter: Enter) -> None:
    address, client = subscribe(who), enter(None)
    changed_at(app, now() - timedelta(seconds=5))
    first, second = client.get(address), client.get(address)
    assert first.data == second.data
    etag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    assert not etag.startswith("W/")
    for header in ({"If-None-Match": etag}, {"If-None-Match": f'"x", {etag}'}, {"If-Modified-Since": changed}):
        response = client.get(address, headers=header)
        assert (response.status_code, response.data) == (304, b"")
    head = client.client.head(address)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", etag)
    assert head.headers["Content-Length"] == str(len(first.data))
    earlier = {"If-Modified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    assert client.get(address, headers=earlier).status_code == 200
    assert client.get(address, headers=earlier | {"If-None-Match": "*"}).status_code == 304
    assert client.get(address, headers={"If-None-Match": '"x"', "If-Modified-Since": changed}).status_code == 200


def test_compressed_only_when_asked(who: Browser, enter: Enter) -> None:
    address, client = subscribe(who), enter(None)
    plain, packed = client.get(address), client.get(address, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.both_databases
def test_a_change_moves_the_etag(who: Browser, enter: Enter) -> None:
    address, client = subscribe(who), enter(None)
    before = client.get(address).headers["ETag"]
    values = who.fields("/events/1/edit")
    who.send("/events/1/edit", values | {"title": "Renamed"})
    after = client.get(address, headers={"If-None-Match": before})
    assert after.status_code == 200
    assert "Renamed" in after.text


@pytest.mark.parametrize("token", ["x", "../../etc/passwd", "%00", "a" * 5000])
def test_a_dead_address_is_a_clear_404(enter: Enter, token: str) -> None:
    response = enter(None).get(f"/feeds/{token}.ics")
    assert response.status_code == 404


def test_a_dead_address_says_what_to_do(enter: Enter) -> None:
    response = enter(None).get("/feeds/nobodys.ics")
    assert response.text.startswith("This calendar address does not work any more. Sign in and make a new one")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_a_feed_can_be_fetched_and_nothing_else(sqlite_app: Flask, enter_sqlite: Enter, method: str) -> None:
    response = enter_sqlite(None).client.open("/feeds/nobodys.ics", method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert "fetched" in response.text


def test_every_answer_of_a_feed_has_the_headers_of_a_page(who: Browser, enter: Enter) -> None:
    address, client = subscribe(who), enter(None)
    tag = client.get(address).headers["ETag"]
    answers = [client.get(address), client.get(address, headers={"If-None-Match": tag}), client.get("/feeds/x.ics")]
    assert [answer.status_code for answer in answers] == [200, 304, 404]
    for answer in answers:
        assert HEADERS.items() <= dict(answer.headers).items()
        assert answer.headers["X-Request-ID"]
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "gzipped"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("*", False), ("identity", False), ("", False)],
)
def test_gzip_goes_to_whoever_names_it(sqlite_app: Flask, enter_sqlite: Enter, accepted: str, gzipped: bool) -> None:
    response = enter_sqlite(None).get(subscribe(enter_sqlite("who")), headers={"Accept-Encoding": accepted})
    assert ("Content-Encoding" in response.headers) is gzipped


@pytest.mark.both_databases
def test_reset_ends_the_old_address_and_revoke_ends_it_for_good(app: Flask, who: Browser, enter: Enter) -> None:
    old, number = subscribe(who), first_id(app)
    response = who.send(f"/subscriptions/{number}/reset", at="/subscriptions")
    found = re.search(r'value="http://localhost(/feeds/[^"]+\.ics)"', response.text)
    assert found
    assert enter(None).get(old).status_code == 404
    assert enter(None).get(found[1]).status_code == 200
    who.send(f"/subscriptions/{number}/revoke", at="/subscriptions")
    assert enter(None).get(found[1]).status_code == 404
    assert "None yet" in text_of(who.get("/subscriptions"))


def test_another_persons_subscription_is_not_there(app: Flask, who: Browser, enter: Enter) -> None:
    address, number = subscribe(who), first_id(app)
    for act in ("reset", "revoke", "rename"):
        assert enter("undp").send(f"/subscriptions/{number}/{act}", {"name": "x"}, at="/account").status_code == 404
    assert enter(None).get(address).status_code == 200


def test_a_subscription_is_renamed(app: Flask, who: Browser) -> None:
    address = subscribe(who)
    who.send(f"/subscriptions/{first_id(app)}/rename", {"name": "Work, mostly"}, at="/subscriptions")
    assert "NAME:Work\\, mostly\r\nX-WR-CALNAME:Work\\, mostly\r\n" in who.get(address).data.decode()


def test_the_secret_is_kept_hashed_and_stays_out_of_the_log(app: Flask, who: Browser, enter: Enter) -> None:
    address = subscribe(who)
    token = address.removeprefix("/feeds/").removesuffix(".ics")
    with app.app_context():
        kept = db.session.scalars(sa.select(AccessToken)).one()
        assert token not in (kept.token_hash, kept.label)
        assert len(token) >= 32
    environ = create_environ(address)
    app.wsgi_app(environ, lambda *_arguments: lambda _data: None)
    assert environ["interagency.path"] == "/feeds/<token>.ics"


def test_a_disabled_persons_feed_ends(app: Flask, who: Browser, enter: Enter) -> None:
    address = subscribe(who)
    with app.app_context():
        db.session.execute(sa.update(Person).where(Person.email == "who@example.org").values(disabled_at=now()))
        db.session.commit()
    assert enter(None).get(address).status_code == 404


def test_an_appointment_that_ended_empties_the_feed_of_mine(app: Flask, who: Browser, enter: Enter) -> None:
    address = subscribe(who, "?mine=yes")
    assert "Expert meeting" in enter(None).get(address).text
    with app.app_context():
        db.session.execute(sa.update(Appointment).values(last_day=today() - timedelta(days=1)))
        db.session.commit()
    assert "Expert meeting" not in enter(None).get(address).text


def test_a_feeds_day_turns_at_the_houses_own_midnight(app: Flask, who: Browser, enter: Enter) -> None:
    """An appointment ends with its last day in Vienna, two hours before that day ends in UTC."""
    address, last = subscribe(who, "?mine=yes"), today_of(app) + timedelta(days=30)
    with app.app_context():
        db.session.execute(sa.update(Appointment).values(last_day=last))
        db.session.commit()
    midnight = datetime.combine(last + timedelta(days=1), time(), app.extensions["interagency_settings"].zone)
    app.config["CLOCK"] = lambda: midnight - timedelta(seconds=1)
    before = enter(None).get(address)
    assert "Expert meeting" in before.text
    app.config["CLOCK"] = lambda: midnight
    after = enter(None).get(address, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "Expert meeting" not in after.text
    assert after.headers["Last-Modified"] == http_date(midnight)


@pytest.mark.both_databases
def test_an_event_cancelled_long_ago_leaves_at_the_houses_own_midnight(app: Flask, who: Browser, enter: Enter) -> None:
    address, zone = subscribe(who), app.extensions["interagency_settings"].zone
    cancelled = datetime(2026, 12, 31, 23, 30, tzinfo=zone)
    with app.app_context():
        db.session.execute(
            sa.update(Event).values(cancelled_at=cancelled, status="cancelled", last_day=date(2027, 6, 1))
        )
        db.session.commit()
    leaves = datetime(2027, 4, 1, tzinfo=zone)  # after ninety days; the clocks were put forward meanwhile
    app.config["CLOCK"] = lambda: leaves - timedelta(seconds=1)
    assert "Expert meeting" in enter(None).get(address).text
    app.config["CLOCK"] = lambda: leaves
    gone = enter(None).get(address)
    assert "Expert meeting" not in gone.text
    assert gone.headers["Last-Modified"] == http_date(leaves)


def test_the_whole_past_is_a_choice_on_the_page(who: Browser, enter: Enter) -> None:
    values = EVENT | {"title": "Long ago", "segments": "3 March 2019"}
    assert who.send("/events/new", values).status_code == 302
    page = html.fromstring(who.send("/subscriptions", {"name": "Mine"}).text)
    short, whole = (page.xpath(f"//input[@id='{name}']/@value")[0] for name in ("https", "whole-past"))
    assert "Long ago" not in enter(None).get(short.removeprefix("http://localhost")).text
    assert "Long ago" in enter(None).get(whole.removeprefix("http://localhost")).text


@pytest.mark.both_databases
def test_any_filter_is_a_feed(who: Browser, enter: Enter) -> None:
    assert "Expert meeting" in enter(None).get(subscribe(who, "?entity=WHO")).text
    assert "Expert meeting" not in enter(None).get(subscribe(who, "?entity=UNDP")).text
    assert "Expert meeting" not in enter(None).get(subscribe(who, "?kind=training")).text


@pytest.mark.both_databases
def test_the_day_an_address_was_used_is_noted(app: Flask, who: Browser, enter: Enter) -> None:
    enter(None).get(subscribe(who))
    with app.app_context():
        assert db.session.scalars(sa.select(AccessToken)).one().last_used_at is not None


def test_while_somebody_writes_a_feed_is_given_and_its_use_noted_later(
    sqlite_app: Flask, enter_sqlite: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="interagency")
    address = subscribe(enter_sqlite("who"))
    writer = sqlite3.connect(sqlite_app.extensions["interagency_settings"].data_folder / "interagency.sqlite3")
    writer.execute("BEGIN IMMEDIATE")
    assert enter_sqlite(None).get(address).status_code == 200
    assert "left out: OperationalError" in caplog.text
    writer.rollback()
    writer.close()
    assert enter_sqlite(None).get(address).status_code == 200
    with sqlite_app.app_context():
        assert db.session.scalars(sa.select(AccessToken)).one().last_used_at is not None
