"""Weeks, months and years as grids of days: where each happening stands, and how many there are on a day."""

from __future__ import annotations

import calendar as months
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events.fields import KIND_LABELS
from interagency.calendar.events.holidays import Holiday, holidays_between
from interagency.calendar.events.models import Event, EventChapter, EventStatus, Segment, SegmentDay
from interagency.calendar.events.occurrences import Occurrence, all_occurrences, chapters_by_day
from interagency.calendar.events.queries import chapters_wanted, has_chapters_by_day
from interagency.calendar.pages.shown_events import events_under, touching
from interagency.matrix.activities.filters import Filters
from interagency.text.dates import Precision, date_of, words_between

# Rows of bars in a week of a month; a day that has more says how many.
ROWS = 5
# Happenings without exact days that a page lists; it says how many more there are.
LISTED = 50
# Happenings of one day that a week lists.
LISTED_IN_DAY = 25


@dataclass(frozen=True, slots=True)
class Bar:
    """An occurrence as it stands in one week of a month: from which weekday (0 Monday) over how many days."""

    occurrence: Occurrence
    column: int
    span: int
    row: int
    begins_before: bool
    ends_after: bool
    # Those of each of these days.
    chapters: tuple[list[int], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a month: the bars drawn on it, how many happenings it has, and how many of them are not drawn."""

    day: date
    bars: tuple[Bar, ...]
    happenings: int

    @property
    def more(self) -> int:
        return self.happenings - len(self.bars)


def weeks_of_month(year: int, month: int) -> list[tuple[date, ...]]:
    """The weeks of a month, Monday first, filled up with the days before and after."""
    return [tuple(week) for week in months.Calendar().monthdatescalendar(year, month)]


def month_page(found: Iterable[Occurrence], year: int, month: int) -> list[list[Cell]]:
    """The weeks of a month as days with their bars. `found` are exactly dated, in order."""
    found = list(found)
    return [_week(days, found) for days in weeks_of_month(year, month)]


def _week(days: tuple[date, ...], found: list[Occurrence]) -> list[Cell]:
    bars: list[Bar] = []
    free: list[date] = []  # per row, the last day taken
    here = [one for one in found if one.first <= days[-1] and one.last >= days[0]]
    for one in sorted(here, key=lambda one: (max(one.first, days[0]), -(one.last - one.first).days, one.sort_key)):
        begins, ends = max(one.first, days[0]), min(one.last, days[-1])
        row = next((index for index, taken in enumerate(free) if taken < begins), len(free))
        if row == len(free):
            free.append(ends)
        free[row] = ends
        span, skipped = (ends - begins).days + 1, (begins - one.first).days
        bars.append(
            Bar(
                one,
                column=(begins - days[0]).days,
                span=span,
                row=row,
                begins_before=one.first < days[0],
                ends_after=one.last > days[-1],
                chapters=tuple(chapters_by_day(one)[skipped : skipped + span]),
            )
        )
    return [_cell(day, [bar for bar in bars if bar.column <= place < bar.column + bar.span])
            for place, day in enumerate(days)]  # fmt: skip


def _cell(day: date, here: list[Bar]) -> Cell:
    # "One more" takes as much room as the one itself.
    drawn = ROWS + 1 if len(here) == ROWS + 1 else ROWS
    return Cell(day, tuple(sorted(here, key=lambda bar: bar.row)[:drawn]), len(here))


def by_day(found: Iterable[Occurrence], first: date) -> list[tuple[date, list[Occurrence]]]:
    """Happenings under the day they begin on, or under `first` what began before it."""
    return [(day, list(own)) for day, own in groupby(found, key=lambda one: max(one.first, first))]


@dataclass(frozen=True, slots=True)
class WeekDays:
    """A day of a week with the first of what happens on it and how many more; or days on end without anything."""

    first: date
    last: date
    found: list[Occurrence]
    more: int
    holidays: list[Holiday]


def week_page(found: list[Occurrence], first: date) -> list[WeekDays]:
    """The week that begins on `first`; its days without happening or holiday that follow each other are one."""
    shown: list[WeekDays] = []
    for day in (first + timedelta(days=count) for count in range(7)):
        own = [one for one in found if one.first <= day <= one.last]
        free = holidays_between(day, day)
        before = shown[-1] if shown else None
        if not (own or free or before is None or before.found or before.holidays):
            shown[-1] = replace(before, last=day)
        else:
            shown.append(WeekDays(day, day, own[:LISTED_IN_DAY], max(0, len(own) - LISTED_IN_DAY), free))
    return shown


@dataclass(frozen=True, slots=True)
class YearMonth:
    """A month of a year at a glance: its weeks as days with how many happenings each has."""

    first: date
    weeks: tuple[tuple[tuple[date, int], ...], ...]
    happenings: int


@dataclass(frozen=True, slots=True)
class Imprecise:
    """A happening whose days are not known exactly."""

    event_id: int
    title: str
    when: str
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class Year:
    """A year: its months, how many dates of how many events they hold, and what is not dated to a day.

    `imprecise` are the first of those, `all_imprecise` how many there are.
    """

    months: list[YearMonth]
    dates: int
    events: int
    imprecise: list[Imprecise]
    all_imprecise: int


def year_page(session: Session, year: int, filters: Filters, mine: Iterable[str]) -> Year:
    """A year under `filters`, counted in the database but for what repeats. A fixed number of statements."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    conditions, chapters = touching(first, last, filters, mine), chapters_wanted(filters)
    single, told = conditions, Event.rrule != ""
    if chapters:  # what says them by day is looked at day by day
        single, told = [*conditions, sa.not_(has_chapters_by_day())], sa.or_(told, has_chapters_by_day())
    per_day: Counter[date] = Counter()
    begun: Counter[int] = Counter()
    events = session.scalar(_single(single, first, last, sa.func.count(sa.distinct(Event.id)))) or 0
    spans = [*_counted(session, single, first, last)]
    for event in events_under(session, [*conditions, told])[0]:
        dates = [one for one in all_occurrences([event], first, last, chapters) if one.exact and not one.is_cancelled]
        events += bool(dates)
        spans += [(one.first, one.last, 1) for one in dates]
    for begins, ends, count in spans:
        day, end = max(begins, first), min(ends, last)
        begun[day.month] += count
        while day <= end:
            per_day[day] += count
            day += timedelta(days=1)
    listed, all_imprecise = imprecise_between(session, conditions, first, last, chapters)
    shown = [
        YearMonth(
            date(year, month, 1),
            tuple(tuple((day, per_day[day]) for day in week) for week in weeks_of_month(year, month)),
            begun[month],
        )
        for month in range(1, 13)
    ]
    return Year(shown, sum(begun.values()), events, listed, all_imprecise)


def _about(chapters: Collection[int]) -> list[sa.ColumnElement[bool]]:
    """The condition of runs without exact days that are about one of `chapters`."""
    if not chapters:
        return []
    whole = sa.select(EventChapter.event_id).where(
        EventChapter.chapter_number.in_(chapters), sa.not_(EventChapter.by_day)
    )
    own = sa.select(SegmentDay.segment_id).where(SegmentDay.chapter_number.in_(chapters))
    return [sa.or_(Segment.event_id.in_(whole), Segment.id.in_(own))]


_EXACT = (Segment.start_precision == Precision.DAY, Segment.end_precision == Precision.DAY)


def _single(conditions: list[sa.ColumnElement[bool]], first: date, last: date, *columns: Any) -> sa.Select[Any]:
    """`columns` of the exactly dated segments, from `first` to `last`, of events that take place and do not repeat."""
    query = sa.select(*columns).select_from(Event).join(Segment, Segment.event_id == Event.id)
    takes_place = (Event.rrule == "", Event.status != EventStatus.CANCELLED)
    return query.where(*conditions, *takes_place, *_EXACT, Segment.start_first <= last, Segment.end_last >= first)


def exactly_dated(first: date, last: date) -> sa.Select[int]:
    """The numbers of events that take place on days known exactly, from `first` to `last`."""
    return sa.select(Segment.event_id).where(*_EXACT, Segment.start_first <= last, Segment.end_last >= first)


def _counted(
    session: Session, conditions: list[sa.ColumnElement[bool]], first: date, last: date
) -> Iterator[tuple[date, date, int]]:
    """First and last days, and how many happenings have just these."""
    # What ends at midnight is not of the day that begins then.
    at_midnight = sa.and_(
        Event.timezone.is_not(None), Segment.end_time == time(), Segment.end_last > Segment.start_first
    )
    columns = (Segment.start_first, Segment.end_last, at_midnight)
    query = _single(conditions, first, last, *columns, sa.func.count()).group_by(*columns)
    for begins, ends, midnight, count in session.execute(query):
        end = ends - timedelta(days=1) if midnight else ends
        if end >= first:
            yield begins, end, count


def without_date(session: Session, conditions: Iterable[sa.ColumnElement[bool]]) -> tuple[list[Imprecise], int]:
    """Of what under `conditions` has no date yet the newest, with what it is instead of when; and how much there is."""
    query = (
        sa.select(Event.id, Event.title, Event.kind, Event.status, sa.func.count().over())
        .where(*conditions, Event.first_day.is_(None))
        .order_by(Event.id.desc())
        .limit(LISTED)
    )
    rows = session.execute(query).all()
    found = [Imprecise(row[0], row[1], str(KIND_LABELS[row[2]]), row[3] is EventStatus.CANCELLED) for row in rows]
    return found, rows[0][-1] if rows else 0


def imprecise_between(
    session: Session,
    conditions: Iterable[sa.ColumnElement[bool]],
    first: date,
    last: date,
    chapters: Collection[int] = (),
) -> tuple[list[Imprecise], int]:
    """What under `conditions` happens some time from `first` to `last`: the first of it, and how much there is; where
    `chapters` are asked for, of the runs that are about one of them.
    """
    part = (Segment.start_precision, Segment.start_first, Segment.start_last,
            Segment.end_precision, Segment.end_first, Segment.end_last)  # fmt: skip
    query = (
        sa.select(Event.id, Event.title, Event.status, *part, sa.func.count().over())
        .join(Segment, Segment.event_id == Event.id)
        .where(*conditions, Event.rrule == "", sa.not_(sa.and_(*_EXACT)), *_about(chapters))
        .where(Segment.start_first <= last, Segment.end_last >= first)
        .order_by(Segment.start_first, Segment.end_last, Event.id)
        .limit(LISTED)
    )
    rows = session.execute(query).all()
    found = [
        Imprecise(
            row[0],
            row[1],
            words_between(date_of(*row[3:6]), date_of(*row[6:9])),
            row[2] is EventStatus.CANCELLED,
        )
        for row in rows
    ]
    return found, rows[0][-1] if rows else 0
