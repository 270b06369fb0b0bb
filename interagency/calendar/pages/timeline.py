"""When: activities and events twelve months to either side of a month, in lanes of entities or chapters.

A date is drawn as exactly as it is known (rules 5, 24): a day as a day, June 2016 as all of June in a dashed frame.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, subqueryload

from interagency.calendar.events.models import Event, EventStatus
from interagency.calendar.events.occurrences import format_days, occurrences
from interagency.calendar.events.queries import event_conditions
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity, Status
from interagency.matrix.overview.grid import Line, lines, links
from interagency.text.dates import ImpreciseDate, words_between
from interagency.web.context import viewer_zone

MONTHS = 12
# Records of one lane in the picture, and in the table; the page says how many more there are.
DRAWN, LISTED = 10, 100
# What events are narrowed by too. Under any other filter they are left out, and the page says so.
EVENT_FILTERS = ("q", "entity", "chapter", "country", "joint", "mine")
BY = ("chapter", "entity")
OVER = (Status.COMPLETED, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Window:
    """The days shown: twelve whole months before and after the month in the middle, which is shown too."""

    middle: date
    first: date
    last: date

    @classmethod
    def around(cls, month: date) -> Window:
        """The window around the month a day lies in."""
        middle = month.replace(day=1)
        return cls(middle, add_months(middle, -MONTHS), add_months(middle, MONTHS + 1) - timedelta(days=1))

    @property
    def months(self) -> list[date]:
        return [add_months(self.first, count) for count in range(2 * MONTHS + 1)]


def add_months(day: date, months: int) -> date:
    """The first of the month so many months away."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a record. `kind`: `sure` (known days), `unsure` (some time within), `open` (goes on, end not known)."""

    first: date
    last: date
    kind: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An activity or event in the window."""

    is_event: bool
    id: int
    title: str
    when: str
    status: str
    is_joint: bool
    spans: tuple[Span, ...]
    groups: tuple[Any, ...] = ()

    @property
    def is_cancelled(self) -> bool:
        return self.status == "cancelled"

    @property
    def first(self) -> date:
        return self.spans[0].first


@dataclass(frozen=True, slots=True)
class Lane:
    """An entity or chapter (None: those of none) with its records by date: drawn, listed, and how many there are."""

    line: Line | None
    drawn: list[Entry]
    listed: list[Entry]
    all: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything the page shows. `undated` are the activities and events that have no date at all."""

    window: Window
    lanes: list[Lane] = field(default_factory=list)
    activities: int = 0
    events: int = 0
    undated: tuple[int, int] = (0, 0)
    events_left_out: bool = False


def timeline(session: Session, filters: Filters, mine: Iterable[str], *, window: Window, by: str) -> Timeline:
    """What lies in `window` under `filters`, in lanes by `chapter` or `entity`. A fixed number of statements."""
    mine = list(mine)
    activities, undated = _activities(session, filters, mine, window, by)
    events: list[Entry] = []
    undated_events = 0
    left_out = not set(filters.values) <= set(EVENT_FILTERS) or "none" in filters.get("chapter")
    if not left_out:
        events, undated_events = _events(session, filters, mine, window, by)
    entries = [*activities, *events]
    used = {key for entry in entries for key in entry.groups}
    return Timeline(
        window,
        _lanes([*lines(session, by, used), None], entries, window),
        len(activities),
        len(events),
        (undated, undated_events),
        left_out,
    )


def _lanes(heads: list[Line | None], entries: list[Entry], window: Window) -> list[Lane]:
    by_key: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        for key in entry.groups or (None,):
            by_key[key].append(entry)
    found = []
    for head in heads:
        own = sorted(by_key[head.key if head else None], key=_order)
        if own:
            # What begins or ends in the window says more than what runs through it.
            telling = sorted(own, key=lambda entry: not _turns(entry, window))[:DRAWN]
            found.append(Lane(head, sorted(telling, key=_order), own[:LISTED], len(own)))
    return found


def _order(entry: Entry) -> tuple[Any, ...]:
    return (entry.first, entry.title.casefold(), entry.is_event, entry.id)


def _turns(entry: Entry, window: Window) -> bool:
    return entry.is_event or entry.first > window.first or entry.spans[-1].last < window.last


# --- Activities ---


def _activities(
    session: Session, filters: Filters, mine: list[str], window: Window, by: str
) -> tuple[list[Entry], int]:
    conditions = activity_conditions(filters, mine)
    dated = sa.or_(Activity.start_first.is_not(None), Activity.end_first.is_not(None))
    columns = (Activity.id, Activity.title, Activity.status, Activity.is_joint, Activity.start, Activity.end)
    inside = (
        sa.or_(Activity.start_first.is_(None), Activity.start_first <= window.last),
        sa.or_(Activity.end_last.is_(None), Activity.end_last >= window.first),
    )
    groups: dict[int, list[Any]] = defaultdict(list)
    part = links(by).subquery("part")
    keys = sa.select(part.c.activity_id, part.c.key).join(Activity, Activity.id == part.c.activity_id)
    for activity_id, key in session.execute(keys.where(*conditions, dated, *inside)):
        groups[activity_id].append(key)
    found = []
    for row in session.execute(sa.select(*columns).where(*conditions, dated, *inside)):
        spans = clip(activity_spans(row.start, row.end, row.status, window.last), window)
        if spans:
            when = words_between(row.start, row.end, short=True)
            found.append(
                Entry(False, row.id, row.title, when, row.status.value, row.is_joint, spans, tuple(groups[row.id]))
            )
    undated = session.scalar(sa.select(sa.func.count()).select_from(Activity).where(*conditions, sa.not_(dated)))
    return found, undated or 0


def activity_spans(start: ImpreciseDate | None, end: ImpreciseDate | None, status: Status, horizon: date) -> list[Span]:
    """The days of an activity as they are known. Without an end it goes on to `horizon` unless it is over."""
    spans = [_known(start)] if start else []
    if start and end and start.last < end.first:
        between = Span(start.last + timedelta(days=1), end.first - timedelta(days=1), "sure")
        spans += [between] if between.first <= between.last else []
    if end and end != start:
        spans.append(_known(end))
    if start and not end and status not in OVER and start.last < horizon:
        spans.append(Span(start.last + timedelta(days=1), horizon, "open"))
    return spans


def _known(day: ImpreciseDate) -> Span:
    return Span(day.first, day.last, "sure" if day.is_exact else "unsure")


def clip(spans: Iterable[Span], window: Window) -> tuple[Span, ...]:
    """The spans as far as they lie in the window."""
    return tuple(
        replace(span, first=max(span.first, window.first), last=min(span.last, window.last))
        for span in spans
        if span.first <= window.last and span.last >= window.first
    )


# --- Events ---


def _events(session: Session, filters: Filters, mine: list[str], window: Window, by: str) -> tuple[list[Entry], int]:
    conditions = event_conditions(filters, mine)
    query = (
        sa.select(Event)
        .where(
            *conditions,
            Event.first_day <= window.last,
            sa.or_(Event.last_day.is_(None), Event.last_day >= window.first),
        )
        # One statement each however many events: selectinload would ask again for every 500.
        .options(
            subqueryload(Event.segments),
            subqueryload(Event.exceptions),
            subqueryload(Event.organisations),
            subqueryload(Event.chapters),
        )
        .order_by(Event.id)
    )
    found = []
    for event in session.scalars(query):
        spans = [
            Span(one.first, one.last, "sure" if one.exact else "unsure")
            for one in occurrences(event, window.first, window.last)
            if event.status is EventStatus.CANCELLED or not one.is_cancelled
        ]
        if clipped := clip(spans, window):
            found.append(
                Entry(True, event.id, event.title, format_days(event, viewer_zone()), event.status.value,
                      event.is_joint, clipped, _groups_of(event, by))
            )  # fmt: skip
    undated = sa.select(sa.func.count()).select_from(Event).where(*conditions, Event.first_day.is_(None))
    return found, session.scalar(undated) or 0


def _groups_of(event: Event, by: str) -> tuple[Any, ...]:
    if by == "chapter":
        return tuple(link.chapter_number for link in event.chapters)
    return tuple(dict.fromkeys(link.organisation.key for link in event.organisations if link.organisation.is_entity))
