"""The benchmark says what it measured, and every subject can be measured."""

from __future__ import annotations

import itertools

import pytest

from bench import report
from bench.__main__ import SUBJECTS, subjects
from bench.measure import QUICK, Growth, Measure, interleave


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


def test_every_subject_has_measures() -> None:
    found = subjects(list(SUBJECTS))
    assert len(found) >= 4
    assert all(callable(subject.measures) for subject in found)


@pytest.mark.parametrize(("ours", "state"), [([1.0], "| reached |"), ([9.0], "**not reached**: it waits")])
def test_the_page_says_what_was_reached_and_why_not(ours: list[float], state: str) -> None:
    growth = [Growth("list & map", [10, 100], [0.001, 0.002])]
    page = "\n".join(report._lines(QUICK, [measure(ours, [1.0])], growth, 60))
    assert state in page
    assert "at most 2" in page
    assert "| list & map | 1 | 2 |" in page
    assert "list &amp; map" in report._picture(growth)


def test_the_page_leads_to_the_notes_that_no_run_writes() -> None:
    page = "\n".join(report._lines(QUICK, [], [], 60))
    assert "](benchmarks-notes.md)" in page
    assert report.NOTES.is_file()
    assert report.NOTES not in (report.PAGE, report.PICTURE)
