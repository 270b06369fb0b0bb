"""The second step of signing in, and setting the second factor up, renewing its codes, turning it off."""

from __future__ import annotations

import segno
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from markupsafe import Markup

from interagency.accounts import second_factor, sessions
from interagency.accounts.models import Person, verify_password
from interagency.accounts.second_factor import TooManyCodesError
from interagency.db.base import SAFE_METHODS, db
from interagency.db.history import audit
from interagency.mail.sending import send_soon
from interagency.web.access import public, required_access
from interagency.web.context import settings, utc_now
from interagency.web.extensions import limiter
from interagency.web.preserved_form import preserve_form

bp = Blueprint("second_factor", __name__)

ATTEMPTS_PER_ADDRESS = "20 per minute; 200 per hour"
ATTEMPTS_PER_ACCOUNT = "10 per minute; 50 per hour"
SCANTY = 3


def _own_key() -> str:
    return f"second-factor:{current_user.get_id()}"


def _me() -> Person:
    person: Person = current_user._get_current_object()
    return person


# --- Signing in, second step ---


@bp.get("/sign-in/code")
@public
def code() -> ResponseReturnValue:
    """Ask for a code of the app, or a recovery code."""
    if sessions.pending_two_factor() is None:
        flash(_("Begin with your address and password. The code is asked within five minutes."), "warning")
        return redirect(url_for("accounts.sign_in"))
    return render_template("accounts/code.html", error="")


@bp.post("/sign-in/code")
@public
@limiter.limit(ATTEMPTS_PER_ADDRESS)
def code_post() -> ResponseReturnValue:
    """Let in whose password was right a moment ago and whose code is right now."""
    half = sessions.pending_two_factor()
    if half is None:
        return code()
    person, target = half
    problem = _problem_with_code(person)
    if problem:
        db.session.commit()
        return render_template("accounts/code.html", error=problem), 422
    sessions.begin(person, second_factor=True)
    audit(db.session, "sign_in", by=person, second_factor=True)
    db.session.commit()
    _warn_of_few_codes(person)
    return redirect(target)


def _problem_with_code(person: Person) -> str:
    """Why the posted code is not taken; empty when it is, and then it is used up."""
    try:
        if second_factor.verify_code(person, request.form.get("code", ""), utc_now()):
            return ""
    except TooManyCodesError as problem:
        return str(problem)
    return str(_("This code is not right, or was used already. Wait until the app shows the next one."))


def _warn_of_few_codes(person: Person) -> None:
    left = second_factor.codes_left(person)
    if left <= SCANTY:
        message = ngettext("%(num)s recovery code is left.", "%(num)s recovery codes are left.", left)
        flash(f"{message} " + _("Make new ones on your account page, under second factor."), "warning")


# --- A person's own second factor ---


def _page(*, error: str = "", at: str = "", codes: list[str] | None = None, shown: bool = False) -> ResponseReturnValue:
    me = _me()
    secret = second_factor.to_show(me) if shown else None
    picture = ""
    if secret:
        drawn = segno.make(secret[0], error="m")
        picture = Markup(drawn.svg_inline(scale=4, border=2, svgclass=None, lineclass=None, omitsize=True))  # noqa: S704  (made by segno: no text in it)
    page = render_template(
        "accounts/second_factor.html",
        error=error,
        at=at,
        codes=codes,
        secret=secret[1] if secret else "",
        address=secret[0] if secret else "",
        qr=picture,
        left=second_factor.codes_left(me),
        must=_is_due(),
    )
    return page, 422 if error else 200


def _problem_with_password() -> str:
    """Why the posted password is not taken. Who comes by single sign-on alone has none."""
    if _me().password_hash and not verify_password(_me(), request.form.get("password", "")):
        return str(_("The password is not right. Nothing was changed."))
    return ""


@bp.get("/account/second-factor")
def second_factor_page() -> ResponseReturnValue:
    """Whether one has a second factor, and what to do about it."""
    return _page()


@bp.post("/account/second-factor")
@limiter.limit(ATTEMPTS_PER_ACCOUNT, key_func=_own_key)
def begin_post() -> ResponseReturnValue:
    """Make a secret for the app and show it, this once."""
    if _me().has_second_factor:
        return redirect(url_for("second_factor.second_factor_page"))
    problem = _problem_with_password()
    if problem:
        return _page(error=problem, at="begin")
    second_factor.start(_me())
    db.session.commit()
    return _page(shown=True)


@bp.post("/account/second-factor/confirm")
@limiter.limit(ATTEMPTS_PER_ACCOUNT, key_func=_own_key)
def confirm_post() -> ResponseReturnValue:
    """Put it in force by a first code, and show the recovery codes, this once. Other sessions end."""
    if second_factor.to_show(_me()) is None:
        if _me().has_second_factor:  # a second click, whose answer is the one the browser shows
            flash(_("It is on. Its recovery codes were shown once: if you did not see them, make new ones."), "warning")
        return redirect(url_for("second_factor.second_factor_page"))
    try:
        codes = second_factor.confirm(_me(), request.form.get("code", ""), utc_now())
    except ValueError as problem:
        return _page(error=str(problem), at="confirm", shown=True)
    sessions.mark_second_factor(_me(), shown=True)
    db.session.commit()
    return _page(codes=codes)


def _refused() -> str:
    """Why password and code do not allow the act; the wrong code is counted."""
    problem = _problem_with_password() or _problem_with_code(_me())
    if problem:
        db.session.commit()
    return problem


@bp.post("/account/second-factor/codes")
@limiter.limit(ATTEMPTS_PER_ACCOUNT, key_func=_own_key)
def codes_post() -> ResponseReturnValue:
    """Ten new recovery codes, shown this once; the old ones end."""
    if not _me().has_second_factor:
        return redirect(url_for("second_factor.second_factor_page"))
    problem = _refused()
    if problem:
        return _page(error=problem, at="codes")
    codes = second_factor.new_recovery_codes(_me())
    audit(db.session, "second_factor.new_codes", by=_me())
    db.session.commit()
    return _page(codes=codes)


@bp.post("/account/second-factor/off")
@limiter.limit(ATTEMPTS_PER_ACCOUNT, key_func=_own_key)
def off_post() -> ResponseReturnValue:
    """Turn it off, with password and code."""
    if not _me().has_second_factor:
        return redirect(url_for("second_factor.second_factor_page"))
    problem = _refused()
    if problem:
        return _page(error=problem, at="off")
    second_factor.turn_off(_me(), by=_me(), at=utc_now())
    sessions.mark_second_factor(_me(), shown=False)
    db.session.commit()
    send_soon(current_app._get_current_object(), settings())  # type: ignore[attr-defined]
    flash(_("The second factor is off; its recovery codes have ended."), "success")
    return redirect(url_for("second_factor.second_factor_page"))


# --- Where it is required ---


def _is_due() -> bool:
    """Whether the service asks this person for a second factor that this session has not shown."""
    if settings().second_factor != "required" or not current_user.is_authenticated:
        return False
    by_office = current_user.is_coordinator or current_user.is_administrator
    return by_office and not sessions.current_session().second_factor


@bp.before_app_request
def require_second_factor_setup() -> ResponseReturnValue | None:
    """Coordinators and administrators set their second factor up before anything else, where it is required."""
    if request.endpoint is None or request.blueprint == bp.name:
        return None
    if required_access(current_app, request.endpoint) in ("public", "token") or not _is_due():
        return None
    address = url_for("second_factor.second_factor_page")
    if request.method in SAFE_METHODS:
        return redirect(address)
    message = _("Your role needs a second factor here. Nothing was saved yet: set it up first.")
    return preserve_form(message, address, _("Set up the second factor"))
