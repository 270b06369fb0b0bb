"""Reminders (rule 16): on opening, some days before, on the day, after.

One message per person for all their entities, never to somebody whose entities have all answered (by the
time it leaves, either), never twice for the same step. Which step an entity is at follows from its own due date.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import ngettext
from sqlalchemy.orm import Session

from interagency.accounts.models import Person, Role
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import MailContent, MailKind, SendIf, existing_dedupe_keys, write
from interagency.matrix.cycles.answers import open_cycles
from interagency.matrix.cycles.board import BoardRow, board
from interagency.matrix.cycles.differences import Difference
from interagency.matrix.cycles.editions import changes_since, edition_before
from interagency.matrix.cycles.models import Answer, Cycle, Edition
from interagency.matrix.cycles.months import format_due, format_month
from interagency.matrix.cycles.standing import Standing, unanswered_label
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.readers import COORDINATOR, keys_of, reader_of
from interagency.text.folding import listed
from interagency.web.context import settings

DAYS_BEFORE = 3
DAYS_AFTER = 1
LAST_DAY_AFTER = 30
# What reminders and returned answers must still be when they leave.
UNANSWERED, RETURNED = "unanswered", "returned"
CLOSING = "You receive this as focal point. Nobody is reminded once their entity has answered."


class Step(enum.StrEnum):
    """When a reminder is sent."""

    OPENED = "opened"
    SOON = "soon"
    DAY = "day"
    LATE = "late"


def step_at(due_at: datetime, at: datetime, zone: ZoneInfo) -> Step | None:
    """The step an entity with this due date is at; None between the day itself and the first day after,
    and once a month has passed."""
    due, day = due_at.astimezone(zone).date(), at.astimezone(zone).date()
    if at > due_at:
        late = DAYS_AFTER <= (day - due).days <= LAST_DAY_AFTER
        return Step.LATE if late else None
    if day == due:
        return Step.DAY
    return Step.SOON if day >= due - timedelta(days=DAYS_BEFORE) else Step.OPENED


@dataclass(frozen=True, slots=True)
class Sender:
    """What messages need to know of the service."""

    base_url: str
    zone: ZoneInfo


def write_due_reminders(session: Session, *, at: datetime, sender: Sender) -> int:
    """Write the reminders that are due at `at` to the outbox. Returns how many were written now."""
    written = 0
    for cycle in open_cycles(session):
        by_step: dict[Step, list[BoardRow]] = defaultdict(list)
        for row in board(session, cycle, at):
            step = step_at(row.due_at, at, sender.zone)
            if step is not None and row.is_expected and not row.has_answered:
                by_step[step].append(row)
        for step, rows in by_step.items():
            written += len(_write(session, cycle, rows, step.value, step, at, sender))
    return written


@dataclass(frozen=True, slots=True)
class Reminded:
    """What reminding came to: how many messages were written, and of which entities none was, and why not."""

    written: int
    answered: list[Organisation]
    earlier_today: list[Organisation]
    nobody: list[Organisation]


def remind(
    session: Session, cycle: Cycle, *, entity_ids: Collection[int] | None, at: datetime, sender: Sender
) -> Reminded:
    """Remind those of the entities (None: all) that have not answered, at most once a day each person."""
    day = at.astimezone(sender.zone).date()
    asked = [
        row
        for row in board(session, cycle, at)
        if (row.is_expected and not row.has_answered if entity_ids is None else row.entity.id in entity_ids)
    ]
    rows = [row for row in asked if not row.has_answered]
    step = Step.LATE if at > cycle.due_at else Step.OPENED
    people = _write(session, cycle, rows, f"asked-{day}", step, at, sender)
    return Reminded(
        len(people),
        answered=[row.entity for row in asked if row.has_answered],
        earlier_today=[
            row.entity for row in rows if row.focal_points and people.isdisjoint(one.id for one in row.focal_points)
        ],
        nobody=[row.entity for row in rows if not row.focal_points],
    )


def _write(
    session: Session, cycle: Cycle, rows: list[BoardRow], key: str, step: Step, at: datetime, sender: Sender
) -> set[int]:
    """One message per person for all of `rows` they are focal point of. Returns whom one was written to now, by id."""
    theirs: dict[int, list[BoardRow]] = defaultdict(list)
    people: dict[int, Person] = {}
    for row in rows:
        for person in row.focal_points:
            people[person.id] = person
            theirs[person.id].append(row)
    steps = {person_id: _dedupe_key(cycle, key, theirs[person_id], person_id, sender) for person_id in people}
    done = existing_dedupe_keys(session, list(steps.values()))
    written = set()
    for person_id, dedupe_key in steps.items():
        if dedupe_key in done:
            continue
        letter = _letter(cycle, theirs[person_id], people[person_id], step, sender)
        person = people[person_id]
        keys = [row.entity.key for row in theirs[person_id]]
        if write(
            session,
            dedupe_key,
            to_address=person.email,
            to_name=person.name,
            letter=letter,
            at=at,
            send_if=SendIf(UNANSWERED, {"month": cycle.month, "entities": keys}),
            kind=MailKind.DUE,
        ):
            written.add(person_id)
    return written


def as_it_stands(
    session: Session, message: OutboxMessage, at: datetime, *, month: str, entities: list[str]
) -> bool | MailContent:
    """A reminder as it is to be when it leaves: of the entities it was about those that have not answered by now and
    that its reader still speaks for, with their dates of now. False without any.
    """
    cycle = next((one for one in open_cycles(session) if one.month == month), None)
    person = reader_of(session, message)
    about = keys_of(session, person, at).intersection(entities)
    if cycle is None or person is None or not about:
        return False
    zone = settings().zone
    rows = [row for row in board(session, cycle, at) if row.entity.key in about and not row.has_answered]
    if not rows:
        return False
    step = step_at(min(row.due_at for row in rows), at, zone) or Step.LATE
    return _letter(cycle, rows, person, step, Sender(settings().base_url, zone))


def is_returned(session: Session, message: OutboxMessage, at: datetime, *, answer: int, entity: str) -> bool:
    """Whether the entity has not answered anew, and the reader still speaks for it."""
    returned = session.get_one(Answer, answer)
    anew = sa.exists().where(
        Answer.cycle_month == returned.cycle_month, Answer.entity_id == returned.entity_id, Answer.ended_at.is_(None)
    )
    return entity in keys_of(session, reader_of(session, message), at) and not session.scalar(sa.select(anew))


def _dedupe_key(cycle: Cycle, key: str, rows: list[BoardRow], person_id: int, sender: Sender) -> str:
    """The step's name: where it goes by the due date, with that date, so that an extension has steps of its own."""
    if key == Step.OPENED or key.startswith("asked"):
        return f"reminder/{cycle.month}/{key}/{person_id}"
    due = min(row.due_at for row in rows).astimezone(sender.zone).date()
    return f"reminder/{cycle.month}/{key}/{due}/{person_id}"


_SUBJECTS = {
    Step.OPENED: "{month} is open: {entities}, due {day}",
    Step.SOON: "{month}: {entities} due {day}",
    Step.DAY: "{month}: {entities} due today",
    Step.LATE: "{month}: {unanswered}",
}


def _letter(cycle: Cycle, rows: list[BoardRow], person: Person, step: Step, sender: Sender) -> MailContent:
    due = min(row.due_at for row in rows)
    names = [row.entity.short for row in rows]
    entities, unanswered = listed(names), unanswered_label((row.entity.short, row.state) for row in rows)
    day = due.astimezone(sender.zone).date()
    subject = _SUBJECTS[step].format(
        month=format_month(cycle.month), entities=entities, unanswered=unanswered, day=_short(day)
    )
    if step is Step.LATE:
        first = (
            f"The matrix and the calendar for {format_month(cycle.month)} were due on {format_due(due, sender.zone)}. "
            f"{unanswered[:1].upper()}{unanswered[1:]}. The month is still open."
        )
    else:
        first = (
            f"Please bring {entities} up to date for {format_month(cycle.month)}, by {format_due(due, sender.zone)}."
        )
    notes = [
        f"{row.entity.short}: your answer was returned with this note: {row.answer.return_note}"
        for row in rows
        if row.state is Standing.RETURNED and row.answer is not None
    ]
    return MailContent(
        subject=subject,
        greeting=f"Dear {person.name},",
        paragraphs=(
            first,
            *notes,
            "If nothing changed, it takes two clicks: confirm what stands, and sign. "
            "“Nothing to report” is an answer too.",
        ),
        link=f"{sender.base_url}/month?cycle={cycle.month}",
        link_label="Open your month",
        closing=CLOSING,
    )


def _short(day: date) -> str:
    return f"{day.day} {day:%B}"


def write_returned(
    session: Session, cycle: Cycle, entity: Organisation, people: list[Person], answer: Answer, *, at: datetime,
    sender: Sender,
) -> int:  # fmt: skip
    """Tell the focal points of an entity that its answer came back with a note."""
    written = 0
    for person in people:
        letter = MailContent(
            subject=f"{format_month(cycle.month)}: the answer of {entity.short} was returned",
            greeting=f"Dear {person.name},",
            paragraphs=(
                f"The coordinators looked at the answer of {entity.short} for {format_month(cycle.month)} and ask:",
                answer.return_note,
                "Nothing you entered was changed, but what that answer confirmed is open again. Look at it once more "
                "and sign.",
            ),
            link=f"{sender.base_url}/month?cycle={cycle.month}",
            link_label="Open your month",
        )
        key = f"returned/{answer.id}/{person.id}"
        send_if = SendIf(RETURNED, {"answer": answer.id, "entity": entity.key})
        written += write(
            session, key, to_address=person.email, to_name=person.name, letter=letter, at=at, send_if=send_if,
            kind=MailKind.REMARKS,
        )  # fmt: skip
    return written


def announce_edition(session: Session, edition: Edition, *, sender: Sender) -> int:
    """Tell the coordinators that an edition was made, and what changed; in the transaction that makes it."""
    before = edition_before(session, edition)
    sentence = change_sentence(changes_since(session, edition, before)["activities"], before)
    coordinators = session.scalars(
        sa.select(Person).where(Person.role == Role.COORDINATOR, Person.disabled_at.is_(None)).order_by(Person.id)
    )
    written = 0
    for person in coordinators:
        letter = MailContent(
            subject=f"Edition {edition.number} is ready: {format_month(edition.cycle_month)}",
            greeting=f"Dear {person.name},",
            paragraphs=(
                f"{edition.made_by_name} closed {format_month(edition.cycle_month)}. Edition {edition.number} holds "
                + ngettext("%(num)s activity", "%(num)s activities", edition.activity_count)
                + " and "
                + ngettext("%(num)s event", "%(num)s events", edition.event_count)
                + ".",
                sentence,
            ),
            link=f"{sender.base_url}/editions/{edition.cycle_month}",
            link_label="Open the edition",
        )
        key, at = f"edition/{edition.number}/{person.id}", edition.made_at
        written += write(
            session, key, to_address=person.email, to_name=person.name, letter=letter, at=at,
            send_if=SendIf(COORDINATOR), kind=MailKind.NOTICES,
        )  # fmt: skip
    return written


def change_sentence(found: Difference, before: Edition | None) -> str:
    """What changed since the edition before, in one sentence."""
    numbers = ", ".join(f"{count} {kind}" for kind, count in found.counts().items() if count) or "nothing to compare"
    if before is None:
        return f"It is the first edition. Activities: {numbers}."
    return f"Since edition {before.number} ({format_month(before.cycle_month)}), activities: {numbers}."
