"""Answering by the links of a mail; and that nothing of an invitation leaves by feeds, editions and hand-outs."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import sqlalchemy as sa

from interagency.calendar.events.models import Event
from interagency.calendar.feeds.building import calendar_bytes
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.invitations.models import Invitation
from interagency.db.base import db
from tests.calendar.invitations.world import PARTNER, SERIES, World, entry_of
from tests.helpers import Browser, text_of


def links_of(mail: object) -> list[str]:
    """The addresses of the three answers."""
    text = mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    return re.findall(r"http://localhost(/invited/\S+)", text)


def test_looking_answers_nothing_and_a_button_answers(world: World) -> None:
    world.add()
    world.invite()
    doe, _undp = world.send()[1]
    yes, perhaps, no = links_of(doe)
    nobody = Browser(world.app.test_client())
    for address in (yes, perhaps, no):
        for look in (nobody.client.get, nobody.client.head):
            assert look(address).status_code == 200
    assert set(world.answers().values()) == {"none"}, "programs that open links answer nothing"
    page = nobody.get(yes)
    assert "Expert meeting" in text_of(page)
    assert "10:00-11:30 Europe/Vienna" in text_of(page)
    assert "stays inside" not in page.text
    assert page.text.partition("<main")[2].partition("</main>")[0].count("<button") == 1
    assert nobody.client.post(yes).status_code == 400, "the form of the page answers, nothing else"
    assert nobody.send(yes).status_code == 302
    assert world.answers()["jane@partner.example"] == "accepted"
    assert "Your answer I take part" in text_of(nobody.get(no))
    assert nobody.send(no).status_code == 302
    assert world.answers() == {"jane@partner.example": "declined", "undp@example.org": "none"}
    world.edit(city="Geneva")
    mail = world.tick()[0]
    assert entry_of(mail)["ATTENDEE"].params["PARTSTAT"] == "DECLINED"
    assert links_of(mail) == [yes, perhaps, no], "a link works as long as the invitation stands"
    token = yes.split("/")[2]
    for wrong in (
        yes.replace(token, token[:-1] + ("a" if token[-1] != "a" else "b")),
        yes.replace(token, "a" * 32),
        yes.replace(token, "a" * 5000),
        yes.replace("/1/", "/2/"),
        yes.replace("/1/", "/99999999999/"),
        yes.replace("accepted", "none"),
        yes.replace("accepted", "x"),
    ):
        assert nobody.get(wrong).status_code == 404, wrong
        assert nobody.send(wrong).status_code == 404, wrong
    world.edit(status="cancelled")
    assert "Nothing to answer any more" in text_of(nobody.get(yes))
    assert nobody.send(yes).status_code == 200
    assert world.answers()["jane@partner.example"] == "declined"


def test_the_link_of_a_single_date_answers_that_date(world: World) -> None:
    world.add(SERIES)
    world.invite(entity=["undp"])
    world.send()
    sent = {"act": "move", "when": "13 January 2027, 14:00-15:00", "original": "2027-01-12T10:00:00", "version": "1"}
    assert world.who.send("/events/1/occurrences", sent).status_code == 302
    (mail,) = world.tick()
    nobody = Browser(world.app.test_client())
    yes = links_of(mail)[0]
    assert "13 January 2027, 14:00-15:00 Europe/Vienna" in text_of(nobody.get(yes))
    assert nobody.send(yes).status_code == 302
    with world.app.app_context():
        (invitation,) = db.session.scalars(sa.select(Invitation))
        assert [(one.original.isoformat(), one.standing_answer.value) for one in invitation.dates] == [
            ("2027-01-12T10:00:00", "accepted")
        ]
        assert invitation.standing_answer.value == "none"
    for wrong in ("date=2027-01-13T10:00:00", "date=x", "date=9999-99-99", "date=2027-01-12T10:00:00Z"):
        assert nobody.get(yes.partition("?")[0] + "?" + wrong).status_code == 200
    world.at = datetime(2027, 1, 20, tzinfo=UTC)
    assert "Nothing to answer any more" in text_of(nobody.get(yes))


def test_nothing_of_an_invitation_leaves_otherwise(world: World) -> None:
    world.add()
    secret = ("jane", "partner.example", "Jané")

    def leaves() -> list[bytes]:
        with world.app.app_context():
            event = db.session.get_one(Event, 1)
            feed = calendar_bytes("x", "http://localhost/x", feed_events([event], "http://localhost"))
        found = [feed, world.who.get("/events/1.ics").data]
        found += [world.who.get(address).data for address in ("/exports/calendar.csv", "/exports/calendar.json")]
        workbook = world.who.get("/exports/matrix.xlsx").data
        assert workbook[:2] == b"PK"
        return [part.replace(b"\r\n ", b"") for part in found]

    before = leaves()
    world.invite()
    mails = world.send()[1]
    assert PARTNER.partition(" ")[0] in str(mails[0]["To"])
    Browser(world.app.test_client()).send(links_of(mails[0])[0])
    assert leaves() == before, "an invitation changes no byte of them"
    for part in leaves():
        assert b"ATTENDEE" not in part
        assert b"ORGANIZER" not in part
        assert b"METHOD" not in part
    for address in ("/api/v1/openapi.json", "/search?q=jane", "/events/1/history", "/calendar/2026/10"):
        assert not any(
            word in world.enter("reader").get(address).text.replace("q=jane", "").replace('"jane"', "")
            for word in secret[1:]
        ), address
