"""How many pairs are alike, where that is known or quickly worked out: comparing all activities takes seconds."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.activities.models import Activity, ActivityEntity
from interagency.matrix.overlaps.models import VerdictKind, VerdictSaid
from interagency.matrix.overlaps.pairs import Pair, Search, all_pairs
from interagency.web.last_known import keep, known

# Activities that are compared while somebody waits for a page: some 20 ms.
AT_ONCE = 400
_NAME = "overlaps"
State = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Pairs of different entities that nobody has judged; and those in whose titles a month's check sees one twice."""

    open: int
    twice: int


def is_open(pair: Pair) -> bool:
    """Whether the pair waits in the list of look-alikes: of different entities, judged by nobody."""
    return not pair.is_of_one and pair.verdict is None


def is_one_twice(pair: Pair) -> bool:
    """Whether two live activities have titles that are alike, and nobody judged that they are two."""
    return pair.is_live and pair.common.is_alike_in_title and pair.verdict in (None, VerdictKind.SAME)


def state_of_activities(session: Session) -> State:
    """What the pairs follow from, in three statements that indexes answer: activities, their parts, verdicts."""
    activities = session.execute(sa.select(sa.func.count(), sa.func.sum(Activity.version)).select_from(Activity)).one()
    parts = session.execute(
        sa.select(ActivityEntity.participation, sa.func.count()).group_by(ActivityEntity.participation)
    )
    verdict = session.scalar(sa.select(sa.func.max(VerdictSaid.id)))
    return (tuple(activities), tuple(sorted((kind.value, count) for kind, count in parts)), verdict)


def compared(session: Session, state: State | None = None) -> Search:
    """All pairs that are alike, with what they come to kept for pages that tell numbers only."""
    state = state_of_activities(session) if state is None else state
    search = all_pairs(session)
    tally = Tally(sum(map(is_open, search.pairs)), sum(map(is_one_twice, search.pairs)))
    keep(_NAME, state, tally)
    return search


def tally(session: Session, state: State | None = None) -> Tally | None:
    """The numbers as they stand. None where nobody has opened the list since the last change of a large matrix."""
    state = state_of_activities(session) if state is None else state
    found: Tally | None = known(_NAME, state)
    count = sa.select(sa.func.count()).select_from(Activity)
    if found is None and (session.scalar(count) or 0) <= AT_ONCE:
        compared(session, state)
        found = known(_NAME, state)
    return found
