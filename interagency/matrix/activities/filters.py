"""The filters that lists, workbooks and feeds share: one query string for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased
from werkzeug.datastructures import MultiDict

from interagency.db.fulltext import holds
from interagency.matrix.activities.field_types import Field, Kind
from interagency.matrix.activities.fields import FILTERED
from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityEntity,
    CountryRole,
    Participation,
    activity_partner,
    activity_recommendation,
    activity_region,
)
from interagency.matrix.framework.models import ROMAN, Country, Recommendation, Region, Section
from interagency.matrix.framework.names import (
    NotUnderstood,
    gazetteer,
    query_terms,
    read_chapter,
    read_code,
    read_section,
    sections,
)
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory
from interagency.text.folding import clean
from interagency.text.typed_dates import FIRST_YEAR, LAST_YEAR

# What the pages of an edition and of the calendar understand too.
PLAIN_NAMES = (
    "q",
    "entity",
    "partner",
    "chapter",
    "recommendation",
    "country",
    "region",
    *(field.parameter for field in FILTERED),
    "joint",
    "mine",
)
# In the order they are shown and written into addresses. `year` is the year an activity begins in; `also` holds
# `name:value` pairs that must hold besides all the others: `entity=who&also=entity:undp` is what both take part in.
NAMES = (*PLAIN_NAMES, "section", "beneficiary", "year", "also")
LONGEST_QUERY = 200
_FIELDS = {field.parameter: field for field in FILTERED}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to: for each name the chosen values, as stable keys; empty means all.

    `problems` are sentences about values that were not understood and therefore ignored.
    """

    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    labels: dict[tuple[str, str], str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.values)

    def get(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())

    def pairs(self) -> list[tuple[str, str]]:
        """`(name, value)` in a fixed order: the canonical query."""
        return [(name, value) for name in NAMES for value in self.get(name)]

    def query_string(self) -> str:
        """The filters as a query string, the same for the same filters."""
        return urlencode(self.pairs())

    def without(self, name: str, value: str) -> Filters:
        """The same filters less one value."""
        left = tuple(kept for kept in self.get(name) if kept != value)
        values = {key: kept for key, kept in self.values.items() if key != name}
        return replace(self, values=values | ({name: left} if left else {}))

    def narrowed(self, name: str, value: str) -> Filters:
        """The same filters, and `value` must hold besides: what stands in one line of a table under these filters."""
        if self.get(name) == (value,):
            return self
        if not self.get(name):
            return replace(self, values=self.values | {name: (value,)})
        also = dict.fromkeys((*self.get("also"), f"{name}:{value}"))
        return replace(self, values=self.values | {"also": tuple(also)})

    def address(self, base: str) -> str:
        """`base` with these filters added to its query."""
        query = self.query_string()
        return f"{base}{'&' if '?' in base else '?'}{query}" if query else base

    def without_words(self) -> Filters:
        """The same filters less the words."""
        return replace(self, values={name: kept for name, kept in self.values.items() if name != "q"})

    def label(self, name: str, value: str) -> str:
        """The words for one chosen value."""
        return self.labels.get((name, value), value)

    def sentence(self) -> str:
        """All filters in words, for a workbook's first sheet."""
        return "; ".join(f"{name}: {self.label(name, value)}" for name, value in self.pairs()) or "none"


class _Reader:
    """Reads the values of one query string; looks names up only when one is used."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.labels: dict[tuple[str, str], str] = {}

    def read(self, name: str, text: str) -> str:
        """The stable key for what was written. Raises NotUnderstood."""
        reader = getattr(self, f"_{name}", None)
        if name in _FIELDS:
            key, label = self._field(_FIELDS[name], text)
        elif reader is None:
            return text
        else:
            key, label = reader(text)
        self.labels[name, key] = label
        return key

    def _q(self, text: str) -> tuple[str, str]:
        if not query_terms(text):
            raise NotUnderstood(f"“{text[:40]}” has no letters or digits to look for and was left out.")
        return text, text

    def _entity(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", "lead unknown"
        found = Directory(self.session).find(text)
        return found.key, found.short

    _partner = _entity

    def _chapter(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", "no chapter"
        number = read_chapter(text)
        return str(number), f"chapter {ROMAN[number]}"

    def _recommendation(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", "no recommendation"
        code = read_code(text)
        return code, code

    def _section(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", "no section"
        section = read_section(sections(self.session), text)
        return str(section.position), section.label

    def _year(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", "begin not known"
        if not (text.isascii() and text.isdecimal() and FIRST_YEAR <= int(text) <= LAST_YEAR):
            raise NotUnderstood(f"“{text[:40]}” is not a year from {FIRST_YEAR} to {LAST_YEAR}.")
        return text, f"begins in {text}"

    def _beneficiary(self, text: str) -> tuple[str, str]:
        code, name = self._country(text)
        return code, f"{name} as beneficiary" if code != "none" else "no beneficiary country"

    def _also(self, text: str) -> tuple[str, str]:
        name, _colon, value = text.partition(":")
        if name not in _CONDITIONS:
            raise NotUnderstood(f"“{text[:40]}” is not a further condition. Write one such as entity:undp.")
        key = self.read(name, clean(value, lines=False))
        return f"{name}:{key}", f"and {self.labels.get((name, key), key)}"

    def _country(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", "no country"
        code = gazetteer(self.session).country(text)
        country = self.session.get_one(Country, code)
        return code, country.name

    def _region(self, text: str) -> tuple[str, str]:
        if text == "none":
            return "none", "no region"
        code = gazetteer(self.session).region(text)
        return code, self.session.get_one(Region, code).name

    def _choice(self, name: str, text: str, valid: Iterable[str]) -> tuple[str, str]:
        if text not in valid:
            raise NotUnderstood(f"“{text[:40]}” is not a {name}. Choose one of: {', '.join(valid)}.")
        return text, text

    def _field(self, field: Field, text: str) -> tuple[str, str]:
        """A choice or a flag of the description."""
        key, label = self._choice(str(field.label).lower(), text, [value for value, _words in field.options])
        return key, label if key in field.values else f"{field.label}: {key}"

    def _joint(self, text: str) -> tuple[str, str]:
        key, _label = self._choice("choice for joint", text, ["yes", "no"])
        return key, "joint" if key == "yes" else "individual"

    def _mine(self, text: str) -> tuple[str, str]:
        key, _label = self._choice("choice for mine", text, ["yes"])
        return key, "my entities"


def read_filters(session: Session, args: MultiDict[str, str], *, names: Iterable[str] = NAMES) -> Filters:
    """The filters in a query string. What is not understood is left out and told in `problems`."""
    reader = _Reader(session)
    values: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for name in names:
        for text in args.getlist(name)[:50]:
            text = clean(text, lines=False)[:LONGEST_QUERY]
            if not text:
                continue
            try:
                key = reader.read(name, text)
            except NotUnderstood as problem:
                problems.append(str(problem))
                continue
            if key not in values.get(name, ()):
                values[name] = (*values.get(name, ()), key)
    return Filters(values=values, labels=reader.labels, problems=tuple(problems))


def terms_of(filters: Filters) -> tuple[str, ...]:
    """What the words of `filters` look for: records that hold all of it."""
    return tuple(dict.fromkeys(term for text in filters.get("q") for term in query_terms(text)))


def _organisation_ids(keys: Iterable[str]) -> sa.Select[int]:
    return sa.select(Organisation.id).where(Organisation.key.in_(list(keys)))


Condition = sa.ColumnElement[bool]


def _among(links: sa.Select[int], key: Any, values: tuple[Any, ...]) -> Condition:
    """Activities among whose `links` (a SELECT of their ids) a key has one of `values`; `none`: without such links."""
    condition: Condition = Activity.id.in_(links.where(key.in_([value for value in values if value != "none"])))
    return sa.or_(condition, Activity.id.not_in(links)) if "none" in values else condition


def _by_entity(keys: tuple[str, ...]) -> Condition:
    """Taking part; `none` is what has no lead."""
    named = [key for key in keys if key != "none"]
    taking_part = sa.select(ActivityEntity.activity_id).where(
        ActivityEntity.entity_id.in_(_organisation_ids(named)),
        ActivityEntity.participation != Participation.DECLINED,
    )
    condition: Condition = Activity.id.in_(taking_part)
    if "none" in keys:
        with_lead = sa.select(ActivityEntity.activity_id).where(ActivityEntity.is_lead)
        condition = sa.or_(condition, Activity.id.not_in(with_lead))
    return condition


def _by_partner(keys: tuple[str, ...]) -> Condition:
    links = sa.select(activity_partner.c.activity_id)
    return Activity.id.in_(links.where(activity_partner.c.organisation_id.in_(_organisation_ids(keys))))


def _by_chapter(numbers: tuple[str, ...]) -> Condition:
    values = tuple(number if number == "none" else int(number) for number in numbers)
    return _among(sa.select(ActivityChapter.activity_id), ActivityChapter.chapter_number, values)


def _by_recommendation(codes: tuple[str, ...]) -> Condition:
    table = activity_recommendation
    return _among(sa.select(table.c.activity_id), table.c.recommendation_code, codes)


def _by_section(positions: tuple[str, ...]) -> Condition:
    """Under the section, or a subsection of it, by a recommendation or by a section of its own."""
    parent = aliased(Section)
    links = (
        sa.select(activity_recommendation.c.activity_id)
        .join(Recommendation, Recommendation.code == activity_recommendation.c.recommendation_code)
        .join(Section, Section.id == Recommendation.section_id)
    )
    numbers = [int(position) for position in positions if position != "none"]
    wanted = sa.or_(Section.position.in_(numbers), parent.position.in_(numbers))
    above = parent.id == Section.parent_id
    own = sa.select(Section.position).outerjoin(parent, above).where(wanted)
    within = links.outerjoin(parent, above).where(wanted)
    conditions: list[Condition] = [Activity.id.in_(within), Activity.section_position.in_(own)]
    if "none" in positions:
        conditions.append(sa.and_(Activity.id.not_in(links), Activity.section_position.is_(None)))
    return sa.or_(*conditions)


def _by_country(codes: tuple[str, ...]) -> Condition:
    return _among(sa.select(ActivityCountry.activity_id), ActivityCountry.country_code, codes)


def _by_beneficiary(codes: tuple[str, ...]) -> Condition:
    links = sa.select(ActivityCountry.activity_id).where(ActivityCountry.role == CountryRole.BENEFICIARY)
    return _among(links, ActivityCountry.country_code, codes)


def _regions_within(codes: tuple[str, ...]) -> sa.CTE:
    """The regions and all regions inside them."""
    inside = sa.select(Region.code).where(Region.code.in_(codes)).cte(recursive=True)
    return inside.union(sa.select(Region.code).where(Region.parent_code == inside.c.code))


def _by_region(codes: tuple[str, ...]) -> Condition:
    """Named for the region or one inside it, or for a country that lies there."""
    inside = sa.select(_regions_within(codes).c.code)
    countries = sa.select(Country.code).where(Country.region_code.in_(inside))
    named = sa.select(activity_region.c.activity_id)
    conditions: list[Condition] = [
        Activity.id.in_(named.where(activity_region.c.region_code.in_(inside))),
        Activity.id.in_(sa.select(ActivityCountry.activity_id).where(ActivityCountry.country_code.in_(countries))),
    ]
    if "none" in codes:
        somewhere = (Activity.id.in_(named), Activity.id.in_(sa.select(ActivityCountry.activity_id)))
        conditions.append(sa.not_(sa.or_(*somewhere)))
    return sa.or_(*conditions)


def _by_year(years: tuple[str, ...]) -> Condition:
    begun = [
        Activity.start_first.between(date(int(year), 1, 1), date(int(year), 12, 31)) for year in years if year != "none"
    ]
    return sa.or_(*begun, *([Activity.start_first.is_(None)] if "none" in years else []))


def _by_field(field: Field) -> Callable[[tuple[str, ...]], Condition]:
    """The condition on a choice or a flag of the description; `none`: without one."""
    column = getattr(Activity, field.name)

    def condition(values: tuple[str, ...]) -> Condition:
        if field.kind is Kind.FLAG:
            return sa.and_(column.in_([value == "yes" for value in values]))
        named = [value for value in values if value != "none"]
        if field.kind is Kind.CHOICES:
            text = sa.cast(column, sa.String)  # a list as JSON, on both databases
            held = [text.contains(f'"{value}"', autoescape=True) for value in named]
            return sa.or_(*held, *([column.is_(None), text == "[]"] if "none" in values else []))
        chosen: Condition = column.in_(named)
        return sa.or_(chosen, column.is_(None)) if "none" in values else chosen

    return condition


_CONDITIONS: dict[str, Callable[[tuple[str, ...]], Condition]] = {
    "entity": _by_entity,
    "partner": _by_partner,
    "chapter": _by_chapter,
    "section": _by_section,
    "recommendation": _by_recommendation,
    "country": _by_country,
    "beneficiary": _by_beneficiary,
    "region": _by_region,
    "year": _by_year,
    **{field.parameter: _by_field(field) for field in FILTERED},
    "joint": lambda choices: Activity.is_joint.in_([choice == "yes" for choice in choices]),
}


def activity_conditions(filters: Filters, mine: Iterable[str] = ()) -> list[Condition]:
    """The conditions on Activity that `filters` stand for. `mine` are the keys of the reader's entities."""
    conditions: list[Condition] = [Activity.is_listed.is_(True)]
    if terms := terms_of(filters):
        conditions.append(holds(Activity, terms))
    conditions += [read(filters.get(name)) for name, read in _CONDITIONS.items() if filters.get(name)]
    if filters.get("mine"):
        conditions.append(_by_entity(tuple(mine)))
    for further in filters.get("also"):
        name, _colon, value = further.partition(":")
        conditions.append(_CONDITIONS[name]((value,)))
    return conditions
