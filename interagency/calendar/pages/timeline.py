"""When: activities and events twelve months to either side of a month, in lanes of entities or chapters.

A date is drawn as exactly as it is known (rules 5, 24): a day as a day, June 2016 as all of June in a dashed frame.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event, EventChapter, EventOrganisation, EventStatus, Segment
from interagency.calendar.events.occurrences import format_days, occurrences
from interagency.calendar.events.queries import event_conditions
from interagency.calendar.events.reader import read_lines
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity, Status
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overview.count_cache import cached_counts
from interagency.matrix.overview.grid import TYPES, Line, lines, links
from interagency.text.dates import ImpreciseDate, words_between
from interagency.web.context import viewer_zone

MONTHS = 12
# Records of one lane that are shown: at most, at least, and how many all lanes share. The page says how many more.
SHOWN, FEWEST, IN_ALL = 10, 3, 72
# What events are narrowed by too. Under any other filter they are left out, and the page says so.
EVENT_FILTERS = ("q", "entity", "chapter", "country", "joint", "mine")
BY = ("chapter", "entity")
# Where a record stands: in the window, without any date, or left out because it repeats.
INSIDE, UNDATED, REPEATED = "inside", "undated", "repeated"
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

    @property
    def is_cancelled(self) -> bool:
        return self.status == "cancelled"

    @property
    def first(self) -> date:
        return self.spans[0].first


@dataclass(frozen=True, slots=True)
class Lane:
    """An entity or chapter (None: those of none) with the first of its records by date, and how many there are."""

    line: Line | None
    shown: list[Entry]
    all: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything the page shows. `undated` are the activities and events that have no date at all.

    `repeated` is how many events that repeat are left out.
    """

    window: Window
    lanes: list[Lane] = field(default_factory=list)
    activities: int = 0
    events: int = 0
    undated: tuple[int, int] = (0, 0)
    repeated: int = 0
    events_left_out: bool = False


@dataclass(frozen=True, slots=True)
class _Records:
    """Records in the window by lane: the first of each, how many each has, and how many there are in all."""

    lanes: dict[Any, list[Entry]] = field(default_factory=dict)
    counts: dict[Any, int] = field(default_factory=dict)
    all: int = 0
    undated: int = 0
    repeated: int = 0


def timeline(
    session: Session, filters: Filters, mine: Iterable[str], *, window: Window, by: str, series: bool = False
) -> Timeline:
    """What lies in `window` under `filters`, in lanes by `chapter` or `entity`. A fixed number of statements.

    Events that repeat are left out unless `series` asks for them: they stand in every month.
    """
    mine = list(mine)
    activities, events = _activities(session, filters, mine, window, by), _Records()
    left_out = not set(filters.values) <= set(EVENT_FILTERS) or "none" in filters.get("chapter")
    if not left_out:
        events = _events(session, filters, mine, window, by, series)
    heads = [*lines(session, by, {*activities.counts, *events.counts} - {None}), None]
    return Timeline(
        window,
        _lanes(heads, activities, events, window),
        activities.all,
        events.all,
        (activities.undated, events.undated),
        events.repeated,
        left_out,
    )


def _lanes(heads: list[Line | None], activities: _Records, events: _Records, window: Window) -> list[Lane]:
    used = [head for head in heads if _count(head, activities) + _count(head, events)]
    most = min(SHOWN, max(FEWEST, IN_ALL // max(1, len(used))))
    found = []
    for head in used:
        key = head.key if head else None
        own = [*activities.lanes.get(key, []), *events.lanes.get(key, [])]
        number = _count(head, activities) + _count(head, events)
        found.append(Lane(head, sorted(_telling(own, window, most), key=_order), number))
    return found


def _count(head: Line | None, records: _Records) -> int:
    return records.counts.get(head.key if head else None, 0)


def _order(entry: Entry) -> tuple[Any, ...]:
    return (entry.first, entry.title.casefold(), entry.is_event, entry.id)


def _telling(own: list[Entry], window: Window, most: int) -> list[Entry]:
    """At most so many of a lane's records: half of them begin from the middle on, the soonest; half the latest before.

    What begins or ends in the window says more than what runs through it.
    """

    def order(entry: Entry) -> tuple[Any, ...]:
        turns = entry.first > window.first or entry.spans[-1].last < window.last
        return (not turns, abs((entry.first - window.middle).days), entry.is_event, entry.id)

    coming = sorted((one for one in own if one.first >= window.middle), key=order)
    before = sorted((one for one in own if one.first < window.middle), key=order)
    begun = max(most // 2, most - len(coming))
    return [*before[:begun], *coming[: most - min(begun, len(before))]]


def _records(
    session: Session, found: sa.Select[Any], links: sa.Subquery, owner: Any, window: Window
) -> tuple[list[tuple[Any, int]], _Records]:
    """As many of the records of each lane, as `(key, id)`, as `_telling` may choose; and what there is to count.

    `found` gives `(id, first, last, place)`: `last` is NULL for what goes on, and `place` one of INSIDE, UNDATED,
    REPEATED and "" (none of them). One statement, which reads the records once.
    """
    every = found.cte("every")
    here = sa.select(every).where(every.c.place == INSIDE).subquery("here")
    begins = sa.case((here.c.first < window.first, sa.literal(window.first, sa.Date())), else_=here.c.first)
    is_coming = begins >= window.middle
    order = (
        sa.case((sa.or_(begins > window.first, here.c.last < window.last), 0), else_=1),
        sa.case((is_coming, begins), else_=None).asc(),
        sa.case((is_coming, None), else_=begins).desc(),
        here.c.id,
    )
    half = (links.c.key, is_coming)
    placed = (
        sa.select(
            sa.cast(links.c.key, sa.String).label("key"),
            here.c.id,
            sa.func.row_number().over(partition_by=half, order_by=order).label("n"),
            sa.func.count().over(partition_by=half).label("all"),
        )
        .outerjoin_from(here, links, owner == here.c.id)
        .subquery("placed")
    )
    first = sa.select(placed.c.key, placed.c.id, placed.c.n, placed.c.all).where(placed.c.n <= SHOWN)
    counted = sa.select(every.c.place, sa.null(), sa.null(), sa.func.count()).group_by(every.c.place)
    places: list[tuple[Any, int]] = []
    lanes: Counter[Any] = Counter()
    numbers: dict[str, int] = {}
    read = TYPES.get("chapter" if isinstance(links.c.key.type, sa.Integer) else "", str)
    for key, number, place, count in session.execute(first.union_all(counted)):
        if number is None:
            numbers[key] = count
        else:
            lane = None if key is None else read(key)
            places.append((lane, number))
            lanes[lane] += count if place == 1 else 0
    told = _Records({}, lanes, numbers.get(INSIDE, 0), numbers.get(UNDATED, 0), numbers.get(REPEATED, 0))
    return places, told


def _gathered(places: Iterable[Any], entries: dict[int, Entry]) -> dict[Any, list[Entry]]:
    lanes: dict[Any, list[Entry]] = defaultdict(list)
    for key, number in places:
        if number in entries:
            lanes[key].append(entries[number])
    return lanes


# --- Activities ---


def _activities(session: Session, filters: Filters, mine: list[str], window: Window, by: str) -> _Records:
    conditions = activity_conditions(filters, mine)
    first = sa.func.coalesce(Activity.start_first, Activity.end_first)
    # Without an end it goes on, unless it is over.
    last = sa.case(
        (Activity.end_last.is_not(None), Activity.end_last), (Activity.status.in_(OVER), Activity.start_last)
    )
    inside = sa.and_(first <= window.last, sa.or_(last.is_(None), last >= window.first))
    place = sa.case((first.is_(None), UNDATED), (inside, INSIDE), else_="").label("place")
    found = sa.select(Activity.id, first.label("first"), last.label("last"), place).where(*conditions)
    part = links(by).subquery("part")
    places, told = cached_counts(
        session,
        ("when", "activities", by, window.middle),
        filters,
        mine,
        lambda: _records(session, found, part, part.c.activity_id, window),
    )
    columns = (Activity.id, Activity.title, Activity.status, Activity.is_joint, Activity.start, Activity.end)
    entries = {}
    for row in session.execute(sa.select(*columns).where(Activity.id.in_({number for _key, number in places}))):
        spans = clip(activity_spans(row.start, row.end, row.status, window.last), window)
        if spans:
            when = words_between(row.start, row.end, short=True)
            entries[row.id] = Entry(False, row.id, row.title, when, row.status.value, row.is_joint, spans)
    return replace(told, lanes=_gathered(places, entries))


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


def _events(session: Session, filters: Filters, mine: list[str], window: Window, by: str, series: bool) -> _Records:
    conditions = event_conditions(filters, mine)
    touches = sa.and_(Event.first_day <= window.last, sa.or_(Event.last_day.is_(None), Event.last_day >= window.first))
    # What begins before the window and ends after it may have no days in it.
    days = sa.select(Segment.event_id).where(Segment.start_first <= window.last, Segment.end_last >= window.first)
    inside = sa.or_(Event.first_day >= window.first, Event.last_day <= window.last, Event.id.in_(days))
    place = sa.case(
        (Event.first_day.is_(None), UNDATED),
        (sa.not_(touches), ""),
        (Event.rrule != "", INSIDE if series else REPEATED),
        (inside, INSIDE),
        else_="",
    ).label("place")
    columns = (Event.id, Event.first_day.label("first"), Event.last_day.label("last"), place)
    part = _links(by).subquery("part")
    found = sa.select(*columns).where(*conditions)
    places, told = cached_counts(
        session,
        ("when", "events", by, window.middle, series),
        filters,
        mine,
        lambda: _records(session, found, part, part.c.event_id, window),
        besides=(Event,),
    )
    entries = {}
    for event in read_lines(session, {number for _key, number in places}):
        spans = [
            Span(one.first, one.last, "sure" if one.exact else "unsure")
            for one in occurrences(event, window.first, window.last)
            if event.status is EventStatus.CANCELLED or not one.is_cancelled
        ]
        if clipped := clip(spans, window):
            entries[event.id] = Entry(
                True,
                event.id,
                event.title,
                format_days(event, viewer_zone()),
                event.status.value,
                event.is_joint,
                clipped,
            )
    return replace(told, lanes=_gathered(places, entries))


def _links(by: str) -> sa.Select[int, Any]:
    """`(event_id, key)` of each lane an event stands in, each once."""
    if by == "chapter":
        return sa.select(EventChapter.event_id, EventChapter.chapter_number.label("key"))
    return (
        sa.select(EventOrganisation.event_id, Organisation.key.label("key"))
        .join(Organisation, Organisation.id == EventOrganisation.organisation_id)
        .where(Organisation.is_entity)
        .distinct()
    )
