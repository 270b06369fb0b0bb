"""Questions about events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa
from flask import abort
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption
from werkzeug.datastructures import MultiDict

from interagency.calendar.events.models import (
    Event,
    EventChapter,
    EventKind,
    EventOrganisation,
    EventStatus,
    Segment,
    SegmentDay,
)
from interagency.calendar.events.record import may_edit_event
from interagency.db.base import db
from interagency.db.fulltext import holds
from interagency.matrix.activities.filters import Filters, read_filters, terms_of
from interagency.matrix.activities.queries import MAX_ID, my_entities
from interagency.matrix.organisations.models import Organisation
from interagency.text.languages import commas

NAMES = ("q", "entity", "chapter", "kind", "country", "status", "joint", "mine")


def everything() -> Sequence[ORMOption]:
    """Loading options for all that an event's page, a feed or a workbook row touches."""
    return (
        selectinload(Event.segments).selectinload(Segment.days),
        selectinload(Event.exceptions),
        selectinload(Event.organisations).joinedload(EventOrganisation.organisation),
        selectinload(Event.chapters),
        selectinload(Event.activities),
        selectinload(Event.links),
        selectinload(Event.documents),
        joinedload(Event.country),
        joinedload(Event.series),
        joinedload(Event.parent),
        joinedload(Event.milestone),
    )


def get_event(event_id: int, *, lock: bool = False) -> Event:
    """The event, with everything loaded; 404 when there is none. With `lock` nobody changes it until the commit."""
    if not 0 < event_id <= MAX_ID:
        abort(404)
    query = sa.select(Event).where(Event.id == event_id).options(*everything())
    event = db.session.scalar(query.with_for_update(of=Event) if lock else query)
    if event is None:
        abort(404)
    return event


def get_event_for_edit(event_id: int) -> tuple[Event, list[Organisation]]:
    """The event and the entities of the person who is here. 404 for what is not there, 403 for what is not theirs."""
    event = get_event(event_id)
    mine = my_entities()
    if not may_edit_event(current_user, mine, event):
        abort(403)
    return event, mine


def read_event_filters(session: Session, args: MultiDict[str, str]) -> Filters:
    """The filters of a calendar's query string. Unknown kinds and statuses are told in `problems`."""
    filters = read_filters(session, _without_choices(args), names=NAMES)
    values, problems = dict(filters.values), list(filters.problems)
    choices = {"kind": [k.value for k in EventKind], "status": [s.value for s in EventStatus]}
    for name, valid in choices.items():
        given = list(dict.fromkeys(value for value in args.getlist(name)[:50] if value))
        known = tuple(value for value in given if value in valid)
        if known:
            values[name] = known
        problems += [
            _(
                "“%(text)s” cannot be chosen for “%(field)s”. Choose one of: %(valid)s.",
                text=value[:40],
                field=_("Kind") if name == "kind" else _("Status"),
                valid=commas(valid),
            )
            for value in given
            if value not in valid
        ]
    return Filters(values=values, labels=filters.labels, problems=tuple(problems))


def _without_choices(args: MultiDict[str, str]) -> MultiDict[str, str]:
    return MultiDict([(name, value) for name, value in args.items(multi=True) if name not in ("kind", "status")])


def chapters_wanted(filters: Filters) -> list[int]:
    """The chapters that `filters` ask for. An event has them by its days: `occurrences.parts_about` finds these."""
    return [int(number) for number in filters.get("chapter") if number != "none"]


def has_chapters_by_day() -> sa.ColumnElement[bool]:
    """The condition of events of which some day says which chapter it has."""
    return Event.id.in_(sa.select(Segment.event_id).join(SegmentDay, SegmentDay.segment_id == Segment.id))


def event_conditions(filters: Filters, mine: Iterable[str] = ()) -> list[sa.ColumnElement[bool]]:
    """The conditions on Event that `filters` stand for. `mine` are the keys of the reader's entities."""
    conditions: list[sa.ColumnElement[bool]] = [Event.is_listed.is_(True)]
    if terms := terms_of(filters):
        conditions.append(holds(Event, terms))
    if kinds := filters.get("kind"):
        conditions.append(Event.kind.in_(kinds))
    if statuses := filters.get("status"):
        conditions.append(Event.status.in_(statuses))
    if countries := filters.get("country"):
        conditions.append(Event.country_code.in_(countries))
    if chapters := chapters_wanted(filters):
        about = sa.select(EventChapter.event_id).where(EventChapter.chapter_number.in_(chapters))
        conditions.append(Event.id.in_(about))
    for wanted in (filters.get("entity") or None, tuple(mine) if filters.get("mine") else None):
        if wanted is not None:
            taking_part = (
                sa.select(EventOrganisation.event_id)
                .join(Organisation, Organisation.id == EventOrganisation.organisation_id)
                .where(Organisation.key.in_(wanted))
            )
            conditions.append(Event.id.in_(taking_part))
    if joint := filters.get("joint"):
        several = (
            sa.select(EventOrganisation.event_id)
            .join(Organisation, Organisation.id == EventOrganisation.organisation_id)
            .where(Organisation.is_entity, EventOrganisation.part == "organiser")
            .group_by(EventOrganisation.event_id)
            .having(sa.func.count() > 1)
        )
        if "yes" in joint and "no" not in joint:
            conditions.append(Event.id.in_(several))
        elif "no" in joint and "yes" not in joint:
            conditions.append(Event.id.not_in(several))
    return conditions


def side_events(session: Session, event_id: int) -> list[Event]:
    """The events that take place within another, by their first day."""
    query = sa.select(Event).where(Event.parent_id == event_id, Event.is_listed.is_(True))
    return list(session.scalars(query.order_by(Event.first_day.asc().nulls_last(), Event.id)))


def events_between(
    session: Session, first: date | None, last: date | None, filters: Filters, mine: Iterable[str] = ()
) -> list[Event]:
    """Events that touch the days from `first` to `last` (None: open), in the order of their first day."""
    conditions = event_conditions(filters, mine)
    if first is not None:
        conditions.append(sa.or_(Event.last_day.is_(None), Event.last_day >= first))
    if last is not None:
        conditions.append(sa.or_(Event.first_day.is_(None), Event.first_day <= last))
    query = sa.select(Event).where(*conditions).options(*everything())
    return list(session.scalars(query.order_by(Event.first_day.asc().nulls_last(), Event.id)))
