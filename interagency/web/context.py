"""The settings, the clock, and the reader's time zone and language of the running application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, has_request_context, request
from flask_login import current_user
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from interagency.db.base import now
from interagency.settings import Settings
from interagency.text.languages import BY_CODE, DEFAULT, best_language
from interagency.text.languages import viewer_language as viewer_language  # noqa: PLC0414 (the reader's, beside the zone)
from interagency.web.access import required_access
from interagency.web.problems import is_for_a_program


def settings() -> Settings:
    """The settings of the running application."""
    kept: Settings = current_app.extensions["interagency_settings"]
    return kept


def viewer_zone() -> ZoneInfo:
    """The zone times are shown in: the reader's own, or the service's."""
    chosen = getattr(current_user, "timezone", "") if current_user else ""
    return ZoneInfo(chosen) if chosen else settings().zone


def language_cookie() -> str:
    """The name of the cookie that holds the language chosen on this device."""
    return "__Host-language" if settings().secure_cookies else "language"


def choose_language() -> str:
    """The code of the language a request is answered in: the account's, else the one chosen on this device, else the
    browser's. Programs and what runs outside a request are answered in English.
    """
    if not has_request_context() or (is_for_a_program() and not _is_page()):
        return DEFAULT
    chosen = _language_of_account() or request.cookies.get(language_cookie(), "")
    return chosen if chosen in BY_CODE else best_language(request.headers.get("Accept-Language", ""))


def _is_page() -> bool:
    """Whether what was asked for is read by people who are signed in, though it stands among what programs read."""
    return request.endpoint is not None and required_access(current_app, request.endpoint) == "signed in"


def _language_of_account() -> str:
    """Empty for nobody, by the browser, and where the database has just failed or nobody is to wait for it."""
    if "asks_nobody" in g and "_login_user" not in g:
        return ""
    try:
        return getattr(current_user, "language", "") if current_user else ""
    except (DBAPIError, PoolTimeout):
        return ""


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
