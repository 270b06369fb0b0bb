"""The headers of every answer."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request
from werkzeug.wrappers import Response

from interagency.settings import Settings
from interagency.web.context import settings

YEAR_SECONDS = 365 * 24 * 3600
NOT_CACHED = "private, no-store"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def framed_by(response: Response, sites: Sequence[str]) -> Response:
    """Let these sites (origins, such as `https://www.example.org`) and no other show a page without script in a frame.

    X-Frame-Options knows no list of sites: it is left out where a page has a policy of its own.
    """
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {' '.join(sites)}"
    )
    return response


def security_headers(chosen: Settings) -> dict[str, str]:
    """The headers of every answer; behind TLS they say that it stays so."""
    if not chosen.base_url.startswith("https://"):
        return HEADERS
    return HEADERS | {"Strict-Transport-Security": f"max-age={YEAR_SECONDS}; includeSubDomains"}


def add_security_headers(response: Response) -> Response:
    has_own_policy = "Content-Security-Policy" in response.headers
    for name, value in security_headers(settings()).items():
        if not (has_own_policy and name == "X-Frame-Options"):
            response.headers.setdefault(name, value)
    if request.endpoint != "static" and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = NOT_CACHED
    return response
