"""A partner that is not on the list: proposed in the form, saved with the record, told outside only once accepted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from interagency.db.base import db
from interagency.mail.models import OutboxMessage
from interagency.matrix.agreement.gate import through_the_gate
from interagency.matrix.cycles.editions import close_cycle, load
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.organisations import directory, merging
from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.queries import Directory
from tests.helpers import ACTIVITY, EVENT, Browser, choices, errors_of, text_of

Enter = Callable[[str | None], Browser]
ACT = Act(None, date(2026, 11, 30))


def known(app: Flask, name: str) -> Any:
    with app.app_context():
        return Directory(db.session).known(name)


def test_a_focal_point_names_a_partner_that_is_not_listed_and_goes_on(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    typed = {"unlisted_partners": "Quiet Rivers\nquiet rivers; Interpol"}
    answer = browser.send("/activities/new", ACTIVITY | typed)
    assert answer.status_code == 302, errors_of(answer)
    page = text_of(browser.get(answer.location))
    assert "Quiet Rivers proposed, not decided yet" in page
    made = known(app, "Quiet Rivers")
    assert made.is_proposed
    assert not known(app, "Interpol").is_proposed, "what the directory knows is taken from there"
    assert "1 proposed" in text_of(enter("coordinator").get("/organisations"))
    assert "quiet-rivers" in browser.fields(answer.location.split("?")[0] + "/edit")["partners"]
    browser.send("/activities/new", ACTIVITY | {"title": "Clean more rivers", "unlisted_partners": "Loud Rivers"})
    with app.app_context():
        mails = list(db.session.scalars(sa.select(OutboxMessage)))
        assert [mail.to_address for mail in mails] == ["coordinator@example.org"], "one mail a day"
        assert "Quiet Rivers" in mails[0].subject


def form_of(answer: TestResponse) -> dict[str, list[str]]:
    """What the record form of a page would send as it stands."""
    values: dict[str, list[str]] = {}
    for name, value in html.fromstring(answer.text).xpath("//form[contains(@class, 'record')]")[0].form_values():
        values.setdefault(name, []).append(value)
    return values


def offered(answer: TestResponse, field: str) -> list[str]:
    """The names beside a chooser that wait for a tick."""
    return html.fromstring(answer.text).xpath(f"//input[@name='unlisted_{field}'][not(@checked)]/@value")


@pytest.mark.parametrize(
    ("address", "kept", "field"),
    [("/activities", ACTIVITY, "partners"), ("/events", EVENT, "organisers"), ("/events", EVENT, "participants")],
)
def test_what_is_typed_and_not_known_stays_typed_and_one_tick_proposes_it(
    app: Flask, enter: Enter, address: str, kept: dict[str, Any], field: str
) -> None:
    browser = enter("who")
    typed = "Interpol, Quiet Rivers\nUniversity of Rivers, Vienna; Loud Rivers"
    answer = browser.send(f"{address}/new", kept | {f"{field}-typed": typed})
    assert answer.status_code == 422
    assert any("do not know the organisation “Quiet Rivers”" in message for message in errors_of(answer))
    names = offered(answer, field)
    assert names == ["Quiet Rivers", "University of Rivers, Vienna", "Loud Rivers"]
    sent = form_of(answer)
    assert sent[f"{field}-typed"] == ["Interpol, Quiet Rivers; University of Rivers, Vienna; Loud Rivers"]
    again = browser.client.post(f"{address}/new", data=sent | {f"unlisted_{field}": names[:2]})
    assert again.status_code == 422, "who leaves a name without a tick is asked again"
    assert (offered(again, field), form_of(again)[f"unlisted_{field}"]) == (["Loud Rivers"], names[:2])
    assert known(app, "Quiet Rivers") is None
    done = browser.client.post(f"{address}/new", data=form_of(again) | {f"unlisted_{field}": names})
    assert done.status_code == 302, errors_of(done)
    page = text_of(browser.get(done.location))
    assert all(name in page for name in ("INTERPOL", *names))
    assert known(app, "Quiet Rivers").is_proposed


def test_a_list_of_countries_takes_no_proposals(enter: Enter) -> None:
    answer = enter("who").send("/activities/new", ACTIVITY | {"countries-typed": "Atlantis"})
    assert (answer.status_code, "Propose “Atlantis”" in answer.text) == (422, False)


def test_too_many_names_are_told_and_all_stay(enter: Enter) -> None:
    names = [f"Name {number}" for number in range(21)]
    answer = enter("who").send("/activities/new", ACTIVITY | {"unlisted_partners": names})
    assert (answer.status_code, form_of(answer)["unlisted_partners"]) == (422, names)
    page = html.fromstring(answer.text)
    assert page.xpath("//div[@class='error-summary']//a/@href") == ["#unlisted_partners"]
    assert page.get_element_by_id("unlisted_partners") is not None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("UNICEF", "is a UN entity: choose it"),
        ("x" * 301, "300 is the most"),
        ("\u202e\u200f", "Write the name"),
        ("Gone Rivers", "was retired"),
        ("Refused Rivers", "proposed before and refused"),
        ("\n".join(f"Name {number}" for number in range(21)), "20 at a time"),
    ],
)
def test_a_name_that_cannot_be_proposed_is_told_at_its_field_and_nothing_is_lost(
    app: Flask, enter: Enter, typed: str, told: str
) -> None:
    with app.app_context():
        gone = directory.add(db.session, ACT, name="Gone Rivers", kind="academia")
        directory.retire(db.session, gone, ACT)
        merging.refuse_proposal(db.session, merging.propose(db.session, ACT, "Refused Rivers"), ACT, reason="No")
        db.session.commit()
    browser = enter("who")
    answer = browser.send("/activities/new", ACTIVITY | {"unlisted_partners": typed})
    assert answer.status_code == 422
    assert any(told in message for message in errors_of(answer)), errors_of(answer)
    assert "Train laboratory staff" in answer.text


def test_a_form_that_is_refused_for_something_else_proposes_nothing_and_keeps_the_name(
    app: Flask, enter: Enter
) -> None:
    typed = {"title": "", "unlisted_partners": "Quiet Rivers", "partners-typed": "Quiet  rivers; Interpol"}
    answer = enter("who").send("/activities/new", ACTIVITY | typed)
    assert answer.status_code == 422
    sent = form_of(answer)
    assert (sent["unlisted_partners"], sent["partners"], sent["partners-typed"]) == (
        ["Quiet Rivers"],
        ["interpol"],
        [""],
    )
    assert known(app, "Quiet Rivers") is None


def test_an_activity_that_is_edited_gains_one(app: Flask, enter: Enter, add_activity: Callable[..., int]) -> None:
    address = f"/activities/{add_activity('Once')}"
    browser = enter("who")
    fields = browser.fields(f"{address}/edit") | {"unlisted_partners": "Quiet Rivers"}
    assert browser.client.post(f"{address}/edit", data=fields).status_code == 302
    assert "Quiet Rivers" in text_of(browser.get(address))
    assert "Quiet Rivers" in text_of(browser.get(f"{address}/history"))


def test_an_event_gains_organisers_and_participants(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    typed = {"unlisted_organisers": "Quiet Rivers", "unlisted_participants": "UNICEF; Loud Rivers"}
    answer = browser.send("/events/new", EVENT | typed)
    assert answer.status_code == 302, errors_of(answer)
    page = text_of(browser.get(answer.location))
    assert "Quiet Rivers" in page
    assert "Loud Rivers" in page
    assert "UNICEF" in page
    assert known(app, "Loud Rivers").is_proposed


def test_a_form_older_than_a_merging_names_the_one_that_is_left(app: Flask, enter: Enter) -> None:
    with app.app_context():
        old, new = (directory.add(db.session, ACT, name=name, kind="academia") for name in ("Old Rivers", "New Rivers"))
        merging.merge(db.session, old, new, ACT)
        db.session.commit()
    browser = enter("who")
    answer = browser.send("/activities/new", ACTIVITY | {"partners": ["old-rivers"]})
    assert answer.status_code == 302, errors_of(answer)
    assert "New Rivers" in text_of(browser.get(answer.location))
    answer = browser.send("/events/new", EVENT | {"participants": ["old-rivers"]})
    assert answer.status_code == 302, errors_of(answer)
    assert "New Rivers" in text_of(browser.get(answer.location))


def test_outside_nobody_hears_of_a_proposed_one_before_it_is_accepted(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    browser.send("/activities/new", ACTIVITY | {"unlisted_partners": "Quiet Rivers", "partners": ["interpol"]})
    browser.send("/events/new", EVENT | {"shareable": "y", "unlisted_organisers": "Quiet Rivers"})
    browser.send("/agreement", choices("commission", "agreed"), at="/agreement")
    for month, told in (("2026-08", False), ("2026-09", True)):
        with app.app_context():
            contents = closed(month)
            assert "quiet-rivers" in contents["activities"][0]["facts"]["partners"], "inside everybody reads it"
            passed = through_the_gate(db.session, contents, "commission", date(2026, 12, 1))
            (activity,), (event,) = passed.activities, passed.events
            assert ("quiet-rivers" in activity["facts"]["partners"]) is told
            assert ("quiet-rivers" in event["facts"]["organisers"]) is told
            assert "interpol" in activity["facts"]["partners"]
            one = Directory(db.session).find("Quiet Rivers")
            if one.is_proposed:
                merging.accept(db.session, one, ACT, kind="civil_society")
            db.session.commit()


def closed(month: str) -> dict[str, Any]:
    at, zone = datetime(2026, 12, 1, tzinfo=UTC), ZoneInfo("Europe/Vienna")
    open_cycle(db.session, month, at=at, zone=zone, by=None)
    db.session.commit()
    return load(db.session, close_cycle(db.session, month, at=at, zone=zone, by=None).edition.number)
