"""Remarks of insiders: who is asked sees them, they are kept, and no outsider learns of them."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from interagency.matrix.organisations.models import Appointment, Organisation
from interagency.matrix.remarks.models import Remark, RemarkEarlier
from interagency.text.links import linked
from tests.helpers import EVENT, Browser, errors_of, text_of
from tests.matrix.conftest import Clock

Enter = Callable[[str | None], Browser]
MARKER = "Quetzalcoatlus"


def thread(kind: str, number: int, part: int = 0) -> str:
    return f"/remarks/on/{kind}/{number}" + (f"?part={part}" if part else "")


def all_remarks(app: Flask) -> list[Remark]:
    with app.app_context():
        query = sa.select(Remark).options(sa.orm.selectinload(Remark.addressees), sa.orm.selectinload(Remark.earlier))
        return list(db.session.scalars(query.order_by(Remark.id)))


def test_a_remark_asks_an_entity_is_seen_where_they_look_answered_and_opened_again(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, add_activity: Callable[..., int]
) -> None:
    number = add_activity("Train laboratory staff", entities=("undp",))
    page = f"/activities/{number}"
    undp, who, reader = (enter_sqlite(name) for name in ("undp", "who", "reader"))
    said = {"text": "Who pays, @WHO? See https://example.org/a(b).", "version": "1", "back": page}
    sent = undp.send(thread("activity", number), said)
    assert sent.location == f"{page}#remark-1"
    shown = undp.get(page)
    assert "Felix Undp → WHO" in text_of(shown)
    assert 'href="https://example.org/a(b"' in shown.text
    for where in ("/", "/remarks", page):
        assert "Who pays, @WHO?" in text_of(who.get(where)), where
    assert "Who pays" not in text_of(undp.get("/")), "nobody is asked by themselves"
    assert "Who pays" not in text_of(reader.get("/"))
    assert "Who pays" in text_of(reader.get(page)), "insiders read it on the record"
    who.send(thread("activity", number), {"text": "The Fund.", "reply_to": "1", "to": ["person:3"], "back": page})
    first, second = all_remarks(sqlite_app)
    assert (first.answered_by_name, first.subject_version, second.reply_to_id) == ("Farida Who", 1, 1)
    assert "Who pays" not in text_of(who.get("/"))
    assert "The Fund." in text_of(undp.get("/")), "a person is asked"
    undp.send("/remarks/1/state", {"state": "open"}, at=page)
    assert "Who pays" in text_of(who.get("/"))
    assert "version 1; now" not in text_of(undp.get(page))
    survivor = add_activity("Train all laboratory staff")
    with sqlite_app.app_context():
        db.session.execute(sa.update(Activity).where(Activity.id == number).values(merged_into_id=survivor))
        db.session.commit()
    assert "Who pays" in text_of(undp.get(f"/activities/{survivor}")), "what was merged loses no remark"
    assert undp.send(thread("activity", survivor), {"text": "Still open.", "reply_to": "1"}).status_code == 302


def test_words_can_be_changed_for_a_quarter_of_an_hour_and_are_never_lost(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, add_activity: Callable[..., int]
) -> None:
    number = add_activity()
    who, undp = enter_sqlite("who"), enter_sqlite("undp")
    who.send(thread("activity", number), {"text": "First words"})
    clock.at += timedelta(minutes=14)
    assert undp.send("/remarks/1/edit", {"text": "Mine"}).status_code == 403
    assert who.send("/remarks/1/edit", {"text": "Other words", "to": "entity:undp"}).status_code == 302
    (remark,) = all_remarks(sqlite_app)
    assert (remark.text, [one.text for one in remark.earlier]) == ("Other words", ["First words"])
    assert "Other words" in text_of(undp.get("/"))
    assert "First words" in text_of(who.get(f"/activities/{number}"))
    clock.at += timedelta(minutes=2)
    late = who.send("/remarks/1/edit", {"text": "Too late"})
    assert late.status_code == 422
    assert "Too late" in late.text, "nothing typed is lost"
    assert all_remarks(sqlite_app)[0].text == "Other words"
    with sqlite_app.app_context():
        for statement in (sa.delete(Remark), sa.delete(RemarkEarlier), sa.update(RemarkEarlier).values(text="x")):
            with pytest.raises(sa.exc.DBAPIError, match="append-only"):
                db.session.execute(statement)
            db.session.rollback()


def test_bad_words_and_bad_addressees_are_told_and_nothing_typed_is_lost(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, add_activity: Callable[..., int]
) -> None:
    number = add_activity()
    who = enter_sqlite("who")
    address = thread("activity", number)
    for text, message in (
        ("", "Write what you want to say"),
        ("\u200b\u202e\ufeff \U000e0041", "Write what you want to say"),
        ("\u200d\u200f", "Write what you want to say"),
        ("ä" * 20_000, "at most 5000 signs; this one has 20000"),
    ):
        refused = who.send(address, {"text": text})
        assert refused.status_code == 422
        assert message in " ".join(errors_of(refused)), text[:20]
    assert "ä" * 20_000 in refused.text
    with sqlite_app.app_context():
        db.session.execute(sa.update(Appointment).where(Appointment.person_id == 3).values(last_day=date(2026, 8, 19)))
        db.session.commit()
    ended = who.send(address, {"text": "What do you think, @Felix Undp?"})
    assert "Felix Undp speaks for no entity today" in " ".join(errors_of(ended))
    assert "What do you think" in ended.text
    assert "can no longer be asked" in " ".join(errors_of(who.send(address, {"text": "You?", "to": "person:3"})))
    with sqlite_app.app_context():
        db.session.execute(
            sa.update(Organisation).where(Organisation.key == "undp").values(retired_on=date(2026, 1, 1))
        )
        db.session.commit()
    assert "no longer takes part" in " ".join(errors_of(who.send(address, {"text": "You, @UNDP?"})))
    for strange in ("entity:nobody", "person:99999", "person:²", "person:", "x"):
        assert who.send(address, {"text": "You?", "to": strange}).status_code == 422
    assert all_remarks(sqlite_app) == []
    kept = who.send(address, {"text": "a\u202eb @nobody.at.all, me@example.org @Clara Coordinator", "reply_to": "x"})
    seen = who.get(kept.location)
    assert "called @nobody.at.all" in text_of(seen)
    (remark,) = all_remarks(sqlite_app)
    assert remark.text.startswith("ab @nobody")
    assert [one.person_id for one in remark.addressees] == [1]
    assert who.send(address, {"text": "x", "reply_to": "77"}).status_code == 422
    for lost in ("/remarks/on/activity/999", "/remarks/on/planet/1", "/remarks/on/pair/1?part=1", "/remarks/99/edit"):
        assert who.get(lost).status_code == 404, lost


def test_web_addresses_are_links_that_tell_nothing_and_everything_else_is_text() -> None:
    made = str(linked('<b> http://a.example/?q="x" javascript:alert(1) (https://b.example).'))
    assert "<b>" not in made
    assert made.count("<a ") == 2
    assert 'href="https://b.example" rel="noopener noreferrer nofollow"' in made


def test_a_returned_answer_is_a_remark_on_it_and_signing_anew_answers_it(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, open_month: Callable[..., None]
) -> None:
    open_month()
    who, coordinator = enter_sqlite("who"), enter_sqlite("coordinator")
    signed = {"cycle": "2026-08", "entity": "who", "kind": "nothing"}
    who.send("/month/sign", signed, at="/month/sign")
    coordinator.send("/cycles/2026-08/return", {"entity": "who", "note": "Look at the labs again."})
    (remark,) = all_remarks(sqlite_app)
    assert (remark.subject_kind.value, remark.text, remark.is_open) == ("answer", "Look at the labs again.", True)
    assert text_of(who.get("/month")).count("Look at the labs again.") >= 3, "notice, what asks me, on the answer"
    assert enter_sqlite("undp").get(thread("answer", 1)).status_code == 404, "answers are for their entity"
    assert enter_sqlite("undp").get("/remarks/1/edit").status_code == 404
    who.send("/month/sign", signed, at="/month/sign")
    assert not all_remarks(sqlite_app)[0].is_open


def test_remarks_stand_on_events_pairs_and_rows_of_an_import(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, add_activity: Callable[..., int]
) -> None:
    first, second = add_activity("Train laboratory staff"), add_activity("Train the laboratory staff", lead="undp")
    who = enter_sqlite("who")
    who.send("/events/new", EVENT)
    csv = b"Title,Lead,Status\nA new one,WHO,ongoing\n"
    sent = who.client.post("/imports", data={"file": (io.BytesIO(csv), "matrix.csv"), "csrf_token": who.token()})
    assert sent.status_code == 302
    for address, page in (
        (thread("event", 1), "/events/1"),
        (thread("pair", first, second), f"/overlaps/{first}/{second}"),
        (thread("import", 1, 2), thread("import", 1, 2)),
    ):
        assert who.send(address, {"text": f"On {address} @UNDP", "back": page}).status_code == 302
        assert f"On {address}" in text_of(who.get(page)), page
    assert "(1)" in text_of(who.get("/imports/1"))
    undp = enter_sqlite("undp")
    asked = text_of(undp.get("/"))
    assert "On /remarks/on/event/1" in asked
    assert "On /remarks/on/import/1" not in asked, "an import is its sender's and the coordinators'"
    assert undp.get(thread("import", 1, 2)).status_code == 404
    assert enter_sqlite("reader").get(thread("pair", first, second)).status_code == 404


def _what_leaves(coordinator: Browser, feed: str) -> dict[str, Any]:
    """Everything that leaves for others, as one coordinator can make it."""
    found: dict[str, Any] = {}
    for address in (
        "/exports/matrix.xlsx", "/exports/matrix.csv", "/exports/matrix.json", "/exports/calendar.csv",
        "/exports/calendar.json", "/events/1.ics", f"/search?q={MARKER}", feed,
    ):  # fmt: skip
        answer = coordinator.get(address)
        assert answer.status_code == 200, address
        found[address] = text_of(answer) if address.startswith("/search") else answer.data
        if address.endswith(".xlsx"):
            with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
                found[address] = {name: book.read(name) for name in book.namelist()}
    return found


def test_no_byte_that_leaves_holds_a_remark(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, add_activity: Callable[..., int],
    open_month: Callable[..., None],
) -> None:  # fmt: skip
    number = add_activity("Train laboratory staff")
    open_month()
    coordinator, who = enter_sqlite("coordinator"), enter_sqlite("who")
    who.send("/events/new", EVENT)
    (feed, *_) = re.findall(r"/feeds/[\w-]+\.ics", coordinator.send("/subscriptions", {"name": "All"}).text)
    before = _what_leaves(coordinator, feed)
    for kind, record in (("activity", number), ("event", 1)):
        who.send(thread(kind, record), {"text": f"{MARKER} @UNDP"})
    assert len(all_remarks(sqlite_app)) == 2
    assert _what_leaves(coordinator, feed) == before
    assert coordinator.send("/cycles/2026-08/close", {}, at="/cycles/2026-08/close").status_code == 302
    with sqlite_app.app_context():
        (frozen,) = db.session.execute(sa.text("SELECT contents FROM edition")).scalars().all()
    assert MARKER.encode() not in zlib.decompress(frozen)
