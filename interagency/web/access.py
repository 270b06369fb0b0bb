"""Who may open a view: signed-in people, unless it says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view as open to everybody."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def coordinators_only(view: View) -> View:
    """Mark a view as for coordinators only."""
    view.access = "coordinator"  # type: ignore[attr-defined]
    return view


def administrators_only(view: View) -> View:
    """Mark a view as for administrators only."""
    view.access = "administrator"  # type: ignore[attr-defined]
    return view


def token_only(view: View) -> View:
    """Mark a view of the API: its own check asks for a token, and a session opens it not."""
    view.access = "token"  # type: ignore[attr-defined]
    return view


def required_access(app: Flask, endpoint: str) -> str:
    """Who may open `endpoint`: public, token, signed in, coordinator or administrator."""
    return getattr(app.view_functions[endpoint], "access", "public" if endpoint == "static" else "signed in")
