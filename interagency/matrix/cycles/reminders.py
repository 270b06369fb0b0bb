"""Reminders (rule 16): on opening, some days before, on the day, after.

One message per person for all their entities, never to somebody whose entities have all answered (by the
time it leaves, either), never twice for the same step. Which step an entity is at follows from its own due date.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from interagency.accounts.models import Person, Role
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import MailContent, MailKind, SendIf, existing_dedupe_keys, in_language, write
from interagency.matrix.cycles.answers import open_cycles
from interagency.matrix.cycles.board import BoardRow, board
from interagency.matrix.cycles.differences import Difference
from interagency.matrix.cycles.editions import changes_since, edition_before
from interagency.matrix.cycles.models import Answer, Cycle, Edition
from interagency.matrix.cycles.months import format_due, format_month
from interagency.matrix.cycles.standing import Standing, unanswered_label
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.readers import COORDINATOR, keys_of, reader_of
from interagency.text.date_words import say_day
from interagency.text.folding import listed
from interagency.web.context import settings

DAYS_BEFORE = 3
DAYS_AFTER = 1
LAST_DAY_AFTER = 30
# What reminders and returned answers must still be when they leave.
UNANSWERED, RETURNED = "unanswered", "returned"
CLOSING = _l("You receive this as focal point. Nobody is reminded once their entity has answered.")


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
        person = people[person_id]
        with in_language(person.language):
            letter = _letter(cycle, theirs[person_id], person, step, sender)
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
    with in_language(person.language):
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
    Step.OPENED: _l("%(month)s is open: %(entities)s, due %(day)s"),
    Step.SOON: _l("%(month)s: %(entities)s due %(day)s"),
    Step.DAY: _l("%(month)s: %(entities)s due today"),
    Step.LATE: _l("%(month)s: %(unanswered)s"),
}


def _letter(cycle: Cycle, rows: list[BoardRow], person: Person, step: Step, sender: Sender) -> MailContent:
    due = min(row.due_at for row in rows)
    names = [row.entity.short for row in rows]
    entities, unanswered = listed(names), unanswered_label((row.entity.short, row.state) for row in rows)
    day = due.astimezone(sender.zone).date()
    month = format_month(cycle.month)
    subject = str(_SUBJECTS[step]) % {
        "month": month, "entities": entities, "unanswered": unanswered, "day": say_day(day, year=False),
    }  # fmt: skip
    if step is Step.LATE:
        first = _(
            "The matrix and the calendar for %(month)s were due on %(due)s. %(unanswered)s. The month is still open.",
            month=month,
            due=format_due(due, sender.zone),
            unanswered=unanswered[:1].upper() + unanswered[1:],
        )
    else:
        first = _(
            "Please bring %(entities)s up to date for %(month)s, by %(due)s.",
            entities=entities,
            month=month,
            due=format_due(due, sender.zone),
        )
    notes = [
        _(
            "%(entity)s: your answer was returned with this note: %(note)s",
            entity=row.entity.short,
            note=row.answer.return_note,
        )
        for row in rows
        if row.state is Standing.RETURNED and row.answer is not None
    ]
    return MailContent(
        subject=subject,
        greeting=_("Dear %(name)s,", name=person.name),
        paragraphs=(
            first,
            *notes,
            _(
                "If nothing changed, it takes two clicks: confirm what stands, and sign. "
                "“Nothing to report” is an answer too."
            ),
        ),
        link=f"{sender.base_url}/month?cycle={cycle.month}",
        link_label=_("Open your month"),
        closing=str(CLOSING),
    )


def write_returned(
    session: Session, cycle: Cycle, entity: Organisation, people: list[Person], answer: Answer, *, at: datetime,
    sender: Sender,
) -> int:  # fmt: skip
    """Tell the focal points of an entity that its answer came back with a note."""
    written = 0
    for person in people:
        with in_language(person.language):
            letter = _returned_letter(cycle, entity, person, answer, sender)
        key = f"returned/{answer.id}/{person.id}"
        send_if = SendIf(RETURNED, {"answer": answer.id, "entity": entity.key})
        written += write(
            session, key, to_address=person.email, to_name=person.name, letter=letter, at=at, send_if=send_if,
            kind=MailKind.REMARKS,
        )  # fmt: skip
    return written


def _returned_letter(cycle: Cycle, entity: Organisation, person: Person, answer: Answer, sender: Sender) -> MailContent:
    month = format_month(cycle.month)
    return MailContent(
        subject=_("%(month)s: the answer of %(entity)s was returned", month=month, entity=entity.short),
        greeting=_("Dear %(name)s,", name=person.name),
        paragraphs=(
            _(
                "The coordinators looked at the answer of %(entity)s for %(month)s and ask:",
                entity=entity.short,
                month=month,
            ),
            answer.return_note,
            _(
                "Nothing you entered was changed, but what that answer confirmed is open again. Look at it once more "
                "and sign."
            ),
        ),
        link=f"{sender.base_url}/month?cycle={cycle.month}",
        link_label=_("Open your month"),
    )


def announce_edition(session: Session, edition: Edition, *, sender: Sender) -> int:
    """Tell the coordinators that an edition was made, and what changed; in the transaction that makes it."""
    before = edition_before(session, edition)
    changes = changes_since(session, edition, before)["activities"]
    coordinators = session.scalars(
        sa.select(Person).where(Person.role == Role.COORDINATOR, Person.disabled_at.is_(None)).order_by(Person.id)
    )
    written = 0
    for person in coordinators:
        with in_language(person.language):
            letter = _edition_letter(edition, person, change_sentence(changes, before), sender)
        key, at = f"edition/{edition.number}/{person.id}", edition.made_at
        written += write(
            session, key, to_address=person.email, to_name=person.name, letter=letter, at=at,
            send_if=SendIf(COORDINATOR), kind=MailKind.NOTICES,
        )  # fmt: skip
    return written


def _edition_letter(edition: Edition, person: Person, changes: str, sender: Sender) -> MailContent:
    month = format_month(edition.cycle_month)
    return MailContent(
        subject=_("Edition %(number)s is ready: %(month)s", number=edition.number, month=month),
        greeting=_("Dear %(name)s,", name=person.name),
        paragraphs=(
            _(
                "%(name)s closed %(month)s. Edition %(number)s holds %(activities)s and %(events)s.",
                name=edition.made_by_name,
                month=month,
                number=edition.number,
                activities=ngettext("%(num)s activity", "%(num)s activities", edition.activity_count),
                events=ngettext("%(num)s event", "%(num)s events", edition.event_count),
            ),
            changes,
        ),
        link=f"{sender.base_url}/editions/{edition.cycle_month}",
        link_label=_("Open the edition"),
    )


def change_sentence(found: Difference, before: Edition | None) -> str:
    """What changed since the edition before, in one sentence."""
    numbers = found.told() or _("nothing to compare")
    if before is None:
        return str(_("It is the first edition. Activities: %(numbers)s.", numbers=numbers))
    words = _(
        "Since edition %(number)s (%(month)s), activities: %(numbers)s.",
        number=before.number,
        month=format_month(before.cycle_month),
        numbers=numbers,
    )
    return str(words)
