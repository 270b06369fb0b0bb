"""An entity's answer for a cycle: signing, taking back, returning, and when it is due."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, joinedload

from interagency.accounts.models import Person
from interagency.db.history import Change, audit
from interagency.matrix.activities.models import ActivityEntity
from interagency.matrix.cycles.confirming import KeptConfirmed, confirm_all, restore
from interagency.matrix.cycles.models import Answer, AnswerKind, Cycle, CycleState, Extension
from interagency.matrix.organisations.models import Appointment, Organisation
from interagency.matrix.remarks.addressing import Addressed
from interagency.matrix.remarks.models import SubjectKind
from interagency.matrix.remarks.record import RemarkRefusal, Subject, answer_all, read_text, write_remark
from interagency.registry import registry


class CycleRefusal(ValueError):
    """What was asked of a cycle cannot be done; the text says why and what to do. Nothing was written."""


def cycle_for_answer(session: Session, month: str, entity: Organisation, day: date) -> Cycle:
    """The open cycle of `month`, locked for an answer of `entity`. Raises CycleRefusal."""
    cycle = session.get(Cycle, month, with_for_update=True)
    if cycle is None:
        raise CycleRefusal(_("There is no cycle %(month)s.", month=month))
    if not cycle.is_open:
        raise CycleRefusal(
            _(
                "The cycle %(month)s is closed and its edition made. What you change now stands in the next one; a "
                "coordinator can reopen the month.",
                month=month,
            )
        )
    if entity.retired_on is not None and entity.retired_on <= day:
        raise CycleRefusal(
            _(
                "%(short)s was retired on %(retired_on)s and is no longer asked.",
                short=entity.short,
                retired_on=entity.retired_on,
            )
        )
    return cycle


def standing_answer(session: Session, month: str, entity_id: int) -> Answer | None:
    """The answer that stands for an entity in a cycle, or None."""
    query = sa.select(Answer).where(
        Answer.cycle_month == month, Answer.entity_id == entity_id, Answer.ended_at.is_(None)
    )
    return session.scalar(query.options(joinedload(Answer.signed_by)))


def due_for(session: Session, cycle: Cycle, entity_id: int) -> datetime:
    """When the entity's answer is due: the cycle's date, or its own extension."""
    extension = session.get(Extension, (cycle.month, entity_id))
    return extension.due_at if extension else cycle.due_at


def open_cycles(session: Session) -> list[Cycle]:
    """The open cycles, oldest first."""
    return list(session.scalars(sa.select(Cycle).where(Cycle.state == CycleState.OPEN).order_by(Cycle.month)))


def current_cycle(session: Session, entity_ids: Collection[int]) -> Cycle | None:
    """The oldest open cycle that one of the entities has not answered, else the newest open one; None without any.

    Early in September both August (due on 5 September) and September are open; what is edited before August
    is signed belongs to August.
    """
    cycles = open_cycles(session)
    if len(cycles) < 2 or not entity_ids:
        return cycles[0] if cycles else None
    query = sa.select(Answer.cycle_month, Answer.entity_id).where(
        Answer.cycle_month.in_([cycle.month for cycle in cycles]),
        Answer.entity_id.in_(entity_ids),
        Answer.ended_at.is_(None),
    )
    answered = {(month, entity_id) for month, entity_id in session.execute(query)}
    waiting = [cycle for cycle in cycles if any((cycle.month, entity_id) not in answered for entity_id in entity_ids)]
    return (waiting or cycles[-1:])[0]


def month_being_updated(session: Session, entity_ids: Collection[int]) -> str | None:
    """The month an edit by these entities confirms, or None when no cycle is open."""
    cycle = current_cycle(session, entity_ids)
    return cycle.month if cycle else None


def answered_until(session: Session, cycle: Cycle, entity_id: int) -> datetime:
    """Since when acts belong to this cycle: the signing of the last month before it, else its opening."""
    query = sa.select(sa.func.max(Answer.signed_at)).where(
        Answer.entity_id == entity_id, Answer.cycle_month < cycle.month, Answer.ended_at.is_(None)
    )
    signed = session.scalar(query)
    return signed or cycle.opened_at


def changed_count(session: Session, cycle: Cycle, entity_id: int) -> int:
    """How many of the entity's records its own people changed for this cycle."""
    return len(_changed_since(session, entity_id, answered_until(session, cycle, entity_id)))


def changed_by_own(entity_id: int, since: datetime) -> sa.Select[Change]:
    """The changes of an entity's records that its own people made after an instant."""
    people = sa.select(Appointment.person_id).where(Appointment.entity_id == entity_id)
    own = [
        sa.and_(
            Change.record_type == "activity",
            Change.record_id.in_(sa.select(ActivityEntity.activity_id).where(ActivityEntity.entity_id == entity_id)),
        )
    ]
    own += [
        sa.and_(Change.record_type == part.name, Change.record_id.in_(part.ids(entity_id)))
        for part in registry.cycle_parts.values()
    ]
    return sa.select(Change).where(Change.at > since, Change.by_id.in_(people), sa.or_(*own))


def _changed_since(session: Session, entity_id: int, since: datetime) -> set[tuple[str, int]]:
    """The entity's records, by kind and id, that its own people changed after an instant."""
    keys = changed_by_own(entity_id, since).with_only_columns(Change.record_type, Change.record_id)
    return {(kind, number) for kind, number in session.execute(keys.distinct())}


def sign(
    session: Session,
    month: str,
    entity: Organisation,
    kind: AnswerKind,
    *,
    by: Person,
    at: datetime,
    day: date,
    comment: str = "",
    on_behalf_reason: str = "",
    shown: Mapping[str, Collection[int]] | None = None,
) -> Answer:
    """Sign the entity's answer for `month`, in place of one that stands.

    "Confirmed unchanged" confirms the records that were `shown` (ids by kind; None: all that the entity's month lists),
    no others (rule 15); the answer keeps which. When the entity's people changed a record this month, the answer is
    "updated". "Updated" leaves rows that were not confirmed as they are, growing stale. Raises CycleRefusal.
    """
    cycle = cycle_for_answer(session, month, entity, day)
    before = standing_answer(session, month, entity.id)
    kept: KeptConfirmed = {}
    if before is not None:
        before.ended_at, before.ended_by_id = at, by.id
        session.flush()
        kept = before.confirmed or {}
    if kind is AnswerKind.UNCHANGED:
        confirmed = confirm_all(session, entity.id, month, shown)
        kept = {name: [*kept.get(name, ()), *confirmed.get(name, ())] for name in {**kept, **confirmed}}
        if changed_count(session, cycle, entity.id):
            kind = AnswerKind.UPDATED
    answer = Answer(
        cycle_month=month,
        entity_id=entity.id,
        kind=kind,
        signed_at=at,
        signed_by_id=by.id,
        comment=comment,
        on_behalf_reason=on_behalf_reason,
        confirmed=kept,
    )
    session.add(answer)
    session.flush()
    returned = sa.select(Answer.returned_with_id).where(Answer.cycle_month == month, Answer.entity_id == entity.id)
    answer_all(session, returned.where(Answer.returned_with_id.is_not(None)), by=by, at=at)
    audit(
        session,
        "cycle.signed",
        by=by,
        month=month,
        entity=entity.key,
        kind=kind.value,
        on_behalf=bool(on_behalf_reason),
    )
    return answer


def take_back(session: Session, month: str, entity: Organisation, *, by: Person, at: datetime, day: date) -> int:
    """Take the entity's answer back until the cycle closes, and with it what it confirmed (rule 15).

    What was confirmed row by row, or edited after signing, stays confirmed. Returns how many records are no longer
    confirmed. Raises CycleRefusal.
    """
    cycle_for_answer(session, month, entity, day)
    answer = standing_answer(session, month, entity.id)
    if answer is None:
        raise CycleRefusal(
            _("%(short)s has no answer for %(month)s that could be taken back.", short=entity.short, month=month)
        )
    count = _end(session, answer, by, at)
    audit(session, "cycle.taken_back", by=by, month=month, entity=entity.key)
    return count


def _end(session: Session, answer: Answer, by: Person, at: datetime) -> int:
    """Let an answer stand no more, nor what it confirmed."""
    answer.ended_at, answer.ended_by_id = at, by.id
    edited = _changed_since(session, answer.entity_id, answer.signed_at)
    return restore(session, answer.entity_id, answer.cycle_month, answer.confirmed or {}, edited)


def return_answer(
    session: Session, month: str, entity: Organisation, note: str, *, by: Person, at: datetime, day: date
) -> Answer:
    """A coordinator gives the answer back with a note; the entity is asked again, and what the answer confirmed is
    confirmed no more. Raises CycleRefusal."""
    if not note:
        raise CycleRefusal(_("Write what the entity should look at again; the note is sent to its focal points."))
    try:
        note = read_text(note)
    except RemarkRefusal as refusal:
        raise CycleRefusal(str(refusal)) from None
    cycle_for_answer(session, month, entity, day)
    answer = standing_answer(session, month, entity.id)
    if answer is None:
        raise CycleRefusal(
            _("%(short)s has no answer for %(month)s that could be returned.", short=entity.short, month=month)
        )
    _end(session, answer, by, at)
    subject = Subject(SubjectKind.ANSWER, answer.id)
    answer.returned_with = write_remark(session, subject, note, Addressed(entities=[entity]), by=by, at=at)
    audit(session, "cycle.returned", by=by, month=month, entity=entity.key)
    return answer
