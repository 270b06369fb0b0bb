"""SQLite and PostgreSQL find the same records in the same order, and they are the right ones, whatever is asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event, EventKind, EventStatus
from interagency.db.base import db
from interagency.db.fulltext import count, holds, index_problems, ranked_ids
from interagency.matrix.activities.models import Activity, Status
from interagency.matrix.framework.names import query_terms
from interagency.text.folding import clean, folded_words, is_found, search_terms, search_text
from tests.conftest import close, make_app, make_settings
from tests.servers import Databases

pytestmark = pytest.mark.postgresql
START = datetime(2026, 1, 1, tzinfo=UTC)
VOCABULARY = (
    "training", "trainer", "Trainings", "WHO", "whole", "who’s", "Côte", "d’Ivoire", "cote", "1(p)", "1p", "I(p)",
    "naïve", "NAIVE", "Straße", "strasse", "ﬁeld", "㏗", "دراسة", "المخدّرات", "毒品問題", "联合国毒品", "वर्ल्ड",
    "İstanbul", "ístanbul", "x_y", "co-operation", "COVID-19", "12e5", "0x1f", "a.b@c.org", "NEAR", "AND", "OR", "NOT",
    "Ʒ", "Ꭰ", "ꭰ", "Ⴀ", "e\u0301te\u0301", "été", "ǆ", "½", "²", "Ω", "\u2126", "\u212a", "kelvin", "'", "*", ":", "(",
    ")", "search_title", "😀", "ﷺ",
)  # fmt: skip
HOSTILE = (
    '"', "'", "*", '"unclosed', "NEAR(a b)", "a NEAR b", "search_title : training", "title:*", "a AND", "NOT x", "(",
    "))", "\x00", "a\x00b", "%", "_", "\\", "'; DROP TABLE activity; --", "& | ! <->", ":*", "😀", "e\u0301", "\u0301",
    "دراسة", "毒品", "x" * 2000, "training " * 220, "\ud800", "1(", "1(p", "I(p)", "-training", "^training",
    "{a b}: c", "a + b", "\u202e",
)  # fmt: skip

words = st.one_of(st.sampled_from(VOCABULARY), st.text(max_size=8))
texts = st.lists(words, max_size=6).map(" ".join)
queries = st.one_of(
    st.sampled_from(HOSTILE), st.lists(st.sampled_from(VOCABULARY), max_size=3).map(" ".join), st.text()
)
records = st.lists(st.tuples(texts, texts, st.integers(0, 3), st.booleans()), max_size=7)


@pytest.fixture(scope="module")
def engines(
    template_sqlite: Path, template_postgresql: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Flask]]:
    """The service on each database, empty of records. Nothing a test writes is kept."""
    folder = tmp_path_factory.mktemp("both")
    shutil.copy(template_sqlite, folder / "interagency.sqlite3")
    name = databases.create(template_postgresql)
    apps = [make_app(make_settings(folder)), make_app(make_settings(folder, DATABASE_URL=databases.address(name)))]
    yield apps
    for app in apps:
        close(app)
    databases.drop(name)


@contextmanager
def scratch(app: Flask) -> Iterator[Session]:
    with app.app_context():
        yield db.session
        db.session.rollback()
        db.session.close()


def values(title: str, text: str) -> dict[str, str]:
    return {"title": title[:300], "search_title": search_text(title), "search_text": search_text(title, text)}


def put(session: Session, corpus: list[Any]) -> None:
    """The corpus as activities and as events, by plain INSERTs as a bulk import would do it."""
    for number, (title, text, day, listed) in enumerate(corpus, start=1):
        title, text = clean(title, lines=False), clean(text)
        common = values(title, text) | {"id": number, "is_listed": listed}
        session.execute(
            sa.insert(Activity.__table__).values(
                **common, status=Status.ONGOING, updated_at=START + timedelta(days=day)
            )
        )
        session.execute(
            sa.insert(Event.__table__).values(
                **common, uid=f"{number}@test", kind=EventKind.TRAINING, status=EventStatus.HELD,
                first_day=date(1909 + 40 * day, 3, 1) if day else None,
            )
        )  # fmt: skip


def expected(corpus: list[Any], terms: tuple[str, ...], *, undated_first: bool) -> list[int]:
    """The promise, said in Python: title before text, new before old, all words, listed records only."""
    found = []
    for number, (title, text, day, listed) in enumerate(corpus, start=1):
        title, text = clean(title, lines=False), clean(text)
        by_title = all(is_found(term, folded_words(title)) for term in terms)
        everything = [*folded_words(title), *folded_words(text)]
        when = 99 if undated_first and not day else day
        if terms and listed and all(is_found(term, everything) for term in terms):
            found.append((not by_title, -when, -number))
    return [-number for _title, _when, number in sorted(found)]


def answers(session: Session, terms: tuple[str, ...]) -> dict[str, list[int]]:
    given: dict[str, list[int]] = {}
    for model in (Activity, Event):
        given[model.__tablename__] = ranked_ids(session, model, terms, 50)
        listed = sa.select(model.id).where(model.is_listed.is_(True), holds(model, terms))
        given[f"{model.__tablename__} in a list"] = sorted(session.scalars(listed))
        given[f"{model.__tablename__} counted"] = [count(session, model, terms)]
    return given


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(corpus=records, query=queries, typing=st.booleans())
@example(corpus=[("㏗ value", "", 0, True), ("PH", "", 1, True)], query="ph", typing=False)
@example(corpus=[("y" * 300, "x" * 5000, 0, True)], query="x" * 2000, typing=False)
@example(corpus=[("WHO", "", 0, True), ("whole", "", 1, True)], query="who", typing=True)
@example(corpus=[("毒品问题", "", 0, True)], query="品问", typing=False)
def test_both_databases_give_the_same_and_the_right_answers(
    engines: list[Flask], corpus: list[Any], query: str, typing: bool
) -> None:
    terms = search_terms(clean(query, lines=False), typing=typing)
    given = []
    for app in engines:
        with scratch(app) as session:
            put(session, corpus)
            given.append(answers(session, terms))
    best = expected(corpus, terms, undated_first=False)
    assert given[0] == given[1]
    assert given[0]["activity"] == best
    assert given[0]["event"] == expected(corpus, terms, undated_first=True)
    assert given[0]["activity in a list"] == sorted(best)
    assert given[0]["activity counted"] == [len(best)]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=records, after=records, gone=st.sets(st.integers(1, 7)))
def test_the_index_follows_every_plain_statement(
    engines: list[Flask], before: list[Any], after: list[Any], gone: set[int]
) -> None:
    """UPDATE and DELETE without the ORM: what a bulk change, a merge or a repair by hand does."""
    asked = [search_terms(word) for word in ("training", "who", "cote", "毒品", "x_y")]
    corpus = [new for _old, new in zip(before, after, strict=False)] + before[len(after) :]
    for app in engines:
        with scratch(app) as session:
            put(session, before)
            for number, (title, text, day, listed) in enumerate(after[: len(before)], start=1):
                new = values(clean(title, lines=False), clean(text)) | {"is_listed": listed}
                at = START + timedelta(days=day)
                session.execute(sa.update(Activity.__table__).where(Activity.id == number).values(**new, updated_at=at))
            session.execute(sa.delete(Activity.__table__).where(Activity.id.in_(gone)))
            assert index_problems(session, Activity) == []
            for terms in asked:
                left = [one for one in expected(corpus, terms, undated_first=False) if one not in gone]
                assert ranked_ids(session, Activity, terms, 50) == left


@pytest.mark.parametrize("query", HOSTILE)
def test_no_query_is_an_error(engines: list[Flask], query: str) -> None:
    for app in engines:
        with scratch(app) as session:
            put(session, [("Training of trainers", "“a” b* NEAR c: 1(p) 😀", 1, True)])
            answers(session, query_terms(clean(query, lines=False)))


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_plain_texts_are_folded_as_others_are(text: str) -> None:
    assert folded_words(f"{text} é") == [*folded_words(text), "e"]
