"""The timeline in the browser: the picture's places, and its page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from interagency.calendar.pages.timeline import BY, MONTHS, Entry, Lane, Span, Timeline, Window, add_months, timeline
from interagency.db.base import db
from interagency.matrix.cycles.months import format_month
from interagency.matrix.overview.drawing import cut
from interagency.matrix.overview.frame import asked, frame
from interagency.web.context import today

bp = Blueprint("timeline", __name__)
FIRST_YEAR, LAST_YEAR = 1950, 2150
LEFT, MONTH_WIDTH, ROW, HEAD, AXIS = 8, 47, 36, 26, 24
SMALLEST = 4
MAX_TITLE_LENGTH = 60
# A title begins at its first mark; further to the right than this it ends at its last.
TURN = LEFT + MONTH_WIDTH * 15


@dataclass(frozen=True, slots=True)
class Mark:
    """A span at its place on the picture; `point` when it is so short that it stands as a diamond or a dot."""

    x: float
    width: float
    kind: str
    point: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A record at its height on the picture, its title above its marks."""

    y: int
    title: str
    title_x: float
    anchor: str
    entry: Entry
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class DrawnLane:
    """The head of a lane and its records."""

    y: int
    lane: Lane
    entries: list[Drawn]


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole timeline as places."""

    width: int
    height: int
    months: list[tuple[float, date]]
    today: float | None
    lanes: list[DrawnLane]


def _place(day: date, window: Window) -> float:
    """How far from the left a day begins: each month has the same width, days share it."""
    months = (day.year - window.first.year) * 12 + day.month - window.first.month
    length = (add_months(day, 1) - day.replace(day=1)).days
    return round(LEFT + MONTH_WIDTH * (months + (day.day - 1) / length), 1)


def _mark(span: Span, window: Window) -> Mark:
    x = _place(span.first, window)
    width = _place(span.last + timedelta(days=1), window) - x
    return Mark(x, round(max(width, SMALLEST), 1), span.kind, span.kind == "sure" and width < SMALLEST)


def _drawn(entry: Entry, y: int, window: Window) -> Drawn:
    marks = [_mark(span, window) for span in entry.spans]
    early = marks[0].x <= TURN
    end = marks[-1].x + marks[-1].width
    return Drawn(
        y, cut(entry.title, MAX_TITLE_LENGTH), marks[0].x if early else end, "start" if early else "end", entry, marks
    )


def draw(found: Timeline, day: date) -> Picture:
    """The places of all lanes and marks; `day` is marked when it lies in the window."""
    y, lanes = AXIS, []
    for lane in found.lanes:
        entries = [_drawn(entry, y + HEAD + ROW * place, found.window) for place, entry in enumerate(lane.shown)]
        lanes.append(DrawnLane(y, lane, entries))
        y += HEAD + ROW * len(entries) + (24 if lane.all > len(entries) else 8)
    return Picture(
        width=LEFT + MONTH_WIDTH * (2 * MONTHS + 1) + LEFT,
        height=y + AXIS,
        months=[(_place(month, found.window), month) for month in found.window.months],
        today=_place(day, found.window) if found.window.first <= day <= found.window.last else None,
        lanes=lanes,
    )


def _middle() -> tuple[date, str | None]:
    """The month the address asks for (`around=2026-11`), or this one; and what is wrong with what it says."""
    text = request.args.get("around", "")
    if not text:
        return today(), None
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        month = date.min
    if not FIRST_YEAR <= month.year <= LAST_YEAR:
        return today(), _("“%(text)s” is not a month such as 2026-11; this month is shown.", text=text[:20])
    return month, None


@bp.get("/when")
def when() -> ResponseReturnValue:
    """Activities and events twelve months to either side, as a picture and a table."""
    filters, mine = asked()
    middle, problem = _middle()
    by = request.args.get("by", BY[0])
    problems = [*filters.problems, *([problem] if problem else [])]
    if by not in BY:
        by = BY[0]
        problems.append(_("The timeline stands by chapter or by entity; by chapter is shown."))
    filters = replace(filters, problems=tuple(problems))
    window = Window.around(middle)
    series = request.args.get("series") == "yes"
    found = timeline(db.session, filters, mine, window=window, by=by, series=series)
    return render_template(
        "overview/when.html",
        found=found,
        picture=draw(found, today()),
        by=by,
        series=series,
        around=f"{window.middle:%Y-%m}",
        before=f"{add_months(window.middle, -MONTHS):%Y-%m}",
        after=f"{add_months(window.middle, MONTHS):%Y-%m}",
        format_month=format_month,
        **frame(filters, mine),
    )
