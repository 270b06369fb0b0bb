"""What waits for the person who is here: a coordinator's month, and a focal point's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.mail import outbox
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.agreement.models import Audience
from interagency.matrix.cycles.answers import open_cycles
from interagency.matrix.cycles.board import BoardRow, board
from interagency.matrix.cycles.models import Cycle, Edition
from interagency.matrix.cycles.remarks import RemarkKind, remark_counts, stale_conditions
from interagency.matrix.cycles.standing import EntityStanding, standings
from interagency.matrix.desk.withheld import WithheldTally, withheld_tallies
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import proposals_waiting
from interagency.matrix.overlaps.tally import State, Tally, tally
from interagency.web.context import settings, today

MOST_LISTED = 25


@dataclass(frozen=True, slots=True)
class OpenMonth:
    """An open month as a coordinator sees it. `late`: no answer, and the date has passed."""

    cycle: Cycle
    rows: list[BoardRow]
    late: list[BoardRow]

    @property
    def answered(self) -> int:
        return sum(row.has_answered for row in self.rows)


@dataclass(frozen=True, slots=True)
class CoordinatorsDesk:
    """What waits for a coordinator. `look_alikes`: None where the pairs are not counted; `proposals`: how many
    organisations wait to be accepted, merged or refused."""

    months: list[OpenMonth]
    nobody: list[Organisation]
    awaited: dict[RemarkKind, int | None]
    look_alikes: Tally | None
    proposals: int
    edition: Edition | None
    withheld: list[WithheldTally | Audience]


@dataclass(frozen=True, slots=True)
class MailsStuck:
    """Mails that wait although they should not: `failed` were tried in vain; without a server all `waiting` do."""

    failed: int
    waiting: int
    has_server: bool

    def __bool__(self) -> bool:
        return bool(self.failed or (self.waiting and not self.has_server))


@dataclass(frozen=True, slots=True)
class StaleRecord:
    """An activity an entity has not confirmed for long."""

    activity_id: int
    title: str
    confirmed_month: str | None


@dataclass(frozen=True, slots=True)
class OwnMonth:
    """An entity's open month as its focal point sees it on the front page. `stale` are the first of `stale_count`."""

    cycle: Cycle
    standing: EntityStanding
    asked: int
    stale: list[StaleRecord]
    stale_count: int


def coordinators_desk(session: Session, at: datetime, state: State) -> CoordinatorsDesk:
    """Everything that waits for a coordinator at `at` (UTC), the activities being in `state`."""
    months = []
    for cycle in open_cycles(session):
        rows = board(session, cycle, at)
        late = [row for row in rows if row.is_expected and not row.has_answered and at > row.due_at]
        months.append(OpenMonth(cycle, rows, late))
    newest = months[-1] if months else None
    edition, withheld = withheld_tallies(session, today())
    return CoordinatorsDesk(
        months=months,
        nobody=[row.entity for row in newest.rows if row.is_expected and not row.focal_points] if newest else [],
        awaited=remark_counts(session, newest.cycle.month, today(), [RemarkKind.AWAITED]) if newest else {},
        look_alikes=tally(session, state),
        proposals=proposals_waiting(session),
        edition=edition,
        withheld=withheld,
    )


def mails_stuck(session: Session) -> MailsStuck:
    """Mails that somebody has to see to."""
    return MailsStuck(outbox.unsent_count(session), outbox.pending_count(session), bool(settings().mail_url))


def own_months(session: Session, mine: Sequence[Organisation], at: datetime) -> list[OwnMonth]:
    """The open months of the entities `mine`, oldest first; of one that answered, only the newest."""
    found = []
    cycles = open_cycles(session)
    for cycle in cycles:
        by_id = {row.entity.id: row for row in standings(session, cycle, at)}
        for entity in mine:
            row = by_id.get(entity.id)
            if row is None or (row.has_answered and cycle is not cycles[-1]):
                continue
            stale, count = _stale(session, entity, cycle.month, today())
            found.append(OwnMonth(cycle, row, _asked(session, entity), stale, count))
    return found


def _asked(session: Session, entity: Organisation) -> int:
    """In how many activities the entity was named and has not said whether it takes part."""
    query = (
        sa.select(sa.func.count())
        .select_from(ActivityEntity)
        .join(Activity)
        .where(
            Activity.is_listed,
            ActivityEntity.entity_id == entity.id,
            ActivityEntity.participation == Participation.AWAITED,
        )
    )
    return session.scalar(query) or 0


def _stale(session: Session, entity: Organisation, month: str, day: date) -> tuple[list[StaleRecord], int]:
    conditions = [Activity.is_listed, ActivityEntity.entity_id == entity.id, *stale_conditions(month, day)]
    query = sa.select(Activity.id, Activity.title, ActivityEntity.confirmed_month).join(ActivityEntity)
    rows = session.execute(
        query.where(*conditions)
        .order_by(sa.func.coalesce(ActivityEntity.confirmed_month, ""), sa.func.lower(Activity.title), Activity.id)
        .limit(MOST_LISTED + 1)
    ).all()
    count = len(rows)
    if count > MOST_LISTED:
        counting = sa.select(sa.func.count()).select_from(ActivityEntity).join(Activity)
        count = session.scalar(counting.where(*conditions)) or 0
    return [StaleRecord(*row) for row in rows[:MOST_LISTED]], count
