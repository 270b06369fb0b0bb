"""What a focal point sees of their entity's month: its records, what others say of them, its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session, joinedload

from interagency.db.history import Change
from interagency.matrix.activities.labels import FactLabels, field_labels
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.cycles.answers import answered_until, due_for
from interagency.matrix.cycles.confirming import ACTIVITY, LIVE
from interagency.matrix.cycles.models import Answer, Cycle
from interagency.matrix.cycles.months import months_between
from interagency.matrix.cycles.standing import Standing, standing_of
from interagency.matrix.organisations.models import Appointment, Organisation
from interagency.registry import MonthRow, registry
from interagency.text.dates import words_between

STALE_AFTER = 3  # months since the last confirmation
STALE_AFTER_WORDS = "three months"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody of another entity changed in a joint activity since the entity's last answer."""

    activity_id: int
    title: str
    by_name: str
    at: datetime
    fields: list[tuple[str, str, str]]  # heading, was, is


@dataclass(frozen=True, slots=True)
class EntityMonth:
    """An entity's month."""

    cycle: Cycle
    entity: Organisation
    due_at: datetime
    state: Standing
    answer: Answer | None  # the one that stands
    withdrawn: Answer | None  # the newest, when it was taken back or returned
    asked: list[MonthRow]  # named as participant, to be confirmed or declined
    activities: list[MonthRow]
    parts: dict[str, list[MonthRow]]
    said: list[Said]
    history: list[Answer]

    @property
    def rows(self) -> list[tuple[str, MonthRow]]:
        """Every record listed, with its kind."""
        own = [(ACTIVITY, row) for row in self.activities]
        return own + [(name, row) for name, rows in self.parts.items() for row in rows]

    @property
    def unconfirmed(self) -> list[tuple[str, MonthRow]]:
        """Records not yet confirmed for this month, with their kind: those that signing confirms."""
        return [(kind, row) for kind, row in self.rows if not is_confirmed(row, self.cycle.month)]

    def is_late(self, at: datetime) -> bool:
        """Whether the month is still open past the entity's due date, and it has not answered."""
        return self.cycle.is_open and self.answer is None and at > self.due_at


def shown_as(kind: str, row: MonthRow) -> str:
    """A record as it was shown, for the form that signs it: `activity-12-3`, its kind, id and version."""
    return f"{kind}-{row.id}-{row.version}"


def is_confirmed(row: MonthRow, month: str) -> bool:
    """Whether the row was confirmed for `month` or later."""
    return row.confirmed_month is not None and row.confirmed_month >= month


def staleness(confirmed_month: str | None, month: str) -> int | None:
    """Months since a record was confirmed, seen from `month`; None when it never was."""
    return max(0, months_between(confirmed_month, month)) if confirmed_month else None


def entity_month(session: Session, cycle: Cycle, entity: Organisation, at: datetime) -> EntityMonth:
    """Everything the month page of one entity shows at `at` (UTC), in a fixed number of statements."""
    own = _own_parts(session, entity.id)
    history = list(
        session.scalars(
            sa.select(Answer)
            .where(Answer.cycle_month == cycle.month, Answer.entity_id == entity.id)
            .options(joinedload(Answer.signed_by))
            .order_by(Answer.id.desc())
        )
    )
    standing = next((answer for answer in history if answer.ended_at is None), None)
    last = history[0] if history else None
    due_at = due_for(session, cycle, entity.id)
    return EntityMonth(
        cycle=cycle,
        entity=entity,
        due_at=due_at,
        state=standing_of(last, due_at=due_at, at=at if cycle.is_open else None),
        answer=standing,
        withdrawn=last if standing is None else None,
        asked=[_row(part) for part in own if part.participation is Participation.AWAITED],
        activities=[
            _row(part) for part in own if part.participation is Participation.CONFIRMED and _belongs(part, cycle.month)
        ],
        parts={part.name: part.rows(session, entity.id) for part in registry.cycle_parts.values()},
        said=_said_by_others(session, cycle, entity, own),
        history=history,
    )


def _belongs(part: ActivityEntity, month: str) -> bool:
    """Live activities, and those that ended while they were confirmed for this month."""
    return part.activity.status in LIVE or (part.confirmed_month or "") >= month


def _own_parts(session: Session, entity_id: int) -> list[ActivityEntity]:
    query = (
        sa.select(ActivityEntity)
        .join(Activity)
        .where(
            ActivityEntity.entity_id == entity_id,
            ActivityEntity.participation != Participation.DECLINED,
            Activity.is_listed,
        )
        .options(joinedload(ActivityEntity.activity).selectinload(Activity.entities))
        .order_by(sa.func.lower(Activity.title), Activity.id)
    )
    return list(session.scalars(query))


def _row(part: ActivityEntity) -> MonthRow:
    activity = part.activity
    lead = activity.lead
    others = [
        _("%(entity)s (lead)", entity=other.entity.short) if other.is_lead else other.entity.short
        for other in activity.taking_part
        if other.entity_id != part.entity_id
    ]
    return MonthRow(
        id=activity.id,
        title=activity.title,
        address=url_for("activities.activity", activity_id=activity.id),
        edit_address=url_for("activities.edit", activity_id=activity.id),
        status=activity.status.value,
        when=words_between(activity.start, activity.end, short=True),
        confirmed_month=part.confirmed_month,
        version=activity.version,
        note=", ".join(others),
        is_lead=lead is None or lead.entity_id == part.entity_id,
        is_joint=activity.is_joint,
    )


def _said_by_others(session: Session, cycle: Cycle, entity: Organisation, own: Iterable[ActivityEntity]) -> list[Said]:
    """Changes by people of other entities since the entity's last answer, newest first."""
    titles = {part.activity_id: part.activity.title for part in own}
    ours = sa.select(Appointment.person_id).where(Appointment.entity_id == entity.id)
    mine = sa.select(ActivityEntity.activity_id).where(ActivityEntity.entity_id == entity.id)
    query = sa.select(Change).where(
        Change.record_type == "activity",
        Change.record_id.in_(mine),
        Change.at > answered_until(session, cycle, entity.id),
        Change.by_id.is_not(None),
        Change.by_id.not_in(ours),
    )
    changes = session.scalars(query.order_by(Change.id.desc()).limit(100))
    words, names = FactLabels(session), field_labels()
    return [
        Said(
            change.record_id,
            titles[change.record_id],
            change.by_name,
            change.at,
            [
                (names[name], words.say(name, was), words.say(name, now))
                for name, (was, now) in change.fields.items()
                if name in names and words.say(name, was) != words.say(name, now)
            ],
        )
        for change in changes
        if change.record_id in titles
    ]
