"""The form of an event as a page: sections, the zone that is filled in, suggestions, records named by title."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from interagency.calendar.events.fields import DRAFTED
from interagency.calendar.events.form_fields import PLACES
from interagency.calendar.events.models import Event
from interagency.db.base import db
from tests.helpers import EVENT, Browser, choices, errors_of, text_of

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
HOURS = EVENT | {"segments": "12 October 2027, 15:00-16:30", "segments_read": "12 October 2027, 15:00-16:30"}


def newest(app: Flask) -> Event:
    found = db.session.scalars(sa.select(Event).order_by(Event.id.desc())).first()
    assert found is not None
    return found


def test_every_field_stands_in_the_section_its_description_names(enter: Enter) -> None:
    page = html.fromstring(enter("who").get("/events/new").text)
    there_is_one = {"milestone", "only_from", "unlisted_organisers", "unlisted_participants"}  # only then
    drawn = {name for place in PLACES for name in place.inputs} - there_is_one
    for place in PLACES:
        for name in drawn & set(place.inputs):
            assert page.xpath(f"//*[@id='{name}']/ancestor::section/@data-part") == [place.part.value], name
    assert {place.described.name for place in PLACES} == {field.name for field in DRAFTED} - {"exceptions"}


def test_the_readers_zone_is_filled_in_so_that_hours_cost_no_error(app: Flask, enter: Enter) -> None:
    who = enter("who")
    assert who.fields("/events/new")["timezone"] == ["Europe/Vienna"]
    who.send("/account", {"timezone": "Asia/Tokyo"})
    fields = who.fields("/events/new")
    assert (fields["timezone"], fields["timezone_filled"]) == (["Asia/Tokyo"], ["Asia/Tokyo"])
    done = who.send("/events/new", fields | HOURS)
    assert done.status_code == 302, errors_of(done)
    with app.app_context():
        assert newest(app).timezone == "Asia/Tokyo"


def test_a_zone_that_nobody_typed_is_not_kept_where_no_hours_are(app: Flask, enter: Enter) -> None:
    who = enter("who")
    who.send("/events/new", who.fields("/events/new") | EVENT)
    with app.app_context():
        assert not newest(app).timezone
    who.send("/events/new", who.fields("/events/new") | EVENT | {"timezone": "Tokyo"})
    with app.app_context():
        assert newest(app).timezone == "Asia/Tokyo"


def test_a_filled_in_zone_is_asked_about_once_where_the_city_has_another_clock(app: Flask, enter: Enter) -> None:
    who = enter("who")
    same = who.send("/events/new", who.fields("/events/new") | HOURS | {"city": "Berlin"})
    assert same.status_code == 302, "the same clock"
    asked = who.send("/events/new", who.fields("/events/new") | HOURS | {"city": "Bangkok"})
    assert asked.status_code == 422
    assert "Bangkok has the clock of Asia/Bangkok" in " ".join(errors_of(asked))
    form = dict(html.fromstring(asked.text).xpath("//form[contains(@class, 'record')]")[0].form_values())
    assert form["timezone_filled"] == ""
    assert who.client.post("/events/new", data=form).status_code == 302
    with app.app_context():
        assert newest(app).timezone == "Europe/Vienna"


def test_a_city_says_its_zone_where_it_names_one(enter: Enter) -> None:
    who = enter("who")
    for city, zone in (("Bangkok", "Asia/Bangkok"), ("new york", "America/New_York"), ("Geneva-on-Sea", ""), ("", "")):
        assert who.get("/events/zone", query_string={"city": city}).get_json() == {"zone": zone}


def test_suggestions_come_when_they_are_asked_for(enter: Enter, add_activity: Add) -> None:
    number, who = add_activity("Course for judges"), enter("who")
    who.send("/events/new", EVENT | {"series_title": "Sessions of the group"})
    assert "Course for judges" not in who.get("/events/new").text
    found = {name: who.get(f"/events/suggestions/{name}.json") for name in ("activities", "events", "series", "zones")}
    assert found["activities"].get_json() == [f"{number}: Course for judges"]
    assert found["events"].get_json()[0].endswith(": Expert meeting")
    assert found["series"].get_json() == ["Sessions of the group"]
    assert "Asia/Bangkok" in found["zones"].get_json()
    for name, answer in found.items():
        same = who.get(f"/events/suggestions/{name}.json", headers={"If-None-Match": answer.headers["ETag"]})
        assert same.status_code == 304
    assert who.get("/events/suggestions/persons.json").status_code == 404


def test_activities_and_the_event_around_are_named_by_title_too(app: Flask, enter: Enter, add_activity: Add) -> None:
    number, who = add_activity("2030 guide for prisons"), enter("who")
    who.send("/events/new", EVENT | {"title": "Session of the group"})
    named = {"title": "Side event", "activities": "2030 GUIDE for prisons", "parent": "session of the group"}
    done = who.send("/events/new", EVENT | named)
    assert done.status_code == 302, errors_of(done)
    with app.app_context():
        made = newest(app)
        assert [one.id for one in made.activities] == [number]
        assert made.parent is not None
        assert made.parent.title == "Session of the group"
    who.send("/events/new", EVENT | {"title": "Session of the group"})
    refused = who.send("/events/new", EVENT | named)
    assert "Several are called “session of the group”" in " ".join(errors_of(refused))
    for words in ({"parent": "No such thing"}, {"activities": "No such thing"}):
        assert who.send("/events/new", EVENT | words).status_code == 422


@pytest.mark.parametrize("shareable", [True, False])
def test_an_internal_event_is_shared_with_nobody_whatever_was_agreed(enter: Enter, shareable: bool) -> None:
    who = enter("who")
    mark = {"shareable": "y"} if shareable else {}
    page = who.send("/events/new", EVENT | mark).location.split("?")[0]
    everybody = choices(["commission", "public"], "agreed", beyond="yes", entity="who")
    assert who.send(f"{page}/agreement", everybody, at=page).status_code == 302
    table = " ".join(html.fromstring(who.get(page).text).xpath("string(//section[@aria-labelledby='sharing'])").split())
    assert ("internal: shared with nobody" in table) is not shareable
    assert ("shared: all agreed" in table) is shareable
    assert "Save what WHO says" in text_of(who.get(page))
