"""Events with their occurrences; made and changed by the rules of the calendar's form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_smorest import Blueprint

from interagency.api.v1 import gate, versions
from interagency.api.v1.answering import answer_of, commit_new, made_before
from interagency.api.v1.event_forms import draft_of_facts
from interagency.api.v1.paging import chosen_names, links, list_page, narrowed, refuse_unreadable
from interagency.api.v1.schemas import EVENT_NAMES, EventChange, EventSchema, ListQuery, One, page_of
from interagency.calendar.events import record
from interagency.calendar.events.cycle_part import entries
from interagency.calendar.events.fields import EMPTY
from interagency.calendar.events.models import Event
from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.calendar.events.queries import NAMES, event_conditions, get_event, read_event_filters
from interagency.db.base import db
from interagency.matrix.activities.queries import MAX_ID, may_add_activities, my_entities
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.cycles.answers import month_being_updated
from interagency.matrix.organisations.models import Organisation
from interagency.web.context import today
from interagency.web.problems import Problem

bp = Blueprint("api_events", __name__, url_prefix="/api/v1/events", description="Events of the joint calendar")
gate.prepare(bp)


def _items(ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    if not ids:
        return
    saved = {one.id: one.updated_at for one in db.session.query(Event.id, Event.updated_at).where(Event.id.in_(ids))}
    for entry in entries(db.session, today(), [Event.id.in_(ids)]):
        days = [StoredOccurrence(*day)._asdict() for day in entry["days"]]
        yield {
            "id": entry["id"],
            "version": entry["version"],
            "updated_at": saved[entry["id"]].isoformat(),
            "joint": entry["joint"],
            "all_chapters": entry["chapters"],
            "uid": entry["uid"],
            "when": entry["when"],
            "occurrences": days,
        } | entry["facts"]


def _tombstone(event: Event) -> dict[str, Any]:
    return {"id": event.id, "version": event.version, "updated_at": event.updated_at.isoformat(), "gone": True}


@bp.route("", methods=["GET"])
@bp.arguments(ListQuery, location="query")
@bp.response(200, page_of(EventSchema, "Events"))
def events(query: dict[str, Any]) -> Any:
    """The events under filters, by number; with `updated_since` by when they were saved.

    Filters have the names of the pages: q, entity, chapter, kind, country, status, joint, mine. Of a repeated event
    the occurrences are those from half a year back to a year ahead.
    """
    filters = read_event_filters(db.session, request.args)
    refuse_unreadable(filters, NAMES)
    query["names"] = chosen_names(query["fields_"], EVENT_NAMES)
    mine = [entity.key for entity in my_entities()]
    page = list_page(db.session, Event, event_conditions(filters, mine), query, _items, _tombstone)
    return page, links(page)


def _found(event_id: int) -> Event:
    if not 0 < event_id <= MAX_ID or db.session.get(Event, event_id) is None:
        raise Problem(404, _("There is no such event."))
    return get_event(event_id)


@bp.route("/<int:event_id>", methods=["GET"])
@bp.arguments(One, location="query")
@bp.response(200, EventSchema)
@bp.alt_response(304, description="Not changed")
def event(query: dict[str, Any], event_id: int) -> Any:
    """One event with its occurrences. Its ETag is its version; what is repeated moves on with the days."""
    names = chosen_names(query["fields_"], EVENT_NAMES)
    found = _found(event_id)
    if not found.rrule and (unchanged := versions.not_modified(found.version)) is not None:
        return unchanged
    item, status, headers = answer_of(_items, event_id)
    return narrowed(item, names), status, headers


def _require_own(draft: Any, mine: list[Organisation]) -> None:
    """422 where a focal point's entity would not organise it."""
    own = {entity.id for entity in mine}
    if not current_user.is_coordinator and not own & {one.id for one in draft.organisers}:
        words = _("Name an entity you speak for among the organisers.")
        raise Problem(422, words, errors={"organisers": [words]})


@bp.route("", methods=["POST"])
@bp.arguments(EventChange)
@bp.response(201, EventSchema)
@bp.alt_response(409, description="The Idempotency-Key was used for something else")
def create(sent: dict[str, Any]) -> Any:
    """A new event. With an `Idempotency-Key` it is made once, however often it is sent."""
    mine = my_entities()
    if not may_add_activities(current_user, mine):
        raise Problem(403, _("Only coordinators and focal points add events."))
    if (earlier := made_before(_items)) is not None:
        return earlier
    draft = draft_of_facts(EMPTY | sent, mine=mine)
    _require_own(draft, mine)
    month = month_being_updated(db.session, [entity.id for entity in mine])
    made = record.create_event(db.session, draft, by=current_user, mine=mine, month=month)
    return commit_new(_items, made.id, url_for("api_events.event", event_id=made.id))


@bp.route("/<int:event_id>", methods=["PATCH"])
@bp.arguments(EventChange)
@bp.response(200, EventSchema)
@bp.alt_response(412, description="Saved by somebody else since it was read: both versions")
@bp.alt_response(428, description="Without If-Match")
def change(sent: dict[str, Any], event_id: int) -> Any:
    """Change the members that are sent; the others stay as they are. Needs If-Match."""
    found, mine = _found(event_id), my_entities()
    if not record.may_edit_event(current_user, mine, found):
        raise Problem(403, _("This event belongs to its organisers; they change it, or a coordinator."))
    stands = record.facts(found)
    version = versions.version_read(found.version, stands)
    draft = draft_of_facts(stands | sent, event=found, mine=mine)
    _require_own(draft, mine)
    month = month_being_updated(db.session, [entity.id for entity in mine])
    try:
        record.save_event(db.session, found, draft, version=version, by=current_user, mine=mine, month=month)
    except StaleVersionError:
        db.session.rollback()
        theirs = get_event(event_id)
        versions.raise_stale(theirs.version, record.facts(theirs))
    db.session.commit()
    return answer_of(_items, event_id)
