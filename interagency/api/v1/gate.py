"""Who asks: the token of each request, what it may be used for, and the headers of each answer."""

from __future__ import annotations

import time

from flask import Flask, Response, current_app, g, request
from flask_babel import gettext as _
from flask_smorest import Blueprint

from interagency.accounts.models import AccessToken, Person, Scope, TokenKind
from interagency.accounts.tokens import is_use_to_be_noted, note_use, owner_of
from interagency.db.base import SAFE_METHODS, acquire_write_lock, db, defer_write_lock
from interagency.web.access import required_access, token_only
from interagency.web.context import settings, utc_now
from interagency.web.extensions import csrf, limiter
from interagency.web.problems import Problem

LIMIT = "600 per minute; 20000 per hour"
REALM = 'realm="interagency"'
CHALLENGE = {"WWW-Authenticate": f"Bearer {REALM}, Basic {REALM}"}


def _sent_token() -> str:
    """The token of the request: Bearer, or the password of Basic for programs that know no other."""
    sent = request.authorization
    if sent is None:
        return ""
    return (sent.token if sent.type == "bearer" else sent.password if sent.type == "basic" else "") or ""


def _ask_for_token() -> None:
    if request.endpoint is None or required_access(current_app, request.endpoint) != "token":
        return
    token = _sent_token()
    found = owner_of(db.session, TokenKind.API, token, utc_now()) if token else None
    if found is None:
        raise Problem(401, _("Send a token that lives: Authorization: Bearer …. You make one in your account."),
                      headers=CHALLENGE)  # fmt: skip
    kept, g.token_person = found
    _require_second_factor(g.token_person)
    if is_use_to_be_noted(kept, utc_now()):
        g.api_secret = token
    _require_scope(kept)
    if request.method not in SAFE_METHODS:
        acquire_write_lock()  # not before: who has no right keeps nobody waiting


def _require_second_factor(person: Person) -> None:
    """Where the service asks an office for a second factor, no token gets round setting one up."""
    has_office = person.is_coordinator or person.is_administrator
    if settings().second_factor == "required" and has_office and not person.has_second_factor:
        raise Problem(403, _("Your role needs a second factor here. Sign in and set it up first."))


def _require_scope(kept: AccessToken) -> None:
    scopes = kept.scopes.split()
    if request.method in SAFE_METHODS:
        needed = Scope.READ
    else:
        needed = Scope.COORDINATE if g.token_person.is_coordinator else Scope.WRITE
    if needed not in scopes:
        words = _("This token may not be used for that: it needs the scope “%(scope)s”.", scope=needed.value)
        raise Problem(403, words, headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", {REALM}'})


def _finish(response: Response) -> Response:
    """Say how often one may ask, and note that the token was used."""
    if (limit := limiter.current_limit) is not None:
        response.headers["RateLimit-Limit"] = str(limit.limit.amount)
        response.headers["RateLimit-Remaining"] = str(max(0, limit.remaining))
        response.headers["RateLimit-Reset"] = str(max(0, int(limit.reset_at - time.time())))
    secret = g.pop("api_secret", None)
    if secret is not None:
        note_use(secret)
    return response


def guard(app: Flask, blueprints: list[Blueprint]) -> None:
    """Let nothing of `blueprints` be opened without a token. Call once their routes are registered."""
    for blueprint in blueprints:
        for endpoint, view in app.view_functions.items():
            if endpoint.startswith(f"{blueprint.name}.") and not hasattr(view, "access"):
                token_only(defer_write_lock(view))


def prepare(blueprint: Blueprint) -> None:
    """Give a blueprint of the API its check, its limit, and no check of a form's token: no cookie opens it."""
    blueprint.before_request(_ask_for_token)
    blueprint.after_request(_finish)
    csrf.exempt(blueprint)
    limiter.limit(LIMIT)(blueprint)
