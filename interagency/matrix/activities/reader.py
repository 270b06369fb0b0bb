"""What many activities say, read without building records: for editions, workbooks and comparisons.

The one reader of many records; facts are read as those of a single one.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.batches import batches, rows_by
from interagency.matrix.activities.facts import ChapterLink, EntityPart, FigureValue, Linked, facts_of
from interagency.matrix.activities.fields import FIELDS
from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityDocument,
    ActivityEntity,
    CountryStatus,
    Figure,
    activity_partner,
    activity_recommendation,
    activity_region,
    activity_sdg_goal,
    activity_sdg_target,
)
from interagency.matrix.framework.models import Recommendation, SdgTarget
from interagency.matrix.organisations.models import Organisation

Entry = dict[str, Any]
_ACTIVITY = Activity.__table__.c
_ORGANISATION = Organisation.__table__.c


@contextmanager
def without_collector() -> Iterator[None]:
    """Rest the garbage collector while many records are read that all stay.

    It would walk them again and again and find nothing: more than half the time of reading ten thousand
    (docs/benchmarks-notes.md). What is no longer named is freed at once all the same. Not for work that waits.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _plainly(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The stored text of a column of enums."""
    return sa.type_coerce(column, sa.String())


# Beside its facts: what an entry says of the record. The id comes first, `batches` goes by it.
_COLUMNS = tuple(
    _plainly(_ACTIVITY[name]) if isinstance(_ACTIVITY[name].type, sa.Enum) else _ACTIVITY[name]
    for name in (
        "id",
        "version",
        "created_at",
        "updated_at",
        "is_joint",
        *(name for field in FIELDS for name in field.columns),
    )
)


def entries(session: Session, conditions: Sequence[sa.ColumnElement[bool]] = ()) -> Iterator[Entry]:
    """Every activity under `conditions`, by id, in batches that keep memory flat.

    An entry is `{"id", "version", "created", "updated", "joint", "chapters", "confirmed", "facts"}`: `chapters` are all
    it stands under, `confirmed` the month by entity key, `facts` what `record.facts` says.
    """
    for rows in batches(session, sa.select(*_COLUMNS).where(*conditions), _ACTIVITY.id):
        links = _Links(session.connection(), [row.id for row in rows])
        for row in rows:
            yield _entry(row, links.of(row.id))


def totals(session: Session, conditions: Sequence[sa.ColumnElement[bool]] = ()) -> dict[str, int]:
    """How many activities there are under `conditions`, and how many of them are joint, without reading them."""
    query = sa.select(sa.func.count(), sa.func.sum(sa.case((_ACTIVITY.is_joint, 1), else_=0))).where(*conditions)
    number, joint = session.connection().execute(query.select_from(Activity)).one()
    return {"activities": number, "joint": joint or 0}


class _Links:
    """Everything that hangs on a batch of activities, by activity: for each the rows without the activity's id."""

    def __init__(self, connection: sa.Connection, ids: list[int]) -> None:
        by = partial(rows_by, connection, ids)
        part = ActivityEntity.__table__.c
        self.entities = by(
            part.activity_id, _ORGANISATION.key, part.is_lead, part.is_supporting, part.role,
            _plainly(part.participation), part.confirmed_month, join=_ORGANISATION.id == part.entity_id,
            order=(part.position,),
        )  # fmt: skip
        partner = activity_partner.c
        self.partners = by(partner.activity_id, _ORGANISATION.key, join=_ORGANISATION.id == partner.organisation_id)
        country = ActivityCountry.__table__.c
        self.countries = by(country.activity_id, country.country_code, _plainly(country.role))
        status = CountryStatus.__table__.c
        self.country_statuses = by(status.activity_id, status.country_code, _plainly(status.status))
        self.regions = by(activity_region.c.activity_id, activity_region.c.region_code)
        recommendation, link = Recommendation.__table__.c, activity_recommendation.c
        self.recommendations = by(
            link.activity_id, recommendation.code,
            join=recommendation.code == link.recommendation_code, order=(recommendation.position,),
        )  # fmt: skip
        chapter = ActivityChapter.__table__.c
        self.chapters = by(
            chapter.activity_id, chapter.chapter_number, chapter.by_hand, order=(chapter.chapter_number,)
        )
        goal = activity_sdg_goal.c
        self.goals = by(goal.activity_id, goal.goal_number, order=(goal.goal_number,))
        target, link = SdgTarget.__table__.c, activity_sdg_target.c
        self.targets = by(link.activity_id, target.code, join=target.code == link.target_code, order=(target.position,))
        document = ActivityDocument.__table__.c
        owner = sa.select(_ORGANISATION.key).where(_ORGANISATION.id == document.owner_id).scalar_subquery()
        self.documents = by(
            document.activity_id, document.title, document.url, owner, document.is_permitted,
            order=(document.position,),
        )  # fmt: skip
        figure = Figure.__table__.c
        self.figures = by(
            figure.activity_id,
            *(
                _plainly(figure[name]) if isinstance(figure[name].type, sa.Enum) else figure[name]
                for name in FigureValue._fields
            ),
            order=(figure.position,),
        )  # fmt: skip

    def of(self, number: int) -> Linked:
        """What hangs on the activity with the id `number`."""
        return Linked(
            entities=[EntityPart._make(row) for row in self.entities[number]],
            partners=[key for (key,) in self.partners[number]],
            countries=self.countries[number],
            country_statuses=self.country_statuses[number],
            regions=[code for (code,) in self.regions[number]],
            recommendations=[code for (code,) in self.recommendations[number]],
            chapters=[ChapterLink._make(row) for row in self.chapters[number]],
            goals=[goal for (goal,) in self.goals[number]],
            targets=[code for (code,) in self.targets[number]],
            documents=self.documents[number],
            figures=[FigureValue._make(row) for row in self.figures[number]],
        )


def _entry(row: Any, linked: Linked) -> Entry:
    return {
        "id": row.id,
        "version": row.version,
        "created": row.created_at.isoformat(),
        "updated": row.updated_at.isoformat(),
        "joint": row.is_joint,
        "chapters": [link.number for link in linked.chapters],
        "confirmed": {part.entity: part.confirmed_month for part in linked.entities if part.confirmed_month},
        "facts": facts_of(row, linked),
    }
