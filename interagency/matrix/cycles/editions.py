"""Closing a month into its edition, and reading editions (rules 17 and 18)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, defer

from interagency.accounts.models import Person
from interagency.db.audit_chain import link_entries
from interagency.db.history import audit
from interagency.matrix.activities.reader import without_collector
from interagency.matrix.cycles import contents as edition_contents
from interagency.matrix.cycles.answers import CycleRefusal
from interagency.matrix.cycles.contents import Contents
from interagency.matrix.cycles.differences import Difference, compare_contents
from interagency.matrix.cycles.edition_signatures import sign_edition_being_made
from interagency.matrix.cycles.models import Cycle, CycleState, Edition
from interagency.matrix.cycles.months import format_month
from interagency.matrix.cycles.standing import answers_of, unanswered_of
from interagency.registry import registry
from interagency.text.folding import listed


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing came to: the edition, and whether it was made now or by somebody a moment before."""

    edition: Edition
    is_new: bool


def begin_whole_view(session: Session) -> None:
    """End the current transaction and begin one that sees one state of the database throughout.

    SQLite's writers do so anyway; PostgreSQL is asked for REPEATABLE READ. A save that is made meanwhile
    is in what we read, or not at all.
    """
    session.rollback()
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    session.connection(execution_options={} if on_sqlite else {"isolation_level": "REPEATABLE READ"})


def close_cycle(
    session: Session,
    month: str,
    *,
    at: datetime,
    zone: ZoneInfo,
    by: Person | None,
    by_name: str = "command line",
    announce: Callable[[Session, Edition], object] | None = None,
) -> Closed:
    """Close `month`, make its edition and `announce` it, in one transaction, committed here.

    Closing at the same moment as somebody else gives their edition. Raises CycleRefusal when the month was
    never opened, an earlier one is still open, or it waits for an entity.
    """
    by_id = by.id if by is not None else None
    begin_whole_view(session)
    try:
        with without_collector():
            made = _close(session, month, at, zone, by_id, by_name)
        if made.is_new and announce is not None:
            announce(session, made.edition)
        session.commit()
        if made.is_new and link_entries(session):  # what it saw of the audit log was old by now
            session.commit()
        return made
    except (IntegrityError, OperationalError) as error:
        session.rollback()
        other = newest_edition(session, month)
        if other is None:
            raise
        cycle = session.get(Cycle, month)
        if cycle is None or cycle.is_open:
            raise error
        return Closed(other, is_new=False)
    except BaseException:
        session.rollback()
        raise


def _close(session: Session, month: str, at: datetime, zone: ZoneInfo, by_id: int | None, by_name: str) -> Closed:
    cycle = session.get(Cycle, month, with_for_update=True)
    person = session.get(Person, by_id) if by_id is not None else None
    earlier = _check(session, cycle, month)
    if earlier is not None:
        return Closed(earlier, is_new=False)
    assert cycle is not None
    made_by = person.name if person is not None else by_name
    day = at.astimezone(zone).date()
    contents = edition_contents.gather(session, day)
    answers = answers_of(session, cycle, at, closing=True)
    _refuse_if_waiting(cycle, answers, contents)
    before = newest_edition(session)
    number = before.number + 1 if before else 1
    issue = (session.scalar(sa.select(sa.func.max(Edition.issue)).where(Edition.cycle_month == month)) or 0) + 1
    contents |= {
        "month": month,
        "number": number,
        "issue": issue,
        "made_at": at.isoformat(),
        "made_by": made_by,
        "zone": zone.key,
        **{name: keys for name, keys in answers.items() if name != "awaited"},
        "gone": _gone(session, contents, before),
    }
    packed, checksum = edition_contents.pack(contents)
    edition = Edition(
        number=number,
        cycle_month=month,
        issue=issue,
        made_at=at,
        made_by_name=made_by,
        format_version=edition_contents.FORMAT,
        checksum=checksum,
        contents=packed,
        activity_count=len(contents["activities"]),
        event_count=len(contents.get("event", [])),
    )
    session.add(edition)
    cycle.state, cycle.closed_at, cycle.closed_by_id = CycleState.CLOSED, at, by_id
    cycle.version += 1
    audit(session, "cycle.closed", by=person, by_name=by_name, month=month, edition=number, checksum=checksum)
    session.flush()
    sign_edition_being_made(session)
    return Closed(edition, is_new=True)


def _check(session: Session, cycle: Cycle | None, month: str) -> Edition | None:
    """The edition when the month is closed already; None when it can be closed. Raises CycleRefusal."""
    if cycle is None:
        raise CycleRefusal(_("%(month)s was never opened, so there is nothing to close.", month=format_month(month)))
    if not cycle.is_open:
        return newest_edition(session, month)
    query = sa.select(sa.func.min(Cycle.month)).where(Cycle.state == CycleState.OPEN, Cycle.month < month)
    older = session.scalar(query)
    if older is not None:
        raise CycleRefusal(
            _("%(older)s is still open. Close it first: editions follow each other.", older=format_month(older))
        )
    return None


def _refuse_if_waiting(cycle: Cycle, answers: dict[str, list[Any]], contents: Contents) -> None:
    without = [key for _state, keys in unanswered_of(answers) for key in keys]
    if cycle.waits_for_all and without:
        names = listed(contents["organisations"][key]["short"] for key in without)
        raise CycleRefusal(
            _(
                "%(cycle)s waits for all, and %(names)s did not answer yet. Remind them, answer on their behalf, or "
                "no longer wait for all.",
                cycle=format_month(cycle.month),
                names=names,
            )
        )


def _gone(session: Session, contents: Contents, before: Edition | None) -> dict[str, list[int]]:
    """The records that stood in an earlier edition and are not in this one."""
    if before is None:
        return {name: [] for name in ("activities", *registry.cycle_parts)}
    older = load(session, before.number)
    gone = {}
    for name in ("activities", *registry.cycle_parts):
        known = {entry["id"] for entry in older.get(name, [])} | set(older["gone"].get(name, []))
        gone[name] = sorted(known - {entry["id"] for entry in contents[name]})
    return gone


# --- Reading ---


def newest_edition(session: Session, month: str | None = None) -> Edition | None:
    """The latest edition, of `month` if given, without its contents."""
    query = sa.select(Edition).options(defer(Edition.contents)).order_by(Edition.number.desc()).limit(1)
    return session.scalar(query.where(Edition.cycle_month == month) if month else query)


def all_editions(session: Session) -> list[Edition]:
    """Every edition, newest first, without contents."""
    return list(session.scalars(sa.select(Edition).options(defer(Edition.contents)).order_by(Edition.number.desc())))


def edition_before(session: Session, edition: Edition) -> Edition | None:
    """The edition the changes of `edition` are told against: the newest of an earlier month."""
    query = sa.select(Edition).options(defer(Edition.contents)).where(Edition.cycle_month < edition.cycle_month)
    return session.scalar(query.order_by(Edition.cycle_month.desc(), Edition.issue.desc()).limit(1))


def edition_text(session: Session, number: int) -> bytes:
    """The canonical JSON of an edition. Raises ValueError when it does not match its checksum."""
    packed, checksum = session.execute(
        sa.select(Edition.contents, Edition.checksum).where(Edition.number == number)
    ).one()
    return edition_contents.unpack(packed, checksum)


class _Kept:
    """What contents are parsed from: the same bytes under the same checksum. So the cache is never wrong."""

    def __init__(self, packed: bytes, checksum: str) -> None:
        self.packed, self.checksum = packed, checksum

    def __hash__(self) -> int:
        return hash(self.checksum)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and (other.checksum, other.packed) == (self.checksum, self.packed)


@lru_cache(maxsize=4)
def _parse(kept: _Kept) -> Contents:
    return edition_contents.read(kept.packed, kept.checksum)


def load(session: Session, number: int) -> Contents:
    """What an edition holds; not to be changed. Raises ValueError when it does not match its checksum."""
    packed, checksum = session.execute(
        sa.select(Edition.contents, Edition.checksum).where(Edition.number == number)
    ).one()
    return _parse(_Kept(packed, checksum))


def changes_since(session: Session, edition: Edition, before: Edition | None) -> dict[str, Difference]:
    """What changed from `before` (None: from nothing) to `edition`, by kind of record."""
    after = load(session, edition.number)
    older = load(session, before.number) if before is not None else None
    return {name: compare_contents(older, after, name) for name in ("activities", *registry.cycle_parts)}


def damaged_editions(session: Session) -> Iterator[str]:
    """A line for each edition whose contents do not match its checksum, or whose number leaves a gap."""
    expected = 1
    for number, month, packed, checksum in session.execute(
        sa.select(Edition.number, Edition.cycle_month, Edition.contents, Edition.checksum).order_by(Edition.number)
    ):
        if number != expected:
            yield f"edition {expected} is missing"
        expected = number + 1
        try:
            edition_contents.read(packed, checksum)
        except ValueError as error:
            yield f"edition {number} ({month}) {error}"
