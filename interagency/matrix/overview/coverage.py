"""Coverage (rule 29): for each of the 103 recommendations who works on it, where, since when; and for blanks why.

The reason of a blank:

- nobody's mandate: entities have declared mandates, and this recommendation is in none;
- silent: it is in a mandate, and an entity that has it has not answered the newest month that is due or closed;
- answer taken back or returned: no entity that has it in its mandate was silent, and the answer of one does not stand;
- confirmed none: it is in a mandate, and every entity that has it has answered;
- gap: no entity has declared any mandate, so nothing more can be said;
- not under these filters: there are activities, but none under the filters of the page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_pgettext, ngettext
from sqlalchemy.orm import Session

from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import (
    Activity,
    ActivityCountry,
    ActivityEntity,
    Participation,
    activity_recommendation,
)
from interagency.matrix.cycles.models import Cycle, CycleState
from interagency.matrix.cycles.standing import Standing, standings
from interagency.matrix.framework.models import ROMAN, Chapter, Country, Recommendation, Section
from interagency.matrix.framework.titles import name_of, spoken
from interagency.matrix.organisations.models import Mandate, Organisation
from interagency.matrix.overview.count_cache import cached_counts
from interagency.text.labelled import Labelled
from interagency.text.languages import commas, semicolons


class Blank(Labelled):
    """Why nothing stands under a recommendation."""

    NO_MANDATE = (
        "outside all declared mandates",
        lazy_pgettext("why nobody works on a recommendation", "outside all declared mandates"),
    )
    SILENT = "silent", lazy_pgettext("why nobody works on a recommendation", "silent")
    WITHDRAWN = (
        "answer taken back or returned",
        lazy_pgettext("why nobody works on a recommendation", "answer taken back or returned"),
    )
    NONE = "confirmed none", lazy_pgettext("why nobody works on a recommendation", "confirmed none")
    GAP = "gap", lazy_pgettext("why nobody works on a recommendation", "gap")
    FILTERED = (
        "none under these filters",
        lazy_pgettext("why nobody works on a recommendation", "none under these filters"),
    )


NAMED = 3


@dataclass(frozen=True, slots=True)
class Covered:
    """One recommendation and what is done on it. `countries` are the names of all of them, `since` a year."""

    code: str
    title: str
    section: str
    activities: int
    joint: int
    entities: list[str]
    countries: list[str]
    since: int | None
    blank: Blank | None
    mandated: list[str]

    @property
    def filter(self) -> tuple[str, str]:
        return ("recommendation", self.code)

    def where(self) -> str:
        """`Kenya, Peru, Zambia and 4 more`, or nothing."""
        more = len(self.countries) - NAMED
        named = commas(self.countries[:NAMED])
        return str(_("%(named)s and %(more)s more", named=named, more=more)) if more > 0 else named


@dataclass(frozen=True, slots=True)
class ChapterCoverage:
    """A chapter: its recommendations, how many activities and how many joint ones, and a sentence to read out."""

    number: int
    roman: str
    title: str
    recommendations: list[Covered]
    activities: int
    joint: int
    sentence: str

    @property
    def filter(self) -> tuple[str, str]:
        return ("chapter", str(self.number))

    @property
    def blanks(self) -> list[Covered]:
        """The recommendations on which nothing stands."""
        return [one for one in self.recommendations if one.blank]

    @property
    def covered(self) -> int:
        return len(self.recommendations) - len(self.blanks)

    def sections(self, *, only_blanks: bool = False) -> list[tuple[str, list[Covered]]]:
        """The recommendations by section, in the order of the paper; the title is empty where there is none."""
        shown = self.blanks if only_blanks else self.recommendations
        return [(title, list(group)) for title, group in groupby(shown, key=attrgetter("section"))]


@dataclass(frozen=True, slots=True)
class _Counted:
    """What the activities under a page's filters say of recommendations and of chapters; the keys of who and where."""

    codes: dict[str, tuple[int, int, date | None]]
    entities: dict[str, set[int]]
    countries: dict[str, set[str]]
    chapters: dict[int, tuple[int, int]]


def coverage(session: Session, filters: Filters, mine: Iterable[str], *, at: datetime) -> list[ChapterCoverage]:
    """All seven chapters with all 103 recommendations, counting the activities under `filters`.

    A fixed number of statements. `at` decides which month is due.
    """
    mine = list(mine)
    counted = cached_counts(session, ("coverage",), filters, mine, lambda: _count(session, filters, mine))
    short = sa.func.coalesce(Organisation.acronym, Organisation.name)
    in_order = sa.select(Organisation.id, short).order_by(Organisation.position, short)
    entities = [(number, spoken().called(name)) for number, name in session.execute(in_order)]
    names = spoken()
    countries = [
        (code, names.country(code, name))
        for code, name in session.execute(sa.select(Country.code, Country.name).order_by(Country.name))
    ]
    everything = list(session.scalars(sa.select(Recommendation).order_by(Recommendation.position)))
    # What stands without the filters: a blank of the filters alone is told as such.
    blank_codes = [one.code for one in everything if one.code not in counted.codes] if filters else []
    stands = _links().where(Activity.is_listed, activity_recommendation.c.recommendation_code == Recommendation.code)
    standing = set(
        session.scalars(sa.select(Recommendation.code).where(Recommendation.code.in_(blank_codes), stands.exists()))
    )
    mandates, without = _mandates(session, at)
    sections = {one.id: name_of(one) for one in session.scalars(sa.select(Section))}
    by_chapter: dict[int, list[Covered]] = defaultdict(list)
    for one in everything:
        count, both, since = counted.codes.get(one.code, (0, 0, None))
        blank = None if count else Blank.FILTERED if one.code in standing else _blank(one.code, mandates, without)
        by_chapter[one.chapter_number].append(
            Covered(
                one.code,
                name_of(one),
                sections.get(one.section_id, "") if one.section_id else "",
                count,
                both,
                _named(entities, counted.entities.get(one.code)),
                _named(countries, counted.countries.get(one.code)),
                since.year if since else None,
                blank,
                mandates.get(one.code, []),
            )
        )
    return [
        ChapterCoverage(
            c.number,
            ROMAN[c.number],
            name_of(c),
            by_chapter[c.number],
            *counted.chapters.get(c.number, (0, 0)),
            _under(filters) + chapter_sentence(c.number, by_chapter[c.number], *counted.chapters.get(c.number, (0, 0))),
        )
        for c in session.scalars(sa.select(Chapter).order_by(Chapter.number))
    ]


def _links() -> sa.Select[Any]:
    table = activity_recommendation
    return sa.select(table.c.recommendation_code).join(Activity, Activity.id == table.c.activity_id)


def _named(names: Iterable[Any], keys: set[Any] | None) -> list[str]:
    """The names, in their order, of what has one of the keys."""
    return [name for key, name in names if key in keys] if keys else []


def _count(session: Session, filters: Filters, mine: Iterable[str]) -> _Counted:
    link, part = activity_recommendation, ActivityEntity
    columns = (Activity.id, Activity.is_joint, Activity.start_first)
    # Looked up for each recommendation of each activity, in a table that is wide.
    shown = (
        sa.select(*columns).where(*activity_conditions(filters, list(mine))).cte("shown").prefix_with("MATERIALIZED")
    )
    joint = sa.func.coalesce(sa.func.sum(sa.case((shown.c.is_joint, 1), else_=0)), 0)
    linked = sa.join(shown, link, link.c.activity_id == shown.c.id)
    code = link.c.recommendation_code
    codes = sa.select(code, sa.func.count(), joint, sa.func.min(shown.c.start_first)).select_from(linked).group_by(code)
    entities = (
        sa.select(code, part.entity_id)
        .select_from(linked.join(part, part.activity_id == shown.c.id))
        .where(part.participation != Participation.DECLINED)
        .distinct()
    )
    places = linked.join(ActivityCountry, ActivityCountry.activity_id == shown.c.id)
    countries = sa.select(code, ActivityCountry.country_code).select_from(places).distinct()
    # A chapter's activities on its recommendations, each once: not those put under it by hand alone.
    of_chapter = (
        sa.select(Recommendation.chapter_number, shown.c.id, shown.c.is_joint)
        .select_from(linked.join(Recommendation, Recommendation.code == code))
        .distinct()
        .subquery()
    )
    chapters = sa.select(
        of_chapter.c.chapter_number, sa.func.count(), sa.func.sum(sa.case((of_chapter.c.is_joint, 1), else_=0))
    ).group_by(of_chapter.c.chapter_number)
    return _Counted(
        {row[0]: (row[1], row[2], row[3]) for row in session.execute(codes)},
        _gathered(session.execute(entities)),
        _gathered(session.execute(countries)),
        {row[0]: (row[1], row[2]) for row in session.execute(chapters)},
    )


def _gathered(rows: Iterable[Any]) -> dict[str, set[Any]]:
    found: dict[str, set[Any]] = defaultdict(set)
    for code, key in rows:
        found[code].add(key)
    return found


def _mandates(session: Session, at: datetime) -> tuple[dict[str, list[str]], dict[str, Standing]]:
    """By recommendation the entities that have it in their mandate; and how those stand that did not answer last."""
    found: dict[str, list[str]] = defaultdict(list)
    short = sa.func.coalesce(Organisation.acronym, Organisation.name)
    query = sa.select(Mandate.recommendation_code, short).join(Organisation, Organisation.id == Mandate.entity_id)
    for code, name in session.execute(query.order_by(Organisation.position, short)):
        found[code].append(name)
    # A month just opened says nothing yet of who is silent.
    over = sa.or_(Cycle.state == CycleState.CLOSED, Cycle.due_at <= at)
    cycle = session.scalar(sa.select(Cycle).where(over).order_by(Cycle.month.desc()).limit(1))
    one_each = Organisation.is_entity & Organisation.merged_into_id.is_(None)
    without = dict.fromkeys(session.scalars(sa.select(short).where(one_each)), Standing.SILENT)
    for row in standings(session, cycle, at) if cycle is not None else []:
        if row.has_answered or row.state is Standing.AWAITED:
            without.pop(row.entity.written, None)
        else:
            without[row.entity.written] = row.state
    return found, without


def _blank(code: str, mandates: dict[str, list[str]], without: dict[str, Standing]) -> Blank:
    if not mandates:
        return Blank.GAP
    if code not in mandates:
        return Blank.NO_MANDATE
    states = {without[name] for name in mandates[code] if name in without}
    if Standing.SILENT in states:
        return Blank.SILENT
    return Blank.WITHDRAWN if states else Blank.NONE


def _under(filters: Filters) -> str:
    """Words that say a sentence is not about everything."""
    if not filters:
        return ""
    labels = commas(filters.label(name, value) for name, value in filters.pairs())
    return str(_("Counting only what stands under %(filters)s: ", filters=labels))


def chapter_sentence(number: int, found: list[Covered], activities: int, joint: int) -> str:
    """What a coordinator can read out of a chapter."""
    covered = [one for one in found if one.activities]
    if not covered:
        none = _("Chapter %(roman)s: none of its %(all)s recommendations has an activity.", roman=ROMAN[number],
                 all=len(found))  # fmt: skip
        return str(none)
    entities = list(dict.fromkeys(name for one in covered for name in one.entities))
    countries = {name for one in covered for name in one.countries}
    since = min((one.since for one in covered if one.since), default=None)
    blank = [one.code for one in found if not one.activities]
    parts = [
        ngettext(
            "Chapter %(roman)s: %(num)s of %(all)s recommendations has activities, by %(entities)s",
            "Chapter %(roman)s: %(num)s of %(all)s recommendations have activities, by %(entities)s",
            len(covered),
            roman=ROMAN[number],
            all=len(found),
            entities=commas(entities) or _("no UN entity named"),
        ),
        ngettext("%(num)s activity, %(joint)s of them joint", "%(num)s activities, %(joint)s of them joint", activities,
                 joint=joint),
        ngettext("in %(num)s country named", "in %(num)s countries named", len(countries))
        if countries else _("no country named"),
        *([_("the earliest begun in %(year)s", year=since)] if since else []),
        _("no activity yet on %(codes)s", codes=commas(blank)) if blank else _("none is left blank"),
    ]  # fmt: skip
    return str(_("%(clauses)s.", clauses=semicolons(parts)))
