"""Rules of repetition as people choose and read them, and the dates they give. The rule itself is RFC 5545 text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from flask_babel import gettext as _
from flask_babel import ngettext

from interagency.calendar.events.recurrence_rules import parts_of, rule_from
from interagency.text.date_words import say_day, weekday_name, words_now
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import listed, one_of
from interagency.text.repeat_words import (
    LONGEST,
    WEEKDAYS,
    WORKING_DAYS,
    place_name,
    read_days_of_rule,
    read_months,
    say_days_of_rule,
    say_months,
)

BASES = {"daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY", "monthly": "FREQ=MONTHLY", "yearly": "FREQ=YEARLY"}
SHOWN = 10
MIDNIGHT = time()
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Repeat:
    """How something repeats: `kind` is daily, weekly, monthly, weekday or yearly; every so many; until when.

    `weekday` means monthly on the weekday of the first day: the third Tuesday, or the last when it is a fifth. `on`
    says other days in words, such as `Monday and Wednesday` or `last working day`; `months` the months, as `March and
    September`.
    """

    kind: str
    every: int = 1
    count: int | None = None
    until: date | None = None
    on: str = ""
    months: str = ""


def _weekday(first: date) -> str:
    place = (first.day - 1) // 7 + 1
    return f"{-1 if place == 5 else place}{WEEKDAYS[first.weekday()]}"


def rule_of(repeat: Repeat, first: date) -> str:
    """The RRULE of something that first happens on `first`. Raises ValueError with a sentence about its words."""
    days, months = read_days_of_rule(repeat.on), read_months(repeat.months)
    if repeat.kind == "weekday" and not days:
        days = {"BYDAY": _weekday(first)}
    base = "FREQ=MONTHLY" if repeat.kind == "weekday" else BASES[repeat.kind]
    if days and repeat.kind == "yearly" and not months:
        months = str(first.month)
    if days and repeat.kind in ("daily", "weekly"):
        if set(days) != {"BYDAY"} or any(sign.isdigit() for sign in days["BYDAY"]):
            raise ValueError(_("By days or weeks, name weekdays only; for first, second or last choose by months."))
        if repeat.kind == "daily":
            if repeat.every > 1:
                raise ValueError(_("Weekdays go with “by weeks”: choose it, or leave the days empty."))
            base = BASES["weekly"]
    parts = [base, *(f"{name}={value}" for name, value in days.items()), *([f"BYMONTH={months}"] if months else [])]
    if repeat.every > 1:
        parts.append(f"INTERVAL={repeat.every}")
    if repeat.count:
        parts.append(f"COUNT={repeat.count}")
    elif repeat.until:
        parts.append(f"UNTIL={repeat.until:%Y%m%d}")
    return ";".join(parts)


def repeat_of(rule: str, first: date, hour: time = MIDNIGHT) -> Repeat | None:
    """What a rule means in these choices, of something that begins at that `hour`; None when it says more than they
    can.
    """
    parts = dict(part.split("=", 1) for part in rule.upper().split(";") if "=" in part)
    until = _DAY.match(parts.get("UNTIL", ""))
    count = parts.get("COUNT")
    kind = {base: name for name, base in BASES.items()}.get(f"FREQ={parts.get('FREQ', '')}", "")
    if not kind:
        return None
    last = date(int(until[1]), int(until[2]), int(until[3])) if until else None
    if last is not None and "T" in parts["UNTIL"] and parts["UNTIL"][9:15] < f"{hour:%H%M%S}":
        last -= timedelta(days=1)  # it ends before it would begin on that day
    on, months = say_days_of_rule(parts), say_months(parts.get("BYMONTH", ""))
    if max(len(on), len(months)) > LONGEST:
        return None
    if kind == "monthly" and parts.get("BYDAY") == _weekday(first) and "BYSETPOS" not in parts:
        kind, on = "weekday", ""
    found = Repeat(kind, int(parts.get("INTERVAL", "1")), int(count) if count else None, last, on, months)
    try:
        same = _meaning(rule_of(found, first)) == _meaning(rule)
    except ValueError:
        return None
    return found if same else None


def _meaning(rule: str) -> dict[str, set[str]]:
    """A rule without what makes no difference: the order of its days, a week that begins on Monday; without its last
    day, which may be said with an hour.
    """
    parts = {name: set(value.split(",")) for name, value in parts_of(rule).items() if f"{name}={value}" != "WKST=MO"}
    parts.pop("UNTIL", None)
    return parts | {"INTERVAL": parts.get("INTERVAL", {"1"})}


def starts(rule: str, first: datetime, *, after: datetime | None = None) -> list[datetime]:
    """The next ten beginnings by the rule, from `first` or from `after` on; local times."""
    found = rule_from(rule, first)
    if after is None:
        return list(islice(found, SHOWN))
    return list(found.xafter(after, count=SHOWN, inc=True))


def dates_of_rule(rule: str, first: datetime) -> int | None:
    """How many dates a checked rule gives from `first` (local time) on; None when it has no end."""
    parts = parts_of(rule)
    if "COUNT" in parts:
        return int(parts["COUNT"])
    return sum(1 for _moment in rule_from(rule, first)) if "UNTIL" in parts else None


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


def rule_words(rrule: str, first: date) -> str:
    """A checked rule of something that first happens on `first`, in words of the reader's language.

    Such as `every 2 weeks on Monday and Wednesday, until 21 December 2026`.
    """
    parts = parts_of(rrule)
    words = [_every(parts["FREQ"], int(parts.get("INTERVAL", "1")))]
    words += [text for text in (_days_words(parts, first), _months(parts)) if text]
    if "COUNT" in parts:
        number = int(parts["COUNT"])
        return str(ngettext("%(rule)s, %(num)s time", "%(rule)s, %(num)s times", number, rule=" ".join(words)))
    if "UNTIL" in parts:
        last = datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").date()
        return str(_("%(rule)s, until %(day)s", rule=" ".join(words), day=ImpreciseDate.day(last).words()))
    return str(_("%(rule)s, without end", rule=" ".join(words)))


def _every(frequency: str, number: int) -> str:
    """`every day`, `every 2 weeks`."""
    match frequency:
        case "DAILY":
            words = _("every day") if number == 1 else ngettext("every %(num)s day", "every %(num)s days", number)
        case "WEEKLY":
            words = _("every week") if number == 1 else ngettext("every %(num)s week", "every %(num)s weeks", number)
        case "MONTHLY":
            words = _("every month") if number == 1 else ngettext("every %(num)s month", "every %(num)s months", number)
        case _rest:
            words = _("every year") if number == 1 else ngettext("every %(num)s year", "every %(num)s years", number)
    return str(words)


def _days_words(parts: dict[str, str], first: date) -> str:
    said = []
    if "BYDAY" in parts:
        said.append(_weekdays_words(parts["BYDAY"], parts.get("BYSETPOS", "")))
    if "BYMONTHDAY" in parts:
        numbers = parts["BYMONTHDAY"].split(",")
        named = [str(_("the last day")) if number == "-1" else _("day %(n)s", n=number) for number in numbers]
        said.append(_("on %(days)s", days=listed(named)))
    if "BYYEARDAY" in parts:
        said.append(_("on day %(n)s of the year", n=listed(parts["BYYEARDAY"].split(","))))
    if "BYWEEKNO" in parts:
        said.append(_("in week %(n)s", n=listed(parts["BYWEEKNO"].split(","))))
    if said or parts["FREQ"] == "DAILY":
        return " ".join(said)
    if parts["FREQ"] == "WEEKLY":
        return str(_("on %(days)s", days=weekday_name(first.weekday())))
    if parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts:
        return str(_("on %(days)s", days=_("day %(n)s", n=first.day)))
    return str(_("on %(days)s", days=say_day(first, year=False)))


def _weekdays_words(text: str, position: str) -> str:
    """`on Monday and Wednesday`, `on the second Tuesday`, `on the last working day`."""
    days = [_("working day")] if text == WORKING_DAYS else [_weekday_words(day) for day in text.split(",")]
    if position:
        places = listed([_place(int(number), text.partition(",")[0]) for number in position.split(",")])
        return str(_("on the %(place)s %(days)s", place=places, days=one_of(days)))
    if text == WORKING_DAYS:
        return str(_("on every working day"))
    return str(_("on %(days)s", days=listed(days)))


def _weekday_words(day: str) -> str:
    name = weekday_name(WEEKDAYS.index(day[-2:]))
    return str(_("the %(place)s %(day)s", place=_place(int(day[:-2]), day), day=name)) if day[:-2] else name


def _place(number: int, day: str) -> str:
    return place_name(number, day) or str(_("number %(n)s", n=number))


def _months(parts: dict[str, str]) -> str:
    if "BYMONTH" not in parts:
        return ""
    names = words_now().months  # as within a date: Russian has another case there
    return str(_("in %(months)s", months=listed(names[int(n) - 1] for n in parts["BYMONTH"].split(","))))
