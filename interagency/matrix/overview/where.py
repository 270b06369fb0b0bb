"""Where: by region and country how many activities, how many for it as a beneficiary, how many joint; and the tile map.

Country numbers of two activities are never added up (rule 6): activities that say "in eight countries" stand apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.drafts import FigureDraft
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import (
    Activity,
    ActivityCountry,
    CountryRole,
    Figure,
    FigureKind,
    Status,
    activity_region,
)
from interagency.matrix.activities.state.country_statuses import counts_by_status
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.titles import name_of
from interagency.matrix.overview.count_cache import cached_counts
from interagency.matrix.overview.grid import SEPARATOR, Cell, Line, regions_in_order
from interagency.matrix.overview.tile_map import TileMap, tile_map

LISTED = 50  # figures without names; the page says how many there are
# Units that count countries: "countries", "requesting countries", "Member States".
COUNTRY_UNITS = ("%countr%", "%member states%", "%member state%")


@dataclass(frozen=True, slots=True)
class Place:
    """A region or country with its counts. `beneficiary` is None for a region, and `countries` for a country, which
    has how many activities are at which status there."""

    line: Line
    count: int
    joint: int
    beneficiary: int | None
    countries: int | None
    statuses: tuple[tuple[Status, int], ...] = ()

    @property
    def filter(self) -> tuple[str, str]:
        return self.line.filter

    @property
    def as_beneficiary(self) -> Line:
        """The same country, where it is the beneficiary."""
        return replace(self.line, filter=("beneficiary", str(self.line.key)))


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


@dataclass(frozen=True, slots=True)
class _Counts:
    """The activities under a page's filters, counted by what they name."""

    total: Cell
    nowhere: int
    by_country: dict[str, tuple[int, int]]
    by_region: dict[str, tuple[int, int]]
    beneficiary: dict[str, int]
    statuses: dict[str, tuple[tuple[Status, int], ...]]
    unnamed: list[Unnamed]
    figures: int


def where(session: Session, filters: Filters, mine: Iterable[str]) -> Where:
    """The activities under `filters` by region and country, in a fixed number of statements."""
    mine, regions = list(mine), regions_in_order(session)
    counted = cached_counts(session, ("where",), filters, mine, lambda: _count(session, filters, mine, regions))
    countries = list(session.scalars(sa.select(Country).order_by(Country.name)))
    return Where(
        places=_places(regions, countries, counted),
        map=tile_map(countries, {code: name for code, name, _depth in regions}, counted.by_country),
        unnamed=counted.unnamed,
        figures=counted.figures,
        countries=len(counted.by_country),
        total=counted.total,
        nowhere=counted.nowhere,
    )


def _count(session: Session, filters: Filters, mine: list[str], regions: list[tuple[str, str, int]]) -> _Counts:
    shown = sa.select(Activity.id, Activity.is_joint).where(*activity_conditions(filters, mine)).cte("shown")
    shown = shown.prefix_with("MATERIALIZED")  # looked up for each country of each activity, in a table that is wide
    joint = sa.func.coalesce(sa.func.sum(sa.case((shown.c.is_joint, 1), else_=0)), 0)
    total = session.execute(sa.select(sa.func.count(), joint).select_from(shown)).one()
    named = (
        sa.exists().where(ActivityCountry.activity_id == shown.c.id),
        sa.exists().where(activity_region.c.activity_id == shown.c.id),
    )
    nowhere = sa.select(sa.func.count()).select_from(shown).where(sa.not_(sa.or_(*named)))
    by_status = counts_by_status(session, shown, filters.get("status_there"))
    return _Counts(
        Cell(total[0], total[1]),
        session.scalar(nowhere) or 0,
        {
            code: (sum(count for count, _ in counts.values()), sum(joint for _, joint in counts.values()))
            for code, counts in by_status.items()
        },
        _by_region(session, shown, regions),
        _beneficiaries(session, shown),
        {code: tuple((one, counts[one][0]) for one in Status if one in counts) for code, counts in by_status.items()},
        *_unnamed(session, shown),
    )


def _by_region(session: Session, shown: sa.CTE, regions: list[tuple[str, str, int]]) -> dict[str, tuple[int, int]]:
    """By region: what is named for it, for a region in it, or for a country that lies there (rule of `links`).

    The database counts by the regions that an activity names or its countries lie in, as one text; what they lie in
    themselves is looked up here, once for each text.
    """
    own = sa.select(activity_region.c.activity_id, activity_region.c.region_code.label("code"))
    lying = sa.select(ActivityCountry.activity_id, Country.region_code).join(
        Country, Country.code == ActivityCountry.country_code
    )
    each = own.union(lying).subquery("each")
    text = sa.func.aggregate_strings(each.c.code, SEPARATOR).label("codes")
    named = sa.select(each.c.activity_id, text).group_by(each.c.activity_id).subquery("named")
    query = (
        sa.select(named.c.codes, shown.c.is_joint, sa.func.count())
        .join(shown, shown.c.id == named.c.activity_id)
        .group_by(named.c.codes, shown.c.is_joint)
    )
    within = _within(regions)
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for codes, is_joint, count in session.execute(query):
        for code in {outer for one in codes.split(SEPARATOR) for outer in within[one]}:
            found[code][0] += count
            found[code][1] += count if is_joint else 0
    return {code: (count, joint) for code, (count, joint) in found.items()}


def _within(regions: list[tuple[str, str, int]]) -> dict[str, tuple[str, ...]]:
    """By region, itself and the regions it lies in."""
    found: dict[str, tuple[str, ...]] = {}
    above: tuple[str, ...] = ()
    for code, _name, depth in regions:
        above = (*above[:depth], code)
        found[code] = above
    return found


def _beneficiaries(session: Session, shown: sa.CTE) -> dict[str, int]:
    query = (
        sa.select(ActivityCountry.country_code, sa.func.count())
        .join(shown, shown.c.id == ActivityCountry.activity_id)
        .where(ActivityCountry.role == CountryRole.BENEFICIARY)
        .group_by(ActivityCountry.country_code)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _places(regions: list[tuple[str, str, int]], countries: list[Country], counted: _Counts) -> list[Place]:
    """Regions with activities, each followed by its own countries with activities."""
    by_region, by_country = counted.by_region, counted.by_country
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
                Line(one.code, name_of(one), "", ("country", one.code), depth + 1),
                *by_country[one.code],
                counted.beneficiary.get(one.code, 0),
                None,
                counted.statuses.get(one.code, ()),
            )
            for one in named
            if one.region_code == code
        ]
    return found


def _countries_within(regions: list[tuple[str, str, int]], named: list[Country]) -> dict[str, int]:
    """By region, how many of the named countries lie in it or a region inside it."""
    within = _within(regions)
    found = dict.fromkeys(within, 0)
    for one in named:
        for outer in within[one.region_code]:
            found[outer] += 1
    return found


def _unnamed(session: Session, shown: sa.CTE) -> tuple[list[Unnamed], int]:
    unit = sa.func.lower(Figure.unit)
    figure = (Figure.number, Figure.qualifier, Figure.unit, Figure.as_of, Figure.source)
    query = (
        sa.select(Activity.id, Activity.title, *figure, sa.func.count().over())
        .join(Figure, Figure.activity_id == Activity.id)
        .join(shown, shown.c.id == Activity.id)
        .where(sa.or_(*(unit.like(pattern) for pattern in COUNTRY_UNITS)), Figure.kind != FigureKind.TARGET)
        .order_by(Activity.title, Activity.id, Figure.position)
        .limit(LISTED)
    )
    rows = session.execute(query).all()
    named = (
        sa.select(ActivityCountry.activity_id, sa.func.count(sa.distinct(ActivityCountry.country_code)))
        .where(ActivityCountry.activity_id.in_({row[0] for row in rows}))
        .group_by(ActivityCountry.activity_id)
    )
    names = {row[0]: row[1] for row in session.execute(named)}
    found = [Unnamed(row[0], row[1], FigureDraft(*row[2:-1]), names.get(row[0], 0)) for row in rows]
    return found, rows[0][-1] if rows else 0
