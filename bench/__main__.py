"""Measure everything and write docs/benchmarks.md and its picture; or with --evening the load of a deadline evening."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from importlib import import_module

from bench import report, worlds
from bench.measure import FULL, QUICK, Growth, Measure

SUBJECTS = ("feed", "pages", "words", "workbook", "incoming", "closing", "growing", "weight", "saving")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--only", nargs="+", default=list(SUBJECTS), help="these subjects; nothing is written")
    parser.add_argument("--evening", action="store_true", help="the load of a deadline evening; on a page of its own")
    parser.add_argument("--forget", action="store_true", help="remove the databases that are kept")
    chosen = parser.parse_args()
    if chosen.forget:
        worlds.forget()
        return
    size = QUICK if chosen.quick else FULL
    logging.disable(logging.INFO)  # each migration of each database
    begun = time.monotonic()
    measures: list[Measure] = []
    growth: list[Growth] = []
    for name in ["evening"] if chosen.evening else chosen.only:
        subject = import_module(f"bench.{name}")
        _say(f"{time.monotonic() - begun:6.0f} s  {subject.__name__}")
        for measure in subject.measures(size):
            measures.append(measure)
            _say(report.line_of(measure))
        if hasattr(subject, "growth"):
            for line in subject.growth(size):
                growth.append(line)
                _say(report.line_of_growth(line))
    making = sum(worlds.making)
    took = report.Took(time.monotonic() - begun - making, making)
    _say(f"{took.measuring:6.0f} s, and {took.making:.0f} s to make databases that are kept")
    if chosen.evening:
        report.write_evening(size, measures, took)
    elif chosen.only == list(SUBJECTS):
        report.write(size, measures, growth, took)


if __name__ == "__main__":
    main()
