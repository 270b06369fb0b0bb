"""Dates are said as each language says them, and what is said is read back as the same date."""

from __future__ import annotations

import itertools
from datetime import date, datetime

import pytest
from flask import Flask
from flask_babel import force_locale

from interagency.calendar.events.lines import read_segment, says_not_known, segment_words, split_days
from interagency.calendar.events.record import SegmentDraft
from interagency.matrix.cycles.months import format_month
from interagency.text.date_words import say_day, say_moment
from interagency.text.dates import ImpreciseDate, Precision, words_between
from interagency.text.dates_in_english import in_english
from interagency.text.folding import listed
from interagency.text.languages import LANGUAGES, commas
from interagency.text.typed_dates import DateNotUnderstood, read_date

pytestmark = pytest.mark.one_database
CODES = [language.code for language in LANGUAGES]
DAYS = [ImpreciseDate.day(date(2016, month, day)) for month in range(1, 13) for day in (1, 2, 28)]
PERIODS = [
    *(ImpreciseDate.month(2016, month) for month in range(1, 13)),
    *(ImpreciseDate.quarter(2017, quarter) for quarter in (1, 2, 3, 4)),
    *(ImpreciseDate.half_year(2017, half) for half in (1, 2)),
    *(ImpreciseDate.part(2018, third) for third in (Precision.EARLY, Precision.MID, Precision.LATE)),
    ImpreciseDate.year(2019),
]


@pytest.mark.parametrize("code", CODES)
def test_what_is_said_is_read_back(shared_app: Flask, code: str) -> None:
    with shared_app.app_context(), force_locale(code):
        for one in [*DAYS, *PERIODS]:
            assert read_date(one.words()) == one, one.words()
            assert read_date(one.words(short=True)) == one, one.words(short=True)
        ends = [*DAYS[::5], ImpreciseDate.day(date(2017, 1, 1)), *PERIODS[::3]]
        for start, end in itertools.combinations(ends, 2):
            if end.last < start.first:
                continue
            words = segment_words(SegmentDraft(start, end, None, None))
            read = read_segment(words)
            assert (read.start, read.end) == (start, end), words
            assert split_days(words) == [in_english(words)] or split_days(words) == [words], words
        assert says_not_known(words_between(None, None))
        assert read_date(words_between(None, None)) is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("juin 2016", "2016-06"), ("июнь 2016 года", "2016-06"),
        ("2016年6月", "2016-06"), ("حزيران/يونيه 2016", "2016-06"),
        ("principios de 2018", "2018-early"), ("يونيو 2016", "2016-06"), ("15 أيار 2016", "2016-05-15"),
        ("٢٠١٦", "2016"), ("1er semestre 2016", "2016-H1"), ("2e trimestre de 2017", "2017-Q2"),
        ("1-й квартал 2016 г.", "2016-Q1"), ("1er juin 2016", "2016-06-01"), ("3 juin 2016", "2016-06-03"),
        ("vendredi 3 juin 2016", "2016-06-03"), ("15 de setiembre de 2016", "2016-09-15"),
        ("2016年6月15日", "2016-06-15"),
        ("2016 год", "2016"), ("29 февр. 2016 г.", "2016-02-29"),
        ("JUILLET 2016", "2016-07"), ("2018年年中", "2018-mid"),
        ("أواخر عام 2018", "2018-late"), ("fines de 2018", "2018-late"), ("mi-2018", "2018-mid"),
    ],
)  # fmt: skip
def test_dates_are_understood_in_every_language(typed: str, code: str) -> None:
    found = read_date(typed)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "typed", ["du 26 au 29 septembre 2017", "del 26 al 29 de septiembre de 2017", "с 26 по 29 сентября 2017 г.",
              "من 26 إلى 29 أيلول/سبتمبر 2017", "2017年9月26日至29日", "26–29 septembre 2017"]
)  # fmt: skip
def test_periods_are_understood_in_every_language(typed: str) -> None:
    read = read_segment(typed)
    assert (read.start.code, read.end.code) == ("2017-09-26", "2017-09-29")


@pytest.mark.parametrize(
    "typed", ["Juni 2016", "2016年13月", "31 juin 2016", "lundi 3 juin 2016", "年", "de", "月" * 60, "ё" * 60, "1er"]
)
def test_what_is_no_date_is_none_in_any_language(typed: str) -> None:
    with pytest.raises(DateNotUnderstood):
        read_date(typed)
    assert in_english("x" * 5000) == "x" * 5000


def test_each_language_says_dates_and_lists_as_the_united_nations_does(shared_app: Flask) -> None:
    start, end = (ImpreciseDate.day(date(2017, 9, day)) for day in (26, 29))
    said = {}
    with shared_app.app_context():
        for code in CODES:
            with force_locale(code):
                said[code] = [
                    words_between(start, end),
                    words_between(ImpreciseDate.month(2016, 4), None),
                    format_month("2016-01"),
                    say_moment(datetime(2026, 11, 5, 23, 59), weekday=True),
                    say_day(date(2026, 11, 1), short=True),
                    commas(["WHO", "UNDP"]),
                ]
                assert listed(["A", "B"]).endswith("B")
    assert said == {
        "ar": ["26–29 أيلول/سبتمبر 2017", "من نيسان/أبريل 2016", "كانون الثاني/يناير 2016",
               "الخميس 5 تشرين الثاني/نوفمبر 2026، 23:59", "1 تشرين الثاني/نوفمبر 2026", "WHO، UNDP"],
        "zh": ["2017年9月26日至29日", "自2016年4月起", "2016年1月", "2026年11月5日星期四 23:59",
               "2026年11月1日", "WHO、UNDP"],
        "en": ["26–29 September 2017", "from April 2016", "January 2016", "Thursday 5 November 2026, 23:59",
               "1 Nov 2026", "WHO, UNDP"],
        "fr": ["26–29 septembre 2017", "à partir d’avril 2016", "janvier 2016", "jeudi 5 novembre 2026, 23:59",
               "1er nov. 2026", "WHO, UNDP"],
        "ru": ["26–29 сентября 2017 года", "с апреля 2016 года", "январь 2016 года",
               "четверг, 5 ноября 2026 года, 23:59", "1 нояб. 2026 г.", "WHO, UNDP"],
        "es": ["26–29 de septiembre de 2017", "desde abril de 2016", "enero de 2016",
               "jueves 5 de noviembre de 2026, 23:59", "1 nov 2026", "WHO, UNDP"],
    }  # fmt: skip
