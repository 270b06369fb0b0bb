"""A figure is written on one line, with date and source where they are known, and reads back as the same."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.figure_parts import progress_of
from interagency.matrix.activities.figures import format_figure, read_figure
from interagency.matrix.activities.models import FigureKind, Qualifier
from interagency.text.lines import split_outside_brackets

EXACTLY = Qualifier.EXACTLY
UNITS = ["countries", "countries (in Africa)", "countries (2016)", "people ()", "c (3/4/2016)", "c (source: x)", "c ("]
SOURCES = ["", "World Drug Report", "a; b (2023); page 4", "2016", "for 2016", "by May 2016", "source: x"]
PERIODS = ["", "2025", "2025/2026", "2025-06/2026-H1"]
DATES = ["", "2016-06-15", "2024-06", "2016-Q3", "2016-H2", "2018-early", "2019"]


@pytest.mark.parametrize(
    ("line", "unit", "as_of", "source"),
    [
        ("450 policymakers (June 2024; World Drug Report)", "policymakers", "2024-06", "World Drug Report"),
        ("450 policymakers (early 2018)", "policymakers", "2018-early", ""),
        ("450 policymakers (source: A/72/225)", "policymakers", "", "A/72/225"),
        ("8 countries (in Africa)", "countries (in Africa)", "", ""),
        ("8 countries (in Africa) (2016)", "countries (in Africa)", "2016", ""),
        ("8 countries (2016) ()", "countries (2016)", "", ""),
        ("8 countries (n/a)", "countries (n/a)", "", ""),
        ("8 countries", "countries", "", ""),
    ],
)
def test_the_end_of_a_line_says_of_when_and_from_where(line: str, unit: str, as_of: str, source: str) -> None:
    found = read_figure(line)
    assert (found.unit, found.as_of, found.source) == (unit, as_of, source)


@pytest.mark.parametrize("line", ["8 countries (3/4/2016)", f"8 countries (2016; {'x' * 301})"])
def test_what_cannot_be_meant_is_told(line: str) -> None:
    with pytest.raises(ValueError, match=r"Write the month as a word|fits in 300 characters"):
        read_figure(line)


@pytest.mark.parametrize(
    ("line", "number", "qualifier", "unit"),
    [
        ("at least 3 countries", "3", Qualifier.AT_LEAST, "countries"),
        ("no fewer than 3 countries", "3", Qualifier.AT_LEAST, "countries"),
        ("3+ countries", "3", Qualifier.AT_LEAST, "countries"),
        ("3 or more countries", "3", Qualifier.AT_LEAST, "countries"),
        ("≥3 countries", "3", Qualifier.AT_LEAST, "countries"),
        ("up to 5 countries", "5", Qualifier.UP_TO, "countries"),
        ("No more than 5 countries", "5", Qualifier.UP_TO, "countries"),
        ("nearly 90 laboratories", "90", Qualifier.NEARLY, "laboratories"),
        ("fewer than 90 laboratories", "90", Qualifier.LESS_THAN, "laboratories"),
        ("over 90 laboratories", "90", Qualifier.MORE_THAN, "laboratories"),
        ("some 90 laboratories", "90", Qualifier.ABOUT, "laboratories"),
        ("1,5 million people", "1.5", EXACTLY, "million people"),
        ("1.5 million people", "1.5", EXACTLY, "million people"),
        ("12,34 tons", "12.34", EXACTLY, "tons"),
        ("0.125 tons", "0.125", EXACTLY, "tons"),
        ("1 200 people", "1200", EXACTLY, "people"),
        ("1\u202f200\u00a0000 people", "1200000", EXACTLY, "people"),
        ("1.200.000 people", "1200000", EXACTLY, "people"),
        ("1.234,5 tons", "1234.5", EXACTLY, "tons"),
        ("1,234.5 tons", "1234.5", EXACTLY, "tons"),
        ("1,200 people", "1200", EXACTLY, "people"),
        ("12345 people", "12345", EXACTLY, "people"),
        ("eight countries", "8", EXACTLY, "countries"),
        ("Twenty-five countries", "25", EXACTLY, "countries"),
        ("about a hundred and twenty judges", "120", Qualifier.ABOUT, "judges"),
        ("one hundred twenty thousand five hundred people", "120500", EXACTLY, "people"),
        ("two million people", "2", EXACTLY, "million people"),
        ("45% of prisoners", "45", EXACTLY, "% of prisoners"),
        ("8 10-year plans", "8", EXACTLY, "10-year plans"),
    ],
)
def test_a_figure_typed_is_the_figure_kept(line: str, number: str, qualifier: Qualifier, unit: str) -> None:
    found = read_figure(line)
    assert (found.number, found.qualifier, found.unit) == (Decimal(number), qualifier, unit)
    assert read_figure(format_figure(found)) == found


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("34.000 patients", "Write 34,000, or 34."),
        ("34.125 tons", "Write 34,125, or 34.1250."),
        ("2019 400 people", "could not read the number “2019 400”"),
        ("1,23,456 people", "could not read the number"),
        ("5-7 countries", "“at least 5 countries”, “up to 7 countries”"),
        ("between 5 and 7 countries", "names two numbers"),
        ("from five to seven countries", "names two numbers"),
        ("two or three countries", "names two numbers"),
        ("two three countries", "Write it in digits"),
        ("two thirds of countries", "could not read"),
        ("ten-year plans", "could not read"),
        ("thousands of people", "could not read"),
        ("1.23456 tons", "more than four decimal places"),
    ],
)
def test_what_could_be_another_figure_is_a_question(line: str, question: str) -> None:
    with pytest.raises(ValueError, match=re.escape(question)):
        read_figure(line)


@given(
    st.decimals(0, 10**6, places=4),
    st.sampled_from(list(Qualifier)),
    st.one_of(st.sampled_from(UNITS), st.from_regex(r"[a-z()][a-z0-9 ()/]{0,12}[a-z()]", fullmatch=True)),
    st.sampled_from(DATES),
    st.sampled_from(SOURCES),
    st.sampled_from(list(FigureKind)),
    st.tuples(st.sampled_from(DATES), st.sampled_from(PERIODS), st.sampled_from(["", "who"])),
    st.sampled_from(["", "https://example.org/a?b=c"]),
)
@pytest.mark.slow
def test_every_figure_reads_back_as_it_was(
    number: Decimal,
    how: Qualifier,
    unit: str,
    as_of: str,
    source: str,
    kind: FigureKind,
    told: tuple[str, str, str],
    evidence: str,
) -> None:
    due, period, entity = told
    due = due if kind is FigureKind.TARGET else ""
    figure = FigureDraft(number, how, unit, as_of, source, kind, due, period, entity, evidence)
    assert read_figure(format_figure(figure)) == figure


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Target: 500 officers (by December 2026)", ("target", "2026-12", "", "", "", "", "")),
        ("target of 500 officers (for 2025–2026; by 2026)", ("target", "2026", "2025/2026", "", "", "", "")),
        ("result: 5 labs (2026; R; https://a.org/b)", ("achieved", "", "", "", "https://a.org/b", "2026", "R")),
        ("result: 5 labs (R; https://a.org/b)", ("achieved", "", "", "", "https://a.org/b", "", "R")),
        ("achieved 5 labs (entity: WHO)", ("achieved", "", "", "WHO", "", "", "")),
        ("8 countries (for 2025)", ("figure", "", "2025", "", "", "", "")),
    ],
)
def test_a_line_says_what_it_is_to_the_activity(line: str, expected: tuple[str, ...]) -> None:
    found = read_figure(line)
    told = (found.kind.value, found.due, found.period, found.entity, found.evidence, found.as_of, found.source)
    assert told == expected
    assert read_figure(format_figure(found)) == found


def test_brackets_of_a_plain_figure_stay_with_what_it_counts() -> None:
    assert read_figure("8 countries (by region)").unit == "countries (by region)"
    assert read_figure("8 countries (by 2030)").unit == "countries (by 2030)"
    assert read_figure("target: 8 judges (by region) ()").unit == "judges (by region)"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("target: 500", "Write a number and what it counts"),
        ("target: 500 officers (by the end)", "could not read the date"),
        ("target: 500 officers (by 3/4/2026)", "Write the month as a word"),
        ("achieved: 500 officers (by 2026)", "only a target has a date"),
        ("achieved: 500 officers (evidence: our files)", "is not an address"),
        ("achieved: 500 officers (evidence: javascript:alert)", "is not an address"),
        ("achieved: 500 officers (Report; evidence: ftp://a.org)", "is not an address"),
        ("achieved: 500 officers (for 2026 to 2025)", "would end before it begins"),
    ],
)
def test_a_target_or_result_that_cannot_be_meant_is_told(line: str, answer: str) -> None:
    with pytest.raises(ValueError, match=re.escape(answer)):
        read_figure(line)


def test_a_target_stands_beside_what_counts_the_same_and_nothing_is_added_up() -> None:
    lines = [
        "8 countries", "target: 500 officers (by 2025)", "achieved: 300 officers (May 2025)",
        "achieved: 450 Officers (June 2026)", "target: 20 labs", "achieved: 20 labs", "target: 5 manuals",
        "achieved: 6 manuals", "target: 9 visits (by 2027)", "target: 40 judges", "achieved: about 40 judges",
        "achieved: 7 judges (for 2026)", "achieved: more than 20 plans", "target: 20 plans",
    ]  # fmt: skip
    found = progress_of(map(read_figure, lines), date(2026, 8, 1))
    assert [(one.unit, one.state, [str(figure.number) for figure in one.achieved]) for one in found] == [
        ("officers", "late", ["450", "300"]),
        ("labs", "at", ["20"]),
        ("manuals", "above", ["6"]),
        ("visits", "open", []),
        ("judges", "uncertain", ["40"]),
        ("judges", "no_target", ["7"]),
        ("plans", "above", ["20"]),
    ]


def test_a_semicolon_in_brackets_parts_no_figures() -> None:
    text = "8 countries (2016; a (b; c)); 9 people\n5 (open; 6 more"
    assert [one.strip() for one in split_outside_brackets(text)] == [
        "8 countries (2016; a (b; c))",
        "9 people",
        "5 (open",
        "6 more",
    ]
