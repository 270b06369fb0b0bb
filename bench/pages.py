"""Pages over many activities: the list, its depth, the heat map; the start of the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.datastructures import MultiDict

from bench import servers, worlds
from bench.measure import CONSTANT, LINEAR, Measure, Size, events_beside, interleave, timed
from interagency.db.base import db
from interagency.matrix.activities.filters import Filters, read_filters
from interagency.matrix.activities.listing import page_of_activities
from interagency.matrix.activities.queries import counts_by_chapter
from interagency.matrix.overview.grid import grid
from interagency.settings import Settings

QUERY = (("chapter", "5"), ("status", "ongoing"))
_SHOWN = """FROM activity a WHERE a.is_listed AND a.status = 'ongoing'
AND a.id IN (SELECT activity_id FROM activity_chapter WHERE chapter_number = 5)"""
FACTS = """a.id, a.title, a.status, a.is_joint, a.start_precision, a.start_first, a.start_last,
a.end_precision, a.end_first, a.end_last"""
_PAGE = f"""SELECT {FACTS} {_SHOWN} ORDER BY a.updated_at DESC, a.id DESC LIMIT 50"""
_RELATIONS = (
    "SELECT l.activity_id, coalesce(o.acronym, o.name), l.is_lead FROM activity_entity l JOIN organisation o "
    "ON o.id = l.entity_id WHERE l.activity_id IN ({ids}) AND l.participation <> 'declined' ORDER BY l.position",
    "SELECT l.activity_id, coalesce(o.acronym, o.name) FROM activity_partner l JOIN organisation o "
    "ON o.id = l.organisation_id WHERE l.activity_id IN ({ids}) ORDER BY o.name",
    "SELECT l.activity_id, c.name FROM activity_country l JOIN country c ON c.code = l.country_code "
    "WHERE l.activity_id IN ({ids}) ORDER BY c.code",
    "SELECT l.activity_id, r.name FROM activity_region l JOIN region r ON r.code = l.region_code "
    "WHERE l.activity_id IN ({ids}) ORDER BY r.name",
    "SELECT l.activity_id, r.code FROM activity_recommendation l JOIN recommendation r "
    "ON r.code = l.recommendation_code WHERE l.activity_id IN ({ids}) ORDER BY r.position",
    "SELECT activity_id, chapter_number FROM activity_chapter WHERE activity_id IN ({ids}) ORDER BY chapter_number",
)
BY_TOTALS = "totals, which count each activity once, and the names of rows and columns are in ours and not in the other"
_GROUPED = """SELECT e.entity_id, c.chapter_number, count(*), sum(CASE WHEN a.is_joint THEN 1 ELSE 0 END)
FROM activity a JOIN activity_entity e ON e.activity_id = a.id JOIN activity_chapter c ON c.activity_id = a.id
WHERE a.is_listed AND e.participation <> 'declined' GROUP BY 1, 2"""
# The totals of the heat map, and how many activities stand in no row or column.
_TOTALS = (
    """SELECT e.entity_id, count(*), sum(CASE WHEN a.is_joint THEN 1 ELSE 0 END)
    FROM activity a LEFT JOIN activity_entity e ON e.activity_id = a.id AND e.participation <> 'declined'
    WHERE a.is_listed GROUP BY 1""",
    """SELECT c.chapter_number, count(*), sum(CASE WHEN a.is_joint THEN 1 ELSE 0 END)
    FROM activity a LEFT JOIN activity_chapter c ON c.activity_id = a.id WHERE a.is_listed GROUP BY 1""",
    "SELECT count(*), sum(CASE WHEN is_joint THEN 1 ELSE 0 END) FROM activity WHERE is_listed",
)


def measures(size: Size) -> Iterable[Measure]:
    """The list and the heat map over many activities."""
    for engine, name in worlds.engines():
        with worlds.world(engine, size.activities, events_beside(size.activities)) as (app, _settings):
            yield from _of(size, app, size.activities, name)


def _raw_page(cursor: Any) -> list[Any]:
    cursor.execute(f"SELECT count(*) {_SHOWN}")
    found = [cursor.fetchall()]
    cursor.execute(_PAGE)
    rows = cursor.fetchall()
    return [*found, rows, *read_relations(cursor, [row[0] for row in rows])]


def read_relations(cursor: Any, ids: Sequence[int]) -> list[Any]:
    """What hangs on these activities, kind by kind, by the driver."""
    found = []
    for statement in _RELATIONS:
        cursor.execute(statement.format(ids=", ".join(str(one) for one in ids)))
        found.append(cursor.fetchall())
    return found


def _of(size: Size, app: Flask, activities: int, engine: str) -> Iterable[Measure]:
    with app.app_context(), app.test_request_context("/activities"):
        filters = read_filters(db.session, MultiDict(QUERY))
        cursor = db.session.connection().connection.cursor()
        ours, limit = interleave(
            lambda: timed(lambda: page_of_activities(db.session, filters, mine=[], number=1)),
            lambda: timed(lambda: _raw_page(cursor)),
            4 * size.rounds,
        )
        what = f"of {activities:,}, {engine}"
        yield Measure(
            f"list: 50 {what}, with filters, relations and the count", "the same rows by raw driver SQL",
            ours, limit, 2.5, 1.2, "smaller",
        )  # fmt: skip
        for sort, words in (("newest", ""), ("title", " by title")):
            ours, limit, number = _depth(sort, 4 * size.rounds)
            yield Measure(
                f"list{words} {what}: page {number:,}", "page one, newest first", ours, limit, 2, 1.2, "smaller"
            )

        yield from _heat_map(what, cursor, 4 * size.rounds)
        db.session.rollback()


def _heat_map(what: str, cursor: Any, rounds: int) -> Iterable[Measure]:
    """The heat map of all activities, with its totals, against statements that give its numbers by the driver."""
    for against, statements, cause in (
        ("one plain GROUP BY, without totals", [_GROUPED], BY_TOTALS),
        ("plain GROUP BYs of the same numbers", [_GROUPED, *_TOTALS], ""),
    ):

        def grouped(statements: Sequence[str] = statements) -> None:
            for statement in statements:
                cursor.execute(statement)
                cursor.fetchall()

        ours, limit = interleave(
            lambda: timed(lambda: grid(db.session, Filters(), [], "entity", "chapter")),
            partial(timed, grouped),
            rounds,
        )
        yield Measure(f"heat map {what}, with totals", against, ours, limit, 1.2, 1, "smaller", cause)


def _depth(sort: str, rounds: int) -> tuple[list[float], list[float], int]:
    """A page near the end of that order, from the one before it, and the first page; the number of the deep one."""
    pages = page_of_activities(db.session, Filters(), mine=[], number=1).pages
    before = page_of_activities(db.session, Filters(), mine=[], number=int(pages * 0.95), sort=sort)
    number = before.number + 1

    def deep() -> None:
        page_of_activities(db.session, Filters(), mine=[], number=number, sort=sort, after=before.last)

    def first() -> None:
        page_of_activities(db.session, Filters(), mine=[], number=1)

    return *interleave(lambda: timed(deep), lambda: timed(first), rounds), number


def seconds_of_pages(rounds: int) -> Iterable[tuple[str, str, float]]:
    """What, how it may grow, the least seconds: of the first page of the list and of counts, in a request."""
    for what, at_most, act in _GROWING:
        act()
        yield what, at_most, min(timed(act) for _round in range(rounds))
    db.session.rollback()


def seconds_of_start(settings: Settings) -> float:
    """Seconds until a server says that it is ready."""
    begun = time.perf_counter()
    with servers.gunicorn("interagency:create_app()", worlds.environment(settings)) as port:
        servers.seconds_of_get(port, "/readyz", 1)
        return time.perf_counter() - begun


_GROWING: tuple[tuple[str, str, Callable[[], object]], ...] = (
    ("page one of the list", CONSTANT, lambda: page_of_activities(db.session, Filters(), mine=[], number=1)),
    ("counts by chapter", LINEAR, lambda: counts_by_chapter(db.session, Filters())),
    ("heat map", LINEAR, lambda: grid(db.session, Filters(), [], "entity", "chapter")),
)
