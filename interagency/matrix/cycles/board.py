"""The coordinator's view of a month: who said what and when, what waits for whom, and how it went over a year."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload

from interagency.accounts.models import Person
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.cycles.contents import expected_entities
from interagency.matrix.cycles.models import Answer, AnswerKind, Cycle, Edition, Extension
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.models import Organisation


class BoardState(enum.StrEnum):
    """Where an entity stands in a cycle."""

    UPDATED = "updated"
    UNCHANGED = "confirmed unchanged"
    NOTHING = "nothing to report"
    RETURNED = "returned with a note"
    SILENT = "silent"


ORDER = list(BoardState)
BY_KIND = {
    AnswerKind.UPDATED: BoardState.UPDATED,
    AnswerKind.UNCHANGED: BoardState.UNCHANGED,
    AnswerKind.NOTHING: BoardState.NOTHING,
}


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One entity's standing."""

    entity: Organisation
    state: BoardState
    due_at: datetime
    is_extended: bool
    answer: Answer | None  # the standing one, or the returned one
    focal_points: list[Person]
    is_expected: bool

    @property
    def has_answered(self) -> bool:
        return self.state in BY_KIND.values()

    def is_awaited(self, at: datetime) -> bool:
        """Whether it has not said anything, and need not have yet: nobody is silent before the due date."""
        return self.state is BoardState.SILENT and self.has_time(at)

    def has_time(self, at: datetime) -> bool:
        """Whether its own due date has not passed."""
        return at <= self.due_at

    def days_late(self, at: datetime) -> int:
        """Whole and begun days after its due date: of its answer, or until `at` without one."""
        said = self.answer.signed_at if self.has_answered and self.answer else at
        return max(0, -(-int((said - self.due_at).total_seconds()) // 86_400))


def board(session: Session, cycle: Cycle, day: date) -> list[BoardRow]:
    """Every entity that is expected to answer, or has; in the order of the decision."""
    expected = expected_entities(session, day)
    answers = session.scalars(
        sa.select(Answer)
        .where(Answer.cycle_month == cycle.month)
        .options(joinedload(Answer.signed_by), joinedload(Answer.entity))
        .order_by(Answer.id)
    ).all()
    latest: dict[int, Answer] = {}
    for answer in answers:
        latest[answer.entity_id] = answer
    extensions = {
        extension.entity_id: extension.due_at
        for extension in session.scalars(sa.select(Extension).where(Extension.cycle_month == cycle.month))
    }
    people = focal_points(session, day)
    asked = {entity.id for entity in expected}
    others = [answer.entity for answer in latest.values() if answer.entity_id not in asked and answer.ended_at is None]
    return [
        BoardRow(
            entity=entity,
            state=_state(latest.get(entity.id)),
            due_at=extensions.get(entity.id, cycle.due_at),
            is_extended=entity.id in extensions,
            answer=latest.get(entity.id),
            focal_points=people.get(entity.id, []),
            is_expected=entity.id in asked,
        )
        for entity in [*expected, *sorted(others, key=lambda one: one.short)]
    ]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Who of those asked has no answer: those whose date has passed, and those who have time, by date."""

    silent: list[BoardRow]
    in_time: list[tuple[datetime, list[BoardRow]]]


def unanswered(rows: list[BoardRow], at: datetime) -> Unanswered:
    """Divide the entities that have not answered by whether they had to. Nobody is silent before the due date."""
    asked = [row for row in rows if row.is_expected and not row.has_answered]
    dates = sorted({row.due_at for row in asked if row.has_time(at)})
    return Unanswered(
        silent=[row for row in asked if not row.has_time(at)],
        in_time=[(due, [row for row in asked if row.due_at == due]) for due in dates],
    )


def _state(answer: Answer | None) -> BoardState:
    if answer is None:
        return BoardState.SILENT
    if answer.ended_at is None:
        return BY_KIND[answer.kind]
    return BoardState.RETURNED if answer.return_note else BoardState.SILENT


@dataclass(frozen=True, slots=True)
class Waiting:
    """A joint activity that waits for somebody."""

    activity_id: int
    title: str
    for_whom: list[str]


def waiting_activities(session: Session) -> list[Waiting]:
    """Activities in which an entity was named and has neither confirmed nor declined, by title."""
    query = (
        sa.select(Activity.id, Activity.title, sa.func.coalesce(Organisation.acronym, Organisation.name))
        .join(ActivityEntity, ActivityEntity.activity_id == Activity.id)
        .join(Organisation, Organisation.id == ActivityEntity.entity_id)
        .where(Activity.is_listed, ActivityEntity.participation == Participation.AWAITED)
        .order_by(sa.func.lower(Activity.title), Activity.id, Organisation.position)
    )
    found: dict[int, Waiting] = {}
    for activity_id, title, short in session.execute(query):
        found.setdefault(activity_id, Waiting(activity_id, title, [])).for_whom.append(short)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class CycleLine:
    """A month in the list of cycles."""

    cycle: Cycle
    answered: int
    expected: int
    edition: Edition | None


def cycle_lines(session: Session, day: date) -> list[CycleLine]:
    """Every cycle, newest first, with how many have answered."""
    asked = len(expected_entities(session, day))
    answered: dict[str, int] = dict(
        session.execute(
            sa.select(Answer.cycle_month, sa.func.count()).where(Answer.ended_at.is_(None)).group_by(Answer.cycle_month)
        ).all()
    )
    newer = aliased(Edition)
    newest = sa.select(sa.func.max(newer.number)).where(newer.cycle_month == Edition.cycle_month).scalar_subquery()
    editions = {
        edition.cycle_month: edition
        for edition in session.scalars(
            sa.select(Edition).options(sa.orm.defer(Edition.contents)).where(Edition.number == newest)
        )
    }
    return [
        CycleLine(cycle, answered.get(cycle.month, 0), asked, editions.get(cycle.month))
        for cycle in session.scalars(sa.select(Cycle).order_by(Cycle.month.desc()))
    ]


class Timeliness(enum.StrEnum):
    """How an entity answered in a month."""

    ON_TIME = "on time"
    LATE = "late"
    SILENT = "silent"
    OPEN = "not due yet"


@dataclass(frozen=True, slots=True)
class TimelinessTable:
    """Entities by months: how each answered over a year."""

    months: list[str]
    rows: list[tuple[Organisation, list[Timeliness]]] = field(default_factory=list)


def timeliness(session: Session, day: date, at: datetime, *, months: int = 12) -> TimelinessTable:
    """The last `months` cycles, oldest first. An entity is silent once its due date has passed without an answer."""
    cycles = list(session.scalars(sa.select(Cycle).order_by(Cycle.month.desc()).limit(months)))[::-1]
    names = [cycle.month for cycle in cycles]
    extensions = {
        (extension.cycle_month, extension.entity_id): extension.due_at
        for extension in session.scalars(sa.select(Extension).where(Extension.cycle_month.in_(names)))
    }
    signed = {
        (month, entity_id): at_
        for month, entity_id, at_ in session.execute(
            sa.select(Answer.cycle_month, Answer.entity_id, Answer.signed_at).where(
                Answer.cycle_month.in_(names), Answer.ended_at.is_(None)
            )
        )
    }

    def how(cycle: Cycle, entity: Organisation) -> Timeliness:
        due = extensions.get((cycle.month, entity.id), cycle.due_at)
        said = signed.get((cycle.month, entity.id))
        if said is not None:
            return Timeliness.LATE if said > due else Timeliness.ON_TIME
        return Timeliness.OPEN if cycle.is_open and at <= due else Timeliness.SILENT

    rows = [(entity, [how(cycle, entity) for cycle in cycles]) for entity in expected_entities(session, day)]
    return TimelinessTable(names, rows)
