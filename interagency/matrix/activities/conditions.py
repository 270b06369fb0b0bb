"""From filters to SQL: the conditions on activities that a query string stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from interagency.db.fulltext import holds
from interagency.matrix.activities.field_types import Field, Kind
from interagency.matrix.activities.fields import FILTERED
from interagency.matrix.activities.filters import Filters, terms_of
from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityEntity,
    CountryRole,
    Participation,
    activity_partner,
    activity_recommendation,
    activity_region,
    activity_sdg_goal,
    activity_sdg_target,
)
from interagency.matrix.activities.state.country_statuses import by_status_there
from interagency.matrix.activities.state.light import light_column
from interagency.matrix.framework.models import Country, Recommendation, Region, SdgTarget, Section
from interagency.matrix.organisations.models import Organisation
from interagency.web.context import today


def _organisation_ids(keys: Iterable[str]) -> sa.Select[int]:
    return sa.select(Organisation.id).where(Organisation.key.in_(list(keys)))


Condition = sa.ColumnElement[bool]


def _among(links: sa.Select[int], key: Any, values: tuple[Any, ...]) -> Condition:
    """Activities among whose `links` (a SELECT of their ids) a key has one of `values`; `none`: without such links."""
    condition: Condition = Activity.id.in_(links.where(key.in_([value for value in values if value != "none"])))
    return sa.or_(condition, Activity.id.not_in(links)) if "none" in values else condition


def _by_entity(keys: tuple[str, ...]) -> Condition:
    """Taking part; `none` is what has no lead."""
    named = [key for key in keys if key != "none"]
    taking_part = sa.select(ActivityEntity.activity_id).where(
        ActivityEntity.entity_id.in_(_organisation_ids(named)),
        ActivityEntity.participation != Participation.DECLINED,
    )
    condition: Condition = Activity.id.in_(taking_part)
    if "none" in keys:
        with_lead = sa.select(ActivityEntity.activity_id).where(ActivityEntity.is_lead)
        condition = sa.or_(condition, Activity.id.not_in(with_lead))
    return condition


def _by_partner(keys: tuple[str, ...]) -> Condition:
    links = sa.select(activity_partner.c.activity_id)
    return Activity.id.in_(links.where(activity_partner.c.organisation_id.in_(_organisation_ids(keys))))


def _by_chapter(numbers: tuple[str, ...]) -> Condition:
    values = tuple(number if number == "none" else int(number) for number in numbers)
    return _among(sa.select(ActivityChapter.activity_id), ActivityChapter.chapter_number, values)


def _by_recommendation(codes: tuple[str, ...]) -> Condition:
    table = activity_recommendation
    return _among(sa.select(table.c.activity_id), table.c.recommendation_code, codes)


def _by_section(positions: tuple[str, ...]) -> Condition:
    """Under the section, or a subsection of it, by a recommendation or by a section of its own."""
    parent = aliased(Section)
    links = (
        sa.select(activity_recommendation.c.activity_id)
        .join(Recommendation, Recommendation.code == activity_recommendation.c.recommendation_code)
        .join(Section, Section.id == Recommendation.section_id)
    )
    numbers = [int(position) for position in positions if position != "none"]
    wanted = sa.or_(Section.position.in_(numbers), parent.position.in_(numbers))
    above = parent.id == Section.parent_id
    own = sa.select(Section.position).outerjoin(parent, above).where(wanted)
    within = links.outerjoin(parent, above).where(wanted)
    conditions: list[Condition] = [Activity.id.in_(within), Activity.section_position.in_(own)]
    if "none" in positions:
        conditions.append(sa.and_(Activity.id.not_in(links), Activity.section_position.is_(None)))
    return sa.or_(*conditions)


def _by_country(codes: tuple[str, ...]) -> Condition:
    return _among(sa.select(ActivityCountry.activity_id), ActivityCountry.country_code, codes)


def _by_beneficiary(codes: tuple[str, ...]) -> Condition:
    links = sa.select(ActivityCountry.activity_id).where(ActivityCountry.role == CountryRole.BENEFICIARY)
    return _among(links, ActivityCountry.country_code, codes)


def regions_within(codes: tuple[str, ...]) -> sa.CTE:
    """The regions and all regions inside them."""
    inside = sa.select(Region.code).where(Region.code.in_(codes)).cte(recursive=True)
    return inside.union(sa.select(Region.code).where(Region.parent_code == inside.c.code))


def _by_region(codes: tuple[str, ...]) -> Condition:
    """Named for the region or one inside it, or for a country that lies there."""
    inside = sa.select(regions_within(codes).c.code)
    countries = sa.select(Country.code).where(Country.region_code.in_(inside))
    named = sa.select(activity_region.c.activity_id)
    conditions: list[Condition] = [
        Activity.id.in_(named.where(activity_region.c.region_code.in_(inside))),
        Activity.id.in_(sa.select(ActivityCountry.activity_id).where(ActivityCountry.country_code.in_(countries))),
    ]
    if "none" in codes:
        somewhere = (Activity.id.in_(named), Activity.id.in_(sa.select(ActivityCountry.activity_id)))
        conditions.append(sa.not_(sa.or_(*somewhere)))
    return sa.or_(*conditions)


def _by_sdg(codes: tuple[str, ...]) -> Condition:
    """For a target, or for a goal or one of its targets; `none`: for no SDG."""
    goals, targets = sa.select(activity_sdg_goal.c.activity_id), sa.select(activity_sdg_target.c.activity_id)
    numbers = [int(code) for code in codes if code.isdecimal()]
    within = sa.select(SdgTarget.code).where(sa.or_(SdgTarget.goal_number.in_(numbers), SdgTarget.code.in_(codes)))
    conditions: list[Condition] = [
        Activity.id.in_(goals.where(activity_sdg_goal.c.goal_number.in_(numbers))),
        Activity.id.in_(targets.where(activity_sdg_target.c.target_code.in_(within))),
    ]
    if "none" in codes:
        conditions.append(sa.and_(Activity.id.not_in(goals), Activity.id.not_in(targets)))
    return sa.or_(*conditions)


def _by_year(years: tuple[str, ...]) -> Condition:
    begun = [
        Activity.start_first.between(date(int(year), 1, 1), date(int(year), 12, 31)) for year in years if year != "none"
    ]
    return sa.or_(*begun, *([Activity.start_first.is_(None)] if "none" in years else []))


def _by_field(field: Field) -> Callable[[tuple[str, ...]], Condition]:
    """The condition on a choice or a flag of the description; `none`: without one."""
    column = getattr(Activity, field.name)

    def condition(values: tuple[str, ...]) -> Condition:
        if field.kind is Kind.FLAG:
            return sa.and_(column.in_([value == "yes" for value in values]))
        named = [value for value in values if value != "none"]
        if field.kind is Kind.CHOICES:
            text = sa.cast(column, sa.String)  # a list as JSON, on both databases
            held = [text.contains(f'"{value}"', autoescape=True) for value in named]
            return sa.or_(*held, *([column.is_(None), text == "[]"] if "none" in values else []))
        chosen: Condition = column.in_(named)
        return sa.or_(chosen, column.is_(None)) if "none" in values else chosen

    return condition


def _by_light(lights: tuple[str, ...]) -> Condition:
    return light_column(today()).in_(lights)


_CONDITIONS: dict[str, Callable[[tuple[str, ...]], Condition]] = {
    "entity": _by_entity,
    "partner": _by_partner,
    "chapter": _by_chapter,
    "section": _by_section,
    "recommendation": _by_recommendation,
    "country": _by_country,
    "beneficiary": _by_beneficiary,
    "region": _by_region,
    "year": _by_year,
    "light": _by_light,
    "practice": Activity.practice.in_,
    "lessons": lambda _choices: Activity.lessons != "",
    "sdg": _by_sdg,
    **{field.parameter: _by_field(field) for field in FILTERED},
    "joint": lambda choices: Activity.is_joint.in_([choice == "yes" for choice in choices]),
}


def activity_conditions(filters: Filters, mine: Iterable[str] = ()) -> list[Condition]:
    """The conditions on Activity that `filters` stand for. `mine` are the keys of the reader's entities."""
    conditions: list[Condition] = [Activity.is_listed.is_(True)]
    if terms := terms_of(filters):
        conditions.append(holds(Activity, terms))
    conditions += [read(filters.get(name)) for name, read in _CONDITIONS.items() if filters.get(name)]
    if filters.get("mine"):
        conditions.append(_by_entity(tuple(mine)))
    if statuses := filters.get("status_there"):
        conditions.append(by_status_there(statuses, filters.get("country")))
    for further in filters.get("also"):
        name, _colon, value = further.partition(":")
        if name == "country" and statuses:
            conditions.append(by_status_there(statuses, (value,)))
        conditions.append(_CONDITIONS[name]((value,)))
    return conditions
