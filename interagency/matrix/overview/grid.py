"""Counting activities along two dimensions, in SQL: who by chapter, where by entity, and so on.

What a line counts is exactly what its filter finds: each number opens a list of as many activities.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.fields import STATUS_LABELS
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityEntity,
    Participation,
    Status,
    activity_recommendation,
    activity_region,
)
from interagency.matrix.framework.models import ROMAN, Chapter, Country, Recommendation, Region, Section
from interagency.matrix.framework.titles import name_of, spoken
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overview.count_cache import cached_counts

ROWS = ("entity", "chapter", "section", "recommendation", "region", "country", "year")
COLUMNS = ("chapter", "entity", "year", "status")
STEPS = 5
# Beside the keys of rows and columns: every activity stands in ALL, and where it has no key of its own, in NONE.
ALL, NONE = "*", "-"
# What keys are in Python, where they are not text; and what parts several of them in the database's answer.
TYPES: dict[str, Callable[[str], Any]] = {"chapter": int, "section": int, "year": int, "status": Status}
SEPARATOR = ","


@dataclass(frozen=True, slots=True)
class Line:
    """A row or column: its key, what stands at its head, the filter (name, value) it stands for, how deep it lies."""

    key: Any
    label: str
    title: str
    filter: tuple[str, str]
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """How many activities, how many of them joint, and the step of its shade, 0 to 5."""

    count: int = 0
    joint: int = 0
    step: int = 0

    @property
    def individual(self) -> int:
        return self.count - self.joint


@dataclass(frozen=True, slots=True)
class Grid:
    """Counts by row and column. Totals count each activity once, so they may be less than the sum.

    `outside` is how many activities stand in no row, and how many in no column.
    """

    rows: list[Line]
    columns: list[Line]
    cells: dict[tuple[Any, Any], Cell]
    row_totals: dict[Any, Cell]
    column_totals: dict[Any, Cell]
    total: Cell
    outside: tuple[int, int] = (0, 0)

    def at(self, row: Line, column: Line) -> Cell:
        return self.cells.get((row.key, column.key), Cell())

    def of_row(self, row: Line) -> Cell:
        return self.row_totals.get(row.key, Cell())

    def of_column(self, column: Line) -> Cell:
        return self.column_totals.get(column.key, Cell())


def links(name: str) -> sa.Select[int, Any]:
    """`(activity_id, key)` pairs of a dimension, each pair once."""
    if name == "entity":
        part = ActivityEntity
        return (
            sa.select(part.activity_id.label("activity_id"), Organisation.key.label("key"))
            .join(Organisation, Organisation.id == part.entity_id)
            .where(part.participation != Participation.DECLINED)
        )
    if name == "chapter":
        return sa.select(ActivityChapter.activity_id, ActivityChapter.chapter_number.label("key"))
    if name == "recommendation":
        table = activity_recommendation
        return sa.select(table.c.activity_id, table.c.recommendation_code.label("key"))
    if name == "section":
        return _section_links()
    if name == "country":
        return sa.select(ActivityCountry.activity_id, ActivityCountry.country_code.label("key")).distinct()
    if name == "region":
        return _region_links()
    if name == "year":
        year = sa.cast(sa.extract("year", Activity.start_first), sa.Integer)
        return sa.select(Activity.id.label("activity_id"), year.label("key")).where(Activity.start_first.is_not(None))
    return sa.select(Activity.id.label("activity_id"), Activity.status.label("key"))


def _section_links() -> sa.Select[Any]:
    """By section: what stands under it or a subsection of it, by a recommendation or by a section of its own."""
    table = activity_recommendation
    # A section stands within itself and within its parent.
    own = sa.select(Section.id.label("inner"), Section.id.label("outer"))
    above = sa.select(Section.id, Section.parent_id).where(Section.parent_id.is_not(None))
    within = own.union_all(above).subquery("within")
    followed = (
        sa.select(table.c.activity_id.label("activity_id"), within.c.outer.label("key"))
        .join(Recommendation, Recommendation.code == table.c.recommendation_code)
        .join(within, within.c.inner == Recommendation.section_id)
    )
    own = (
        sa.select(Activity.id, within.c.outer)
        .join(Section, Section.position == Activity.section_position)
        .join(within, within.c.inner == Section.id)
    )
    both = followed.union(own).subquery("followed_or_own")
    return sa.select(both.c.activity_id, both.c.key)


def _region_links() -> sa.Select[Any]:
    """By region: what is named for it, for a region in it, or for a country that lies there."""
    within = sa.select(Region.code.label("inner"), Region.code.label("outer")).cte("within", recursive=True)
    above = sa.select(within.c.inner, Region.parent_code).join(Region, Region.code == within.c.outer)
    within = within.union_all(above.where(Region.parent_code.is_not(None)))
    named = sa.select(activity_region.c.activity_id.label("activity_id"), within.c.outer.label("key")).join(
        within, within.c.inner == activity_region.c.region_code
    )
    by_country = (
        sa.select(ActivityCountry.activity_id, within.c.outer)
        .join(Country, Country.code == ActivityCountry.country_code)
        .join(within, within.c.inner == Country.region_code)
    )
    both = named.union(by_country).subquery("named_or_lying")
    return sa.select(both.c.activity_id, both.c.key)


def lines(session: Session, name: str, used: set[Any]) -> list[Line]:
    """The lines of a dimension in its order: chapters, sections and recommendations all, others where used."""
    if name == "entity":
        query = sa.select(Organisation.key, Organisation.acronym, Organisation.name, Organisation.answers).where(
            (Organisation.is_entity & Organisation.merged_into_id.is_(None)) | Organisation.key.in_(used)
        )
        return [
            Line(key, spoken().short(key, acronym or title), spoken().organisation(key, title), ("entity", key))
            for key, acronym, title, answers in session.execute(
                query.order_by(Organisation.position, Organisation.name)
            )
            if key in used or answers
        ]
    if name == "chapter":
        chapters = session.execute(sa.select(Chapter.number, Chapter.title).order_by(Chapter.number))
        return [
            Line(number, ROMAN[number], spoken().chapter(number, title), ("chapter", str(number)))
            for number, title in chapters
        ]
    if name == "section":
        sections = session.scalars(sa.select(Section).order_by(Section.position))
        return [
            Line(one.id, spoken().section_label(one.label), "", ("section", str(one.position)), depth)
            for one in sections
            for depth in [1 if one.parent_id else 0]
        ]
    if name == "recommendation":
        found = session.scalars(sa.select(Recommendation).order_by(Recommendation.position))
        return [Line(one.code, one.code, name_of(one), ("recommendation", one.code)) for one in found]
    if name == "country":
        countries = sa.select(Country.code, Country.name).where(Country.code.in_(used)).order_by(Country.name)
        return [
            Line(code, spoken().country(code, label), "", ("country", code))
            for code, label in session.execute(countries)
        ]
    if name == "region":
        return [
            Line(code, label, "", ("region", code), depth)
            for code, label, depth in regions_in_order(session)
            if code in used
        ]
    if name == "year":
        return [Line(year, str(year), "", ("year", str(year))) for year in sorted(used)]
    return [Line(one, str(STATUS_LABELS[one]), "", ("status", one.value)) for one in Status]


def regions_in_order(session: Session) -> list[tuple[str, str, int]]:
    """`(code, name, depth)` of all regions, each after the one it lies in, by name."""
    inside: dict[str | None, list[tuple[str, str]]] = {}
    query = sa.select(Region.code, Region.name, Region.parent_code).order_by(Region.name)
    for code, name, parent in session.execute(query):
        inside.setdefault(parent, []).append((code, spoken().region(code, name)))

    def below(parent: str | None, depth: int) -> list[tuple[str, str, int]]:
        return [
            line for code, name in inside.get(parent, []) for line in [(code, name, depth), *below(code, depth + 1)]
        ]

    return below(None, 0)


def grid(session: Session, filters: Filters, mine: Iterable[str], rows: str, columns: str) -> Grid:
    """The counts of the activities under `filters` by two dimensions: one statement, and the names of the lines.

    `mine` are the keys of the entities that the filter "mine" stands for; `rows` is one of ROWS, `columns` of COLUMNS.
    """
    mine = list(mine)
    counts = cached_counts(
        session, ("grid", rows, columns), filters, mine, lambda: _counts(session, filters, mine, rows, columns)
    )
    inner = {place: count for place, count in counts.items() if not {ALL, NONE} & set(place)}
    most = max((count for count, _joint in inner.values()), default=0)
    row_totals = {row: Cell(*count) for (row, column), count in counts.items() if column == ALL}
    column_totals = {column: Cell(*count) for (row, column), count in counts.items() if row == ALL}
    total, _again = row_totals.pop(ALL, Cell()), column_totals.pop(ALL, None)
    outside = (row_totals.pop(NONE, Cell()).count, column_totals.pop(NONE, Cell()).count)
    return Grid(
        rows=lines(session, rows, set(row_totals)),
        columns=lines(session, columns, set(column_totals)),
        cells={place: Cell(count, joint, step_of(count, most)) for place, (count, joint) in inner.items()},
        row_totals=row_totals,
        column_totals=column_totals,
        total=total,
        outside=outside,
    )


def _counts(
    session: Session, filters: Filters, mine: list[str], rows: str, columns: str
) -> dict[tuple[Any, Any], tuple[int, int]]:
    """How many activities under `filters`, and how many of them joint, by row and column; ALL and NONE are both too.

    The database counts by each row and by all columns that an activity stands in, as one text: so each activity is
    counted once in a row, and the totals of columns can be made from the same counts.
    """
    placed = _with_columns(filters, mine, columns)
    row, in_columns = links(rows).subquery(), placed.c.in_columns
    number = (sa.func.count(), sa.func.sum(sa.case((placed.c.is_joint, 1), else_=0)))
    by_row = (
        sa.select(sa.cast(row.c.key, sa.String), in_columns, *number)
        .outerjoin_from(placed, row, row.c.activity_id == placed.c.id)
        .group_by(row.c.key, in_columns)
    )
    in_all = sa.select(sa.literal(ALL), in_columns, *number).group_by(in_columns)
    found: dict[tuple[Any, Any], tuple[int, int]] = {}
    for row_key, column_keys, count, joint in session.execute(by_row.union_all(in_all)):
        key = ALL if row_key == ALL else _read_keys(rows, row_key)[0]
        for column_key in (ALL, *_read_keys(columns, column_keys)):
            counted, both = found.get((key, column_key), (0, 0))
            found[key, column_key] = (counted + count, both + joint)
    return found


def _with_columns(filters: Filters, mine: list[str], columns: str) -> sa.CTE:
    """The activities under `filters`: `(id, is_joint, in_columns)`, the last all their keys as one text, or NULL."""
    shown = sa.select(Activity.id, Activity.is_joint).where(*activity_conditions(filters, mine)).cte("shown")
    column = links(columns).subquery()
    text = sa.func.aggregate_strings(sa.cast(column.c.key, sa.String), SEPARATOR).label("in_columns")
    query = sa.select(column.c.activity_id, text).group_by(column.c.activity_id)
    if filters:  # otherwise to look each of them up costs more than it saves
        query = query.where(column.c.activity_id.in_(sa.select(shown.c.id)))
    keys = query.subquery()
    return (
        sa.select(shown.c.id, shown.c.is_joint, keys.c.in_columns)
        .outerjoin_from(shown, keys, keys.c.activity_id == shown.c.id)
        .cte("placed")
        # Of a table made in between PostgreSQL knows nothing, and plans for a hundred times the rows.
        .prefix_with("NOT MATERIALIZED", dialect="postgresql")
    )


def _read_keys(name: str, text: str | None) -> list[Any]:
    """The keys of a dimension that the database put into one text; NONE for an activity that has none."""
    read = TYPES.get(name, str)
    return [read(key) for key in text.split(SEPARATOR)] if text else [NONE]


def step_of(count: int, most: int) -> int:
    """The shade of a count, 1 to 5, by its share of the largest; 0 for none."""
    return 0 if not count else max(1, -(-count * STEPS // most))


def dimension_words() -> dict[str, str]:
    """What each dimension is called."""
    return {
        "entity": _("Entities"),
        "chapter": _("Chapters"),
        "section": _("Sections"),
        "recommendation": _("Recommendations"),
        "region": _("Regions of the countries"),
        "country": _("Countries"),
        "year": _("Year of beginning"),
        "status": _("Status"),
    }
