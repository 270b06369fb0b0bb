"""What makes something anew is done once, however often the same form is sent: one after the other or both at once."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from interagency.accounts.models import AccessToken, OneTimeLink
from interagency.calendar.events import record as events
from interagency.calendar.events.models import Event
from interagency.calendar.feeds.models import Subscription
from interagency.calendar.incoming.models import CalendarImport
from interagency.calendar.pages import subscription_views
from interagency.db.base import Model, db
from interagency.exports.incoming import views as incoming
from interagency.exports.models import HandOut, MatrixImport
from interagency.matrix.activities import record as activities
from interagency.matrix.activities.models import Activity, Milestone
from interagency.matrix.agreement import views as agreement
from interagency.matrix.agreement.models import Agreement
from interagency.matrix.cycles.editions import close_cycle
from interagency.matrix.cycles.opening import open_cycle
from interagency.matrix.organisations.models import Appointment
from interagency.web import idempotency as form_keys
from interagency.web.idempotency import FormKey
from tests.helpers import ACTIVITY, EVENT, Browser, choices, text_of

Enter = Callable[[str | None], Browser]
Slowly = Callable[[Any, str], threading.Event]
KEY, OTHER = "0123456789abcdefghi-_A", "another-key-of-a-form0"
CALENDAR = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a@example.org\r\nDTSTAMP:20260901T080000Z\r\n"
    b"DTSTART;VALUE=DATE:20261105\r\nSUMMARY:Briefing\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def count(app: Flask, table: type[Model]) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def key_on(page: str, form: str = "//form") -> str:
    """The key that the page drew into a form."""
    return str(html.fromstring(page).xpath(f"{form}//input[@name='form_key']/@value")[0])


def post(browser: Browser, address: str, values: dict[str, Any], key: str | None = KEY) -> TestResponse:
    return browser.send(address, values | ({"form_key": key} if key is not None else {}), at="/account")


@pytest.fixture
def edition(app: Flask, add_activity: Callable[..., int]) -> str:
    """A month that was closed, with an edition to hand out."""
    zone = ZoneInfo("Europe/Vienna")
    add_activity("Closed with its month")
    with app.app_context():
        open_cycle(db.session, "2026-08", at=datetime(2026, 8, 1, tzinfo=UTC), zone=zone, by=None)
        db.session.commit()
        close_cycle(db.session, "2026-08", at=datetime(2026, 9, 6, tzinfo=UTC), zone=zone, by=None)
    return "/editions/2026-08/hand-out"


# --- One after the other ---


@pytest.mark.parametrize(
    ("address", "values", "table"), [("/activities/new", ACTIVITY, Activity), ("/events/new", EVENT, Event)]
)
def test_a_record_is_made_once(
    app: Flask, enter: Enter, address: str, values: dict[str, Any], table: type[Model]
) -> None:
    who = enter("who")
    first, second = post(who, address, values), post(who, address, values)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first.location == second.location
    assert count(app, table) == count(app, FormKey) == 1
    assert "This was saved already" in text_of(who.get(second.location))
    third = post(who, address, values | {"title": "Something else entirely"}, OTHER)
    assert third.location != first.location
    assert count(app, table) == 2


@pytest.mark.one_database
def test_a_milestone_is_added_once_and_reached_once(app: Flask, enter: Enter, add_activity: Callable[..., int]) -> None:
    who, address = enter("who"), f"/activities/{add_activity()}/milestones"
    values = {"act": "add", "title": "Manual printed", "due": "June 2027"}
    assert {post(who, address, values).status_code for _ in range(2)} == {302}
    assert count(app, Milestone) == 1
    with app.app_context():
        number = db.session.scalars(sa.select(Milestone.id)).one()
    for act, shown in (("reached", "Not reached after all"), ("unreached", "Reached today")):
        for _click in range(2):
            who.send(address, {"act": act, "id": str(number)})
        assert shown in text_of(who.get(address))


def test_this_and_following_make_one_event(app: Flask, enter: Enter) -> None:
    call = {"segments": "20 October 2026, 15:00-16:00", "segments_read": "20 October 2026, 15:00–16:00"}
    repeated = {"timezone": "Europe/Vienna", "repeats": "weekly", "repeat_count": "6"}
    who = enter("who")
    address = post(who, "/events/new", EVENT | call | repeated).location.split("?")[0] + "/occurrences"
    form = {"version": "1", "original": "2026-11-03T15:00:00", "act": "following"}
    first, second = post(who, address, form, OTHER), post(who, address, form, OTHER)
    assert first.location == second.location
    assert first.location.endswith("/edit")
    assert count(app, Event) == 2


def test_a_private_address_is_shown_again_to_who_clicked_twice(app: Flask, enter: Enter) -> None:
    who = enter("who")
    first, second = (post(who, "/subscriptions", {"name": "Mine"}) for _ in range(2))
    (made,) = html.fromstring(first.text).xpath("//input[@id='https']/@value")
    assert html.fromstring(second.text).xpath("//input[@id='https']/@value") == [made]
    assert "This was saved already" in text_of(second)
    assert count(app, Subscription) == count(app, AccessToken) == 1
    assert enter(None).get(made).status_code == 200
    # The page draws other keys: what is sent from it is another act.
    assert KEY not in {key_on(first.text), key_on(second.text)}

    first, second = (post(who, "/subscriptions/1/reset", {}, OTHER) for _ in range(2))
    (renewed,) = html.fromstring(first.text).xpath("//input[@id='https']/@value")
    assert html.fromstring(second.text).xpath("//input[@id='https']/@value") == [renewed]
    assert renewed != made
    assert (enter(None).get(made).status_code, enter(None).get(renewed).status_code) == (404, 200)
    # The first form again: its address has ended and is not shown.
    assert post(who, "/subscriptions", {"name": "Mine"}).location == "/subscriptions"
    who.send("/subscriptions/1/revoke", at="/account")
    assert post(who, "/subscriptions/1/reset", {}, OTHER).location == "/subscriptions"


def test_a_secret_does_not_follow_from_the_key_alone(app: Flask, enter: Enter) -> None:
    """Two people whose forms carry the same key get different addresses, and so do two services."""
    found = set()
    for name in ("who", "undp"):
        found.add(html.fromstring(post(enter(name), "/subscriptions", {}).text).xpath("//input[@id='https']/@value")[0])
    assert len(found) == 2
    with app.app_context():
        kept = repr(list(db.session.execute(sa.select(FormKey.__table__))))
    assert KEY not in kept


def test_something_is_handed_out_once(app: Flask, enter: Enter, edition: str) -> None:
    coordinator = enter("coordinator")
    values = {"audience": "public", "form": "full list", "recipient": "A partner", "days": "30"}
    first, second = (post(coordinator, edition, values) for _ in range(2))
    (made,) = html.fromstring(first.text).xpath("//input[@id='address']/@value")
    assert html.fromstring(second.text).xpath("//input[@id='address']/@value") == [made]
    assert count(app, HandOut) == 1
    assert enter(None).get(made).status_code == 200


def test_an_invitation_and_an_appointment_are_made_once(app: Flask, enter: Enter) -> None:
    admin, before = enter("admin"), count(app, Appointment)
    values = {"email": "new@example.org", "name": "Nora New", "role": "reader", "entity": "who"}
    post(admin, "/people", values)
    first = text_of(admin.get("/people"))
    assert post(admin, "/people", values).location == "/people"
    second = text_of(admin.get("/people"))
    address = first.split("pass this on: ")[1].split()[0]
    assert f"pass this on: {address}" in second  # no mail goes out in tests: it must not be lost
    assert count(app, OneTimeLink) == 1
    assert count(app, Appointment) == before + 1
    assert enter(None).get(address).status_code == 200
    for _click in range(2):
        post(admin, "/people/2", {"act": "reset"}, OTHER)
    assert count(app, OneTimeLink) == 2


@pytest.mark.parametrize(
    ("address", "table", "name", "body"),
    [
        ("/imports", MatrixImport, "matrix.csv", b"Title,Status\nA new one,ongoing\n"),
        ("/imports/calendar", CalendarImport, "calendar.ics", CALENDAR),
    ],
)
def test_a_file_is_looked_at_once(
    app: Flask, enter: Enter, address: str, table: type[Model], name: str, body: bytes
) -> None:
    coordinator = enter("coordinator")

    def send(sent: bytes, key: str = KEY) -> TestResponse:
        return post(coordinator, address, {"file": (io.BytesIO(sent), name)}, key)

    first = send(body)
    assert first.status_code == 302, text_of(first)
    assert send(body).location == first.location
    assert count(app, table) == 1
    other = send(body.replace(b"new", b"different").replace(b"Briefing", b"Meeting"))  # under a key that is used up
    assert other.status_code == 409
    assert "choose it again" in text_of(other)
    assert count(app, table) == 1


# --- Both at once ---


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> Slowly:
    """`slowly(module, name)`: the act takes a moment; the event says that it has begun."""

    def arrange(module: Any, name: str) -> threading.Event:
        own, begun = getattr(module, name), threading.Event()

        def later(*given: Any, **more: Any) -> Any:
            done = own(*given, **more)
            begun.set()
            time.sleep(1)
            return done

        monkeypatch.setattr(module, name, later)
        return begun

    return arrange


def both(browser: Browser, begun: threading.Event, address: str, values: dict[str, Any]) -> list[TestResponse]:
    """What two clicks get, the second while the first is being done."""
    data = values | {"csrf_token": browser.token("/account")}
    second = browser.client.application.test_client()
    second._cookies = dict(browser.client._cookies)  # the same browser, on another connection
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(browser.client.post, address, data=data)
        assert begun.wait(30)
        later = pool.submit(second.post, address, data=data)
        return [first.result(60), later.result(60)]


@pytest.mark.parametrize(
    ("address", "values", "table", "act"),
    [
        ("/activities/new", ACTIVITY, Activity, (activities, "create_activity")),
        ("/events/new", EVENT, Event, (events, "create_event")),
    ],
)
def test_two_at_once_are_one_act(
    app: Flask, enter: Enter, slowly: Slowly, address: str, values: dict[str, Any], table: type[Model], act: Any
) -> None:
    answers = both(enter("who"), slowly(*act), address, values | {"form_key": KEY})
    assert [one.status_code for one in answers] == [302, 302], text_of(answers[1])
    assert answers[0].location == answers[1].location
    assert count(app, table) == count(app, FormKey) == 1


def test_two_at_once_show_one_private_address(app: Flask, enter: Enter, slowly: Slowly) -> None:
    answers = both(enter("who"), slowly(subscription_views, "subscribe"), "/subscriptions", {"form_key": KEY})
    found = [html.fromstring(one.text).xpath("//input[@id='https']/@value") for one in answers]
    assert len(found[0]) == 1
    assert found[0] == found[1]
    assert count(app, Subscription) == 1


def test_when_the_first_of_two_is_refused_the_second_acts(
    app: Flask, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, own, calls = threading.Event(), events.create_event, []

    def fail_once(*given: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            begun.set()
            time.sleep(1)
            raise RuntimeError("the machine went away")
        return own(*given, **more)

    monkeypatch.setattr(events, "create_event", fail_once)
    answers = both(enter("who"), begun, "/events/new", EVENT | {"form_key": KEY})
    assert [one.status_code for one in answers] == [500, 302]
    assert count(app, Event) == count(app, FormKey) == 1


def test_a_file_is_taken_in_once_by_two_at_once(app: Flask, enter: Enter, slowly: Slowly) -> None:
    coordinator = enter("coordinator")
    file = (io.BytesIO(b"Title,Status\nA new one,ongoing\n"), "matrix.csv")
    address = post(coordinator, "/imports", {"file": file}).location
    answers = both(coordinator, slowly(incoming, "begin"), address, {"row": "2", "shown": "2"})
    assert [one.status_code for one in answers] == [302, 302]
    assert count(app, Activity) == 1


def test_a_statement_is_kept_once_by_two_at_once(app: Flask, enter: Enter, slowly: Slowly) -> None:
    values = choices("public", "agreed", entity="who")
    answers = both(enter("who"), slowly(agreement, "say_to_each"), "/agreement", values)
    assert [one.status_code for one in answers] == [302, 302]
    assert count(app, Agreement) == 1


# --- What is no key, and what a key is not ---


def test_somebody_elses_key_is_no_key(app: Flask, enter: Enter) -> None:
    who, coordinator = enter("who"), enter("coordinator")
    first, second = post(who, "/events/new", EVENT), post(coordinator, "/events/new", EVENT)
    assert first.location != second.location
    assert count(app, Event) == 2
    assert post(coordinator, "/events/new", EVENT).location == second.location


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        KEY + "0",
        KEY[:-1],
        "x" * 100_000,
        "\x00" * 22,
        "é" * 22,
        "\ud800" * 22,
        "0123456789abcdefghi %",
        "'; --",
    ],
    ids=["none", "empty", "long", "short", "huge", "NUL", "accents", "surrogates", "odd", "line end"],
)
@pytest.mark.one_database
def test_what_is_no_key_does_as_before(app: Flask, enter: Enter, key: str | None) -> None:
    who = enter("who")
    data = EVENT | {"csrf_token": who.token("/account")}
    if key is not None:
        data["form_key"] = key.encode("utf-8", "surrogatepass")  # type: ignore[assignment]
    assert [who.client.post("/events/new", data=data).status_code for _ in range(2)] == [302, 302]
    assert count(app, Event) == 2
    assert count(app, FormKey) == 0


@pytest.mark.one_database
def test_the_key_stays_in_a_form_with_errors_and_in_the_question_about_look_alikes(app: Flask, enter: Enter) -> None:
    who = enter("who")
    drawn = [key_on(who.get("/activities/new").text, "//form[contains(@class, 'record')]") for _ in range(2)]
    assert drawn[0] != drawn[1]
    refused = post(who, "/activities/new", ACTIVITY | {"title": ""}, drawn[0])
    assert refused.status_code == 422
    assert key_on(refused.text, "//form[contains(@class, 'record')]") == drawn[0]
    assert count(app, FormKey) == 0
    first = post(who, "/activities/new", ACTIVITY, drawn[0])
    assert first.status_code == 302

    asked = post(who, "/activities/new", ACTIVITY, drawn[1])
    assert asked.status_code == 409
    assert key_on(asked.text, "//form[contains(@class, 'record')]") == drawn[1]
    answers = html.fromstring(asked.text).xpath("//input[starts-with(@name, 'verdict-')]/@name")
    answered = ACTIVITY | dict.fromkeys(answers, "distinct")
    made = [post(who, "/activities/new", answered, drawn[1]).location for _ in range(2)]
    assert made[0] == made[1] != first.location
    assert count(app, Activity) == 2


def test_other_words_under_a_key_that_is_used_up_are_not_lost(app: Flask, enter: Enter) -> None:
    who = enter("who")
    first = post(who, "/events/new", EVENT)
    held = post(who, "/events/new", EVENT | {"title": "The second meeting"})
    assert held.status_code == 409
    assert "was saved already, with other words" in text_of(held)
    assert first.location in held.text
    assert count(app, Event) == 1
    (form,) = html.fromstring(held.text).xpath("//main//form")
    data: dict[str, Any] = {}
    for name, value in form.form_values():
        data.setdefault(name, []).append(value)
    sent = [who.client.post(form.get("action"), data=data) for _ in range(2)]
    assert [one.status_code for one in sent] == [302, 302]
    assert sent[0].location == sent[1].location != first.location
    assert "The second meeting" in text_of(who.get(sent[0].location))
    assert count(app, Event) == 2


@pytest.mark.one_database
def test_a_form_kept_while_signing_in_again_keeps_its_key(app: Flask, enter: Enter) -> None:
    who = enter("who")
    token = who.token("/account")
    data = EVENT | {"form_key": KEY, "csrf_token": token}
    who.client.post("/events/new", data=data)
    app.config["CLOCK"] = lambda: datetime.now(UTC) + timedelta(days=1)
    held = who.client.post("/events/new", data=data)
    assert held.status_code == 403
    assert key_on(held.text) == KEY
    who.sign_in("who@example.org")
    assert who.client.post("/events/new", data=data).status_code == 302
    assert count(app, Event) == 1


def test_old_keys_are_removed_when_their_person_signs_in(app: Flask, enter: Enter) -> None:
    post(enter("who"), "/events/new", EVENT)
    post(enter("undp"), "/events/new", EVENT | {"organisers": ["undp"]})
    enter("who")
    assert count(app, FormKey) == 2
    app.config["CLOCK"] = lambda: datetime.now(UTC) + form_keys.KEPT + timedelta(minutes=1)
    enter("who")
    assert count(app, FormKey) == 1
