"""Rules of repetition as people choose them, and the dates they give. The rule itself is RFC 5545 text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from interagency.calendar.events.recurrence_rules import rule_from

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
BASES = {"daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY", "monthly": "FREQ=MONTHLY", "yearly": "FREQ=YEARLY"}
SHOWN = 10
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Repeat:
    """How something repeats: `kind` is daily, weekly, monthly, weekday or yearly; every so many; until when.

    `weekday` means monthly on the weekday of the first day: the third Tuesday, or the last when it is a fifth.
    """

    kind: str
    every: int = 1
    count: int | None = None
    until: date | None = None


def _weekday(first: date) -> str:
    place = (first.day - 1) // 7 + 1
    return f"{-1 if place == 5 else place}{WEEKDAYS[first.weekday()]}"


def rule_of(repeat: Repeat, first: date) -> str:
    """The RRULE of something that first happens on `first`."""
    parts = [f"FREQ=MONTHLY;BYDAY={_weekday(first)}" if repeat.kind == "weekday" else BASES[repeat.kind]]
    if repeat.every > 1:
        parts.append(f"INTERVAL={repeat.every}")
    if repeat.count:
        parts.append(f"COUNT={repeat.count}")
    elif repeat.until:
        parts.append(f"UNTIL={repeat.until:%Y%m%d}")
    return ";".join(parts)


def repeat_of(rule: str, first: date) -> Repeat | None:
    """What a rule means in these choices; None when it says more than they can."""
    parts = dict(part.split("=", 1) for part in rule.upper().split(";") if "=" in part)
    until = _DAY.match(parts.get("UNTIL", ""))
    count = parts.get("COUNT")
    kind = {base: name for name, base in BASES.items()}.get(f"FREQ={parts.get('FREQ', '')}", "")
    if kind == "monthly" and parts.get("BYDAY") == _weekday(first):
        kind = "weekday"
    elif set(parts) & {"BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYHOUR", "BYMINUTE", "BYWEEKNO", "BYYEARDAY"}:
        return None
    if not kind:
        return None
    last = date(int(until[1]), int(until[2]), int(until[3])) if until else None
    return Repeat(kind, int(parts.get("INTERVAL", "1")), int(count) if count else None, last)


def starts(rule: str, first: datetime, *, after: datetime | None = None) -> list[datetime]:
    """The next ten beginnings by the rule, from `first` or from `after` on; local times."""
    found = rule_from(rule, first)
    if after is None:
        return list(islice(found, SHOWN))
    return list(found.xafter(after, count=SHOWN, inc=True))


def until_before(rule: str, moment: datetime) -> str:
    """The rule ended before `moment`, the beginning of an occurrence."""
    kept = [part for part in rule.split(";") if not part.upper().startswith(("COUNT=", "UNTIL="))]
    last = moment - timedelta(seconds=1) if moment.time() != time() else moment - timedelta(days=1)
    text = f"{last:%Y%m%dT%H%M%S}" if moment.time() != time() else f"{last:%Y%m%d}"
    return ";".join([*kept, f"UNTIL={text}"])


def rest_of(rule: str, first: datetime, moment: datetime) -> str:
    """The rule for what is left of it from the occurrence `moment` on."""
    parts = rule.split(";")
    for place, part in enumerate(parts):
        if part.upper().startswith("COUNT="):
            gone = len(rule_from(rule, first).between(first, moment, inc=True))
            parts[place] = f"COUNT={max(1, int(part[6:]) - gone + 1)}"
    return ";".join(parts)
