"""The measures as a page and a picture: docs/benchmarks.md and docs/pictures/benchmarks.svg."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.metadata import version
from statistics import median

from bench.measure import Growth, Measure, Size
from bench.worlds import ROOT

PAGE, PICTURE = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "pictures" / "benchmarks.svg"
EVENING = ROOT / "docs" / "benchmarks-evening.md"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 440, 70, 360, 40, 50
TONES = ("#00629b", "#a8470f", "#2e7031", "#7a2a7d", "#6b5b00", "#44546a", "#b0235f", "#006d77")


def _number(value: float) -> str:
    return f"{value:.4f}" if value < 0.01 else f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _machine() -> str:
    parts = ", ".join(
        f"{name} {version(name)}" for name in ("flask", "sqlalchemy", "gunicorn", "icalendar", "openpyxl")
    )
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {parts}"
    )


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of measuring, and of making databases that are kept for the next time."""

    measuring: float
    making: float


def write(size: Size, measures: Sequence[Measure], growth: Sequence[Growth], took: Took) -> None:
    """Write the page of all measures and its picture."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(_picture(growth), encoding="utf-8")
    lines = [_BEGINNING, *_run(size, took), *_table(measures), *_growth(growth), _METHOD]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_evening(size: Size, measures: Sequence[Measure], took: Took) -> None:
    """Write the page of the deadline evening."""
    EVENING.write_text("\n".join([_EVENING, *_run(size, took), *_table(measures)]) + "\n", encoding="utf-8")


_BEGINNING = """# Benchmarks

Written by `make bench`. Each figure is a ratio: ours against a limit measured in the same run, in turn, medians (in
brackets the smallest and largest ratio of neighbouring rounds). Absolute times are of no use to others and stand
only in the picture, where their growth matters. What was tried, what paid, what did not, what was measured apart:
[notes](benchmarks-notes.md), kept by hand. The load of a deadline evening: [a page of its
own](benchmarks-evening.md).
"""
_EVENING = """# The evening of a deadline

Written by `make evening`: two hundred people read, save, take files in, download and subscribe on two workers of
eight threads, three minutes on each database. Sixteen hands do it, each for a dozen people one after the other,
with 0.3 seconds between two acts. Beside it one person alone does the same acts. The other measures:
[benchmarks](benchmarks.md).
"""
_METHOD = """
## How it is measured

Servers are gunicorn with two workers of eight threads, on the loopback, beside the one who asks. Rates are of `wrk`
with eight connections that come two by two, times of one client that keeps its connection. Databases are made by
`python -m bench.generated`, the first time, and kept: SQLite's under `build/bench`, PostgreSQL's on its server under
names that begin with `interagency_bench_`; `python -m bench --forget` removes them. `make bench-quick` does the same
with less of everything."""

_SIZES = """
Sizes are numbers of activities; there are half as many events. Costs are the least of three rounds, of one where a
round takes seconds. Times: how many times the cost at the smallest size is that at the largest; beside it, how many it
may be."""


def _run(size: Size, took: Took) -> Iterator[str]:
    made = f", and {took.making / 60:.1f} to make databases that are kept" if took.making >= 6 else ""
    yield f"{datetime.now(UTC):%d %B %Y}, {size.name} sizes. {_machine()}."
    yield f"The run took {took.measuring / 60:.1f} minutes{made}.\n"


def _table(measures: Sequence[Measure]) -> Iterator[str]:
    yield "| Measure | against | ratio | to reach | then | state |"
    yield "|---|---|---|---|---|---|"
    for one in measures:
        low, high = one.spread
        sign = "at most" if one.better == "smaller" else "at least"
        spread = f" ({_number(low)} to {_number(high)})" if len(one.ours) > 1 else ""
        state = "reached" if one.is_reached else "**not reached**"
        if not one.is_reached and one.cause:
            state += f": {one.cause}"
        yield (
            f"| {one.name} | {one.against} | {_number(one.ratio)}{spread} | {sign} {one.reach:g} | {one.then:g} | {state} |"  # noqa: E501
        )


def _growth(growth: Sequence[Growth]) -> Iterator[str]:
    yield "\n## Cost against size\n"
    yield "![Milliseconds of each against the number of activities](pictures/benchmarks.svg)\n"
    sizes = growth[0].sizes if growth else []
    yield f"| Milliseconds at | {' | '.join(f'{size:,}' for size in sizes)} | times | to be | state |"
    yield "|---|" + "---:|" * len(sizes) + "---:|---|---|"
    for line in growth:
        state = "reached" if line.is_reached else "**not reached**"
        costs = " | ".join(_milliseconds(cost) for cost in line.costs)
        yield f"| {line.name} | {costs} | {line.times:.3g} | {line.at_most}: {line.allowed:g} | {state} |"
    yield _SIZES


def _milliseconds(cost: float) -> str:
    return f"{cost * 1000:,.0f}" if cost >= 0.1 else f"{cost * 1000:.3g}"


def _picture(growth: Sequence[Growth]) -> str:
    """Lines over two logarithmic axes, a table of the same stands on the page."""
    lines = [line for line in growth if line.costs]
    if not lines:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>'
    sizes = [math.log10(size) for line in lines for size in line.sizes]
    costs = [math.log10(cost * 1000) for line in lines for cost in line.costs]
    low, high = math.floor(min(costs)), math.ceil(max(costs))

    def x(size: float) -> float:
        span = max(sizes) - min(sizes) or 1
        return LEFT + (math.log10(size) - min(sizes)) / span * (WIDTH - LEFT - RIGHT)

    def y(milliseconds: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(milliseconds) - low) / ((high - low) or 1) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" '
        'font-size="13"><title>Cost against size</title><desc>Milliseconds against the number of activities, both '
        "logarithmic.</desc>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" fill="#222">Milliseconds, by number of activities</text>',
    ]
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ccc"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end" fill="#222">{10.0**power:g}</text>')
    for size in lines[0].sizes:
        at = x(size)
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 22}" text-anchor="middle" fill="#222">{size:,}</text>')
    ends = sorted((y(line.costs[-1] * 1000), place) for place, line in enumerate(lines))
    heights: dict[int, float] = {}
    for at, place in ends:
        heights[place] = max([at, *(height + 16 for height in heights.values())])
    subjects = list(dict.fromkeys(line.subject for line in lines))
    for place, line in enumerate(lines):
        tone = TONES[subjects.index(line.subject) % len(TONES)]
        dashes = ' stroke-dasharray="6 4"' if line.name.endswith("PostgreSQL") else ""
        points = " ".join(f"{x(s):.1f},{y(c * 1000):.1f}" for s, c in zip(line.sizes, line.costs, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{tone}" stroke-width="2"{dashes}/>')
        for s, c in zip(line.sizes, line.costs, strict=True):
            parts.append(f'<circle cx="{x(s):.1f}" cy="{y(c * 1000):.1f}" r="3" fill="{tone}"/>')
        label = f'<text x="{WIDTH - RIGHT + 10}" y="{heights[place] + 4:.1f}" fill="{tone}">{escape(line.name)}</text>'
        parts.append(label)
    return "\n".join([*parts, "</svg>"]) + "\n"


def line_of(measure: Measure) -> str:
    """One measure for the terminal."""
    state = "reached" if measure.is_reached else "NOT reached"
    costs = f"{median(measure.ours):.4g} against {median(measure.limit):.4g}"
    return f"{_number(measure.ratio):>9}  {state:<11} {measure.name} / {measure.against} ({costs})"


def line_of_growth(growth: Growth) -> str:
    """One line of growth for the terminal."""
    state = "reached" if growth.is_reached else "NOT reached"
    return f"{growth.times:>8.3g}x  {state:<11} {growth.name}: {', '.join(map(_milliseconds, growth.costs))} ms"
