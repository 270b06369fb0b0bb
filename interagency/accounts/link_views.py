"""Coming in by a one-time link: choosing a password, and asking for a new one."""

from __future__ import annotations

import time

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.accounts import sessions
from interagency.accounts.links import choose_password, make_link, valid_link
from interagency.accounts.models import LinkPurpose, verify_password
from interagency.accounts.passwords import SHORTEST, problem_with
from interagency.accounts.queries import person_by_email
from interagency.db.base import db
from interagency.db.history import audit
from interagency.mail.sending import send_soon
from interagency.web.access import public
from interagency.web.context import settings, utc_now
from interagency.web.extensions import limiter

bp = Blueprint("links", __name__)
LIMIT = "30 per minute; 200 per hour"
ASKING_PER_ACCOUNT = "3 per hour; 10 per day"
GUESSES_PER_ACCOUNT = "10 per minute; 50 per hour"
# Writing a link takes longer than finding nobody; every answer waits for the slower of the two.
ANSWER_AFTER_SECONDS = 0.4


def _account_key() -> str:
    return "forgotten:" + request.form.get("email", "").strip().lower()[:254]


def _choose(token: str, purpose: LinkPurpose, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    found = valid_link(db.session, token, purpose, utc_now())
    if found is None:
        return render_template("accounts/dead_link.html", purpose=purpose.value), 404
    _link, person = found
    page = render_template(
        "accounts/choose_password.html", person=person, error=error, shortest=SHORTEST, purpose=purpose.value
    )
    return page, code


def _set(token: str, purpose: LinkPurpose) -> ResponseReturnValue:
    found = valid_link(db.session, token, purpose, utc_now())
    if found is None:
        return _choose(token, purpose)
    link, person = found
    password = request.form.get("password", "")
    problem = problem_with(password, email=person.email, name=person.name)
    if not problem and request.form.get("again", "") != password:
        problem = str(_("The two are not the same. Type the password twice."))
    if problem:
        db.session.rollback()
        return _choose(token, purpose, error=problem, code=422)
    link.used_at = utc_now()
    choose_password(db.session, person, password, utc_now())
    audit(db.session, f"link.{purpose.value}.used", by=person)
    sessions.end_current_session()
    db.session.commit()
    flash(_("Your password is set. Sign in with it."), "success")
    return redirect(url_for("accounts.sign_in"))


@bp.get("/invitations/<token>")
@public
@limiter.limit(LIMIT)
def invitation(token: str) -> ResponseReturnValue:
    """Choose a first password."""
    return _choose(token, LinkPurpose.INVITATION)


@bp.post("/invitations/<token>")
@public
@limiter.limit(LIMIT)
def invitation_post(token: str) -> ResponseReturnValue:
    """Set the first password; the link is used up."""
    return _set(token, LinkPurpose.INVITATION)


@bp.get("/resets/<token>")
@public
@limiter.limit(LIMIT)
def reset(token: str) -> ResponseReturnValue:
    """Choose a new password."""
    return _choose(token, LinkPurpose.RESET)


@bp.post("/resets/<token>")
@public
@limiter.limit(LIMIT)
def reset_post(token: str) -> ResponseReturnValue:
    """Set the new password; all sessions end."""
    return _set(token, LinkPurpose.RESET)


@bp.get("/forgotten")
@public
def forgotten() -> ResponseReturnValue:
    """Ask for a new password."""
    return render_template("accounts/forgotten.html")


@bp.post("/forgotten")
@public
@limiter.limit(LIMIT)
@limiter.limit(ASKING_PER_ACCOUNT, key_func=_account_key)
def forgotten_post() -> ResponseReturnValue:
    """Write a reset link if there is such an account; the same answer, as late, if there is none."""
    begun = time.monotonic()
    person = person_by_email(db.session, request.form.get("email", "")[:254])
    if person is not None and person.is_active:
        make_link(
            db.session, person, LinkPurpose.RESET, base_url=settings().base_url, at=utc_now(), by=None, by_name="nobody"
        )
    else:
        audit(db.session, "link.reset.nobody", by_name="nobody")
    db.session.commit()
    send_soon(current_app._get_current_object(), settings())  # type: ignore[attr-defined]
    flash(
        _("If there is an account with this address, a mail with a link is on its way. It works for one day."),
        "success",
    )
    time.sleep(max(0.0, ANSWER_AFTER_SECONDS - (time.monotonic() - begun)))
    return redirect(url_for("accounts.sign_in"))


def _own_key() -> str:
    return f"password:{current_user.get_id()}"


@bp.post("/account/password")
@limiter.limit(LIMIT)
@limiter.limit(GUESSES_PER_ACCOUNT, key_func=_own_key)
def password_post() -> ResponseReturnValue:
    """Change one's own password; all other sessions end."""
    new = request.form.get("password", "")
    problem = problem_with(new, email=current_user.email, name=current_user.name)
    if not verify_password(current_user, request.form.get("current", "")):
        problem = str(_("The current password is not right. Nothing was changed."))
    elif request.form.get("again", "") != new:
        problem = str(_("The two new ones are not the same. Nothing was changed."))
    if problem:
        flash(problem, "error")
        return redirect(url_for("accounts.account"))
    person = current_user._get_current_object()
    choose_password(db.session, person, new, utc_now())
    audit(db.session, "password.changed", by=person)
    sessions.end_current_session()
    db.session.commit()
    flash(
        _("Your password is changed, and everybody signed in with the old one is signed out. Sign in again."), "success"
    )
    return redirect(url_for("accounts.sign_in"))
