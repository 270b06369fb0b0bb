"""The world as tiles of one size, each country where people expect it, beside its neighbours. No borders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from interagency.matrix.framework.load import read_file
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.titles import name_of
from interagency.matrix.overview.grid import STEPS, Cell, step_of
from interagency.text.languages import DEFAULT, viewer_language

EMPTY = ".."
BREAK = "|"  # where a short name may be parted


@dataclass(frozen=True, slots=True)
class Tile:
    """A country at its place, column and row from 0, with its counts and shade; `short` is its name on the tile."""

    x: int
    y: int
    code: str
    name: str
    short: Markup
    cell: Cell

    @property
    def filter(self) -> tuple[str, str]:
        return ("country", self.code)


@dataclass(frozen=True, slots=True)
class RegionTiles:
    """A region of the UN (M49) with the tiles of the countries that lie in it."""

    name: str
    tiles: list[Tile]

    @property
    def is_empty(self) -> bool:
        return not any(tile.cell.count for tile in self.tiles)


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a continent, where the map has room for it."""

    x: int
    y: int
    span: int
    name: str


@dataclass(frozen=True, slots=True)
class TileMap:
    """The map: its regions in order, labels, and from which to which number each shade goes."""

    regions: list[RegionTiles]
    labels: list[Label]
    legend: list[tuple[int, int, int]]


@cache
def layout() -> dict[str, Any]:
    """The data file: rows of the map from north to south, the order of regions, labels, and short names."""
    found: dict[str, Any] = read_file("tile-map.json")
    return found


@cache
def places() -> dict[str, tuple[int, int]]:
    """Column and row of each country."""
    rows = enumerate(layout()["rows"])
    return {code: (x, y) for y, row in rows for x, code in enumerate(row.split()) if code != EMPTY}


def short_name(code: str, name: str) -> Markup:
    """What stands on the tile: the name itself, in English the short one of the data file with its soft hyphens."""
    return _parted(layout()["names"].get(code, name) if viewer_language().code == DEFAULT else name)


@cache
def _parted(name: str) -> Markup:
    return Markup("&shy;").join(escape(part) for part in name.split(BREAK))


def tile_map(
    countries: Iterable[Country], regions: Mapping[str, str], counts: Mapping[str, tuple[int, int]]
) -> TileMap:
    """The tiles of all `countries` with their counts, at the places of the data file. `regions`: names by code."""
    most = max((count for count, _joint in counts.values()), default=0)
    inside: dict[str, list[Tile]] = {code: [] for code in layout()["regions"]}
    for one in sorted(countries, key=lambda one: places()[one.code][::-1]):
        count, joint = counts.get(one.code, (0, 0))
        cell = Cell(count, joint, step_of(count, most))
        inside[one.region_code].append(
            Tile(*places()[one.code], one.code, name_of(one), short_name(one.code, name_of(one)), cell)
        )
    return TileMap(
        regions=[RegionTiles(_name(code, regions), tiles) for code, tiles in inside.items()],
        labels=[Label(one["x"], one["y"], one["span"], regions[one["region"]]) for one in layout()["labels"]],
        legend=legend(most),
    )


def _name(code: str, regions: Mapping[str, str]) -> str:
    """The name of a region; what lies in none but the world is Antarctica."""
    return str(_("Antarctica")) if code == "001" else regions[code]


def legend(most: int) -> list[tuple[int, int, int]]:
    """`(step, first, last)` of each shade in use where `most` is the largest number."""
    steps = [step_of(number, most) for number in range(1, most + 1)]
    return [
        (step, steps.index(step) + 1, steps.index(step) + steps.count(step)) for step in range(1, STEPS + 1)
        if step in steps
    ]  # fmt: skip
