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
from interagency.calendar.events.occurrences import Occurrence, occurrences, parts_about
from interagency.calendar.events.queries import chapters_wanted, event_conditions, has_chapters_by_day
from interagency.calendar.events.reader import read_lines
from interagency.calendar.events.recurrence import rule_words
from interagency.calendar.pages.reader_days import in_zone, reader_occurrences
from interagency.calendar.pages.shown_events import events_under
from interagency.db.paging import page_within
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

    What goes on stands under `day`; what is some time in a period that has begun, under its last day. Days are those
    by the clock of `zone`. A fixed number of statements.
    """
    asked = _Asked(session, event_conditions(filters, mine), chapters_wanted(filters), day, past, zone)
    held = [*asked.conditions, Segment.start_first.is_not(None), *_whole(day, past), *asked.left_to_the_database()]
    counting = sa.select(sa.func.count()).select_from(Event).join(Segment, Segment.event_id == Event.id)
    repeated = [*_repeated(asked), *_looked_at(asked)]
    total = (session.scalar(counting.where(*held)) or 0) + len(repeated)
    number, pages = page_within(number, total, SIZE)
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
    events = {one.id: one for one in read_lines(session, [key[2] for key, line in shown if line is None])}
    lines = [line or _line(events[key[2]], key, asked) for key, line in shown]
    told = [_by_clock(line, asked) for line in lines if line]
    return AgendaPage(sorted(told, key=lambda line: line.day, reverse=past), total, number, pages)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an agenda is asked for."""

    session: Session
    conditions: list[sa.ColumnElement[bool]]
    chapters: list[int]
    day: date
    past: bool
    zone: ZoneInfo

    def left_to_the_database(self) -> list[sa.ColumnElement[bool]]:
        """The conditions of runs of days whose place in the list follows from the record alone."""
        by_day = [sa.not_(has_chapters_by_day())] if self.chapters else []
        return [*by_day, sa.not_(self._near_midnight())]

    def looked_at(self) -> sa.ColumnElement[bool]:
        """The condition of the other runs, of what does not repeat."""
        by_day = [has_chapters_by_day()] if self.chapters else []
        return sa.or_(self._near_midnight(), *by_day)

    def _near_midnight(self) -> sa.ColumnElement[bool]:
        """Runs with hours that end about `day`: the clock of the reader says on which side of it."""
        about = Segment.end_last.between(self.day - _DAY, self.day + _DAY)
        return sa.and_(Event.rrule == "", Segment.start_time.is_not(None), about)

    def dates(self, event: Event, first: date, last: date) -> list[Occurrence]:
        """The dates of a series from `first` to `last` by the clock of the reader, in order; the latest first of the
        past.
        """
        found = reader_occurrences([event], first, last, self.chapters, self.zone)
        return found[::-1] if self.past else found

    def takes(self, one: Occurrence) -> bool:
        """Whether it is among what is coming, or what has been."""
        return (one.last < self.day) is self.past


def _by_clock(line: Line, asked: _Asked) -> Line:
    """The line with its hours, and the day it is listed by, by the clock of the reader."""
    one = in_zone(line.occurrence, asked.zone)
    if (one.first, one.last) == (line.occurrence.first, line.occurrence.last):
        return replace(line, occurrence=one)
    return replace(line, occurrence=one, day=one.last if asked.past else max(one.first, asked.day))


def _whole(day: date, past: bool) -> tuple[sa.ColumnElement[bool], ...]:
    """What is coming and does not repeat; what is past, also what repeated and does no more."""
    if past:
        return (sa.or_(sa.and_(Event.rrule == "", Segment.end_last < day), Event.last_day < day - _DAY),)
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


def _line(event: Event, key: Key, asked: _Asked) -> Line | None:
    if event.rrule:
        return _repeated_line(event, replace(asked, past=True))
    one = next(one for one in occurrences(event, date.min, date.max) if one.segment.number == key[3])
    return Line(one, key[0])


def _repeated(asked: _Asked) -> list[tuple[Key, Line | None]]:
    """A line for each event that still repeats, by its next date or the last before the day, and differing dates."""
    day, past = asked.day, asked.past
    # By the clock of the reader what ended the day before may be on this one.
    still = [sa.or_(Event.last_day.is_(None), Event.last_day >= day - _DAY)]
    if past:
        still.append(Event.first_day <= day)
    events = events_under(asked.session, [*asked.conditions, Event.rrule != "", *still])[0]
    lines = [line for event in events for line in (_repeated_line(event, asked), *_differing(event, asked))]
    return [(_key_of(line), line) for line in lines if line is not None]


def _looked_at(asked: _Asked) -> list[tuple[Key, Line | None]]:
    """A line for each run of days, or part of one, whose place in the list is seen by looking at it."""
    numbers = sa.select(Segment.event_id).join(Event, Event.id == Segment.event_id)
    inside = Event.id.in_(numbers.where(asked.looked_at()).scalar_subquery())
    found: list[tuple[Key, Line | None]] = []
    for event in events_under(asked.session, [*asked.conditions, Event.rrule == "", inside])[0]:
        for one in occurrences(event, date.min, date.max):
            if not (asked.chapters and any(run.days for run in event.segments)) and not _is_near_midnight(one, asked):
                continue
            for part in (in_zone(part, asked.zone) for part in parts_about(one, asked.chapters)):
                if asked.takes(part):
                    begins = part.first >= asked.day or part.exact
                    line = Line(part, max(part.first, asked.day) if begins and not asked.past else part.last)
                    found.append((_key_of(line), line))
    return found


def _is_near_midnight(one: Occurrence, asked: _Asked) -> bool:
    end = one.segment.end
    assert end is not None
    return one.segment.start_time is not None and abs(end.last - asked.day) <= _DAY


def _key_of(line: Line) -> Key:
    one = line.occurrence
    return line.day, one.start.time() if one.start else time(), one.event.id, one.segment.number


def _differing(event: Event, asked: _Asked) -> Iterator[Line]:
    """The dates of a series that were changed, moved or cancelled, but the one that its own line tells."""
    if event.exceptions:
        day, past = asked.day, asked.past
        told = _nearest(event, asked)
        span = timedelta(days=_DIFFERING_DAYS)
        first, last = (day - span, day - _DAY) if past else (day, day + span)
        changed = [one for one in asked.dates(event, first, last) if one.is_changed and one != told]
        for one in changed[:_DIFFERING]:
            yield Line(one, one.last if past else max(one.first, day), is_own_date=True)


def _repeated_line(event: Event, asked: _Asked) -> Line | None:
    one, begins = _nearest(event, asked), event.segments[0].start
    if one is None or begins is None:
        return None
    day = one.last if asked.past else max(one.first, asked.day)
    return Line(one, day, rule_words(event.rrule, begins.first))


def _nearest(event: Event, asked: _Asked) -> Occurrence | None:
    """The next date of what repeats, from the day on, or the last before it; one that is cancelled only if all are."""
    cancelled: Occurrence | None = None
    for days in _SPANS:
        day = asked.day
        first, last = (day - days * _DAY, day - _DAY) if asked.past else (day, day + days * _DAY)
        found = [one for one in asked.dates(event, first, last) if asked.takes(one)]
        standing = next((one for one in found if not one.is_cancelled), None)
        if standing is not None:
            return standing
        cancelled = cancelled or next(iter(found), None)
    return cancelled
