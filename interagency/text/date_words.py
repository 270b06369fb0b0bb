"""How dates are said in each of the six languages, as the United Nations writes them: by the table beside this file.

Every function speaks the language that is spoken now. `typed_dates` reads what they say back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from interagency.text.languages import DEFAULT, viewer_language


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """The words and patterns of one language: {d} {month} {y} of a date, {weekday}, {start} and {end} of a period.

    `parts` are the parts of a year by their codes: early, mid, late, Q1 to Q4, H1, H2. `since` and `until` hold what
    stands around a period by its kind: day, month, year, a part of a year, or any other part. `after` holds periods
    in the case they have there, where it is another.
    """

    months: Sequence[str]
    months_alone: Sequence[str] = ()  # where they differ from those within a date
    short_months: Sequence[str]
    short_months_in_date: Sequence[str] = ()  # likewise
    weekdays: Sequence[str]  # from Monday on
    short_weekdays: Sequence[str]
    narrow_weekdays: Sequence[str]
    day: str
    short_day: str
    day_of_year: str
    short_day_of_year: str
    month: str
    year: str
    with_weekday: str
    with_time: str
    parts: Mapping[str, str]
    after: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, str]
    until: Mapping[str, str]
    between: str
    years: str
    same_month: str
    same_year: str
    unknown: str
    first_day: str = "1"
    contractions: Mapping[str, str] = field(default_factory=dict)

    def number(self, day: int) -> str:
        """A day as a date names it."""
        return self.first_day if day == 1 else str(day)

    def contracted(self, text: str) -> str:
        """`d’avril` for `de avril`."""
        for apart, together in self.contractions.items():
            text = text.replace(apart, together)
        return text


WORDS = {
    code: DateWords(**words)
    for code, words in json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")).items()
}


def words_now() -> DateWords:
    """The words of the language that is spoken now."""
    return WORDS.get(viewer_language().code, WORDS[DEFAULT])


def month_name(number: int, *, short: bool = False) -> str:
    """`June`, or `Jun` for a narrow column: a month by itself."""
    words = words_now()
    return (words.short_months if short else words.months_alone or words.months)[number - 1]


def weekday_name(number: int, *, short: bool = False, narrow: bool = False) -> str:
    """`Monday` for 0, or `Mon`, or `Mo`."""
    words = words_now()
    return (words.narrow_weekdays if narrow else words.short_weekdays if short else words.weekdays)[number]


def say_month(year: int, month: int, *, short: bool = False) -> str:
    """`June 2016`, or `Jun 2016`."""
    return words_now().month.format(month=month_name(month, short=short), y=year)


def say_day(
    day: date, *, short: bool = False, weekday: bool = False, whole_weekday: bool = False, year: bool = True
) -> str:
    """`15 June 2016` (short: `15 Jun 2016`), with its weekday (whole even in a short date), or without its year."""
    words = words_now()
    months = (words.short_months_in_date or words.short_months) if short else words.months
    if year:
        pattern = words.short_day if short else words.day
    else:
        pattern = words.short_day_of_year if short else words.day_of_year
    said = pattern.format(d=words.number(day.day), month=months[day.month - 1], y=day.year)
    if not weekday and not whole_weekday:
        return said
    name = weekday_name(day.weekday(), short=short and not whole_weekday)
    return words.with_weekday.format(weekday=name, day=said)


def say_moment(local: datetime, *, short: bool = False, weekday: bool = False, year: bool = True) -> str:
    """`5 November 2026, 23:59` by the clock of `local`, its day as `say_day` says it."""
    day = say_day(local.date(), short=short, weekday=weekday, year=year)
    return words_now().with_time.format(day=day, time=f"{local:%H:%M}")


def say_period(code: str, first: date, *, short: bool = False) -> str:
    """A date of any precision by its `ImpreciseDate.code` and first day."""
    words, kind = words_now(), _kind(code)
    if kind == "day":
        return say_day(first, short=short)
    if kind == "month":
        return say_month(first.year, first.month)
    return (words.year if kind == "year" else words.parts[kind]).format(y=first.year)


def say_open(code: str, first: date, *, begins: bool, short: bool = False) -> str:
    """`from June 2016`, or `until 2019` of what does not begin but end so."""
    words, kind = words_now(), _kind(code)
    case = words.after.get(kind)
    said = (
        case.format(month=words.months[first.month - 1], y=first.year) if case else say_period(code, first, short=short)
    )
    around = words.since if begins else words.until
    return words.contracted(around.get(kind, around["part"]).format(date=said))


def say_between(start: tuple[str, date], end: tuple[str, date], *, short: bool = False) -> str:
    """`26–29 September 2017`, `26 September – 3 October 2017`, `2016–2019`: by codes and first days."""
    words, first, last = words_now(), start[1], end[1]
    kinds = {_kind(start[0]), _kind(end[0])}
    if kinds == {"year"}:
        return words.years.format(start=first.year, end=last.year)
    begins, ends = say_period(*start, short=short), say_period(*end, short=short)
    if kinds != {"day"} or first.year != last.year:
        return words.between.format(start=begins, end=ends)
    return (words.same_month if first.month == last.month else words.same_year).format(
        start=begins,
        end=ends,
        d=words.number(first.day),
        end_d=last.day,
        start_of_year=say_day(first, short=short, year=False),
        end_of_year=say_day(last, short=short, year=False),
    )


def _kind(code: str) -> str:
    """`day`, `month`, `year`, or which part of a year: the code of a date says it."""
    part = code[5:]
    if part and not part[0].isdecimal():
        return part
    return {0: "year", 2: "month"}.get(len(part), "day")
