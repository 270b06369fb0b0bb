"""The days and months of a repetition are read in the language they are written in, and said so that they are read."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import given, settings
from hypothesis import strategies as st

from interagency.calendar.events.recurrence import BASES, repeat_of, rule_of
from interagency.calendar.events.recurrence_rules import parts_of
from interagency.text.languages import LANGUAGES
from interagency.text.repeat_words import (
    WEEKDAYS,
    WORKING_DAYS,
    example_of_months,
    examples_of_days,
    read_days_of_rule,
    read_months,
    say_days_of_rule,
    say_months,
)

pytestmark = pytest.mark.one_database
CODES = [language.code for language in LANGUAGES]
PLACES = [1, 2, 3, 4, 5, -2, -1]
PLACED = [f"{place}{day}" for place in PLACES for day in WEEKDAYS]
NUMBERS = [*range(1, 32), -2, -1]
FIRST = date(2026, 10, 19)


def _joined(values: object) -> str:
    return ",".join(map(str, values))  # type: ignore[call-overload]


DAYS = st.one_of(
    st.lists(st.sampled_from([*WEEKDAYS, *PLACED]), min_size=1, max_size=5, unique=True).map(
        lambda days: {"BYDAY": _joined(days)}
    ),
    st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=6, unique=True).map(lambda n: {"BYMONTHDAY": _joined(n)}),
    st.lists(st.sampled_from(PLACES), max_size=3, unique=True).map(
        lambda places: {"BYDAY": WORKING_DAYS} | ({"BYSETPOS": _joined(places)} if places else {})
    ),
)


def _sets(parts: dict[str, str]) -> dict[str, set[str]]:
    return {name: set(value.split(",")) for name, value in parts.items()}


@pytest.mark.parametrize("code", CODES)
def test_every_rule_that_is_said_is_read_back(shared_app: Flask, code: str) -> None:
    days: list[dict[str, str]] = [{"BYDAY": one} for one in [*WEEKDAYS, *PLACED]]
    days += [{"BYDAY": f"{one},{two}"} for one, two in combinations(PLACED[::4], 2)]
    days += [{"BYDAY": _joined(two)} for two in combinations(WEEKDAYS, 2)]
    days += [{"BYMONTHDAY": str(number)} for number in NUMBERS]
    days += [{"BYMONTHDAY": f"{one},{two}"} for one, two in combinations(NUMBERS[::3], 2)]
    days += [{"BYDAY": WORKING_DAYS}, *({"BYDAY": WORKING_DAYS, "BYSETPOS": str(place)} for place in PLACES)]
    days += [{"BYDAY": WORKING_DAYS, "BYSETPOS": f"{one},{two}"} for one, two in combinations(PLACES, 2)]
    with shared_app.app_context(), force_locale(code):
        for parts in days:
            said = say_days_of_rule(parts)
            assert _sets(read_days_of_rule(said)) == _sets(parts), said
            rule = ";".join(["FREQ=MONTHLY", *(f"{name}={value}" for name, value in parts.items())])
            repeat = repeat_of(rule, FIRST)
            assert repeat is not None, rule
            assert _sets(parts_of(rule_of(repeat, FIRST))) == _sets(parts_of(rule)), said
        for months in [*([one] for one in range(1, 13)), *combinations(range(1, 13), 3)]:
            assert read_months(say_months(_joined(months))) == _joined(months)
        for example in examples_of_days().replace("；", ";").replace("؛", ";").split(";"):
            assert read_days_of_rule(example), example
        assert read_months(example_of_months()) == "3,9"


@settings(max_examples=60, deadline=None)
@given(
    code=st.sampled_from(CODES),
    days=DAYS,
    months=st.sets(st.integers(1, 12), max_size=4),
    kind=st.sampled_from(sorted(BASES)),
    more=st.sampled_from(["", ";COUNT=7", ";UNTIL=20271231", ";INTERVAL=2"]),
)
def test_any_rule_that_has_words_keeps_its_meaning(
    shared_app: Flask, code: str, days: dict[str, str], months: set[int], kind: str, more: str
) -> None:
    """A rule that has none is kept as it stands: there is nothing to read."""
    parts = days | ({"BYMONTH": _joined(sorted(months))} if months else {})
    rule = ";".join([BASES[kind], *(f"{name}={value}" for name, value in parts.items())]) + more
    with shared_app.app_context(), force_locale(code):
        assert _sets(read_days_of_rule(say_days_of_rule(days))) == _sets(days)
        repeat = repeat_of(rule, FIRST)
        if repeat is not None:
            assert _sets(parts_of(rule_of(repeat, FIRST))) == _sets(parts_of(rule))


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("الثلاثاء الثاني والخميس الرابع", "BYDAY=2TU,4TH"),
        ("ثاني ثلاثاء ورابع خميس من كل شهر", "BYDAY=2TU,4TH"),
        ("آخر يوم جمعة", "BYDAY=-1FR"),
        ("الثلاثاء الأول والثالث", "BYDAY=1TU,3TU"),
        ("أيام الإثنين والأربعاء", "BYDAY=MO,WE"),
        ("آخر يوم عمل", "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        ("يوم ١٥", "BYMONTHDAY=15"),
        ("第二个星期二", "BYDAY=2TU"),
        ("每个月的第二个星期二和第四个星期四", "BYDAY=2TU,4TH"),
        ("最后一个工作日", "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        ("周一", "BYDAY=MO"),
        ("每周一、周三", "BYDAY=MO,WE"),
        ("每月15日", "BYMONTHDAY=15"),
        ("deuxième mardi et quatrième jeudi", "BYDAY=2TU,4TH"),
        ("le 2e mardi du mois", "BYDAY=2TU"),
        ("DERNIER JOUR OUVRE", "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        ("premier et dernier jours ouvrables", "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1"),
        ("le 15", "BYMONTHDAY=15"),
        ("le 1er et le 15", "BYMONTHDAY=1,15"),
        ("tous les lundis", "BYDAY=MO"),
        ("во вторую среду и в последнюю пятницу", "BYDAY=2WE,-1FR"),
        ("по понедельникам и четвергам", "BYDAY=MO,TH"),
        ("в последний рабочий день месяца", "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        ("15-го числа", "BYMONTHDAY=15"),
        ("2-й вторник", "BYDAY=2TU"),
        ("segundo martes", "BYDAY=2TU"),
        ("último día laborable", "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        ("todos los sábados", "BYDAY=SA"),
        ("el día 15 y el último día", "BYMONTHDAY=15,-1"),
        ("first working day and last working day", "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1"),
        ("the 15th day of the month", "BYMONTHDAY=15"),
        ("1st and 15th", "BYMONTHDAY=1,15"),
    ],
)
def test_days_are_read_as_people_write_them(typed: str, parts: str) -> None:
    assert ";".join(f"{name}={value}" for name, value in read_days_of_rule(typed).items()) == parts


@pytest.mark.parametrize(
    ("typed", "months"),
    [
        ("в марте и сентябре", "3,9"), ("января, мая", "1,5"), ("3月和11月", "3,11"), ("三月、十二月", "3,12"),
        ("آذار وأيلول", "3,9"), ("تشرين الثاني/نوفمبر", "11"), ("يونيو ويوليو", "6,7"), ("mars et août", "3,8"),
        ("sept. et févr.", "2,9"), ("setiembre y enero", "1,9"), ("every March and Sept", "3,9"), ("", ""),
    ],
)  # fmt: skip
def test_months_are_read_as_people_write_them(typed: str, months: str) -> None:
    assert read_months(typed) == months


@pytest.mark.parametrize(
    "typed",
    [
        "Monday perhaps", "Monday-Wednesday", "every 2 days", "every day", "second", "and", "day -3", "Monday and day",
        "second Tuesday and working days", "tous les 3 mois", "cada 15 días", "каждые 3 месяца", "каждые 2 дня",
        "每3天",
        "3月15日", "周一次", "الثلاثاء الباكر", "lundi ou parfois mardi", "вторниковый", "второй", "Mon" + "x" * 400,
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", ["ar", "ru", "zh"])
def test_what_is_not_understood_is_refused_with_examples(shared_app: Flask, code: str, typed: str) -> None:
    with shared_app.app_context(), force_locale(code):
        with pytest.raises(ValueError) as refused:
            read_days_of_rule(typed)
        assert examples_of_days() in str(refused.value)
        with pytest.raises(ValueError) as refused:
            read_months(f"{say_months('3')} {typed} 3")
        assert example_of_months() in str(refused.value)
