"""How many pairs are alike, for pages that tell the number only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.history import revision
from interagency.matrix.activities.models import Activity
from interagency.matrix.overlaps import pair_cache
from interagency.matrix.overlaps.models import Verdict, VerdictKind, VerdictSaid
from interagency.matrix.overlaps.pairs import Pair
from interagency.web.state_cache import keep, known

_NAME = "overlaps"
Verdicts = Mapping[tuple[int, int], VerdictKind]


@dataclass(frozen=True, slots=True)
class Tally:
    """Pairs of different entities that nobody has judged; and those in whose titles a month's check sees one twice."""

    open: int
    twice: int


def verdicts_of(session: Session) -> Verdicts:
    """What people decided about pairs, by their two ids."""
    return {(one.first_id, one.second_id): one.kind for one in session.scalars(sa.select(Verdict))}


def is_open(pair: Pair, verdicts: Verdicts) -> bool:
    """Whether the pair waits in the list of look-alikes: of different entities, judged by nobody."""
    return not pair.is_of_one and (pair.first_id, pair.second_id) not in verdicts


def is_one_twice(pair: Pair, verdicts: Verdicts) -> bool:
    """Whether two live activities have titles that are alike, and nobody judged that they are two."""
    verdict = verdicts.get((pair.first_id, pair.second_id), VerdictKind.SAME)
    return pair.is_live and pair.common.is_alike_in_title and verdict is VerdictKind.SAME


def tally(session: Session) -> Tally | None:
    """The numbers as they stand; None while the activities are still being compared, which takes seconds of many."""
    state = revision(session, Activity, VerdictSaid)
    found: Tally | None = known(_NAME, state)
    if found is not None:
        return found
    search = pair_cache.cached_pairs(session, wait=pair_cache.WAIT_FOR_NUMBERS)
    if not search.is_current:
        return None
    verdicts = verdicts_of(session)
    twice = sum(is_one_twice(pair, verdicts) for pair in search.pairs)
    return keep(_NAME, state, Tally(sum(is_open(pair, verdicts) for pair in search.pairs), twice))
