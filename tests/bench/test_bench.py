"""The benchmark says what it measured, and every subject can be measured."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from bench import report
from bench.__main__ import SUBJECTS
from bench.measure import QUICK, Growth, Measure, interleave
from bench.worlds import ROOT


def measure(ours: list[float], limit: list[float], better: str = "smaller") -> Measure:
    return Measure("reading", "a <limit>", ours, limit, 2.0, 1.2, better, "it waits")


def test_a_ratio_is_of_medians_and_its_spread_of_neighbours() -> None:
    one = measure([2.0, 3.0, 40.0], [1.0, 2.0, 4.0])
    assert one.ratio == 1.5
    assert one.spread == (1.5, 10.0)
    assert one.is_reached
    assert not measure([3.0], [1.0]).is_reached
    assert measure([3.0], [1.0], "larger").is_reached


def test_rounds_alternate_and_the_first_does_not_count() -> None:
    turns: list[str] = []
    count = itertools.count()

    def ours() -> float:
        turns.append("ours")
        return float(next(count))

    def limit() -> float:
        turns.append("limit")
        return float(next(count))

    samples = interleave(ours, limit, 3)
    assert [len(one) for one in samples] == [3, 3]
    assert turns == ["ours", "limit", "limit", "ours", "ours", "limit", "limit", "ours"]
    assert min(*samples[0], *samples[1]) == 2.0


@pytest.mark.parametrize("name", [*SUBJECTS, "evening"])
def test_every_subject_has_measures(name: str) -> None:
    assert callable(import_module(f"bench.{name}").measures)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, str]]:
    """Write a report somewhere else and read it: the page and the picture."""
    for name in ("PAGE", "PICTURE", "EVENING"):
        monkeypatch.setattr(report, name, tmp_path / name)

    def written(measures: list[Measure], growth: list[Growth], took: report.Took) -> tuple[str, str]:
        report.write(QUICK, measures, growth, took)
        return report.PAGE.read_text(), report.PICTURE.read_text()

    return written


@pytest.mark.parametrize(("ours", "state"), [([1.0], "| reached |"), ([9.0], "**not reached**: it waits")])
def test_the_page_says_what_was_reached_and_why_not(
    write: Callable[..., tuple[str, str]], ours: list[float], state: str
) -> None:
    growth = [Growth("list & map", [10, 100], [0.001, 0.002], "linear")]
    page, picture = write([measure(ours, [1.0])], growth, report.Took(60, 120))
    assert state in page
    assert "at most 2" in page
    assert "| list & map | 1 | 2 |" in page
    assert "1.0 minutes, and 2.0 to make databases that are kept" in page
    assert "list &amp; map" in picture


@pytest.mark.parametrize(
    ("costs", "at_most", "state"),
    [
        ([0.001, 0.0019], "constant", "| 1.9 | constant: 2 | reached |"),
        ([0.001, 0.0021], "constant", "| 2.1 | constant: 2 | **not reached** |"),
        ([0.2, 1.9], "linear", "| 200 | 1,900 | 9.5 | linear: 12.5 | reached |"),
        ([0.2, 2.6], "linear", "| 200 | 2,600 | 13 | linear: 12.5 | **not reached** |"),
    ],
)
def test_what_grows_more_than_it_may_is_said(
    write: Callable[..., tuple[str, str]], costs: list[float], at_most: str, state: str
) -> None:
    page, _picture = write([], [Growth("reading", [10, 100], costs, at_most)], report.Took(60, 0))
    assert state in page


def test_what_stops_growing_is_judged_by_the_work_that_is_done() -> None:
    assert not Growth("reading", [10, 100], [0.1, 0.5], "linear", [10, 20]).is_reached
    assert Growth("reading", [10, 100], [0.1, 0.24], "linear", [10, 20]).is_reached


def test_both_databases_have_the_tone_of_what_is_measured(write: Callable[..., tuple[str, str]]) -> None:
    growth = [Growth(f"reading, {name}", [10, 100], [0.1, 0.2], "linear") for name in ("SQLite", "PostgreSQL")]
    _page, picture = write([], growth, report.Took(60, 0))
    lines = re.findall(r'<polyline[^>]*stroke="(#\w+)"[^>]*?(dasharray)?="[^"]*"/>', picture)
    assert [(tone, bool(dashes)) for tone, dashes in lines] == [(lines[0][0], False), (lines[0][0], True)]


def test_the_page_leads_to_pages_that_are_there(write: Callable[..., tuple[str, str]]) -> None:
    page, _picture = write([], [], report.Took(60, 0))
    assert "to make databases" not in page
    assert "](benchmarks-notes.md)" in page
    assert "](benchmarks-evening.md)" in page.replace("\n", " ").replace(" ]", "]")
    for name in ("benchmarks-notes.md", "benchmarks-evening.md"):
        assert (ROOT / "docs" / name).is_file()


def test_the_evening_has_a_page_of_its_own(tmp_path: Path, write: Callable[..., tuple[str, str]]) -> None:
    report.write_evening(QUICK, [measure([1.0], [1.0])], report.Took(60, 0))
    assert "| reached |" in report.EVENING.read_text()
    assert not (tmp_path / "PAGE").exists()
