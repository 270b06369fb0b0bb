"""A figure is written on one line, with date and source where they are known, and reads back as the same."""

from __future__ import annotations

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


@given(
    st.sampled_from(list(Qualifier)),
    st.one_of(st.sampled_from(UNITS), st.from_regex(r"[a-z()][a-z0-9 ()/]{0,12}[a-z()]", fullmatch=True)),
    st.sampled_from(DATES),
    st.sampled_from(SOURCES),
)
def test_every_figure_reads_back_as_it_was(how: Qualifier, unit: str, as_of: str, source: str) -> None:
    figure = FigureDraft(Decimal(8), how, unit, as_of, source)
    assert read_figure(format_figure(figure)) == figure


def test_a_semicolon_in_brackets_parts_no_figures() -> None:
    text = "8 countries (2016; a (b; c)); 9 people\n5 (open; 6 more"
    assert [one.strip() for one in split_outside_brackets(text)] == [
        "8 countries (2016; a (b; c))",
        "9 people",
        "5 (open",
        "6 more",
    ]
