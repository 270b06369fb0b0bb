"""`python -m bench [--quick] [--only NAME ...]`: measure everything and write docs/benchmarks.md and its picture."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from importlib import import_module
from types import ModuleType

from bench import report
from bench.measure import FULL, QUICK, Growth, Measure
from bench.worlds import ROOT

SUBJECTS = ("feed", "pages", "workbook", "incoming", "closing", "saving", "evening")


def subjects(names: list[str]) -> list[ModuleType]:
    """The subject modules there are."""
    there = [name for name in names if (ROOT / "bench" / f"{name}.py").exists()]
    return [import_module(f"bench.{name}") for name in there]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--only", nargs="*", default=list(SUBJECTS), help="these subjects; nothing is written")
    chosen = parser.parse_args()
    size = QUICK if chosen.quick else FULL
    logging.disable(logging.INFO)  # each migration of each database
    begun = time.monotonic()
    measures: list[Measure] = []
    growth: list[Growth] = []
    for subject in subjects(chosen.only):
        _say(f"{time.monotonic() - begun:6.0f} s  {subject.__name__}")
        for measure in subject.measures(size):
            measures.append(measure)
            _say(report.line_of(measure))
        if hasattr(subject, "growth"):
            growth += subject.growth(size)
    if chosen.only == list(SUBJECTS):
        report.write(size, measures, growth, seconds=time.monotonic() - begun)
        _say(f"wrote {report.PAGE.relative_to(ROOT)} and {report.PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
