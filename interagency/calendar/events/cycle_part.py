"""The calendar's part in the monthly cycle: events are confirmed by their entities and frozen in editions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.fields import EMPTY, KIND_LABELS, STATUS_LABELS, facts, labels, say
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
from interagency.calendar.events.record import draft_of, may_edit_event, save_event
from interagency.db.fulltext import holds
from interagency.matrix.activities.state.light import has_ended, is_stale
from interagency.matrix.cycles.confirming import Confirmed, confirm_links, restore_links
from interagency.matrix.cycles.month.reasons import Reason, which_hold
from interagency.matrix.organisations.models import Organisation
from interagency.registry import CyclePart, MonthRecord, MonthRow
from interagency.text.languages import DEFAULT
from interagency.web.context import viewer_zone

NAME = "event"
LIVE = (EventStatus.TENTATIVE, EventStatus.CONFIRMED, EventStatus.POSTPONED)
BACK, AHEAD = timedelta(days=183), timedelta(days=366)


def _organised(entity_id: int) -> list[sa.ColumnElement[bool]]:
    return [
        EventOrganisation.event_id == Event.id,
        *_links_of(entity_id),
        Event.is_listed.is_(True),
    ]


def ids(entity_id: int) -> sa.Select[int]:
    """The events the entity organises, held and cancelled ones too."""
    return sa.select(EventOrganisation.event_id).where(*_links_of(entity_id))


def records(session: Session, entity_id: int, month: str, day: date, terms: tuple[str, ...] = ()) -> list[MonthRecord]:
    """The events the entity organises that are neither held nor cancelled, and those that came to be so while they were
    confirmed for this month; by their first day."""
    noticed = {
        Reason.ENDED: has_ended(Event.status, LIVE, Event.last_day, day),
        Reason.STALE: is_stale(EventOrganisation, Event.created_at, month),
    }
    query = (
        sa.select(
            Event.id,
            Event.version,
            Event.title,
            Event.status,
            EventOrganisation.confirmed_month,
            holds(Event, terms) if terms else sa.true(),
            *noticed.values(),
        )
        .where(
            *_organised(entity_id),
            sa.or_(Event.status.in_(LIVE), EventOrganisation.confirmed_month >= month),
        )
        .order_by(Event.first_day.asc().nulls_last(), Event.id)
    )
    return [
        MonthRecord(
            NAME, number, version, title, status.value, confirmed,
            which_hold(noticed, found) if any(found) else (), bool(matches),
        )
        for number, version, title, status, confirmed, matches, *found in session.execute(query)
    ]  # fmt: skip


def rows(session: Session, ids: Collection[int]) -> dict[int, MonthRow]:
    """Some events by id, with all that their rows in a month show."""
    query = sa.select(Event).where(Event.id.in_(list(ids))).options(*everything())
    return {event.id: _row(event) for event in session.scalars(query).unique()}


def _row(event: Event) -> MonthRow:
    details = [
        (_("Kind"), [KIND_LABELS[event.kind]]),
        (_("Place"), [event.place] if event.place else []),
        (_("Organisers"), [one.short for one in event.organisers]),
        (_("Activities"), [one.title for one in event.activities]),
    ]
    when = format_days(event, viewer_zone())
    return MonthRow(
        id=event.id,
        title=event.title,
        address=url_for("calendar.event", event_id=event.id),
        edit_address=url_for("calendar.edit", event_id=event.id),
        status=event.status.value,
        when=when,
        # An event that is not expressly confirmed is told from one that is; "confirmed" is said of the month here.
        status_label="" if event.status is EventStatus.CONFIRMED else str(STATUS_LABELS[event.status]),
        ends=when,
        overdue=str(_("Was due %(when)s, and is not said to have been held", when=when)),
        is_joint=event.is_joint,
        description=event.description,
        details=[(str(heading), [str(line) for line in lines]) for heading, lines in details if lines],
    )


def over_label() -> str:
    return str(_("It was held"))


def say_over(
    session: Session, event_id: int, version: int, by: Person, mine: Sequence[Organisation], month: str | None
) -> str:
    """Have `by`, who speaks for the entities `mine`, say that an event whose days have passed was held."""
    event = session.scalar(sa.select(Event).where(Event.id == event_id).options(*everything()))
    if event is None or event.status not in LIVE or not may_edit_event(by, mine, event):
        raise LookupError
    draft = draft_of(event)
    draft.status = EventStatus.HELD
    save_event(session, event, draft, version=version, by=by, mine=mine, month=month)
    return event.title


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
    with force_locale(DEFAULT):  # what is kept is said again in the language it is asked in
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
    records=records,
    rows=rows,
    say_over=say_over,
    over_label=over_label,
    confirm=confirm,
    restore=restore,
    entries=entries,
    empty=EMPTY,
    labels=labels,
    say=say,
)
