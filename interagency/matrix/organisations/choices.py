"""What the choosers of forms offer, grouped as people look for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.framework.models import Chapter, Country, Recommendation, Region, SdgGoal, SdgTarget, Section
from interagency.matrix.framework.titles import name_of, other_names
from interagency.matrix.organisations.models import Organisation, OrganisationKind
from interagency.matrix.organisations.queries import names_of
from interagency.text.folding import fold
from interagency.web.forms import Group, Option

MAX_NAMED = 12


def kind_labels(kind: OrganisationKind) -> str:
    """A heading for organisations of one kind."""
    words: dict[OrganisationKind, str] = {
        OrganisationKind.UN_ENTITY: _("UN entities"),
        OrganisationKind.UN_BODY: _("UN bodies, mechanisms and units"),
        OrganisationKind.INTERNATIONAL: _("International organisations"),
        OrganisationKind.REGIONAL: _("Regional organisations"),
        OrganisationKind.FINANCIAL: _("International financial institutions"),
        OrganisationKind.CIVIL_SOCIETY: _("Civil society"),
        OrganisationKind.ACADEMIA: _("Academia"),
        OrganisationKind.GOVERNMENT: _("Governments"),
        OrganisationKind.PRIVATE: _("Private sector"),
        OrganisationKind.NETWORK: _("Networks and informal groups"),
    }
    return words[kind]


def organisation_option(organisation: Organisation) -> Option:
    """An organisation as a choice, found by all its names."""
    return Option(
        value=organisation.key,
        label=organisation.short,
        detail=_detail(organisation),
        search=" ".join(names_of(organisation)),
    )


def _detail(organisation: Organisation) -> str:
    name = organisation.called if organisation.acronym else ""
    return " · ".join(filter(None, [name, _("proposed, not decided yet") if organisation.is_proposed else ""]))


def organisation_groups(organisations: Iterable[Organisation]) -> list[Group]:
    """Organisations under their kinds, in the order of the kinds."""
    kinds = list(OrganisationKind)
    ordered = sorted(organisations, key=lambda organisation: kinds.index(organisation.kind))
    return [
        Group(kind_labels(kind), options=[organisation_option(organisation) for organisation in members])
        for kind, members in groupby(ordered, key=lambda organisation: organisation.kind)
    ]


def entity_groups(entities: Iterable[Organisation]) -> list[Group]:
    """Entities of the decision first, then the others."""
    founding, others = Group(_("Entities of the decision of 20 April 2017")), Group(_("Other UN entities"))
    for entity in entities:
        (founding if entity.answers else others).options.append(organisation_option(entity))
    return [group for group in (founding, others) if group.options]


def option_of(record: Any) -> Option:
    """A record of any list as a choice: by what it is called, and all that it is found by."""
    match record:
        case Organisation():
            return organisation_option(record)
        case Recommendation():
            return Option(record.code, record.code, name_of(record), _code_spellings(record.code))
        case Country():
            names = [record.name, *record.other_names, *other_names("countries", record.code)]
            return Option(record.code, name_of(record), "", " ".join([record.code, record.alpha3, *names]))
        case Region():
            names = [record.name, *record.other_names, *other_names("regions", record.code)]
            return Option(record.code, name_of(record), "", " ".join(names))
        case SdgGoal():
            number = record.number
            return Option(str(number), _("Goal %(number)s", number=number), name_of(record), f"SDG {number}")
        case SdgTarget():
            return Option(record.code, record.code, name_of(record), f"SDG {record.code}")
        case Chapter():
            return Option(str(record.number), record.roman, name_of(record))
    raise TypeError(f"{record!r} is on no list")


def recommendation_groups(session: Session) -> list[Group]:
    """The 103 recommendations under their chapters, sections and subsections."""
    sections = {section.id: section for section in session.scalars(sa.select(Section))}
    chapters = {chapter.number: chapter for chapter in session.scalars(sa.select(Chapter))}
    groups: dict[int, Group] = {}
    inner: dict[int, Group] = {}
    for recommendation in session.scalars(sa.select(Recommendation).order_by(Recommendation.position)):
        chapter = chapters[recommendation.chapter_number]
        top = groups.setdefault(chapter.number, Group(f"{chapter.roman}. {name_of(chapter)}"))
        target = top
        if recommendation.section_id is not None:
            target = _section_group(sections[recommendation.section_id], sections, inner, top)
        target.options.append(option_of(recommendation))
    return list(groups.values())


def _section_group(section: Section, sections: dict[int, Section], made: dict[int, Group], top: Group) -> Group:
    group = made.get(section.id)
    if group is None:
        group = made[section.id] = Group(name_of(section), level=4)
        parent = sections.get(section.parent_id) if section.parent_id else None
        (_section_group(parent, sections, made, top) if parent else top).groups.append(group)
    return group


def _code_spellings(code: str) -> str:
    return f"{code} {code.replace('(', '').replace(')', '')}"


def country_groups(session: Session, named: Mapping[str, int]) -> list[Group]:
    """The countries `named` most often, then all under their regions, those of which many are named first.

    `named` says how often by country code. States stand before territories: nobody looks for Heard Island first.
    """
    regions = {region.code: name_of(region) for region in session.scalars(sa.select(Region))}
    countries = sorted(
        session.scalars(sa.select(Country)), key=lambda one: (not one.is_member_state, fold(name_of(one)))
    )
    by_code = {country.code: option_of(country) for country in countries}
    groups: dict[str, Group] = {}
    weights: dict[str, int] = {}
    for country in countries:
        groups.setdefault(country.region_code, Group(regions[country.region_code])).options.append(
            by_code[country.code]
        )
        weights[country.region_code] = weights.get(country.region_code, 0) + named.get(country.code, 0)
    often = [by_code[code] for code in sorted(named, key=lambda code: (-named[code], code))[:MAX_NAMED]]
    ordered = [groups[code] for code in sorted(groups, key=lambda code: (-weights[code], groups[code].title))]
    return [Group(_("Most named in the matrix"), options=often), *ordered] if often else ordered


def region_groups(session: Session) -> list[Group]:
    """Regions by name."""
    regions = sorted(session.scalars(sa.select(Region)), key=lambda one: fold(name_of(one)))
    return [Group(_("Regions"), options=[option_of(region) for region in regions])]


def sdg_groups(session: Session) -> list[Group]:
    """The goals and their targets."""
    targets = list(session.scalars(sa.select(SdgTarget).order_by(SdgTarget.position)))
    return [
        Group(
            f"{goal.number}. {name_of(goal)}",
            options=[option_of(one) for one in (goal, *(t for t in targets if t.goal_number == goal.number))],
        )
        for goal in session.scalars(sa.select(SdgGoal).order_by(SdgGoal.number))
    ]
