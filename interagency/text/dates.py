"""Dates with the precision they came with: day, month, part of a year, year (rules 5 and 24)."""

from __future__ import annotations

import calendar
import enum
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from interagency.text.date_words import WORDS, say_between, say_open, say_period, words_now

MONTHS = ("", *WORDS["en"].months)


class Precision(enum.StrEnum):
    """How exactly a date is known. Not known at all is None, not a value."""

    DAY = "day"
    MONTH = "month"
    EARLY = "early"
    MID = "mid"
    LATE = "late"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    YEAR = "year"


# First month and number of months of each named part of a year.
_THIRDS = {Precision.EARLY: 1, Precision.MID: 5, Precision.LATE: 9}
_LENGTHS = {
    Precision.MONTH: 1,
    Precision.QUARTER: 3,
    Precision.EARLY: 4,
    Precision.MID: 4,
    Precision.LATE: 4,
    Precision.HALF_YEAR: 6,
    Precision.YEAR: 12,
}
_CODE = re.compile(r"(\d{4})(?:-(?:(\d{2})(?:-(\d{2}))?|Q([1-4])|H([12])|(early|mid|late)))?")


def _last_of(precision: Precision, first: date) -> date:
    """The last day of the period of `precision` that begins on `first`."""
    if precision is Precision.DAY:
        return first
    month = first.month + _LENGTHS[precision] - 1
    return first.replace(month=month, day=calendar.monthrange(first.year, month)[1])


@dataclass(frozen=True, slots=True)
class ImpreciseDate:
    """A day, or a period that stands for a date nobody knows better. Days included at both ends.

    Raises ValueError when `first` and `last` are not exactly a period of that precision.
    """

    precision: Precision
    first: date
    last: date

    def __post_init__(self) -> None:
        starts = {
            Precision.DAY: True,
            Precision.MONTH: True,
            Precision.QUARTER: self.first.month % 3 == 1,
            Precision.HALF_YEAR: self.first.month in (1, 7),
            Precision.YEAR: self.first.month == 1,
        }
        starts |= {third: self.first.month == month for third, month in _THIRDS.items()}
        begins_right = starts[self.precision] and (self.precision is Precision.DAY or self.first.day == 1)
        if not begins_right or self.last != _last_of(self.precision, self.first):
            raise ValueError(f"{self.first} to {self.last} is not a {self.precision.value}")

    def __lt__(self, other: ImpreciseDate) -> bool:
        return (self.first, self.last) < (other.first, other.last)

    @classmethod
    def of(cls, precision: Precision, first: date) -> ImpreciseDate:
        """The period of `precision` that begins on `first`."""
        return cls(precision, first, _last_of(precision, first))

    @classmethod
    def day(cls, day: date) -> ImpreciseDate:
        return cls(Precision.DAY, day, day)

    @classmethod
    def month(cls, year: int, month: int) -> ImpreciseDate:
        return cls.of(Precision.MONTH, date(year, month, 1))

    @classmethod
    def year(cls, year: int) -> ImpreciseDate:
        return cls.of(Precision.YEAR, date(year, 1, 1))

    @classmethod
    def half_year(cls, year: int, half: int) -> ImpreciseDate:
        return cls.of(Precision.HALF_YEAR, date(year, {1: 1, 2: 7}[half], 1))

    @classmethod
    def quarter(cls, year: int, quarter: int) -> ImpreciseDate:
        return cls.of(Precision.QUARTER, date(year, 3 * quarter - 2, 1))

    @classmethod
    def part(cls, year: int, third: Precision) -> ImpreciseDate:
        """The early, mid or late third of a year."""
        return cls.of(third, date(year, _THIRDS[third], 1))

    @classmethod
    def from_code(cls, code: str) -> ImpreciseDate:
        """The date a canonical code stands for. Raises ValueError."""
        return _from_code(code)

    @property
    def code(self) -> str:
        """Canonical text: `2016-06-15`, `2016-06`, `2016-Q3`, `2016-H1`, `2018-early`, `2016`."""
        year = f"{self.first.year:04}"
        match self.precision:
            case Precision.DAY:
                return self.first.isoformat()
            case Precision.MONTH:
                return f"{year}-{self.first.month:02}"
            case Precision.QUARTER:
                return f"{year}-Q{self.first.month // 3 + 1}"
            case Precision.HALF_YEAR:
                return f"{year}-H{self.first.month // 6 + 1}"
            case Precision.YEAR:
                return year
        return f"{year}-{self.precision.value}"

    @property
    def is_exact(self) -> bool:
        """Whether it is a day."""
        return self.precision is Precision.DAY

    def words(self, *, short: bool = False) -> str:
        """`15 June 2016` (short: `15 Jun 2016`), `June 2016`, `first half of 2016`, `early 2018`, `2016`."""
        return say_period(self.code, self.first, short=short)


@lru_cache(maxsize=4096)  # as below
def date_of(precision: Precision | None, first: date | None, last: date | None) -> ImpreciseDate | None:
    """The date of the three columns one is kept in; None where they are empty. Raises ValueError as the class does."""
    return ImpreciseDate(precision, first, last) if precision and first and last else None


@lru_cache(maxsize=4096)  # the same few hundred dates stand in thousands of records
def _from_code(code: str) -> ImpreciseDate:
    match = _CODE.fullmatch(code)
    if match is None:
        raise ValueError(f"not a date code: {code[:20]!r}")
    year = int(match[1])
    if match[3]:
        return ImpreciseDate.day(date(year, int(match[2]), int(match[3])))
    if match[2]:
        return ImpreciseDate.month(year, int(match[2]))
    if match[4]:
        return ImpreciseDate.quarter(year, int(match[4]))
    if match[5]:
        return ImpreciseDate.half_year(year, int(match[5]))
    return ImpreciseDate.part(year, Precision(match[6])) if match[6] else ImpreciseDate.year(year)


def words_between(start: ImpreciseDate | None, end: ImpreciseDate | None, *, short: bool = False) -> str:
    """A period in words: `26–29 September 2017`, `June 2016`, `from June 2016`, `until 2019`, `date not known`."""
    if start is None or end is None:
        known = start or end
        if known is None:
            return words_now().unknown
        return say_open(known.code, known.first, begins=start is not None, short=short)
    if start == end:
        return start.words(short=short)
    return say_between((start.code, start.first), (end.code, end.first), short=short)


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
