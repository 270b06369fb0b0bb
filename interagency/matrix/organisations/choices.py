"""What the choosers of forms offer, grouped as people look for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.framework.models import Chapter, Country, Recommendation, Region, SdgGoal, SdgTarget, Section
from interagency.matrix.organisations.models import Organisation, OrganisationKind
from interagency.matrix.organisations.queries import names_of
from interagency.text.folding import fold
from interagency.web.forms import Group, Option


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
    name = organisation.name if organisation.acronym else ""
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


def recommendation_groups(session: Session) -> list[Group]:
    """The 103 recommendations under their chapters, sections and subsections."""
    sections = {section.id: section for section in session.scalars(sa.select(Section))}
    chapters = {chapter.number: chapter for chapter in session.scalars(sa.select(Chapter))}
    groups: dict[int, Group] = {}
    inner: dict[int, Group] = {}
    for recommendation in session.scalars(sa.select(Recommendation).order_by(Recommendation.position)):
        chapter = chapters[recommendation.chapter_number]
        top = groups.setdefault(chapter.number, Group(f"{chapter.roman}. {chapter.title}"))
        target = top
        if recommendation.section_id is not None:
            target = _section_group(sections[recommendation.section_id], sections, inner, top)
        target.options.append(
            Option(recommendation.code, recommendation.code, recommendation.title, _code_spellings(recommendation.code))
        )
    return list(groups.values())


def _section_group(section: Section, sections: dict[int, Section], made: dict[int, Group], top: Group) -> Group:
    group = made.get(section.id)
    if group is None:
        group = made[section.id] = Group(section.title, level=4)
        parent = sections.get(section.parent_id) if section.parent_id else None
        (_section_group(parent, sections, made, top) if parent else top).groups.append(group)
    return group


def _code_spellings(code: str) -> str:
    return f"{code} {code.replace('(', '').replace(')', '')}"


def country_groups(session: Session) -> list[Group]:
    """The countries under their regions, both by name."""
    regions = {region.code: region.name for region in session.scalars(sa.select(Region))}
    countries = sorted(session.scalars(sa.select(Country)), key=_by_name)
    groups: dict[str, Group] = {}
    for country in countries:
        group = groups.setdefault(country.region_code, Group(regions[country.region_code]))
        words = " ".join([country.code, country.alpha3, country.name, *country.other_names])
        group.options.append(Option(country.code, country.name, "", words))
    return sorted(groups.values(), key=lambda group: group.title)


def _by_name(country: Country) -> str:
    return fold(country.name)


def region_groups(session: Session) -> list[Group]:
    """Regions by name."""
    regions = session.scalars(sa.select(Region).order_by(Region.name))
    return [
        Group(
            _("Regions"),
            options=[
                Option(region.code, region.name, "", " ".join([region.name, *region.other_names])) for region in regions
            ],
        )
    ]


def sdg_groups(session: Session) -> list[Group]:
    """The goals and their targets."""
    targets = list(session.scalars(sa.select(SdgTarget).order_by(SdgTarget.position)))
    groups = []
    for goal in session.scalars(sa.select(SdgGoal).order_by(SdgGoal.number)):
        options = [Option(str(goal.number), _("Goal %(number)s", number=goal.number), goal.title, f"SDG {goal.number}")]
        options += [Option(t.code, t.code, t.title, f"SDG {t.code}") for t in targets if t.goal_number == goal.number]
        groups.append(Group(f"{goal.number}. {goal.title}", options=options))
    return groups


def chapter_groups(session: Session) -> list[Group]:
    """The seven chapters."""
    chapters = session.scalars(sa.select(Chapter).order_by(Chapter.number))
    return [Group(_("Chapters"), options=[Option(str(c.number), c.roman, c.title) for c in chapters])]


Groups = Callable[[], list[Group]]
