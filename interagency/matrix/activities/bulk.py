"""What many activities say, read without building records: for editions, workbooks and comparisons.

The facts are those of `record.facts`; a test holds the two together.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.batches import batches, rows_by
from interagency.dates import Precision, date_of
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


_COLUMNS = tuple(
    _plainly(_ACTIVITY[name]) if isinstance(_ACTIVITY[name].type, sa.Enum) else _ACTIVITY[name]
    for name in (
        "id", "version", "updated_at", "title", "description", "level", "scope", "status", "start_precision",
        "start_first", "start_last", "end_precision", "end_first", "end_last", "partners_incomplete", "results",
        "source", "link", "contact", "remarks", "is_listed", "is_joint",
    )
)  # fmt: skip


def entries(session: Session, conditions: Sequence[sa.ColumnElement[bool]] = ()) -> Iterator[Entry]:
    """Every activity under `conditions`, by id, in batches that keep memory flat.

    An entry is `{"id", "version", "updated", "joint", "chapters", "confirmed", "facts"}`: `chapters` are all it
    stands under, `confirmed` the month by entity key, `facts` what `record.facts` says.
    """
    for rows in batches(session, sa.select(*_COLUMNS).where(*conditions), _ACTIVITY.id):
        links = _Links(session.connection(), [row[0] for row in rows])
        for row in rows:
            yield _entry(row, links)


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
            part.activity_id, _ORGANISATION.key, part.is_lead, part.role, _plainly(part.participation),
            part.confirmed_month, join=_ORGANISATION.id == part.entity_id, order=(part.position,),
        )  # fmt: skip
        partner = activity_partner.c
        self.partners = by(partner.activity_id, _ORGANISATION.key, join=_ORGANISATION.id == partner.organisation_id)
        country = ActivityCountry.__table__.c
        self.countries = by(country.activity_id, country.country_code, _plainly(country.role))
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
        figure = Figure.__table__.c
        self.figures = by(
            figure.activity_id, figure.number, _plainly(figure.qualifier), figure.unit, order=(figure.position,)
        )


@lru_cache(maxsize=4096)
def _code(precision: str | None, first: date | None, last: date | None) -> str | None:
    found = date_of(Precision(precision) if precision else None, first, last)
    return found.code if found else None


def _entry(row: Any, links: _Links) -> Entry:
    (
        number, version, updated_at, title, description, level, scope, status, start_precision, start_first,
        start_last, end_precision, end_first, end_last, partners_incomplete, results, source, link, contact, remarks,
        is_listed, is_joint,
    ) = row  # fmt: skip
    parts = links.entities[number]
    chapters = links.chapters[number]
    facts = {
        "title": title,
        "description": description,
        "lead": next((key for key, is_lead, *_ in parts if is_lead), None),
        "entities": [key for key, is_lead, *_ in parts if not is_lead],
        "roles": {key: role for key, _, role, *_ in parts if role},
        "participation": {key: said for key, _, _, said, _ in parts if said != Participation.CONFIRMED.value},
        "partners": sorted(key for (key,) in links.partners[number]),
        "partners_incomplete": partners_incomplete,
        "level": level,
        "scope": scope,
        "countries": sorted(map(list, links.countries[number])),
        "regions": sorted(code for (code,) in links.regions[number]),
        "status": status,
        "start": _code(start_precision, start_first, start_last),
        "end": _code(end_precision, end_first, end_last),
        "recommendations": [code for (code,) in links.recommendations[number]],
        "chapters": [chapter for chapter, by_hand in chapters if by_hand],
        "sdg": [str(goal) for (goal,) in links.goals[number]] + [code for (code,) in links.targets[number]],
        "figures": [[f"{amount.normalize():f}", how, unit] for amount, how, unit in links.figures[number]],
        "results": results,
        "source": source,
        "link": link,
        "contact": contact,
        "remarks": remarks,
        "is_listed": is_listed,
    }
    return {
        "id": number,
        "version": version,
        "updated": updated_at.isoformat(),
        "joint": is_joint,
        "chapters": [chapter for chapter, _ in chapters],
        "confirmed": {key: month for key, _, _, _, month in parts if month},
        "facts": facts,
    }
