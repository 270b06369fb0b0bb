"""What grows with the matrix and what does not: one pass over databases of all sizes, on both engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask import Flask

from bench import worlds
from bench.closing import Months
from bench.feed import seconds_of_unchanged
from bench.incoming import changed_workbook, compared
from bench.measure import Growth, Measure, Size, events_beside, timed
from bench.pages import seconds_of_pages, seconds_of_start
from bench.workbook import live
from interagency.exports.incoming.reading import MOST_ROWS
from interagency.settings import Settings

CONSTANT, LINEAR = "constant", "linear"


def measures(_size: Size) -> Iterable[Measure]:
    """None of its own: the ratios are measured where the size is one."""
    return ()


def growth(size: Size) -> Iterable[Growth]:
    """Seconds of each by the number of activities."""
    found: dict[tuple[str, str], list[float]] = {}
    for engine, name in worlds.engines():
        for activities in size.growth:
            with worlds.world(engine, activities, events_beside(activities)) as (app, settings):
                rounds = max(1, min(size.rounds, 10_000 // activities))
                for what, at_most, cost in _costs(app, settings, size.rounds, rounds):
                    found.setdefault((f"{what}, {name}", at_most), []).append(cost)
    for (what, at_most), costs in sorted(found.items(), key=lambda item: item[0][1]):
        yield Growth(what, list(size.growth), costs, at_most)


def _costs(app: Flask, settings: Settings, rounds: int, few: int) -> Iterator[tuple[str, str, float]]:
    """The least of so many `rounds`, or of a `few` where a round takes long."""
    yield "not changed (304), in process", CONSTANT, seconds_of_unchanged(app, rounds)
    with app.test_request_context("/activities"):
        for what, cost in seconds_of_pages(rounds + 2).items():
            yield what, CONSTANT, cost
    yield "the server's start", CONSTANT, seconds_of_start(settings)
    with app.app_context():
        yield "live workbook", LINEAR, min(timed(lambda: live(settings)) for _round in range(few))
        body, changed = changed_workbook(MOST_ROWS)
        cost = min(timed(lambda: compared(body, changed)) for _round in range(few))
        yield f"import preview, at most {MOST_ROWS:,} rows", LINEAR, cost
        yield "closing the first month", LINEAR, Months().close()
