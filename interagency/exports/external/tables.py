"""The tables of a hand-out: the names that data addresses have, made from its frozen content alone.

Rows are numbered by their place, as in the files beside them: no number of a record leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from interagency.exports.columns import Cell, Column, joined
from interagency.exports.external.content import Content
from interagency.exports.external.files import EVENTS, event_rows
from interagency.exports.tables.writing import WRITERS
from interagency.text.dates import ImpreciseDate
from interagency.text.typed_dates import DateNotUnderstood, read_date

Row = dict[str, Any]
Made = tuple[tuple[Column, ...], Callable[[Content], Iterable[Row]]]


def _text(name: str, key: str = "", kind: str = "text") -> Column:
    return Column(name, lambda row: row[key or name], kind=kind)


def _list(name: str) -> Column:
    return Column(name, lambda row: joined(row[name]))


def _known(words: str) -> ImpreciseDate | None:
    """The date that a hand-out says in words."""
    try:
        return read_date(words) if words else None
    except DateNotUnderstood:
        return None


def _date_of(row: Row, name: str, words: str) -> ImpreciseDate | None:
    """A date by its code; by its words in what was handed out before codes were."""
    if "coded" in row:
        return ImpreciseDate.from_code(row["coded"][name]) if row["coded"][name] else None
    return _known(row[words])


def _date(name: str, words: str, *, last: bool) -> tuple[Column, Column, Column]:
    def day(row: Row) -> Cell:
        known = _date_of(row, name, words)
        return None if known is None else known.last if last else known.first

    def precision(row: Row) -> Cell:
        known = _date_of(row, name, words)
        return known.precision.value if known else ""

    return _text(f"{name}_text", words), Column(name, day, kind="date"), Column(f"{name}_precision", precision)


_ACTIVITY = (
    _text("activity_number", "number", "number"),
    _text("title"),
    _list("entities"),
    _list("partners"),
    _list("countries"),
    Column("chapters", lambda row: ", ".join(row["chapters"])),
    _list("recommendations"),
    *_date("start", "begins", last=False),
    *_date("end", "ends", last=True),
    _text("status"),
    Column("joint", lambda row: "joint" if row["joint"] else "individual"),
    _text("figures"),
    _text("results"),
    _text("link"),
)


def _each(name: str, column: str) -> Made:
    def rows(content: Content) -> Iterator[Row]:
        for one in content.get("activities", ()):
            for value in one[name]:
                yield {"number": one["number"], column: value}

    return (_text("activity_number", "number", "number"), _text(column)), rows


_OCCURRENCE = tuple(Column(column.title.lower().replace(" ", "_"), column.value, kind=column.kind) for column in EVENTS)
TABLES: dict[str, Made] = {
    "activities": (_ACTIVITY, lambda content: content.get("activities", ())),
    "activity_recommendations": _each("recommendations", "recommendation"),
    "activity_countries": _each("countries", "country_name"),
    "activity_entities": _each("entities", "entity_name"),
    "occurrences": (_OCCURRENCE, event_rows),
}


def table_file(content: Content, name: str) -> bytes | None:
    """The file `TABLE.csv` or `TABLE.json`; None where there is no such table."""
    title, _dot, form = name.rpartition(".")
    if title not in TABLES or form not in WRITERS:
        return None
    columns, rows = TABLES[title]
    return b"".join(WRITERS[form](columns, rows(content)))
