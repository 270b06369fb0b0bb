"""Activities and events by their words, best first."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from interagency.calendar.events.models import Event, Segment
from interagency.db.fulltext import count, ranked_ids
from interagency.matrix.activities.fields import STATUS_LABELS
from interagency.matrix.activities.models import Activity, ActivityEntity
from interagency.search.marks import excerpt
from interagency.search.results import Group, Hit, Question
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.languages import commas, semicolons

# Where the words that find an activity are looked for, beside title, roles and source.
_WHY = ("description", "results", "lessons", "city")


def activities(session: Session, question: Question, limit: int, *, counted: bool = True) -> Group:
    """Listed activities that hold every word: first those whose title does, then the others; newest change first."""
    ids = ranked_ids(session, Activity, question.terms, limit)
    query = sa.select(Activity).where(Activity.id.in_(ids)).options(
        selectinload(Activity.entities).joinedload(ActivityEntity.entity)
    )  # fmt: skip
    found = {one.id: one for one in session.scalars(query)}
    hits = [_activity_hit(found[one], question) for one in ids if one in found]
    return Group("activities", hits, count(session, Activity, question.terms) if counted else None)


def _activity_hit(activity: Activity, question: Question) -> Hit:
    said = [
        commas(part.entity.short for part in activity.taking_part),
        str(STATUS_LABELS[activity.status]),
        words_between(activity.start, activity.end, short=True) if activity.start or activity.end else "",
    ]
    roles = [part.role for part in activity.entities]
    return Hit(
        str(activity.id), activity.title, " · ".join(one for one in said if one),
        _why([*(getattr(activity, name) for name in _WHY), *roles, activity.source], question),
    )  # fmt: skip


def events(session: Session, question: Question, limit: int, *, counted: bool = True) -> Group:
    """Listed events that hold every word: first those whose title does, then the others; the latest first."""
    ids = ranked_ids(session, Event, question.terms, limit)
    query = sa.select(Event).where(Event.id.in_(ids)).options(selectinload(Event.segments), joinedload(Event.country))
    found = {one.id: one for one in session.scalars(query)}
    hits = [_event_hit(found[one], question) for one in ids if one in found]
    return Group("events", hits, count(session, Event, question.terms) if counted else None)


def _event_hit(event: Event, question: Question) -> Hit:
    said = [semicolons(_days(segment) for segment in event.segments[:3]), event.place]
    why = _why([event.description, event.source], question)
    return Hit(str(event.id), event.title, " · ".join(one for one in said if one), why)


def _days(segment: Segment) -> str:
    start: ImpreciseDate | None = segment.start
    return words_between(start, segment.end, short=True)


def _why(texts: list[str], question: Question) -> str:
    """The first piece of text in which a word stands that was looked for."""
    pieces: Any = (excerpt(text, question.terms) for text in texts)
    return next((piece for piece in pieces if piece), "")
