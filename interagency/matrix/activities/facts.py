"""What an activity says (its facts), read from the record itself or from rows of many records in one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from interagency.matrix.activities.field_types import Facts, Field, Kind
from interagency.matrix.activities.fields import FIELDS
from interagency.matrix.activities.models import Activity, FigureKind, Participation, Qualifier
from interagency.text.dates import Precision, date_of


class EntityPart(NamedTuple):
    """The part of a UN entity: its key, whether it leads or supports, and what it said."""

    entity: str
    is_lead: bool
    is_supporting: bool
    role: str
    participation: str
    confirmed_month: str | None


class ChapterLink(NamedTuple):
    """A chapter it stands under: from its recommendations, or added by hand."""

    number: int
    by_hand: bool


class FigureValue(NamedTuple):
    """A figure: number, how exact it is, what it counts, and the rest as its columns say it."""

    number: Decimal
    qualifier: str
    unit: str
    as_of: str = ""
    source: str = ""
    kind: str = FigureKind.FIGURE.value
    due: str = ""
    period: str = ""
    entity: str = ""
    evidence: str = ""


class Linked(NamedTuple):
    """What hangs on an activity, as plain values. Recommendations, goals and targets stand in their own order."""

    entities: Sequence[EntityPart]
    partners: Sequence[str]
    countries: Sequence[tuple[str, str]]
    country_statuses: Sequence[tuple[str, str]]
    regions: Sequence[str]
    recommendations: Sequence[str]
    chapters: Sequence[ChapterLink]
    goals: Sequence[int]
    targets: Sequence[str]
    figures: Sequence[FigureValue]
    documents: Sequence[tuple[str, str, str | None, bool]]


_FIGURE = attrgetter(*FigureValue._fields)
Read = Callable[[Any, Linked], Any]


def facts_of(record: Any, linked: Linked) -> Facts:
    """What a record says, as plain values by stable keys: for history, comparison and editions.

    `record` has the columns of an activity as attributes: an Activity, or a row of them.
    """
    return {name: read(record, linked) for name, read in _READERS}


def linked_of(activity: Activity) -> Linked:
    """What hangs on `activity` as it stands in memory."""
    return Linked(
        entities=[
            EntityPart(
                part.entity.key,
                part.is_lead,
                part.is_supporting,
                part.role,
                part.participation.value,
                part.confirmed_month,
            )
            for part in activity.entities
        ],
        partners=[partner.key for partner in activity.partners],
        countries=[(link.country_code, link.role.value) for link in activity.countries],
        country_statuses=[(one.country_code, one.status.value) for one in activity.country_statuses],
        regions=[region.code for region in activity.regions],
        recommendations=[one.code for one in sorted(activity.recommendations, key=attrgetter("position"))],
        chapters=[
            ChapterLink(link.chapter_number, link.by_hand)
            for link in sorted(activity.chapters, key=attrgetter("chapter_number"))
        ],
        goals=sorted(goal.number for goal in activity.sdg_goals),
        targets=[target.code for target in sorted(activity.sdg_targets, key=attrgetter("position"))],
        figures=[
            FigureValue._make(
                str(value) if isinstance(value, FigureKind | Qualifier) else value for value in _FIGURE(one)
            )
            for one in activity.figures
        ],
        documents=[
            (one.title, one.url, one.owner.key if one.owner else None, one.is_permitted) for one in activity.documents
        ],
    )


def named_entities(facts: Mapping[str, Any]) -> list[str]:
    """The keys of all UN entities that facts name: the lead first, those that support last, declined ones too."""
    return [key for key in (facts["lead"], *facts["entities"], *facts["supporting"]) if key is not None]


def entities_taking_part(facts: Mapping[str, Any]) -> list[str]:
    """The same without those that declined."""
    return [key for key in named_entities(facts) if facts["participation"].get(key) != Participation.DECLINED]


def figure_fact(number: Decimal, qualifier: str, unit: str, *more: str) -> list[str]:
    """A figure among the facts, as its columns stand in `FigureValue`: without what it says nothing of, as facts said
    it before there was any."""
    rest, blank = list(more), FigureValue._field_defaults.values()
    if rest[2:] == list(blank)[2 : len(rest)]:
        rest = rest[:2] if any(rest[:2]) else []
    return [f"{number.normalize():f}", qualifier, unit, *rest]


def figures_outside(
    figures: Sequence[Sequence[str]], taking_part: Sequence[str], names: Mapping[str, Any]
) -> list[list[str]]:
    """Figures of the facts as they may leave: entities by the names of the day, `{key: {"short": …}}`, and none that
    does not take part (rule 20)."""
    place, outside = FigureValue._fields.index("entity"), []
    for number, *parts in figures:
        if len(parts) >= place and (key := parts[place - 1]):
            parts[place - 1] = names.get(key, {"short": key})["short"] if key in taking_part else ""
        outside.append(figure_fact(Decimal(number), *parts))
    return outside


@lru_cache(maxsize=4096)
def _date_code(precision: str | None, first: date | None, last: date | None) -> str | None:
    found = date_of(Precision(precision) if precision else None, first, last)
    return found.code if found else None


def _column_reader(field: Field) -> Read:
    """Reads a field that is stored in columns of the record."""
    columns = attrgetter(*field.columns)
    if field.kind is Kind.DATE:
        return lambda record, _linked: _date_code(*columns(record))
    if field.kind is Kind.CHOICE:
        return lambda record, _linked: None if (value := columns(record)) is None else str(value)
    if field.kind is Kind.CHOICES:
        return lambda record, _linked: list(columns(record) or ())
    return lambda record, _linked: columns(record)


_LINKED: dict[str, Callable[[Linked], Any]] = {
    "lead": lambda linked: next((part.entity for part in linked.entities if part.is_lead), None),
    "entities": lambda linked: [p.entity for p in linked.entities if not (p.is_lead or p.is_supporting)],
    "supporting": lambda linked: [part.entity for part in linked.entities if part.is_supporting],
    "participation": lambda linked: {
        part.entity: part.participation
        for part in linked.entities
        if part.participation != Participation.CONFIRMED.value
    },
    "roles": lambda linked: {part.entity: part.role for part in linked.entities if part.role},
    "recommendations": lambda linked: list(linked.recommendations),
    "partners": lambda linked: sorted(linked.partners),
    "countries": lambda linked: sorted(map(list, linked.countries)),
    "country_statuses": lambda linked: sorted(map(list, linked.country_statuses)),
    "regions": lambda linked: sorted(linked.regions),
    "figures": lambda linked: [figure_fact(*figure) for figure in linked.figures],
    "documents": lambda linked: [[*one[:3], bool(one[3])] for one in linked.documents],
    "sdg": lambda linked: [*map(str, linked.goals), *linked.targets],
    "chapters": lambda linked: [link.number for link in linked.chapters if link.by_hand],
}


def _linked_reader(field: Field) -> Read:
    read = _LINKED[field.name]
    return lambda _record, linked: read(linked)


_READERS: tuple[tuple[str, Read], ...] = tuple(
    (field.name, _column_reader(field) if field.is_column else _linked_reader(field)) for field in FIELDS
)
