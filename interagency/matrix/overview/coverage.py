"""Coverage (rule 29): for each of the 103 recommendations who works on it, where, since when; and for blanks why.

The reason of a blank:

- nobody's mandate: entities have declared mandates, and this recommendation is in none;
- silent: it is in a mandate, and an entity that has it has not answered the newest month that is due or closed;
- confirmed none: it is in a mandate, and every entity that has it has answered;
- gap: no entity has declared any mandate, so nothing more can be said.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import (
    Activity,
    ActivityCountry,
    ActivityEntity,
    Participation,
    activity_recommendation,
)
from interagency.matrix.cycles.models import Answer, Cycle
from interagency.matrix.framework.models import ROMAN, Chapter, Recommendation, Section
from interagency.matrix.organisations.models import Mandate, Organisation


class Blank(enum.StrEnum):
    """Why nothing stands under a recommendation."""

    NO_MANDATE = "outside all declared mandates"
    SILENT = "silent"
    NONE = "confirmed none"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Covered:
    """One recommendation and what is done on it."""

    code: str
    title: str
    section: str
    activities: int
    joint: int
    entities: list[str]
    countries: int
    since: int | None
    blank: Blank | None
    mandated: list[str]


@dataclass(frozen=True, slots=True)
class ChapterCoverage:
    """A chapter: its recommendations, and a sentence to read out."""

    number: int
    roman: str
    title: str
    recommendations: list[Covered]
    sentence: str


def coverage(session: Session) -> list[ChapterCoverage]:
    """All seven chapters with all 103 recommendations, in a fixed number of statements."""
    link = activity_recommendation
    listed = sa.and_(Activity.id == link.c.activity_id, Activity.is_listed)
    code = link.c.recommendation_code
    joint = sa.func.sum(sa.case((Activity.is_joint, 1), else_=0))
    counts = {
        row[0]: row[1:]
        for row in session.execute(
            sa.select(code, sa.func.count(), joint, sa.func.min(Activity.start_first))
            .join(Activity, listed)
            .group_by(code)
        )
    }
    entities: dict[str, list[str]] = defaultdict(list)
    short = sa.func.coalesce(Organisation.acronym, Organisation.name)
    query = (
        sa.select(code, short, Organisation.position)
        .join(Activity, listed)
        .join(ActivityEntity, ActivityEntity.activity_id == Activity.id)
        .join(Organisation, Organisation.id == ActivityEntity.entity_id)
        .where(ActivityEntity.participation != Participation.DECLINED)
        .distinct()
        .order_by(Organisation.position, short)
    )
    for row in session.execute(query):
        entities[row[0]].append(row[1])
    countries: dict[str, int] = dict(
        session.execute(
            sa.select(code, sa.func.count(sa.distinct(ActivityCountry.country_code)))
            .join(Activity, listed)
            .join(ActivityCountry, ActivityCountry.activity_id == Activity.id)
            .group_by(code)
        ).all()
    )
    mandates, silent = _mandates(session)
    sections = {one.id: one.title for one in session.scalars(sa.select(Section))}
    by_chapter: dict[int, list[Covered]] = defaultdict(list)
    for one in session.scalars(sa.select(Recommendation).order_by(Recommendation.position)):
        count, both, since = counts.get(one.code, (0, 0, None))
        by_chapter[one.chapter_number].append(
            Covered(
                one.code,
                one.title,
                sections.get(one.section_id, "") if one.section_id else "",
                count,
                both,
                entities[one.code],
                countries.get(one.code, 0),
                since.year if since else None,
                None if count else _blank(one.code, mandates, silent),
                mandates.get(one.code, []),
            )
        )
    return [
        ChapterCoverage(c.number, ROMAN[c.number], c.title, by_chapter[c.number], _sentence(c, by_chapter[c.number]))
        for c in session.scalars(sa.select(Chapter).order_by(Chapter.number))
    ]


def _mandates(session: Session) -> tuple[dict[str, list[str]], set[str]]:
    """By recommendation the entities that have it in their mandate; and which entities were silent last."""
    found: dict[str, list[str]] = defaultdict(list)
    short = sa.func.coalesce(Organisation.acronym, Organisation.name)
    query = sa.select(Mandate.recommendation_code, short).join(Organisation, Organisation.id == Mandate.entity_id)
    for code, name in session.execute(query.order_by(Organisation.position, short)):
        found[code].append(name)
    month = session.scalar(sa.select(sa.func.max(Cycle.month)))
    answered = sa.select(Answer.entity_id).where(Answer.cycle_month == month, Answer.ended_at.is_(None))
    silent = set(session.scalars(sa.select(short).where(Organisation.is_entity, Organisation.id.not_in(answered))))
    return found, silent


def _blank(code: str, mandates: dict[str, list[str]], silent: set[str]) -> Blank:
    if not mandates:
        return Blank.GAP
    if code not in mandates:
        return Blank.NO_MANDATE
    return Blank.SILENT if silent & set(mandates[code]) else Blank.NONE


def _sentence(chapter: Chapter, found: list[Covered]) -> str:
    """What a coordinator can read out of a chapter."""
    covered = [one for one in found if one.activities]
    entities = list(dict.fromkeys(name for one in covered for name in one.entities))
    if not covered:
        return str(
            _(
                "Chapter %(roman)s: none of its %(all)s recommendations has an activity.",
                roman=ROMAN[chapter.number],
                all=len(found),
            )
        )
    blank = [one.code for one in found if not one.activities]
    without = _("; nothing stands under %(codes)s", codes=", ".join(blank)) if blank else _("; none is left blank")
    return str(
        _(
            "Chapter %(roman)s: %(covered)s of %(all)s recommendations have activities, by %(entities)s%(without)s.",
            roman=ROMAN[chapter.number],
            covered=len(covered),
            all=len(found),
            entities=", ".join(entities) or _("no UN entity named"),
            without=without,
        )
    )
