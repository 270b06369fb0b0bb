"""What waits for the person who is here: a coordinator's month, and a focal point's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from interagency.mail import outbox
from interagency.matrix.agreement.models import Audience
from interagency.matrix.cycles.answers import open_cycles
from interagency.matrix.cycles.board import BoardRow, board
from interagency.matrix.cycles.models import Cycle, Edition
from interagency.matrix.cycles.month.records import EntityMonth, Listed, entity_month, in_order
from interagency.matrix.cycles.remarks import RemarkKind, remark_counts
from interagency.matrix.cycles.standing import EntityStanding, standings
from interagency.matrix.desk.withheld import WithheldTally, withheld_tallies
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import proposals_waiting
from interagency.matrix.overlaps.tally import Tally, tally
from interagency.web.context import settings, today

MAX_LISTED = 5


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
class OwnMonth:
    """An entity's open month as its focal point sees it on the front page, with the numbers of the month's own page.

    `first` are the first of the `to_look_at` records that need a look before they are confirmed.
    """

    standing: EntityStanding
    month: EntityMonth

    @property
    def cycle(self) -> Cycle:
        return self.month.cycle

    @property
    def confirmed(self) -> int:
        return len(self.month.own) - len(self.month.unconfirmed)

    @property
    def first(self) -> list[Listed]:
        return in_order(self.month.to_look_at)[:MAX_LISTED]


def coordinators_desk(session: Session, at: datetime) -> CoordinatorsDesk:
    """Everything that waits for a coordinator at `at` (UTC)."""
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
        look_alikes=tally(session),
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
            found.append(OwnMonth(row, entity_month(session, cycle, entity, at)))
    return found
