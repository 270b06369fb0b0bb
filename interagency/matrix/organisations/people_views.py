"""People and appointments, for administrators: inviting, roles, focal points, disabling."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.accounts import second_factor, single_sign_on
from interagency.accounts.links import (
    address_of,
    disable,
    enable,
    invite,
    make_link,
    open_links,
    reset,
    revoke_link,
    valid_link,
)
from interagency.accounts.models import LinkPurpose, Person, Role
from interagency.accounts.queries import all_people
from interagency.accounts.sessions import last_sign_ins
from interagency.db.base import db
from interagency.db.history import audit
from interagency.mail.sending import send_soon
from interagency.matrix.organisations.appointments import appoint, appointed, appointments_by_person, end_appointment
from interagency.matrix.organisations.country_readers import countries_of, read_countries, set_countries
from interagency.matrix.organisations.models import Appointment
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import clean
from interagency.text.typed_dates import DateNotUnderstood, read_one_day
from interagency.web.access import administrators_only
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import derived_secret, idempotent, record_redirect

bp = Blueprint("people", __name__)


def _page(error: str = "", code: int = 200) -> ResponseReturnValue:
    page = render_template(
        "accounts/people.html",
        people=all_people(db.session),
        appointments=appointments_by_person(db.session),
        entities=entities(db.session),
        roles=list(Role),
        seen=last_sign_ins(),
        links=open_links(db.session, utc_now()),
        error=error,
        typed=request.form,
        today=today(),
    )
    return page, code


def _person_page(person: Person, error: str = "", code: int = 200) -> ResponseReturnValue:
    page = render_template(
        "accounts/person.html",
        person=person,
        appointments=appointments_by_person(db.session).get(person.id, []),
        entities=entities(db.session),
        roles=list(Role),
        seen=last_sign_ins().get(person.id),
        links=open_links(db.session, utc_now()).get(person.id, []),
        countries=countries_of(db.session, person),
        error=error,
        typed=request.form,
        today=today(),
    )
    return page, code


@bp.get("/people")
@administrators_only
def people() -> ResponseReturnValue:
    """Everybody with an account."""
    return _page()


def _passed_on_again() -> ResponseReturnValue | None:
    """Where no mail goes out, say once more the address that this form made. The page is led to as usual."""
    token = derived_secret()
    for purpose in LinkPurpose:
        found = valid_link(db.session, token, purpose, utc_now())
        if found and not settings().mail_url:
            address = address_of(purpose, token, settings().base_url)
            flash(f"{found[1].name}: " + _("pass this on: %(address)s", address=address), "success")
    return None


@bp.post("/people")
@administrators_only
@idempotent(_passed_on_again)
def invite_post() -> ResponseReturnValue:
    """Invite somebody, and appoint them to an entity if one is chosen."""
    try:
        role = _role()
        person, address = invite(
            db.session,
            request.form.get("email", ""),
            clean(request.form.get("name", ""), lines=False),
            role,
            base_url=settings().base_url,
            at=utc_now(),
            by=current_user,
            token=derived_secret(),
        )
        if request.form.get("entity"):
            _appoint(person, request.form["entity"], today(), None)
    except ValueError as problem:
        db.session.rollback()
        return _page(str(problem), 422)
    record_redirect(url_for("people.people"))
    db.session.commit()
    send_soon(current_app._get_current_object(), settings())  # type: ignore[attr-defined]
    sent = (
        _("The invitation is on its way.")
        if settings().mail_url
        else _("No mail server is set; pass this on: %(address)s", address=address)
    )
    flash(f"{person.name}: {sent}", "success")
    return redirect(url_for("people.people"))


def _appoint(person: Person, key: str, first: date, last: date | None) -> None:
    """Appoint a focal point; an appointment that runs already is left. Raises ValueError."""
    entity = next((one for one in entities(db.session) if one.key == key), None)
    if entity is None:
        raise ValueError(_("There is no such entity. Choose one of the list."))
    if appointed(db.session, person, entity, first, last) is None:
        appoint(db.session, person, entity, first, last, by=current_user)


def _role() -> Role:
    try:
        return Role(request.form.get("role", "reader"))
    except ValueError:
        raise ValueError(_("There is no such role. Choose one of the list.")) from None


def _person(person_id: int) -> Person:
    found = db.session.get(Person, person_id) if person_id < 2**31 else None
    if found is None:
        refuse(404, _("There is no such account. The list shows them all."))
    return found


def _number(name: str) -> int:
    """The number of a record a button names; 0, which no record has, for anything else."""
    number = request.form.get(name, 0, type=int)
    return number if 0 < number < 2**31 else 0


def _day(name: str, default: date | None) -> date | None:
    try:
        return read_one_day(clean(request.form.get(name, ""), lines=False)[:60]) or default
    except DateNotUnderstood as problem:
        raise ValueError(str(problem)) from None


@bp.get("/people/<int:person_id>")
@administrators_only
def person(person_id: int) -> ResponseReturnValue:
    """One person: role, appointments, links, state, and the buttons that change them."""
    return _person_page(_person(person_id))


@bp.post("/people/<int:person_id>")
@administrators_only
@idempotent(_passed_on_again)
def person_post(person_id: int) -> ResponseReturnValue:
    """One act on one account: a link written or revoked, a role, an appointment, disabling or enabling."""
    person, act = _person(person_id), request.form.get("act", "")
    if person.id == current_user.id and act in ("disable", "role", "second-factor"):
        problem = _("Another administrator does that for your own account, so that nobody locks everybody out.")
        if act == "second-factor":
            problem = _("Your own second factor is turned off on your account page, with password and code.")
        return _person_page(person, problem, 422)
    try:
        message = _do(person, act)
    except ValueError as problem:
        db.session.rollback()
        return _person_page(person, str(problem), 422)
    here = url_for("people.person", person_id=person.id)
    record_redirect(here)
    db.session.commit()
    send_soon(current_app._get_current_object(), settings())  # type: ignore[attr-defined]
    flash(f"{person.name}: {message}", "success")
    return redirect(here)


def _do(person: Person, act: str) -> str:
    if act in ("invite", "reset"):
        base_url, at, by, token = settings().base_url, utc_now(), current_user, derived_secret()
        if act == "reset" or not person.is_active:
            address = reset(db.session, person, base_url=base_url, at=at, by=by, token=token)
        else:
            invitation = LinkPurpose.INVITATION
            address = make_link(db.session, person, invitation, base_url=base_url, at=at, by=by, token=token)
        return str(_("a link was written.") if settings().mail_url else _("pass this on: %(address)s", address=address))
    if act == "revoke":
        revoke_link(db.session, person, _number("link"), by=current_user, at=utc_now())
        return str(_("the link is revoked: it opens nothing any more."))
    if act == "role":
        person.role = _role()
        audit(db.session, "account.role", by=current_user, person=person.id, role=person.role.value)
        return str(_("the role is now: %(role)s.", role=person.role.label))
    if act == "appoint":
        _appoint(person, request.form.get("entity", ""), _day("first", today()) or today(), _day("last", None))
        return str(_("appointed."))
    if act == "countries":
        set_countries(
            db.session, person, read_countries(db.session, request.form.get("countries", "")), by=current_user
        )
        return str(_("the countries are kept."))
    if act == "end":
        found = db.session.get(Appointment, _number("appointment"))
        if found is None or found.person_id != person.id:
            raise ValueError(_("There is no such appointment any more."))
        last = _day("last", None) or today()
        if end_appointment(db.session, found, last, today=today(), by=current_user):
            return str(_("the appointment ends on %(day)s.", day=last.isoformat()))
        return str(_("the appointment that had not begun is taken back."))
    if act == "release":
        single_sign_on.release(person, by=current_user)
        return str(_("released: the next single sign-on with this address binds anew. Sessions have ended."))
    if act == "second-factor":
        second_factor.reset(person, by=current_user, at=utc_now())
        return str(_("the second factor is taken away; sessions have ended, and a mail says so."))
    if act == "disable":
        disable(db.session, person, by=current_user, at=utc_now())
        return str(_("the account is disabled; sessions and feeds have ended."))
    if act == "enable":
        enable(db.session, person, by=current_user)
        return str(_("the account is open again."))
    raise ValueError(_("Choose what to do."))
