"""Needs under the filters of a query: the same names as those of activities, where they mean the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, selectinload
from werkzeug.datastructures import MultiDict

from interagency.db.paging import page_within
from interagency.matrix.activities.conditions import regions_within
from interagency.matrix.activities.filters import MAX_QUERY_LENGTH, Filters, read_filters, terms_of
from interagency.matrix.framework.models import Country, Recommendation
from interagency.matrix.needs.labels import STATUS_LABELS
from interagency.matrix.needs.models import Need, NeedOffer, NeedStatus, need_entity, need_recommendation
from interagency.matrix.organisations.models import Organisation
from interagency.text.folding import clean

# Those that activities have too, and those of needs alone.
SHARED_NAMES = ("q", "entity", "chapter", "recommendation", "country", "region")
NAMES = (*SHARED_NAMES, "status", "offer", "transit")
SIZE = 50
Condition = sa.ColumnElement[bool]


def own_choices() -> dict[str, dict[str, str]]:
    """The values of the filters that needs alone have, in words."""
    return {
        "status": {one.value: str(words) for one, words in STATUS_LABELS.items()},
        "offer": {"yes": str(_("somebody can help")), "no": str(_("nobody has said they can help"))},
        "transit": {"yes": str(_("of transit countries"))},
    }


@dataclass(frozen=True, slots=True)
class NeedFilters(Filters):
    """Filters over needs: written into addresses in the order of NAMES."""

    def pairs(self) -> list[tuple[str, str]]:
        """`(name, value)` in a fixed order: the canonical query."""
        return [(name, value) for name in NAMES for value in self.get(name)]


def read_need_filters(session: Session, args: MultiDict[str, str]) -> NeedFilters:
    """The filters in a query string. What is not understood is left out and told in `problems`."""
    shared = read_filters(session, args, names=SHARED_NAMES)
    values, labels, problems = dict(shared.values), dict(shared.labels), list(shared.problems)
    for name, known in own_choices().items():
        for text in args.getlist(name)[:10]:
            text = clean(text, lines=False)[:MAX_QUERY_LENGTH]
            if text in known:
                values[name] = tuple(dict.fromkeys((*values.get(name, ()), text)))
                labels[name, text] = known[text]
            elif text:
                words = _(
                    "“%(text)s” is not understood. Choose one of: %(known)s.", text=text[:40], known=", ".join(known)
                )
                problems.append(str(words))
    return NeedFilters(values, labels, tuple(problems))


def _among(links: sa.Select[Any], column: Any, values: tuple[str, ...]) -> Condition:
    condition: Condition = Need.id.in_(links.where(column.in_([value for value in values if value != "none"])))
    return sa.or_(condition, Need.id.not_in(links)) if "none" in values else condition


def _by_entity(keys: tuple[str, ...]) -> Condition:
    """Kept by one of them, or offered help by one."""
    ids = sa.select(Organisation.id).where(Organisation.key.in_(keys))
    conditions: list[Condition] = [
        Need.id.in_(sa.select(need_entity.c.need_id).where(need_entity.c.entity_id.in_(ids))),
        Need.id.in_(sa.select(NeedOffer.need_id).where(NeedOffer.entity_id.in_(ids))),
    ]
    if "none" in keys:
        conditions.append(Need.id.not_in(sa.select(need_entity.c.need_id)))
    return sa.or_(*conditions)


def _by_recommendation(codes: tuple[str, ...]) -> Condition:
    links = sa.select(need_recommendation.c.need_id)
    return _among(links, need_recommendation.c.recommendation_code, codes)


def _by_chapter(numbers: tuple[str, ...]) -> Condition:
    links = sa.select(need_recommendation.c.need_id)
    wanted = [int(number) for number in numbers if number != "none"]
    codes = sa.select(Recommendation.code).where(Recommendation.chapter_number.in_(wanted))
    condition: Condition = Need.id.in_(links.where(need_recommendation.c.recommendation_code.in_(codes)))
    return sa.or_(condition, Need.id.not_in(links)) if "none" in numbers else condition


def _by_country(codes: tuple[str, ...]) -> Condition:
    condition: Condition = Need.country_code.in_(codes)
    return sa.or_(condition, Need.country_code.is_(None)) if "none" in codes else condition


def _by_region(codes: tuple[str, ...]) -> Condition:
    inside = sa.select(regions_within(codes).c.code)
    condition: Condition = Need.country_code.in_(sa.select(Country.code).where(Country.region_code.in_(inside)))
    return sa.or_(condition, Need.country_code.is_(None)) if "none" in codes else condition


def _by_offer(choices: tuple[str, ...]) -> Condition:
    offered = Need.id.in_(sa.select(NeedOffer.need_id))
    return sa.or_(*(offered if one == "yes" else sa.not_(offered) for one in choices))


_CONDITIONS: dict[str, Callable[[tuple[str, ...]], Condition]] = {
    "entity": _by_entity,
    "chapter": _by_chapter,
    "recommendation": _by_recommendation,
    "country": _by_country,
    "region": _by_region,
    "status": lambda values: Need.status.in_([NeedStatus(value) for value in values]),
    "offer": _by_offer,
    "transit": lambda _values: Need.is_transit.is_(True),
}


def holding(terms: Iterable[str]) -> list[Condition]:
    """The conditions on needs that hold all of these search terms."""
    return [
        Need.words.contains(f" {term.removesuffix('*')}" + ("" if term.endswith("*") else " "), autoescape=True)
        for term in terms
    ]


def need_conditions(filters: Filters) -> list[Condition]:
    """The conditions on Need that `filters` stand for; those that needs do not have are left out."""
    return holding(terms_of(filters)) + [
        read(filters.get(name)) for name, read in _CONDITIONS.items() if filters.get(name)
    ]


def _ordered(conditions: list[Condition]) -> sa.Select[Need]:
    """Open ones first, in the order of their countries' names."""
    order = sa.case({one: place for place, one in enumerate(NeedStatus)}, value=Need.status)
    return (
        sa.select(Need)
        .outerjoin(Country, Country.code == Need.country_code)
        .where(*conditions)
        .options(
            selectinload(Need.country), selectinload(Need.recommendations), selectinload(Need.entities),
            selectinload(Need.offers),
        )
        .order_by(order, Country.name.nulls_last(), Need.id)
    )  # fmt: skip


def needs_under(session: Session, conditions: list[Condition], limit: int | None = None) -> list[Need]:
    """The needs under some conditions, with all that a row shows, in the order of the list."""
    return list(session.scalars(_ordered(conditions).limit(limit)))


@dataclass(frozen=True, slots=True)
class NeedPage:
    """One page of the list."""

    needs: list[Need]
    total: int
    number: int
    pages: int


def page_of_needs(session: Session, filters: Filters, number: int) -> NeedPage:
    """The page `number` of the needs under `filters`; the last where there are not so many."""
    conditions = need_conditions(filters)
    total = count_needs(session, conditions)
    number, pages = page_within(number, total, SIZE)
    found = session.scalars(_ordered(conditions).limit(SIZE).offset(SIZE * (number - 1)))
    return NeedPage(list(found), total, number, pages)


def count_needs(session: Session, conditions: list[Condition]) -> int:
    """How many there are."""
    return session.scalar(sa.select(sa.func.count()).select_from(Need).where(*conditions)) or 0
