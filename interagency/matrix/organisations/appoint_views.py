"""Appointing a focal point, for coordinators and administrators: somebody who has an account, for an entity."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.accounts.models import Person
from interagency.accounts.queries import administrators, person_by_email
from interagency.db.base import db
from interagency.matrix.organisations.appointments import appoint as write_appointment
from interagency.matrix.organisations.models import Appointment, Organisation
from interagency.matrix.organisations.queries import entities, focal_points_of
from interagency.text.folding import clean
from interagency.text.typed_dates import DateNotUnderstood, read_one_day
from interagency.web.context import today
from interagency.web.errors import refuse
from interagency.web.formats import format_date_value
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("appointing", __name__)


class FieldProblem(ValueError):
    """What was typed in the field `name` cannot be; the text says what to do."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def may_appoint() -> bool:
    """Coordinators and administrators may, though never themselves."""
    return bool(current_user.is_coordinator or current_user.is_administrator)


def _check() -> None:
    if not may_appoint():
        refuse(403, _("Focal points are appointed by coordinators and administrators. Ask one of them."))


def _without_focal_point(offered: list[Organisation], day: date) -> list[Organisation]:
    """Those that answer each month and that nobody speaks for on `day`."""
    speaking = sa.select(Appointment.entity_id).where(
        Appointment.first_day <= day, sa.or_(Appointment.last_day.is_(None), Appointment.last_day >= day)
    )
    spoken_for = set(db.session.scalars(speaking.join(Person, Person.id == Appointment.person_id).where(
        Person.disabled_at.is_(None)
    )))  # fmt: skip
    return [one for one in offered if one.answers and one.id not in spoken_for]


def _page(problem: FieldProblem | None = None, code: int = 200) -> ResponseReturnValue:
    offered = entities(db.session)
    key = request.values.get("entity", "")
    entity = next((one for one in offered if one.key == key), None)
    page = render_template(
        "accounts/appoint.html",
        entities=offered,
        entity=entity,
        people=focal_points_of(db.session, entity, today()) if entity else [],
        nobody=_without_focal_point(offered, today()),
        administrators=administrators(db.session),
        problem=problem,
        typed=request.form,
        today=today(),
    )
    return page, code


@bp.get("/people/appoint")
def appoint() -> ResponseReturnValue:
    """The form; `entity` chooses one, and shows who speaks for it now."""
    _check()
    return _page()


@bp.post("/people/appoint")
@idempotent()
def appoint_post() -> ResponseReturnValue:
    """Appoint who has the address to the entity."""
    _check()
    try:
        made, person, entity = _appoint()
    except FieldProblem as problem:
        db.session.rollback()
        return _page(problem, 422)
    except ValueError as problem:
        db.session.rollback()
        return _page(FieldProblem("email", str(problem)), 422)
    here = url_for("appointing.appoint", entity=entity.key)
    record_redirect(here)
    db.session.commit()
    since = format_date_value(made.first_day)
    flash(
        _("%(name)s is focal point of %(entity)s from %(day)s.", name=person.name, entity=entity.short, day=since),
        "success",
    )
    return redirect(here)


def _appoint() -> tuple[Appointment, Person, Organisation]:
    key, email = request.form.get("entity", ""), clean(request.form.get("email", ""), lines=False)[:200]
    entity = next((one for one in entities(db.session) if one.key == key), None)
    if entity is None:
        raise FieldProblem("entity", _("Choose the entity."))
    if not email:
        raise FieldProblem("email", _("Write the work e-mail of the person."))
    person = person_by_email(db.session, email)
    if person is None or person.disabled_at is not None:
        raise FieldProblem("email", _("Nobody has an account in use with this address. See below who can invite them."))
    first = _day("first") or today()
    last = _day("last", not_before=first)
    return write_appointment(db.session, person, entity, first, last, by=current_user), person, entity


def _day(name: str, *, not_before: date | None = None) -> date | None:
    text = clean(request.form.get(name, ""), lines=False)[:60]
    try:
        return read_one_day(text, not_before=not_before or today())
    except DateNotUnderstood as problem:
        raise FieldProblem(name, str(problem)) from None
