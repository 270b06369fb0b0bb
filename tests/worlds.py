"""Many activities at random, the same each time: what the tests of counts and pictures stand on."""

from __future__ import annotations

import random

import sqlalchemy as sa

from interagency.db.base import db
from interagency.matrix.activities.models import CountryRole, Participation, Status
from interagency.matrix.activities.record import create_activity, refresh_derived
from interagency.matrix.framework.models import Country, Recommendation, Region
from interagency.matrix.organisations.queries import entities
from interagency.text.dates import ImpreciseDate, Precision
from tests.helpers import activity_draft

ENTITIES, COUNTRIES = 7, 9


def many_activities(number: int, *, seed: int = 7) -> None:
    """Add `number` activities of few entities, countries, regions, years and recommendations, some of nobody's."""
    chance = random.Random(seed)
    codes = list(db.session.scalars(sa.select(Recommendation).order_by(Recommendation.position)))
    lands = list(db.session.scalars(sa.select(Country).order_by(Country.code)))[::20][:COUNTRIES]
    places = list(db.session.scalars(sa.select(Region).order_by(Region.code)))
    all_entities = entities(db.session)[:ENTITIES]

    def some(among: list[object], most: int) -> list[object]:
        return chance.sample(among, chance.randint(0, min(most, len(among))))

    for count in range(number):
        who = some(all_entities, 3)
        start = chance.choice(
            [
                None,
                ImpreciseDate.year(chance.randint(2015, 2018)),
                ImpreciseDate.month(2017, chance.randint(1, 12)),
                ImpreciseDate.part(2016, Precision.LATE),
            ]
        )
        draft = activity_draft(
            f"Activity {count} <&>",
            chance.choice(list(Status)),
            lead=who[0] if who and chance.random() < 0.8 else None,
            entities=who[1:] if len(who) > 1 else who,
            recommendations=some(codes, 3),
            countries=[(land, chance.choice(list(CountryRole))) for land in some(lands, 3)],
            regions=some(places, 1),
            start=start,
        )  # type: ignore[arg-type]
        made = create_activity(db.session, draft, by=None, by_name="test")
        for part in made.entities:
            if not part.is_lead and chance.random() < 0.2:
                part.participation = Participation.DECLINED
        refresh_derived(made)
    db.session.commit()
