"""What the form of an event reads while one types: suggestions, and the clock of a place."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event, EventSeries
from interagency.calendar.pages.blueprint import bp
from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from interagency.text.folding import clean
from interagency.text.zones import is_known_zone, zone_named, zones_by_city

MAX_CITY_LENGTH = 200
MAX_ACTIVITIES, MAX_EVENTS = 300, 200


def _activities(session: Session) -> list[str]:
    """Those that changed last: those of the organisers' entities would be too few, all too many."""
    query = sa.select(Activity.id, Activity.title).where(Activity.is_listed)
    rows = session.execute(query.order_by(Activity.updated_at.desc(), Activity.id.desc()).limit(MAX_ACTIVITIES))
    return [f"{number}: {title}" for number, title in rows]


def _events(session: Session) -> list[str]:
    """Sessions and other events that could hold a side event, the latest first."""
    query = sa.select(Event.id, Event.title).where(Event.is_listed)
    rows = session.execute(query.order_by(Event.first_day.desc().nulls_last(), Event.id).limit(MAX_EVENTS))
    return [f"{number}: {title}" for number, title in rows]


def _series(session: Session) -> list[str]:
    return list(session.scalars(sa.select(EventSeries.title).order_by(EventSeries.title)))


SUGGESTIONS: dict[str, Callable[[Session], list[str]]] = {
    "activities": _activities,
    "events": _events,
    "series": _series,
    "zones": lambda _session: list(zones_by_city()),
}


@bp.get("/events/suggestions/<name>.json")
def suggestions(name: str) -> ResponseReturnValue:
    """The lines that an input of the form suggests."""
    if name not in SUGGESTIONS:
        abort(404)
    response = jsonify(SUGGESTIONS[name](db.session))
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


@bp.get("/events/zone")
def zone_of_city() -> ResponseReturnValue:
    """The time zone that a city names (`Asia/Bangkok`), or nothing."""
    found = zone_named(clean(request.args.get("city", ""), lines=False)[:MAX_CITY_LENGTH])
    return jsonify(zone=found if found and is_known_zone(found) else "")
