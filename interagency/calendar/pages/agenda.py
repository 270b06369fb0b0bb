"""The agenda: what is coming, or what has been, one page of it at a time; what repeats is one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event, Segment
from interagency.calendar.events.occurrences import Occurrence, occurrences
from interagency.calendar.events.queries import event_conditions
from interagency.calendar.events.recurrence import rule_words
from interagency.calendar.pages.reader_days import in_zone
from interagency.calendar.pages.shown_events import events_under, shown_events
from interagency.matrix.activities.filters import Filters
from interagency.text.dates import Precision

# Lines of a page.
SIZE = 40
# How many days are looked at, one after the other, for the next date of what repeats.
_SPANS = (40, 400, 4000)
# How far dates of a series that differ are told each for itself, and how many of one series.
_DIFFERING_DAYS, _DIFFERING = 400, 5
_DAY = timedelta(days=1)
Key = tuple[date, time, int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a happening, and the day it is listed by. `repeats` says the rule of what repeats, in words.

    `is_own_date`: the line is of one date of a series that was changed, moved or cancelled.
    """

    occurrence: Occurrence
    day: date
    repeats: str = ""
    is_own_date: bool = False


@dataclass(frozen=True, slots=True)
class AgendaPage:
    """One page of the agenda, how many lines there are, and which page of how many this is."""

    lines: list[Line]
    total: int
    number: int
    pages: int

    def by_month(self) -> Iterator[tuple[date, list[Line]]]:
        """The lines under the first day of their month."""
        month: list[Line] = []
        for line in self.lines:
            if month and month[0].day.replace(day=1) != line.day.replace(day=1):
                yield month[0].day.replace(day=1), month
                month = []
            month.append(line)
        if month:
            yield month[0].day.replace(day=1), month


def agenda(
    session: Session, filters: Filters, mine: Iterable[str], *, day: date, past: bool, zone: ZoneInfo, number: int
) -> AgendaPage:
    """Page `number` of what takes place on `day` or after it, soonest first; with `past` of what was before it.

    What goes on stands under `day`; what is some time in a period that has begun, under its last day. Lines of a page
    stand under the days they have by the clock of `zone`. A fixed number of statements.
    """
    conditions = event_conditions(filters, mine)
    held = [*conditions, Segment.start_first.is_not(None), *_whole(day, past)]
    counting = sa.select(sa.func.count()).select_from(Event).join(Segment, Segment.event_id == Event.id)
    repeated = _repeated(session, conditions, day, past)
    total = (session.scalar(counting.where(*held)) or 0) + len(repeated)
    pages = max(1, -(-total // SIZE))
    number = min(max(1, number), pages)
    begin = (number - 1) * SIZE
    # Each line of what repeats moves those after it by one, so as many of the others before this page are read.
    skipped = max(0, begin - len(repeated))
    places = _places(day, past)
    order = [place.desc() if past else place.asc() for place in places]
    rows = session.execute(
        sa.select(*places).select_from(Event).join(Segment, Segment.event_id == Event.id).where(*held)
        .order_by(*order).offset(skipped).limit(begin + SIZE - skipped)
    )  # fmt: skip
    keyed: list[tuple[Key, Line | None]] = [*((_key(row), None) for row in rows), *repeated]
    shown = sorted(keyed, key=lambda one: one[0], reverse=past)[begin - skipped :][:SIZE]
    events = {one.id: one for one in shown_events(session, [key[2] for key, line in shown if line is None])}
    lines = [line or _line(events[key[2]], key, day) for key, line in shown]
    told = [_by_clock(line, zone, day, past) for line in lines if line]
    return AgendaPage(sorted(told, key=lambda line: line.day, reverse=past), total, number, pages)


def _by_clock(line: Line, zone: ZoneInfo, day: date, past: bool) -> Line:
    """The line with its hours, and the day it is listed by, by the clock of `zone`."""
    one = in_zone(line.occurrence, zone)
    if (one.first, one.last) == (line.occurrence.first, line.occurrence.last):
        return replace(line, occurrence=one)
    return replace(line, occurrence=one, day=one.last if past else max(one.first, day))


def _whole(day: date, past: bool) -> tuple[sa.ColumnElement[bool], ...]:
    """What is coming and does not repeat; what is past, also what repeated and does no more."""
    if past:
        return (sa.case((Event.rrule == "", Segment.end_last), else_=Event.last_day) < day,)
    return (Event.rrule == "", Segment.end_last >= day, Event.last_day >= day)


def _places(day: date, past: bool) -> tuple[sa.ColumnElement[Any], ...]:
    """What lines are ordered by: day, hour, event, number of the segment."""
    listed: sa.ColumnElement[date] = sa.case((Event.rrule == "", Segment.end_last), else_=Event.last_day)
    if not past:
        exact = sa.and_(Segment.start_precision == Precision.DAY, Segment.end_precision == Precision.DAY)
        listed = sa.case(
            (Segment.start_first >= day, Segment.start_first),
            (exact, sa.literal(day, sa.Date())),
            else_=Segment.end_last,
        )
    hour = sa.func.coalesce(Segment.start_time, sa.literal(time(), sa.Time()))
    return listed, hour, _column(Event.id), _column(Segment.number)


def _column(attribute: Any) -> Any:
    return sa.inspect(attribute).expression


def _key(row: Any) -> Key:
    return row[0], row[1], row[2], row[3]


def _line(event: Event, key: Key, day: date) -> Line | None:
    if event.rrule:
        return _repeated_line(event, day, past=True)
    one = next(one for one in occurrences(event, date.min, date.max) if one.segment.number == key[3])
    return Line(one, key[0])


def _repeated(
    session: Session, conditions: list[sa.ColumnElement[bool]], day: date, past: bool
) -> list[tuple[Key, Line | None]]:
    """A line for each event that still repeats, by its next date or the last before `day`, and its differing dates."""
    still: list[sa.ColumnElement[bool]] = [sa.or_(Event.last_day.is_(None), Event.last_day >= day)]
    if past:
        still.append(Event.first_day < day)
    found: list[tuple[Key, Line | None]] = []
    for event in events_under(session, [*conditions, Event.rrule != "", *still])[0]:
        for line in (_repeated_line(event, day, past), *_differing(event, day, past)):
            if line is not None:
                hour = line.occurrence.start.time() if line.occurrence.start else time()
                found.append(((line.day, hour, event.id, line.occurrence.segment.number), line))
    return found


def _differing(event: Event, day: date, past: bool) -> Iterator[Line]:
    """The dates of a series that were changed, moved or cancelled, but the one that its own line tells."""
    if event.exceptions:
        told = _nearest(event, day, past)
        span = timedelta(days=_DIFFERING_DAYS)
        first, last = (day - span, day - _DAY) if past else (day, day + span)
        changed = [one for one in occurrences(event, first, last) if one.is_changed and one != told]
        changed.sort(key=lambda one: one.sort_key, reverse=past)
        for one in changed[:_DIFFERING]:
            yield Line(one, one.last if past else max(one.first, day), is_own_date=True)


def _repeated_line(event: Event, day: date, past: bool) -> Line | None:
    one, begins = _nearest(event, day, past), event.segments[0].start
    if one is None or begins is None:
        return None
    return Line(one, one.last if past else max(one.first, day), rule_words(event.rrule, begins.first))


def _nearest(event: Event, day: date, past: bool) -> Occurrence | None:
    """The next date of what repeats, from `day` on, or the last before it; one that is cancelled only if all are."""
    cancelled: Occurrence | None = None
    for days in _SPANS:
        first, last = (day - days * _DAY, day - _DAY) if past else (day, day + days * _DAY)
        found = [one for one in occurrences(event, first, last) if not past or one.last < day]
        found.sort(key=lambda one: one.sort_key, reverse=past)
        standing = next((one for one in found if not one.is_cancelled), None)
        if standing is not None:
            return standing
        cancelled = cancelled or next(iter(found), None)
    return cancelled
