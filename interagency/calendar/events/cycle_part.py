"""The calendar's part in the monthly cycle: events are confirmed by their entities and frozen in editions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import Session

from interagency.calendar.events.fields import EMPTY, facts, labels, say
from interagency.calendar.events.models import Event, EventOrganisation, EventStatus, Part
from interagency.calendar.events.occurrences import StoredOccurrence, format_days, occurrences, stored
from interagency.calendar.events.queries import everything
from interagency.calendar.events.reader import read_events
from interagency.registry import CyclePart, MonthRow

NAME = "event"
LIVE = (EventStatus.TENTATIVE, EventStatus.CONFIRMED, EventStatus.POSTPONED)
BACK, AHEAD = timedelta(days=183), timedelta(days=366)


def _organised(entity_id: int) -> list[sa.ColumnElement[bool]]:
    return [
        EventOrganisation.event_id == Event.id,
        EventOrganisation.organisation_id == entity_id,
        EventOrganisation.part == Part.ORGANISER,
        Event.is_listed.is_(True),
        Event.status.in_(LIVE),
    ]


def ids(entity_id: int) -> sa.Select[int]:
    """The events the entity organises, held and cancelled ones too."""
    return sa.select(EventOrganisation.event_id).where(
        EventOrganisation.organisation_id == entity_id, EventOrganisation.part == Part.ORGANISER
    )


def rows(session: Session, entity_id: int) -> list[MonthRow]:
    """The events the entity organises that are neither held nor cancelled, by their first day."""
    query = (
        sa.select(Event, EventOrganisation.confirmed_month)
        .where(*_organised(entity_id))
        .options(*everything())
        .order_by(Event.first_day.asc().nulls_last(), Event.id)
    )
    return [
        MonthRow(
            id=event.id,
            title=event.title,
            address=url_for("calendar.event", event_id=event.id),
            edit_address=url_for("calendar.edit", event_id=event.id),
            status=event.status.value,
            when=format_days(event),
            confirmed_month=month,
            version=event.version,
            is_joint=event.is_joint,
        )
        for event, month in session.execute(query).unique()
    ]


def confirm(session: Session, entity_id: int, month: str, ids: Collection[int] | None) -> int:
    """Note that the entity confirms the events it organises (those in `ids`, or all) for `month`."""
    live = sa.select(Event.id).where(Event.is_listed.is_(True), Event.status.in_(LIVE))
    statement = (
        sa.update(EventOrganisation)
        .where(
            EventOrganisation.organisation_id == entity_id,
            EventOrganisation.part == Part.ORGANISER,
            EventOrganisation.event_id.in_(live if ids is None else live.where(Event.id.in_(list(ids)))),
            sa.or_(EventOrganisation.confirmed_month.is_(None), EventOrganisation.confirmed_month < month),
        )
        .values(confirmed_month=month)
        .execution_options(synchronize_session=False)
    )
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def entries(
    session: Session, day: date, conditions: Sequence[sa.ColumnElement[bool]] = (Event.is_listed.is_(True),)
) -> list[dict[str, Any]]:
    """Every event under `conditions` as an edition of `day` keeps it, by id.

    `days` are its days in words and as dates; of a repeated event those from half a year back to a year ahead.
    """
    return [_entry(event, day) for event in read_events(session, conditions)]


def _days(event: Event, day: date) -> list[StoredOccurrence]:
    """Each occurrence, as an edition keeps it: in JSON a list of its values."""
    first, last = (day - BACK, day + AHEAD) if event.rrule else (date(1900, 1, 1), date(2199, 12, 31))
    return [stored(occurrence) for occurrence in occurrences(event, first, last)]


def _entry(event: Event, day: date) -> dict[str, Any]:
    return {
        "id": event.id,
        "uid": event.uid,
        "version": event.version,
        "sequence": event.sequence,
        "joint": event.is_joint,
        "chapters": [link.chapter_number for link in event.chapters],
        "when": format_days(event),
        "days": _days(event, day),
        "first": event.first_day.isoformat() if event.first_day else None,
        "last": event.last_day.isoformat() if event.last_day else None,
        "facts": facts(event),
    }


CYCLE_PART = CyclePart(
    name=NAME, ids=ids, rows=rows, confirm=confirm, entries=entries, empty=EMPTY, labels=labels, say=say
)
