"""The list under a word, rare or common: its statements against the best plan that the database has for that word.

Both by the raw driver: what is compared is what the database does. What a page costs beside, in Python, is the same for
all words; `bench.pages` measures whole pages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from bench import worlds
from bench.measure import Measure, Size, events_beside, interleave, timed
from bench.pages import FACTS, read_relations
from interagency.db.base import db
from interagency.db.fulltext import ID_MASK, count
from interagency.matrix.activities.filters import read_filters
from interagency.matrix.activities.listing import Page, page_of_activities
from interagency.matrix.activities.models import Activity

# In how many of all activities a word stands: in a handful, in some of a hundred, in most.
WANTED = (0.00005, 0.03, 0.8)
LOOKED_AT = 200
_NEWEST = "ORDER BY a.updated_at DESC, a.id DESC LIMIT 50"
# By the index of words from its end; by going through the list and looking into each record's words.
_SQLITE_PLANS = (
    f"FROM activity_words w JOIN activity a ON a.id = w.rowid & {ID_MASK} "
    "WHERE activity_words MATCH '\"{word}\"' ORDER BY w.rowid DESC LIMIT 50",
    f"FROM activity a WHERE a.is_listed AND ' ' || a.search_text || ' ' LIKE '% {{word}} %' {_NEWEST}",
)
_SQLITE_COUNT = "SELECT count(*) FROM activity_words WHERE activity_words MATCH '\"{word}\"'"
# What the planner chooses; without looking at all; without the index of words; without the list's own order.
_POSTGRESQL_PLANS = ((), ("enable_seqscan",), ("enable_bitmapscan",), ("enable_indexscan", "enable_seqscan"))
_POSTGRESQL_FOUND = "FROM activity a WHERE a.is_listed AND a.search_text_words @@ '{word}'::tsquery"


def measures(size: Size) -> Iterable[Measure]:
    """A page of the list under each word, with its count and relations."""
    for engine, name in worlds.engines():
        with worlds.world(engine, size.activities, events_beside(size.activities)) as (app, _settings):
            yield from _of(size, app, name)


def _of(size: Size, app: Flask, engine: str) -> Iterable[Measure]:
    with app.app_context(), app.test_request_context("/activities"):
        for word, found in _words(db.session, size.activities):
            name = f"list of {size.activities:,} under a word in {found:,}, {engine}: its statements"
            ours, limit = _samples(word, engine, 4 * size.rounds)
            yield Measure(name, "the best of the database's plans for that word", ours, limit, 2, 1.2, "smaller")
            db.session.rollback()


def _samples(word: str, engine: str, rounds: int) -> tuple[list[float], list[float]]:
    filters = read_filters(db.session, MultiDict([("q", word)]))

    def page() -> Page:
        return page_of_activities(db.session, filters, mine=[], number=1)

    cursor = db.session.connection().connection.cursor()
    best = _best(_plans(cursor, word, engine))
    assert [one.id for one in page().activities] == best.ids(), word
    statements = _statements_of(page)
    return interleave(lambda: timed(lambda: _replay(cursor, statements)), best, rounds)


def _statements_of(act: Callable[[], object]) -> list[tuple[str, Any]]:
    """The statements of `act` with their values."""
    act()  # what is compiled once is not seen
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        seen.append((statement, values))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    act()
    sa.event.remove(db.engine, "before_cursor_execute", note)
    return seen


def _replay(cursor: Any, statements: list[tuple[str, Any]]) -> None:
    for statement, values in statements:
        cursor.execute(statement, values)
        if cursor.description is not None:
            cursor.fetchall()


def _words(session: Session, activities: int) -> list[tuple[str, int]]:
    """Words as common as wanted, with the number of activities that hold them."""
    texts = session.scalars(sa.select(Activity.search_text).order_by(Activity.id).limit(LOOKED_AT))
    words = sorted({word for text in texts for word in text.split() if word.isalpha() and len(word) > 3})
    found = {word: count(session, Activity, (word,)) for word in words}
    nearest = [min(words, key=lambda word: abs(found[word] - share * activities)) for share in WANTED]
    return [(word, found[word]) for word in dict.fromkeys(nearest)]


@dataclass(frozen=True)
class Plan:
    """The same page by raw SQL. `without` is what PostgreSQL's planner may not use for the count and the rows."""

    cursor: Any
    counted: str
    rows: str
    without: tuple[str, ...] = ()

    def __call__(self) -> float:
        """Seconds; choosing the plan is not counted."""
        seconds = 0.0
        self._allow("off")
        begun = time.perf_counter()
        self.cursor.execute(self.counted)
        self.cursor.fetchall()
        ids = self.ids()
        seconds += time.perf_counter() - begun
        self._allow("DEFAULT")
        return seconds + timed(lambda: read_relations(self.cursor, ids))

    def ids(self) -> list[int]:
        self.cursor.execute(self.rows)
        return [row[0] for row in self.cursor.fetchall()]

    def _allow(self, state: str) -> None:
        for setting in self.without:
            self.cursor.execute(f"SET LOCAL {setting} = {state}")


def _plans(cursor: Any, word: str, engine: str) -> list[Plan]:
    if engine == "SQLite":
        counted = _SQLITE_COUNT.format(word=word)
        return [Plan(cursor, counted, f"SELECT {FACTS} {plan.format(word=word)}") for plan in _SQLITE_PLANS]
    found = _POSTGRESQL_FOUND.format(word=word)
    counted, rows = f"SELECT count(*) {found}", f"SELECT {FACTS} {found} {_NEWEST}"
    return [Plan(cursor, counted, rows, without) for without in _POSTGRESQL_PLANS]


def _best(plans: list[Plan]) -> Plan:
    """The fastest of them, by the median of three after one that does not count."""
    return min(plans, key=lambda plan: median([plan() for _ in range(4)][1:]))
