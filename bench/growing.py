"""What grows with the matrix and what does not: one pass over databases of all sizes, on both engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask import Flask

from bench import worlds
from bench.closing import Months
from bench.feed import seconds_of_unchanged
from bench.incoming import changed_workbook, compared
from bench.measure import CONSTANT, LINEAR, Growth, Measure, Size, events_beside, timed
from bench.pages import seconds_of_pages, seconds_of_start
from bench.workbook import live
from interagency.exports.incoming.opening import MAX_ROWS
from interagency.settings import Settings

PREVIEW = f"import preview, at most {MAX_ROWS:,} rows"


def measures(_size: Size) -> Iterable[Measure]:
    """None of its own: the ratios are measured where the size is one."""
    return ()


def growth(size: Size) -> Iterable[Growth]:
    """Seconds of each by the number of activities."""
    found: dict[tuple[str, str], list[float]] = {}
    for engine, name in worlds.engines():
        for activities in size.growth:
            with worlds.world(engine, activities, events_beside(activities)) as (app, settings):
                rounds = size.rounds if activities < 10_000 else 1
                for what, at_most, cost in _costs(app, settings, size.rounds, rounds):
                    found.setdefault((f"{what}, {name}", at_most), []).append(cost)
    for (what, at_most), costs in sorted(found.items(), key=lambda item: item[0][1]):
        taken_in = [min(activities, MAX_ROWS) for activities in size.growth]
        yield Growth(what, list(size.growth), costs, at_most, taken_in if what.startswith(PREVIEW) else None)


def _costs(app: Flask, settings: Settings, rounds: int, few: int) -> Iterator[tuple[str, str, float]]:
    """The least of so many `rounds`, or of a `few` where a round takes long."""
    yield "not changed (304), in process", CONSTANT, seconds_of_unchanged(app, rounds)
    with app.test_request_context("/activities"):
        yield from seconds_of_pages(rounds)
    yield "the server's start", CONSTANT, min(seconds_of_start(settings) for _round in range(few))
    with app.app_context():
        yield "live workbook", LINEAR, min(timed(lambda: live(settings)) for _round in range(few))
        body, changed = changed_workbook(MAX_ROWS)
        yield PREVIEW, LINEAR, min(timed(lambda: compared(body, changed)) for _round in range(few))
        months = Months()
        yield "closing a month", LINEAR, min(months.close() for _round in range(few))
