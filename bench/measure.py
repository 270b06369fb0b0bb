"""What one measure is, and how two alternatives are measured in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Size:
    """How much is measured. `rounds` of each alternative; `seconds` of load in each.

    `exported` activities for the workbook, the import and the closing; `flat` for their memory.
    """

    name: str
    activities: int
    events: int
    growth: tuple[int, ...]
    rounds: int
    seconds: int
    people: int
    evening: int
    exported: int
    flat: int


FULL = Size("full", 100_000, 5_000, (1_000, 10_000, 100_000), 3, 1, 200, 180, 10_000, 50_000)
QUICK = Size("quick", 10_000, 2_000, (1_000, 10_000), 3, 1, 50, 10, 1_000, 10_000)


def events_beside(activities: int) -> int:
    """How many events a database of so many activities holds."""
    return activities // 2


@dataclass(frozen=True)
class Measure:
    """Samples of ours and of the limit, in the same unit. `better`: "smaller" or "larger" ratios are better.

    `reach` is the ratio to reach, `then` the one after it.
    """

    name: str
    against: str
    ours: list[float]
    limit: list[float]
    reach: float
    then: float
    better: str
    cause: str = ""

    @property
    def ratio(self) -> float:
        return median(self.ours) / median(self.limit) if median(self.limit) else float("inf")

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and largest ratio of the rounds, each with its neighbour in time."""
        pairs = [a / b for a, b in zip(self.ours, self.limit, strict=False) if b]
        return (min(pairs), max(pairs)) if pairs else (self.ratio, self.ratio)

    @property
    def is_reached(self) -> bool:
        return self.ratio <= self.reach if self.better == "smaller" else self.ratio >= self.reach


# How many times what is constant may cost at the largest size, and each record of what is linear: where there are many,
# neither the processor's memory nor the database's holds them at hand.
NOISE, BEYOND = 2.0, 1.25
CONSTANT, LINEAR = "constant", "linear"


@dataclass(frozen=True)
class Growth:
    """The cost of one thing at several sizes, in seconds. `at_most`: "constant" or "linear".

    `work`: how much is done at each size, where that is not the size.
    """

    name: str
    sizes: list[int]
    costs: list[float]
    at_most: str
    work: list[int] | None = None

    @property
    def subject(self) -> str:
        """What is measured, without the database it is measured on."""
        return self.name.rpartition(", ")[0] or self.name

    @property
    def times(self) -> float:
        """How many times the cost at the smallest size is that at the largest."""
        return self.costs[-1] / self.costs[0]

    @property
    def allowed(self) -> float:
        """How many times it may be."""
        work = self.work or self.sizes
        return NOISE if self.at_most == CONSTANT else BEYOND * work[-1] / work[0]

    @property
    def is_reached(self) -> bool:
        return self.times <= self.allowed


def timed(act: Callable[[], object]) -> float:
    """Seconds that `act` takes."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def interleave(ours: Callable[[], float], limit: Callable[[], float], rounds: int) -> tuple[list[float], list[float]]:
    """Samples of both, one of each in turn, after one round that does not count."""
    ours()
    limit()
    pairs = [(ours(), limit()) if turn % 2 else _swapped(ours, limit) for turn in range(rounds)]
    return [a for a, _b in pairs], [b for _a, b in pairs]


def _swapped(ours: Callable[[], float], limit: Callable[[], float]) -> tuple[float, float]:
    second = limit()
    return ours(), second
