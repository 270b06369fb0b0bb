"""Rules of repetition (RFC 5545, 3.3.10) that calendars agree on, checked before they are kept.

A rule that passed here is read by dateutil in bounded time; one that did not must never reach it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.rrule import rrulestr
from flask_babel import gettext as _
from flask_babel import ngettext

from interagency.text.repeat_words import WEEKDAYS
from interagency.text.typed_dates import LAST_YEAR

MAX_RULE_LENGTH = 10_000
MAX_SEARCH_LENGTH = 5 * 366  # days
PERIODS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 28, "YEARLY": 365}
_NUMBER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_UNTIL = re.compile(r"\d{8}(?:T\d{6}Z?)?\Z", re.ASCII)
_LAST_DAY = re.compile(r"(UNTIL=\d{8})(?![\dT])")
_NUMBERED_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)\Z", re.ASCII)
# Lists of numbers: the largest, and the frequencies that may carry them. None stands for negative ones as well.
_NUMBERS = {
    "BYMONTH": (1, 12, ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")),
    "BYMONTHDAY": (-31, 31, ("DAILY", "MONTHLY", "YEARLY")),
    "BYYEARDAY": (-366, 366, ("YEARLY",)),
    "BYWEEKNO": (-53, 53, ("YEARLY",)),
    "BYSETPOS": (-366, 366, ("MONTHLY", "YEARLY")),
}
_MAX_DAY = {"MONTHLY": 5, "YEARLY": 53}
Moment = date | datetime


class RuleError(ValueError):
    """A rule of recurrence that calendars cannot carry; the text says why."""


def parts_of(rrule: str) -> dict[str, str]:
    """The parts of a rule by name, in capitals. Raises RuleError for what is not `NAME=value;…` or named twice."""
    parts: dict[str, str] = {}
    for part in rrule.strip().upper().rstrip(";").split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value or name in parts:
            raise RuleError(_("The rule of repetition cannot be read."))
        parts[name] = value
    return parts


def check_rule(start: Moment, rrule: str) -> datetime | None:
    """Raise RuleError unless `rrule` is a rule calendars agree on, whose first occurrence is `start`.

    Returns when it begins for the last time where it has a number of times, else None.
    """
    parts = parts_of(rrule)
    _check_parts(parts)
    begin = as_moment(start)
    if "UNTIL" in parts and _until(parts["UNTIL"]) < begin:
        raise RuleError(_("It would never take place: the rule ends before it begins."))
    if not _begins_with(begin, parts):
        raise RuleError(
            _(
                "Its first day is not one of the days it repeats on, or the rule never takes place. Choose a first "
                "day that is."
            )
        )
    if "COUNT" not in parts:
        return None
    listed = list(moments(rrule, begin, datetime(LAST_YEAR, 12, 31, 23)))
    if len(listed) < int(parts["COUNT"]):
        raise RuleError(_("It goes on after the year %(last_year)s. Shorten it.", last_year=LAST_YEAR))
    return listed[-1]


def first_of_rule(start: Moment, rrule: str) -> datetime | None:
    """When a rule first gives a date, from `start` on and in the periods that `start` counts from; local time.

    None when it gives none within five years. Raises RuleError for a rule that calendars do not agree on.
    """
    parts = parts_of(rrule)
    _check_parts(parts)
    begin = as_moment(start)
    if not {"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"} & set(parts):  # what the start says without being asked
        if parts["FREQ"] == "WEEKLY":
            parts["BYDAY"] = WEEKDAYS[begin.weekday()]
        elif parts["FREQ"] in ("MONTHLY", "YEARLY"):
            parts["BYMONTHDAY"] = str(begin.day)
            parts |= {} if parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts else {"BYMONTH": str(begin.month)}
    every, week_start = int(parts.get("INTERVAL", "1")), WEEKDAYS.index(parts.get("WKST", "MO"))

    def period(day: datetime) -> int:
        count = {"DAILY": day.toordinal(), "MONTHLY": 12 * day.year + day.month, "YEARLY": day.year}
        return count.get(parts["FREQ"], (day.toordinal() - 1 - week_start) // 7)

    days = (begin + timedelta(days=number) for number in range(MAX_SEARCH_LENGTH) if begin.year < LAST_YEAR - 5)
    return next((day for day in days if (period(day) - period(begin)) % every == 0 and _begins_with(day, parts)), None)


def _check_parts(parts: dict[str, str]) -> None:
    frequency = parts.get("FREQ", "")
    if frequency not in PERIODS:
        raise RuleError(_("It can repeat daily, weekly, monthly or yearly."))
    unknown = sorted(set(parts) - {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_NUMBERS})
    if unknown:
        raise RuleError(_("It repeats by a rule that is not kept here (%(unknown)s).", unknown=unknown[0][:20]))
    if "COUNT" in parts and "UNTIL" in parts:
        raise RuleError(_("It can end after a number of times or on a day, not both."))
    if not 1 <= _number(parts.get("INTERVAL", "1")) <= 1_000:
        raise RuleError(_("It repeats every so many days, weeks, months or years: from 1 to 1,000."))
    count = _number(parts.get("COUNT", "1"))
    if count > MAX_RULE_LENGTH:
        raise RuleError(
            ngettext(
                "It repeats more than %(most)s time. Shorten it.",
                "It repeats more than %(most)s times. Shorten it.",
                MAX_RULE_LENGTH,
                most=f"{MAX_RULE_LENGTH:,}",
            )
        )
    if count < 1:
        raise RuleError(_("It would never take place: it repeats no times."))
    if parts.get("WKST", "MO") not in WEEKDAYS or ("UNTIL" in parts and _until(parts["UNTIL"]).year > LAST_YEAR):
        raise RuleError(_("The rule of repetition cannot be read."))
    for name, (least, most, where) in _NUMBERS.items():
        if name in parts:
            if frequency not in where:
                raise RuleError(
                    _(
                        "It repeats by a rule that calendars do not agree on (%(name)s and %(frequency)s).",
                        name=name,
                        frequency=frequency,
                    )
                )
            _check_numbers(name, parts[name], least, most)
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise RuleError(_("It repeats by a rule that calendars do not agree on (BYSETPOS alone)."))
    if "BYDAY" in parts:
        _check_days(frequency, parts)


def _check_numbers(name: str, text: str, least: int, most: int) -> None:
    values = text.split(",")
    if len(values) > 400:
        raise RuleError(_("The rule of repetition cannot be read."))
    for value in values:
        number = _number(value)
        if number == 0 or not least <= number <= most:
            raise RuleError(
                _("It repeats by a rule that no calendar has (%(name)s=%(value)s).", name=name, value=value[:10])
            )


def _check_days(frequency: str, parts: dict[str, str]) -> None:
    """Weekdays; numbered ones (`3TU`) only where a month or a year has as many (RFC 5545, 3.3.10)."""
    most = 5 if "BYMONTH" in parts else _MAX_DAY.get(frequency, 0)
    for value in parts["BYDAY"].split(",")[:400]:
        found = _NUMBERED_DAY.match(value)
        number = abs(int(found[1])) if found and found[1] else None
        if found is None or number == 0 or (number is not None and (number > most or "BYWEEKNO" in parts)):
            raise RuleError(_("It repeats by a rule that no calendar has (BYDAY=%(value)s).", value=value[:10]))


def _number(text: str) -> int:
    """A whole number of at most ten figures. Raises RuleError."""
    if not _NUMBER.fullmatch(text):
        raise RuleError(_("The rule of repetition cannot be read."))
    return int(text)


def _until(text: str) -> datetime:
    """The end of a rule; a plain day is meant whole. Raises RuleError."""
    if not _UNTIL.match(text):
        raise RuleError(_("The rule of repetition cannot be read."))
    try:
        if "T" in text:
            return datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")
        return datetime.combine(datetime.strptime(text, "%Y%m%d").date(), time(23, 59, 59))
    except ValueError:
        raise RuleError(_("The rule of repetition cannot be read.")) from None


def _begins_with(begin: datetime, parts: dict[str, str]) -> bool:
    """Whether the rule gives `begin`: looked up in the first period alone, so that no rule is searched for ever."""
    if parts["FREQ"] in ("DAILY", "WEEKLY"):
        return _passes(begin, parts)
    one_period = {name: value for name, value in parts.items() if name not in ("COUNT", "UNTIL", "INTERVAL")}
    one_period["INTERVAL"] = "120000" if parts["FREQ"] == "MONTHLY" else "10000"
    try:
        return next(iter(rule_from(_joined(one_period), begin)), None) == begin
    except (ValueError, TypeError, IndexError):
        raise RuleError(_("The rule of repetition cannot be read.")) from None


def _passes(begin: datetime, parts: dict[str, str]) -> bool:
    """Whether a day passes the conditions of a daily or weekly rule."""
    month_days = [int(value) for value in parts.get("BYMONTHDAY", str(begin.day)).split(",")]
    following = (begin.replace(day=28).toordinal() + 4, begin.toordinal())
    left = date.fromordinal(following[0]).replace(day=1).toordinal() - following[1]  # 1 on the last day of the month
    return (
        str(begin.month) in [value.lstrip("+0") for value in parts.get("BYMONTH", str(begin.month)).split(",")]
        and (begin.day in month_days or -left in month_days)
        and WEEKDAYS[begin.weekday()] in parts.get("BYDAY", WEEKDAYS[begin.weekday()]).split(",")
    )


def _joined(parts: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


def rule_from(rrule: str, start: Moment) -> Any:
    """The rule as dateutil's, from `start` on, in local times. A last day without hour is meant whole."""
    whole_days = _LAST_DAY.sub(r"\1T235959", rrule.upper()).replace("Z", "")
    return rrulestr(whole_days, dtstart=as_moment(start), ignoretz=True)


def moments(rrule: str, start: Moment, last: datetime) -> Iterator[datetime]:
    """The beginnings a checked rule gives, up to `last`; local times."""
    for moment in rule_from(rrule, start):
        if moment > last:
            return
        yield moment


def work_of(rrule: str, start: Moment, last: datetime) -> int:
    """How many periods are looked at to list the occurrences of a checked rule up to `last`."""
    parts = parts_of(rrule)
    days = max(0, (last - as_moment(start)).days)
    return days // (PERIODS[parts["FREQ"]] * int(parts.get("INTERVAL", "1"))) + 1


def as_moment(value: Moment) -> datetime:
    """A day as its midnight; a time as it is."""
    return value if isinstance(value, datetime) else datetime.combine(value, time())
