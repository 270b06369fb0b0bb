"""The repetition of an event of an .ics file: its rule, the dates left out, the dates changed. Bounded."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from interagency.calendar.events.recurrence_rules import RuleError, as_moment, check_rule, moments, parts_of, work_of
from interagency.calendar.incoming.lines import Block, read_moment
from interagency.calendar.incoming.times import EventNotRead, EventTimes, Stamp
from interagency.text.typed_dates import LAST_YEAR

MOST_EXCEPTIONS = 500
MOST_WORK = 1_000_000
_ORDER = ("FREQ", "INTERVAL", "COUNT", "UNTIL")


class Budget:
    """How much may be looked through for one file, so that no file takes for ever."""

    def __init__(self, left: int = MOST_WORK) -> None:
        self.left = left

    def spend(self, work: int) -> None:
        """Raises EventNotRead when the file has used up what it may."""
        self.left -= work
        if self.left < 0:
            raise EventNotRead(
                "The events of this file repeat more than can be looked through at once. Send it in parts."
            )


def rule_of(block: Block, start: date | Stamp, times: EventTimes, budget: Budget) -> str:
    """The rule of an event, checked, its end by the clock of its start; empty when it happens once.

    Raises EventNotRead.
    """
    if "EXRULE" in block:
        raise EventNotRead("It leaves out dates by a second rule; that cannot be kept.")
    lines = block.all("RRULE")
    if not lines:
        return ""
    if len(lines) > 1:
        raise EventNotRead("It has more than one rule of repetition.")
    begins = start.shows if isinstance(start, Stamp) else start
    try:
        parts = parts_of(lines[0].value[:2_000])
        _without_own_hour(parts, begins)
        _end_by_the_clock(parts, start, times)
        rule = ";".join(f"{name}={parts[name]}" for name in sorted(parts, key=_place))
        budget.spend(1)
        last = check_rule(begins, rule)
    except RuleError as problem:
        raise EventNotRead(str(problem)) from None
    if last is not None:
        budget.spend(work_of(rule, begins, last))
    elif "UNTIL" in parts:
        budget.spend(work_of(rule, begins, as_moment(read_moment(parts["UNTIL"]))))
    return rule


def _place(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _without_own_hour(parts: dict[str, str], begins: date | datetime) -> None:
    """Leave out hours and minutes that say nothing but the time it begins at anyway."""
    moment = as_moment(begins)
    for name, own in (("BYHOUR", moment.hour), ("BYMINUTE", moment.minute), ("BYSECOND", moment.second)):
        if name in parts:
            if not parts[name].isdecimal() or int(parts[name][:4]) != own:
                raise RuleError("It repeats oftener than daily; it can repeat daily, weekly, monthly or yearly.")
            del parts[name]


def _end_by_the_clock(parts: dict[str, str], start: date | Stamp, times: EventTimes) -> None:
    """UNTIL as the clock of the start shows it; an end beyond all years is no end."""
    if "UNTIL" not in parts:
        return
    try:
        until = read_moment(parts["UNTIL"])
    except ValueError:
        raise RuleError("The rule of repetition cannot be read.") from None
    if until.year > LAST_YEAR:
        del parts["UNTIL"]
        times.note(f"It ends after the year {LAST_YEAR}; it is taken without end.")
    elif not isinstance(until, datetime):
        parts["UNTIL"] = f"{until:%Y%m%d}" if not isinstance(start, Stamp) else f"{until:%Y%m%d}T235959"
    elif not isinstance(start, Stamp):
        parts["UNTIL"] = f"{until:%Y%m%d}"
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


def further_segments(block: Block, times: EventTimes, start: date | datetime) -> list[date | datetime]:
    """The begins of an event that happens on single further dates (RDATE), without its first. Raises EventNotRead."""
    more = _listed(block, "RDATE", times)
    if any(isinstance(one, datetime) != isinstance(start, datetime) for one in more):
        raise EventNotRead("Its further dates are of another kind than its first.")
    gone = {_like(one, start) for one in _listed(block, "EXDATE", times)}
    found = sorted({one for one in more if one != start and as_moment(one) not in gone})
    for one in found:
        if isinstance(one, datetime):
            times.refuse_skipped(one)
    if len(found) > MOST_EXCEPTIONS:
        raise EventNotRead(f"It takes place on more than {MOST_EXCEPTIONS} single dates.")
    return found


def left_out(block: Block, times: EventTimes, rule: str, start: date | datetime, budget: Budget) -> list[datetime]:
    """The begins of the rule that are left out (EXDATE). Raises EventNotRead."""
    named = {_like(one, start) for one in _listed(block, "EXDATE", times)}
    if len(named) > 4 * MOST_EXCEPTIONS:
        raise EventNotRead(f"More than {MOST_EXCEPTIONS} single dates are left out.")
    found = of_the_rule(named, rule, start, budget)
    if len(found) < len(named):
        times.note("It leaves out dates on which it would not take place anyway.")
    return sorted(found)


def _listed(block: Block, name: str, times: EventTimes) -> list[date | datetime]:
    lines = block.all(name)
    if sum(line.value.count(",") + 1 for line in lines) > 10 * MOST_EXCEPTIONS:
        raise EventNotRead(f"It names more than {10 * MOST_EXCEPTIONS:,} single dates.")
    found = []
    for line in lines:
        for stamp in times.stamps(line):
            # A time that is left out of whole days, or moved from them, stands for its day.
            plain = stamp.shows.date() if isinstance(stamp, Stamp) and times.zone is None else stamp
            found.append(times.local(plain))
    return found


def _like(value: date | datetime, start: date | datetime) -> datetime:
    """A date of the repetition as the moment its rule gives; a plain day takes the hour of the first date."""
    if isinstance(start, datetime) and not isinstance(value, datetime):
        return datetime.combine(value, start.time())
    if not isinstance(start, datetime) and isinstance(value, datetime):
        return datetime.combine(value.date(), time())
    return as_moment(value)


def original_of(block: Block, times: EventTimes, start: date | datetime) -> datetime:
    """Which occurrence a changed one was (RECURRENCE-ID). Raises EventNotRead."""
    stamp = times.stamp(block.lines["RECURRENCE-ID"][0])
    if isinstance(stamp, Stamp) and times.zone is None:
        return datetime.combine(stamp.shows.date(), time())
    return _like(times.local(stamp), start)


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
