"""The settings, the clock and the reader's time zone of the running application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from flask_login import current_user

from interagency.db.base import now
from interagency.settings import Settings


def settings() -> Settings:
    """The settings of the running application."""
    kept: Settings = current_app.extensions["interagency_settings"]
    return kept


def viewer_zone() -> ZoneInfo:
    """The zone times are shown in: the reader's own, or the service's."""
    chosen = getattr(current_user, "timezone", "") if current_user else ""
    return ZoneInfo(chosen) if chosen else settings().zone


def utc_now() -> datetime:
    """This instant, in UTC, whole seconds. Tests set another clock as CLOCK in the configuration."""
    return utc_now_of(current_app)


def utc_now_of(app: Flask) -> datetime:
    """The same where no request is."""
    override: Callable[[], datetime] | None = app.config.get("CLOCK")
    return override().astimezone(UTC) if override else now()


def today() -> date:
    """Today where the service is: what rights and due dates go by."""
    return utc_now().astimezone(settings().zone).date()
