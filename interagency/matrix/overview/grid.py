"""Counting activities along two dimensions, in SQL: who by chapter, where by entity, and so on.

What a line counts is exactly what its filter finds: each number opens a list of as many activities.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.activities.filters import Filters, activity_conditions
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
from interagency.matrix.activities.tally import ANY, NONE, tally
from interagency.matrix.framework.models import ROMAN, Chapter, Country, Recommendation, Region, Section
from interagency.matrix.organisations.models import Organisation

ROWS = ("entity", "chapter", "section", "recommendation", "region", "country", "year")
COLUMNS = ("chapter", "entity", "year", "status")
STEPS = 5


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
    """By section: what stands under it or a subsection of it."""
    table = activity_recommendation
    # A section stands within itself and within its parent.
    own = sa.select(Section.id.label("inner"), Section.id.label("outer"))
    above = sa.select(Section.id, Section.parent_id).where(Section.parent_id.is_not(None))
    within = own.union_all(above).subquery("within")
    return (
        sa.select(table.c.activity_id.label("activity_id"), within.c.outer.label("key"))
        .join(Recommendation, Recommendation.code == table.c.recommendation_code)
        .join(within, within.c.inner == Recommendation.section_id)
        .distinct()
    )


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
            Organisation.is_entity | Organisation.key.in_(used)
        )
        return [
            Line(key, acronym or title, title, ("entity", key))
            for key, acronym, title, answers in session.execute(
                query.order_by(Organisation.position, Organisation.name)
            )
            if key in used or answers
        ]
    if name == "chapter":
        chapters = session.execute(sa.select(Chapter.number, Chapter.title).order_by(Chapter.number))
        return [Line(number, ROMAN[number], title, ("chapter", str(number))) for number, title in chapters]
    if name == "section":
        sections = session.scalars(sa.select(Section).order_by(Section.position))
        return [
            Line(one.id, f"{ROMAN[one.chapter_number]}. {one.title}", "", ("section", str(one.position)), depth)
            for one in sections
            for depth in [1 if one.parent_id else 0]
        ]
    if name == "recommendation":
        found = session.scalars(sa.select(Recommendation).order_by(Recommendation.position))
        return [Line(one.code, one.code, one.title, ("recommendation", one.code)) for one in found]
    if name == "country":
        countries = sa.select(Country.code, Country.name).where(Country.code.in_(used)).order_by(Country.name)
        return [Line(code, label, "", ("country", code)) for code, label in session.execute(countries)]
    if name == "region":
        return [
            Line(code, label, "", ("region", code), depth)
            for code, label, depth in regions_in_order(session)
            if code in used
        ]
    if name == "year":
        return [Line(year, str(year), "", ("year", str(year))) for year in sorted(used)]
    return [Line(one, one.value, "", ("status", one.value)) for one in Status]


def regions_in_order(session: Session) -> list[tuple[str, str, int]]:
    """`(code, name, depth)` of all regions, each after the one it lies in, by name."""
    inside: dict[str | None, list[tuple[str, str]]] = {}
    query = sa.select(Region.code, Region.name, Region.parent_code).order_by(Region.name)
    for code, name, parent in session.execute(query):
        inside.setdefault(parent, []).append((code, name))

    def below(parent: str | None, depth: int) -> list[tuple[str, str, int]]:
        return [
            line for code, name in inside.get(parent, []) for line in [(code, name, depth), *below(code, depth + 1)]
        ]

    return below(None, 0)


def grid(session: Session, filters: Filters, mine: Iterable[str], rows: str, columns: str) -> Grid:
    """The counts of the activities under `filters` by two dimensions, in a fixed number of statements."""
    if not filters and {rows, columns} == {"entity", "chapter"}:
        return _ready_grid(session, rows, columns)
    shown = sa.select(Activity.id, Activity.is_joint).where(*activity_conditions(filters, list(mine))).cte("shown")
    by_row, by_column = links(rows).subquery("by_row"), links(columns).subquery("by_column")
    joint = sa.func.coalesce(sa.func.sum(sa.case((shown.c.is_joint, 1), else_=0)), 0)

    def counts(*parts: Any) -> list[Any]:
        query = sa.select(*(part.c.key for part in parts), sa.func.count(), joint).select_from(shown)
        for part in parts:
            query = query.join(part, part.c.activity_id == shown.c.id)
        return list(session.execute(query.group_by(*(part.c.key for part in parts)) if parts else query))

    def outside(part: Any) -> int:
        query = sa.select(sa.func.count()).select_from(shown).where(shown.c.id.not_in(sa.select(part.c.activity_id)))
        return session.scalar(query) or 0

    pairs = {(row[0], row[1]): (row[2], row[3]) for row in counts(by_row, by_column)}
    row_totals = {key: Cell(count, both) for key, count, both in counts(by_row)}
    column_totals = {key: Cell(count, both) for key, count, both in counts(by_column)}
    total, both = counts()[0]
    return Grid(
        rows=lines(session, rows, set(row_totals)),
        columns=lines(session, columns, set(column_totals)),
        cells=_shaded(pairs),
        row_totals=row_totals,
        column_totals=column_totals,
        total=Cell(total, both),
        outside=(outside(by_row), outside(by_column)),
    )


def _shaded(pairs: dict[tuple[Any, Any], tuple[int, int]]) -> dict[tuple[Any, Any], Cell]:
    most = max((count for count, _joint in pairs.values()), default=0)
    return {key: Cell(count, both, step_of(count, most)) for key, (count, both) in pairs.items()}


def _ready_grid(session: Session, rows: str, columns: str) -> Grid:
    """Entities and chapters of all activities, from the counts kept ready."""
    counts = _ready_counts(session)
    pairs: dict[tuple[Any, Any], tuple[int, int]] = {
        pair: number for pair, number in counts.items() if not {ANY, NONE} & set(pair)
    }
    by_entity = {key: Cell(*number) for (key, chapter), number in counts.items() if chapter == ANY}
    by_chapter = {chapter: Cell(*number) for (key, chapter), number in counts.items() if key == ANY}
    total = by_entity.pop(ANY, Cell())
    by_chapter.pop(ANY, None)
    outside = {"entity": by_entity.pop(NONE, Cell()).count, "chapter": by_chapter.pop(NONE, Cell()).count}
    if rows == "chapter":
        pairs = {(chapter, key): number for (key, chapter), number in pairs.items()}
    totals: dict[str, dict[Any, Cell]] = {"entity": by_entity, "chapter": by_chapter}
    return Grid(
        rows=lines(session, rows, set(totals[rows])),
        columns=lines(session, columns, set(totals[columns])),
        cells=_shaded(pairs),
        row_totals=totals[rows],
        column_totals=totals[columns],
        total=total,
        outside=(outside[rows], outside[columns]),
    )


def _ready_counts(session: Session) -> dict[tuple[str | int, int], tuple[int, int]]:
    """How many listed activities, and how many joint, by the entity's key and chapter, ANY and NONE too."""
    counted = tally().subquery()
    query = sa.select(
        counted.c.entity_id, Organisation.key, counted.c.chapter_number, counted.c.is_joint, counted.c.number
    )
    found: dict[tuple[str | int, int], tuple[int, int]] = {}
    for number, key, chapter, is_joint, activities in session.execute(
        query.outerjoin_from(counted, Organisation, Organisation.id == counted.c.entity_id)
    ):
        place = (number if key is None else key, chapter)
        if not activities:
            continue  # the last one has left
        before, both = found.get(place, (0, 0))
        found[place] = (before + activities, both + activities * is_joint)
    return found


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
