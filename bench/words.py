"""The list under a word, rare or common: against the best plan that the database has for that word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from bench import worlds
from bench.measure import Measure, Size, events_beside, interleave, timed
from bench.pages import FACTS, read_relations
from interagency.database import db
from interagency.fulltext import ID_MASK, count
from interagency.matrix.activities.listing import page_of_activities
from interagency.matrix.activities.models import Activity
from interagency.matrix.filters import read_filters

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
# What the planner chooses; without the index of words; without the list's own order.
_POSTGRESQL_PLANS = ((), ("enable_bitmapscan",), ("enable_indexscan", "enable_seqscan"))
_POSTGRESQL_FOUND = "FROM activity a WHERE a.is_listed AND a.search_text_words @@ '{word}'::tsquery"


def measures(size: Size) -> Iterable[Measure]:
    """A page of the list under each word, with its count and relations."""
    for engine, name in worlds.engines():
        with worlds.world(engine, size.activities, events_beside(size.activities)) as (app, _settings):
            yield from _of(size, app, name)


def _of(size: Size, app: Flask, engine: str) -> Iterable[Measure]:
    with app.app_context(), app.test_request_context("/activities"):
        for word, found in _words(db.session, size.activities):
            filters = read_filters(db.session, MultiDict([("q", word)]))
            cursor = db.session.connection().connection.cursor()
            best = _best(_raw_pages(cursor, word, engine))
            ours, limit = interleave(
                lambda filters=filters: timed(  # type: ignore[misc]
                    lambda: page_of_activities(db.session, filters, mine=[], number=1)
                ),
                lambda best=best: timed(best),  # type: ignore[misc]
                4 * size.rounds,
            )
            yield Measure(
                f"list of {size.activities:,}, {engine}: a word in {found:,}",
                "the best of the database's plans for it, by raw driver SQL",
                ours, limit, 2, 1.2, "smaller",
            )  # fmt: skip
            db.session.rollback()


def _words(session: Session, activities: int) -> list[tuple[str, int]]:
    """Words as common as wanted, with the number of activities that hold them."""
    texts = session.scalars(sa.select(Activity.search_text).order_by(Activity.id).limit(LOOKED_AT))
    words = sorted({word for text in texts for word in text.split() if word.isalpha() and len(word) > 3})
    found = {word: count(session, Activity, (word,)) for word in words}
    nearest = [min(words, key=lambda word: abs(found[word] - share * activities)) for share in WANTED]
    return [(word, found[word]) for word in dict.fromkeys(nearest)]


def _raw_pages(cursor: Any, word: str, engine: str) -> list[Callable[[], object]]:
    """The same page by raw SQL, by each plan."""
    if engine == "SQLite":
        counted = _SQLITE_COUNT.format(word=word)
        return [
            lambda plan=plan: _raw_page(cursor, counted, f"SELECT {FACTS} {plan.format(word=word)}")  # type: ignore[misc]
            for plan in _SQLITE_PLANS
        ]
    found = _POSTGRESQL_FOUND.format(word=word)
    return [
        lambda without=without: _raw_page(  # type: ignore[misc]
            cursor, f"SELECT count(*) {found}", f"SELECT {FACTS} {found} {_NEWEST}", without
        )
        for without in _POSTGRESQL_PLANS
    ]


def _raw_page(cursor: Any, counted: str, rows: str, without: Sequence[str] = ()) -> None:
    cursor.execute(counted)
    cursor.fetchall()
    for setting in without:
        cursor.execute(f"SET {setting} = off")
    cursor.execute(rows)
    read_relations(cursor, [row[0] for row in cursor.fetchall()])
    for setting in without:
        cursor.execute(f"RESET {setting}")


def _best(acts: list[Callable[[], object]]) -> Callable[[], object]:
    """The fastest of them, by the median of three after one that does not count."""
    return min(acts, key=lambda act: median([timed(act) for _ in range(4)][1:]))
