"""Months as `2026-08`: reading them, counting in them, and when a cycle is due."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from interagency.text.date_words import say_moment, say_month

FIRST_MONTH, LAST_MONTH = "2016-04", "2199-12"
DUE_DAY = 5
_MONTH = re.compile(r"(\d{4})-(\d{1,2})", re.ASCII)
LAST_MINUTE = time(23, 59)


class MonthNotUnderstood(ValueError):
    """Not a month; the text says what to write."""


def read_month(text: str) -> str:
    """`text` as a month such as `2026-08`. Raises MonthNotUnderstood."""
    found = _MONTH.fullmatch(text.strip())
    if not found or not 1 <= int(found[2]) <= 12:
        raise MonthNotUnderstood(f"“{text[:20]}” is not a month. Write year and month, such as 2026-08.")
    month = f"{found[1]}-{int(found[2]):02}"
    if not FIRST_MONTH <= month <= LAST_MONTH:
        raise MonthNotUnderstood(f"{month} is out of range. UNGASS was held in April 2016; write a month since then.")
    return month


def month_of(day: date) -> str:
    """The month `day` lies in."""
    return f"{day:%Y-%m}"


def first_day(month: str) -> date:
    """Day 1 of `month`."""
    return date(int(month[:4]), int(month[5:]), 1)


def month_after(month: str, count: int = 1) -> str:
    """The month `count` months after `month`; before it when `count` is negative."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + count
    return f"{number // 12:04}-{number % 12 + 1:02}"


def months_between(first: str, last: str) -> int:
    """How many months `last` lies after `first`."""
    return (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:])


def format_month(month: str | None, *, short: bool = False) -> str:
    """`August 2026`, or `Aug 2026` for a narrow column; empty for no month."""
    if not month:
        return ""
    return say_month(int(month[:4]), int(month[5:]), short=short)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """23:59 of `day` in `zone`, as an instant in UTC."""
    return datetime.combine(day, LAST_MINUTE, zone).astimezone(UTC)


def default_due(month: str, zone: ZoneInfo) -> datetime:
    """When a cycle is due unless a coordinator says otherwise: the 5th of the next month, 23:59 (rule 14)."""
    return end_of_day(first_day(month_after(month)) + timedelta(days=DUE_DAY - 1), zone)


def format_due(due: datetime, zone: ZoneInfo) -> str:
    """`Thursday 5 November 2026, 23:59 Vienna`: a due date with the zone it is said in."""
    local = due.astimezone(zone)
    city = zone.key.rsplit("/", 1)[-1].replace("_", " ")
    return f"{say_moment(local, weekday=True)} {city}"
