"""Reading dates as people write them, in any of the six languages (rule 5)."""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date

from interagency.text.date_words import WORDS
from interagency.text.dates import MONTHS, ImpreciseDate, Precision
from interagency.text.dates_in_english import in_english, plain

FIRST_YEAR, LAST_YEAR = 1900, 2199
LONGEST = 60


class DateNotUnderstood(ValueError):
    """What was typed is no date: `problem` says why not, `hint` what to type instead where that is not said yet."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(f"{problem} {hint}".strip())
        self.problem, self.hint = problem, hint

    @property
    def message(self) -> str:
        return str(self)


class AmbiguousDate(DateNotUnderstood):
    """What was typed can be two dates; `choices` holds both."""

    def __init__(self, message: str, choices: list[ImpreciseDate]) -> None:
        super().__init__(message)
        self.choices = choices


def _month_names() -> dict[str, int]:
    names: dict[str, int] = {}
    for number in range(1, 13):
        english = MONTHS[number].lower()
        for name in (english, english[:3], english[:4]):
            names.setdefault(name, number)
    return names


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
    *(plain(words.unknown) for words in WORDS.values()),
    *("a confirmer", "a determiner", "por confirmar", "por determinar", "уточняется", "待定", "待确认", "يحدد لاحقا"),
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
# What programs add to a day: 2026-12-31T00:00:00, 31/12/2026 00:00.
_MIDNIGHT = re.compile(r"(?<=\d)[t ]0?0:00(?::00(?:\.0+)?)?(?:z|[+-]\d\d:?\d\d)?$")
_HINT = "Write a day, month or year, such as 15 June 2016, June 2016 or early 2018."
_DAY = "Write a day, such as 31 December 2027."


def _shown(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:40]


def _normal(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    text = plain(in_english(text).replace("–", "-").replace("‑", "-"))
    return " ".join(text.replace(",", " ").split()).rstrip(".").strip()


def read_date(text: str) -> ImpreciseDate | None:
    """The date people mean by `text`; None for a blank or `unknown`.

    Raises DateNotUnderstood saying what to type, and AmbiguousDate where day and month can be exchanged.
    """
    if len(text) > LONGEST:
        raise DateNotUnderstood(f"“{_shown(text)}…” is too long for a date.", _HINT)
    plain = _normal(text)
    if plain in _UNKNOWN:
        return None
    plain = _MIDNIGHT.sub("", plain)
    plain, weekday = _without_weekday(plain)
    found = next((read for reader in _READERS if (read := reader(plain, text)) is not None), None)
    if found is None:
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”.", _HINT)
    if weekday is not None and found.is_exact and found.first.weekday() != weekday:
        right = calendar.day_name[found.first.weekday()]
        raise DateNotUnderstood(
            f"{found.words()} is a {right}, not a {calendar.day_name[weekday]}. Correct one of them."
        )
    return found


def read_one_day(text: str, *, not_before: date | None = None) -> date | None:
    """The day people mean by `text`, where a month or a year would not do; None for a blank or `unknown`.

    With `not_before` a day without a year, `9 December`, is the first such day that does not lie before it.
    Raises what `read_date` raises, with days for examples.
    """
    try:
        found = read_date(text if not_before is None else _with_year(text, not_before))
    except AmbiguousDate:
        raise
    except DateNotUnderstood as problem:
        raise DateNotUnderstood(problem.problem, _DAY if problem.hint else "") from None
    if found is None:
        return None
    if not found.is_exact:
        raise DateNotUnderstood(f"“{_shown(text)}” is longer than a day.", _DAY)
    return found.first


def _with_year(text: str, not_before: date) -> str:
    """`text` with the year of the first such day from `not_before` on, if it names day and month and no year."""
    plain, _weekday = _without_weekday(_normal(text[: LONGEST + 1]))
    before, after = _DAY_MONTH.fullmatch(plain), _MONTH_DAY.fullmatch(plain)
    if before:
        day, month = int(before[1]), _MONTH[before[2]]
    elif after:
        day, month = int(after[2]), _MONTH[after[1]]
    else:
        return text
    for year in range(not_before.year, not_before.year + 9):  # 29 February may be eight years away
        if 1 <= day <= calendar.monthrange(year, month)[1] and date(year, month, day) >= not_before:
            return f"{text} {year}"
    return f"{text} {not_before.year}"


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
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”: there is no month {month}.", _HINT)
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        name = MONTHS[month]
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”: {name} {year} has {days} days.", _HINT)
    return ImpreciseDate.day(date(year, month, day))


# Texts of at most LONGEST signs, matched whole.
_DAY_MONTH_YEAR = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th|er)?[ .\-]+(?:of |de )?({_NAME})\.?[ .\-]+(?:de )?(\d{{2,5}})"
)
_DAY_MONTH = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th|er)?[ .\-]+(?:of |de )?({_NAME})\.?")
_MONTH_DAY = re.compile(rf"({_NAME})\.? (\d{{1,2}})(?:st|nd|rd|th)?")
_MONTH_DAY_YEAR = re.compile(rf"({_NAME})\.? (\d{{1,2}})(?:st|nd|rd|th)? (\d{{2,5}})")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([/.\-]) ?(\d{1,2})\2 ?(\d{2,5})")
_MONTH_YEAR = re.compile(rf"({_NAME})\.?[ .\-/]+(?:of |de )?(\d{{2,5}})")
_MONTH_IN_FIGURES = re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})|(?P<m2>\d{1,2})[/.\-](?P<y2>\d{4})")
_THIRD = re.compile(rf"(?:the )?({'|'.join(_PARTS)})[ \-]*(?:of )?(\d{{2,5}})|(\d{{4}})-(early|mid|late)")
_QUARTER_OR_HALF = re.compile(
    r"(?:(?P<a>[qh])(?P<n>[1-4])[ /\-]*(?P<y>\d{2,5})|(?P<y2>\d{4})[ /\-]*(?P<a2>[qh])(?P<n2>[1-4])"
    rf"|(?:the )?(?P<p>{'|'.join(_PLACES)}) (?P<w>quarter|half|semester)(?: of)? (?P<y3>\d{{2,5}}))"
)
_MONTHS_YEAR = re.compile(rf"({_NAME})\.? ?(?:-|to|/) ?({_NAME})\.?[ \-/]+(\d{{2,5}})")
_YEAR = re.compile(r"(?:in )?(\d{3,6})")


def _named_day(plain: str, text: str) -> ImpreciseDate | None:
    before, after = _DAY_MONTH_YEAR.fullmatch(plain), _MONTH_DAY_YEAR.fullmatch(plain)
    if before:
        return _checked_day(_checked_year(before[3], text), _MONTH[before[2]], int(before[1]), text)
    if after:
        return _checked_day(_checked_year(after[3], text), _MONTH[after[1]], int(after[2]), text)
    return None


def _iso_day(plain: str, text: str) -> ImpreciseDate | None:
    match = _YEAR_FIRST.fullmatch(plain)
    return _checked_day(_checked_year(match[1], text), int(match[2]), int(match[3]), text) if match else None


def _numeric_day(plain: str, text: str) -> ImpreciseDate | None:
    match = _YEAR_LAST.fullmatch(plain)
    if match is None:
        return None
    year, left, right = _checked_year(match[4], text), int(match[1]), int(match[3])
    if left == right or right > 12:
        return _checked_day(year, left, right, text) if right > 12 else _checked_day(year, right, left, text)
    if left > 12:
        return _checked_day(year, right, left, text)
    if 0 in (left, right):
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”.", _HINT)
    choices = [_checked_day(year, right, left, text), _checked_day(year, left, right, text)]
    raise AmbiguousDate(
        f"“{_shown(text)}” could be {choices[0].words()} or {choices[1].words()}. Write the month as a word.", choices
    )


def _month_and_year(plain: str, text: str) -> ImpreciseDate | None:
    named = _MONTH_YEAR.fullmatch(plain)
    if named:
        return ImpreciseDate.month(_checked_year(named[2], text), _MONTH[named[1]])
    match = _MONTH_IN_FIGURES.fullmatch(plain)
    if match is None:
        return None
    year, month = _checked_year(match["y"] or match["y2"], text), int(match["m"] or match["m2"])
    if not 1 <= month <= 12:
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”: there is no month {month}.", _HINT)
    return ImpreciseDate.month(year, month)


def _part_of_year(plain: str, text: str) -> ImpreciseDate | None:
    third = _THIRD.fullmatch(plain)
    if third:
        return ImpreciseDate.part(_checked_year(third[2] or third[3], text), _PARTS[third[1] or third[4]])
    match = _QUARTER_OR_HALF.fullmatch(plain)
    if match is None:
        return None
    year = _checked_year(match["y"] or match["y2"] or match["y3"], text)
    kind = match["a"] or match["a2"] or ("q" if match["w"] == "quarter" else "h")
    place = int(match["n"] or match["n2"] or _PLACES[match["p"]])
    if kind == "h" and place > 2:
        raise DateNotUnderstood(f"We could not read “{_shown(text)}”: a year has two halves.", _HINT)
    return ImpreciseDate.quarter(year, place) if kind == "q" else ImpreciseDate.half_year(year, place)


def _months_of_year(plain: str, text: str) -> ImpreciseDate | None:
    """`Jan-Mar 2026` where the months are a quarter, a half or the whole of the year."""
    match = _MONTHS_YEAR.fullmatch(plain)
    if match is None:
        return None
    year, first, last = _checked_year(match[3], text), _MONTH[match[1]], _MONTH[match[2]]
    if (first, last) == (1, 12):
        return ImpreciseDate.year(year)
    if last - first == 5 and first % 6 == 1:
        return ImpreciseDate.half_year(year, last // 6)
    if last - first == 2 and first % 3 == 1:
        return ImpreciseDate.quarter(year, last // 3)
    raise DateNotUnderstood(
        f"“{_shown(text)}” is no quarter or half of a year. Write where it begins and where it ends apart, by month."
    )


def _year_alone(plain: str, text: str) -> ImpreciseDate | None:
    match = _YEAR.fullmatch(plain)
    return ImpreciseDate.year(_checked_year(match[1], text)) if match else None


_READERS = (_iso_day, _named_day, _numeric_day, _month_and_year, _part_of_year, _months_of_year, _year_alone)
