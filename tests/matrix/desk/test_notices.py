"""Letters to focal points: written by coordinators, by mail and on home, kept, found by those they went to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.db.history import AuditEntry
from interagency.mail.models import OutboxMessage
from interagency.mail.sending import send_outbox
from interagency.matrix.desk.models import Notice
from interagency.matrix.organisations.models import Appointment
from tests.helpers import Browser, text_of
from tests.mail_server import Server, settings_for
from tests.matrix.conftest import Clock

Enter = Callable[[str | None], Browser]
LETTER = {
    "subject": "News of the follow-up",
    "text": "The session is near.\n\nPlease look at chapter III.",
    "to": "all",
}


def written(browser: Browser, **more: Any) -> Any:
    """Write, look at the preview and send what it carries."""
    seen = browser.send("/notices/new", LETTER | more)
    assert seen.status_code == 200, text_of(seen)
    form = next(one for one in html.fromstring(seen.text).forms if one.get("action") == "/notices")
    values: dict[str, list[str]] = {}
    for name, value in form.form_values():
        values.setdefault(name, []).append(value)
    return browser.client.post("/notices", data=values), values


def mails(app: Flask) -> dict[str, OutboxMessage]:
    with app.app_context():
        return {one.to_address.partition("@")[0]: one for one in db.session.scalars(sa.select(OutboxMessage))}


def test_a_letter_goes_to_all_focal_points_by_mail_and_stands_on_home(
    app: Flask, enter: Enter, clock: Clock, open_month: Callable[..., None]
) -> None:
    open_month()
    enter("who").send("/month/sign", {"cycle": "2026-08", "entity": "who", "kind": "unchanged"}, at="/month/sign")
    coordinator = enter("coordinator")
    seen = text_of(coordinator.send("/notices/new", LETTER | {"state": "yes"}))
    assert "It goes to 2 people" in seen
    assert "Nobody is focal point of UNODC, OHCHR" in seen
    assert mails(app) == {}, "a preview sends nothing"
    answer, values = written(coordinator, state="yes")
    assert answer.location == "/notices/1"
    assert coordinator.client.post("/notices", data=values).location == "/notices/1", "sent twice is sent once"
    sent = mails(app)
    assert set(sent) == {"who", "undp"}
    assert sent["who"].subject == "News of the follow-up"
    assert "Dear Farida Who," in sent["who"].text
    assert "August 2026: 1 of 11 have answered; due Saturday 5 September" in sent["who"].text
    assert "August 2026: WHO has answered." in sent["who"].text
    assert "August 2026: UNDP has not answered yet." in sent["undp"].text
    assert "UNDP" not in sent["who"].text
    assert "Clara Coordinator, coordinator@example.org" in sent["who"].text
    for reader in ("who", "undp"):
        browser = enter(reader)
        assert "News of the follow-up" in text_of(browser.get("/"))
        page = text_of(browser.get("/notices/1"))
        assert "Please look at chapter III." in page
        assert "1 of 11 have answered" in page
        assert "News of the follow-up" in text_of(browser.get("/notices"))
        assert "/notices/1" in browser.get("/search?q=chapter+session").text
        assert "/notices/1" in browser.get("/search/suggestions?q=follow-u").text
    page = text_of(coordinator.get("/notices/1"))
    assert "It went to 2 people" in page
    assert "Felix Undp UNDP" in page
    assert "/notices/1" in coordinator.get("/search?q=session&only=notices").text
    with app.app_context():
        entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.act == "notice.sent")).one()
        assert entry.details["recipients"] == 2
    assert "sent a letter to focal points" in text_of(enter("admin").get("/audit"))
    clock.move(2026, 12, 1, 9)
    assert "News of the follow-up" not in text_of(enter("who").get("/")), "after sixty days it is in the list"


def test_nobody_else_reads_it_or_writes_one(sqlite_app: Flask, enter_sqlite: Enter, clock: Clock) -> None:
    written(enter_sqlite("coordinator"), to="chosen", entity=["who"])
    for name in ("undp", "reader", "admin"):
        browser = enter_sqlite(name)
        assert browser.get("/notices/1").status_code == 404
        assert "News of the follow-up" not in browser.get("/notices").text
        assert "News of the follow-up" not in browser.get("/").text
        assert "/notices/1" not in browser.get("/search?q=session").text
        assert browser.get("/notices/new").status_code == 403
        assert browser.send("/notices", LETTER, at="/account").status_code == 403
    outside = enter_sqlite(None)
    assert outside.get("/notices/1").status_code == 302
    assert outside.get("/notices").status_code == 302
    assert enter_sqlite("who").get("/notices/99999999999").status_code == 404


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"subject": " "}, "subject", "Write what the letter is about."),
        ({"subject": "x" * 151}, "subject", "Shorten the subject to 150 characters."),
        ({"text": "\n\x00"}, "text", "Write the letter."),
        ({"text": "x" * 20_000}, "text", "The letter has 20000 characters. Shorten it to 5000"),
        ({"to": "chosen"}, "to", "Choose at least one entity."),
        ({"to": "chosen", "entity": ["ohchr"]}, "to", "Nobody is focal point of OHCHR, so nobody would get it."),
        ({"to": "chosen", "entity": ["nobody"]}, "to", "Nobody would get it. Choose others."),
        ({"to": "unanswered"}, "to", "Nobody would get it. Choose others."),
    ],
)
def test_what_cannot_be_sent_is_said_at_its_field_and_stays(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, changed: dict[str, Any], field: str, message: str
) -> None:
    refused = enter_sqlite("coordinator").send("/notices/new", LETTER | changed)
    assert refused.status_code == 422
    page = html.fromstring(refused.text)
    assert page.get_element_by_id(f"{field}-error").text_content().startswith(message)
    assert page.get_element_by_id("text").text_content().strip() == LETTER.get("text") or "text" in changed
    if len(changed.get("text", "")) > 5000:
        assert len(page.get_element_by_id("text").text_content().strip()) == 20_000
    assert mails(sqlite_app) == {}


def test_who_is_focal_point_no_more_gets_nothing(app: Flask, enter: Enter, clock: Clock) -> None:
    coordinator = enter("coordinator")
    seen = coordinator.send("/notices/new", LETTER)
    form = next(one for one in html.fromstring(seen.text).forms if one.get("action") == "/notices")
    values: dict[str, list[str]] = {}
    for name, value in form.form_values():
        values.setdefault(name, []).append(value)
    with app.app_context():
        ended = sa.update(Appointment).where(Appointment.person_id == 3)
        db.session.execute(ended.values(last_day=date(2026, 8, 19)))
        db.session.commit()
    answer = coordinator.client.post("/notices", data=values)
    assert answer.status_code == 302
    assert set(mails(app)) == {"who"}
    assert "1 person you saw is focal point no more and gets nothing." in text_of(coordinator.get(answer.location))
    with app.app_context():
        db.session.execute(sa.update(Appointment).values(last_day=date(2026, 8, 19)))
        db.session.commit()
    again = coordinator.send("/notices", LETTER | {"person": ["2", "3", "x"]}, at="/notices/new")
    assert again.status_code == 422
    assert "Nobody of those you saw is focal point any more" in text_of(again)


def test_a_mail_to_whose_appointment_ended_meanwhile_does_not_leave(
    sqlite_app: Flask, enter_sqlite: Enter, clock: Clock, mail_server: tuple[Server, int]
) -> None:
    written(enter_sqlite("coordinator"))
    with sqlite_app.app_context():
        db.session.execute(sa.update(Appointment).where(Appointment.person_id == 2).values(last_day=date(2026, 8, 19)))
        db.session.commit()
        server, port = mail_server
        send_outbox(db.session, settings_for(sqlite_app, port), clock)
    assert [to for mail in server.taken for to in mail.rcpt_tos] == ["undp@example.org"]


def test_a_letter_stays_as_it_was_sent(app: Flask, enter: Enter, clock: Clock) -> None:
    written(enter("coordinator"))
    for statement in (sa.update(Notice).values(text="other"), sa.delete(Notice)):
        with app.app_context(), pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(statement)


def test_the_letters_are_read_page_by_page(sqlite_app: Flask, enter_sqlite: Enter, clock: Clock) -> None:
    with sqlite_app.app_context():
        for number in range(53):
            db.session.add(Notice(subject=f"Letter {number}", text="t", state="", words=" t ", by_name="Clara"))
        db.session.commit()
    coordinator = enter_sqlite("coordinator")
    first, second = coordinator.get("/notices").text, coordinator.get("/notices?page=2").text
    assert "53 letters" in first
    assert (first.count("Letter "), "Letter 2<" in second) == (50, True)
    assert coordinator.get("/notices?page=x").status_code == 200
