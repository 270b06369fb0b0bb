"""Days and months of a repetition in words, in each of the six languages, by the table beside this file.

Read in all of them, whoever reads, as dates are; said in the language that is spoken now, so that it is read back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flask_babel import gettext as _

from interagency.text.date_words import WORDS, month_name, weekday_name
from interagency.text.folding import fold, listed
from interagency.text.languages import DEFAULT, semicolons, viewer_language

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WORKING_DAYS = ",".join(WEEKDAYS[:5])
LONGEST = 300
_EXAMPLES: tuple[Mapping[str, str], ...] = (
    {"BYDAY": "MO,WE"}, {"BYDAY": "2TU,4TH"}, {"BYDAY": "-1FR"}, {"BYMONTHDAY": "15"}, {"BYMONTHDAY": "-1"},
    {"BYDAY": WORKING_DAYS, "BYSETPOS": "1,-1"}, {"BYDAY": WORKING_DAYS},
)  # fmt: skip
_ARTICLE = "ال"
_GAP = re.compile(r"[\s.()]+")
_COMMA = re.compile(r"[,;/&+、،؛。]")
# 15, 15th, 15e, 15-го, 15.º; `tous les 3 mois` is no day.
_NUMBER = re.compile(
    r"(\d{1,2})(?!\d)(?! ?(?:mois|месяц))(-?(?:st|nd|rd|th|er|eme|e|\.?o|и|е|го|я|ое|ого|му)(?![^\W\d_]))?"
)
_BETWEEN_WORDS = re.compile(r"[ -]")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatWords:
    """The words and patterns of one language, beside those of its dates.

    `places` by number, -1 the last: as they are said, by the gender of a weekday (`genders`, from Monday on). A word
    that ends in `*` is a stem. The other words are those that are read.
    """

    places: Mapping[str, Sequence[str]]
    other_places: Mapping[str, Sequence[str]]
    genders: Sequence[int] = (0,) * 7
    of_weekday: str
    of_working_days: str
    every_working_day: str
    day_number: str
    days_from_end: Mapping[str, str]
    day: Sequence[str]
    day_after_number: Sequence[str] = ()
    working_day: Sequence[str]
    joining: Sequence[str]
    filling: Sequence[str]
    weekdays: Sequence[Sequence[str]] = ((),) * 7
    months: Sequence[Sequence[str]] = ((),) * 12


def _load() -> dict[str, RepeatWords]:
    table = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return {
        code: RepeatWords(**{{"and": "and_"}.get(k, k): v for k, v in words.items()}) for code, words in table.items()
    }


_WORDS = _load()


def _words_now() -> RepeatWords:
    return _WORDS.get(viewer_language().code, _WORDS[DEFAULT])


@dataclass(frozen=True, slots=True)
class _Word:
    """What one word says: `place`, `weekday`, `month`, `working`, `day`, `number`, `and` or `filling`.

    A place `follows` what it counts in Arabic with the article; a word for day its number. A place that is a `figure`
    (1st) may be a day of the month; a number that is one (15th) may have the word for day after it.
    """

    kind: str
    value: int = 0
    follows: bool = False
    figure: bool = False


@dataclass(slots=True)
class _Item:
    """A weekday, a day of the month or the working day, with its places; a bare `day` waits for what it belongs to."""

    kind: str
    value: int = 0
    places: list[int] = field(default_factory=list)


def _by_pattern(spellings: Iterable[tuple[str, str, _Word]]) -> dict[str, _Word]:
    """What each pattern stands for, the longest first, Chinese at the end; from spellings with their language."""
    found: dict[str, _Word] = {}
    for code, spelling, word in spellings:
        found.setdefault(_pattern(code, fold(spelling).rstrip(".")), word)
    return {pattern: found[pattern] for pattern in sorted(found, key=lambda one: (_is_chinese(one), -len(one)))}


def _is_chinese(pattern: str) -> bool:
    return pattern[-1] >= "\u3400"


def _any_of(patterns: Iterable[str]) -> str:
    """One pattern; the group that matched says which of them."""
    known = [*patterns]
    spaced = "|".join(f"({pattern})" for pattern in known if not _is_chinese(pattern))
    return "|".join(
        [rf"(?<![^\W\d_])(?=[^\W\d_])(?:{spaced})", *(f"({pattern})" for pattern in known if _is_chinese(pattern))]
    )


def _words_of(text: str, pattern: re.Pattern[str], words: Sequence[_Word]) -> Iterator[_Word]:
    """The `words` that groups of `pattern` find in `text`, with an `and` for each comma.

    Raises ValueError, without a sentence, at any other word.
    """
    text, place = fold(text), 0
    while place < len(text):
        if gap := _GAP.match(text, place):
            place = gap.end()
        elif comma := _COMMA.match(text, place):
            place = comma.end()
            yield _Word("and")
        elif known := pattern.match(text, place):
            place = known.end()
            word = words[(known.lastindex or 0) - 1]
            if known[0].startswith("و"):
                yield _Word("and")
            yield replace(word, follows=word.follows or (word.kind == "place" and _ARTICLE in known[0]))
        elif number := _NUMBER.match(text, place):
            place = number.end()
            is_place = bool(number[2]) and int(number[1]) <= 5
            yield _Word("place" if is_place else "number", int(number[1]), figure=bool(number[2]))
        else:
            raise ValueError


def _pattern(code: str, folded: str) -> str:
    """How a word is found: whole, its parts joined or not; in Arabic with `and` and the article before it; in Chinese
    wherever it stands.
    """
    if code == "zh":
        return re.escape(folded)
    if code == "ar":
        folded = folded.removeprefix(_ARTICLE)
    parts = [
        rf"{re.escape(part[:-1])}\w{{0,3}}" if part.endswith("*") else re.escape(part)
        for part in _BETWEEN_WORDS.split(folded)
    ]
    before = f"و?(?:{_ARTICLE}|لل|بال)?" if code == "ar" else ""
    return before + "[ -]?".join(parts) + ("" if folded.endswith("'") else r"(?![^\W\d_])")


def _day_spellings() -> Iterator[tuple[str, str, _Word]]:
    for code, words in _WORDS.items():
        for spoken in (words.places, words.other_places):
            for place, spellings in spoken.items():
                yield from ((code, one, _Word("place", int(place))) for one in spellings)
        for number, others in enumerate(words.weekdays):
            names = [WORDS[code].weekdays[number], WORDS[code].short_weekdays[number], *others]
            yield from ((code, one, _Word("weekday", number)) for one in names + _beginnings(code, names[0]))
        yield from ((code, one, _Word("day")) for one in words.day)
        yield from ((code, one, _Word("day", follows=True)) for one in words.day_after_number)
        yield from ((code, one, _Word("working")) for one in words.working_day)
        yield from _joining(code, words)


def _month_spellings() -> Iterator[tuple[str, str, _Word]]:
    for code, words in _WORDS.items():
        dates = WORDS[code]
        rows = [row for row in (dates.months, dates.months_alone, dates.short_months) if row]
        for number in range(12):
            names = [name for row in rows for name in (row[number], *row[number].split("/"))]
            names += [*words.months[number], *_beginnings(code, names[0])]
            yield from ((code, one, _Word("month", number + 1)) for one in names)
        yield from _joining(code, words)


def _joining(code: str, words: RepeatWords) -> Iterator[tuple[str, str, _Word]]:
    yield from ((code, one, _Word("and")) for one in words.joining)
    yield from ((code, one, _Word("filling")) for one in words.filling)


def _beginnings(code: str, name: str) -> list[str]:
    """`Wedn` for Wednesday, as people shorten in English."""
    return [name[:length] for length in range(3, len(name))] if code == "en" else []


_DAY_WORDS = _by_pattern(_day_spellings())
_DAY_WORD = re.compile(_any_of(_DAY_WORDS))
_MONTH_WORDS = _by_pattern(_month_spellings())
_MONTH_WORD = re.compile(_any_of(_MONTH_WORDS))


def read_days_of_rule(text: str) -> dict[str, str]:
    """The days of a rule as people say them: `Monday and Wednesday`, `second Tuesday and fourth Thursday`, `last day`,
    `first and last working day`, `every working day`, `day 15`. Parts of an RRULE; empty for no words.

    Raises ValueError with a sentence where any word is not understood.
    """
    if not text.strip():
        return {}
    try:
        if len(text) > LONGEST:
            raise ValueError
        return _rule_parts(_items(_words_of(text, _DAY_WORD, [*_DAY_WORDS.values()])))
    except ValueError:
        raise ValueError(
            _(
                "We could not read the days in “%(text)s”. Write such as: %(examples)s.",
                text=text[:60],
                examples=examples_of_days(),
            )
        ) from None


def _items(words: Iterable[_Word]) -> list[_Item]:
    """What the words name, each with its places. Raises ValueError where one belongs to nothing."""
    items: list[_Item] = []
    pending: list[_Word] = []
    before: _Word | None = None  # what stands beside, without a comma or an `and` between
    for word in words:
        if word.kind == "filling":
            continue
        if word.kind == "place" and word.follows and items and not pending and items[-1].kind != "number":
            items[-1].places.append(word.value)
        elif word.kind == "place":
            pending.append(word)
        elif word.kind != "and":
            _add(items, pending, word, before)
            pending = []
        before = None if word.kind == "and" else word
    return items + _days_in_figures(pending)


def _add(items: list[_Item], pending: Sequence[_Word], word: _Word, before: _Word | None) -> None:
    """Add what a word names, with the places before it, to the items."""
    is_after_day = before is not None and before.kind == "day" and items[-1].kind == "day"
    places = [one.value for one in pending]
    if word.kind == "number":
        items += _days_in_figures(pending)
        if is_after_day and not items[-1].places and not pending:
            items.pop()  # `day 15`
        items.append(_Item("number", word.value))
    elif word.kind == "day" and before is not None and before.kind == "number" and (word.follows or before.figure):
        return  # `15日`, `15-е число`, `15th day`
    elif word.kind == "weekday" and is_after_day:
        items.append(_Item(word.kind, word.value, items.pop().places))  # `آخر يوم جمعة`
    else:
        items.append(_Item(word.kind, word.value, places))


def _days_in_figures(pending: Sequence[_Word]) -> list[_Item]:
    """Places that count nothing, as days of the month: `le 1er et le 15`. Raises ValueError for those in words."""
    if not all(one.figure for one in pending):
        raise ValueError
    return [_Item("number", one.value) for one in pending]


def _rule_parts(items: Sequence[_Item]) -> dict[str, str]:
    """Raises ValueError where the items are none, of several kinds, or say nothing."""
    kinds = {"number" if item.kind == "day" else item.kind for item in items}
    if len(kinds) != 1 or any(item.kind == "day" and not item.places for item in items):
        raise ValueError
    if kinds == {"working"}:
        if len(items) > 1 and not all(item.places for item in items):
            raise ValueError
        positions = ",".join(dict.fromkeys(str(place) for item in items for place in item.places))
        return {"BYDAY": WORKING_DAYS} | ({"BYSETPOS": positions} if positions else {})
    if kinds == {"number"}:
        numbers = [number for item in items for number in ([item.value] if item.kind == "number" else item.places)]
        return {"BYMONTHDAY": ",".join(map(str, dict.fromkeys(numbers)))}
    days = {f"{place}{WEEKDAYS[item.value]}" for item in items for place in map(str, item.places or ("",))}
    return {"BYDAY": ",".join(sorted(days, key=_order))}


def _order(day: str) -> tuple[bool, int, int]:
    """Weekdays as they come in a month, the last ones last."""
    number = int(day[:-2] or 0)
    return number < 0, number, WEEKDAYS.index(day[-2:])


def read_months(text: str) -> str:
    """Months in words, as the numbers of BYMONTH: `March and September` is `3,9`; empty for no words.

    Raises ValueError with a sentence where any word is not understood.
    """
    if not text.strip():
        return ""
    try:
        if len(text) > LONGEST:
            raise ValueError
        found = _words_of(text, _MONTH_WORD, [*_MONTH_WORDS.values()])
        words = [word for word in found if word.kind not in ("and", "filling")]
        if not words or any(word.kind != "month" for word in words):
            raise ValueError
    except ValueError:
        raise ValueError(
            _(
                "We could not read the months in “%(text)s”. Write such as %(examples)s.",
                text=text[:60],
                examples=example_of_months(),
            )
        ) from None
    return ",".join(map(str, sorted({word.value for word in words})))


def say_days_of_rule(parts: Mapping[str, str]) -> str:
    """The days of a rule as `read_days_of_rule` reads them; empty where it says none, or what has no words here."""
    words = _words_now()
    position = parts.get("BYSETPOS", "")
    try:
        if "BYMONTHDAY" in parts:
            return listed(
                words.day_number.format(n=number) if number.isdecimal() else words.days_from_end[number]
                for number in parts["BYMONTHDAY"].split(",")
            )
        if position and parts.get("BYDAY") != WORKING_DAYS:
            return ""
        if position:
            return words.of_working_days.format(places=listed(words.places[place][0] for place in position.split(",")))
        if parts.get("BYDAY") == WORKING_DAYS:
            return words.every_working_day
        return listed(_weekday(words, day) for day in parts.get("BYDAY", "").split(",") if day)
    except KeyError:
        return ""


def _weekday(words: RepeatWords, day: str) -> str:
    name = weekday_name(WEEKDAYS.index(day[-2:]))
    return words.of_weekday.format(place=_place(words, day), day=name) if day[:-2] else name


def _place(words: RepeatWords, day: str) -> str:
    return words.places[day[:-2].lstrip("+")][words.genders[WEEKDAYS.index(day[-2:])]]


def place_name(number: int, day: str) -> str | None:
    """`second`, as it goes with a weekday by its code; None for a place that has no word."""
    words = _words_now()
    return _place(words, f"{number}{day[-2:]}") if str(number) in words.places else None


def say_months(numbers: str) -> str:
    """The numbers of BYMONTH as `read_months` reads them."""
    return listed(month_name(int(number)) for number in numbers.split(",") if number)


def examples_of_days() -> str:
    """What people may write for days, in the language that is spoken now."""
    return semicolons(say_days_of_rule(parts) for parts in _EXAMPLES)


def example_of_months() -> str:
    """The same for months."""
    return say_months("3,9")
