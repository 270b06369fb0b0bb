"""A measure: the same work done by us and by the limit, in turn, in one run. Only their ratio means anything."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How much there is to do, and how often both sides do it."""

    activities: int = 10_000
    rounds: int = 5
    memory: int = 50_000  # activities where memory is measured
    database: str = ""  # address; empty: an SQLite file of its own


@dataclass(frozen=True)
class Measure:
    """What was measured, against which limit, the samples of both, and the ratio to reach."""

    name: str
    against: str
    ours: list[float]
    limit: list[float]
    reach: float
    better: str = "lower"

    @property
    def ratios(self) -> list[float]:
        """Ours by the limit, round by round."""
        return [one / other for one, other in zip(self.ours, self.limit, strict=True)]

    def line(self) -> str:
        """One line: the median ratio with its spread, and what was to be reached."""
        ratios = sorted(self.ratios)
        word = "at most" if self.better == "lower" else "at least"
        return (
            f"{self.name} / {self.against}: {statistics.median(ratios):.3f} "
            f"({ratios[0]:.3f} to {ratios[-1]:.3f}), {word} {self.reach}"
        )


def interleave(ours: Callable[[], object], limit: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of both, in turn, `rounds` times after one round that does not count."""
    samples: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for act, kept in zip((ours, limit), samples, strict=True):
            gc.collect()
            begun = time.perf_counter()
            act()
            if number:
                kept.append(time.perf_counter() - begun)
    return samples
