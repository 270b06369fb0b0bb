"""The repetition of an event of an .ics file: its rule, the dates left out, the dates changed. Bounded."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from flask_babel import gettext as _
from flask_babel import ngettext

from interagency.calendar.events.recurrence_rules import (
    RuleError,
    as_moment,
    check_rule,
    first_of_rule,
    moments,
    parts_of,
    work_of,
)
from interagency.calendar.incoming.lines import Block, Budget, EventNotRead, Line, read_moment
from interagency.calendar.incoming.times import EventTimes, Stamp
from interagency.text.typed_dates import LAST_YEAR

MAX_EXCEPTIONS = 500
MAX_NAMED = 10 * MAX_EXCEPTIONS  # dates in the lines of one event
_ORDER = ("FREQ", "INTERVAL", "COUNT", "UNTIL")


def rule_of(block: Block, start: date | Stamp, times: EventTimes, budget: Budget) -> tuple[str, timedelta]:
    """The rule of an event, checked, its end by the clock of its start, and how much later than `start` it first
    happens: programs write a first day that is none of the rule's days (RFC 5545, 3.8.5.3, leaves that undefined).

    The rule is empty when it happens once. Raises EventNotRead.
    """
    if "EXRULE" in block:
        raise EventNotRead(_("It leaves out dates by a second rule; that cannot be kept."))
    lines = block.all("RRULE")
    if not lines:
        return "", timedelta()
    if len(lines) > 1:
        raise EventNotRead(_("It has more than one rule of repetition."))
    begins = as_moment(start.shows if isinstance(start, Stamp) else start)
    try:
        parts = parts_of(lines[0].value[:2_000])
        _without_own_hour(parts, begins)
        _end_by_the_clock(parts, start, times)
        rule = ";".join(f"{name}={parts[name]}" for name in sorted(parts, key=_place))
        first = first_of_rule(begins, rule) or begins
        budget.spend(1 + 10 * (first - begins).days)
        last = check_rule(first, rule)
    except RuleError as problem:
        raise EventNotRead(str(problem)) from None
    if first != begins:
        times.note(
            _(
                "Its first day, %(begins)s, is none of the days it repeats on; it begins on %(first)s.",
                begins=f"{begins:%Y-%m-%d}",
                first=f"{first:%Y-%m-%d}",
            )
        )
    if last is not None:
        budget.spend(work_of(rule, first, last))
    elif "UNTIL" in parts:
        budget.spend(work_of(rule, first, as_moment(read_moment(parts["UNTIL"]))))
    return rule, first - begins


def _place(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _without_own_hour(parts: dict[str, str], begins: date | datetime) -> None:
    """Leave out hours and minutes that say nothing but the time it begins at anyway."""
    moment = as_moment(begins)
    for name, own in (("BYHOUR", moment.hour), ("BYMINUTE", moment.minute), ("BYSECOND", moment.second)):
        if name in parts:
            if not parts[name].isdecimal() or int(parts[name][:4]) != own:
                raise RuleError(_("It repeats oftener than daily; it can repeat daily, weekly, monthly or yearly."))
            del parts[name]


def _end_by_the_clock(parts: dict[str, str], start: date | Stamp, times: EventTimes) -> None:
    """UNTIL as the clock of the start shows it; an end beyond all years is no end."""
    if "UNTIL" not in parts:
        return
    try:
        until = read_moment(parts["UNTIL"])
    except ValueError:
        raise RuleError(_("The rule of repetition cannot be read.")) from None
    if until.year > LAST_YEAR:
        del parts["UNTIL"]
        times.note(_("It ends after the year %(last_year)s; it is taken without end.", last_year=LAST_YEAR))
    elif not isinstance(start, Stamp):
        parts["UNTIL"] = f"{times.days(Line(parts['UNTIL'], {}))[0]:%Y%m%d}"
    elif not isinstance(until, datetime):
        parts["UNTIL"] = f"{until:%Y%m%d}T235959"
    else:
        local = start.clock.local(until) if until.tzinfo is not None else until
        parts["UNTIL"] = f"{local:%Y%m%dT%H%M%S}"


def samples(rule: str, start: datetime) -> list[datetime]:
    """Begins by which a clock is judged: those of two years, and summer and winter of thirty, before the end."""
    if not rule:
        return [start]
    found = list(islice(moments(rule, start, start + timedelta(days=740)), 800))
    until = parts_of(rule).get("UNTIL")
    end = as_moment(read_moment(until)) if until else start + timedelta(days=30 * 366)
    if "COUNT" in parts_of(rule):
        end = max(moments(rule, start, end), default=start)
    seasons = [datetime.combine(date(start.year + n, month, 15), start.time()) for n in range(31) for month in (1, 7)]
    return found + [one for one in seasons if start < one <= end]


def further_dates(block: Block, times: EventTimes, start: date | datetime, end: date | datetime) -> list[datetime]:
    """The begins of an event that happens on single further dates (RDATE), without its first, as naive local times.

    Periods (RFC 5545, 3.8.5.2) as long as the event itself, from `start` to `end`, are dates. Raises EventNotRead.
    """
    lines = [_without_length(line, times, as_moment(end) - as_moment(start)) for line in block.all("RDATE")]
    if isinstance(start, datetime) and any(line.is_day for line in lines if line.value.strip()):
        raise EventNotRead(_("Its further dates are of another kind than its first."))
    gone = set(_listed(block.all("EXDATE"), times, start))
    found = sorted(set(_listed(lines, times, start)) - gone - {as_moment(start)})
    if isinstance(start, datetime):
        for one in found:
            times.refuse_skipped(one)
    if len(found) > MAX_EXCEPTIONS:
        raise EventNotRead(
            ngettext(
                "It takes place on more than %(most)s single date.",
                "It takes place on more than %(most)s single dates.",
                MAX_EXCEPTIONS,
                most=MAX_EXCEPTIONS,
            )
        )
    return found


def _without_length(line: Line, times: EventTimes, length: timedelta) -> Line:
    """A line of dates, its periods by their begins. Raises EventNotRead when one is not as long as `length`."""
    if "/" not in line.value:
        return line
    begins = []
    for text in line.value.split(",")[: 10 * MAX_EXCEPTIONS]:
        begin, is_period, rest = text.partition("/")
        begins.append(begin)
        if is_period:
            first = times.local(times.stamp(Line(begin, line.parameters)))
            is_duration = rest.strip()[:1] in "Pp+-"
            last = times.after(first, rest) if is_duration else times.local(times.stamp(Line(rest, line.parameters)))
            if as_moment(last) - as_moment(first) != length:
                raise EventNotRead(_("Its further dates are periods of another length than its first; split it up."))
    return Line(",".join(begins), line.parameters)


def left_out(block: Block, times: EventTimes, rule: str, start: date | datetime, budget: Budget) -> list[datetime]:
    """The begins of the rule that are left out (EXDATE). Raises EventNotRead."""
    named = set(_listed(block.all("EXDATE"), times, start))
    if len(named) > 4 * MAX_EXCEPTIONS:
        raise EventNotRead(
            ngettext(
                "More than %(most)s single date is left out.",
                "More than %(most)s single dates are left out.",
                MAX_EXCEPTIONS,
                most=MAX_EXCEPTIONS,
            )
        )
    found = of_the_rule(named, rule, start, budget)
    if len(found) < len(named):
        times.note(_("It leaves out dates on which it would not take place anyway."))
    return sorted(found)


def _listed(lines: list[Line], times: EventTimes, start: date | datetime) -> list[datetime]:
    """The dates of these lines as begins of an event that first begins at `start`. Raises EventNotRead."""
    if sum(line.value.count(",") + 1 for line in lines) > MAX_NAMED:
        raise EventNotRead(
            ngettext(
                "It names more than %(most)s single date.",
                "It names more than %(most)s single dates.",
                MAX_NAMED,
                most=f"{MAX_NAMED:,}",
            )
        )
    if not isinstance(start, datetime):
        return [as_moment(day) for line in lines for day in times.days(line)]
    found = [times.local(stamp) for line in lines for stamp in times.stamps(line)]
    # A plain day takes the hour of the first date.
    return [one if isinstance(one, datetime) else datetime.combine(one, start.time()) for one in found]


def original_of(block: Block, times: EventTimes, start: date | datetime) -> datetime:
    """Which occurrence a changed one was (RECURRENCE-ID). Raises EventNotRead."""
    listed = _listed(block.lines["RECURRENCE-ID"][:1], times, start)
    if not listed:
        raise EventNotRead(_("It changes a date that it does not name."))
    return listed[0]


def of_the_rule(wanted: Collection[datetime], rule: str, start: date | datetime, budget: Budget) -> set[datetime]:
    """Those of `wanted` that the rule gives. Raises EventNotRead when that takes too long."""
    reachable = {moment for moment in wanted if moment.year <= LAST_YEAR}
    if not reachable:
        return set()
    last = max(reachable)
    budget.spend(work_of(rule, start, last))
    return reachable.intersection(moments(rule, start, last))


def as_utc_text(text: str) -> str:
    """A stamp of change as sortable text in UTC; empty when it cannot be read."""
    try:
        moment = read_moment(text)
    except ValueError:
        return ""
    return as_moment(moment).replace(tzinfo=UTC).isoformat()
