"""The kept bytes of events: never other than what icalendar would make of the record as it is now."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.backup import backup, restore
from interagency.calendar import blocks as blocks_module
from interagency.calendar.blocks import blocks_under, form_of, keep_missing
from interagency.calendar.feed import Block, calendar_bytes
from interagency.calendar.ics_apply import apply, undo
from interagency.calendar.ics_import import Importer, chosen_by_default, preview
from interagency.calendar.models import Event, EventBlock, FeedRevision
from interagency.calendar.publish import feed_events
from interagency.calendar.queries import everything
from interagency.calendar.subscriptions import build_feed
from interagency.database import db, now
from interagency.matrix.filters import Filters
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
    """The same from what is kept."""
    return build_feed(db.session, Filters(), [], "All", f"{BASE}/x", BASE, True).body


def kept() -> dict[tuple[int, int], bytes]:
    rows = db.session.execute(sa.select(EventBlock.event_id, EventBlock.number, EventBlock.digest))
    return {(event_id, number): digest for event_id, number, digest in rows}


def revision(number: int = 1) -> int:
    return db.session.scalar(sa.select(FeedRevision.number).where(FeedRevision.id == number)) or 0


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


def test_the_blocks_of_the_sample_joined_are_what_icalendar_builds(sample_data: None, sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        assert keep_missing(db.session, BASE) == 0, "a writer has left an event without its block"
        assert joined() == built_anew()


def test_a_saved_event_has_its_block_at_once_and_only_its_own_changes(app: Flask, enter: Enter) -> None:
    who = enter("who")
    fill(who)
    with app.app_context():
        before, number = kept(), revision()
    who.send("/events/1/edit", who.fields("/events/1/edit") | {"title": "Renamed, by hand"})
    with app.app_context():
        after = kept()
        assert {key for key in after if after[key] != before[key]} == {(1, 1)}
        assert revision() > number
        assert b"Renamed\\, by hand" in joined()
        assert joined() == built_anew()


def test_what_a_process_forgets_while_it_reads_is_in_the_feed_all_the_same(
    sqlite_app: Flask, enter_sqlite: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process remembers so many blocks; when there are more it forgets all and begins anew."""
    monkeypatch.setattr(blocks_module, "MOST_KNOWN", 2)
    monkeypatch.setattr(blocks_module, "_known", {})
    who = enter_sqlite("who")
    for _round in range(2):
        fill(who)
    with sqlite_app.app_context():
        assert joined() == built_anew()
    for title in ("Renamed once", "Renamed twice"):
        who.send("/events/3/edit", who.fields("/events/3/edit") | {"title": title})
        with sqlite_app.app_context():
            assert title.encode() in joined()
            assert joined() == built_anew()


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
    """The rule: the database itself removes a block in the transaction that makes it wrong."""
    fill(enter("who"))
    for name, statement in CHANGES.items():
        with app.app_context():
            before, number = joined(), revision()
            db.session.execute(sa.text(statement))
            db.session.commit()
            assert revision() > number, name
            assert joined() == built_anew(), name
            assert joined() != before or name == "removed", name  # it was withdrawn before
            keep_missing(db.session, BASE)
            assert joined() == built_anew(), name


def test_a_change_that_is_rolled_back_leaves_the_blocks(app: Flask, enter: Enter) -> None:
    fill(enter("who"))
    with app.app_context():
        before, number = kept(), revision()
        db.session.execute(sa.text(CHANGES["title"]))
        assert len(kept()) < len(before)
        db.session.rollback()
        assert (kept(), revision()) == (before, number)


def test_an_occurrence_that_moves_is_in_the_block(sqlite_app: Flask, enter_sqlite: Enter) -> None:
    who = enter_sqlite("who")
    fill(who)
    form = {"version": "1", "original": "2026-12-15T15:00:00", "act": "move", "when": "10 December 2026, 14:00-15:00"}
    assert who.send("/events/1/occurrences", form).status_code == 302
    with sqlite_app.app_context():
        assert len(kept()) == 2
        assert b"20261210T140000" in joined()
        assert joined() == built_anew()


def test_milestones_and_activities_are_not_in_the_words_and_leave_the_block(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    who = enter_sqlite("who")
    activity = add_activity("Laboratories")
    fill(who)
    who.send(f"/activities/{activity}/milestones", {"act": "add", "title": "Kick-off", "due": "March 2027"})
    who.send("/events/2/milestone", {"milestone": "1"}, at="/events/2/edit")
    with sqlite_app.app_context():
        before = kept()
        db.session.execute(sa.text("UPDATE milestone SET title = 'Begin', due_last = due_first"))
        db.session.execute(sa.text("UPDATE activity SET title = 'Other words'"))
        db.session.commit()
        assert kept() == before
        assert joined() == built_anew()


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


def test_a_block_of_another_version_or_address_is_not_read_and_is_made_again(app: Flask, enter: Enter) -> None:
    fill(enter("who"))
    with app.app_context():
        db.session.execute(sa.update(EventBlock).values(form="another", body=b"OLD"))
        db.session.commit()
        number = revision()
        assert b"OLD" not in joined()
        assert joined() == built_anew()
        assert keep_missing(db.session, BASE) == 2
        assert revision() > number, "subscribers must hear of it"
        assert set(db.session.scalars(sa.select(EventBlock.form))) == {form_of(BASE)}
        elsewhere = blocks_under(db.session, [Event.id == 2], "https://calendar.example.org")
        assert b"URL:https://calendar.example.org/events/2" in elsewhere[0].body


def test_the_form_of_a_block_follows_the_code_and_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = form_of(BASE)
    form_of.cache_clear()
    monkeypatch.setattr(blocks_module, "version", lambda _name: "99")
    assert form_of(BASE) != before
    form_of.cache_clear()


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


def test_not_changed_costs_one_statement_and_never_reaches_the_application(
    app: Flask, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = enter("who")
    fill(who)
    address = subscribe(who)
    first = who.get(address, headers={"Accept-Encoding": "gzip"})
    monkeypatch.setattr(app.wsgi_app, "behind", lambda *_arguments: pytest.fail("the application was asked"))
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
    monkeypatch.setattr(app.wsgi_app, "behind", lambda *_arguments: pytest.fail("the application was asked"))
    assert who.get(address, headers={"If-None-Match": tag}).status_code == 304

    def answers() -> set[int]:
        return {who.get(address, headers={"If-None-Match": tag}).status_code for _time in range(5)}

    with ThreadPoolExecutor(4) as several:
        assert set().union(*several.map(lambda _person: answers(), range(4))) == {304}
    door: Any = app.wsgi_app
    assert 1 <= len(door.kept) <= 4, "as many as asked at the same moment"
    with app.app_context():
        db.engine.dispose()
    assert not door.kept, "they end with the engine"


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


def test_the_compressed_form_is_joined_from_parts_and_changes_only_where_an_event_does() -> None:
    from interagency.calendar.packing import Packer

    def block(number: int, text: str) -> Block:
        body = f"BEGIN:VEVENT\r\nUID:{number}\r\nSUMMARY:{text * 9}\r\nEND:VEVENT\r\n".encode()
        return Block(datetime(2026, 1, 1), str(number), body, hashlib.sha256(body).digest()[:16])

    def check(packer: Packer, blocks: list[Block]) -> None:
        body = b"BEGIN" + b"".join(one.body for one in blocks) + b"END"
        packed = packer.gzip(b"BEGIN", blocks, b"END", zlib.crc32(body), len(body))
        assert gzip.decompress(packed) == body
        assert zlib.decompressobj(31).decompress(packed) == body, "one member: some readers stop at the first"

    packer, blocks = Packer(), [block(number, "Meeting ") for number in range(1000)]
    check(packer, blocks)
    parts = len(packer._kept)
    assert parts > 8
    blocks[500] = block(500, "Renamed ")
    check(packer, blocks)
    assert len(packer._kept) <= parts + 2
    check(packer, blocks[:1])
    check(packer, [])
