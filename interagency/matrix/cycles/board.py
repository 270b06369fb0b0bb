"""The coordinator's view of a month: who said what and when, what waits for whom, and how it went over a year."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_pgettext
from sqlalchemy.orm import Session, aliased

from interagency.accounts.models import Person
from interagency.matrix.cycles.models import Cycle, Edition
from interagency.matrix.cycles.standing import EntityStanding, Standing, expected_entities, standings
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.models import Organisation
from interagency.text.labelled import Labelled
from interagency.web.context import settings

ORDER = list(Standing)


@dataclass(frozen=True, slots=True)
class BoardRow(EntityStanding):
    """One entity's standing, and who speaks for it. It is late up to `until`: the closing, or now."""

    focal_points: list[Person]
    until: datetime

    def days_late(self) -> int:
        """Whole and begun days after its due date: of its answer, or without one until the closing, or now."""
        said = self.answer.signed_at if self.has_answered and self.answer else self.until
        return max(0, -(-int((said - self.due_at).total_seconds()) // 86_400))

    @property
    def can_be_reminded(self) -> bool:
        """Whether it is asked, has not answered, and somebody would get the mail."""
        return self.is_expected and not self.has_answered and bool(self.focal_points)


def board(session: Session, cycle: Cycle, at: datetime) -> list[BoardRow]:
    """Every entity that is expected to answer, or has, as it stands at `at` (UTC); in the order of the decision."""
    people = focal_points(session, at.astimezone(settings().zone).date())
    until = at if cycle.is_open or cycle.closed_at is None else cycle.closed_at
    return [
        BoardRow(
            **{name.name: getattr(row, name.name) for name in fields(EntityStanding)},
            focal_points=people.get(row.entity.id, []),
            until=until,
        )
        for row in standings(session, cycle, at)
    ]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Who of those asked has no answer: those whose date has passed in silence, those whose answer was taken back or
    returned, and those who have time, by date."""

    silent: list[BoardRow]
    withdrawn: list[BoardRow]
    in_time: list[tuple[datetime, list[BoardRow]]]


def unanswered(rows: list[BoardRow]) -> Unanswered:
    """Divide the entities that have not answered by their standing."""
    asked = [row for row in rows if row.is_expected and not row.has_answered]
    awaited = [row for row in asked if row.state is Standing.AWAITED]
    dates = sorted({row.due_at for row in awaited})
    return Unanswered(
        silent=[row for row in asked if row.state is Standing.SILENT],
        withdrawn=[row for row in asked if row.state in (Standing.TAKEN_BACK, Standing.RETURNED)],
        in_time=[(due, [row for row in awaited if row.due_at == due]) for due in dates],
    )


@dataclass(frozen=True, slots=True)
class CycleLine:
    """A month in the list of cycles."""

    cycle: Cycle
    answered: int
    expected: int
    edition: Edition | None


def cycle_lines(session: Session, at: datetime) -> list[CycleLine]:
    """Every cycle, newest first, with how many have answered, of those on its board at `at` (UTC)."""
    newer = aliased(Edition)
    newest = sa.select(sa.func.max(newer.number)).where(newer.cycle_month == Edition.cycle_month).scalar_subquery()
    editions = {
        edition.cycle_month: edition
        for edition in session.scalars(
            sa.select(Edition).options(sa.orm.defer(Edition.contents)).where(Edition.number == newest)
        )
    }
    lines = []
    for cycle in session.scalars(sa.select(Cycle).order_by(Cycle.month.desc())):
        rows = standings(session, cycle, at)
        answered = sum(row.has_answered for row in rows)
        lines.append(CycleLine(cycle, answered, len(rows), editions.get(cycle.month)))
    return lines


class Timeliness(Labelled):
    """How an entity answered in a month: in time or late, or why it has no answer."""

    ON_TIME = "on time", lazy_pgettext("how an entity answered in a month", "on time")
    LATE = "late", lazy_pgettext("how an entity answered in a month", "late")
    SILENT = "silent", lazy_pgettext("how an entity answered in a month", "silent")
    TAKEN_BACK = "taken back", lazy_pgettext("how an entity answered in a month", "taken back")
    RETURNED = "returned with a note", lazy_pgettext("how an entity answered in a month", "returned with a note")
    AWAITED = "not answered yet", lazy_pgettext("how an entity answered in a month", "not answered yet")
    NOT_ASKED = "not asked", lazy_pgettext("how an entity answered in a month", "not asked")


@dataclass(frozen=True, slots=True)
class TimelinessTable:
    """Entities by months: how each answered over a year."""

    months: list[str]
    rows: list[tuple[Organisation, list[Timeliness]]] = field(default_factory=list)


def timeliness(session: Session, at: datetime, *, months: int = 12) -> TimelinessTable:
    """The last `months` cycles, oldest first, as they stand at `at` (UTC), for the entities that are asked now."""
    cycles = list(session.scalars(sa.select(Cycle).order_by(Cycle.month.desc()).limit(months)))[::-1]
    by_entity = [{row.entity.id: row for row in standings(session, cycle, at)} for cycle in cycles]

    def how(row: EntityStanding | None) -> Timeliness:
        if row is None:
            return Timeliness.NOT_ASKED
        if row.has_answered and row.answer is not None:
            return Timeliness.LATE if row.answer.signed_at > row.due_at else Timeliness.ON_TIME
        return Timeliness[row.state.name]

    expected = expected_entities(session, at.astimezone(settings().zone).date())
    rows = [(entity, [how(rows.get(entity.id)) for rows in by_entity]) for entity in expected]
    return TimelinessTable([cycle.month for cycle in cycles], rows)
