"""What the form of an event reads while one types: suggestions, and the clock of a place."""

from __future__ import annotations

from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue

from interagency.calendar.events.suggestions import SUGGESTIONS
from interagency.calendar.pages.blueprint import bp
from interagency.db.base import db
from interagency.text.folding import clean
from interagency.text.zones import is_known_zone, zone_named

LONGEST_CITY = 200


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
    found = zone_named(clean(request.args.get("city", ""), lines=False)[:LONGEST_CITY])
    return jsonify(zone=found if found and is_known_zone(found) else "")
