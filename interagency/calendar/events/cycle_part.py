"""The calendar's part in the monthly cycle: events are confirmed by their entities and frozen in editions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import url_for
from sqlalchemy.orm import Session

from interagency.calendar.events.fields import EMPTY, facts, labels, say
from interagency.calendar.events.models import Event, EventOrganisation, EventStatus, Part
from interagency.calendar.events.occurrences import (
    StoredOccurrence,
    all_occurrences,
    format_days,
    stored,
    stored_without_date,
)
from interagency.calendar.events.queries import everything
from interagency.calendar.events.reader import read_events
from interagency.matrix.cycles.confirming import Confirmed, confirm_links, restore_links
from interagency.registry import CyclePart, MonthRow
from interagency.web.context import viewer_zone

NAME = "event"
LIVE = (EventStatus.TENTATIVE, EventStatus.CONFIRMED, EventStatus.POSTPONED)
BACK, AHEAD = timedelta(days=183), timedelta(days=366)


def _organised(entity_id: int) -> list[sa.ColumnElement[bool]]:
    return [
        EventOrganisation.event_id == Event.id,
        *_links_of(entity_id),
        Event.is_listed.is_(True),
        Event.status.in_(LIVE),
    ]


def ids(entity_id: int) -> sa.Select[int]:
    """The events the entity organises, held and cancelled ones too."""
    return sa.select(EventOrganisation.event_id).where(*_links_of(entity_id))


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
            when=format_days(event, viewer_zone()),
            confirmed_month=month,
            version=event.version,
            is_joint=event.is_joint,
        )
        for event, month in session.execute(query).unique()
    ]


def confirm(session: Session, entity_id: int, month: str, ids: Collection[int] | None) -> Confirmed:
    """Note that the entity confirms the events it organises (those in `ids`, or all) for `month`."""
    live = sa.select(Event.id).where(Event.is_listed.is_(True), Event.status.in_(LIVE))
    conditions = [*_links_of(entity_id), EventOrganisation.event_id.in_(live)]
    return confirm_links(session, EventOrganisation, EventOrganisation.event_id, conditions, month, ids)


def restore(session: Session, entity_id: int, month: str, before: Mapping[int, str | None]) -> int:
    """Take back what `confirm` noted for `month`."""
    conditions = _links_of(entity_id)
    return restore_links(session, EventOrganisation, EventOrganisation.event_id, conditions, month, before)


def _links_of(entity_id: int) -> list[sa.ColumnElement[bool]]:
    return [EventOrganisation.organisation_id == entity_id, EventOrganisation.part == Part.ORGANISER]


def entries(
    session: Session,
    day: date,
    conditions: Sequence[sa.ColumnElement[bool]] = (Event.is_listed.is_(True),),
    chapters: Collection[int] = (),
) -> list[dict[str, Any]]:
    """Every event under `conditions` as an edition of `day` keeps it, by id.

    `days` are its days in words and as dates; of a repeated event those from half a year back to a year ahead; where
    `chapters` are asked for, those that are about one of them.
    """
    return [_entry(event, day, chapters) for event in read_events(session, conditions)]


def _days(event: Event, day: date, chapters: Collection[int]) -> list[StoredOccurrence]:
    """Each occurrence, as an edition keeps it: in JSON a list of its values."""
    if not event.segments:
        return [stored_without_date(event)]
    first, last = (day - BACK, day + AHEAD) if event.rrule else (date(1900, 1, 1), date(2199, 12, 31))
    return [stored(occurrence) for occurrence in all_occurrences([event], first, last, chapters)]


def _entry(event: Event, day: date, chapters: Collection[int]) -> dict[str, Any]:
    return {
        "id": event.id,
        "uid": event.uid,
        "version": event.version,
        "sequence": event.sequence,
        "joint": event.is_joint,
        "chapters": [link.chapter_number for link in event.chapters],
        "when": format_days(event),
        "days": _days(event, day, chapters),
        "first": event.first_day.isoformat() if event.first_day else None,
        "last": event.last_day.isoformat() if event.last_day else None,
        "facts": facts(event),
    }


CYCLE_PART = CyclePart(
    name=NAME,
    ids=ids,
    rows=rows,
    confirm=confirm,
    restore=restore,
    entries=entries,
    empty=EMPTY,
    labels=labels,
    say=say,
)
