"""Briefings by subject and on a country, as files; the page on which a subject is chosen."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from interagency.calendar.events.cycle_part import entries as event_entries
from interagency.calendar.events.models import Event
from interagency.db.base import db
from interagency.exports.media_types import DOCX, XLSX
from interagency.exports.registers.briefing import brief, gather
from interagency.exports.registers.country import contacts_section, country_sheets
from interagency.exports.registers.document import briefing_document
from interagency.exports.registers.views import attachment, audience_asked, workbook
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import NAMES, Filters, read_filters, unreadable
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.agreement.statements import audiences
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.names import NotUnderstood, chapters, gazetteer, recommendations
from interagency.matrix.needs.country import Contacts, contacts_in
from interagency.matrix.needs.listing import needs_under
from interagency.matrix.needs.matching import entities_at
from interagency.matrix.needs.models import Need
from interagency.matrix.organisations.queries import entities
from interagency.web.context import today
from interagency.web.errors import refuse

bp = Blueprint("briefings", __name__)


def _mine() -> list[str]:
    return [entity.key for entity in my_entities()]


@bp.get("/briefing")
def briefing() -> ResponseReturnValue:
    """Choosing a subject: any filters of the matrix."""
    filters = read_filters(db.session, request.args)
    number = None
    if filters:
        query = sa.select(sa.func.count()).select_from(Activity).where(*activity_conditions(filters, _mine()))
        number = db.session.scalar(query)
    return render_template(
        "registers/briefing.html",
        filters=filters,
        number=number,
        entities=entities(db.session, retired=True),
        chapters=chapters(db.session),
        recommendations=recommendations(db.session),
        audiences=audiences(db.session),
    )


@bp.get("/briefing.docx")
def briefing_file() -> ResponseReturnValue:
    """The briefing on the subject that the filters of the query name; for an audience through the gate. Without any the
    page where one is chosen: a briefing on everything says nothing."""
    audience = audience_asked()
    filters = read_filters(db.session, request.args)
    if problems := unreadable(filters, (name for name in request.args if name != "audience"), NAMES):
        refuse(400, " ".join(problems))
    if not filters:
        return redirect(url_for("briefings.briefing"))
    material = gather(db.session, filters, _mine(), today(), audience)
    return attachment(briefing_document(brief(material)), DOCX, "briefing.docx")


def _country(code: str) -> Country:
    """The country called `code` by its code or any name; 404."""
    try:
        return db.session.get_one(Country, gazetteer(db.session).country(code[:80]))
    except NotUnderstood as problem:
        refuse(404, str(problem))


def _filters(country: Country) -> Filters:
    return Filters({"country": (country.code,)}, {("country", country.code): country.name})


def _contacts(country: Country) -> Contacts:
    at_work = sorted(
        (entity for entity, _number in entities_at(db.session, _filters(country))), key=lambda one: one.position
    )
    return contacts_in(db.session, country.code, at_work, viewer=current_user, day=today())


@bp.get("/countries/<code>/briefing.docx")
def country_document(code: str) -> ResponseReturnValue:
    """The briefing on a country for its Resident Coordinator and country team, with whom to ask."""
    found = _country(code)
    made = brief(gather(db.session, _filters(found), (), today()), title=found.name)
    made.sections.append(contacts_section(_contacts(found)))
    return attachment(briefing_document(made), DOCX, f"country-{found.code}.docx")


@bp.get("/countries/<code>/country.xlsx")
def country_workbook(code: str) -> ResponseReturnValue:
    """Everything on a country: activities, events past and to come, needs, entities, contacts."""
    found = _country(code)
    material = gather(db.session, _filters(found), (), today())
    here = (Event.is_listed.is_(True), Event.country_code == found.code)
    material.events[:] = event_entries(db.session, today(), here)
    needs = needs_under(db.session, [Need.country_code == found.code])
    sheets = country_sheets(material, needs, _contacts(found))
    return attachment(workbook(found.name, sheets), XLSX, f"country-{found.code}.xlsx")
