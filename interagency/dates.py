"""Dates with the precision they came with: day, month, part of a year, year (rules 5 and 24).

The ground floor: knows no room, reads no database.
"""

from __future__ import annotations

import calendar
import enum
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

FIRST_YEAR, LAST_YEAR = 1900, 2199
LONGEST = 60
MONTHS = tuple(calendar.month_name)
_FOREIGN = (
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
)


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
_ORDINALS = ("", "first", "second", "third", "fourth")


class DateNotUnderstood(ValueError):
    """What was typed is no date; the text says what to type instead."""

    @property
    def message(self) -> str:
        return str(self)


class AmbiguousDate(DateNotUnderstood):
    """What was typed can be two dates; `choices` holds both."""

    def __init__(self, message: str, choices: list[ImpreciseDate]) -> None:
        super().__init__(message)
        self.choices = choices


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
        year, month = self.first.year, MONTHS[self.first.month]
        match self.precision:
            case Precision.DAY:
                return f"{self.first.day} {month[:3] if short else month} {year}"
            case Precision.MONTH:
                return f"{month} {year}"
            case Precision.QUARTER:
                return f"{_ORDINALS[(self.first.month - 1) // 3 + 1]} quarter of {year}"
            case Precision.HALF_YEAR:
                return f"{_ORDINALS[(self.first.month - 1) // 6 + 1]} half of {year}"
            case Precision.YEAR:
                return str(year)
        return f"{self.precision.value} {year}"


@lru_cache(maxsize=4096)  # the same few hundred dates stand in thousands of records
def _from_code(code: str) -> ImpreciseDate:
    match = re.fullmatch(r"(\d{4})(?:-(?:(\d{2})(?:-(\d{2}))?|Q([1-4])|H([12])|(early|mid|late)))?", code)
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
    if start is None and end is None:
        return "date not known"
    if start is None or end is None:
        known = start or end
        assert known is not None
        return f"{'from' if start else 'until'} {known.words(short=short)}"
    if start == end:
        return start.words(short=short)
    right = end.words(short=short)
    if start.is_exact and end.is_exact and start.first.year == end.first.year:
        if start.first.month == end.first.month:
            return f"{start.first.day}–{right}"
        return f"{start.words(short=short).rsplit(' ', 1)[0]} – {right}"
    both_years = start.precision is end.precision is Precision.YEAR
    return f"{start.words(short=short)}{'–' if both_years else ' – '}{right}"


# --- Reading what people write ---


def _month_names() -> dict[str, int]:
    names: dict[str, int] = {}
    for number in range(1, 13):
        english = MONTHS[number].lower()
        for name in (english, english[:3], english[:4], *(_plain(row[number - 1]) for row in _FOREIGN)):
            names.setdefault(name, number)
    return names


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in folded if not unicodedata.combining(c))


_MONTH = _month_names()
_NAME = "|".join(sorted(_MONTH, key=len, reverse=True))
_WEEKDAYS = tuple(name.lower() for name in calendar.day_name)
_UNKNOWN = {
    "",
    "-",
    "—",
    "?",
    "unknown",
    "not known",
    "n/a",
    "na",
    "none",
    "tbc",
    "tbd",
    "to be confirmed",
    "date not known",
}
_PARTS = {
    "early": Precision.EARLY,
    "beginning of": Precision.EARLY,
    "start of": Precision.EARLY,
    "mid": Precision.MID,
    "middle of": Precision.MID,
    "late": Precision.LATE,
    "end of": Precision.LATE,
}
_PLACES = {
    "1": 1,
    "1st": 1,
    "first": 1,
    "2": 2,
    "2nd": 2,
    "second": 2,
    "3": 3,
    "3rd": 3,
    "third": 3,
    "4": 4,
    "4th": 4,
    "fourth": 4,
}
_HINT = "Write a day, month or year, such as 15 June 2016, June 2016 or early 2018."


def _shown(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:40]


def _normal(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    text = _plain(text.replace("–", "-").replace("‑", "-"))
    return " ".join(text.replace(",", " ").split()).rstrip(".").strip()


def read_date(text: str) -> ImpreciseDate | None:
    """The date people mean by `text`; None for a blank or `unknown`.

    Raises DateNotUnderstood saying what to type, and AmbiguousDate where day and month can be exchanged.
    """
    if len(text) > LONGEST:
        raise DateNotUnderstood(f"“{_shown(text)}…” is too long for a date. {_HINT}")
    plain = _normal(text)
    if plain in _UNKNOWN:
        return None
    plain, weekday = _without_weekday(plain)
    found = next((read for reader in _READERS if (read := reader(plain, text)) is not None), None)
    if found is None:
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”. {_HINT}")
    if weekday is not None and found.is_exact and found.first.weekday() != weekday:
        right = calendar.day_name[found.first.weekday()]
        raise DateNotUnderstood(
            f"{found.words()} is a {right}, not a {calendar.day_name[weekday]}. Correct one of them."
        )
    return found


def _without_weekday(plain: str) -> tuple[str, int | None]:
    first, _space, rest = plain.partition(" ")
    for number, name in enumerate(_WEEKDAYS):
        if first.rstrip(".") in (name, name[:3]) and rest:
            return rest, number
    return plain, None


def _checked_year(year: str, text: str) -> int:
    if len(year) == 2:
        raise DateNotUnderstood(f"“{_shown(text)}” has a year of two digits. Write all four.")
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise DateNotUnderstood(f"The year {year[:10]} in “{_shown(text)}” lies outside {FIRST_YEAR} to {LAST_YEAR}.")
    return int(year)


def _checked_day(year: int, month: int, day: int, text: str) -> ImpreciseDate:
    if not 1 <= month <= 12:
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”: there is no month {month}. {_HINT}")
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        name = MONTHS[month]
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”: {name} {year} has {days} days. {_HINT}")
    return ImpreciseDate.day(date(year, month, day))


def _named_day(plain: str, text: str) -> ImpreciseDate | None:
    before = re.fullmatch(
        rf"(\d{{1,2}})(?:st|nd|rd|th|er)?[ .\-]+(?:of |de )?({_NAME})\.?[ .\-]+(?:de )?(\d{{2,5}})", plain
    )
    after = re.fullmatch(rf"({_NAME})\.? (\d{{1,2}})(?:st|nd|rd|th)? (\d{{2,5}})", plain)
    if before:
        return _checked_day(_checked_year(before[3], text), _MONTH[before[2]], int(before[1]), text)
    if after:
        return _checked_day(_checked_year(after[3], text), _MONTH[after[1]], int(after[2]), text)
    return None


def _iso_day(plain: str, text: str) -> ImpreciseDate | None:
    match = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", plain)
    return _checked_day(_checked_year(match[1], text), int(match[2]), int(match[3]), text) if match else None


def _numeric_day(plain: str, text: str) -> ImpreciseDate | None:
    match = re.fullmatch(r"(\d{1,2})([/.\-]) ?(\d{1,2})\2 ?(\d{2,5})", plain)
    if match is None:
        return None
    year, left, right = _checked_year(match[4], text), int(match[1]), int(match[3])
    if left == right or right > 12:
        return _checked_day(year, left, right, text) if right > 12 else _checked_day(year, right, left, text)
    if left > 12:
        return _checked_day(year, right, left, text)
    if 0 in (left, right):
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”. {_HINT}")
    choices = [_checked_day(year, right, left, text), _checked_day(year, left, right, text)]
    raise AmbiguousDate(
        f"“{_shown(text)}” could be {choices[0].words()} or {choices[1].words()}. Write the month as a word.", choices
    )


def _month_and_year(plain: str, text: str) -> ImpreciseDate | None:
    named = re.fullmatch(rf"({_NAME})\.?[ .\-/]+(?:of |de )?(\d{{2,5}})", plain)
    if named:
        return ImpreciseDate.month(_checked_year(named[2], text), _MONTH[named[1]])
    match = re.fullmatch(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})|(?P<m2>\d{1,2})[/.\-](?P<y2>\d{4})", plain)
    if match is None:
        return None
    year, month = _checked_year(match["y"] or match["y2"], text), int(match["m"] or match["m2"])
    if not 1 <= month <= 12:
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”: there is no month {month}. {_HINT}")
    return ImpreciseDate.month(year, month)


def _part_of_year(plain: str, text: str) -> ImpreciseDate | None:
    third = re.fullmatch(rf"(?:the )?({'|'.join(_PARTS)})[ \-]*(?:of )?(\d{{2,5}})|(\d{{4}})-(early|mid|late)", plain)
    if third:
        return ImpreciseDate.part(_checked_year(third[2] or third[3], text), _PARTS[third[1] or third[4]])
    places = "|".join(_PLACES)
    match = re.fullmatch(
        rf"(?:(?P<a>[qh])(?P<n>[1-4])[ /\-]*(?P<y>\d{{2,5}})|(?P<y2>\d{{4}})[ /\-]*(?P<a2>[qh])(?P<n2>[1-4])"
        rf"|(?:the )?(?P<p>{places}) (?P<w>quarter|half|semester)(?: of)? (?P<y3>\d{{2,5}}))",
        plain,
    )
    if match is None:
        return None
    year = _checked_year(match["y"] or match["y2"] or match["y3"], text)
    kind = match["a"] or match["a2"] or ("q" if match["w"] == "quarter" else "h")
    place = int(match["n"] or match["n2"] or _PLACES[match["p"]])
    if kind == "h" and place > 2:
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”: a year has two halves. {_HINT}")
    return ImpreciseDate.quarter(year, place) if kind == "q" else ImpreciseDate.half_year(year, place)


def _year_alone(plain: str, text: str) -> ImpreciseDate | None:
    match = re.fullmatch(r"(?:in )?(\d{3,6})", plain)
    return ImpreciseDate.year(_checked_year(match[1], text)) if match else None


_READERS = (_iso_day, _named_day, _numeric_day, _month_and_year, _part_of_year, _year_alone)


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
