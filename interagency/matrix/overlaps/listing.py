"""The list of look-alikes: which pairs a person is shown, in which order, page by page."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from interagency.accounts.models import Person
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import Filters
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.overlaps.likeness import Common
from interagency.matrix.overlaps.models import Verdict
from interagency.matrix.overlaps.pair_cache import CachedPairs, cached_pairs

SIZE = 25
OPEN = "open"
Key = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A pair as it is shown: the two activities, what they have in common, and what was said of them."""

    first: Activity
    second: Activity
    common: Common | None
    verdict: Verdict | None
    said_by: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list: its rows, how many there are in all, and the key the next page begins after.

    `judged` is how many pairs stand under each verdict, whatever the filters; `search` how current the pairs are.
    """

    rows: list[Row]
    total: int
    following: str | None
    judged: dict[str, int]
    search: CachedPairs


def listing(
    session: Session, filters: Filters, *, mine: Iterable[str], own: set[int] | None, shown: str, after: str
) -> Listing:
    """The pairs under `filters`, the likest first, one page after the key `after`.

    `own` are the entities whose activities must take part (None: anybody's). `shown` is OPEN for pairs nobody has
    judged, or a verdict: then the newest first, also of pairs that are no longer alike. One of the two activities
    must be under the filters. The number of statements is fixed.
    """
    verdicts = {(one.first_id, one.second_id): one for one in session.scalars(sa.select(Verdict))}
    search = cached_pairs(session)
    pairs = [pair for pair in search.pairs if not pair.is_of_one]
    if shown == OPEN:
        keys = [pair.order for pair in pairs if (pair.first_id, pair.second_id) not in verdicts]
    else:
        said = ((one, pair) for pair, one in verdicts.items() if one.kind == shown)
        keys = sorted((-int(one.said_at.timestamp()), *pair) for one, pair in said)
    under = _numbers(session, activity_conditions(filters, mine)) if filters else None
    keys = [key for key in keys if under is None or key[1] in under or key[2] in under]
    gone = _numbers(session, [Activity.is_listed.is_(False)])
    keys = [key for key in keys if key[1] not in gone and key[2] not in gone]
    if own is not None:
        theirs = _numbers(session, [_touching(own)])
        keys = [key for key in keys if key[1] in theirs or key[2] in theirs]
    begin = bisect_right(keys, read_key(after)) if after else 0
    page = keys[begin : begin + SIZE]
    more = ".".join(str(part) for part in page[-1]) if begin + SIZE < len(keys) else None
    on_page = {(first, second) for _weight, first, second in page}
    found = {key: pair.common for pair in pairs if (key := (pair.first_id, pair.second_id)) in on_page}
    rows = _rows(session, [(first, second) for _weight, first, second in page], found, verdicts)
    judged = Counter(
        one.kind.value for one in verdicts.values() if one.first_id not in gone and one.second_id not in gone
    )
    return Listing(rows, len(keys), more, judged, search)


def read_key(text: str) -> Key:
    """The key in an address; the beginning of the list when it is none."""
    parts = text.split(".")
    numbers = [int(part) for part in parts if part.removeprefix("-").isdecimal() and len(part) < 13]
    return (numbers[0], numbers[1], numbers[2]) if len(parts) == len(numbers) == 3 else (-(10**12), 0, 0)


def _touching(own: set[int]) -> sa.ColumnElement[bool]:
    """The condition that one of the entities takes part."""
    part = ActivityEntity
    mine = sa.select(part.activity_id).where(part.entity_id.in_(own), part.participation != Participation.DECLINED)
    return Activity.id.in_(mine)


def _numbers(session: Session, conditions: list[sa.ColumnElement[bool]]) -> set[int]:
    return set(session.scalars(sa.select(Activity.id).where(*conditions)))


def _rows(
    session: Session,
    pairs: list[tuple[int, int]],
    found: dict[tuple[int, int], Common],
    verdicts: dict[tuple[int, int], Verdict],
) -> list[Row]:
    ids = {number for pair in pairs for number in pair}
    query = sa.select(Activity).where(Activity.id.in_(ids), Activity.is_listed)
    query = query.options(selectinload(Activity.entities).joinedload(ActivityEntity.entity))
    activities = {one.id: one for one in session.scalars(query)}
    people = {verdicts[pair].said_by_id for pair in pairs if pair in verdicts}
    names: dict[int, str] = dict(session.execute(sa.select(Person.id, Person.name).where(Person.id.in_(people))).all())
    rows = []
    for pair in pairs:
        verdict = verdicts.get(pair)
        if pair[0] in activities and pair[1] in activities:
            said_by = names.get(verdict.said_by_id or 0, "") if verdict else ""
            rows.append(Row(activities[pair[0]], activities[pair[1]], found.get(pair), verdict, said_by))
    return rows
