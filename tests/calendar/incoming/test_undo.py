"""Files that come again: the newer is known by what the file says, undoing puts everything back, feeds hear of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from icalendar import Calendar

from interagency.calendar.events import record
from interagency.calendar.events.models import Event, EventKind, EventStatus, LinkKind
from interagency.calendar.events.occurrences import all_occurrences
from interagency.calendar.events.queries import everything
from interagency.calendar.events.record import DayDraft, EventDraft, ExceptionDraft, SegmentDraft
from interagency.calendar.feeds.subscriptions import build_feed
from interagency.calendar.incoming.comparing import Importer, chosen_by_default, preview
from interagency.calendar.incoming.models import CalendarImport
from interagency.db.base import db, now
from interagency.matrix.activities.filters import Filters
from interagency.text.dates import ImpreciseDate
from tests.calendar.incoming.doing import apply, undo
from tests.helpers import event_draft

VIENNA = "Europe/Vienna"


def file(*events: str) -> bytes:
    blocks = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{blocks}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def meeting(title: str = "Meeting", day: str = "20261012", uid: str = "a@x", **more: str) -> str:
    rest = "\n".join(f"{name.replace('_', '-')}:{value}" for name, value in more.items())
    return f"UID:{uid}\nSUMMARY:{title}\nDTSTART:{day}T130000Z\nDTEND:{day}T140000Z\n{rest}"


@pytest.fixture
def at_desk(sqlite_app: Flask) -> Iterator[None]:
    """At the command line, on SQLite."""
    with sqlite_app.app_context():
        yield
        db.session.rollback()
        db.session.close()


DESK = Importer(None, (), None)


def look(body: bytes) -> tuple[CalendarImport, list[dict[str, Any]]]:
    kept = preview(db.session, body, "x.ics", DESK, VIENNA)
    return kept, kept.result["items"]


def take(body: bytes) -> tuple[CalendarImport, dict[str, int]]:
    kept, items = look(body)
    counts = apply(db.session, kept, chosen_by_default(items), DESK)
    db.session.commit()
    db.session.expire_all()
    return kept, counts


def take_back(kept: CalendarImport) -> tuple[int, list[str]]:
    result = undo(db.session, kept, DESK, now())
    db.session.commit()
    db.session.expire_all()
    return result


def events() -> list[Event]:
    return list(db.session.scalars(sa.select(Event).order_by(Event.id).options(*everything())))


def feed() -> bytes:
    return build_feed(db.session, Filters(), [], "All", "http://localhost/x", "http://localhost", True).body


def entries() -> dict[str, Any]:
    return {str(one["UID"]): one for one in Calendar.from_ical(feed()).walk("VEVENT") if "RECURRENCE-ID" not in one}


# --- Which is newer ---


def test_an_exporter_that_never_raises_sequence_is_heard_every_time(at_desk: None) -> None:
    for number, stamp in enumerate(["20260101T090000Z", "20260102T090000Z", "20260103T090000Z", "20260104T090000Z"]):
        _kept, counts = take(
            file(meeting(f"Version {number}", f"202610{12 + number}", SEQUENCE="0", LAST_MODIFIED=stamp, DTSTAMP=stamp))
        )
        assert counts["added" if number == 0 else "changed"] == 1
    (event,) = events()
    assert (event.title, event.first_day) == ("Version 3", date(2026, 10, 15))
    assert event.sequence >= 3


def test_without_any_stamp_the_content_decides(at_desk: None) -> None:
    for title in ("One", "Two", "Three"):
        take(file(meeting(title, "20261013" if title == "Two" else "20261012")))
    assert events()[0].title == "Three"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"SEQUENCE": "2"}, {"SEQUENCE": "1"}),
        ({"DTSTAMP": "20260202T090000Z"}, {"DTSTAMP": "20260101T090000Z"}),
        (
            {"SEQUENCE": "1", "LAST_MODIFIED": "20260202T090000Z", "DTSTAMP": "20260303T090000Z"},
            {"SEQUENCE": "1", "LAST_MODIFIED": "20260101T090000Z", "DTSTAMP": "20260404T090000Z"},
        ),
    ],
)
def test_an_older_file_changes_nothing(at_desk: None, first: dict[str, str], then: dict[str, str]) -> None:
    take(file(meeting("New", **first)))
    _kept, items = look(file(meeting("Old", **then)))
    assert items[0]["act"] == "skipped"
    assert "newer than the file" in items[0]["reason"]


def test_what_was_changed_here_is_shown_as_a_conflict_not_locked_out(at_desk: None) -> None:
    take(file(meeting(SEQUENCE="0", DTSTAMP="20260101T090000Z")))
    (event,) = events()
    draft = record.draft_of(event)
    draft.venue = "Room C"
    record.save_event(db.session, event, draft, version=event.version, by=None)
    db.session.commit()
    _kept, items = look(file(meeting("Newer", SEQUENCE="0", DTSTAMP="20260201T090000Z")))
    assert items[0]["act"] == "updated"
    assert "changed here" in items[0]["conflict"]
    assert chosen_by_default(items) == set()


def test_two_runs_of_days_changed_in_one_file_are_one_change_to_undo(at_desk: None) -> None:
    draft = whole_event()
    draft.rrule, draft.exceptions = "", []
    made = record.create_event(db.session, draft, by=None)
    db.session.commit()
    before = (record.facts(made), sorted(entries()))
    changed = feed().replace(b"20261012T150000", b"20261012T160000").replace(b"20261020", b"20261021")
    kept, counts = take(changed)
    assert (counts["changed"], counts["conflicts"]) == (2, 0)
    assert take_back(kept) == (1, [])
    assert (record.facts(events()[0]), sorted(entries())) == before


def test_single_further_dates_follow_the_file_and_keep_their_uids(at_desk: None) -> None:
    take(file(meeting(RDATE="20261019T130000Z,20261026T130000Z", SEQUENCE="0")))
    assert sorted(entries()) == ["a-2@x", "a-3@x", "a@x"]
    again, items = look(file(meeting(RDATE="20261019T130000Z,20261026T130000Z", SEQUENCE="0")))
    assert [item["act"] for item in items] == ["unchanged"]
    db.session.delete(again)
    take(file(meeting(RDATE="20261026T130000Z,20261102T130000Z", SEQUENCE="1")))
    found = {uid: one["DTSTART"].dt.day for uid, one in entries().items()}
    assert (found["a@x"], found["a-3@x"], len(found)) == (12, 26, 3)
    assert sorted(found.values()) == [2, 12, 26]


# --- Undo ---


def whole_event() -> EventDraft:
    """An event with all that a file could touch: chapters of days, changed dates, links, an imprecise run."""
    day = ImpreciseDate.day
    first = SegmentDraft(
        day(date(2026, 10, 12)), day(date(2026, 10, 12)), time(15), time(17),
        (DayDraft(date(2026, 10, 12), 3, "opening"),),
    )  # fmt: skip
    second = SegmentDraft(day(date(2026, 10, 20)), day(date(2026, 10, 20)), None, None)
    vague = SegmentDraft(ImpreciseDate.month(2026, 12), ImpreciseDate.month(2026, 12))
    return event_draft(
        title="Ours",
        kind=EventKind.TRAINING,
        status=EventStatus.POSTPONED,
        segments=[first, second, vague],
        description="What it is about.",
        venue="Room A",
        timezone=VIENNA,
        links=[(LinkKind.WEBCAST, "UN Web TV", "https://example.org/tv"), (LinkKind.PAGE, "", "https://example.org")],
        rrule="",
        remarks="for ourselves",
    )


def repeated_event() -> EventDraft:
    draft = whole_event()
    draft.segments = draft.segments[:1]
    draft.rrule = "FREQ=WEEKLY;COUNT=6"
    draft.exceptions = [
        ExceptionDraft(datetime(2026, 10, 19, 15), is_cancelled=True, note="holiday"),
        ExceptionDraft(
            datetime(2026, 10, 26, 15), datetime(2026, 10, 27, 9), datetime(2026, 10, 27, 10), title="Moved"
        ),
    ]
    return draft


@pytest.mark.parametrize("make", [whole_event, repeated_event])
@pytest.mark.parametrize("status", ["CONFIRMED", "CANCELLED"])
def test_undo_puts_every_fact_and_date_back(at_desk: None, make: Callable[[], EventDraft], status: str) -> None:
    made = record.create_event(db.session, make(), by=None)
    db.session.commit()
    span = (date(2026, 1, 1), date(2027, 12, 31))
    facts, uid = record.facts(made), made.uid
    days = [(one.first, one.start, one.title, one.is_cancelled) for one in all_occurrences([made], *span)]
    uids, before = sorted(entries()), entries()[uid]
    numbers = [segment.number for segment in made.segments]
    kept, counts = take(
        file(
            f"UID:{uid}\nSEQUENCE:9\nSUMMARY:Theirs\nSTATUS:{status}\nLOCATION:Elsewhere\nURL:https://example.org/theirs\n"
            "DTSTART;TZID=America/New_York:20271101T090000\nDTEND;TZID=America/New_York:20271101T100000\n"
            "RRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=America/New_York:20271102T090000"
        )
    )
    assert counts["changed"] == 1
    during = entries()[uid]
    assert take_back(kept) == (1, [])
    (event,) = events()
    assert record.facts(event) == facts
    assert event.cancelled_at is None
    assert [segment.number for segment in event.segments] == numbers
    assert [(one.first, one.start, one.title, one.is_cancelled) for one in all_occurrences([event], *span)] == days
    after = entries()
    assert sorted(after) == uids
    assert after[uid]["SEQUENCE"] > during["SEQUENCE"] > before["SEQUENCE"]
    assert after[uid]["LAST-MODIFIED"].dt >= during["LAST-MODIFIED"].dt
    assert after[uid]["DTSTART"].dt == before["DTSTART"].dt


def test_undo_of_a_new_title_alone_is_an_update_to_subscribers(at_desk: None) -> None:
    take(file(meeting("First", SEQUENCE="0", DTSTAMP="20260101T090000Z")))
    kept, _counts = take(file(meeting("Second", SEQUENCE="5", DTSTAMP="20260201T090000Z")))
    during = entries()["a@x"]["SEQUENCE"]
    take_back(kept)
    assert str(entries()["a@x"]["SUMMARY"]) == "First"
    assert entries()["a@x"]["SEQUENCE"] > during


def test_when_it_was_cancelled_is_put_back_too(at_desk: None) -> None:
    made = record.create_event(db.session, whole_event(), by=None)
    made.status, made.cancelled_at = EventStatus.CANCELLED, datetime(2026, 1, 2, tzinfo=UTC)
    db.session.commit()
    kept, _counts = take(file(meeting("Again on", uid=made.uid, SEQUENCE="3", STATUS="CONFIRMED")))
    assert events()[0].cancelled_at is None
    take_back(kept)
    assert events()[0].cancelled_at == datetime(2026, 1, 2, tzinfo=UTC)


def test_a_file_that_was_taken_back_can_be_taken_in_again(at_desk: None) -> None:
    take(file(meeting("First", SEQUENCE="0", DTSTAMP="20260101T090000Z")))
    body = file(meeting("Second", "20261013", SEQUENCE="0", DTSTAMP="20260201T090000Z"))
    for _time in range(3):
        kept, counts = take(body)
        assert counts["changed"] == 1
        take_back(kept)
    assert events()[0].title == "First"


def test_a_new_event_that_was_taken_back_comes_back_under_its_uid(at_desk: None) -> None:
    body = file(meeting())
    sequences = []
    for _time in range(3):
        kept, counts = take(body)
        assert counts["added"] == 1
        sequences.append(int(entries()["a@x"]["SEQUENCE"]))
        take_back(kept)
        assert entries() == {}
    assert len(events()) == 1
    assert sequences == sorted(set(sequences))


def test_taking_back_twice_changes_nothing_more(at_desk: None) -> None:
    take(file(meeting("First")))
    kept, _counts = take(file(meeting("Second")))
    assert take_back(kept)[0] == 1
    version = events()[0].version
    assert take_back(kept) == (0, [])
    assert events()[0].version == version
