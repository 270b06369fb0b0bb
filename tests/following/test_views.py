"""Saved views: for whom, as what else, as a start page, and when they no longer make sense."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.following.models import DigestSettings, SavedView, Watch
from interagency.matrix.organisations.models import Appointment
from tests.helpers import Browser, errors_of, text_of

Enter = Callable[[str | None], Browser]


def save(browser: Browser, query: str, name: str, scope: str = "own") -> str:
    sent = browser.send(f"/views/new?{query}", {"name": name, "scope": scope})
    assert sent.status_code == 302, text_of(sent)
    return str(sent.location)


def test_a_view_is_saved_from_its_page_and_is_all_that_the_page_is(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    for page, query in (
        ("/activities", "view=activities&country=BO&page=2"),
        ("/calendar", "view=calendar&kind=training"),
        ("/coverage", "view=coverage&only=gaps"),
        ("/where", "view=where&chapter=1"),
        ("/matrix", "view=matrix&rows=region&columns=chapter"),
    ):
        own = query.partition("&")[2]
        assert f"/views/new?{query}".replace("&", "&amp;") in who.get(f"{page}?{own}").text, page
        address = save(who, query, f"My {page}")
        seen = who.get(address)
        kept = own.replace("&page=2", "")
        assert f'href="{page}?{kept}"'.replace("&", "&amp;") in seen.text
        assert who.get(f"{page}?{kept}").status_code == 200
        others = (
            ("/subscriptions?", "/exports/calendar.csv?") if page == "/calendar" else ("/exports/matrix.xlsx", "data")
        )
        for other in others:
            assert other in seen.text, (page, other)
    assert "My /coverage" in text_of(who.get("/views"))
    with sqlite_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(SavedView)) == 5


def test_who_sees_a_view_and_who_changes_it(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who, undp, reader, coordinator = (enter_sqlite(one) for one in ("who", "undp", "reader", "coordinator"))
    own, shared, public = (
        save(who, "view=activities", name, scope)
        for name, scope in (("Mine", "own"), ("Ours", "entity:who"), ("All", "everybody"))
    )
    for browser, seen in ((who, (200, 200, 200)), (undp, (404, 404, 200)), (reader, (404, 404, 200))):
        assert tuple(browser.get(one).status_code for one in (own, shared, public)) == seen
    assert reader.send(public, {"name": "x", "scope": "own"}).status_code == 403
    assert reader.send(f"{public}/delete").status_code == 403
    for scope in ("everybody", "entity:who", "entity:", "", "x"):
        refused = reader.send("/views/new?view=activities", {"name": "x", "scope": scope})
        assert (refused.status_code, errors_of(refused)) == (422, ["Choose for whom the view is."])
    assert errors_of(reader.send("/views/new?view=activities", {"name": " \u200b"[0], "scope": "own"}))
    assert reader.get("/views/new?view=planet").status_code == 404
    long = reader.send("/views/new?view=activities", {"name": "x" * 101, "scope": "own"})
    assert (long.status_code, "x" * 101 in long.text) == (422, True)
    assert (
        reader.send("/watch", {"kind": "view", "target": public.rpartition("/")[2], "watch": "yes"}).status_code == 302
    )
    assert undp.send("/watch", {"kind": "view", "target": own.rpartition("/")[2], "watch": "yes"}).status_code == 404
    assert coordinator.send(f"{public}/delete").status_code == 302, (
        "what everybody sees is the coordinators' to keep tidy"
    )
    with sqlite_app.app_context():
        assert db.session.scalars(sa.select(Watch)).all() == []
        db.session.execute(sa.update(Appointment).values(last_day=date(2021, 1, 1)))
        db.session.commit()
    assert who.get(shared).status_code == 200, "its maker keeps it"


def test_signing_in_leads_to_the_view_one_chose(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    address = save(who, "view=where&chapter=1", "Our map")
    who.send(f"{address}/start", {"start": "yes"})
    assert who.get("/start").location == "/where?chapter=1"
    assert "begins here" in text_of(who.get("/views"))
    who.send(f"{address}/delete")
    assert who.get("/start").location != "/where?chapter=1"
    with sqlite_app.app_context():
        assert db.session.scalars(sa.select(DigestSettings)).one().start_view_id is None


def test_a_view_whose_filter_no_longer_makes_sense_says_so(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    for query in ("country=Atlantis", "colour=red", "sort=size", "chapter=9"):
        refused = who.send(f"/views/new?view=activities&{query}", {"name": "Kept words", "scope": "own"})
        assert refused.status_code == 422, query
        assert "Kept words" in refused.text
    address = save(who, "view=activities&country=BO", "Bolivia")
    with sqlite_app.app_context():
        db.session.execute(sa.update(SavedView).values(query="country=Atlantis"))
        db.session.commit()
    assert "no longer makes sense" in text_of(who.get(address))
    assert "no longer makes sense" in text_of(who.get("/views"))


def test_what_is_not_there_cannot_be_watched(enter_sqlite: Enter) -> None:
    reader = enter_sqlite("reader")
    assert reader.send("/watch", {"kind": "country", "target": "BO", "watch": "yes"}).status_code == 302
    assert "Bolivia" in text_of(reader.get("/account/mails"))
    for kind, target in (("country", "XXX"), ("activity", "99"), ("activity", "²"), ("event", "9" * 20), ("view", "x")):
        assert reader.send("/watch", {"kind": kind, "target": target, "watch": "yes"}).status_code == 404, target
    assert reader.send("/watch", {"kind": "planet", "target": "1", "watch": "yes"}).status_code == 400
    reader.send("/watch", {"kind": "country", "target": "BO", "watch": "no"})
    assert "Bolivia" not in text_of(reader.get("/account/mails"))
