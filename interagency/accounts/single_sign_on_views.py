"""The way out to the provider of single sign-on, and the way back."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

from flask import Blueprint, Flask, redirect, request, session, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.accounts import single_sign_on
from interagency.accounts.single_sign_on import Identity, SignInRefusedError
from interagency.accounts.views import log_in, safe_next_url
from interagency.db.base import db, start_write_transaction
from interagency.db.history import audit
from interagency.web.access import public
from interagency.web.context import settings
from interagency.web.errors import refuse
from interagency.web.extensions import limiter

log = logging.getLogger("interagency")
bp = Blueprint("single_sign_on", __name__)
LIMIT = "20 per minute; 200 per hour"
TARGET = "single_sign_on_target"


@bp.record
def _prepare(state: BlueprintSetupState) -> None:
    assert isinstance(state.app, Flask)
    single_sign_on.prepare(state.app, state.app.extensions["interagency_settings"])


@bp.app_context_processor
def _button() -> dict[str, Any]:
    """The name on the button of the sign-in page, where there is a provider."""
    return {"single_sign_on": settings().oidc_name if settings().oidc_issuer else ""}


def _only_where_set() -> None:
    if not settings().oidc_issuer:
        refuse(404, _("This service has no single sign-on. Sign in with address and password."))


def _no_answer(problem: Exception) -> NoReturn:
    log.warning("single sign-on: %s: %s", problem.__class__.__name__, problem)
    message = _(
        "%(name)s does not answer as it should at the moment; your account here is as it was. Try again in a few "
        "minutes, or sign in with address and password.",
        name=settings().oidc_name,
    )
    refuse(503, message)


@bp.get("/sign-in/organisation")
@public
@limiter.limit(LIMIT)
def leave() -> ResponseReturnValue:
    """Go to the provider."""
    _only_where_set()
    target = safe_next_url(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    # One way out at a time: the cookie does not grow with each.
    for key in [key for key in session if key.startswith("_state_")]:
        session.pop(key)
    session[TARGET] = target
    address = settings().base_url + url_for("single_sign_on.back")
    try:
        way: ResponseReturnValue = single_sign_on.client().authorize_redirect(address)
    except Exception as problem:  # whatever a stranger's server answers ends in words
        _no_answer(problem)
    return way


@bp.get("/sign-in/organisation/back")
@public
@limiter.limit(LIMIT)
def back() -> ResponseReturnValue:
    """Come back from the provider: check what it says, and let in who was invited. Writes, though a GET."""
    _only_where_set()
    comer = _fetch_identity()
    target = session.pop(TARGET, None)
    start_write_transaction()
    try:
        person = single_sign_on.person_of(comer)
    except SignInRefusedError as problem:
        db.session.rollback()
        audit(db.session, "sign_in.refused", way="single sign-on", why=problem.act)
        db.session.commit()
        refuse(403, str(problem))
    next_address = log_in(person, safe_next_url(target), way="single sign-on", second_factor=comer.second_factor)
    db.session.commit()
    return redirect(next_address)


def _fetch_identity() -> Identity:
    # Imported here, so that a service without single sign-on need not load them.
    import requests
    from authlib.integrations.base_client import MismatchingStateError  # type: ignore[import-untyped]

    name = settings().oidc_name
    try:
        client = single_sign_on.client()
        return single_sign_on.identity_from_claims(client.authorize_access_token())
    except MismatchingStateError:
        refuse(400, _("This sign-in was begun in another browser, or too long ago. Begin again on the sign-in page."))
    except (requests.RequestException, ValueError) as problem:
        _no_answer(problem)
    except Exception as problem:  # whatever a stranger's server answers ends in words
        log.warning("single sign-on: %s: %s", problem.__class__.__name__, problem)
    if request.args.get("error") == "access_denied":
        refuse(403, _("%(name)s was asked not to let you in here. Begin again, or use your password.", name=name))
    refuse(400, _("%(name)s did not complete the sign-in. Begin again on the sign-in page.", name=name))
