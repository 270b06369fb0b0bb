"""An entity's month: all its records, why to look at them, and what the entity has answered. Few columns of each, so
that it can be counted, sorted and signed whole; `rows` reads what a page of it shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from interagency.db.fulltext import holds
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.activities.state.light import LIVE
from interagency.matrix.cycles.answers import answered_until, due_for
from interagency.matrix.cycles.confirming import ACTIVITY
from interagency.matrix.cycles.models import Answer, Cycle
from interagency.matrix.cycles.month.others import last_own_versions, newest_by_others
from interagency.matrix.cycles.month.reasons import Reason, activity_reasons, by_urgency, which_hold
from interagency.matrix.cycles.month.single import Key, Single, singles
from interagency.matrix.cycles.standing import Standing, standing_of
from interagency.matrix.organisations.models import Organisation
from interagency.registry import MonthRecord, registry
from interagency.text.folding import search_terms
from interagency.web.context import settings

# What one page of a signature lists, and so confirms (rule 15). Beyond it one signs again.
MAX_SIGNED = 2000


class Listed(NamedTuple):
    """A record of the month as it stands.

    `reasons`: why to look at it, or why it was looked at before it was confirmed by itself, the most pressing first.
    `needs_look`: whether they call for it still. `single`: how it was confirmed by itself; `may_undo`: whether that
    can be undone.
    """

    record: MonthRecord
    reasons: tuple[Reason, ...]
    is_confirmed: bool
    needs_look: bool
    single: Single | None = None
    may_undo: bool = False

    @property
    def key(self) -> Key:
        return self.record.kind, self.record.id

    @property
    def anchor(self) -> str:
        """The place of its row on the page: `activity-12`."""
        return f"{self.record.kind}-{self.record.id}"

    @property
    def shown_as(self) -> str:
        """The record as it was shown, for the form that confirms or signs it: `activity-12-3`, kind, id, version."""
        return f"{self.record.kind}-{self.record.id}-{self.record.version}"


@dataclass(frozen=True)
class EntityMonth:
    """An entity's month."""

    cycle: Cycle
    entity: Organisation
    due_at: datetime
    state: Standing
    answer: Answer | None  # the one that stands
    withdrawn: Answer | None  # the newest, when it was taken back or returned
    records: list[Listed]
    history: list[Answer]
    singles: dict[Key, Single]

    @cached_property
    def asked(self) -> list[Listed]:
        """Where the entity was named and has not said whether it takes part. A signature does not answer that."""
        return [one for one in self.records if one.record.is_asked]

    @cached_property
    def own(self) -> list[Listed]:
        """What the entity takes part in: these are confirmed."""
        return [one for one in self.records if not one.record.is_asked]

    @cached_property
    def to_look_at(self) -> list[Listed]:
        return [one for one in self.records if one.needs_look]

    @cached_property
    def unconfirmed(self) -> list[Listed]:
        """Not yet confirmed for this month."""
        return [one for one in self.own if not one.is_confirmed]

    @cached_property
    def to_sign(self) -> list[Listed]:
        """What signing confirms: the unconfirmed records that one page lists."""
        return in_order(self.unconfirmed)[:MAX_SIGNED]

    @cached_property
    def by_person(self) -> list[tuple[str, int, datetime]]:
        """Who confirmed how many records one by one, and when last."""
        counts: dict[str, tuple[int, datetime]] = {}
        for single in self.singles.values():
            counts[single.by_name] = (counts.get(single.by_name, (0, single.at))[0] + 1, single.at)
        return [(name, count, at) for name, (count, at) in counts.items()]

    def is_late(self, at: datetime) -> bool:
        """Whether the month is still open past the entity's due date, and it has not answered."""
        return self.cycle.is_open and self.answer is None and at > self.due_at

    def find(self, key: Key) -> Listed | None:
        return next((one for one in self.records if one.key == key), None)


def in_order(records: Iterable[Listed]) -> list[Listed]:
    """Records as they are listed: what needs a look first, by its reason; it keeps its place once it is confirmed."""
    places: dict[str | None, int] = {reason: place for place, reason in enumerate(Reason)}
    kinds = {kind: place for place, kind in enumerate((ACTIVITY, *registry.cycle_parts))}
    return sorted(
        records,
        key=lambda one: (places[one.reasons[0]] if one.reasons else len(places), kinds[one.record.kind]),
    )


def entity_month(session: Session, cycle: Cycle, entity: Organisation, at: datetime, *, words: str = "") -> EntityMonth:
    """The month of one entity at `at` (UTC), in a fixed number of statements. Records that hold `words` match."""
    day = at.astimezone(settings().zone).date()
    terms = search_terms(words, typing=True)
    history = list(
        session.scalars(
            sa.select(Answer)
            .where(Answer.cycle_month == cycle.month, Answer.entity_id == entity.id)
            .options(joinedload(Answer.signed_by), joinedload(Answer.returned_with))
            .order_by(Answer.id.desc())
        )
    )
    standing = next((answer for answer in history if answer.ended_at is None), None)
    last = history[0] if history else None
    due_at = due_for(session, cycle, entity.id)
    state = standing_of(last, due_at=due_at, at=at if cycle.is_open else None)
    records = _activities(session, cycle, entity.id, day, terms)
    for part in registry.cycle_parts.values():
        records += part.records(session, entity.id, cycle.month, day, terms)
    ones = singles(session, cycle, entity)
    returned = last if state is Standing.RETURNED else None
    return EntityMonth(
        cycle=cycle,
        entity=entity,
        due_at=due_at,
        state=state,
        answer=standing,
        withdrawn=last if standing is None else None,
        records=_listed(session, cycle, entity, records, ones, standing, returned),
        history=history,
        singles=ones,
    )


def _activities(session: Session, cycle: Cycle, entity_id: int, day: date, terms: tuple[str, ...]) -> list[MonthRecord]:
    """Live activities, those that ended while they were confirmed for this month, and those in which the entity was
    named; by title."""
    noticed = activity_reasons(cycle.month, day)
    query = (
        sa.select(
            Activity.id,
            Activity.version,
            Activity.title,
            Activity.status,
            ActivityEntity.confirmed_month,
            ActivityEntity.participation,
            holds(Activity, terms) if terms else sa.true(),
            *noticed.values(),
        )
        .join(ActivityEntity, ActivityEntity.activity_id == Activity.id)
        .where(
            ActivityEntity.entity_id == entity_id,
            Activity.is_listed,
            sa.or_(
                ActivityEntity.participation == Participation.AWAITED,
                sa.and_(
                    ActivityEntity.participation == Participation.CONFIRMED,
                    sa.or_(Activity.status.in_(LIVE), ActivityEntity.confirmed_month >= cycle.month),
                ),
            ),
        )
        .order_by(sa.func.lower(Activity.title), Activity.id)
    )
    return [
        MonthRecord(
            ACTIVITY, number, version, title, status.value, confirmed,
            which_hold(noticed, found) if any(found) else (),
            bool(matches), participation is Participation.AWAITED,
        )
        for number, version, title, status, confirmed, participation, matches, *found in session.execute(query)
    ]  # fmt: skip


def _listed(
    session: Session,
    cycle: Cycle,
    entity: Organisation,
    records: Iterable[MonthRecord],
    ones: dict[Key, Single],
    standing: Answer | None,
    returned: Answer | None,
) -> list[Listed]:
    """Each record with all its reasons: what others changed and what was returned, beside what it says itself."""
    since = answered_until(session, cycle, entity.id)
    theirs = newest_by_others(session, entity.id, since)
    own = last_own_versions(session, entity.id, since)
    signed = _keys(standing)
    given_back = _keys(returned)
    found = []
    for record in records:
        key = (record.kind, record.id)
        if record.is_asked:
            found.append(Listed(record, (Reason.ASKED,), is_confirmed=False, needs_look=True))
            continue
        is_confirmed = (record.confirmed_month or "") >= cycle.month
        single = ones.get(key) if is_confirmed else None
        mine = own.get(key, 0)
        seen = max(mine, single.version if single else 0)
        change = theirs.get(key)
        is_changed = (
            change is not None
            and change.version > seen
            and not (standing is not None and key in signed and change.at <= standing.signed_at)
        )
        reasons: tuple[str, ...] = single.reasons if single else record.reasons
        if key in given_back and not is_confirmed:
            reasons = (*reasons, Reason.RETURNED)
        if is_changed:
            reasons = (*reasons, Reason.CHANGED)
        found.append(
            Listed(
                record,
                by_urgency(reasons) if reasons else (),
                is_confirmed,
                is_changed or (bool(reasons) and not is_confirmed),
                single,
                single is not None and mine <= single.version,
            )
        )
    return found


def _keys(answer: Answer | None) -> set[Key]:
    """The records that an answer confirmed, or confirmed once."""
    if answer is None or answer.confirmed is None:
        return set()
    return {(kind, number) for kind, pairs in answer.confirmed.items() for number, _was in pairs}
