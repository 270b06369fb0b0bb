"""Dates with the precision they came with."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interagency.text.dates import ImpreciseDate, Precision, words_between
from interagency.text.typed_dates import AmbiguousDate, DateNotUnderstood, read_date, read_one_day

UNDERSTOOD = [
    ("June 2016", "2016-06"),
    ("jun. 2016", "2016-06"),
    ("juin 2016", "2016-06"),
    ("06/2016", "2016-06"),
    ("2016-06", "2016-06"),
    ("15 June 2016", "2016-06-15"),
    ("June 15, 2016", "2016-06-15"),
    ("15th of June 2016", "2016-06-15"),
    ("15.6.2016", "2016-06-15"),
    ("6/15/2016", "2016-06-15"),
    ("7/7/2016", "2016-07-07"),
    ("2016-06-15", "2016-06-15"),
    ("Tuesday, 26 September 2017", "2017-09-26"),
    ("29 February 2024", "2024-02-29"),
    ("early 2018", "2018-early"),
    ("beginning of 2018", "2018-early"),
    ("mid-2018", "2018-mid"),
    ("end of 2018", "2018-late"),
    ("Q3 2016", "2016-Q3"),
    ("third quarter of 2016", "2016-Q3"),
    ("H1 2016", "2016-H1"),
    ("second half of 2016", "2016-H2"),
    ("2019", "2019"),
    ("２０１９", "2019"),
    ("  2019. ", "2019"),
]


@pytest.mark.parametrize(("text", "code"), UNDERSTOOD)
def test_dates_are_understood_as_people_write_them(text: str, code: str) -> None:
    found = read_date(text)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("text", ["", "  ", "unknown", "n/a", "TBC", "-"])
def test_nothing_known_is_nothing(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("31 June 2016", "June 2016 has 30 days"),
        ("29 February 2023", "February 2023 has 28 days"),
        ("Monday, 26 September 2017", "is a Tuesday"),
        ("13/13/2016", "there is no month 13"),
        ("5/6/17", "two digits"),
        ("1 June 1492", "outside"),
        ("soon", "Write a day, month or year"),
        ("x" * 10_000, "too long"),
        ("H3 2016", "two halves"),
        ("0/0/2016", "could not read"),
    ],
)
def test_what_is_no_date_is_refused_with_what_to_type(text: str, part: str) -> None:
    with pytest.raises(DateNotUnderstood, match=part):
        read_date(text)


def test_day_and_month_that_can_be_exchanged_are_asked() -> None:
    with pytest.raises(AmbiguousDate) as caught:
        read_date("12/10/2026")
    assert [choice.words() for choice in caught.value.choices] == ["12 October 2026", "10 December 2026"]


@pytest.mark.parametrize("text", ["31 June 2027", "next week", "June 2027", "2027", "early 2027", "13/2027", "x" * 61])
def test_where_a_day_is_asked_for_days_are_the_examples(text: str) -> None:
    with pytest.raises(DateNotUnderstood) as refusal:
        read_one_day(text)
    assert str(refusal.value).endswith(" Write a day, such as 31 December 2027.")
    assert "early 2018" not in str(refusal.value)


def test_one_day_is_read_as_any_date_is() -> None:
    assert read_one_day("30 June 2027") == date(2027, 6, 30)
    assert read_one_day("unknown") is None
    with pytest.raises(AmbiguousDate, match="could be"):
        read_one_day("12/10/2026")
    with pytest.raises(DateNotUnderstood, match="all four"):
        read_one_day("30 June 27")


def test_a_month_is_never_its_first_day() -> None:
    june = ImpreciseDate.month(2016, 6)
    assert june.words() == "June 2016"
    assert (june.first, june.last) == (date(2016, 6, 1), date(2016, 6, 30))
    assert not june.is_exact


def test_a_period_that_is_not_one_is_refused() -> None:
    with pytest.raises(ValueError, match="not a month"):
        ImpreciseDate(Precision.MONTH, date(2016, 6, 2), date(2016, 6, 30))


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2017-09-26", "2017-09-29", "26–29 September 2017"),
        ("2017-09-28", "2017-10-03", "28 September – 3 October 2017"),
        ("2016-06", "2016-06", "June 2016"),
        ("2016", "2019", "2016–2019"),
        ("2016-06", None, "from June 2016"),
        (None, "2019", "until 2019"),
        (None, None, "date not known"),
    ],
)
def test_periods_in_words(start: str | None, end: str | None, words: str) -> None:
    ends = [ImpreciseDate.from_code(code) if code else None for code in (start, end)]
    assert words_between(*ends) == words


@st.composite
def imprecise_dates(draw: st.DrawFn) -> ImpreciseDate:
    day = draw(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
    precision = draw(st.sampled_from(list(Precision)))
    month = {
        Precision.QUARTER: (day.month - 1) // 3 * 3 + 1,
        Precision.HALF_YEAR: (day.month - 1) // 6 * 6 + 1,
        Precision.YEAR: 1,
        Precision.EARLY: 1,
        Precision.MID: 5,
        Precision.LATE: 9,
    }.get(precision, day.month)
    return ImpreciseDate.of(precision, day if precision is Precision.DAY else date(day.year, month, 1))


@given(imprecise_dates())
def test_what_is_shown_is_understood_again(value: ImpreciseDate) -> None:
    assert ImpreciseDate.from_code(value.code) == value
    for text in (value.words(), value.words(short=True), value.code):
        assert read_date(text) == value


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_date(text)
    except DateNotUnderstood as problem:
        assert str(problem)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("9 December", date(2026, 12, 9)),
        ("December 9th", date(2026, 12, 9)),
        ("9. Dezember 2026", None),
        ("Wednesday, 9 December", date(2026, 12, 9)),
        ("9 décembre", date(2026, 12, 9)),
        ("5 January", date(2027, 1, 5)),
        ("1 November", date(2026, 11, 1)),
        ("29 February", date(2028, 2, 29)),
        ("9 December 2030", date(2030, 12, 9)),
    ],
)
def test_a_day_without_a_year_is_the_next_such_day(text: str, day: date | None) -> None:
    if day is None:
        with pytest.raises(DateNotUnderstood):
            read_one_day(text, not_before=date(2026, 11, 1))
    else:
        assert read_one_day(text, not_before=date(2026, 11, 1)) == day


@pytest.mark.parametrize("text", ["31 June", "0 June", "Monday 9 December", "December"])
def test_a_day_without_a_year_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(DateNotUnderstood):
        read_one_day(text, not_before=date(2026, 11, 1))


def test_a_day_without_a_year_is_not_guessed_where_no_day_is_given_to_go_by() -> None:
    with pytest.raises(DateNotUnderstood):
        read_one_day("9 December")
