"""One mail a person and day: what it holds, what is urgent, and how it is silenced."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from datetime import date, timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.db.history import Change
from interagency.following.digest import is_due, write_due_digests
from interagency.following.models import DigestSettings, Frequency
from interagency.following.urgent import write_urgent
from interagency.mail.content import MAX_HTML_BYTES, MailContent, MailKind, MailLine, MailSection, as_json, from_json
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import write
from interagency.mail.sending import send_outbox
from interagency.matrix.activities.models import ActivityEntity, Participation
from interagency.matrix.organisations.models import Appointment
from tests.helpers import EVENT, Browser, text_of
from tests.mail_server import Server, settings_for
from tests.matrix.conftest import Clock

Enter = Callable[[str | None], Browser]
LETTER = MailContent("A letter", "Dear Farida,", ("Come and see.",))


class Post:
    """The scheduler and what arrives."""

    def __init__(self, app: Flask, clock: Clock, server: tuple[Server, int]) -> None:
        self.app, self.clock = app, clock
        self.server, self.port = server

    def put(self, key: str, to: str = "who", *, kind: MailKind | None = MailKind.NOTICES, subject: str = "") -> None:
        with self.app.app_context():
            letter = MailContent(subject or key, LETTER.greeting, (f"About {key}.",))
            write(
                db.session, key, to_address=f"{to}@example.org", to_name=to, letter=letter, at=self.clock(), kind=kind
            )
            db.session.commit()

    def tick(self) -> list[EmailMessage]:
        """What arrives by a call of the scheduler."""
        before = len(self.server.taken)
        with self.app.app_context():
            write_urgent(db.session, at=self.clock())
            write_due_digests(db.session, at=self.clock())
            db.session.commit()
            send_outbox(db.session, settings_for(self.app, self.port), clock=self.clock)
            db.session.close()
        taken = self.server.taken[before:]
        return [email.message_from_bytes(one.content, policy=email.policy.default) for one in taken]  # type: ignore[misc]

    def settle(self) -> None:
        """Let what was saved by now be of an hour ago, by the service's clock: history is dated by the machine's."""
        with self.app.app_context():
            db.session.execute(sa.text("DROP TRIGGER IF EXISTS change_no_update"))
            db.session.execute(sa.update(Change).values(at=self.clock() - timedelta(hours=1)))
            db.session.commit()


@pytest.fixture
def post(sqlite_app: Flask, clock: Clock, mail_server: tuple[Server, int]) -> Post:
    return Post(sqlite_app, clock, mail_server)


def words_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_what_waits_for_a_person_leaves_as_one_mail_a_day(post: Post) -> None:
    for key in ("first", "second"):
        post.put(key)
    post.put("first for another", "undp")
    post.put("password", kind=None)
    mails = {(mail["To"], mail["Subject"]): mail for mail in post.tick()}
    assert set(mails) == {
        ("who <who@example.org>", "first"), ("undp <undp@example.org>", "first for another"),
        ("who <who@example.org>", "password"),
    }  # fmt: skip
    both = words_of(mails["who <who@example.org>", "first"])
    assert both.index("About first.") < both.index("About second.")
    assert "List-Unsubscribe" not in mails["who <who@example.org>", "password"]
    post.put("third")
    assert post.tick() == [], "there was a mail today"
    post.clock.at += timedelta(days=1)
    assert [mail["Subject"] for mail in post.tick()] == ["third"]


def test_a_server_that_is_away_gets_all_of_it_at_once_later(post: Post) -> None:
    post.server.say = "451 later"
    post.put("first")
    assert post.tick() == []
    post.clock.at += timedelta(days=1)
    post.put("second")
    post.server.say = "250 OK"
    (mail,) = post.tick()
    assert {"About first.", "About second."} <= set(words_of(mail).split("\n"))
    with post.app.app_context():
        kept = db.session.scalars(sa.select(OutboxMessage)).all()
        assert {(one.text, one.content is None) for one in kept} == {("", True)}, "what was sent is not kept"


def test_one_click_silences_a_kind_and_opening_the_link_does_not(post: Post, enter_sqlite: Enter) -> None:
    post.put("first")
    (mail,) = post.tick()
    address = mail["List-Unsubscribe"].strip(" <>").removeprefix("http://localhost")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    nobody = enter_sqlite(None)
    assert "Letters and editions" in text_of(nobody.get(address))
    post.clock.at += timedelta(days=1)
    post.put("second")
    assert len(post.tick()) == 1, "a program that opens links silences nothing"
    sent = nobody.client.post(address, data={"List-Unsubscribe": "One-Click"})
    assert "You get no more of these mails" in text_of(sent)
    post.clock.at += timedelta(days=1)
    for key, to in (("third", "who"), ("third of another", "undp")):
        post.put(key, to)
    post.put("still", kind=MailKind.DUE)
    assert [mail["Subject"] for mail in post.tick()] == ["still", "third of another"]
    for broken in ("x", address[len("/silence/") : -2], "ä" * 300, "W10.x"):
        assert nobody.get(f"/silence/{broken}").status_code == 404
        assert nobody.client.post(f"/silence/{broken}").status_code == 404
    who = enter_sqlite("who")
    chosen = who.send("/account/mails", {"frequency": "daily", "kind": ["notices", "due", "x"]})
    assert chosen.status_code == 302
    with post.app.app_context():
        kept = db.session.get_one(DigestSettings, 2)
        assert (kept.frequency, kept.silenced) == (Frequency.DAILY, ["waiting", "changes", "remarks", "events"])
    assert who.send("/account/mails", {"frequency": "hourly"}).status_code == 400


def test_the_digest_tells_what_concerns_me_once_and_what_waits_as_long_as_it_does(
    post: Post, enter_sqlite: Enter, add_activity: Callable[..., int], open_month: Callable[..., None]
) -> None:
    open_month()
    joint, other = add_activity("Train judges", entities=("undp",)), add_activity("Count poppies", lead="undp")
    with post.app.app_context():
        db.session.execute(
            sa.update(ActivityEntity).where(ActivityEntity.activity_id == joint).values(
                participation=Participation.CONFIRMED
            )
        )  # fmt: skip
        db.session.commit()
    reader, who, undp = (enter_sqlite(name) for name in ("reader", "who", "undp"))
    assert reader.send("/watch", {"kind": "activity", "target": str(other), "watch": "yes"}).status_code == 302
    assert "Stop watching" in text_of(reader.get(f"/activities/{other}"))
    post.settle()
    assert post.tick() == [], "who begins is told nothing of what was before"
    who.send(f"/activities/{joint}/edit", who.fields(f"/activities/{joint}/edit") | {"title": "Train more judges"})
    undp.send(f"/activities/{other}/edit", undp.fields(f"/activities/{other}/edit") | {"title": "Count all poppies"})
    who.send(f"/remarks/on/activity/{joint}", {"text": "Which courts, @UNDP?"})
    post.settle()
    post.clock.move(2026, 9, 1, 6)
    mails = {mail["To"].split()[-1]: mail for mail in post.tick()}
    assert set(mails) == {
        "<who@example.org>",
        "<undp@example.org>",
        "<reader@example.org>",
        "<coordinator@example.org>",
    }
    asked = words_of(mails["<undp@example.org>"])
    for said in (
        "August 2026 for UNDP", "WHAT YOUR ENTITY CONFIRMED WAS CHANGED", "Train more judges",
        "Title: changed by Farida Who", "Which courts, @UNDP?", "1 open remark asks you",
    ):  # fmt: skip
        assert said in asked, said
    assert "Count all poppies" not in asked, "nobody is told of what they did themselves"
    assert "Count all poppies" in words_of(mails["<reader@example.org>"])
    assert "Train more judges" not in words_of(mails["<reader@example.org>"])
    assert "Train more judges" not in words_of(mails["<who@example.org>"])
    page = mails["<undp@example.org>"].get_body(("html",))
    assert page is not None
    assert not re.search(r"<img|src=|@import|url\(", page.get_content()), "nothing is loaded from anywhere"
    assert post.tick() == []
    post.clock.move(2026, 10, 1, 6)
    again = next(words_of(mail) for mail in post.tick() if "undp" in mail["To"])
    assert "1 open remark asks you" in again
    assert "Train more judges" not in again
    assert "Which courts" not in again


def test_who_lost_the_right_between_writing_and_leaving_is_told_nothing(
    post: Post, enter_sqlite: Enter, add_activity: Callable[..., int]
) -> None:
    number = add_activity("Train judges", entities=("undp",))
    post.tick()
    who = enter_sqlite("who")
    who.send(f"/remarks/on/activity/{number}", {"text": "Which courts, @UNDP?"})
    who.send(f"/activities/{number}/edit", who.fields(f"/activities/{number}/edit") | {"title": "Train more judges"})
    post.settle()
    post.clock.move(2026, 9, 1, 6)
    with post.app.app_context():
        write_due_digests(db.session, at=post.clock())
        ended = sa.update(Appointment).where(Appointment.person_id == 3)
        db.session.execute(ended.values(last_day=date(2026, 8, 31)))
        db.session.commit()
    assert [mail["To"] for mail in post.tick() if "undp" in mail["To"]] == []


def test_an_event_of_tomorrow_that_is_cancelled_or_moved_is_told_at_once_and_once(
    post: Post, enter_sqlite: Enter
) -> None:
    who = enter_sqlite("who")
    joint = EVENT | {"organisers": ["who", "undp"], "segments": "21 August 2026"}
    who.send("/events/new", joint)
    who.send("/events/new", joint | {"title": "Far away", "segments": "21 December 2026"})
    post.settle()
    post.tick()
    for number, change in ((1, {"status": "cancelled"}), (2, {"city": "Doha"})):
        address = f"/events/{number}/edit"
        assert who.send(address, who.fields(address) | change).status_code == 302
    post.settle()
    (mail,) = post.tick()
    assert (mail["To"], mail["Subject"]) == ("Felix Undp <undp@example.org>", "Cancelled: Expert meeting")
    assert "List-Unsubscribe" in mail
    assert post.tick() == []
    post.clock.move(2026, 9, 1, 6)
    (digest,) = (words_of(one) for one in post.tick() if "undp" in one["To"])
    assert "Far away" in digest
    assert "Expert meeting" not in digest, "it was told"


def test_a_mail_of_very_many_lines_stays_below_what_gmail_cuts_off() -> None:
    lines = tuple(MailLine(f"<Title> {n} " + "x" * 150, f"http://localhost/{n}", "y\n" * 40) for n in range(400))
    content = MailContent("s", "Dear", ("p",), sections=(MailSection(MailKind.CHANGES, "What changed", lines),))
    page = content.html([("No more", "http://localhost/silence/x")])
    assert len(page.encode()) <= MAX_HTML_BYTES
    assert "more, on the pages" in page
    assert "&lt;Title&gt;" in page
    assert from_json(as_json(content)) == content


def test_the_digest_comes_as_often_as_it_was_chosen() -> None:
    def days(frequency: Frequency) -> list[int]:
        kept, found = DigestSettings(frequency=frequency, digest_on=date(2026, 8, 26)), []
        for number in range(12):
            day = date(2026, 8, 26) + timedelta(days=number)
            if is_due(kept, day):
                found.append(day.day)
                kept.digest_on = day
        return found

    assert days(Frequency.MONTHLY) == [1]
    assert days(Frequency.WEEKLY) == [31]
    assert days(Frequency.DAILY) == [27, 28, 29, 30, 31, 1, 2, 3, 4, 5, 6]
    assert days(Frequency.NEVER) == []
