"""Who else works here: one page for a country, one for a recommendation, from matrix and calendar together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event, event_activity
from interagency.calendar.events.occurrences import format_days
from interagency.calendar.events.queries import everything
from interagency.db.base import db
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.listing import page_of_activities
from interagency.matrix.activities.models import (
    Activity,
    ActivityEntity,
    Participation,
    Status,
    activity_recommendation,
)
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.activities.state.country_statuses import counts_by_status
from interagency.matrix.framework.models import Chapter, Country, Recommendation, Section
from interagency.matrix.framework.names import NotUnderstood, gazetteer, read_code
from interagency.matrix.framework.texts import OfficialText, official_texts, text_in_language
from interagency.matrix.framework.titles import name_of
from interagency.matrix.needs.country import contacts_in, unmet_needs
from interagency.matrix.needs.record import may_add_needs
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overview.coverage import coverage
from interagency.text.folding import listed, sentences
from interagency.web.context import today, utc_now, viewer_zone
from interagency.web.errors import refuse

bp = Blueprint("here", __name__)
MAX_EVENTS = 20


@dataclass(frozen=True, slots=True)
class AtWork:
    """An entity that works here, and on how many activities."""

    entity: Organisation
    activities: int
    joint: int


def entities_at_work(session: Session, conditions: list[sa.ColumnElement[bool]]) -> list[AtWork]:
    """Who takes part in the activities under `conditions`, who has most of them first."""
    part = ActivityEntity
    joint = sa.func.sum(sa.case((Activity.is_joint, 1), else_=0))
    query = (
        sa.select(Organisation, sa.func.count(), joint)
        .join(part, part.entity_id == Organisation.id)
        .join(Activity, Activity.id == part.activity_id)
        .where(*conditions, part.participation != Participation.DECLINED)
        .group_by(Organisation.id)
        .order_by(sa.func.count().desc(), Organisation.position, Organisation.id)
    )
    return [AtWork(*row) for row in session.execute(query)]


def events_here(session: Session, condition: sa.ColumnElement[bool]) -> tuple[list[Event], int]:
    """The events under a condition, what is coming first and then the latest; and how many there are in all."""
    listed = (Event.is_listed.is_(True), condition)
    total = session.scalar(sa.select(sa.func.count()).select_from(Event).where(*listed)) or 0
    is_past = sa.case((sa.and_(Event.last_day.is_not(None), Event.last_day < today()), 1), else_=0)
    distance = sa.case((is_past == 0, Event.first_day))
    query = sa.select(Event).where(*listed).options(*everything())
    query = query.order_by(is_past, distance.asc().nulls_last(), Event.first_day.desc().nulls_last(), Event.id)
    return list(session.scalars(query.limit(MAX_EVENTS))), total


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A recommendation where it stands: its chapter, section and official text, and those before and after it."""

    chapter: Chapter
    section: str
    text: OfficialText
    before: str | None
    after: str | None


def _paragraph(session: Session, found: Recommendation) -> Paragraph:
    section = session.get(Section, found.section_id) if found.section_id is not None else None
    codes = list(official_texts())
    place = codes.index(found.code)
    return Paragraph(
        session.get_one(Chapter, found.chapter_number),
        name_of(section) if section else "",
        text_in_language(session, found.code),
        codes[place - 1] if place else None,
        codes[place + 1] if place + 1 < len(codes) else None,
    )


def _page(
    title: str,
    filters: Filters,
    sentence: str,
    condition: sa.ColumnElement[bool],
    paragraph: Paragraph | None = None,
    country: Country | None = None,
    statuses: Sequence[tuple[Status, int]] = (),
) -> ResponseReturnValue:
    mine = {entity.id for entity in my_entities()}
    events, event_count = events_here(db.session, condition)
    at_work = entities_at_work(db.session, activity_conditions(filters))
    contacts = None
    if country is not None:
        found = [one.entity for one in at_work]
        contacts = contacts_in(db.session, country.code, found, viewer=current_user, day=today())
    return render_template(
        "overview/here.html",
        title=title,
        filters=filters,
        sentence=sentence,
        statuses=statuses,
        at_work=at_work,
        country=country,
        needs=unmet_needs(db.session, country.code) if country is not None else [],
        contacts=contacts,
        may_add_need=may_add_needs(current_user, my_entities()),
        own_ids=mine,
        page=page_of_activities(
            db.session, filters, mine=(), number=request.args.get("page", 1, type=int), sort="title"
        ),
        events=events,
        event_count=event_count,
        format_days=format_days,
        viewer_zone=viewer_zone,
        today=today(),
        paragraph=paragraph,
    )


@bp.get("/countries/<code>")
def country(code: str) -> ResponseReturnValue:
    """Who works in a country: entities, activities, events. Names and other spellings lead to its code."""
    try:
        known = gazetteer(db.session).country(code[:80])
    except NotUnderstood as problem:
        refuse(404, str(problem))
    if known != code:
        return redirect(url_for("here.country", code=known))
    found = db.session.get_one(Country, known)
    name = name_of(found)
    filters = Filters({"country": (known,)}, {("country", known): name})
    here = sa.select(Activity.id, Activity.is_joint).where(*activity_conditions(filters)).cte("here")
    counts = counts_by_status(db.session, here).get(known, {})
    statuses = [(one, counts[one][0]) for one in Status if one in counts]
    sentence = _country_sentence(filters, name)
    return _page(name, filters, sentence, Event.country_code == known, country=found, statuses=statuses)


def _country_sentence(filters: Filters, name: str) -> str:
    """What can be read out of a country."""
    link, conditions = activity_recommendation, activity_conditions(filters)
    total, joint = db.session.execute(
        sa.select(sa.func.count(), sa.func.sum(sa.case((Activity.is_joint, 1), else_=0))).where(*conditions)
    ).one()
    if not total:
        return str(_("No activity names %(country)s.", country=name))
    numbers = sa.select(Activity.id).where(*conditions)
    codes = sa.select(sa.func.count(sa.distinct(link.c.recommendation_code))).where(link.c.activity_id.in_(numbers))
    return str(
        ngettext(
            "%(num)s activity names %(country)s, %(joint)s of them joint, on %(codes)s of the 103 recommendations.",
            "%(num)s activities name %(country)s, %(joint)s of them joint, on %(codes)s of the 103 recommendations.",
            total,
            country=name,
            joint=joint,
            codes=db.session.scalar(codes),
        )
    )


@bp.get("/recommendations/<code>")
def recommendation(code: str) -> ResponseReturnValue:
    """Who works on a recommendation: entities, activities, events. Other spellings lead to its code."""
    try:
        known = read_code(code[:40])
    except NotUnderstood as problem:
        refuse(404, str(problem))
    if known != code:
        return redirect(url_for("here.recommendation", code=known))
    found = db.session.get_one(Recommendation, known)
    filters = Filters({"recommendation": (known,)})
    link = activity_recommendation
    linked = (
        sa.select(event_activity.c.event_id)
        .join(link, link.c.activity_id == event_activity.c.activity_id)
        .join(Activity, Activity.id == link.c.activity_id)
        .where(link.c.recommendation_code == known, Activity.is_listed)
    )
    title = f"{known} {found.title}"
    return _page(title, filters, _coverage_sentence(known), Event.id.in_(linked), _paragraph(db.session, found))


def _coverage_sentence(code: str) -> str:
    """How a recommendation is covered, or why it is blank."""
    chapters = coverage(db.session, Filters({"recommendation": (code,)}), (), at=utc_now())
    one = next(one for chapter in chapters for one in chapter.recommendations if one.code == code)
    if one.blank is not None:
        words = _("Nothing stands under %(code)s: %(reason)s.", code=code, reason=one.blank.value)
    else:
        words = ngettext(
            "%(num)s activity stands under %(code)s, %(joint)s of them joint, in %(countries)s.",
            "%(num)s activities stand under %(code)s, %(joint)s of them joint, in %(countries)s.",
            one.activities,
            code=code,
            joint=one.joint,
            countries=ngettext("%(num)s country that is named", "%(num)s countries that are named", len(one.countries))
            if one.countries
            else _("no country that is named"),
        )
    if one.mandated:
        words = sentences(words, _("Within the mandate of %(entities)s.", entities=listed(one.mandated)))
    return str(words)
