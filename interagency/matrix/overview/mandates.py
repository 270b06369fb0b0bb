"""Mandates: which recommendations an entity says fall within its mandate, whether or not it has an activity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation, activity_recommendation
from interagency.matrix.framework.models import Chapter, Recommendation, Section
from interagency.matrix.framework.titles import name_of, spoken
from interagency.matrix.organisations.models import Mandate, Organisation


@dataclass(frozen=True, slots=True)
class Declaration:
    """One recommendation: whether the entity declares it, how many activities it has on it, who else declares it."""

    code: str
    title: str
    declared: bool
    activities: int
    others: list[str]


@dataclass(frozen=True, slots=True)
class SectionDeclarations:
    """A section of a chapter, with `title` empty for recommendations of no section."""

    title: str
    recommendations: list[Declaration]


@dataclass(frozen=True, slots=True)
class ChapterDeclarations:
    """A chapter with its sections in order."""

    chapter: Chapter
    sections: list[SectionDeclarations]

    @property
    def declared(self) -> int:
        return sum(one.declared for section in self.sections for one in section.recommendations)

    @property
    def all(self) -> int:
        return sum(len(section.recommendations) for section in self.sections)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save did: the codes added and removed, and those another person changed since the page was opened."""

    added: list[str]
    removed: list[str]
    meanwhile: list[str]
    total: int


def declared_codes(session: Session, entity: Organisation) -> set[str]:
    """What the entity has declared."""
    return set(session.scalars(sa.select(Mandate.recommendation_code).where(Mandate.entity_id == entity.id)))


def declarations(session: Session, entity: Organisation) -> list[ChapterDeclarations]:
    """All 103 recommendations by chapter and section, for the entity's page, in a fixed number of statements."""
    declared = declared_codes(session, entity)
    others: dict[str, list[str]] = defaultdict(list)
    short = sa.func.coalesce(Organisation.acronym, Organisation.name)
    query = sa.select(Mandate.recommendation_code, short).join(Organisation, Organisation.id == Mandate.entity_id)
    for code, name in session.execute(query.where(Mandate.entity_id != entity.id).order_by(Organisation.position)):
        others[code].append(spoken().called(name))
    own = _own_activities(session, entity)
    titles = {one.id: name_of(one) for one in session.scalars(sa.select(Section))}
    by_chapter: dict[int, list[SectionDeclarations]] = defaultdict(list)
    for one in session.scalars(sa.select(Recommendation).order_by(Recommendation.position)):
        sections = by_chapter[one.chapter_number]
        title = titles[one.section_id] if one.section_id else ""
        if not sections or sections[-1].title != title:
            sections.append(SectionDeclarations(title, []))
        sections[-1].recommendations.append(
            Declaration(one.code, name_of(one), one.code in declared, own.get(one.code, 0), others[one.code])
        )
    chapters = session.scalars(sa.select(Chapter).order_by(Chapter.number))
    return [ChapterDeclarations(chapter, by_chapter[chapter.number]) for chapter in chapters]


def _own_activities(session: Session, entity: Organisation) -> dict[str, int]:
    link = activity_recommendation
    query = (
        sa.select(link.c.recommendation_code, sa.func.count())
        .join(Activity, Activity.id == link.c.activity_id)
        .join(ActivityEntity, ActivityEntity.activity_id == Activity.id)
        .where(
            Activity.is_listed,
            ActivityEntity.entity_id == entity.id,
            ActivityEntity.participation != Participation.DECLINED,
        )
        .group_by(link.c.recommendation_code)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def declare(
    session: Session,
    entity: Organisation,
    wanted: Iterable[str],
    seen: Iterable[str] | None,
    *,
    by: Person,
    at: datetime,
) -> Saved:
    """Bring the entity's mandate to what a person ticked, and keep what another person changed meanwhile.

    `seen` are the codes that were ticked when the person opened the page (None: what stands now); only what they
    themselves ticked or cleared since is done. The change stands in the audit log. Does not commit.
    """
    # One at a time for each entity: two saves at once would both add the same row.
    session.execute(sa.select(Organisation.id).where(Organisation.id == entity.id).with_for_update(key_share=True))
    standing = declared_codes(session, entity)
    wanted, before = set(wanted), standing if seen is None else set(seen)
    added, removed = (wanted - before) - standing, (before - wanted) & standing
    if removed:
        gone = sa.delete(Mandate).where(Mandate.entity_id == entity.id, Mandate.recommendation_code.in_(removed))
        session.execute(gone)
    session.add_all(
        Mandate(entity_id=entity.id, recommendation_code=code, declared_by_id=by.id, declared_at=at)
        for code in sorted(added)
    )
    if added or removed:
        audit(
            session, "mandate.declared", by=by, entity=entity.key, added=sorted(added), removed=sorted(removed)
        )  # fmt: skip
    return Saved(sorted(added), sorted(removed), sorted(standing ^ before), len((standing | added) - removed))
