"""The countries a person reads for, at the top of home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event
from interagency.matrix.activities.models import Activity, ActivityCountry
from interagency.matrix.framework.models import Country
from interagency.matrix.needs.models import Need, NeedStatus
from interagency.matrix.organisations.country_readers import countries_of


@dataclass(frozen=True, slots=True)
class MyCountry:
    """A country with how many activities name it, how many events are to come there, and how many needs are unmet."""

    country: Country
    activities: int
    events: int
    needs: int


def my_countries(session: Session, person: Person, day: date) -> list[MyCountry]:
    """The countries of `person`, by name, in a fixed number of statements."""
    countries = countries_of(session, person)
    if not countries:
        return []
    codes = [one.code for one in countries]
    unmet = Need.status.in_([NeedStatus.OPEN, NeedStatus.BEING_MET])
    named = sa.select(ActivityCountry.country_code, sa.func.count(sa.distinct(ActivityCountry.activity_id))).join(
        Activity, Activity.id == ActivityCountry.activity_id
    )
    activities = _counted(session, named, ActivityCountry.country_code, codes, Activity.is_listed.is_(True))
    coming = sa.or_(Event.last_day >= day, Event.last_day.is_(None))
    count = sa.func.count()
    events = _counted(
        session, sa.select(Event.country_code, count), Event.country_code, codes, Event.is_listed.is_(True), coming
    )  # fmt: skip
    needs = _counted(session, sa.select(Need.country_code, count), Need.country_code, codes, unmet)
    return [
        MyCountry(one, activities.get(one.code, 0), events.get(one.code, 0), needs.get(one.code, 0))
        for one in countries
    ]


def _counted(
    session: Session, query: Any, column: Any, codes: Sequence[str], *conditions: sa.ColumnElement[bool]
) -> dict[str, int]:
    rows = session.execute(query.where(column.in_(codes), *conditions).group_by(column))
    return dict(rows.all())
