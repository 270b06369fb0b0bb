"""Inviting through the pages, and the mails that leave: to whom, what they say, and when there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from interagency.db.base import db
from interagency.mail import sending
from interagency.mail.models import OutboxMessage
from tests.calendar.invitations.world import ADDRESS, INVITE, SERIES, World, calendar_of, entry_of, parts
from tests.helpers import errors_of, text_of


def test_an_invitation_is_one_that_calendar_programs_answer(world: World) -> None:
    world.add()
    world.invite()
    sent, (doe, undp) = world.send()
    assert (sent.sent, sent.failed) == (2, 0)
    assert [kind for kind, _more in parts(undp)] == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics")
    ]
    assert parts(undp)[4][1] == {"method": "REQUEST", "charset": "UTF-8"}
    assert [one.get_filename() for one in undp.walk() if one.get_filename()] == ["invite.ics"]
    body = next(one for one in undp.walk() if one.get_content_type() == "text/calendar").get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.count(b"\r\n") == body.count(b"\n")
    assert max(len(line) for line in body.split(b"\r\n")) <= 75
    entry = entry_of(undp)
    assert entry["ATTENDEE"] == "mailto:undp@example.org", "each is told of nobody else"
    assert {name: entry["ATTENDEE"].params[name] for name in ("PARTSTAT", "RSVP", "CN")} == {
        "PARTSTAT": "NEEDS-ACTION",
        "RSVP": "TRUE",
        "CN": "Felix Undp",
    }
    organiser = entry["ORGANIZER"].removeprefix("mailto:")
    assert organiser.startswith("calendar+")
    assert organiser.endswith("@service.example")
    assert undp["From"].addresses[0].addr_spec == organiser
    assert organiser != entry_of(doe)["ORGANIZER"].removeprefix("mailto:")
    assert (entry["SEQUENCE"], entry["STATUS"], entry["SUMMARY"]) == (0, "CONFIRMED", "Expert meeting")
    assert entry["DTSTART"].dt == datetime(2026, 10, 12, 10, tzinfo=entry["DTSTART"].dt.tzinfo)
    assert calendar_of(undp).walk("VTIMEZONE")
    assert undp["Auto-Submitted"] == "auto-generated"
    text = undp.get_body(("plain",)).get_content()
    assert text.count("/invited/") == 3
    page = undp.get_body(("html",)).get_content()
    assert "<img" not in page
    assert len(bytes(undp)) < 102_000


def test_who_has_no_account_is_told_less_and_only_after_a_tick(world: World) -> None:
    world.add()
    refused = world.who.send("/events/1/invitations", {"addresses": "Jane <jane@partner.example>"})
    assert refused.status_code == 422
    assert errors_of(refused) == ["Tick that Jane may be told of this event."]
    assert "jane@partner.example" in refused.text, "nothing typed is lost"
    world.invite()
    doe, undp = world.send()[1]
    for mail, is_told in ((doe, False), (undp, True)):
        whole = calendar_of(mail).to_ical().decode().replace("\r\n ", "") + str(mail.get_body(("plain",)).get_content())
        assert ("stays inside" in whole) is is_told
        assert ("/events/1" in whole) is is_told
    assert "Jané Doe" in str(doe["To"])


def test_only_changes_of_time_place_status_and_list_are_told(world: World) -> None:
    world.add()
    world.invite()
    assert len(world.send()[1]) == 2
    world.invite()  # the same again
    assert world.tick() == [], "nobody is mailed twice"
    world.edit(title="Expert group meeting", description="Another agenda", remarks="Inside")
    assert world.tick() == []
    world.edit(status="held")
    assert world.tick() == [], "for a calendar it is confirmed as before"
    world.edit(status="confirmed", city="Geneva")
    world.edit(city="Vienna")
    assert world.tick() == [], "what was taken back before it was told"
    world.edit(city="Geneva")
    world.edit(venue="Room XX")
    mails = world.tick()
    assert [str(one["Subject"]).strip() for one in mails] == [
        "Changed: Expert group meeting, 12 October 2026, 10:00-11:30 Europe/Vienna"
    ] * 2, "two corrections are one mail"
    assert "your answer is kept" in mails[0].get_body(("plain",)).get_content()
    first = int(entry_of(mails[0])["SEQUENCE"])
    assert first > 0
    world.edit(segments="13 October 2026, 10:00-11:30", segments_read="13 October 2026, 10:00–11:30")
    (mail, _other) = world.tick()
    assert int(entry_of(mail)["SEQUENCE"]) > first
    assert "please answer again" in mail.get_body(("plain",)).get_content()
    world.invite(addresses="new@partner.example", may_tell="yes")
    assert [one["To"].addresses[0].addr_spec for one in world.tick()] == ["new@partner.example"]
    assert world.who.send("/events/1/invitations/1/remove").status_code == 302
    assert world.who.send("/events/1/invitations/1/remove").status_code == 302
    (gone,) = world.tick()
    assert (calendar_of(gone)["METHOD"], entry_of(gone)["STATUS"]) == ("CANCEL", "CANCELLED")
    assert "no longer invited" in gone.get_body(("plain",)).get_content()
    world.edit(status="cancelled")
    cancelled = world.tick()
    assert len(cancelled) == 2, "who was told of the removal is told no more"
    assert {calendar_of(one)["METHOD"] for one in cancelled} == {"CANCEL"}
    assert str(cancelled[0]["Subject"]).strip().startswith("Cancelled: Expert group meeting")
    world.edit(status="confirmed")
    back = world.tick()
    assert {calendar_of(one)["METHOD"] for one in back} == {"REQUEST"}
    assert int(entry_of(back[0])["SEQUENCE"]) > int(entry_of(cancelled[0])["SEQUENCE"])
    world.move_to(datetime(2026, 10, 20, tzinfo=UTC))
    world.edit(city="Nairobi")
    assert world.tick() == [], "what is over concerns nobody"


def test_a_change_while_a_mail_is_on_its_way_is_told_too(both_worlds: World) -> None:
    world = both_worlds
    world.add()
    world.server.say = "451 later"
    world.invite()
    sent, mails = world.send()
    assert (sent.failed, mails) == (2, [])
    world.edit(city="Geneva")
    world.server.say = "250 OK"
    world.at += timedelta(minutes=30)
    mails = world.tick()
    assert [entry_of(one)["LOCATION"] for one in mails] == ["Geneva", "Geneva"], "right at the time of sending"
    assert world.tick() == []
    with world.app.app_context():
        kept = db.session.scalars(sa.select(OutboxMessage)).all()
        assert [(one.calendar, one.text) for one in kept] == [("", "")] * 2, "what was sent is not kept"


def test_who_speaks_for_an_entity_no_more_is_told_nothing(world: World) -> None:
    world.add()
    world.invite(entity=["undp"])
    with world.app.app_context():
        db.session.execute(sa.text("UPDATE appointment SET last_day = '2026-08-31' WHERE person_id = 3"))
        db.session.commit()
    sent, mails = world.send()
    assert (mails, sent.withdrawn) == ([], 1)
    world.edit(city="Geneva")
    assert world.tick() == []


@pytest.mark.parametrize(
    ("values", "method", "said"),
    [
        ({"act": "cancel"}, "CANCEL", "This date is cancelled"),
        ({"act": "leave_out"}, "CANCEL", "This date is cancelled"),
        ({"act": "move", "when": "13 January 2027, 14:00-15:00"}, "REQUEST", "please answer again"),
        ({"act": "move", "when": "12 January 2027, 10:00-11:00", "venue": "Room B"}, "REQUEST", "answer is kept"),
    ],
)
def test_a_single_date_of_a_series_is_told_alone(world: World, values: dict[str, str], method: str, said: str) -> None:
    world.add(SERIES)
    world.invite(entity=["undp"])
    (mail,) = world.send()[1]
    assert entry_of(mail)["RRULE"]["COUNT"] == [8]
    dates = "/events/1/occurrences"
    assert world.who.send(dates, values | {"original": "2027-01-12T10:00:00", "version": "1"}).status_code == 302
    (mail,) = world.tick()
    (entry,) = calendar_of(mail).walk("VEVENT")
    assert (calendar_of(mail)["METHOD"], "RRULE" in entry) == (method, False)
    assert entry["RECURRENCE-ID"].dt.isoformat() == "2027-01-12T10:00:00+01:00"
    assert said in mail.get_body(("plain",)).get_content()
    assert (
        world.who.send(dates, {"act": "restore", "original": "2027-01-12T10:00:00", "version": "2"}).status_code == 302
    )
    (back,) = world.tick()
    assert calendar_of(back)["METHOD"] == "REQUEST"
    assert entry_of(back)["DTSTART"].dt.isoformat() == "2027-01-12T10:00:00+01:00"
    for version, day in enumerate(("19", "26"), start=3):
        sent = {"act": "cancel", "original": f"2027-01-{day}T10:00:00", "version": str(version)}
        assert world.who.send(dates, sent).status_code == 302
    (both,) = world.tick()
    (entry,) = calendar_of(both).walk("VEVENT")
    assert len(entry["EXDATE"]) == 2 if isinstance(entry["EXDATE"], list) else len(entry["EXDATE"].dts) == 2


def test_each_run_of_days_is_told_under_its_own_number(world: World) -> None:
    two = "12 October 2026, 10:00-11:30\n2 November 2026, 10:00-11:30"
    world.add(SERIES | {"repeats": "", "repeat_count": "", "segments": two, "segments_read": two.replace("-", "–")})
    world.invite(entity=["undp"])
    mails = world.send()[1]
    assert len({entry_of(one)["UID"] for one in mails}) == 2
    first = two.partition("\n")[0]
    world.edit(segments=first, segments_read=first.replace("-", "–"))
    (mail,) = world.tick()
    assert calendar_of(mail)["METHOD"] == "CANCEL"
    assert str(entry_of(mail)["UID"]).endswith("-2@interagency")


def test_who_is_invited_to_a_series_is_invited_to_what_follows(world: World) -> None:
    world.add(SERIES)
    world.invite(entity=["undp"])
    world.send()
    sent = {"act": "following", "original": "2027-01-26T10:00:00", "version": "1"}
    assert world.who.send("/events/1/occurrences", sent).status_code == 302
    mails = world.tick()
    assert sorted(str(one["Subject"]).strip().partition(":")[0] for one in mails) == ["Changed", "Invitation"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("jane", "“jane” is not an e-mail address."),
        ("Jane <jane@partner.example", "“Jane <jane@partner.example” is not an e-mail address."),
        (ADDRESS, f"“{ADDRESS}” is the address of this service itself."),
        (ADDRESS.replace("@", "+abc@"), "is the address of this service itself."),
        ("a@b.example\n" * 20_000, "That is too long. Invite in parts."),
        ("\n".join(f"a{n}@b.example" for n in range(1001)), "At most 1000 can be invited to an event."),
        ("", "Choose whom to invite."),
    ],
)
def test_what_cannot_be_invited_is_said_and_nobody_is(world: World, typed: str, message: str) -> None:
    world.add()
    refused = world.who.send("/events/1/invitations", {"addresses": typed, "may_tell": "yes"})
    assert refused.status_code == 422
    assert message in " ".join(errors_of(refused))
    assert world.tick() == []


def test_a_thousand_are_invited_once_each(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add()
    typed = "; ".join(f"Guest {n} <guest{n}@partner.example>" for n in range(1000))
    world.invite(addresses=typed, may_tell="yes")
    world.invite(addresses=typed, may_tell="yes")
    monkeypatch.setattr(sending, "MAX_AT_ONCE", 15)
    seen = {one["To"].addresses[0].addr_spec for _round in range(2) for one in world.tick()}
    assert len(seen) == 30
    with world.app.app_context():
        waiting = db.session.scalars(sa.select(OutboxMessage.to_address).where(OutboxMessage.sent_at.is_(None))).all()
    assert (len(waiting), len(seen.union(waiting))) == (970, 1000)
    more = {"addresses": "one@more.example", "may_tell": "yes"}
    assert "At most 1000" in world.who.send("/events/1/invitations", more).text
    for address in ("/events/1", "/events/1/invitations", "/events/1/invitations?page=10"):
        assert len(world.who.get(address).data) < 200_000
    assert "Page 10 of 10" in text_of(world.who.get("/events/1/invitations?page=999"))


def test_only_who_may_edit_invites_and_only_those_who_take_part_see_names(world: World) -> None:
    world.add()
    world.invite()
    for name in ("undp", "reader"):
        assert world.enter(name).get("/events/1/invitations").status_code == 403
        assert world.enter(name).send("/events/1/invitations", INVITE, at="/events/1").status_code == 403
        assert world.enter(name).send("/events/1/invitations/1/remove", at="/events/1").status_code == 403
    assert "Felix Undp (UNDP)" in text_of(world.enter("undp").get("/events/1"))
    reader = text_of(world.enter("reader").get("/events/1"))
    assert "Have not answered 2" in reader
    assert "Felix" not in reader.partition("Remarks")[0], "below it whom a remark can be addressed to"
    assert "partner.example" not in world.enter("reader").get("/events/1").text
    world.edit(status="cancelled")
    refused = world.who.send("/events/1/invitations", INVITE)
    assert "This event is cancelled" in text_of(refused)
