"""The short lists: organisations, places, recommendations, chapters, editions, people.

They are read anew for each question, so no index can be behind them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.cycles.models import Edition
from interagency.matrix.cycles.months import format_month
from interagency.matrix.desk.models import Notice
from interagency.matrix.desk.notices import readable_by
from interagency.matrix.framework.models import ROMAN, Chapter, Country, Recommendation, Region
from interagency.matrix.framework.names import NotUnderstood, read_chapter
from interagency.matrix.framework.texts import official_text
from interagency.matrix.framework.titles import organisation_names, other_names, spoken
from interagency.matrix.needs.labels import STATUS_LABELS, whose
from interagency.matrix.needs.listing import holding, needs_under
from interagency.matrix.organisations.models import Appointment, NameKind, Organisation, OrganisationName
from interagency.matrix.organisations.queries import entities_of
from interagency.search.marks import excerpt
from interagency.search.results import Entry, Hit, Question, among
from interagency.text.folding import fold, folded_words, is_found, listed
from interagency.text.languages import commas
from interagency.web.formats import format_instant

MAX_NOTICES = 100


def organisations(session: Session, question: Question) -> list[Hit]:
    """Entities and partners, by names of today, former names and spellings."""
    other: dict[int, list[tuple[str, NameKind]]] = defaultdict(list)
    for owner, name, kind in session.execute(
        sa.select(OrganisationName.organisation_id, OrganisationName.name, OrganisationName.kind).order_by(
            OrganisationName.id
        )
    ):
        other[owner].append((name, kind))
    columns = (Organisation.id, Organisation.key, Organisation.acronym, Organisation.name, Organisation.is_entity)
    order = (Organisation.is_entity.desc(), Organisation.position, Organisation.name)
    entries = []
    query = sa.select(*columns, Organisation.retired_on, Organisation.is_proposed).where(
        Organisation.merged_into_id.is_(None), ~Organisation.is_proposed | Organisation.retired_on.is_(None)
    )
    for row in session.execute(query.order_by(*order)):
        former = [name for name, kind in other[row.id] if kind is NameKind.FORMER]
        said = [_("UN entity") if row.is_entity else _("Partner")]
        said += [_("formerly %(names)s", names=commas(former))] if former else []
        said += [_("retired")] if row.retired_on else []
        said += [_("proposed, not decided yet")] if row.is_proposed else []
        name = spoken().organisation(row.key, row.name)
        title = f"{name} ({spoken().short(row.key, row.acronym)})" if row.acronym else name
        hit = Hit(f"{'entity' if row.is_entity else 'partner'} {row.key}", title, " · ".join(said))
        names = (
            row.key, row.acronym or "", *(name for name, _kind in other[row.id]), *organisation_names(row.key)
        )  # fmt: skip
        entries.append(Entry(hit, row.name, names))
    return among(entries, question.text, question.beginnings)


def places(session: Session, question: Question) -> list[Hit]:
    """Countries by UN names, other names and ISO codes, accents or not; then regions."""
    regions = session.execute(sa.select(Region.code, Region.name, Region.other_names).order_by(Region.name)).all()
    spoken_now = spoken()
    names = {region.code: spoken_now.region(region.code, region.name) for region in regions}
    entries = [
        Entry(
            Hit(f"country {row.code}", spoken_now.country(row.code, row.name), names[row.region_code]),
            row.name,
            (row.alpha3, *row.other_names, *other_names("countries", row.code)),
        )
        for row in session.execute(
            sa.select(Country.code, Country.name, Country.alpha3, Country.other_names, Country.region_code).order_by(
                Country.name
            )
        )
    ]
    entries += [
        Entry(
            Hit(f"region {row.code}", names[row.code], _("Region")),
            row.name,
            (*row.other_names, *other_names("regions", row.code)),
        )
        for row in regions
    ]
    return among(entries, question.text, question.beginnings)


def recommendations(session: Session, question: Question) -> list[Hit]:
    """By code in any spelling that is understood, by words of the working title, or by those of the official text."""
    rows = session.execute(
        sa.select(Recommendation.code, Recommendation.chapter_number, Recommendation.title, Recommendation.addressee)
        .order_by(Recommendation.position)
    ).all()  # fmt: skip
    names = spoken()
    hits = {
        row.code: Hit(
            row.code,
            f"{row.code} {names.recommendation(row.code, row.title)}",
            _("Chapter %(roman)s", roman=ROMAN[row.chapter_number]),
        )
        for row in rows
    }
    if question.code is not None:
        return [hits[question.code]] if question.code in hits else []
    entries = [Entry(hit, hit.title, (official_text(code),)) for code, hit in hits.items()]
    return [_with_reason(hit, question) for hit in among(entries, question.text, question.terms)]


def _with_reason(hit: Hit, question: Question) -> Hit:
    """The same with the piece of the official text that was found, where the title does not hold every word."""
    title = folded_words(hit.title)
    if all(is_found(term, title) for term in question.terms):
        return hit
    return replace(hit, excerpt=excerpt(official_text(hit.key), question.terms))


def chapters(session: Session, question: Question) -> list[Hit]:
    """By number (`4`, `IV`, `chapter IV`) or by words of the title."""
    rows = session.execute(sa.select(Chapter.number, Chapter.title).order_by(Chapter.number)).all()
    titles = {row.number: spoken().chapter(row.number, row.title) for row in rows}
    hits = {row.number: Hit(str(row.number), f"{ROMAN[row.number]}. {titles[row.number]}") for row in rows}
    try:
        number = read_chapter(fold(question.text).removeprefix("chapter").strip())
    except NotUnderstood:
        return among([Entry(hits[row.number], row.title) for row in rows], question.text, question.terms)
    return [hits[number]] if number in hits else []


def editions(session: Session, question: Question) -> list[Hit]:
    """By month (`August 2026`, `2026-08`) or number; one line per month, newest first."""
    query = sa.select(Edition.cycle_month, sa.func.max(Edition.number)).group_by(Edition.cycle_month)
    entries = []
    for month, number in session.execute(query.order_by(Edition.cycle_month.desc())):
        title = _("Edition %(number)s, %(month)s", number=number, month=format_month(month))
        entries.append(Entry(Hit(month, title), format_month(month), (month, title)))
    return among(entries, question.text, question.beginnings)


def notices(session: Session, question: Question, asker: Person) -> list[Hit]:
    """Letters to focal points that `asker` may read and that hold every word; newest first, the first hundred."""
    held = [
        Notice.words.contains(f" {term.removesuffix('*')}" + ("" if term.endswith("*") else " "), autoescape=True)
        for term in question.terms
    ]
    if not held:
        return []
    query = sa.select(Notice.id, Notice.subject, Notice.sent_at, Notice.by_name).where(*held, *readable_by(asker))
    return [
        Hit(str(row.id), row.subject, f"{format_instant(row.sent_at)} · {row.by_name}")
        for row in session.execute(query.order_by(Notice.id.desc()).limit(MAX_NOTICES))
    ]


def needs(session: Session, question: Question) -> list[Hit]:
    """Needs that hold every word, open ones first, the first hundred."""
    held = holding(question.terms)
    found = needs_under(session, held, MAX_NOTICES) if held else []
    return [Hit(str(one.id), one.title, f"{whose(one)} · {STATUS_LABELS[one.status]}") for one in found]


def people(session: Session, question: Question, asker: Person, day: date) -> list[Hit]:
    """Whom `asker` sees on other pages, too: administrators everybody with an account, coordinators all focal points
    of `day`, focal points those of their own entities, others nobody. Names and entities only."""
    serving = (Appointment.first_day <= day) & (Appointment.last_day.is_(None) | (Appointment.last_day >= day))
    query = (
        sa.select(Person.id, Person.name, Organisation.acronym, Organisation.name.label("entity"))
        .outerjoin(Appointment, (Appointment.person_id == Person.id) & serving)
        .outerjoin(Organisation, Organisation.id == Appointment.entity_id)
        .where(Person.disabled_at.is_(None))
        .order_by(Person.name, Person.id, Organisation.position)
    )
    if not asker.is_administrator:
        query = query.where(Appointment.id.is_not(None))
        if not asker.is_coordinator:
            query = query.where(Appointment.entity_id.in_([one.id for one in entities_of(session, asker, day)]))
    found: dict[int, tuple[str, list[str]]] = {}
    for row in session.execute(query):
        held = found.setdefault(row.id, (row.name, []))[1]
        held += [spoken().called(row.acronym or row.entity)] if row.entity else []
    entries = []
    for person_id, (name, entities) in found.items():
        line = _("Focal point of %(entities)s", entities=listed(dict.fromkeys(entities))) if entities else ""
        entries.append(Entry(Hit(str(person_id), name, line), name))
    return among(entries, question.text, question.beginnings)
