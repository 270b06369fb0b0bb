"""What many activities say, read without building records: for editions, workbooks and comparisons.

The facts are those of `record.facts`; a test holds the two together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.dates import ImpreciseDate, Precision
from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityEntity,
    Figure,
    Participation,
    activity_partner,
    activity_recommendation,
    activity_region,
    activity_sdg_goal,
    activity_sdg_target,
)
from interagency.matrix.framework.models import Recommendation, SdgTarget
from interagency.matrix.organisations.models import Organisation

BATCH = 1000
Entry = dict[str, Any]
_COLUMNS = (
    "id", "version", "updated_at", "title", "description", "level", "scope", "status", "start_precision", "start_first",
    "start_last", "end_precision", "end_first", "end_last", "partners_incomplete", "results", "source", "link",
    "contact", "remarks", "is_listed", "is_joint",
)  # fmt: skip


def entries(session: Session, conditions: Sequence[sa.ColumnElement[bool]] = ()) -> Iterator[Entry]:
    """Every activity under `conditions`, by id, in batches that keep memory flat.

    An entry is `{"id", "version", "updated", "joint", "chapters", "confirmed", "facts"}`: `chapters` are all it
    stands under, `confirmed` the month by entity key, `facts` what `record.facts` says.
    """
    last = 0
    while True:
        query = sa.select(*(getattr(Activity, name) for name in _COLUMNS))
        rows = session.execute(query.where(*conditions, Activity.id > last).order_by(Activity.id).limit(BATCH)).all()
        if rows:
            links = _Links(session, [row.id for row in rows])
            for row in rows:
                yield _entry(row, links)
        if len(rows) < BATCH:
            return
        last = rows[-1].id


class _Links:
    """Everything that hangs on a batch of activities, by activity."""

    def __init__(self, session: Session, ids: list[int]) -> None:
        self._session, self._ids = session, ids
        part, key = ActivityEntity, Organisation.key
        self.entities = self._by(
            sa.select(part.activity_id, key, part.is_lead, part.role, part.participation, part.confirmed_month)
            .join(Organisation, Organisation.id == part.entity_id)
            .order_by(part.activity_id, part.position),
            part.activity_id,
        )
        self.partners = self._by(
            sa.select(activity_partner.c.activity_id, key).join(
                Organisation, Organisation.id == activity_partner.c.organisation_id
            ),
            activity_partner.c.activity_id,
        )
        country = ActivityCountry
        self.countries = self._by(
            sa.select(country.activity_id, country.country_code, country.role).order_by(
                country.country_code, country.role
            ),
            country.activity_id,
        )
        self.regions = self._plain(activity_region, "region_code")
        self.recommendations = self._by(
            sa.select(activity_recommendation.c.activity_id, Recommendation.code)
            .join(Recommendation, Recommendation.code == activity_recommendation.c.recommendation_code)
            .order_by(Recommendation.position),
            activity_recommendation.c.activity_id,
        )
        chapter = ActivityChapter
        self.chapters = self._by(
            sa.select(chapter.activity_id, chapter.chapter_number, chapter.by_hand).order_by(chapter.chapter_number),
            chapter.activity_id,
        )
        self.goals = self._plain(activity_sdg_goal, "goal_number")
        self.targets = self._by(
            sa.select(activity_sdg_target.c.activity_id, SdgTarget.code)
            .join(SdgTarget, SdgTarget.code == activity_sdg_target.c.target_code)
            .order_by(SdgTarget.position),
            activity_sdg_target.c.activity_id,
        )
        self.figures = self._by(
            sa.select(Figure.activity_id, Figure.number, Figure.qualifier, Figure.unit).order_by(Figure.position),
            Figure.activity_id,
        )

    def _plain(self, table: sa.Table, column: str) -> dict[int, list[Any]]:
        query = sa.select(table.c.activity_id, table.c[column]).order_by(table.c[column])
        return self._by(query, table.c.activity_id)

    def _by(self, query: Any, owner: Any) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = defaultdict(list)
        for row in self._session.execute(query.where(owner.in_(self._ids))):
            found[row[0]].append(row)
        return found


def _code(precision: Precision | None, first: date | None, last: date | None) -> str | None:
    if precision is None or first is None or last is None:
        return None
    return ImpreciseDate(precision, first, last).code


def _entry(row: Any, links: _Links) -> Entry:
    parts = links.entities[row.id]
    chapters = links.chapters[row.id]
    facts = {
        "title": row.title,
        "description": row.description,
        "lead": next((part.key for part in parts if part.is_lead), None),
        "entities": [part.key for part in parts if not part.is_lead],
        "roles": {part.key: part.role for part in parts if part.role},
        "participation": {
            part.key: part.participation.value for part in parts if part.participation is not Participation.CONFIRMED
        },
        "partners": sorted(partner.key for partner in links.partners[row.id]),
        "partners_incomplete": row.partners_incomplete,
        "level": row.level.value if row.level else None,
        "scope": row.scope.value if row.scope else None,
        "countries": sorted([link.country_code, link.role.value] for link in links.countries[row.id]),
        "regions": sorted(link[1] for link in links.regions[row.id]),
        "status": row.status.value,
        "start": _code(row.start_precision, row.start_first, row.start_last),
        "end": _code(row.end_precision, row.end_first, row.end_last),
        "recommendations": [link.code for link in links.recommendations[row.id]],
        "chapters": [link.chapter_number for link in chapters if link.by_hand],
        "sdg": [str(link[1]) for link in links.goals[row.id]] + [link.code for link in links.targets[row.id]],
        "figures": [
            [f"{number.normalize():f}", qualifier.value, unit] for _, number, qualifier, unit in links.figures[row.id]
        ],
        "results": row.results,
        "source": row.source,
        "link": row.link,
        "contact": row.contact,
        "remarks": row.remarks,
        "is_listed": row.is_listed,
    }
    return {
        "id": row.id,
        "version": row.version,
        "updated": row.updated_at.isoformat(),
        "joint": row.is_joint,
        "chapters": [link.chapter_number for link in chapters],
        "confirmed": {part.key: part.confirmed_month for part in parts if part.confirmed_month},
        "facts": facts,
    }
