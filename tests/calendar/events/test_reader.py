"""Many events read at once say what their records say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from interagency.calendar.events import cycle_part as monthly
from interagency.calendar.events import record
from interagency.calendar.events.models import Event, EventKind, EventSeries, EventStatus, LinkKind, Mode
from interagency.calendar.events.occurrences import format_days, occurrences
from interagency.calendar.events.queries import everything
from interagency.calendar.events.reader import read_events
from interagency.calendar.events.record import DayDraft, DocumentDraft, EventDraft, ExceptionDraft, SegmentDraft
from interagency.db import batches
from interagency.db.base import db
from interagency.matrix.activities.models import Activity, Milestone, TextLanguage
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate
from tests.helpers import event_draft, statements_seen

DAY = date(2026, 11, 1)
WHOLE = (date(1900, 1, 1), date(2199, 12, 31))


def day(number: int) -> ImpreciseDate:
    return ImpreciseDate.day(date(2026, 10, number))


def organisations(*keys: str) -> list[Organisation]:
    known = {one.key: one for one in db.session.scalars(sa.select(Organisation).where(Organisation.key.in_(keys)))}
    return [known[key] for key in keys]


def says_everything(activity: int) -> EventDraft:
    milestone = Milestone(activity_id=activity, title="Report")
    series = EventSeries(title="Sessions")
    db.session.add_all([milestone, series])
    db.session.flush()
    own = db.session.get(Activity, activity)
    assert own is not None
    return event_draft(
        title="Everything", kind=EventKind.WORKSHOP, status=EventStatus.CONFIRMED,
        segments=[
            SegmentDraft(day(12), day(13), time(9), time(17, 30), (DayDraft(day(12).first, 3, "plenary"),)),
            SegmentDraft(day(20), day(20), time(9), time(17, 30), (DayDraft(day(20).first, None, "visits"),)),
        ],
        description="Two rounds", mode=Mode.HYBRID, venue="Room C", city="Vienna",
        country=db.session.get(Country, "AT"), timezone="Europe/Vienna", meant_for="Experts",
        organisers=organisations("who", "unodc"), participants=organisations("undp", "ohchr"),
        participants_incomplete=True, chapters=[7, 2], activities=[own], series=series, series_number=61,
        links=[(LinkKind.WEBCAST, "Live", "https://example.org/live"), (LinkKind.PAGE, "", "https://example.org/")],
        documents=[
            DocumentDraft("Paper", "https://example.org/paper", organisations("who")[0], True),
            DocumentDraft("Note", "https://example.org/note", None, False),
        ],
        milestone=milestone.id, shareable=True, text_language=TextLanguage.FRENCH,
        source="A letter", remarks="By word of mouth",
    )  # fmt: skip


def repeats() -> EventDraft:
    return event_draft(
        title="Weekly", kind=EventKind.WEB_MEETING, status=EventStatus.TENTATIVE,
        segments=[SegmentDraft(day(5), day(5), time(14), time(15))], timezone="Africa/Nairobi",
        organisers=organisations("undp"), rrule="FREQ=WEEKLY;COUNT=6",
        exceptions=[
            ExceptionDraft(
                datetime(2026, 10, 19, 14), datetime(2026, 10, 20, 9), datetime(2026, 10, 20, 10), False, "Moved", "why"
            ),
            ExceptionDraft(datetime(2026, 10, 12, 14), is_cancelled=True),
        ],
    )  # fmt: skip


def plain(title: str, *segments: SegmentDraft) -> EventDraft:
    return event_draft(
        title=title, kind=EventKind.SESSION, status=EventStatus.CANCELLED, segments=list(segments) or [], chapters=[1]
    )


@pytest.fixture
def filled(app: Flask, add_activity: Callable[..., int]) -> Flask:
    """A service with events of all shapes."""
    activity = add_activity("Work", entities=("undp",))
    with app.app_context():
        drafts = [says_everything(activity), repeats(), plain("No day yet")]
        drafts.append(plain("Vague", SegmentDraft(ImpreciseDate.year(2027), ImpreciseDate.year(2027))))
        made = [record.create_event(db.session, draft, by=None) for draft in drafts]
        inside = plain("Side event", SegmentDraft(day(13), day(13)))
        inside.parent = made[0]
        record.create_event(db.session, inside, by=None)
        made[2].is_listed = False
        db.session.commit()
    return app


def by_records() -> list[Event]:
    return list(db.session.scalars(sa.select(Event).order_by(Event.id).options(*everything())))


def happenings(event: Event) -> list[tuple[Any, ...]]:
    return [(one.when, one.start, one.end, one.title, one.is_cancelled, one.note, one.sort_key)
            for one in occurrences(event, *WHOLE)]  # fmt: skip


def test_events_read_at_once_say_what_their_records_say(filled: Flask) -> None:
    with filled.app_context():
        read, records = list(read_events(db.session)), by_records()
        assert [one.title for one in read] == ["Everything", "Weekly", "No day yet", "Vague", "Side event"]
        for plain_one, event in zip(cast(list[Event], read), records, strict=True):
            assert record.facts(plain_one) == record.facts(event)
            assert format_days(plain_one) == format_days(event)
            assert happenings(plain_one) == happenings(event)
            for name in ("id", "uid", "version", "sequence", "is_joint", "first_day", "last_day"):
                assert getattr(plain_one, name) == getattr(event, name), name
            chapters = [(link.chapter_number, link.by_day) for link in plain_one.chapters]
            assert chapters == [(link.chapter_number, link.by_day) for link in event.chapters]


def test_every_fact_of_an_event_is_said_by_one_of_these(filled: Flask) -> None:
    """So that a fact that is added and not read is noticed by the test above."""
    with filled.app_context():
        said = [record.facts(event) for event in by_records()]
        nothing = ("", None, [], False)
        silent = [name for name in said[0] if all(facts[name] in nothing for facts in said)]
        assert silent == []


def test_an_edition_holds_the_listed_ones_and_far_ones_say_the_same(filled: Flask) -> None:
    with filled.app_context():
        listed = monthly.entries(db.session, DAY)
        assert [entry["facts"]["title"] for entry in listed] == ["Everything", "Weekly", "Vague", "Side event"]
        ends = [listed[0]["id"], listed[-1]["id"]]
        assert monthly.entries(db.session, DAY, [Event.id.in_(ends)]) == [listed[0], listed[-1]]


def test_what_others_add_while_it_is_read_stops_nobody(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL each statement sees what was committed before it: a series may be newer than the first batch."""
    if app.extensions["interagency_settings"].is_sqlite:
        pytest.skip("on SQLite a reader sees one state throughout")
    monkeypatch.setattr(batches, "BATCH", 1)
    with app.app_context():
        first, last = (record.create_event(db.session, plain(title), by=None) for title in ("First", "Last"))
        db.session.commit()
        reading = read_events(db.session)
        assert next(reading).title == first.title
        series = EventSeries(title="Begun just now")
        with Session(db.engine) as other:
            other.add(series)
            other.flush()
            other.execute(sa.update(Event).where(Event.id == last.id).values(series_id=series.id))
            other.commit()
        assert [(one.title, one.series) for one in reading] == [("Last", ("Begun just now",))]


def test_three_events_and_thirty_cost_as_many_statements(sqlite_app: Flask) -> None:
    def statements() -> int:
        with statements_seen(sqlite_app) as seen, sqlite_app.app_context():
            assert monthly.entries(db.session, DAY)
        return len(seen)

    def add(number: int) -> None:
        with sqlite_app.app_context():
            for place in range(number):
                record.create_event(db.session, plain(f"Event {place}", SegmentDraft(day(5), day(6))), by=None)
            db.session.commit()

    add(3)
    few = statements()
    add(27)
    assert statements() == few
