"""Who could meet a need: what is done on its recommendations there and near, whose mandate it is, who offered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.listing import ListedActivity, page_of_activities
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.needs.models import Need, NeedOffer
from interagency.matrix.organisations.models import Mandate, Organisation

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Matched:
    """The activities under `filters`, the first ten of them, and how many there are. `near` is `here on it`, `here`,
    `region` or `anywhere`."""

    near: str
    filters: Filters
    activities: list[ListedActivity]
    total: int


@dataclass(slots=True)
class Helper:
    """An entity that could help: its activities by nearness, the need's recommendations it has the mandate for, and
    what it offered."""

    entity: Organisation
    activities: dict[str, int] = field(default_factory=dict)
    mandate: list[str] = field(default_factory=list)
    offer: NeedOffer | None = None


def _filters_of(need: Need) -> Iterable[tuple[str, Filters]]:
    """What is looked for, the nearest first."""
    codes = tuple(one.code for one in need.recommendations)
    country = need.country
    labels = (
        {("country", country.code): country.name, ("region", country.region_code): country.region.name}
        if country
        else {}
    )
    on_it = {"recommendation": codes} if codes else {}
    if country is not None and codes:
        yield "here on it", Filters(on_it | {"country": (country.code,)}, labels)
        yield "region", Filters(on_it | {"region": (country.region_code,)}, labels)
    if country is not None:
        yield "here", Filters({"country": (country.code,)}, labels)
    elif codes:
        yield "anywhere", Filters(on_it)


def matches(session: Session, need: Need) -> list[Matched]:
    """The activities that bear on a need. A nearer one stands under the wider ones too: each number is its list."""
    found = []
    for near, filters in _filters_of(need):
        page = page_of_activities(session, filters, mine=(), number=1, sort="title", size=SHOWN)
        found.append(Matched(near, filters, page.activities, page.total))
    return found


def helpers(session: Session, need: Need) -> list[Helper]:
    """The entities that could help: those that offered first, then those with the mandate, then those at work near."""
    found: dict[int, Helper] = {}

    def helper(entity: Organisation) -> Helper:
        return found.setdefault(entity.id, Helper(entity))

    for offer in need.offers:
        helper(offer.entity).offer = offer
    codes = [one.code for one in need.recommendations]
    mandates = (
        sa.select(Organisation, Mandate.recommendation_code)
        .join(Mandate, Mandate.entity_id == Organisation.id)
        .where(Mandate.recommendation_code.in_(codes), Organisation.retired_on.is_(None))
    )
    place = {code: number for number, code in enumerate(codes)}
    for entity, code in session.execute(mandates).all() if codes else ():
        helper(entity).mandate.append(code)
    for near, filters in _filters_of(need):
        for entity, number in entities_at(session, filters):
            helper(entity).activities[near] = number
    for one in found.values():
        one.mandate.sort(key=place.__getitem__)
    return sorted(found.values(), key=_order)


def _order(one: Helper) -> tuple[bool, int, int, int, int]:
    at_work = one.activities.get("here on it", 0) + one.activities.get("anywhere", 0)
    return (one.offer is None, -len(one.mandate), -at_work, -one.activities.get("region", 0), one.entity.position)


def entities_at(session: Session, filters: Filters) -> list[tuple[Organisation, int]]:
    """Who takes part in the activities under `filters`, and in how many."""
    part = ActivityEntity
    query = (
        sa.select(Organisation, sa.func.count())
        .join(part, part.entity_id == Organisation.id)
        .join(Activity, Activity.id == part.activity_id)
        .where(*activity_conditions(filters), part.participation != Participation.DECLINED)
        .group_by(Organisation.id)
    )
    return [(entity, number) for entity, number in session.execute(query)]
