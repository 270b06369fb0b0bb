"""Where: by region and country how many activities, how many for it as a beneficiary, how many joint; and the tile map.

Country numbers of two activities are never added up (rule 6): activities that say "in eight countries" stand apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity, ActivityCountry, CountryRole, Figure
from interagency.matrix.framework.load import read_file
from interagency.matrix.framework.models import Country
from interagency.matrix.overview.grid import Cell, Line, links, regions_in_order, step_of

TILE_WIDTH, TILE_HEIGHT = 36, 38
BLOCK_HEAD, EDGE = 20, 8
# Units that count countries: "countries", "requesting countries", "Member States".
LISTED = 50  # figures without names; the page says how many there are
COUNTRY_UNITS = ("%countr%", "%member states%", "%member state%")


@dataclass(frozen=True, slots=True)
class Place:
    """A region or country with its counts. `beneficiary` is None for a region, and `countries` for a country."""

    line: Line
    count: int
    joint: int
    beneficiary: int | None
    countries: int | None

    @property
    def filter(self) -> tuple[str, str]:
        return self.line.filter

    @property
    def beneficiary_filter(self) -> tuple[str, str]:
        return ("beneficiary", str(self.line.key))


@dataclass(frozen=True, slots=True)
class Tile:
    """A country of the map at its place, with its counts and shade."""

    x: int
    y: int
    code: str
    name: str
    cell: Cell

    @property
    def filter(self) -> tuple[str, str]:
        return ("country", self.code)


@dataclass(frozen=True, slots=True)
class Block:
    """A region's label on the map."""

    x: int
    y: int
    name: str


@dataclass(frozen=True, slots=True)
class TileMap:
    """The world as tiles of one size, grouped by region; no borders."""

    width: int
    height: int
    blocks: list[Block]
    tiles: list[Tile]


@dataclass(frozen=True, slots=True)
class Unnamed:
    """An activity that gives a number of countries: the figure, and how many countries it names."""

    activity_id: int
    title: str
    figure: FigureDraft
    named: int


@dataclass(frozen=True, slots=True)
class Where:
    """Everything the page shows. `nowhere` are the activities with neither country nor region.

    Of the figures without names the first are listed in `unnamed`; `figures` is how many there are.
    """

    places: list[Place]
    map: TileMap
    unnamed: list[Unnamed]
    figures: int
    countries: int
    total: Cell
    nowhere: int


def where(session: Session, filters: Filters, mine: Iterable[str]) -> Where:
    """The activities under `filters` by region and country, in a fixed number of statements."""
    shown = sa.select(Activity.id, Activity.is_joint).where(*activity_conditions(filters, list(mine))).cte("shown")
    by_country, by_region = _counts(session, shown, "country"), _counts(session, shown, "region")
    beneficiary = _beneficiaries(session, shown)
    countries = list(session.scalars(sa.select(Country).order_by(Country.name)))
    joint = sa.func.coalesce(sa.func.sum(sa.case((shown.c.is_joint, 1), else_=0)), 0)
    total = session.execute(sa.select(sa.func.count(), joint).select_from(shown)).one()
    somewhere = links("region").subquery("somewhere")
    nowhere = sa.select(sa.func.count()).select_from(shown).where(shown.c.id.not_in(sa.select(somewhere.c.activity_id)))
    regions = regions_in_order(session)
    unnamed, figures = _unnamed(session, shown)
    return Where(
        places=_places(regions, countries, by_region, by_country, beneficiary),
        map=tile_map(countries, {code: name for code, name, _depth in regions}, by_country),
        unnamed=unnamed,
        figures=figures,
        countries=len(by_country),
        total=Cell(total[0], total[1]),
        nowhere=session.scalar(nowhere) or 0,
    )


def _counts(session: Session, shown: sa.CTE, name: str) -> dict[str, tuple[int, int]]:
    part = links(name).subquery(f"by_{name}")
    query = (
        sa.select(part.c.key, sa.func.count(), sa.func.sum(sa.case((shown.c.is_joint, 1), else_=0)))
        .join(shown, shown.c.id == part.c.activity_id)
        .group_by(part.c.key)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def _beneficiaries(session: Session, shown: sa.CTE) -> dict[str, int]:
    query = (
        sa.select(ActivityCountry.country_code, sa.func.count())
        .join(shown, shown.c.id == ActivityCountry.activity_id)
        .where(ActivityCountry.role == CountryRole.BENEFICIARY)
        .group_by(ActivityCountry.country_code)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _places(
    regions: list[tuple[str, str, int]],
    countries: list[Country],
    by_region: dict[str, tuple[int, int]],
    by_country: dict[str, tuple[int, int]],
    beneficiary: dict[str, int],
) -> list[Place]:
    """Regions with activities, each followed by its own countries with activities."""
    found: list[Place] = []
    named = [country for country in countries if country.code in by_country]
    within = _countries_within(regions, named)
    for code, name, depth in regions:
        if code not in by_region:
            continue
        line = Line(code, name, "", ("region", code), depth)
        found.append(Place(line, *by_region[code], None, within[code]))
        found += [
            Place(
                Line(one.code, one.name, "", ("country", one.code), depth + 1),
                *by_country[one.code],
                beneficiary.get(one.code, 0),
                None,
            )
            for one in named
            if one.region_code == code
        ]
    return found


def _countries_within(regions: list[tuple[str, str, int]], named: list[Country]) -> dict[str, int]:
    """By region, how many of the named countries lie in it or a region inside it."""
    found: dict[str, int] = {}
    above: list[str] = []
    for code, _name, depth in regions:
        above = [*above[:depth], code]
        own = sum(one.region_code == code for one in named)
        for outer in above:
            found[outer] = found.get(outer, 0) + own
    return found


def _unnamed(session: Session, shown: sa.CTE) -> tuple[list[Unnamed], int]:
    named = (
        sa.select(sa.func.count(sa.distinct(ActivityCountry.country_code)))
        .where(ActivityCountry.activity_id == Activity.id)
        .scalar_subquery()
    )
    unit = sa.func.lower(Figure.unit)
    query = (
        sa.select(
            Activity.id,
            Activity.title,
            named,
            Figure.number,
            Figure.qualifier,
            Figure.unit,
            Figure.as_of,
            Figure.source,
            sa.func.count().over(),
        )
        .join(Figure, Figure.activity_id == Activity.id)
        .join(shown, shown.c.id == Activity.id)
        .where(sa.or_(*(unit.like(pattern) for pattern in COUNTRY_UNITS)))
        .order_by(Activity.title, Activity.id, Figure.position)
        .limit(LISTED)
    )
    rows = session.execute(query).all()
    return [Unnamed(row[0], row[1], FigureDraft(*row[3:-1]), row[2]) for row in rows], rows[0][-1] if rows else 0


# --- The map ---


@cache
def layout() -> list[dict[str, Any]]:
    """The data file: columns of regions, each with its countries row by row, north to south."""
    columns: list[dict[str, Any]] = read_file("tile-map.json")["columns"]
    return columns


def tile_map(countries: list[Country], regions: dict[str, str], counts: dict[str, tuple[int, int]]) -> TileMap:
    """The tiles of all `countries` with their counts, at the places of the data file."""
    names = {one.code: one.name for one in countries}
    most = max((count for count, _joint in counts.values()), default=0)
    blocks: list[Block] = []
    tiles: list[Tile] = []
    for column in layout():
        y = EDGE
        for group in column["regions"]:
            x = EDGE + int(column["x"] * TILE_WIDTH)
            blocks.append(Block(x, y + BLOCK_HEAD - 6, group.get("label") or regions.get(group["region"], "")))
            y += BLOCK_HEAD
            for row in group["rows"]:
                for across, code in enumerate(row.split()):
                    count, joint = counts.get(code, (0, 0))
                    cell = Cell(count, joint, step_of(count, most))
                    tiles.append(Tile(x + across * TILE_WIDTH, y, code, names.get(code, code), cell))
                y += TILE_HEIGHT
            y += EDGE
    return TileMap(
        # Room for the names of narrow regions at the right.
        width=max(tile.x for tile in tiles) + 2 * TILE_WIDTH + EDGE,
        height=max(tile.y for tile in tiles) + TILE_HEIGHT + EDGE,
        blocks=blocks,
        tiles=tiles,
    )
