"""Giving an application its extensions, access rule, headers, error pages and template filters."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_translations, gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from jinja2.ext import Extension
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError

from interagency.db.base import SAFE_METHODS
from interagency.text.languages import DEFAULT, LANGUAGES
from interagency.web import formats
from interagency.web import request_id as arrivals
from interagency.web.access import required_access
from interagency.web.compression import compress
from interagency.web.context import choose_language, settings, viewer_language, viewer_zone
from interagency.web.errors import (
    _database_error,
    _disk_error,
    _http_error,
    _log_unexpected,
    _no_connection,
    _refusal,
    _unexpected,
    static_error_page,
)
from interagency.web.extensions import babel, csrf, limiter, login_manager
from interagency.web.headers import add_security_headers
from interagency.web.limits import set_size_limits
from interagency.web.paths import page_address
from interagency.web.preserved_form import _csrf_error, _ended
from interagency.web.request_id import is_trusted_host
from interagency.web.signing import SessionInterface


def _require_access() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no such address: the 404 page
    rule = required_access(current_app, request.endpoint)
    if rule in ("public", "token"):
        return None
    if not current_user.is_authenticated:
        if request.method not in SAFE_METHODS:
            return _ended(can_send_again=True)
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    allowed = {
        "signed in": True,
        "coordinator": getattr(current_user, "is_coordinator", False),
        "administrator": getattr(current_user, "is_administrator", False),
    }
    if not allowed[rule]:
        return _refusal(403, gettext("This page is for the %(role)s.", role=f"{rule}s"))
    return None


def _check_host() -> ResponseReturnValue | None:
    if is_trusted_host():
        return None
    message = gettext(
        "The address you used is not the one of this service. Open it at %(address)s. Whoever runs it: "
        "see INTERAGENCY_TRUSTED_HOSTS.",
        address=settings().base_url,
    )
    return static_error_page(gettext("Not this address"), message), 400


_INDENTATION = re.compile(r"\n[ \t]+")


class _Unindented(Extension):
    """Pages with one space for the indentation of their templates: a fifth less of a long table."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _INDENTATION.sub("\n ", source) if (name or "").endswith((".html", ".svg")) else source


def _translations() -> Any:
    """The words of the language that is spoken, looked up once a request: templates ask for them hundreds of times.

    Kept where `force_locale` and `refresh` look.
    """
    state = g.get("_flask_babel")
    found = getattr(state, "babel_translations", None)
    if found is None:
        found = get_translations()
        g._flask_babel.babel_translations = found
    return found


def prepare(app: Flask) -> None:
    """Give `app` its extensions, access rules, headers, error pages and template words."""
    arrivals.prepare(app, app.extensions["interagency_settings"])
    app.before_request(_check_host)
    app.before_request(set_size_limits)  # before anything reads the form, as the check of its token does
    app.session_interface = SessionInterface()
    login_manager.init_app(app)
    login_manager.session_protection = None  # the server knows its sessions
    csrf.init_app(app)
    babel.init_app(app, default_timezone="UTC", locale_selector=choose_language)
    app.jinja_env.add_extension(_Unindented)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda text: _translations().ugettext(text),
        lambda one, several, number: _translations().ungettext(one, several, number),
        newstyle=True,
    )
    limiter.init_app(app)
    app.before_request(_require_access)
    app.after_request(compress)  # the last: those added later go before it
    app.after_request(add_security_headers)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(InternalServerError, _unexpected)
    app.register_error_handler(DBAPIError, _database_error)
    app.register_error_handler(PoolTimeout, _no_connection)
    app.register_error_handler(OSError, _disk_error)
    app.log_exception = _log_unexpected  # type: ignore[method-assign, assignment]
    formats.prepare(app)
    app.jinja_env.globals["viewer_zone_name"] = lambda: viewer_zone().key
    app.jinja_env.globals["viewer_language"] = viewer_language
    app.jinja_env.globals.update(languages=LANGUAGES, default_language=DEFAULT, page_address=page_address)
    app.jinja_env.globals["comma"] = lambda: viewer_language().pause
    app.jinja_env.globals["semicolon"] = lambda: viewer_language().semicolon
    app.jinja_env.globals["is_demonstration"] = lambda: bool(settings().demo_password)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
