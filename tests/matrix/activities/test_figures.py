"""A figure is written on one line, with date and source where they are known, and reads back as the same."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.figures import format_figure, read_figure
from interagency.matrix.activities.models import Qualifier
from interagency.text.lines import split_outside_brackets

EXACTLY = Qualifier.EXACTLY
UNITS = ["countries", "countries (in Africa)", "countries (2016)", "people ()", "c (3/4/2016)", "c (source: x)", "c ("]
SOURCES = ["", "World Drug Report", "a; b (2023); page 4", "2016"]
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
)
@pytest.mark.slow
def test_every_figure_reads_back_as_it_was(number: Decimal, how: Qualifier, unit: str, as_of: str, source: str) -> None:
    figure = FigureDraft(number, how, unit, as_of, source)
    assert read_figure(format_figure(figure)) == figure


def test_a_semicolon_in_brackets_parts_no_figures() -> None:
    text = "8 countries (2016; a (b; c)); 9 people\n5 (open; 6 more"
    assert [one.strip() for one in split_outside_brackets(text)] == [
        "8 countries (2016; a (b; c))",
        "9 people",
        "5 (open",
        "6 more",
    ]
