"""A database with as many activities as asked for: realistic lengths and languages, the same for the same seed."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from interagency import create_app
from interagency.database import alembic, db
from interagency.dates import ImpreciseDate, Precision
from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityEntity,
    CountryRole,
    Figure,
    Level,
    Participation,
    Qualifier,
    Scope,
    Status,
    activity_partner,
    activity_recommendation,
    activity_region,
    activity_sdg_target,
)
from interagency.matrix.framework.load import load_framework
from interagency.matrix.framework.models import Country, Recommendation, Region, SdgTarget
from interagency.matrix.organisations.load import load_organisations
from interagency.matrix.organisations.models import Organisation
from interagency.settings import read_settings


def _words(text: str) -> list[str]:
    return text.split()


WORDS = _words(
    "training of prosecutors prevention treatment réduction de la demande de drogues Maßnahmen für Jugendliche "
    "asistencia técnica a los países evidence-based health services availability access controlled medicines "
    "alternative development border control capacity building workshop judges data collection survey laboratories "
    "forensic toxicology overdose naloxone community-based HIV prisons gender women & youth < 25 years "
    "“good practice” Member States региональный семинар مكافحة المخدرات naïve coördinated international standards"
)
AT = datetime(2026, 10, 3, 9, 30, tzinfo=UTC)
BATCH = 2000


def make_app(folder: Path, **more: str) -> Flask:
    """A service in `folder` with its reference lists; those of an earlier call stay."""
    is_new = not (folder / "interagency.sqlite3").exists()
    values = {"DATA_FOLDER": str(folder), "SECRET_KEY": "bench" * 10, "BASE_URL": "http://localhost"} | more
    settings = read_settings({f"INTERAGENCY_{name}": value for name, value in values.items()})
    app = create_app(settings, TESTING=True, RATELIMIT_ENABLED=False)
    with app.app_context():
        if is_new:
            alembic.upgrade()
            load_framework(db.session)
            load_organisations(db.session)
            db.session.commit()
    return app


class Filler:
    """Makes rows for Core inserts."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session, self.dice = session, random.Random(seed)  # noqa: S311  (no secret)
        every = session.execute(sa.select(Organisation.id, Organisation.is_entity)).all()
        self.entities = [row.id for row in every if row.is_entity]
        self.partners = [row.id for row in every if not row.is_entity] or self.entities
        self.countries = list(session.scalars(sa.select(Country.code)))
        self.regions = list(session.scalars(sa.select(Region.code)))
        self.targets = list(session.scalars(sa.select(SdgTarget.code)))
        self.chapters = dict(session.execute(sa.select(Recommendation.code, Recommendation.chapter_number)).all())
        self.codes = list(self.chapters)

    def text(self, least: int, most: int) -> str:
        """Some words."""
        return " ".join(self.dice.choices(WORDS, k=self.dice.randint(least, most)))

    def some(self, among: list[Any], most: int, least: int = 0) -> list[Any]:
        """A few different ones."""
        return self.dice.sample(among, min(len(among), self.dice.randint(least, most)))

    def activity(self, number: int) -> dict[str, Any]:
        """The row of one activity."""
        dice = self.dice
        day = date(2016, 1, 1) + timedelta(days=dice.randrange(3600))
        start = ImpreciseDate.of(Precision.MONTH, day.replace(day=1)) if dice.random() < 0.6 else ImpreciseDate.day(day)
        return {
            "id": number,
            "version": 1,
            "created_at": AT,
            "updated_at": AT - timedelta(days=dice.randrange(300)),
            "title": self.text(5, 12)[:300],
            "description": self.text(20, 90),
            "level": dice.choice(list(Level)),
            "scope": dice.choice(list(Scope)),
            "status": dice.choice(list(Status)),
            "start_precision": start.precision,
            "start_first": start.first,
            "start_last": start.last,
            "end_precision": Precision.YEAR,
            "end_first": date(day.year + 1, 1, 1),
            "end_last": date(day.year + 1, 12, 31),
            "partners_incomplete": dice.random() < 0.1,
            "results": self.text(5, 30) if dice.random() < 0.5 else "",
            "source": self.text(2, 6) if dice.random() < 0.5 else "",
            "link": f"https://www.example.org/activities/{number}?lang=en&page=1" if dice.random() < 0.4 else "",
            "contact": "focal.point@example.org" if dice.random() < 0.7 else "",
            "remarks": self.text(3, 15) if dice.random() < 0.3 else "",
            "is_listed": True,
            "is_joint": False,
            "search_text": "",
        }

    def batch(self, numbers: range) -> None:
        """Insert the activities `numbers` with all that hangs on them."""
        rows: dict[Any, list[dict[str, Any]]] = {
            model: []
            for model in (
                Activity, ActivityEntity, activity_partner, ActivityCountry, activity_region,
                activity_recommendation, ActivityChapter, activity_sdg_target, Figure,
            )
        }  # fmt: skip
        for number in numbers:
            entities = self.some(self.entities, 3, 1) if self.dice.random() < 0.35 else self.some(self.entities, 1, 1)
            one = self.activity(number)
            one["is_joint"] = len(entities) > 1
            rows[Activity].append(one)
            rows[ActivityEntity] += [
                {
                    "activity_id": number, "entity_id": key, "is_lead": place == 0, "position": place,
                    "role": self.text(4, 10) if place and self.dice.random() < 0.3 else "",
                    "participation": Participation.CONFIRMED, "confirmed_month": f"2026-{self.dice.randint(5, 10):02}",
                }
                for place, key in enumerate(entities)
            ]  # fmt: skip
            self._links(rows, number)
        for model, some in rows.items():
            if some:
                self.session.execute(sa.insert(model), some)

    def _links(self, rows: dict[Any, list[dict[str, Any]]], number: int) -> None:
        codes = self.some(self.codes, 4, 1)
        rows[activity_recommendation] += [{"activity_id": number, "recommendation_code": code} for code in codes]
        rows[ActivityChapter] += [
            {"activity_id": number, "chapter_number": chapter, "by_hand": False}
            for chapter in {self.chapters[code] for code in codes}
        ]
        rows[activity_partner] += [
            {"activity_id": number, "organisation_id": key} for key in self.some(self.partners, 3)
        ]
        rows[ActivityCountry] += [
            {"activity_id": number, "country_code": code, "role": self.dice.choice(list(CountryRole))}
            for code in self.some(self.countries, 5)
        ]
        rows[activity_region] += [{"activity_id": number, "region_code": code} for code in self.some(self.regions, 1)]
        rows[activity_sdg_target] += [
            {"activity_id": number, "target_code": code} for code in self.some(self.targets, 2)
        ]
        rows[Figure] += [
            {
                "activity_id": number, "position": place, "number": Decimal(self.dice.randint(2, 90_000)),
                "qualifier": self.dice.choice(list(Qualifier)), "unit": self.text(1, 3),
            }
            for place in range(self.dice.choice((0, 0, 1, 2)))
        ]  # fmt: skip


def fill(session: Session, activities: int, seed: int = 2016) -> None:
    """Add `activities` to an empty matrix, committed."""
    filler = Filler(session, seed)
    for first in range(1, activities + 1, BATCH):
        filler.batch(range(first, min(first + BATCH, activities + 1)))
    session.commit()
