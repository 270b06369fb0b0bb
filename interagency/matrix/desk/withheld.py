"""What the gate withholds of an edition, and how much of it waits for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.matrix.agreement.gate import Passed, through_the_gate
from interagency.matrix.agreement.models import Agreement, Audience
from interagency.matrix.agreement.statements import audiences
from interagency.matrix.agreement.waiting import group_withheld
from interagency.matrix.cycles.contents import gather
from interagency.matrix.cycles.editions import load, newest_edition
from interagency.matrix.cycles.models import Edition
from interagency.matrix.organisations.queries import bodies, entities
from interagency.web.state_cache import keep, known

# Records that are read while somebody waits for a page that only tells their number.
AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class WithheldTally:
    """How many records are withheld from an audience, and how many of them wait for each entity (by short name)."""

    audience_key: str
    audience_name: str
    withheld: int
    by_entity: tuple[tuple[str, int], ...]


def divided(session: Session, audience: Audience, edition: Edition | None, day: date) -> Passed:
    """What the audience may see on `day` and what is withheld: of an edition, or of the records as they stand (None).

    The numbers of the newest edition are kept for pages that tell numbers only. Raises ValueError when the edition
    does not match its checksum.
    """
    contents = gather(session, day) if edition is None else load(session, edition.number)
    passed = through_the_gate(session, contents, audience.key, day)
    if edition is not None and edition is newest_edition(session):
        keep(_name(audience), _state(session, edition, day), _tally(session, audience, passed))
    return passed


def withheld_tallies(session: Session, day: date) -> tuple[Edition | None, list[WithheldTally | Audience]]:
    """The newest edition, and for each audience what is withheld of it: its numbers as `/agreement/waiting` lists
    them, or the audience alone where they are not known and too many records would have to be read."""
    edition = newest_edition(session)
    if edition is None:
        return None, []
    is_small = edition.activity_count + edition.event_count <= AT_ONCE
    state = _state(session, edition, day)
    found: list[WithheldTally | Audience] = []
    for audience in audiences(session):
        tally: WithheldTally | None = known(_name(audience), state)
        if tally is None and is_small:
            try:
                divided(session, audience, edition, day)
            except ValueError:  # damaged: its own page says so
                return edition, []
            tally = known(_name(audience), state)
        found.append(tally or audience)
    return edition, found


def _name(audience: Audience) -> str:
    return f"withheld/{audience.key}"


def _state(session: Session, edition: Edition, day: date) -> tuple[object, ...]:
    return (edition.number, session.scalar(sa.select(sa.func.max(Agreement.id))), day)


def _tally(session: Session, audience: Audience, passed: Passed) -> WithheldTally:
    awaited = group_withheld(passed.withheld).awaited
    known = [*entities(session, retired=True), *bodies(session, retired=True)]
    waiting = [(one.short, len(awaited[one.key])) for one in known if one.key in awaited]
    waiting.sort(key=lambda one: -one[1])
    return WithheldTally(audience.key, audience.label, len(passed.withheld), tuple(waiting))
