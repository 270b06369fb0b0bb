"""What a month costs as the matrix grows: its workbook, a workbook that comes back, its closing."""

from __future__ import annotations

from collections.abc import Iterable

from bench import worlds
from bench.closing import Months
from bench.incoming import changed_workbook, compared
from bench.measure import Growth, Measure, Size, events_beside, timed
from bench.workbook import live
from interagency.exports.incoming.reading import MOST_ROWS
from interagency.settings import Settings

WORKBOOK, CLOSING = "live workbook", "closing a month"
PREVIEW = f"import preview, at most {MOST_ROWS:,} rows"


def measures(_size: Size) -> Iterable[Measure]:
    """None of its own: the ratios are measured where the size is one."""
    return ()


def growth(size: Size) -> Iterable[Growth]:
    """Seconds of each by the number of activities; the quickest of some rounds, one where there are many."""
    found: dict[str, list[float]] = {}
    for engine, name in worlds.engines():
        for activities in size.growth:
            with worlds.world(engine, activities, events_beside(activities)) as (app, settings), app.app_context():
                rounds = max(1, min(size.rounds, 10_000 // activities))
                for what, cost in _costs(settings, rounds).items():
                    found.setdefault(f"{what}, {name}", []).append(cost)
    for what, costs in found.items():
        yield Growth(what, list(size.growth), costs, "linear")


def _costs(settings: Settings, rounds: int) -> dict[str, float]:
    workbook = min(timed(lambda: live(settings)) for _round in range(rounds))
    body, changed = changed_workbook(MOST_ROWS)
    preview = min(timed(lambda: compared(body, changed)) for _round in range(rounds))
    months = Months()
    months.close()  # the first edition has none before it
    return {WORKBOOK: workbook, PREVIEW: preview, CLOSING: min(months.close() for _round in range(rounds))}
