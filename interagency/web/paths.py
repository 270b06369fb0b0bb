"""Addresses that come with a request and that people are sent on to: only paths of this service."""

from __future__ import annotations

from flask import current_app, request, url_for

LONGEST = 1000


def is_internal_path(target: str | None) -> bool:
    """Whether `target` is a path of this service: it leads to no other host, whatever a browser makes of it."""
    return bool(
        target
        and len(target) <= LONGEST
        and target.startswith("/")
        and not target.startswith("//")
        and "\\" not in target
        and not any(ord(character) < 32 or ord(character) == 127 for character in target)
    )


def page_address() -> str:
    """The page of this request, to come back to; the front page where it answers a form and is no page by itself."""
    adapter = current_app.create_url_adapter(request)
    shown = adapter is not None and adapter.test(request.path, method="GET")
    return request.full_path.rstrip("?") if shown else url_for("pages.home")
