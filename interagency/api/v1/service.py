"""The API put together: its parts, its description (OpenAPI 3.1), and the page that shows it."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

from flask import Blueprint, Flask, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_smorest import Api

from interagency.api.v1 import activities, agreement, events, gate, lists, months
from interagency.calendar.events.queries import NAMES as EVENT_NAMES
from interagency.matrix.activities.filters import NAMES
from interagency.web.access import public

TITLE = "Interagency coordination of the follow-up to UNGASS 2016"
PARTS = (activities.bp, events.bp, lists.bp, months.bp, agreement.bp)
bp = Blueprint("api_description", __name__)
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and what to do."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_HEADERS = {
    "If-Match": "The ETag of the record as it was read.",
    "Idempotency-Key": "A key of your own, 1 to 255 signs: the same request sent again does nothing again.",
}


class _Service(Api):  # type: ignore[misc]  # flask-smorest has no types
    """Errors are the application's own, as problem documents; the description is served by us."""

    def _register_error_handlers(self) -> None:
        return


def prepare(app: Flask) -> None:
    """Give `app` the API."""
    for part in PARTS:
        app.register_blueprint(part)
    gate.guard(app, list(PARTS))
    app.register_blueprint(bp)


@cache
def _described() -> Api:
    """The parts with what flask-smorest reads off them: once a process, and only where somebody asks for it."""
    described = Flask(__name__)
    described.config.update(API_TITLE=TITLE, API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    service = _Service(described)
    for part in PARTS:
        service.register_blueprint(part)
    return service


def description(app: Flask) -> dict[str, Any]:
    """The OpenAPI document, with what every operation has in common."""
    document: dict[str, Any] = deepcopy(_described().spec.to_dict())
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "basic": {"type": "http", "scheme": "basic", "description": "The token as the password, any name."},
    }
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    document["security"] = [{"bearer": []}, {"basic": []}]
    document["servers"] = [{"url": app.extensions["interagency_settings"].base_url}]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in document["paths"].values():
        for method, operation in path.items():
            if method not in ("get", "post", "patch", "delete"):
                continue
            answers = operation["responses"]
            answers["default"] = {"description": "A problem document.", "content": problem}
            answers.pop("422", None)
            for code, answer in answers.items():
                if code.startswith("4"):
                    answer["content"] = problem
            _name_headers(method, operation)
    for path, names in (("activities", NAMES), ("events", EVENT_NAMES)):
        document["paths"][f"/api/v1/{path}"]["get"]["parameters"] += [_filter(name) for name in names]
    return document


def _filter(name: str) -> dict[str, Any]:
    """A filter as a parameter: several values are alternatives."""
    words = {"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 50}
    about = "A filter, with the values it has in the addresses of the pages."
    return {"name": name, "in": "query", "required": False, "schema": words, "description": about, "explode": True}


def _name_headers(method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    named = []
    if "428" in answers:
        named.append("If-Match")
    if method == "post" and "201" in answers:
        named.append("Idempotency-Key")
    for name in named:
        one = {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}
        operation.setdefault("parameters", []).append(one | {"description": _HEADERS[name]})


@bp.get("/api/v1/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    """What there is, for programs."""
    return jsonify(description(current_app))


@bp.get("/api/v1/")
def documentation() -> ResponseReturnValue:
    """What there is, for people."""
    document = description(current_app)
    example = f"{document['servers'][0]['url']}/api/v1/activities?entity=who&limit=10"
    return render_template("api/documentation.html", document=document, example=example)
