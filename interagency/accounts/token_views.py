"""A person's tokens of the API: made, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from interagency.accounts.models import Scope, TokenKind
from interagency.accounts.tokens import make_token, owner_of, revoke_token, tokens_of
from interagency.db.base import db
from interagency.text.folding import clean
from interagency.web.context import utc_now
from interagency.web.idempotency import derived_secret, idempotent, record_redirect

bp = Blueprint("tokens", __name__)
LABEL_LENGTH = 100
DAYS = (30, 90, 365)
SCOPE_LABELS = {
    Scope.READ: _l("Read what I may read"),
    Scope.WRITE: _l("Write what is my entities': records, confirmations, answers, agreement"),
    Scope.COORDINATE: _l("Write as a coordinator"),
}


def offered_scopes() -> list[Scope]:
    """What a token of the person who is here may be used for."""
    return [scope for scope in Scope if scope is not Scope.COORDINATE or current_user.is_coordinator]


def _page(*, made: str = "", error: str = "", code: int = 200) -> ResponseReturnValue:
    page = render_template(
        "accounts/tokens.html", rows=tokens_of(db.session, TokenKind.API, current_user), made=made, error=error,
        scopes=[(one, SCOPE_LABELS[one]) for one in offered_scopes()], labels=SCOPE_LABELS, days=DAYS, now=utc_now(),
        typed=request.form,
    )  # fmt: skip
    return page, code


@bp.get("/account/tokens")
def tokens() -> ResponseReturnValue:
    """One's tokens, and the form that makes one."""
    return _page()


def _shown_again() -> ResponseReturnValue | None:
    """The token that this form made, for who sent it twice and saw the second answer only."""
    token = derived_secret()
    return _page(made=token) if owner_of(db.session, TokenKind.API, token, utc_now()) else None


@bp.post("/account/tokens")
@idempotent(_shown_again)
def tokens_post() -> ResponseReturnValue:
    """A new token, shown once."""
    label = clean(request.form.get("label", ""), lines=False)[:LABEL_LENGTH]
    chosen = [scope for scope in offered_scopes() if scope.value in request.form.getlist("scope")]
    days = request.form.get("days", DAYS[1], type=int)
    if not label:
        return _page(error=_("Write what it is for, so that you know later which one it is."), code=422)
    if not chosen or days not in DAYS:
        return _page(error=_("Choose what it may be used for, and for how long."), code=422)
    until = utc_now() + timedelta(days=days)
    _kept, token = make_token(
        db.session, TokenKind.API, current_user, label, token=derived_secret(), expires_at=until, scopes=chosen
    )
    record_redirect(url_for("tokens.tokens"))
    db.session.commit()
    return _page(made=token)


@bp.post("/account/tokens/<int:token_id>/revoke")
def revoke_post(token_id: int) -> ResponseReturnValue:
    """End a token."""
    kept = next((one for one in tokens_of(db.session, TokenKind.API, current_user) if one.id == token_id), None)
    if kept is None:
        abort(404)
    label = kept.label
    revoke_token(db.session, kept, current_user, utc_now())
    db.session.commit()
    flash(_("“%(label)s” is revoked: it opens nothing any more.", label=label), "success")
    return redirect(url_for("tokens.tokens"))
