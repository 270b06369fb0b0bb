"""Counting activities along two dimensions, in SQL: who by chapter, where by entity, and so on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityEntity,
    Participation,
    Status,
    activity_recommendation,
    activity_under,
)
from interagency.matrix.filters import Filters, activity_conditions
from interagency.matrix.framework.models import ROMAN, Chapter, Country, Recommendation, Region, Section
from interagency.matrix.organisations.models import Organisation

ROWS = ("entity", "chapter", "section", "recommendation", "region", "country", "year")
COLUMNS = ("chapter", "entity", "status")
STEPS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A row or column: its key, what stands at its head, the filter it stands for (name and value, or none)."""

    key: Any
    label: str
    title: str = ""
    filter: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """How many activities, how many of them joint, and the step of its shade, 0 to 5."""

    count: int = 0
    joint: int = 0
    step: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """Counts by row and column. Totals count each activity once, so they may be less than the sum."""

    rows: list[Line]
    columns: list[Line]
    cells: dict[tuple[Any, Any], Cell]
    row_totals: dict[Any, Cell]
    column_totals: dict[Any, Cell]
    total: Cell
    without: dict[str, int] = field(default_factory=dict)

    def at(self, row: Line, column: Line) -> Cell:
        return self.cells.get((row.key, column.key), Cell())


def _links(name: str) -> Any:
    """`(activity_id, key)` pairs of a dimension."""
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
        table = activity_recommendation
        return (
            sa.select(table.c.activity_id, Recommendation.section_id.label("key"))
            .join(Recommendation, Recommendation.code == table.c.recommendation_code)
            .where(Recommendation.section_id.is_not(None))
            .distinct()
        )
    if name == "country":
        return sa.select(ActivityCountry.activity_id, ActivityCountry.country_code.label("key")).distinct()
    if name == "region":
        return (
            sa.select(ActivityCountry.activity_id, Country.region_code.label("key"))
            .join(Country, Country.code == ActivityCountry.country_code)
            .distinct()
        )
    if name == "year":
        year = sa.extract("year", Activity.start_first)
        return sa.select(Activity.id.label("activity_id"), year.label("key")).where(Activity.start_first.is_not(None))
    return sa.select(Activity.id.label("activity_id"), Activity.status.label("key"))


def _lines(session: Session, name: str, used: set[Any]) -> list[Line]:
    """The lines of a dimension in its order: chapters, sections and recommendations all, others where used."""
    if name == "entity":
        query = sa.select(Organisation).where(Organisation.is_entity).order_by(Organisation.position, Organisation.name)
        return [
            Line(one.key, one.short, one.name, ("entity", one.key))
            for one in session.scalars(query)
            if one.key in used or one.answers
        ]
    if name == "chapter":
        chapters = session.scalars(sa.select(Chapter).order_by(Chapter.number))
        return [Line(one.number, ROMAN[one.number], one.title, ("chapter", str(one.number))) for one in chapters]
    if name == "section":
        sections = session.scalars(sa.select(Section).order_by(Section.position))
        return [Line(one.id, f"{ROMAN[one.chapter_number]}. {one.title}") for one in sections]
    if name == "recommendation":
        found = session.scalars(sa.select(Recommendation).order_by(Recommendation.position))
        return [Line(one.code, one.code, one.title, ("recommendation", one.code)) for one in found]
    if name in ("country", "region"):
        query_of = {
            "country": sa.select(Country.code, Country.name).where(Country.code.in_(used)).order_by(Country.name),
            "region": sa.select(Region.code, Region.name).where(Region.code.in_(used)).order_by(Region.name),
        }
        return [Line(code, label, "", (name, code)) for code, label in session.execute(query_of[name])]
    if name == "year":
        return [Line(year, str(int(year))) for year in sorted(used)]
    return [Line(one, one.value, "", ("status", one.value)) for one in Status]


def grid(session: Session, filters: Filters, mine: Iterable[str], rows: str, columns: str) -> Grid:
    """The counts of the activities under `filters` by two dimensions, in a fixed number of statements."""
    if not filters and {rows, columns} == {"entity", "chapter"}:
        return _ready_grid(session, rows, columns)
    shown = sa.select(Activity.id, Activity.is_joint).where(*activity_conditions(filters, list(mine))).cte("shown")
    by_row, by_column = _links(rows).subquery("by_row"), _links(columns).subquery("by_column")
    joint = sa.func.coalesce(sa.func.sum(sa.case((shown.c.is_joint, 1), else_=0)), 0)

    def counts(*parts: Any) -> list[Any]:
        query = sa.select(*(part.c.key for part in parts), sa.func.count(), joint).select_from(shown)
        for part in parts:
            query = query.join(part, part.c.activity_id == shown.c.id)
        return list(session.execute(query.group_by(*(part.c.key for part in parts)) if parts else query))

    pairs = {(row[0], row[1]): (row[2], row[3]) for row in counts(by_row, by_column)}
    cells = _shaded(pairs)
    row_totals = {key: Cell(count, both) for key, count, both in counts(by_row)}
    column_totals = {key: Cell(count, both) for key, count, both in counts(by_column)}
    total, both = counts()[0]
    return Grid(
        rows=_lines(session, rows, set(row_totals)),
        columns=_lines(session, columns, set(column_totals)),
        cells=cells,
        row_totals=row_totals,
        column_totals=column_totals,
        total=Cell(total, both),
    )


def _shaded(pairs: dict[tuple[Any, Any], tuple[int, int]]) -> dict[tuple[Any, Any], Cell]:
    most = max((count for count, _joint in pairs.values()), default=0)
    return {key: Cell(count, both, _step(count, most)) for key, (count, both) in pairs.items()}


def _ready_grid(session: Session, rows: str, columns: str) -> Grid:
    """Entities and chapters of all activities, from the counts kept ready."""
    counts = _ready_counts(session)
    pairs: dict[tuple[Any, Any], tuple[int, int]] = {
        pair: number for pair, number in counts.items() if None not in pair
    }
    by_entity = {key: Cell(*number) for (key, chapter), number in counts.items() if key and not chapter}
    by_chapter = {chapter: Cell(*number) for (key, chapter), number in counts.items() if chapter and not key}
    if rows == "chapter":
        pairs = {(chapter, key): number for (key, chapter), number in pairs.items()}
    totals: dict[str, dict[Any, Cell]] = {"entity": dict(by_entity), "chapter": dict(by_chapter)}
    return Grid(
        rows=_lines(session, rows, set(totals[rows])),
        columns=_lines(session, columns, set(totals[columns])),
        cells=_shaded(pairs),
        row_totals=totals[rows],
        column_totals=totals[columns],
        total=Cell(*counts.get((None, None), (0, 0))),
    )


def _ready_counts(session: Session) -> dict[tuple[str | None, int | None], tuple[int, int]]:
    """How many activities, and how many joint, by entity and chapter, of all that are listed; None stands for any."""
    under = activity_under.c
    counted = (
        sa.select(under.entity_id, under.chapter_number, under.is_joint, sa.func.count().label("number"))
        .group_by(under.entity_id, under.chapter_number, under.is_joint)
        .subquery()
    )
    query = sa.select(Organisation.key, counted.c.chapter_number, counted.c.is_joint, counted.c.number)
    found: dict[tuple[str | None, int | None], tuple[int, int]] = {}
    for key, chapter, is_joint, number in session.execute(
        query.outerjoin_from(counted, Organisation, Organisation.id == counted.c.entity_id)
    ):
        before, both = found.get((key, chapter or None), (0, 0))
        found[key, chapter or None] = (before + number, both + number * is_joint)
    return found


def _step(count: int, most: int) -> int:
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
