"""One page of the list of activities: read by key, in a fixed number of statements, into plain values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.fulltext import count, newest_first
from interagency.db.paging import page_within
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters, terms_of
from interagency.matrix.activities.models import (
    Activity,
    ActivityChapter,
    ActivityCountry,
    ActivityEntity,
    CountryStatus,
    Participation,
    Status,
    activity_partner,
    activity_recommendation,
    activity_region,
)
from interagency.matrix.activities.state.light import Light, light_column
from interagency.matrix.framework.models import Country, Recommendation, Region
from interagency.matrix.framework.titles import spoken
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate, date_of
from interagency.web.context import today

SIZE = 50
MAX_ID = 2**31 - 1
# Literals, not parameters: SQLite finds an index on an expression by its text.
_LAST_DATE: sa.ColumnElement[date] = sa.literal_column("'9999-12-31'", sa.Date())
_FIRST_DATE: sa.ColumnElement[date] = sa.literal_column("'0001-01-01'", sa.Date())
_BETWEEN: sa.ColumnElement[str] = sa.literal_column("'~'", sa.String())


@dataclass(frozen=True, slots=True)
class ListedEntity:
    """A UN entity as it stands in a list."""

    short: str
    is_lead: bool


@dataclass(frozen=True, slots=True)
class ListedActivity:
    """What the list shows of an activity. `entities` are those taking part, lead first."""

    id: int
    title: str
    status: Status
    is_joint: bool
    start: ImpreciseDate | None
    end: ImpreciseDate | None
    entities: tuple[ListedEntity, ...]
    partners: tuple[str, ...]
    places: tuple[str, ...]
    recommendations: tuple[str, ...]
    chapters: tuple[int, ...]
    light: Light = Light.IN_STEP
    statuses_there: tuple[tuple[str, str, Status], ...] = ()  # code and name of a country, and the status there

    @property
    def lead(self) -> ListedEntity | None:
        return next((one for one in self.entities if one.is_lead), None)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `first` and `last` are the keys of its ends: what the pages before and after go by."""

    activities: list[ListedActivity]
    total: int
    number: int
    pages: int
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Sort:
    """An order that no two activities share a place in; the key of a place is its values as text."""

    columns: tuple[Any, ...]
    read: Callable[[str], Any]
    descending: bool = False

    def order(self, *, backwards: bool) -> list[Any]:
        return [column.desc() if self.descending != backwards else column.asc() for column in self.columns]

    def beyond(self, key: str, *, backwards: bool) -> sa.ColumnElement[bool] | None:
        """The condition of what lies after the place `key` (before it: `backwards`); None for no key."""
        value, _sign, number = key.rpartition("~")
        try:
            values = [self.read(value), int(number)]
        except ValueError:
            return None
        if "\x00" in value or not 0 <= values[1] <= MAX_ID:
            return None
        here = [sa.literal(v, c.type) for v, c in zip(values, self.columns, strict=True)]
        place, first = sa.tuple_(*self.columns), self.columns[0]
        # The second condition says no more than the first; SQLite seeks in an index on an expression by it alone.
        if self.descending != backwards:
            return sa.and_(place < sa.tuple_(*here), first <= here[0])
        return sa.and_(place > sa.tuple_(*here), first >= here[0])


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return found


_title = sa.func.lower(Activity.title)
_status = sa.type_coerce(Activity.status, sa.String) + _BETWEEN + _title
# What has no begin stands last both ways; so the latest first is sorted without an index.
SORTS = {
    "newest": Sort((Activity.updated_at, Activity.id), _instant, descending=True),
    "title": Sort((_title, Activity.id), str),
    "-title": Sort((_title, Activity.id), str, descending=True),
    "start": Sort((sa.func.coalesce(Activity.start_first, _LAST_DATE), Activity.id), date.fromisoformat),
    "-start": Sort((sa.func.coalesce(Activity.start_first, _FIRST_DATE), Activity.id), date.fromisoformat, True),
    "status": Sort((_status, Activity.id), str),
    "-status": Sort((_status, Activity.id), str, descending=True),
}


def page_of_activities(
    session: Session,
    filters: Filters,
    *,
    mine: Iterable[str],
    number: int,
    sort: str = "newest",
    after: str = "",
    before: str = "",
    size: int = SIZE,
) -> Page:
    """Page `number` of the activities under `filters`, of `size` of them, in the order `sort` (a key of SORTS).

    Beside a page that was seen, `after` (its last key) or `before` (its first) lead to the place at once, however deep
    it lies; a number alone counts its way there.
    """
    mine = list(mine)
    conditions = activity_conditions(filters, mine)
    total = _total(session, filters, conditions)
    number, pages = page_within(number, total, size)
    order = SORTS.get(sort, SORTS["newest"])
    backwards = bool(before) and not after
    beyond = order.beyond(after or before, backwards=backwards) if after or before else None
    backwards = backwards and beyond is not None
    terms = terms_of(filters)
    if terms and order is SORTS["newest"] and not backwards:
        conditions = activity_conditions(filters.without_words(), mine)
        ids = newest_first(session, sa.select(Activity.id).where(*conditions), Activity, terms)
    else:
        ids = sa.select(Activity.id).where(*conditions).order_by(*order.order(backwards=backwards))
    ids = ids.limit(size)
    ids = ids.where(beyond) if beyond is not None else ids.offset((number - 1) * size)
    rows = _rows(session, ids, order)
    relations = _relations(session, [row.id for row in rows])
    found = [_listed(row, relations) for row in rows]
    keys = [f"{_key_text(row.key)}~{row.id}" for row in rows] or [""]
    return Page(found, total, number, pages, keys[0], keys[-1])


def _total(session: Session, filters: Filters, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
    if set(filters.values) == {"q"}:
        return count(session, Activity, terms_of(filters))
    return session.scalar(sa.select(sa.func.count()).select_from(Activity).where(*conditions)) or 0


def _key_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _rows(session: Session, ids: Any, order: Sort) -> Sequence[Any]:
    chosen = ids.subquery()
    query = (
        sa.select(
            Activity.id,
            Activity.title,
            Activity.status,
            Activity.is_joint,
            Activity.start_precision,
            Activity.start_first,
            Activity.start_last,
            Activity.end_precision,
            Activity.end_first,
            Activity.end_last,
            order.columns[0].label("key"),
            light_column(today()).label("light"),
        )
        .join(chosen, chosen.c.id == Activity.id)
        .order_by(*order.order(backwards=False))
    )
    return session.execute(query).all()


def _relations(session: Session, ids: Sequence[int]) -> dict[str, dict[int, list[Any]]]:
    """What hangs on the activities `ids`, by kind and activity, each in its order: one statement."""
    found: dict[str, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    if ids:
        rows = session.execute(_relations_query(), {"ids": list(ids)}).all()  # together: one by one takes twice as long
        for kind, number, _place, text, is_lead in rows:
            found[kind][number].append(ListedEntity(spoken().called(text), bool(is_lead)) if kind == "entity" else text)
    return found


@cache
def _relations_query() -> sa.CompoundSelect[Any]:
    short = sa.func.coalesce(Organisation.acronym, Organisation.name)
    wanted: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)

    def part(kind: str, number: Any, place: Any, text: Any, is_lead: Any = None) -> sa.Select[Any]:
        lead = sa.literal(0) if is_lead is None else sa.cast(is_lead, sa.Integer)
        return sa.select(
            sa.literal(kind).label("kind"), number.label("number"), sa.cast(place, sa.String).label("place"),
            sa.cast(text, sa.String).label("text"), lead.label("lead"),
        ).where(number.in_(wanted))  # fmt: skip

    links = activity_recommendation.c
    partner, region, entity, country = activity_partner.c, activity_region.c, ActivityEntity, ActivityCountry
    chapter, there = ActivityChapter, CountryStatus
    entities = part("entity", entity.activity_id, 1000 + entity.position, short, entity.is_lead)
    in_order = sa.cast(1000 + Recommendation.position, sa.String)
    return sa.union_all(
        entities.join(Organisation, Organisation.id == entity.entity_id).where(
            entity.participation != Participation.DECLINED
        ),
        part("partner", partner.activity_id, Organisation.name, short).join(
            Organisation, Organisation.id == partner.organisation_id
        ),
        part("country", country.activity_id, country.country_code, Country.name).join(
            Country, Country.code == country.country_code
        ),
        part(
            "status there",
            there.activity_id,
            there.country_code,
            there.country_code + _BETWEEN + sa.type_coerce(there.status, sa.String) + _BETWEEN + Country.name,
        ).join(Country, Country.code == there.country_code),
        part("region", region.activity_id, Region.name, Region.name).join(Region, Region.code == region.region_code),
        part("recommendation", links.activity_id, in_order, Recommendation.code).join(
            Recommendation, Recommendation.code == links.recommendation_code
        ),
        part("chapter", chapter.activity_id, chapter.chapter_number, chapter.chapter_number),
    ).order_by("place")


def _listed(row: Any, relations: dict[str, dict[int, list[Any]]]) -> ListedActivity:
    def of(kind: str) -> list[Any]:
        return relations[kind][row.id]

    names = spoken()
    return ListedActivity(
        id=row.id,
        title=row.title,
        status=row.status,
        is_joint=row.is_joint,
        start=date_of(row.start_precision, row.start_first, row.start_last),
        end=date_of(row.end_precision, row.end_first, row.end_last),
        entities=tuple(of("entity")),
        partners=tuple(map(names.called, of("partner"))),
        places=tuple(dict.fromkeys(map(names.place, [*of("country"), *of("region")]))),
        recommendations=tuple(of("recommendation")),
        light=Light(row.light),
        statuses_there=tuple(
            (code, spoken().country(code, name), Status(status))
            for code, status, name in (text.split("~", 2) for text in of("status there"))
        ),
        chapters=tuple(int(number) for number in of("chapter")),
    )
