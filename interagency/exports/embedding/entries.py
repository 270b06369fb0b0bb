"""What an embedded calendar shows: the dates of a feed, or of a hand-out, by the clock of a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event
from interagency.calendar.events.occurrences import Occurrence, StoredOccurrence
from interagency.calendar.events.queries import chapters_wanted, event_conditions
from interagency.calendar.feeds.models import Subscription
from interagency.calendar.feeds.publishing import in_feeds
from interagency.calendar.feeds.subscriptions import filters_of
from interagency.calendar.pages.grids import weeks_of_month
from interagency.calendar.pages.reader_days import in_zone, reader_occurrences
from interagency.calendar.pages.shown_events import events_under
from interagency.exports.external.content import Content
from interagency.exports.external.files import documents_of
from interagency.matrix.organisations.queries import entities_of

DAY = timedelta(days=1)
# Lines of a list, and of one day of a month.
LISTED, LISTED_IN_DAY = 60, 6
# How far ahead a list looks.
AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Entry:
    """One date of an event: its days and, where it has any, its hours by the clock that was asked for."""

    title: str
    first: date
    last: date
    start: datetime | None
    end: datetime | None
    status: str
    kind: str
    place: str
    organisers: list[str]
    documents: list[list[str]]
    # Of the page of the record, for who may sign in; None outside.
    event_id: int | None = None

    @property
    def is_cancelled(self) -> bool:
        return self.status == "cancelled"


def of_subscription(
    session: Session, subscription: Subscription, person: Person, first: date, last: date, zone: ZoneInfo, day: date
) -> list[Entry]:
    """What the feed of a subscription says of the days from `first` to `last`, on `day`; no deadlines, which are its
    owner's.
    """
    filters = filters_of(session, subscription)
    mine = [entity.key for entity in entities_of(session, person, day)]
    conditions = [
        *event_conditions(filters, mine),
        *in_feeds(day),
        Event.first_day <= last + DAY,
        sa.or_(Event.last_day.is_(None), Event.last_day >= first - DAY),
    ]
    events = events_under(session, conditions)[0]
    return [
        Entry(
            one.title, one.first, one.last, one.start, one.end, one.status.value, one.event.kind.value, one.place,
            [cast(Any, who).short for who in one.event.organisers], [], one.event.id,
        )
        for one in reader_occurrences(events, first, last, chapters_wanted(filters), zone)
        if one.exact
    ]  # fmt: skip


def of_hand_out(content: Content, first: date, last: date, zone: ZoneInfo) -> list[Entry]:
    """What was handed out of the days from `first` to `last`."""
    found = []
    for event in content.get("events", []):
        for day in (StoredOccurrence(*values) for values in event["days"]):
            one = _in_zone(event, day, zone) if day.is_exact else None
            if one is None or one.first > last or one.last < first:
                continue
            status = "cancelled" if day.is_cancelled else day.status or event["status"]
            found.append(
                Entry(
                    day.title, one.first, one.last, one.start, one.end, status, event["kind"],
                    day.venue or event["place"], event["organisers"], documents_of(event),
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: (one.first, one.start.time() if one.start else time(), one.title))


def _in_zone(event: dict[str, Any], day: StoredOccurrence, zone: ZoneInfo) -> Occurrence | None:
    if day.first_day is None or day.last_day is None:
        return None
    start = end = None
    if day.begins and day.ends and event["timezone"]:
        own = ZoneInfo(event["timezone"])
        start = datetime.combine(day.first_day, time.fromisoformat(day.begins), own)
        end = datetime.combine(day.last_day, time.fromisoformat(day.ends), own)
        if end < start:  # its last day is that before the midnight it ends at
            end += DAY
    nothing: Any = None  # only days and hours are asked of it
    return in_zone(
        Occurrence(nothing, nothing, day.first_day, day.last_day, start, end, day.title, day.is_cancelled, "", True),
        zone,
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a month: what is on it, and how much more there is."""

    day: date
    entries: list[Entry]
    more: int


def month_of_entries(found: list[Entry], first: date) -> list[list[Cell]]:
    """The weeks of the month that begins on `first`, as days."""
    weeks = []
    for week in weeks_of_month(first.year, first.month):
        cells = []
        for day in week:
            own = [one for one in found if one.first <= day <= one.last]
            cells.append(Cell(day, own[:LISTED_IN_DAY], max(0, len(own) - LISTED_IN_DAY)))
        weeks.append(cells)
    return weeks
