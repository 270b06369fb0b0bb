"""Answers that come back by mail: as programs write them, assigned to nobody wrongly, and put aside where in doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from interagency.calendar.invitations.models import Invitation, InvitedDate, Proposal, ReceivedMail
from interagency.db.base import db
from tests.calendar.invitations import replies_corpus as corpus
from tests.calendar.invitations.replies_corpus import ANSWERS, Asked, folded, lines_of, of_parts, part, plain
from tests.calendar.invitations.world import SERIES, World, entry_of
from tests.helpers import text_of

REPLY = "text/calendar; method=REPLY; charset=utf-8"


def asked_of(mail: Any, **more: Any) -> Asked:
    """What was asked in a mail that left."""
    entry = entry_of(mail)
    found = Asked(
        uid=str(entry["UID"]),
        organiser=entry["ORGANIZER"].removeprefix("mailto:"),
        attendee=entry["ATTENDEE"].removeprefix("mailto:"),
        name=str(entry["ATTENDEE"].params["CN"]),
        sequence=int(entry["SEQUENCE"]),
    )
    return replace(found, **more)


@pytest.fixture
def asked(world: World) -> tuple[Asked, Asked]:
    """What the partner and UNDP's focal point were asked; an hour and more has passed since."""
    world.add()
    world.invite()
    doe, undp = world.send()[1]
    world.move_to(world.at + timedelta(minutes=90))
    return asked_of(doe), asked_of(undp)


def test_every_answer_is_assigned_to_whom_it_is_from_and_to_nobody_else(
    world: World, asked: tuple[Asked, Asked]
) -> None:
    assert len(ANSWERS) >= 40
    _doe, undp = asked
    for minute, (name, (make, answer)) in enumerate(ANSWERS.items()):
        stamp = f"20260901T{9 + minute // 60:02}{minute % 60:02}00Z"
        world.at += timedelta(minutes=1)
        assert world.receive(make(replace(undp, stamp=stamp))) == ["answered"], name
        expected = {"jane@partner.example": "none", "undp@example.org": answer}
        assert world.answers() == expected, name
        with world.app.app_context():  # the next begins anew
            db.session.execute(sa.update(Invitation).values(answer="none", answer_stamp=None))
            db.session.commit()


def test_what_is_said_beside_an_answer_is_shown_to_who_invites(world: World, asked: tuple[Asked, Asked]) -> None:
    _doe, undp = asked
    world.receive(ANSWERS["exchange with a comment of several lines"][0](undp))
    page = text_of(world.who.get("/events/1/invitations"))
    assert "I am away, sorry; ask Ana" in page
    assert "I am away" not in text_of(world.enter("undp").get("/events/1"))
    assert "Do not take part 1: Felix Undp (UNDP)" in text_of(world.who.get("/events/1"))
    world.receive(ANSWERS["thunderbird from where the mail was forwarded to"][0](undp))
    assert "answered as felix.undp@home.example" in text_of(world.who.get("/events/1/invitations"))


def bad_answers(doe: Asked, undp: Asked) -> dict[str, tuple[bytes, str, str | None]]:
    """Mails that answer nothing: what becomes of each and why."""

    def wrong(**more: Any) -> bytes:
        return corpus.google(replace(undp, **more))

    none = replace(undp, organiser="calendar@service.example")
    token = undp.organiser.partition("+")[2][:23]
    forged = undp.organiser.replace(token, token[:-4] + ("aaaa" if not token.endswith("aaaa") else "bbbb"))
    automatic = {"Auto_Submitted": "auto-replied", "Subject": "Automatic reply: Invitation"}
    request = folded(lines_of(undp).replace("METHOD:REPLY", "METHOD:REQUEST"))
    nested = b"Content-Type: message/rfc822\r\n\r\n" + corpus.google(undp)
    return {
        "no token": (corpus.google(none), "aside", "unsigned"),
        "no token, sent from the right address": (corpus.exchange(none), "aside", "unsigned"),
        "a token that was not made here": (wrong(organiser=forged), "aside", "wrongly signed"),
        "the token of another, in one's own name": (wrong(organiser=doe.organiser), "aside", "other person"),
        "one's own token, in the name of another": (wrong(attendee=doe.attendee), "aside", "other person"),
        "one's own token, in the name of an account": (wrong(attendee="who@example.org"), "aside", "other person"),
        "somebody unknown to whom it was forwarded": (
            wrong(attendee="ana.silva@home.example", name="Ana Silva"),
            "aside",
            "other person",
        ),
        "sent by another who is invited": (
            corpus.google(undp, From=f"Jane <{doe.attendee}>", Reply_To=""),
            "aside",
            "other person",
        ),
        "two tokens": (corpus.google(undp, To=doe.organiser), "aside", "two people"),
        "another event": (wrong(uid="other@interagency"), "aside", "other event"),
        "a version that was never sent": (wrong(sequence=7), "aside", "never sent"),
        "an answer nobody knows": (corpus.google(undp, "X-PERHAPS"), "aside", "unknown answer"),
        "no answer yet": (corpus.google(undp, "NEEDS-ACTION"), "aside", "unknown answer"),
        "delegated": (corpus.google(undp, "DELEGATED"), "aside", "delegated"),
        "nobody answers": (
            plain(undp, REPLY, folded(lines_of(undp).replace("ATTENDEE;PARTSTAT=ACCEPTED", "X-ATTENDEE"))),
            "aside",
            "unknown answer",
        ),
        "a date of what does not repeat": (
            corpus.google(undp, extra="RECURRENCE-ID:20261012T080000Z"),
            "aside",
            "no such date",
        ),
        "a calendar part that is not one": (plain(undp, REPLY, b"BEGIN:VCALENDAR\r\nnonsense"), "aside", "not read"),
        "a calendar part without a calendar": (plain(undp, REPLY, b"Yes!"), "aside", "no answer"),
        "no events in it": (
            plain(undp, REPLY, b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n"),
            "aside",
            "not an answer",
        ),
        "an invitation of somebody else": (plain(undp, REPLY, request), "aside", "not an answer"),
        "a sentence": (plain(undp, "text/plain; charset=utf-8", b"Yes, I come\r\n"), "aside", "no answer"),
        "an answer within a forwarded mail": (
            of_parts(head_of(doe), "f", part("text/plain", b"FYI\r\n", "7bit"), nested),
            "aside",
            "no answer",
        ),
        "a vacation note": (plain(undp, "text/plain", b"I am away", **automatic), "automatic", None),
        "a vacation note with our invitation": (plain(undp, REPLY, request, **automatic), "automatic", None),
        "a list": (plain(undp, "text/plain", b"News", Precedence="list"), "automatic", None),
        "a mail of our own that came back": (
            plain(undp, "text/plain", b"Hello", From=f"WHO <{undp.organiser}>"),
            "automatic",
            None,
        ),
        "a charset there is not": (
            plain(undp, "text/calendar; method=REPLY; charset=x-none", folded(lines_of(undp))),
            "aside",
            "not read",
        ),
        "parts within parts": (
            head_of(undp, "p0").encode()
            + b"".join(
                f"\r\n--p{n}\r\nContent-Type: multipart/mixed; boundary=p{n + 1}\r\n\r\n".encode() for n in range(5000)
            ),
            "aside",
            "not read",
        ),
        "nothing": (b"", "aside", "no answer"),
        "noise": (bytes(range(256)) * 50, "aside", "no answer"),
        "a date beyond all calendars": (
            corpus.google(replace(undp, stamp="99991231T235959Z", start="00010101T000000Z"), method="COUNTER"),
            "proposed",
            None,
        ),
    }


def head_of(asked: Asked, boundary: str = "f") -> str:
    return corpus.head(asked, "Fwd: Expert meeting", f"multipart/mixed; boundary={boundary}")


def test_what_is_not_certain_is_assigned_to_nobody(world: World, asked: tuple[Asked, Asked]) -> None:
    mails = bad_answers(*asked)
    for name, (mail, outcome, reason) in mails.items():
        if outcome == "proposed":
            continue
        assert (world.receive(mail), world.last_reason()) == ([outcome], reason), name
    assert set(world.answers().values()) == {"none"}
    assert world.receive(*[mail for mail, outcome, _reason in mails.values() if outcome != "proposed"]) == [
        None for _mail, outcome, _reason in mails.values() if outcome != "proposed"
    ], "each mail is taken once"
    aside = sum(outcome == "aside" for _mail, outcome, _reason in mails.values())
    coordinator = world.enter("coordinator")
    assert f"{aside} answers to invitations are put aside" in text_of(coordinator.get("/"))
    assert "put aside" not in text_of(world.who.get("/"))
    page = coordinator.get("/answers")
    assert "Jané Doe" in page.text, "also where a name is not encoded in the head"
    assert page.status_code == 200
    assert "Yes, I come" in page.text
    assert world.tick() == [], "no mail is answered by a mail"


def test_fifty_megabytes_are_put_aside_by_their_head(world: World, asked: tuple[Asked, Asked]) -> None:
    _doe, undp = asked
    mail = corpus.google(undp) + b"x" * (50 << 20)
    assert (world.receive(mail), world.last_reason()) == (["aside"], "too large")
    assert "Felix Undp" in text_of(world.enter("coordinator").get("/answers"))


def test_a_mail_that_came_back_is_noted_with_whom_it_was_for(world: World, asked: tuple[Asked, Asked]) -> None:
    doe, _undp = asked
    report = corpus.head(
        doe, "Undelivered", "multipart/report; report-type=delivery-status; boundary=r",
        From="MAILER-DAEMON@mx.example", Auto_Submitted="auto-replied",
    )  # fmt: skip
    parts = (part("text/plain", b"No such user", "7bit"), part("message/delivery-status", b"Status: 5.1.1", "7bit"))
    assert world.receive(of_parts(report, "r", *parts)) == ["returned"]
    assert "came back as undeliverable" in text_of(world.who.get("/events/1/invitations"))


def test_an_answer_counts_only_for_the_time_it_was_given_to(world: World, asked: tuple[Asked, Asked]) -> None:
    _doe, undp = asked
    assert world.receive(corpus.google(undp, "ACCEPTED")) == ["answered"]
    late = replace(undp, stamp="20260901T090000Z")
    assert world.receive(corpus.google(late, "DECLINED")) == ["outdated"], "given before the one that counts"
    assert world.answers()["undp@example.org"] == "accepted"
    world.edit(city="Geneva")
    mail = world.tick()[1]
    assert entry_of(mail)["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    again = replace(undp, stamp="20260901T101000Z")
    assert world.receive(corpus.google(again, "TENTATIVE")) == ["answered"], "the time is the same"
    world.edit(segments="13 October 2026, 10:00-11:30", segments_read="13 October 2026, 10:00–11:30")
    mail = world.tick()[1]
    assert entry_of(mail)["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert world.answers()["undp@example.org"] == "none"
    assert "answered an earlier time" in text_of(world.who.get("/events/1/invitations"))
    old = replace(undp, stamp="20260901T102000Z")
    assert world.receive(corpus.google(old, "ACCEPTED")) == ["outdated"]
    new = asked_of(mail, stamp="20260901T103000Z")
    assert world.receive(corpus.google(new, "DECLINED")) == ["answered"]
    assert world.answers()["undp@example.org"] == "declined"
    world.edit(status="cancelled")
    assert world.receive(corpus.google(replace(new, stamp="20260901T104000Z"))) == ["over"]
    assert world.answers()["undp@example.org"] == "declined"


def test_a_single_date_is_answered_alone(world: World) -> None:
    world.add(SERIES)
    world.invite(entity=["undp"])
    asked = asked_of(world.send()[1][0], stamp="20260901T091500Z", start="20270112T090000Z", end="20270112T100000Z")
    world.move_to(world.at + timedelta(minutes=90))
    dates = {
        "google": corpus.google(asked, "DECLINED", extra="RECURRENCE-ID:20270112T090000Z"),
        "exchange": corpus.exchange(
            asked, "DECLINED", extra="RECURRENCE-ID;TZID=W. Europe Standard Time:20270119T100000"
        ),
        "apple": corpus.apple(asked, "TENTATIVE", extra="RECURRENCE-ID;TZID=Europe/Vienna:20270126T100000"),
        "by its day": corpus.zimbra(asked, "DECLINED", extra="RECURRENCE-ID;VALUE=DATE:20270202"),
    }
    for name, mail in dates.items():
        assert world.receive(mail) == ["answered"], name
    with world.app.app_context():
        found = {one.original.isoformat(): one.answer.value for one in db.session.scalars(sa.select(InvitedDate))}
    assert found == {
        "2027-01-12T10:00:00": "declined",
        "2027-01-19T10:00:00": "declined",
        "2027-01-26T10:00:00": "tentative",
        "2027-02-02T10:00:00": "declined",
    }
    assert world.answers() == {"undp@example.org": "none"}
    no = corpus.google(asked, "DECLINED", extra="RECURRENCE-ID:20270113T090000Z")
    assert (world.receive(no), world.last_reason()) == (["aside"], "no such date")
    assert "12 Jan 2027: Do not take part" in text_of(world.who.get("/events/1/invitations"))


def test_a_proposed_time_is_shown_to_who_invites(world: World, asked: tuple[Asked, Asked]) -> None:
    doe, undp = asked
    other = replace(
        undp, start="20261014T120000Z", end="20261014T133000Z", local="20261014T140000", local_end="20261014T153000"
    )
    for minute, make in enumerate((corpus.exchange, corpus.outlook, corpus.google)):
        stamped = replace(other, stamp=f"20260901T093{minute}00Z")
        assert world.receive(make(stamped, "TENTATIVE", method="COUNTER")) == ["proposed"]
    with world.app.app_context():
        open_ones = db.session.scalars(sa.select(Proposal).where(Proposal.settled_at.is_(None))).all()
        assert [one.start.isoformat() for one in open_ones] == ["2026-10-14T14:00:00"], "one, however often it is sent"
    assert world.answers()["undp@example.org"] == "tentative"
    assert "1 person invited proposes another time" in text_of(world.who.get("/events/1"))
    assert "proposes another time" not in text_of(world.enter("undp").get("/events/1"))
    page = text_of(world.who.get("/events/1/invitations"))
    assert "Felix Undp : 14 October 2026, 14:00-15:30 Europe/Vienna" in page
    mail, outcome, _reason = bad_answers(doe, replace(undp, stamp="20260901T094000Z"))["a date beyond all calendars"]
    assert world.receive(mail) in ([outcome], ["aside"])
    assert world.who.get("/events/1/invitations").status_code == 200
    with world.app.app_context():
        numbers = db.session.scalars(sa.select(Proposal.id).where(Proposal.settled_at.is_(None))).all()
    assert world.enter("undp").send(f"/events/1/proposals/{numbers[0]}/settle").status_code == 403
    assert world.who.send("/events/1/proposals/999/settle").status_code == 404
    for number in numbers:
        assert world.who.send(f"/events/1/proposals/{number}/settle").status_code == 302
    assert "Proposed times" not in text_of(world.who.get("/events/1/invitations"))


def test_a_person_assigns_what_was_put_aside(world: World, asked: tuple[Asked, Asked]) -> None:
    doe, undp = asked
    none = replace(undp, organiser="calendar@service.example")
    world.receive(corpus.google(none), plain(doe, "text/plain", b"No, sorry"), plain(none, "text/plain", b"Spam"))
    coordinator = world.enter("coordinator")
    assert world.who.get("/answers").status_code == 403
    assert coordinator.send("/answers/1", {"act": "assign"}, at="/answers").status_code == 422
    assert coordinator.send("/answers/1", {"act": "assign", "invitation": "1", "answer": "accepted"}).status_code == 422
    with world.app.app_context():
        invitations = {one.invitee.address: one.id for one in db.session.scalars(sa.select(Invitation))}
    right = {"act": "assign", "invitation": str(invitations[undp.attendee]), "answer": "accepted"}
    assert coordinator.send("/answers/1", right).status_code == 302
    assert "settled this mail already" in text_of(
        coordinator.client.post("/answers/1", data=right | {"csrf_token": coordinator.token()}, follow_redirects=True)
    )
    right = {"act": "assign", "invitation": str(invitations[doe.attendee]), "answer": "declined"}
    assert coordinator.send("/answers/2", right).status_code == 302
    assert coordinator.send("/answers/3", {"act": "put_away"}).status_code == 302
    assert world.answers() == {doe.attendee: "declined", undp.attendee: "accepted"}
    assert "Nothing is put aside" in text_of(coordinator.get("/answers"))
    with world.app.app_context():
        assert set(db.session.scalars(sa.select(ReceivedMail.excerpt))) == {""}, "its words are kept no longer"
