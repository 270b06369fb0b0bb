"""Records by their words: the full-text indexes of SQLite and PostgreSQL behind the same few functions.

A record keeps two texts of folded words, `search_title` and `search_text`. SQLite indexes them in an FTS5 table that
triggers keep right (migration 0006), PostgreSQL in generated columns. Both see words as `words.folded_words` made
them and nothing else, so both give the same answers; docs/decisions/007-search.md says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Terms = tuple[str, ...]
Row = TypeVar("Row")
# A row of an FTS5 table has the number `moment << 31 | id`: where the record stands in its list, and which it is.
ID_MASK = (1 << 31) - 1
BATCH = 500


class FullTextMixin:
    """A record that is found by its words, as long as it is listed."""

    # Folded words of the title, and of everything the record is found by, title included.
    search_title: Mapped[str] = mapped_column(default="", server_default=sa.text("''"))
    search_text: Mapped[str] = mapped_column(default="")

    @classmethod
    def newest_first(cls) -> Sequence[sa.ColumnElement[Any]]:
        """The order of the index: what SQLite's numbers of rows say, in columns."""
        raise NotImplementedError


class _TermsType(sa.types.TypeDecorator[Terms]):
    """Search terms, in each database's language. They are words only, so nothing in them means anything there."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Terms | None, dialect: Dialect) -> str:
        words = [(term.removesuffix("*"), term.endswith("*")) for term in value or ()]
        if dialect.name == "sqlite":
            return "(" + " AND ".join(f'"{word}"{"*" if begins else ""}' for word, begins in words) + ")"
        return " & ".join(f"'{word}'{':*' if begins else ''}" for word, begins in words)


class _MatchesTerms(FunctionElement[bool]):
    """`(id, text column, terms)`: whether the record's text holds them all."""

    type = sa.Boolean()
    name = "holds_words"
    inherit_cache = True


def _match(name: str, column: str, terms: str) -> str:
    return f"{name} MATCH " + (f"'search_title : ' || {terms}" if column == "search_title" else terms)


@compiles(_MatchesTerms, "sqlite")
def _on_sqlite(element: _MatchesTerms, compiler: SQLCompiler, **more: Any) -> str:
    record, text, terms = element.clauses
    name = f"{record.table.name}_words"
    match = _match(name, text.name, compiler.process(terms, **more))
    found = f"SELECT {name}.rowid & {ID_MASK} FROM {name} WHERE {match}"  # noqa: S608  (our own names)
    return f"({compiler.process(record, **more)} IN ({found}))"


@compiles(_MatchesTerms, "postgresql")
def _on_postgresql(element: _MatchesTerms, compiler: SQLCompiler, **more: Any) -> str:
    _record, text, terms = element.clauses
    return f"({compiler.process(text, **more)}_words @@ CAST({compiler.process(terms, **more)} AS tsquery))"


def _bound(terms: Terms) -> sa.BindParameter[Terms]:
    # Written into the statement: PostgreSQL then plans each word by how common it is, and not all words alike.
    return sa.bindparam(None, terms, type_=_TermsType(), unique=True, literal_execute=True)


def holds(model: type[Any], terms: Terms, *, title: bool = False) -> sa.ColumnElement[bool]:
    """The condition that a listed record's text (or its `title`) holds all `terms`; no terms, no record."""
    if not terms:
        return sa.false()
    return _MatchesTerms(model.id, model.search_title if title else model.search_text, _bound(terms))


def newest_first(
    session: Session, query: sa.Select[Row], model: type[Any], terms: Terms, *, title: bool = False
) -> sa.Select[Row]:
    """`query` narrowed to records that hold `terms`, in the order of the index, newest first.

    SQLite reads its index from the end and stops where a LIMIT says so, for rare words and common ones.
    """
    if not terms or session.get_bind().dialect.name != "sqlite":
        return query.where(holds(model, terms, title=title)).order_by(*model.newest_first())
    name = f"{model.__tablename__}_words"
    index = sa.table(name, sa.column("rowid"))
    match = _bound(terms)
    operand = sa.literal_column("'search_title : '", sa.Text).concat(match) if title else match
    return (
        query.join(index, model.id == index.c.rowid.op("&")(sa.literal_column(str(ID_MASK))))
        .where(sa.literal_column(name).op("MATCH")(operand))
        .order_by(index.c.rowid.desc())
    )


def count(session: Session, model: type[Any], terms: Terms) -> int:
    """How many listed records hold `terms`."""
    if not terms:
        return 0
    if session.get_bind().dialect.name == "sqlite":
        name = f"{model.__tablename__}_words"
        query = sa.select(sa.func.count()).select_from(sa.table(name))
        return session.scalar(query.where(sa.literal_column(name).op("MATCH")(_bound(terms)))) or 0
    # PostgreSQL thinks that looking through all records costs as much as its index does for words that most of them
    # hold. It knows nothing of unpacking each record's words, which takes twice as long.
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    listed = sa.select(sa.func.count()).select_from(model).where(model.is_listed)
    number = session.scalar(listed.where(holds(model, terms)))
    session.execute(sa.text("SET LOCAL enable_seqscan = DEFAULT"))
    return number or 0


def ranked_ids(session: Session, model: type[Any], terms: Terms, limit: int) -> list[int]:
    """The records that hold `terms`: first those whose title holds them all, then the others; newest first in each.

    Two statements, which read no more than they give.
    """
    found: dict[int, None] = {}
    for title, most in ((True, limit), (False, 2 * limit)):
        query = sa.select(model.id).where(model.is_listed.is_(True)).limit(most)
        found |= dict.fromkeys(session.scalars(newest_first(session, query, model, terms, title=title)))
    return list(found)[:limit]


# --- Looking after it ---


def include_in_autogenerate(name: str | None, kind: str, _parents: object) -> bool:
    """Whether Alembic compares what it finds with the models: the indexes of words stand in migration 0006 alone, and
    the count of attempts makes its own table."""
    if kind == "table" and name == "attempt_count":
        return False
    return kind not in ("table", "column", "index") or "_words" not in (name or "")


def stale(
    session: Session, model: type[Any], words_of: Callable[[Any], tuple[str, str]], loading: Sequence[ORMOption]
) -> Iterator[tuple[int, str, str]]:
    """`(id, search_title, search_text)` as they should be, for each record where they are not so.

    `words_of` says what they should be, `loading` brings what it reads. Records are read in batches and let go.
    Words are found in any order, and a record lists its countries otherwise once it was read anew: order is no fault.
    """
    last = 0
    while True:
        query = sa.select(model).where(model.id > last).order_by(model.id).limit(BATCH).options(*loading)
        records = list(session.scalars(query))
        wrong = []
        for record in records:
            title, text = words_of(record)
            kept = (record.search_title, record.search_text)
            if [set(words.split()) for words in kept] != [set(words.split()) for words in (title, text)]:
                wrong.append((record.id, title, text))
        last = records[-1].id if records else last
        session.expunge_all()
        yield from wrong
        if len(records) < BATCH:
            return


def repair_texts(session: Session, model: type[Any], rows: Iterator[tuple[int, str, str]]) -> int:
    """Write what `stale` found. Versions and histories stay: nobody changed what the records say. Returns how many."""
    table, number = model.__table__, 0
    for record_id, title, text in rows:
        number += 1
        session.execute(table.update().where(table.c.id == record_id).values(search_title=title, search_text=text))
    return number


def refresh_texts(session: Session, model: type[Any], records: Iterable[Any], words_of: Callable[[Any], Any]) -> None:
    """Write the words these records are found by now, where they are others: versions and histories stay."""
    for record in records:
        title, text = words_of(record)
        if (record.search_title, record.search_text) != (title, text):
            repair_texts(session, model, iter([(record.id, title, text)]))
            for name, value in (("search_title", title), ("search_text", text)):
                set_committed_value(record, name, value)


def rebuild_index(session: Session, model: type[Any]) -> None:
    """Throw the index away and make it from the texts that the records keep."""
    name = model.__tablename__
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text(f"INSERT INTO {name}_words({name}_words) VALUES ('rebuild')"))  # noqa: S608
        return
    for column in ("search_title", "search_text"):
        session.execute(sa.text(f"REINDEX INDEX ix_{name}_{column}_words"))


def index_problems(session: Session, model: type[Any]) -> list[str]:
    """What is wrong between the index and the texts of the records. PostgreSQL answers for its own."""
    name = model.__tablename__
    if session.get_bind().dialect.name != "sqlite":
        there = session.scalars(sa.text("SELECT indexname FROM pg_indexes WHERE tablename = :t"), {"t": name})
        missing = {f"ix_{name}_{column}_words" for column in ("search_title", "search_text")} - set(there)
        return [f"the index {one} is missing" for one in sorted(missing)]
    kept = session.scalars(
        sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :t"), {"t": name}
    )
    lost = {f"{name}_words_{act}" for act in ("insert", "update", "delete")} - set(kept)
    if lost:
        return [f"the trigger {one} is missing" for one in sorted(lost)]
    try:
        words = f"{name}_words"
        session.execute(sa.text(f"INSERT INTO {words}({words}, rank) VALUES ('integrity-check', 1)"))  # noqa: S608
    except sa.exc.DatabaseError:
        return [f"the index of {name} does not fit its records"]
    return []
