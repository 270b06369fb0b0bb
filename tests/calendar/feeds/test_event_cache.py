"""The cached bytes of events and feeds: never other than what icalendar would make of the records as they are now."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.calendar.events.models import Event
from interagency.calendar.events.queries import everything
from interagency.calendar.feeds import event_cache as feed_cache
from interagency.calendar.feeds import state as feed_state
from interagency.calendar.feeds.building import calendar_bytes
from interagency.calendar.feeds.event_cache import BATCH, Feed, FeedCache
from interagency.calendar.feeds.models import FeedRevision
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.feeds.subscriptions import build_feed
from interagency.calendar.incoming.comparing import Importer, chosen_by_default, preview
from interagency.db.base import db, now
from interagency.matrix.activities.filters import Filters
from interagency.operations.backup import backup, restore
from tests.calendar.incoming.doing import apply, undo
from tests.conftest import close, make_app, make_settings
from tests.helpers import EVENT, Browser

Enter = Callable[[str | None], Browser]
BASE = "http://localhost"


def built_anew() -> bytes:
    """The whole calendar by icalendar from the records."""
    query = sa.select(Event).where(Event.is_listed.is_(True)).options(*everything())
    events = list(db.session.scalars(query.execution_options(populate_existing=True)))
    return calendar_bytes("All", f"{BASE}/x", feed_events(events, BASE))


def joined() -> bytes:
    """The same from what is cached."""
    return build_feed(db.session, Filters(), [], "All", f"{BASE}/x", BASE, True).body


def revision() -> int:
    return db.session.scalar(sa.select(FeedRevision.number)) or 0


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the events whose bytes icalendar makes for the cache, as it goes."""
    ids: list[int] = []
    make = feed_cache._blocks
    monkeypatch.setattr(feed_cache, "_blocks", lambda event, base: ids.append(event.id) or make(event, base))  # type: ignore[func-returns-value]
    return ids


CALL = EVENT | {
    "title": "Task Team call",
    "segments": "17 November 2026, 15:00-16:00",
    "timezone": "Europe/Vienna",
    "repeats": "weekday",
    "segments_read": "17 November 2026, 15:00–16:00",
}


def fill(who: Browser) -> None:
    """Event 1 repeats each month; event 2 is three whole days in Vienna."""
    assert who.send("/events/new", CALL).status_code == 302
    assert who.send("/events/new", EVENT | {"city": "Vienna", "country": "Austria"}).status_code == 302


def test_the_cached_events_of_the_sample_joined_are_what_icalendar_builds(sample_data: None, sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        for _time in range(2):
            assert joined() == built_anew()


def test_after_a_save_only_that_event_is_made_again(app: Flask, enter: Enter, made: list[int]) -> None:
    who = enter("who")
    fill(who)
    with app.app_context():
        joined()
        assert sorted(made) == [1, 2]
    who.send("/events/1/edit", who.fields("/events/1/edit") | {"title": "Renamed, by hand"})
    with app.app_context():
        number = revision()
        assert b"Renamed\\, by hand" in joined()
        assert made[2:] == [1]
        assert joined() == built_anew()
        assert revision() == number, "reading raises nothing"


def test_an_event_that_two_ask_for_at_once_is_right_for_both(app: Flask, enter: Enter) -> None:
    fill(enter("who"))

    def ask(_number: int) -> bytes:
        with app.app_context():
            return joined()

    with ThreadPoolExecutor(4) as several:
        assert len(set(several.map(ask, range(8)))) == 1


CHANGES = {
    "title": "UPDATE event SET title = 'By other means', updated_at = updated_at WHERE id = 2",
    "segment": "UPDATE segment SET start_first = '2026-01-05', start_last = '2026-01-05' WHERE event_id = 2",
    "hours": "UPDATE segment SET start_time = '09:00', end_time = '17:00' WHERE event_id = 1",
    "organisation": "UPDATE organisation SET acronym = 'WHO-X' WHERE key = 'who'",
    "country": "UPDATE country SET name = 'Republic of Austria' WHERE code = 'AT'",
    "organiser": "DELETE FROM event_organisation WHERE event_id = 2",
    "chapter": "INSERT INTO event_chapter (event_id, chapter_number, by_day) VALUES (2, 3, FALSE)",
    "link": "INSERT INTO event_link (event_id, kind, title, url) VALUES (2, 'page', 'T', 'https://example.org')",
    "day": "INSERT INTO segment_day (segment_id, day, chapter_number, note) "
    "VALUES ((SELECT id FROM segment WHERE event_id = 2), '2026-12-01', 1, '')",
    "occurrence": "INSERT INTO occurrence_change (event_id, original, is_cancelled, title, note) "
    "VALUES (1, '2026-12-15 15:00:00.000000', TRUE, '', 'Not this time')",
    "withdrawn": "UPDATE event SET is_listed = FALSE WHERE id = 2",
    "removed": "DELETE FROM event WHERE id = 2",
}


def test_whoever_changes_a_row_by_whatever_way_the_feed_follows(app: Flask, enter: Enter) -> None:
    """The rule: the database itself raises an event's version in feeds in the transaction that changes it."""
    fill(enter("who"))
    for name, statement in CHANGES.items():
        with app.app_context():
            before, number = joined(), revision()
            db.session.execute(sa.text(statement))
            db.session.commit()
            assert revision() > number, name
            assert joined() == built_anew(), name
            assert joined() != before or name == "removed", name  # it was withdrawn before


def test_a_change_that_is_rolled_back_leaves_the_feed(app: Flask, enter: Enter, made: list[int]) -> None:
    fill(enter("who"))
    with app.app_context():
        before, number = joined(), revision()
        db.session.execute(sa.text(CHANGES["title"]))
        db.session.rollback()
        assert (joined(), revision()) == (before, number)
        assert sorted(made) == [1, 2]


def test_an_occurrence_that_moves_is_in_the_feed(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    fill(who)
    form = {"version": "1", "original": "2026-12-15T15:00:00", "act": "move", "when": "10 December 2026, 14:00-15:00"}
    assert who.send("/events/1/occurrences", form).status_code == 302
    with sqlite_app.app_context():
        assert b"20261210T140000" in joined()
        assert joined() == built_anew()


def test_milestones_and_activities_are_not_in_the_words_and_leave_the_feed(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    who = enter_sqlite("who")
    activity = add_activity("Laboratories")
    fill(who)
    who.send(f"/activities/{activity}/milestones", {"act": "add", "title": "Kick-off", "due": "March 2027"})
    who.send("/events/2/milestone", {"milestone": "1"}, at="/events/2/edit")
    with sqlite_app.app_context():
        before, number = joined(), revision()
        db.session.execute(sa.text("UPDATE milestone SET title = 'Begin', due_last = due_first"))
        db.session.execute(sa.text("UPDATE activity SET title = 'Other words'"))
        db.session.commit()
        assert revision() == number
        assert joined() == before == built_anew()


def test_an_import_and_its_undoing_are_in_the_feed(sqlite_app: Flask) -> None:
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:a@x\nSUMMARY:Taken in\n"
    body = f"{text}DTSTART:20261012T150000Z\nEND:VEVENT\nEND:VCALENDAR\n".replace("\n", "\r\n").encode()
    with sqlite_app.app_context():
        importer = Importer(None, (), None)
        found = preview(db.session, body, "a.ics", importer, "Europe/Vienna")
        apply(db.session, found, chosen_by_default(found.result["items"]), importer)
        db.session.commit()
        assert b"SUMMARY:Taken in" in joined()
        assert joined() == built_anew()
        undo(db.session, found, importer, now())
        db.session.commit()
        assert b"SUMMARY:Taken in" not in joined()
        assert joined() == built_anew()


def test_a_feed_for_another_base_address_has_that_address(app: Flask, enter: Enter) -> None:
    fill(enter("who"))
    with app.app_context():
        joined()
        elsewhere = build_feed(db.session, Filters(), [], "All", BASE, "https://calendar.example.org", True)
        assert b"URL:https://calendar.example.org/events/2" in elsewhere.body
        assert joined() == built_anew()


def test_a_new_version_of_what_writes_feeds_answers_no_earlier_tag_by_its_state(
    sqlite_app: Flask, enter_sqlite: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = enter_sqlite("who")
    address = subscribe(who)

    def state() -> str:
        return who.get(address).headers["ETag"].split(".")[1]

    before = state()
    assert state() == before
    monkeypatch.setattr(feed_state, "version", lambda _name: "99")
    feed_state._code.cache_clear()
    assert state() != before
    monkeypatch.undo()
    feed_state._code.cache_clear()


def test_feeds_are_remembered_up_to_a_size_the_last_used_longest() -> None:
    cache, made = FeedCache(most_bytes=25), []

    def get(state: str) -> None:
        cache.get(state, lambda: made.append(state) or Feed(b"0123456789", now()))  # type: ignore[func-returns-value]

    for state in ("a", "b", "a", "c", "a", "b"):
        get(state)
    assert made == ["a", "b", "c", "b"]


def test_a_process_that_starts_warms_itself_and_holds_no_lock(
    sqlite_app: Flask, enter_sqlite: Enter, made: list[int]
) -> None:
    fill(enter_sqlite("who"))
    writer = sqlite3.connect(sqlite_app.extensions["interagency_settings"].data_folder / "interagency.sqlite3")
    writer.execute("BEGIN IMMEDIATE")
    warming = threading.Thread(target=sqlite_app.extensions["interagency_feeds"].warm)
    warming.start()
    warming.join(20)
    writer.rollback()
    writer.close()
    assert sorted(made) == [1, 2]
    assert BATCH > 2
    with sqlite_app.app_context():
        assert joined() == built_anew()
    assert sorted(made) == [1, 2], "nothing was left to make"


def test_after_a_restore_no_earlier_answer_holds(tmp_path: Path, enter_sqlite: Enter, sqlite_app: Flask) -> None:
    who = enter_sqlite("who")
    fill(who)
    address = subscribe(who)
    settings = make_settings(tmp_path)
    backup(settings, tmp_path / "copy.zip")
    who.send("/events/2/edit", who.fields("/events/2/edit") | {"title": ["After the copy"]})
    tag = who.get(address).headers["ETag"]
    close(sqlite_app)
    restore(settings, tmp_path / "copy.zip", replace=True)
    again = make_app(settings)
    browser = Browser(again.test_client())
    browser.sign_in("who@example.org")
    response = browser.get(address, headers={"If-None-Match": tag})
    assert response.status_code == 200
    assert "After the copy" not in response.text
    close(again)


def subscribe(browser: Browser, query: str = "") -> str:
    found = re.search(
        r'value="http://localhost(/feeds/[^"]+\.ics)"', browser.send(f"/subscriptions{query}", {"name": "Mine"}).text
    )
    assert found
    return found[1]


def test_not_changed_costs_one_statement_and_no_session(
    app: Flask, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = enter("who")
    fill(who)
    address = subscribe(who)
    first = who.get(address, headers={"Accept-Encoding": "gzip"})
    monkeypatch.setattr(app.wsgi_app, "_context", lambda *_arguments: pytest.fail("a session was opened"))
    for headers in ({"Accept-Encoding": "gzip"}, {"Accept-Encoding": "br, gzip, deflate"}):
        response = who.get(address, headers=headers | {"If-None-Match": f'"other", W/{first.headers["ETag"]}'})
        assert (response.status_code, response.data) == (304, b"")
        assert response.headers["ETag"] == first.headers["ETag"]
        assert response.headers["Cache-Control"] == first.headers["Cache-Control"]


def test_the_database_ends_its_connections_and_nobody_notices(
    app: Flask, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    if app.extensions["interagency_settings"].is_sqlite:
        pytest.skip("about PostgreSQL")
    who = enter("who")
    fill(who)
    address = subscribe(who)
    tag = who.get(address).headers["ETag"]
    assert who.get(address, headers={"If-None-Match": tag}).status_code == 304
    with app.app_context():
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        db.session.execute(sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
        db.session.close()
    assert who.get(address, headers={"If-None-Match": tag}).status_code == 304
    monkeypatch.setattr(app.wsgi_app, "_context", lambda *_arguments: pytest.fail("a session was opened"))
    assert who.get(address, headers={"If-None-Match": tag}).status_code == 304

    def answers() -> set[int]:
        return {who.get(address, headers={"If-None-Match": tag}).status_code for _time in range(5)}

    with ThreadPoolExecutor(4) as several:
        assert set().union(*several.map(lambda _person: answers(), range(4))) == {304}
    feeds: Any = app.wsgi_app
    assert 1 <= feeds.engine.pool.checkedin() <= 4, "as many as asked at the same moment"
    assert feeds.engine.pool.checkedout() == 0


@pytest.mark.parametrize("act", ["reset", "revoke"])
def test_a_dead_address_is_not_answered_as_unchanged(sqlite_app: Flask, enter_sqlite: Enter, act: str) -> None:
    who = enter_sqlite("who")
    address = subscribe(who)
    tag = who.get(address).headers["ETag"]
    assert who.get(address, headers={"If-None-Match": tag}).status_code == 304
    who.send(f"/subscriptions/1/{act}", at="/subscriptions")
    assert who.get(address, headers={"If-None-Match": tag}).status_code == 404


def test_a_feed_that_others_changes_do_not_touch_is_still_not_changed(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    fill(who)
    address = subscribe(who, "?kind=training")
    tag = who.get(address).headers["ETag"]
    who.send("/events/2/edit", who.fields("/events/2/edit") | {"title": ["Renamed"]})
    response = who.get(address, headers={"If-None-Match": tag})
    assert response.status_code == 304
    newer = response.headers["ETag"]
    assert newer != tag
    assert who.get(address, headers={"If-None-Match": newer}).status_code == 304


def test_signing_renaming_and_appointments_are_heard_of(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    fill(who)
    address = subscribe(who, "?mine=yes")
    tag = who.get(address).headers["ETag"]
    who.send("/subscriptions/1/rename", {"name": "Another name"}, at="/subscriptions")
    renamed = who.get(address, headers={"If-None-Match": tag})
    assert renamed.status_code == 200
    with sqlite_app.app_context():
        db.session.execute(sa.text("UPDATE appointment SET last_day = '2020-01-02'"))
        db.session.commit()
    ended = who.get(address, headers={"If-None-Match": renamed.headers["ETag"]})
    assert ended.status_code == 200
    assert "Expert meeting" not in ended.text
