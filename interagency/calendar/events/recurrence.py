"""Rules of repetition as people choose and read them, and the dates they give. The rule itself is RFC 5545 text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from interagency.calendar.events.recurrence_rules import WEEKDAYS, parts_of, rule_from
from interagency.text.date_words import say_day
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import listed, one_of

BASES = {"daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY", "monthly": "FREQ=MONTHLY", "yearly": "FREQ=YEARLY"}
SHOWN = 10
MIDNIGHT = time()
_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")
_DAY_NAMES = (
    _l("Monday"), _l("Tuesday"), _l("Wednesday"), _l("Thursday"), _l("Friday"), _l("Saturday"), _l("Sunday"),
)  # fmt: skip
_MONTH_NAMES = (
    _l("January"), _l("February"), _l("March"), _l("April"), _l("May"), _l("June"), _l("July"), _l("August"),
    _l("September"), _l("October"), _l("November"), _l("December"),
)  # fmt: skip
_PLACES = {
    1: _l("first"), 2: _l("second"), 3: _l("third"), 4: _l("fourth"), 5: _l("fifth"), -1: _l("last"),
    -2: _l("second last"),
}  # fmt: skip
_WORKING_DAYS = ",".join(WEEKDAYS[:5])
_ENGLISH_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ENGLISH_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_PLACE_WORDS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1,
    "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5,
}  # fmt: skip
_FILLING = {"and", "or", "the", "on", "in", "of", "every", "each", "month", "a"}
_WORKING = re.compile(r"\b(?:(?:working|work|week|business)[ -]?days?)\b")
_ORDINAL = re.compile(r"^(\d{1,2})(?:st|nd|rd|th)$")
_NOT_WORDS = re.compile(r"[^a-z0-9]+")


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
    on, months = _days_said(parts).removeprefix(str(_("on %(days)s", days=""))), _months_said(parts)
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


def read_days_of_rule(text: str) -> dict[str, str]:
    """The days of a rule as people say them: `Monday and Wednesday`, `second Tuesday and fourth Thursday`, `last day`,
    `first and last working day`, `every working day`, `day 15`. Parts of an RRULE; empty for no words.

    Raises ValueError with a sentence.
    """
    weekdays: list[str] = []
    numbers: list[str] = []
    places: list[int] = []
    working: list[int] | None = None
    for word in _words_of(text):
        if word in _PLACE_WORDS:
            places.append(_PLACE_WORDS[word])
        elif word.isdecimal() and len(word) < 3:
            numbers.append(str(int(word)))
        elif word == "workingday":
            working, places = places, []
        elif word == "day":
            numbers += [str(place) for place in places]
            places = []
        else:
            day = next((day for day, name in zip(WEEKDAYS, _ENGLISH_DAYS, strict=True) if _means(word, name)), None)
            if day is None:
                raise _no_days(text)
            weekdays += [f"{place}{day}" for place in list(map(str, places)) or [""]]
            places = []
    if places or sum(bool(one) for one in (weekdays, numbers, working is not None)) > 1:
        raise _no_days(text)
    if working is not None:
        position = {"BYSETPOS": ",".join(map(str, working))} if working else {}
        return {"BYDAY": _WORKING_DAYS, **position}
    if numbers:
        return {"BYMONTHDAY": ",".join(dict.fromkeys(numbers))}
    if weekdays:
        return {"BYDAY": ",".join(sorted(set(weekdays), key=_order))}
    return {}


def _order(day: str) -> tuple[bool, int, int]:
    """Weekdays as they come in a month, the last ones last."""
    number = int(day[:-2] or 0)
    return number < 0, number, WEEKDAYS.index(day[-2:])


def _no_days(text: str) -> ValueError:
    return ValueError(
        _(
            "We could not read the days in “%(text)s”. Write such as: Monday and Wednesday; second Tuesday and fourth "
            "Thursday; last Friday; last working day; every working day; day 15.",
            text=text[:60],
        )
    )


def _words_of(text: str) -> list[str]:
    """The words that carry meaning, in small letters; what is worked on is one word."""
    plain = _WORKING.sub(" workingday ", text.casefold())
    words = [
        word if word in _PLACE_WORDS else _ORDINAL.sub(r"\1", word)
        for word in _NOT_WORDS.sub(" ", plain).split()
        if word not in _FILLING
    ]
    return ["day" if word == "days" else word for word in words]


def _means(word: str, name: str) -> bool:
    """Whether a word is that name, its plural, or the beginning of it."""
    return len(word) > 2 and (name.startswith(word) or word == f"{name}s")


def read_months(text: str) -> str:
    """Months in words, as the numbers of BYMONTH: `March and September` is `3,9`. Raises ValueError with a sentence."""
    found = set()
    for word in _NOT_WORDS.sub(" ", text.casefold()).split():
        if word in _FILLING:
            continue
        number = next((n for n, name in enumerate(_ENGLISH_MONTHS, start=1) if _means(word, name)), None)
        if number is None:
            raise ValueError(
                _("We could not read the months in “%(text)s”. Write such as March and September.", text=text[:60])
            )
        found.add(number)
    return ",".join(map(str, sorted(found)))


def _days_said(parts: dict[str, str]) -> str:
    """The days of a rule in words, where it says days of its own."""
    own = {name: value for name, value in parts.items() if name in ("BYDAY", "BYMONTHDAY", "BYSETPOS")}
    return _days_words(own | {"FREQ": "DAILY"}, date.min) if set(own) - {"BYSETPOS"} else ""


def _months_said(parts: dict[str, str]) -> str:
    return _months(parts).removeprefix(str(_("in %(months)s", months="")))


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
        return str(_("on %(days)s", days=_DAY_NAMES[first.weekday()]))
    if parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts:
        return str(_("on %(days)s", days=_("day %(n)s", n=first.day)))
    return str(_("on %(days)s", days=say_day(first, year=False)))


def _weekdays_words(text: str, position: str) -> str:
    """`on Monday and Wednesday`, `on the second Tuesday`, `on the last working day`."""
    days = [_("working day")] if text == _WORKING_DAYS else [_weekday_words(day) for day in text.split(",")]
    if position:
        places = listed([_place(int(number)) for number in position.split(",")])
        return str(_("on the %(place)s %(days)s", place=places, days=one_of(days)))
    if text == _WORKING_DAYS:
        return str(_("on every working day"))
    return str(_("on %(days)s", days=listed(days)))


def _weekday_words(day: str) -> str:
    name = str(_DAY_NAMES[WEEKDAYS.index(day[-2:])])
    return str(_("the %(place)s %(day)s", place=_place(int(day[:-2])), day=name)) if day[:-2] else name


def _place(number: int) -> str:
    return str(_PLACES[number] if number in _PLACES else _("number %(n)s", n=number))


def _months(parts: dict[str, str]) -> str:
    if "BYMONTH" not in parts:
        return ""
    return str(_("in %(months)s", months=listed([str(_MONTH_NAMES[int(n) - 1]) for n in parts["BYMONTH"].split(",")])))
