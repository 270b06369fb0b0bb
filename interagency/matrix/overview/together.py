"""Together: which UN entities take part in the same activities, pair by pair, as a table and a picture."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import permutations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity
from interagency.matrix.framework.models import Chapter
from interagency.matrix.overview.count_cache import cached_counts
from interagency.matrix.overview.grid import SEPARATOR, Cell, Line, lines, links, step_of

WIDTH, HEIGHT = 1200, 620
MIDDLE_X, MIDDLE_Y, ACROSS, DOWN, LABEL_GAP = WIDTH // 2, HEIGHT // 2, 430, 265, 20
STRONGEST, LISTED = 3, 12


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entities and how many activities both take part in."""

    left: Line
    right: Line
    count: int


@dataclass(frozen=True, slots=True)
class Dot:
    """An entity in the picture: its place, and where its name stands."""

    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str
    line: Line
    joint: int


@dataclass(frozen=True, slots=True)
class Tie:
    """A line of the picture between two entities; the number stands at (x, y) if `numbered`."""

    x1: float
    y1: float
    x2: float
    y2: float
    x: float
    y: float
    pair: Pair
    step: int
    numbered: bool


@dataclass(frozen=True, slots=True)
class InChapter:
    """A chapter: how many joint activities, and the pairs that have most of them."""

    line: Line
    joint: int
    entities: int
    strongest: list[Pair]


@dataclass(frozen=True, slots=True)
class Together:
    """Everything the page shows. `alone` is the entity that the picture and the pairs are narrowed to, if any."""

    entities: list[Line]
    alone: Line | None
    pairs: list[Pair]
    cells: dict[tuple[str, str], Cell]
    joint: dict[str, int]
    total: int
    dots: list[Dot]
    ties: list[Tie]
    chapters: list[InChapter]

    def at(self, left: Line, right: Line) -> Cell:
        return self.cells.get((left.key, right.key), Cell())


def together(session: Session, filters: Filters, mine: Iterable[str], *, alone: str = "") -> Together:
    """The joint activities under `filters` by pairs of their entities, in a fixed number of statements.

    `alone` is the key of an entity: the picture shows whom it works with, and no other pairs.
    """
    mine = list(mine)
    counted = cached_counts(session, ("together",), filters, mine, lambda: _summed(_counted(session, filters, mine)))
    counts, joint, by_chapter, in_chapter = counted.pairs, counted.joint, counted.by_chapter, counted.in_chapter
    entities = [line for line in lines(session, "entity", set(joint)) if line.key in joint]
    most = max(counts.values(), default=0)
    one = next((line for line in entities if line.key == alone), None)
    pairs = [pair for pair in _pairs(entities, counts) if one in (None, pair.left, pair.right)]
    dots = _dots(entities if one is None else _with(one, entities, pairs), joint, one)
    return Together(
        entities=entities,
        alone=one,
        pairs=pairs,
        cells={key: Cell(count, count, step_of(count, most)) for key, count in counts.items()},
        joint=joint,
        total=counted.total,
        dots=dots,
        ties=_ties(pairs, dots, most),
        chapters=_chapters(session, by_chapter, in_chapter, entities),
    )


@dataclass(slots=True)
class _Counts:
    """Joint activities by pair of entities, by entity, by chapter and pair, by chapter, and in all."""

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    joint: Counter[str] = field(default_factory=Counter)
    by_chapter: dict[int, Counter[tuple[str, str]]] = field(default_factory=lambda: defaultdict(Counter))
    in_chapter: Counter[int] = field(default_factory=Counter)
    total: int = 0


def _summed(counted: Iterable[tuple[list[str], list[int], int]]) -> _Counts:
    """The counts of what `_counted` gives."""
    found = _Counts()
    for keys, numbers, count in counted:
        pairs = list(permutations(keys, 2))
        for target in (found.pairs, *(found.by_chapter[number] for number in numbers)):
            for pair in pairs:
                target[pair] += count
        for key in keys:
            found.joint[key] += count
        for number in numbers:
            found.in_chapter[number] += count
        found.total += count
    return found


def _pairs(entities: list[Line], counts: Mapping[tuple[str, str], int]) -> list[Pair]:
    """Every pair once, those with most activities first."""
    found = [
        Pair(one, other, counts[one.key, other.key])
        for place, one in enumerate(entities)
        for other in entities[place + 1 :]
        if (one.key, other.key) in counts
    ]
    return sorted(found, key=lambda pair: -pair.count)


def _counted(session: Session, filters: Filters, mine: list[str]) -> list[tuple[list[str], list[int], int]]:
    """Of the joint activities: which entities take part, in which chapters they stand, and how many are just these."""
    conditions = [*activity_conditions(filters, mine), Activity.is_joint]
    shown = sa.select(Activity.id).where(*conditions).cte("shown")

    def together(name: str) -> sa.Subquery:
        part = links(name).subquery()
        text = sa.func.aggregate_strings(sa.cast(part.c.key, sa.String), SEPARATOR).label("keys")
        kept = part.c.activity_id.in_(sa.select(shown.c.id))
        return sa.select(part.c.activity_id, text).where(kept).group_by(part.c.activity_id).subquery()

    who, about = together("entity"), together("chapter")
    query = (
        sa.select(who.c["keys"], about.c["keys"], sa.func.count())
        .select_from(shown)
        .outerjoin(who, who.c.activity_id == shown.c.id)
        .outerjoin(about, about.c.activity_id == shown.c.id)
        .group_by(who.c["keys"], about.c["keys"])
    )
    return [
        (
            keys.split(SEPARATOR) if keys else [],
            [int(one) for one in numbers.split(SEPARATOR)] if numbers else [],
            count,
        )
        for keys, numbers, count in session.execute(query)
    ]


def _chapters(
    session: Session,
    by_chapter: Mapping[int, Mapping[tuple[str, str], int]],
    joint: Mapping[int, int],
    entities: list[Line],
) -> list[InChapter]:
    return [
        InChapter(
            Line(one.number, one.roman, one.title, ("chapter", str(one.number))),
            joint.get(one.number, 0),
            len({key for pair in by_chapter.get(one.number, {}) for key in pair}),
            _pairs(entities, by_chapter.get(one.number, {}))[:STRONGEST],
        )
        for one in session.scalars(sa.select(Chapter).order_by(Chapter.number))
    ]


# --- The picture: the busiest entity in the middle, the others round it, a line for each pair, thicker for more ---


def _with(one: Line, entities: list[Line], pairs: list[Pair]) -> list[Line]:
    """The entity and those it makes a pair with."""
    near = {line.key for pair in pairs for line in (pair.left, pair.right)} | {one.key}
    return [line for line in entities if line.key in near]


def _dots(entities: list[Line], joint: dict[str, int], middle: Line | None) -> list[Dot]:
    if not entities:
        return []
    middle = middle or max(entities, key=lambda line: joint[line.key])
    found = [Dot(MIDDLE_X, MIDDLE_Y, MIDDLE_X, MIDDLE_Y - 14, "middle", middle, joint[middle.key])]
    around = [line for line in entities if line is not middle]
    for place, line in enumerate(around):
        angle = 2 * math.pi * (place + 0.5) / len(around) - math.pi / 2
        across, down = math.cos(angle), math.sin(angle)
        found.append(
            Dot(
                round(MIDDLE_X + ACROSS * across, 1),
                round(MIDDLE_Y + DOWN * down, 1),
                round(MIDDLE_X + (ACROSS + LABEL_GAP) * across, 1),
                round(MIDDLE_Y + (DOWN + LABEL_GAP) * down + 4, 1),
                "middle" if abs(across) < 0.05 else "start" if across > 0 else "end",
                line,
                joint[line.key],
            )
        )
    return found


def _ties(pairs: list[Pair], dots: list[Dot], most: int) -> list[Tie]:
    """A line for each pair, the strongest drawn last. Those to the middle have room for their number."""
    by_key = {dot.line.key: dot for dot in dots}
    found = []
    for pair in reversed(pairs):
        one, other = by_key[pair.left.key], by_key[pair.right.key]
        numbered = dots[0] in (one, other)
        outer = other if one is dots[0] else one
        x, y = (MIDDLE_X + (outer.x - MIDDLE_X) * 0.62, MIDDLE_Y + (outer.y - MIDDLE_Y) * 0.62)
        step = step_of(pair.count, most)
        found.append(Tie(one.x, one.y, other.x, other.y, round(x, 1), round(y, 1), pair, step, numbered))
    return found
