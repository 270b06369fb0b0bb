"""Errors as programs read them: problem documents (RFC 9457), for every address under /api/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from interagency.web.request_id import request_id

CONTENT_TYPE = "application/problem+json"
PREFIX = "/api/"


class Problem(HTTPException):
    """An answer that is a problem document; `more` are further members of it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Mapping[str, Iterable[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        body = dict(more)
        if errors:
            body["errors"] = [{"field": name, "detail": str(one)} for name, found in errors.items() for one in found]
        super().__init__(detail, problem_response(status, detail, headers=headers, **body))


def is_for_a_program() -> bool:
    """Whether the address that was asked for answers programs."""
    return request.path.startswith(PREFIX)


def problem_response(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """The problem document of a status: what happened and what to do, in `detail`."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": request_id(),
        **more,
    }
    body = json.dumps(document, ensure_ascii=False)
    return Response(body, status, headers=dict(headers or {}), content_type=CONTENT_TYPE)


def errors_of(error: HTTPException) -> dict[str, Any]:
    """The fields that were refused, where what was sent does not fit its description."""
    messages = (getattr(error, "data", None) or {}).get("messages") or {}
    found = [
        {"field": ".".join(path), "detail": text} for place in messages.values() for path, text in _leaves(place, ())
    ]
    return {"errors": found} if found else {}


def _leaves(node: Any, path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], str]]:
    if isinstance(node, Mapping):
        for name, inner in node.items():
            yield from _leaves(inner, (*path, str(name)))
    elif isinstance(node, list):
        for inner in node:
            yield from _leaves(inner, path)
    else:
        yield path, str(node)
