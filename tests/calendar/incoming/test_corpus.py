"""Files as Outlook, Exchange, Google, Apple, Thunderbird, Notes and others write them, read beside two other parsers.

The files were written by hand after the habits of these programs; none holds anybody's data.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from ical.calendar_stream import IcsCalendarStream

from interagency.calendar.events.models import Event, EventKind, EventStatus
from interagency.calendar.events.occurrences import occurrences
from interagency.calendar.events.record import apply_draft
from interagency.calendar.incoming.comparing import Importer, chosen_by_default, preview
from interagency.calendar.incoming.drafts import onto
from interagency.calendar.incoming.reading import read_ics
from interagency.db.base import db
from tests.calendar.incoming.doing import apply
from tests.calendar.vobject_reader import read_by_vobject
from tests.helpers import event_draft

VIENNA = "Europe/Vienna"
FILES = sorted((Path(__file__).parent / "corpus").glob("*.ics"))
FIRST, LAST = date(2026, 1, 1), date(2028, 12, 31)
# Where the other parser is wrong, and in what.
KNOWN_OF_ICAL = {
    "exchange-india": "takes a zone whose one onset lies in 1601 as UTC",
    "lotus-listed-dates": "leaves DTSTART out where RDATE stands without RRULE",
}
Happening = tuple[str, date | datetime, date | datetime]


def ours(body: bytes) -> list[Happening]:
    """What happens, as the calendar's own pages would say it."""
    found = []
    for one in read_ics(body, VIENNA).events:
        event = Event(id=1, uid=one.uid)
        apply_draft(event, onto(event_draft("", EventKind.WORKSHOP, EventStatus.CONFIRMED, []), one, None))
        for happening in occurrences(event, FIRST, LAST):
            if happening.is_cancelled:
                continue
            start: date | datetime = happening.start.astimezone(UTC) if happening.start else happening.first
            end: date | datetime = happening.end.astimezone(UTC) if happening.end else happening.last
            found.append((happening.title, start, end))
    return sorted(found, key=str)


def _plain(value: date | datetime) -> date | datetime:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def by_vobject(body: bytes) -> list[Happening]:
    calendar = read_by_vobject(body)
    changed = {
        (one.uid.value, _plain(one.recurrence_id.value))
        for one in calendar.vevent_list
        if hasattr(one, "recurrence_id")
    }
    found: list[Happening] = []
    for one in calendar.vevent_list:
        start = one.dtstart.value
        timed = isinstance(start, datetime)
        if hasattr(one, "dtend"):
            end = one.dtend.value
        else:
            end = start + (one.duration.value if hasattr(one, "duration") else timedelta(days=0 if timed else 1))
        length = end - start
        repeats = (hasattr(one, "rrule") or hasattr(one, "rdate")) and not hasattr(one, "recurrence_id")
        zone = UTC if timed else None
        window = datetime(2026, 1, 1, tzinfo=zone), datetime(2029, 1, 1, tzinfo=zone)
        begins = one.getrruleset(addRDate=True).between(*window) if repeats else [start]
        for begin in begins:
            first = begin.replace(tzinfo=start.tzinfo) if timed else _day(begin)
            if not hasattr(one, "recurrence_id") and (one.uid.value, _plain(first)) in changed:
                continue
            # A day at the end is exclusive; a time is not.
            last = first + length if timed else first + length - timedelta(days=1)
            found.append((one.summary.value, _plain(first), _plain(last)))
    return sorted(set(found), key=str)


def _day(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else value


def by_ical(body: bytes) -> list[Happening]:
    calendar = IcsCalendarStream.calendar_from_ics(body.decode())
    found: list[Happening] = []
    window = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    for one in calendar.timeline_tz(ZoneInfo(VIENNA)).overlapping(*window):
        if isinstance(one.dtstart, datetime):
            found.append((str(one.summary), _plain(one.start_datetime), _plain(one.end_datetime)))
        else:
            found.append((str(one.summary), one.dtstart, one.end - timedelta(days=1)))
    return sorted(found, key=str)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_vobject_finds_the_same(path: Path) -> None:
    assert ours(path.read_bytes()) == by_vobject(path.read_bytes())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ical_finds_the_same(path: Path) -> None:
    same = ours(path.read_bytes()) == by_ical(path.read_bytes())
    assert same is (path.stem not in KNOWN_OF_ICAL)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_of_it_is_taken(path: Path) -> None:
    assert read_ics(path.read_bytes(), VIENNA).skipped == []


@pytest.mark.slow
def test_the_whole_corpus_is_taken_in_once_and_is_unchanged_the_second_time(app: Flask) -> None:
    with app.app_context():
        importer = Importer(None, (), None)
        for expected in ("new", "unchanged"):
            for path in FILES:
                kept = preview(db.session, path.read_bytes(), path.name, importer, VIENNA)
                assert {item["act"] for item in kept.result["items"]} == {expected}, path.name
                apply(db.session, kept, chosen_by_default(kept.result["items"]), importer)
                db.session.commit()
        db.session.close()
