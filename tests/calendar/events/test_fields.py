"""Every field of an event, changed in turn and sent through everything that carries events.

The value comes back, or the description (`calendar/fields.py`) says why it must not. A column without a description
fails here, by name.
"""

from __future__ import annotations

import csv
import functools
import inspect
import io
import json
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar, vText, vUri
from icalendar import Event as VEvent
from werkzeug.test import TestResponse

from interagency import create_app
from interagency.accounts.models import Person
from interagency.calendar.events import cycle_part as monthly
from interagency.calendar.events import merging, record
from interagency.calendar.events.drafts import EventDraft
from interagency.calendar.events.field_values import Records
from interagency.calendar.events.fields import (
    DRAFTED,
    EMPTY,
    FIELD,
    FIELDS,
    NO_FIELD,
    EventField,
    Ics,
    Kind,
    draft_from,
    labels,
)
from interagency.calendar.events.form_fields import EventFields
from interagency.calendar.events.models import Event, EventSeries
from interagency.calendar.events.reader import read_events
from interagency.calendar.incoming.comparing import Importer, preview
from interagency.db.base import db, now
from interagency.db.history import changes_of, facts_at
from interagency.exports.external.content import Form, content_of
from interagency.matrix.activities.models import Milestone
from interagency.matrix.agreement.gate import Passed
from interagency.matrix.cycles.contents import gather, names_of_the_day, pack, read
from interagency.matrix.cycles.differences import Kind as Became
from interagency.matrix.cycles.differences import compare_contents
from interagency.operations.backup import backup, restore
from interagency.operations.copying import copy_to
from tests.calendar.incoming.doing import apply, undo
from tests.conftest import close, make_app, make_settings
from tests.helpers import Browser, text_of

DAY = date(2026, 10, 1)
# Before and after, as facts, where a field is more than a text, a number, a choice or yes and no.
OWN: dict[str, tuple[Any, Any]] = {
    "status": ("confirmed", "cancelled"),
    "segments": (
        [["2026-10-12", "2026-10-12", "15:00", "16:30", [["2026-10-12", 1, "opening"]]]],
        [["2026-10-13", "2026-10-13", "15:00", "16:30", [["2026-10-13", 2, "opening"]]]],
    ),
    "rrule": ("", "FREQ=WEEKLY;COUNT=6"),
    "exceptions": (
        [],
        [
            [
                "2026-10-19T15:00:00",
                "2026-10-20T15:00:00",
                "2026-10-20T16:00:00",
                False,
                "Away day",
                "bring a badge",
                "Room B",
                "The long version",
                "tentative",
                None,
            ]
        ],
    ),
    "timezone": ("Europe/Vienna", "Africa/Nairobi"),
    "country": ("AT", "KE"),
    "organisers": (["who"], ["undp"]),
    "participants": (["unodc"], ["unicef"]),
    "chapters": ([3], [3, 7]),
    "links": ([["page", "Page", "https://example.org/1"]], [["meeting", "", "https://example.org/2"]]),
    "documents": (
        [["Paper", "https://example.org/paper", "who", True]],
        [["Paper", "https://example.org/paper", "who", False], ["Note", "https://example.org/note", None, False]],
    ),
    "series": ("Sessions", "Other sessions"),
    "is_listed": (True, False),
}
# Made by the fixture: records that are referred to by number.
BY_NUMBER = ("activities", "milestone", "parent")
OF_PLAIN: dict[Kind, tuple[Any, Any]] = {Kind.NUMBER: (3, 4), Kind.FLAG: (False, True)}
Pair = tuple[dict[str, Any], dict[str, Any]]


def for_each(fields: Iterable[EventField]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test that takes a `field` for each of `fields` in one service; a failure names the field."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def run(**fixtures: Any) -> None:
            for field in fields:
                try:
                    test(**fixtures, field=field)
                except BaseException as problem:
                    problem.add_note(f"field: {field.name}")
                    raise

        own = inspect.signature(test)
        kept = [one for one in own.parameters.values() if one.name != "field"]
        run.__signature__ = own.replace(parameters=kept)  # type: ignore[attr-defined]
        return run

    return decorate


class Visitor(Browser):
    """A person at the pages, before whom the test holds no transaction."""

    def get(self, address: str, **more: Any) -> TestResponse:
        db.session.rollback()
        return super().get(address, **more)


def said(field: EventField, place: int) -> Any:
    """What a field says before (0) and after (1)."""
    if field.name in OWN:
        return OWN[field.name][place]
    if field.choices:
        return list(field.choices)[place].value
    if field.kind in OF_PLAIN:
        return OF_PLAIN[field.kind][place]
    return f"{field.name} {('before', 'afterwards')[place]}"


@pytest.fixture
def world(sqlite_app: Flask, add_activity: Callable[..., int]) -> Iterator[Callable[[EventField], Pair]]:
    """`world(field)` gives the facts of an event that says everything, and the same with that field changed."""
    activities = [add_activity("First"), add_activity("Second")]
    with sqlite_app.app_context():
        milestones = [Milestone(activity_id=activities[0], title=title) for title in ("Draft", "Report")]
        db.session.add_all([*milestones, EventSeries(title="Sessions"), EventSeries(title="Other sessions")])
        plain = {name: said(FIELD[name], 0) for name in ("title", "kind", "status", "segments", "organisers")}
        within = record.create_event(db.session, draft_from(plain, Records(db.session)), by=None)
        db.session.commit()
        numbers = {
            "activities": (activities[:1], activities),
            "milestone": tuple(one.id for one in milestones),
            "parent": (None, within.id),
        }
        db.session.rollback()
        base = {one.name: numbers[one.name][0] if one.name in numbers else said(one, 0) for one in FIELDS}

        def pair(field: EventField) -> Pair:
            before = dict(base)
            if field.name == "exceptions":
                before["rrule"] = OWN["rrule"][1]  # without a rule there is no date to cancel
            return before, before | {field.name: numbers.get(field.name, (None, said(field, 1)))[1]}

        yield pair
        db.session.rollback()
        db.session.close()


def make(facts: dict[str, Any]) -> Event:
    event = record.create_event(db.session, draft_from(facts, Records(db.session)), by=None, uid=f"{uuid.uuid4()}@here")
    event.is_listed = facts["is_listed"]
    db.session.commit()
    return event


def change(event: Event, facts: dict[str, Any]) -> bool:
    """Make the event say `facts`, as a save does; whether it is listed follows from other acts."""
    changed = record.save_event(
        db.session, event, draft_from(facts, Records(db.session)), version=event.version, by=None
    )
    event.is_listed = facts["is_listed"]
    db.session.commit()
    return changed


def edition_of(event: Event) -> dict[str, Any]:
    """An edition that holds this event, read back from what is kept of it."""
    entries = monthly.entries(db.session, DAY, [Event.id == event.id, Event.is_listed.is_(True)])
    contents = names_of_the_day(db.session) | {"activities": [], "event": entries}
    return read(*pack(contents | {"month": "2026-09", "made_at": "2026-10-01T00:00:00+00:00"}))


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in before if before[name] != after[name]]


# --- The description is whole ---


def test_every_column_of_an_event_is_a_field_or_says_why_it_is_none() -> None:
    columns = {column.key for column in sa.inspect(Event).columns}
    described = {name for field in FIELDS for name in (field.name, f"{field.name}_id", f"{field.name}_code")}
    assert columns - described - set(NO_FIELD) == set(), "describe these columns in calendar/fields.py"
    plain = {field.name for field in FIELDS if field.kind is not Kind.OWN}
    assert plain - columns == set(), "these fields are described, and have no column in calendar/models.py"
    assert set(NO_FIELD) - columns == set()


def test_everything_that_hangs_on_an_event_is_a_field() -> None:
    """Organisations are organisers and participants."""
    related = set(sa.inspect(Event).relationships.keys()) - {"organisations"}
    assert related - set(FIELD) == set()


def test_a_draft_has_every_field_and_no_default() -> None:
    own = dataclass_fields(EventDraft)
    assert {one.name for one in own} == {field.name for field in DRAFTED}
    with pytest.raises(TypeError, match="missing"):
        EventDraft()  # type: ignore[call-arg]


@for_each(FIELDS)
def test_what_is_not_carried_has_a_reason(field: EventField) -> None:
    carried = field.outside and field.ics is Ics.BOTH and field.cell is not None
    assert carried or field.why, f"{field.name}: say why it is not in hand-outs, calendars both ways and lists"


# --- The record ---


@for_each(FIELDS)
def test_it_is_saved_and_stands_in_history(world: Callable[[EventField], Pair], field: EventField) -> None:
    before, after = world(field)
    assert differing(before, after) == [field.name]
    event = make(before)
    assert record.facts(event) == before
    version, sequence = event.version, event.sequence
    assert change(event, after) is (field in DRAFTED)
    db.session.expire_all()
    assert record.facts(event) == after
    assert record.facts(event) == record.facts(next(read_events(db.session, [Event.id == event.id])))
    if field in DRAFTED:
        changes = changes_of(db.session, "event", event.id)
        assert changes[0].fields == {field.name: [before[field.name], after[field.name]]}
        assert facts_at(after, changes, version) == before
        assert (event.sequence > sequence) is field.raises_sequence


@for_each(DRAFTED)
def test_a_draft_of_the_record_says_the_same(world: Callable[[EventField], Pair], field: EventField) -> None:
    _before, after = world(field)
    event = make(after)
    assert not record.save_event(db.session, event, record.draft_of(event), version=event.version, by=None)
    assert record.facts(event) == after


@for_each(DRAFTED)
def test_it_is_found_by_its_words_where_it_is_searched(world: Callable[[EventField], Pair], field: EventField) -> None:
    before, after = world(field)
    event = make(before)
    words = event.search_text
    change(event, after)
    searched = field.searched or list(field.search_words(event)) != []
    assert (event.search_text != words) is searched


# --- The pages ---


@pytest.fixture
def coordinator(sqlite_app: Flask) -> Visitor:
    browser = Visitor(sqlite_app.test_client())
    with sqlite_app.app_context():
        browser.sign_in("coordinator@example.org")
    return browser


@for_each(DRAFTED)
@pytest.mark.slow
def test_the_form_gives_back_what_it_shows(
    world: Callable[[EventField], Pair], coordinator: Visitor, field: EventField
) -> None:
    before, after = world(field)
    typed = coordinator.fields(f"/events/{make(after).id}/edit")
    other = record.create_event(db.session, draft_from(before, Records(db.session)), by=None)
    db.session.commit()
    answer = coordinator.send(f"/events/{other.id}/edit", typed | {"version": str(other.version)})
    assert answer.status_code == 302, text_of(answer)
    db.session.expire_all()
    # Single dates have a page of their own, and stay with their event.
    assert record.facts(other) == (before if field.name == "exceptions" else after)
    if field.name != "exceptions":
        assert str(field.label) in text_of(coordinator.get(f"/events/{other.id}/history"))


def test_the_form_draws_every_input(world: Callable[[EventField], Pair], coordinator: Visitor) -> None:
    before, _after = world(FIELD["title"])
    drawn = coordinator.fields(f"/events/{make(before).id}/edit")
    with coordinator.client.application.test_request_context():
        inputs = {one.name for one in EventFields(meta={"csrf": False}) if one.type != "BooleanField"}
    inputs -= {"unlisted_organisers", "unlisted_participants"}  # drawn where somebody is proposed: test_proposals.py
    assert inputs - set(drawn) == set(), "draw these in templates/calendar/event_form.html"
    page = coordinator.get("/events/new").text
    for field in DRAFTED:
        if field.kind is Kind.FLAG:
            assert f'name="{field.name}"' in page, field.name


@for_each(DRAFTED)
def test_the_page_shows_it(world: Callable[[EventField], Pair], coordinator: Visitor, field: EventField) -> None:
    if field.name == "exceptions":
        return  # shown where the date is to come; tests/calendar/events/test_planning.py
    before, after = world(field)
    event = make(before)
    address = f"/events/{event.id}"
    page = text_of(coordinator.get(address)).split("History")[0]
    change(event, after)
    changed = text_of(coordinator.get(address)).split("History")[0]
    assert page != changed, f"{field.name} is nowhere on the page of the event"


def test_a_single_date_made_an_event_of_its_own_says_the_same(
    world: Callable[[EventField], Pair], coordinator: Visitor, sqlite_app: Flask
) -> None:
    sqlite_app.config["CLOCK"] = lambda: datetime(2026, 10, 1, 12, tzinfo=UTC)
    _before, after = world(FIELD["rrule"])
    event = make(after)
    address = f"/events/{event.id}/occurrences"
    values = {"original": "2026-10-26T15:00:00", "act": "following", "version": str(event.version)}
    answer = coordinator.send(address, values)
    assert answer.status_code == 302, text_of(answer)
    made = db.session.scalars(sa.select(Event).order_by(Event.id.desc())).first()
    assert made is not None
    assert set(differing(after, record.facts(made))) == {"rrule", "segments"}
    db.session.expire_all()
    assert differing(after, record.facts(event)) == ["rrule"]


# --- Feeds, and files taken in ---


def feed(browser: Visitor, address: str, uid: str) -> list[dict[str, str]]:
    """The entries of the feed, without what says when and how often the record was saved."""
    stamps = ("DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "CREATED")
    entries = Calendar.from_ical(browser.get(address).data).walk("VEVENT")
    own = [entry for entry in entries if str(entry["UID"]) == uid]
    return [{name: repr(value) for name, value in entry.items() if name not in stamps} for entry in own]


@pytest.fixture
def subscribed(coordinator: Visitor, sqlite_app: Flask) -> str:
    """The address of a feed of everything."""
    sqlite_app.config["CLOCK"] = lambda: datetime(2026, 10, 1, 12, tzinfo=UTC)
    with sqlite_app.app_context():
        page = coordinator.send("/subscriptions", {"name": "Mine"}).text
    return "/feeds/" + page.split('value="http://localhost/feeds/')[1].split('"')[0]


@for_each(FIELDS)
@pytest.mark.slow
def test_the_feed_carries_what_it_is_said_to(
    world: Callable[[EventField], Pair], coordinator: Visitor, subscribed: str, field: EventField
) -> None:
    before, after = world(field)
    event = make(before)
    uid = event.uid
    first = feed(coordinator, subscribed, uid)
    assert first
    change(event, after)
    assert (feed(coordinator, subscribed, uid) != first) is (field.ics is not Ics.NO)


def rewritten(entry: VEvent, name: str, value: Any) -> None:
    entry.pop(name, None)
    entry.add(name, value)


def later(entry: VEvent, days: int) -> None:
    for name in ("DTSTART", "DTEND"):
        moment = entry[name].dt
        rewritten(entry, name, moment.replace(day=moment.day + days))


# How a file says each field otherwise, and what the record says then.
IN_A_FILE: dict[str, tuple[Callable[[VEvent], object], Any]] = {
    "title": (lambda one: rewritten(one, "SUMMARY", vText("title afterwards")), "title afterwards"),
    "description": (lambda one: rewritten(one, "DESCRIPTION", vText("other words")), "other words"),
    "venue": (lambda one: rewritten(one, "LOCATION", vText("Room D")), "Room D"),
    "status": (lambda one: rewritten(one, "STATUS", vText("CANCELLED")), "cancelled"),
    "segments": (
        lambda one: later(one, days=1),
        [["2026-10-13", "2026-10-13", "15:00", "16:30", []]],
    ),
    "timezone": (
        lambda one: [rewritten(one, name, one[name].dt.replace(tzinfo=UTC)) for name in ("DTSTART", "DTEND")],
        "UTC",
    ),
    "rrule": (lambda one: rewritten(one, "RRULE", {"FREQ": ["WEEKLY"], "COUNT": [6]}), "FREQ=WEEKLY;COUNT=6"),
    "exceptions": (
        lambda one: one.add("EXDATE", one["DTSTART"].dt.replace(day=19)),
        [["2026-10-19T15:00:00", None, None, False, "", "", "", "", None, None, True]],
    ),
    "links": (
        lambda one: (
            one.pop("CONFERENCE", None),
            one.add("CONFERENCE", vUri("https://example.org/2")),
            one.pop("URL", 0),
        ),
        [["meeting", "", "https://example.org/2"]],
    ),
}


def test_every_field_that_a_file_brings_is_tried() -> None:
    assert set(IN_A_FILE) == {field.name for field in FIELDS if field.ics is Ics.BOTH}


@for_each(field for field in FIELDS if field.ics is Ics.BOTH)
def test_a_file_changes_it_and_undoing_restores_it(
    world: Callable[[EventField], Pair], coordinator: Visitor, field: EventField
) -> None:
    before, _after = world(field)
    event = make(before)
    body = coordinator.get(f"/events/{event.id}.ics").data
    calendar = Calendar.from_ical(body)
    write, expected = IN_A_FILE[field.name]
    write(calendar.walk("VEVENT")[0])
    importer = Importer(None, (), None)
    kept = preview(db.session, calendar.to_ical(), "back.ics", importer, "Europe/Vienna")
    counts = apply(db.session, kept, {0}, importer)
    db.session.commit()
    assert counts["changed"] == 1, kept.result
    db.session.expire_all()
    changed = record.facts(event)
    assert changed[field.name] == expected
    stays = {one.name for one in FIELDS if one.ics is not Ics.BOTH}
    assert stays.isdisjoint(differing(before, changed))
    assert undo(db.session, kept, importer, now()) == (1, [])
    db.session.commit()
    db.session.expire_all()
    assert record.facts(event) == before


# --- Lists, editions, hand-outs ---


@for_each(DRAFTED)
def test_lists_have_a_column_for_it_or_a_reason(
    world: Callable[[EventField], Pair], coordinator: Visitor, sqlite_app: Flask, field: EventField
) -> None:
    sqlite_app.config["CLOCK"] = lambda: datetime(2026, 10, 1, 12, tzinfo=UTC)
    before, after = world(field)
    event = make(before)

    def rows() -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
        as_json = json.loads(coordinator.get("/exports/calendar.json").data)["rows"]
        as_csv = csv.DictReader(io.StringIO(coordinator.get("/exports/calendar.csv").data.decode("utf-8-sig")))
        return as_json, list(as_csv)

    first = rows()
    change(event, after)
    for was, became in zip(first, rows(), strict=True):
        if field.name in ("segments", "rrule", "exceptions"):  # columns and rows of their own
            assert was != became
            continue
        different = {title for old, new in zip(was, became, strict=True) for title in old if old[title] != new[title]}
        assert different == ({field.cell.title} if field.cell else set())


@for_each(FIELDS)
def test_editions_hold_it_and_their_comparison_tells_it(world: Callable[[EventField], Pair], field: EventField) -> None:
    before, after = world(field)
    event = make(before)
    older = edition_of(event)
    change(event, after)
    newer = edition_of(event)
    (entry,) = older["event"]
    assert entry["facts"] == before
    found = compare_contents(older, newer, "event").records[event.id]
    if field.name == "is_listed":
        assert found.kind is Became.GONE
        return
    assert list(found.fields) == [field.name]
    assert newer["event"][0]["facts"] == after
    assert (field.name in labels()) is field.compared


def test_a_field_that_an_older_edition_does_not_have_says_nothing_there(world: Callable[[EventField], Pair]) -> None:
    """And is told as changed only where it says something by now."""
    before, _after = world(FIELD["title"])
    silent = make(before | {"remarks": "", "documents": None, "series_number": None})
    spoken = record.create_event(db.session, draft_from(before, Records(db.session)), by=None)
    db.session.commit()
    contents = gather(db.session, DAY)
    for entry in contents["event"]:
        for name in ("remarks", "documents", "series_number"):
            entry["facts"].pop(name)
    older, newer = read(*pack(contents)), read(*pack(gather(db.session, DAY)))
    found = compare_contents(older, newer, "event").records
    assert found[silent.id].kind is Became.UNCHANGED
    assert set(found[spoken.id].fields) == {"remarks", "documents", "series_number"}
    assert next(one for one in older["event"] if one["id"] == silent.id)["facts"]["remarks"] == EMPTY["remarks"]


@for_each(DRAFTED)
def test_hand_outs_show_what_may_leave_and_nothing_else(world: Callable[[EventField], Pair], field: EventField) -> None:
    before, after = world(field)
    event = make(before)

    def content() -> Any:
        edition = edition_of(event)
        passed = Passed([], edition["event"], [])
        return content_of(passed, edition, audience="public", form=Form.FULL)

    first = content()
    change(event, after)
    assert (content() != first) is field.outside


# --- Everything at once ---


def whole(world: Callable[[EventField], Pair]) -> tuple[Event, dict[str, Any]]:
    """An event that says something in every field."""
    _before, facts = world(FIELD["parent"])
    for name in ("rrule", "exceptions", "participants_incomplete", "shareable"):
        facts[name] = said(FIELD[name], 1)
    silent = [name for name, value in facts.items() if value in ("", None, [], False)]
    assert silent == []
    return make(facts), facts


def test_backup_and_restore_bring_every_field_back(
    world: Callable[[EventField], Pair], sqlite_app: Flask, tmp_path: Path
) -> None:
    event, facts = whole(world)
    event_id, settings = event.id, sqlite_app.extensions["interagency_settings"]
    backup(settings, tmp_path / "copy.backup")
    change(event, world(FIELD["title"])[1])
    db.session.close()
    close(sqlite_app)
    restore(settings, tmp_path / "copy.backup", replace=True)
    assert record.facts(db.session.get_one(Event, event_id)) == facts


def test_a_copy_in_another_database_says_every_field(
    world: Callable[[EventField], Pair], sqlite_app: Flask, tmp_path: Path
) -> None:
    event, facts = whole(world)
    event_id, folder = event.id, tmp_path / "elsewhere"
    folder.mkdir()
    db.session.close()
    settings = sqlite_app.extensions["interagency_settings"]
    target = make_settings(folder)
    copy_to(settings, target.database_url, create_app=create_app, replace_target=False, tell=lambda _line: None)
    other = make_app(target)
    with other.app_context():
        assert record.facts(db.session.get_one(Event, event_id)) == facts
        db.session.close()
    close(other)
    shutil.rmtree(folder)


def test_where_two_activities_become_one_only_what_it_serves_changes(world: Callable[[EventField], Pair]) -> None:
    event, facts = whole(world)
    first, second = world(FIELD["activities"])[1]["activities"]
    by = db.session.scalars(sa.select(Person)).first()
    assert by is not None
    kept = merging.carry(db.session, first, second, by)
    assert record.facts(event) == facts | {"activities": [second]}
    merging.take_back(db.session, kept, first, second, by)
    assert record.facts(event) == facts
