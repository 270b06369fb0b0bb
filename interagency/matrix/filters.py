"""The filters that lists, workbooks and feeds share: one query string for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from interagency.fulltext import holds
from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityEntity,
    Level,
    Participation,
    Scope,
    Status,
    activity_partner,
    activity_recommendation,
    activity_region,
)
from interagency.matrix.framework.models import ROMAN, Country, Region
from interagency.matrix.framework.names import NotUnderstood, gazetteer, query_terms, read_chapter, read_code
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory
from interagency.words import clean

# In the order they are shown and written into addresses.
NAMES = (
    "q",
    "entity",
    "partner",
    "chapter",
    "recommendation",
    "country",
    "region",
    "status",
    "level",
    "scope",
    "joint",
    "kind",
    "mine",
)
LONGEST_QUERY = 200


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
        if reader is None:
            return text
        key: str
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
        code = read_code(text)
        return code, code

    def _country(self, text: str) -> tuple[str, str]:
        code = gazetteer(self.session).country(text)
        country = self.session.get_one(Country, code)
        return code, country.name

    def _region(self, text: str) -> tuple[str, str]:
        code = gazetteer(self.session).region(text)
        return code, self.session.get_one(Region, code).name

    def _choice(self, name: str, text: str, valid: Iterable[str]) -> tuple[str, str]:
        if text not in valid:
            raise NotUnderstood(f"“{text[:40]}” is not a {name}. Choose one of: {', '.join(valid)}.")
        return text, text

    def _status(self, text: str) -> tuple[str, str]:
        return self._choice("status", text, [status.value for status in Status])

    def _level(self, text: str) -> tuple[str, str]:
        return self._choice("level", text, [level.value for level in Level])

    def _scope(self, text: str) -> tuple[str, str]:
        return self._choice("scope", text, [scope.value for scope in Scope])

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


def _linked(table: sa.Table, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return Activity.id.in_(sa.select(table.c.activity_id).where(condition))


def _by_entity(keys: tuple[str, ...]) -> sa.ColumnElement[bool]:
    named = [key for key in keys if key != "none"]
    taking_part = sa.select(ActivityEntity.activity_id).where(
        ActivityEntity.entity_id.in_(_organisation_ids(named)),
        ActivityEntity.participation != Participation.DECLINED,
    )
    condition: sa.ColumnElement[bool] = Activity.id.in_(taking_part)
    if "none" in keys:
        with_lead = sa.select(ActivityEntity.activity_id).where(ActivityEntity.is_lead)
        condition = sa.or_(condition, Activity.id.not_in(with_lead))
    return condition


def _by_chapter(numbers: tuple[str, ...]) -> sa.ColumnElement[bool]:
    wanted = [int(number) for number in numbers if number != "none"]
    under = sa.select(ActivityChapter.activity_id).where(ActivityChapter.chapter_number.in_(wanted))
    condition: sa.ColumnElement[bool] = Activity.id.in_(under)
    if "none" in numbers:
        condition = sa.or_(condition, Activity.id.not_in(sa.select(ActivityChapter.activity_id)))
    return condition


def _regions_within(codes: tuple[str, ...]) -> sa.CTE:
    """The regions and all regions inside them."""
    inside = sa.select(Region.code).where(Region.code.in_(codes)).cte("inside", recursive=True)
    return inside.union(sa.select(Region.code).where(Region.parent_code == inside.c.code))


def _by_region(codes: tuple[str, ...]) -> sa.ColumnElement[bool]:
    """Named for the region or one inside it, or for a country that lies there."""
    inside = sa.select(_regions_within(codes).c.code)
    countries = sa.select(Country.code).where(Country.region_code.in_(inside))
    return sa.or_(
        _linked(activity_region, activity_region.c.region_code.in_(inside)),
        Activity.id.in_(sa.select(ActivityCountry.activity_id).where(ActivityCountry.country_code.in_(countries))),
    )


def activity_conditions(filters: Filters, mine: Iterable[str] = ()) -> list[sa.ColumnElement[bool]]:
    """The conditions on Activity that `filters` stand for. `mine` are the keys of the reader's entities."""
    conditions: list[sa.ColumnElement[bool]] = [Activity.is_listed.is_(True)]
    if terms := terms_of(filters):
        conditions.append(holds(Activity, terms))
    plain = {"status": Activity.status, "level": Activity.level, "scope": Activity.scope}
    for name, column in plain.items():
        if filters.get(name):
            conditions.append(column.in_(filters.get(name)))
    if entities := filters.get("entity"):
        conditions.append(_by_entity(entities))
    if filters.get("mine"):
        conditions.append(_by_entity(tuple(mine)))
    if partners := filters.get("partner"):
        conditions.append(
            _linked(activity_partner, activity_partner.c.organisation_id.in_(_organisation_ids(partners)))
        )
    if chapters := filters.get("chapter"):
        conditions.append(_by_chapter(chapters))
    if codes := filters.get("recommendation"):
        conditions.append(_linked(activity_recommendation, activity_recommendation.c.recommendation_code.in_(codes)))
    if countries := filters.get("country"):
        named = sa.select(ActivityCountry.activity_id).where(ActivityCountry.country_code.in_(countries))
        conditions.append(Activity.id.in_(named))
    if regions := filters.get("region"):
        conditions.append(_by_region(regions))
    if joint := filters.get("joint"):
        conditions.append(Activity.is_joint.in_([choice == "yes" for choice in joint]))
    return conditions
