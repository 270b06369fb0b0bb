"""Signing in and out, and a person's own settings."""

from __future__ import annotations

from flask import Blueprint, Request, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext, refresh
from flask_login import current_user
from werkzeug.wrappers import Response

from interagency.accounts import sessions
from interagency.accounts.devices import known_device
from interagency.accounts.forms import SignInForm
from interagency.accounts.models import Person, verify_password
from interagency.accounts.queries import person_by_email
from interagency.db.base import db
from interagency.db.history import audit
from interagency.text.languages import BY_CODE
from interagency.text.zones import known_zones, zones_by_city
from interagency.web.access import public, required_access
from interagency.web.context import language_cookie, settings
from interagency.web.extensions import limiter, login_manager
from interagency.web.headers import YEAR_SECONDS
from interagency.web.paths import is_internal_path

bp = Blueprint("accounts", __name__)

ATTEMPTS_PER_ADDRESS = "20 per minute; 200 per hour"
ATTEMPTS_PER_ACCOUNT = "10 per minute; 50 per hour"


@login_manager.request_loader  # type: ignore[untyped-decorator]
def load_person(_request: Request) -> Person | None:
    """Who is here: by the session, or, where a token is asked for, by that alone."""
    if request.endpoint is not None and required_access(current_app, request.endpoint) == "token":
        person: Person | None = g.get("token_person")
        return person
    return sessions.session_person()


bp.after_app_request(sessions.note_seen)


def safe_next_url(target: str | None) -> str:
    """`target` if it is a path of this service, else where signing in leads. Never another host.

    Who opened the bare address wants to begin, so the front page asked for is no target.
    """
    if target is not None and target != "/" and is_internal_path(target):
        return target
    return url_for("pages.start")


def _account_key() -> str:
    """Whose attempts are counted together: those at an account, but for browsers that came in to it before."""
    email = request.form.get("email", "").strip().lower()[:254]
    device = known_device(email)
    return f"account:{email}" if device is None else f"device:{device}"


def log_in(person: Person, target: str, *, way: str, second_factor: bool = False) -> str:
    """Begin the session of `person`, or the wait for a code where one is due; the address to go to next.

    `second_factor` says that the `way` they came has asked for one already. The caller commits.
    """
    if person.has_second_factor and not second_factor:
        sessions.start_two_factor(person, target)
        return url_for("second_factor.code")
    sessions.begin(person, second_factor=second_factor)
    audit(db.session, "sign_in", by=person, way=way)
    return target


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """The sign-in page."""
    if current_user.is_authenticated:
        return redirect(safe_next_url(request.args.get("next")))
    return render_template("accounts/sign_in.html", form=SignInForm())


@bp.post("/sign-in")
@public
@limiter.limit(ATTEMPTS_PER_ADDRESS)
@limiter.limit(ATTEMPTS_PER_ACCOUNT, key_func=_account_key)
def sign_in_post() -> ResponseReturnValue:
    """Check address and password. The same answer and time for an unknown account and a wrong password."""
    form = SignInForm()
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form), 422
    person = person_by_email(db.session, form.email.data or "")
    if not verify_password(person, form.password.data or ""):
        audit(db.session, "sign_in.refused", by_name="nobody")
        db.session.commit()
        form.email.errors = [_("Address and password do not match an account. Check both and try again.")]
        return render_template("accounts/sign_in.html", form=form), 422
    assert person is not None  # its password was right
    target = log_in(person, safe_next_url(request.args.get("next")), way="password")
    db.session.commit()
    return redirect(target)


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End this session; one that has ended already is no reason for another page."""
    if current_user.is_authenticated:
        audit(db.session, "sign_out", by=current_user)
    sessions.end_current_session()
    db.session.commit()
    flash(_("You are signed out."), "success")
    return redirect(url_for("accounts.sign_in"))


@bp.get("/account")
def account() -> ResponseReturnValue:
    """A person's own page: language, time zone, where they are signed in, password."""
    here = sessions.current_session().id
    return render_template(
        "accounts/account.html",
        zones=zones_by_city(),
        here=here,
        sessions=sessions.active_sessions(current_user),
        idle_minutes=settings().idle_minutes,
        session_hours=settings().session_hours,
    )


@bp.post("/account")
def account_post() -> ResponseReturnValue:
    """Keep the zone and the language the person chose."""
    zone = request.form.get("timezone", "")
    language = request.form.get("language", "")
    if (zone and zone not in known_zones()) or (language and language not in BY_CODE):
        abort(400)
    current_user.timezone, current_user.language = zone, language
    db.session.commit()
    refresh()  # what follows is said in the language that was chosen
    flash(_("Times are now shown in %(zone)s.", zone=zone or _("the service's own zone")), "success")
    return _remember_language(redirect(url_for("accounts.account")), language)


@bp.post("/language")
@public
def language_post() -> ResponseReturnValue:
    """Keep the language chosen in the footer: on this device, and in the account of who is signed in."""
    language, target = request.form.get("language", ""), request.form.get("next")
    if language not in BY_CODE:
        abort(400)
    if current_user.is_authenticated and current_user.language != language:
        current_user.language = language
        db.session.commit()
    here = target if target is not None and is_internal_path(target) else url_for("pages.home")
    return _remember_language(redirect(here), language)


def _remember_language(response: Response, language: str) -> Response:
    """Keep `language` on this device, or forget it where it is empty."""
    kept = {"secure": settings().secure_cookies, "httponly": True, "samesite": "Lax"}
    if language:
        response.set_cookie(language_cookie(), language, max_age=YEAR_SECONDS, **kept)  # type: ignore[arg-type]
    else:
        response.delete_cookie(language_cookie(), **kept)  # type: ignore[arg-type]
    return response


@bp.post("/account/sessions/<int:session_id>/end")
def end_session_post(session_id: int) -> ResponseReturnValue:
    """End one of one's own sessions; ending this one is signing out."""
    if session_id == sessions.current_session().id:
        return sign_out()
    return _ended(sessions.end_sessions(current_user, only=session_id))


@bp.post("/account/sessions/end-others")
def end_others_post() -> ResponseReturnValue:
    """End all of one's own sessions but this one."""
    return _ended(sessions.end_sessions(current_user, but=sessions.current_session().id))


def _ended(number: int) -> ResponseReturnValue:
    if number:
        audit(db.session, "sessions.ended", by=current_user, number=number)
        db.session.commit()
        flash(ngettext("%(num)s session is ended.", "%(num)s sessions are ended.", number), "success")
    else:
        flash(_("There was nothing to end any more."), "success")
    return redirect(url_for("accounts.account"))
