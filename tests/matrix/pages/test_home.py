"""The front page: what waits for whom, by role; every number leads to a list of as many."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time

import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.calendar.events.models import EventKind, EventStatus
from interagency.calendar.events.record import SegmentDraft, create_event
from interagency.db.base import db
from interagency.mail.models import OutboxMessage
from interagency.matrix.activities.models import ActivityEntity, Participation
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate
from tests.helpers import Browser, choices, event_draft, statements_seen, text_of
from tests.matrix.conftest import VIENNA, Clock

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]


def begin(app: Flask, month: str = "2026-08") -> None:
    with app.app_context():
        open_cycle(db.session, month, at=app.config["CLOCK"](), zone=VIENNA, by=None)
        db.session.commit()


def desk_links(browser: Browser) -> dict[str, str]:
    page = html.fromstring(browser.get("/").text)
    return {
        " ".join(link.text_content().split()): link.get("href")
        for link in page.xpath("//section[@aria-labelledby='desk']//a")
    }


def test_a_coordinator_sees_the_month_and_what_waits(app: Flask, enter: Enter, add_activity: Add, clock: Clock) -> None:
    add_activity("Training of laboratory staff in West Africa", entities=("undp",))
    add_activity("Training of laboratory staff in Western Africa", lead="undp")
    begin(app)
    with app.app_context():
        undp = sa.select(Organisation.id).where(Organisation.key == "undp").scalar_subquery()
        part = sa.update(ActivityEntity).where(ActivityEntity.entity_id == undp, ActivityEntity.is_lead.is_(False))
        db.session.execute(part.values(participation=Participation.AWAITED))
        db.session.commit()
    clock.move(2026, 9, 7, 9)
    coordinator = enter("coordinator")
    page = text_of(coordinator.get("/"))
    assert "August 2026: 0 of 11 have answered" in page
    assert re.search(r"Late: UNODC, OHCHR, .*UNDP", page)
    links = desk_links(coordinator)
    assert links["Open the board"] == "/cycles/2026-08"
    assert links["9 entities that answer each month have no focal point"] == "/people/appoint"
    assert "9 entities that answer" in text_of(coordinator.get("/people/appoint"))
    assert links["1 joint activity waits for an entity to say whether it takes part"]
    assert links["1 pair of activities looks alike and is not judged"] == "/overlaps"
    assert re.search(r"\b1 pair\b", text_of(coordinator.get("/overlaps")))
    for reader in ("reader", "who"):
        assert desk_links(enter(reader)) == {}


def test_what_is_withheld_is_told_as_its_page_lists_it(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, clock: Clock
) -> None:
    add_activity("One of WHO")
    add_activity("One of both", entities=("undp",))
    begin(sqlite_app)
    coordinator = enter_sqlite("coordinator")
    coordinator.send("/cycles/2026-08/close", {}, at="/cycles/2026-08/close")
    links = {words: to for words, to in desk_links(coordinator).items() if "withheld from" in words}
    assert len(links) == 4
    for words, address in links.items():
        assert words.startswith("2 records are withheld from")
        assert words in text_of(coordinator.get(address))
    assert "waiting for WHO 2, UNDP 1" in text_of(coordinator.get("/"))
    # Somebody agrees: the number follows.
    who = enter_sqlite("who")
    audience = links[next(iter(links))].rpartition("=")[2]
    who.send("/agreement", choices(audience, "agreed", entity="who"), at="/agreement")
    after = desk_links(coordinator)
    first = next(words for words, to in after.items() if to.endswith(f"audience={audience}"))
    assert first.startswith("1 record is withheld from")


def test_a_focal_point_sees_the_state_of_the_month(app: Flask, enter: Enter, add_activity: Add, clock: Clock) -> None:
    add_activity("Old work")
    begin(app)
    who = enter("who")
    assert "August 2026 for WHO" in text_of(who.get("/"))
    who.send("/month/sign", {"cycle": "2026-08", "entity": "who", "kind": "unchanged"}, at="/month/sign?kind=unchanged")
    assert "confirmed unchanged" in text_of(who.get("/"))
    form = {"entity": "who", "note": "Look at Kabul"}
    enter("coordinator").send("/cycles/2026-08/return", form, at="/cycles/2026-08")
    page = text_of(who.get("/"))
    assert "returned with a note" in page
    assert "“Look at Kabul”" in page
    clock.move(2027, 6, 1, 9)
    begin(app, "2027-05")
    page = html.fromstring(enter("who").get("/").text)
    assert "0 of 1 record confirmed" in " ".join(page.text_content().split())
    summary = page.xpath("//details[summary[contains(., '1 record needs a look')]]")[-1]
    assert summary.xpath(".//li/a/text()") == ["Old work"]
    assert "Not confirmed for three months or more" in summary.text_content()
    assert "May 2027 for WHO" not in text_of(enter("undp").get("/"))


def test_what_repeats_is_folded_and_told_once(sqlite_app: Flask, enter_sqlite: Enter, clock: Clock) -> None:
    with sqlite_app.app_context():
        for title, rrule in (("Weekly call", "FREQ=WEEKLY;COUNT=30"), ("Launch", "")):
            day = ImpreciseDate.day(date(2026, 8, 24))
            segment = SegmentDraft(day, day, time(9), time(10))
            draft = event_draft(
                title, EventKind.WEB_MEETING, EventStatus.CONFIRMED, [segment], timezone="Europe/Vienna", rrule=rrule
            )
            create_event(db.session, draft, by=None)
        db.session.commit()
    page = html.fromstring(enter_sqlite("reader").get("/").text)
    card = page.xpath("//section[@aria-labelledby='coming']")[0]
    assert card.xpath("./ul/li/a/text()") == ["Launch"]
    assert card.xpath("./details//li/a/text()") == ["Weekly call"]
    assert "1 event that repeats" in card.text_content()


def test_no_empty_card_and_chapters_by_their_full_names(sqlite_app: Flask, enter_sqlite: Enter, clock: Clock) -> None:
    page = html.fromstring(enter_sqlite("reader").get("/").text)
    assert page.xpath("//section/@aria-labelledby") == ["chapters"]
    names = page.xpath("//section[@aria-labelledby='chapters']//tbody/tr/th/text()")
    assert len(names) == 7
    assert names[4].endswith("in conformity with the three international drug control conventions and other relevant "
                             "international instruments")  # fmt: skip


def test_mails_that_cannot_leave_are_told_to_who_can_mend_it(app: Flask, enter: Enter, clock: Clock) -> None:
    begin(app)
    coordinator, admin = enter("coordinator"), enter("admin")
    assert "cannot leave" not in text_of(coordinator.get("/"))
    coordinator.send("/cycles/2026-08/remind", {"all": "yes"}, at="/cycles/2026-08")
    for browser in (coordinator, admin):
        page = text_of(browser.get("/"))
        assert "2 mails are written and cannot leave: no mail server is set." in page
        assert "INTERAGENCY_MAIL_URL" in page
    for reader in ("reader", "who"):
        assert "cannot leave" not in text_of(enter(reader).get("/"))
    with app.app_context():
        failed = sa.update(OutboxMessage).where(OutboxMessage.to_address == "who@example.org")
        db.session.execute(failed.values(tries=3, last_error="the address was refused: 550"))
        db.session.commit()
    mails = text_of(coordinator.get("/cycles/mails"))
    assert "the address was refused: 550" in mails
    assert "Ada Admin" in mails
    assert "2 mails wait" in text_of(coordinator.get("/cycles"))
    assert admin.get("/cycles/mails").status_code == 403


def test_the_front_page_takes_no_more_statements_for_more_records(
    sqlite_app: Flask, enter_sqlite: Enter, add_activity: Add, clock: Clock
) -> None:
    begin(sqlite_app)
    for who in ("coordinator", "who"):
        browser = enter_sqlite(who)
        add_activity(f"First for {who}")
        browser.get("/")
        with statements_seen(sqlite_app) as few:
            browser.get("/")
        for number in range(30):
            add_activity(f"Training {number} of {who} staff")
        browser.get("/")
        with statements_seen(sqlite_app) as many:
            browser.get("/")
        assert len(many) <= len(few) + 1, who
