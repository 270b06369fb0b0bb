"""Saying what may be shared, several audiences and activities at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.db.base import db
from interagency.matrix.agreement.gate import ACTIVITY, Stance, stance, statements_for
from interagency.matrix.agreement.models import Agreement, Audience
from tests.helpers import EVENT, Browser, choices, text_of

pytestmark = pytest.mark.one_database

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
EVERYBODY = ["commission", "regional", "civil-society", "public"]
DAY = date(2026, 8, 20)
BEYOND = {"beyond": "yes"}  # of what is shared by default, which is nothing


def stances(app: Flask, entity: str, activity: int) -> dict[str, str]:
    """Where an entity stands on an activity, by audience."""
    with app.app_context():
        return {
            key: stance(statements_for(db.session, key), entity, ACTIVITY, activity, DAY).value
            for key in [*EVERYBODY, *db.session.scalars(sa.select(Audience.key).where(Audience.key.not_in(EVERYBODY)))]
        }


def boxes(page: str) -> list[Any]:
    return html.fromstring(page).xpath("//input[@type='checkbox']")


@pytest.mark.both_databases
def test_several_audiences_are_agreed_to_in_one_act(app: Flask, enter: Enter, add_activity: Add) -> None:
    ours = add_activity("Ours")
    who = enter("who")
    said = choices(["commission", "public"], "agreed")
    done = who.send("/agreement", said, at="/agreement")
    assert done.status_code == 302
    assert stances(app, "who", ours) == {
        "commission": "agreed", "regional": "awaited", "civil-society": "awaited", "public": "agreed",
    }  # fmt: skip
    assert "WHO agrees to sharing with The Commission and Member States, The public." in text_of(who.get("/agreement"))


def chosen(page: str) -> dict[str, str]:
    """What is chosen for each audience in the form of a page."""
    form = html.fromstring(page).get_element_by_id("say")
    return {name.removeprefix("say-"): value for name, value in form.form_values() if name.startswith("say-")}


def test_only_the_audiences_that_were_shown_are_spoken_of(app: Flask, enter: Enter, add_activity: Add) -> None:
    ours = add_activity("Ours")
    who = enter("who")
    assert chosen(who.get("/agreement").text) == dict.fromkeys(EVERYBODY, "as default")
    with app.app_context():
        db.session.add(Audience(key="press", name="The press", position=9))
        db.session.commit()
    who.send("/agreement", choices(EVERYBODY, "agreed"), at="/agreement")
    assert stances(app, "who", ours) == dict.fromkeys(EVERYBODY, "agreed") | {"press": "awaited"}


def test_what_stands_is_chosen_beforehand_and_saving_it_says_nothing(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    joint = add_activity("Together", entities=("undp",))
    enter("undp").send("/agreement", choices(EVERYBODY, "agreed"), at="/agreement")
    who = enter("who")
    page = f"/activities/{joint}"
    for address in ("/agreement", page):
        form = html.fromstring(who.get(address).text).get_element_by_id("say")
        assert set(chosen(who.get(address).text).values()) == {"as default"}
        done = who.client.post(form.get("action"), data=dict(form.form_values()))
        assert done.status_code == 302
        assert "Nothing was different." in text_of(who.get(address))
    refused = who.send("/agreement/records", {"shown": EVERYBODY, "decision": "agreed"}, at="/agreement")
    assert (refused.status_code, "Tick the a" in text_of(refused)) == (422, True)
    assert set(stances(app, "who", joint).values()) == {"awaited"}
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).where(Agreement.said_by_name == "Farida Who")) == 0


def test_only_what_is_chosen_otherwise_is_said_so_a_colleague_is_not_undone(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    ours = add_activity("Ours")
    page, who, colleague = f"/activities/{ours}", enter("who"), enter("who")
    form = html.fromstring(who.get(page).text).get_element_by_id("say")
    colleague.send(f"{page}/agreement", choices("commission", "refused"), at=page)
    mine = dict(form.form_values()) | choices("public", "agreed", beyond="yes")
    assert who.client.post(f"{page}/agreement", data=mine).status_code == 302
    found = stances(app, "who", ours)
    assert (found["commission"], found["public"], found["regional"]) == ("refused", "agreed", "awaited")
    assert chosen(who.get(page).text)["public"] == "agreed"


def test_a_last_day_alone_is_said_anew_and_an_agreement_that_does_not_count_is_widened(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    ours = add_activity("Ours")
    page, who = f"/activities/{ours}", enter("who")
    who.send("/agreement", choices("commission", "agreed"), at="/agreement")
    who.send(f"{page}/agreement", choices("commission", "agreed"), at=page)
    form = html.fromstring(who.get(page).text).get_element_by_id("say")
    who.client.post(f"{page}/agreement", data=dict(form.form_values()) | {"until-commission": "31 December 2027"})
    form = html.fromstring(who.get(page).text).get_element_by_id("say")
    assert dict(form.form_values())["until-commission"] == "31 December 2027"
    who.send("/agreement", choices("commission", "as default"), at="/agreement")
    assert stances(app, "who", ours)["commission"] == "awaited"
    form = html.fromstring(who.get(page).text).get_element_by_id("say")
    who.client.post(f"{page}/agreement", data=dict(form.form_values()) | BEYOND)
    assert stances(app, "who", ours)["commission"] == "agreed"


@pytest.mark.both_databases
def test_what_waits_for_an_entity_is_agreed_to_together_and_beyond_its_default_only_expressly(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    one, two = add_activity("Together", entities=("undp",)), add_activity("Also together", entities=("undp",))
    alone = add_activity("Alone")
    enter("undp").send("/agreement", choices("commission", "agreed"), at="/agreement")
    who = enter("who")
    page = html.fromstring(who.get("/agreement").text)
    offered = [box.get("value") for box in page.xpath("//input[@name='record']")]
    assert offered == [f"commission {two} 1", f"commission {one} 1"]
    said = {"record": offered, "decision": "agreed"}
    refused = who.send("/agreement/records", said, at="/agreement")
    assert refused.status_code == 422
    assert "goes beyond what WHO shares" in text_of(refused)
    assert [box.get("value") for box in boxes(refused.text) if box.get("checked") is not None] == offered
    every = who.send("/agreement/records", {"all": "yes", "shown": offered, "decision": "agreed"}, at="/agreement")
    kept = [(box.get("name"), box.get("form")) for box in boxes(every.text) if box.get("checked") is not None]
    assert (every.status_code, kept) == (422, [("all", "say-records")])
    assert {stances(app, "who", number)["commission"] for number in (one, two)} == {"awaited"}
    who.send("/agreement/records", said | {"beyond": "yes"}, at="/agreement")
    for number in (one, two):
        assert stances(app, "who", number) == dict.fromkeys(EVERYBODY, "awaited") | {"commission": "agreed"}
    assert stances(app, "who", alone)["commission"] == "awaited"
    assert "wait for WHO" not in text_of(who.get("/agreement"))


def test_beyond_the_default_is_kept_only_where_it_is(app: Flask, enter: Enter, add_activity: Add) -> None:
    ours = add_activity("Ours")
    who = enter("who")
    who.send("/agreement", choices("commission", "agreed"), at="/agreement")
    said = choices(["commission", "public"], "agreed", beyond="yes")
    who.send(f"/activities/{ours}/agreement", said, at=f"/activities/{ours}")
    who.send("/agreement", choices("commission", "as default"), at="/agreement")
    found = stances(app, "who", ours)
    assert (found["commission"], found["public"]) == (Stance.AWAITED, Stance.AGREED)


def test_nobody_says_for_activities_their_entity_takes_no_part_in(app: Flask, enter: Enter, add_activity: Add) -> None:
    theirs = add_activity("Theirs", lead="undp", entities=("unicef",))
    ours = add_activity("Ours", entities=("undp",))
    who = enter("who")
    hostile = [f"commission {theirs} 1", "commission", f"commission {'9' * 20} 1", "press 1", f"x {ours} 1", " ²"]
    for value in [*hostile, f"commission {ours}", f"commission {ours} {'9' * 20}"]:
        said = {"record": [value, f"commission {ours} 1"], "decision": "agreed", "beyond": "yes"}
        assert who.send("/agreement/records", said, at="/agreement").status_code == 422, value
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Agreement)) == 0
    assert enter("reader").get("/agreement").status_code == 403


@pytest.mark.both_databases
def test_what_was_changed_since_it_was_read_is_not_agreed_to_together_with_others(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    one, two = add_activity("Together", entities=("undp",)), add_activity("Also together", entities=("undp",))
    undp, who = enter("undp"), enter("who")
    undp.send("/agreement", choices("commission", "agreed"), at="/agreement")
    page = html.fromstring(who.get("/agreement").text)
    offered = [box.get("value") for box in page.xpath("//input[@name='record']")]
    address = f"/activities/{one}/edit"
    who.send(address, who.fields(address) | {"title": "Together, and more"})
    said = {"record": offered, "decision": "agreed", "beyond": "yes"}
    refused = who.send("/agreement/records", said, at="/agreement")
    assert refused.status_code == 422
    assert "“Together, and more” was changed since this page was opened" in text_of(refused)
    ticked = [box.get("value") for box in boxes(refused.text) if box.get("checked") is not None]
    assert ticked == [f"commission {two} 1"]
    assert stances(app, "who", two)["commission"] == "awaited"


def test_a_record_is_shared_with_several_audiences_at_once_from_its_page(
    app: Flask, enter: Enter, add_activity: Add
) -> None:
    ours = add_activity("Ours")
    who = enter("who")
    assert list(chosen(who.get(f"/activities/{ours}").text)) == EVERYBODY
    who.send(f"/activities/{ours}/agreement", choices(EVERYBODY, "refused"), at=f"/activities/{ours}")
    assert set(stances(app, "who", ours).values()) == {"refused"}


def add_event(enter: Enter) -> str:
    answer = enter("who").send("/events/new", EVENT | {"segments": "12 October 2027"})
    return str(answer.location).split("?")[0]


@pytest.mark.parametrize("kind", ["activity", "event"])
def test_a_refusal_at_a_record_keeps_ticks_and_day(app: Flask, enter: Enter, add_activity: Add, kind: str) -> None:
    page = add_event(enter) if kind == "event" else f"/activities/{add_activity('Ours')}"
    who = enter("who")
    said = choices(["commission", "public"], "agreed", until="next week or so", entity="who")
    refused = who.send(f"{page}/agreement", said, at=page)
    assert refused.status_code == 422
    assert "nothing you typed is lost" in text_of(refused)
    assert "Write a day, such as 31 December 2027. Leave it empty for no last day." in text_of(refused)
    form = next(form for form in html.fromstring(refused.text).forms if form.get("action") == f"{page}/agreement")
    values = dict(form.form_values())
    assert values.items() >= said.items()
    mended = values | choices(["commission", "public"], "agreed", until="31 December 2027") | BEYOND
    assert who.client.post(f"{page}/agreement", data=mended).status_code == 302
    assert "WHO agrees to sharing with The Commission and Member States, The public." in text_of(who.get(page))


def test_what_is_said_of_an_event_is_said_as_it_was_read(app: Flask, enter: Enter) -> None:
    page = add_event(enter)
    who = enter("who")
    read = html.fromstring(who.get(page).text).get_element_by_id("say")
    values = dict(read.form_values()) | choices("commission", "agreed")
    other = enter("who")
    assert other.send(f"{page}/edit", other.fields(f"{page}/edit") | {"title": "Another thing"}).status_code == 302
    late = who.client.post(f"{page}/agreement", data=values)
    assert late.status_code == 409
    assert "“Another thing” was changed since you opened it" in text_of(late)
    again = next(form for form in html.fromstring(late.text).forms if form.get("action") == f"{page}/agreement")
    values = dict(again.form_values()) | BEYOND
    assert who.client.post(f"{page}/agreement", data=values).status_code == 302


def test_speaking_of_an_event_waits_for_nobody_who_names_the_entity(app: Flask, enter: Enter) -> None:
    """Who takes a calendar in names an entity at one event and then changes another: each would wait for the other."""
    if app.extensions["interagency_settings"].database_url.startswith("sqlite"):
        pytest.skip("on SQLite one writes after the other")
    page, other = add_event(enter), add_event(enter)
    who = enter("who")
    values = choices("commission", "refused", entity="who", csrf_token=who.token(page))
    named = sa.text(
        "INSERT INTO event_organisation (event_id, organisation_id, part, position) "
        "SELECT :event, id, 'participant', 9 FROM organisation WHERE key = 'who'"
    )
    with app.app_context():
        engine = db.engine
    with engine.begin() as taking_in, ThreadPoolExecutor(1) as pool:
        taking_in.execute(named, {"event": int(other.rsplit("/", 1)[1])})
        spoken = pool.submit(who.client.post, f"{page}/agreement", data=values)
        with suppress(TimeoutError):
            assert spoken.result(5).status_code == 302
        taking_in.execute(
            sa.text("UPDATE event SET venue = 'x' WHERE id = :event"), {"event": int(page.rsplit("/", 1)[1])}
        )
    assert spoken.result(5).status_code == 302
