"""Letters to all or some focal points: whom they reach, what they say, and who may read them again."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session, selectinload

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import MailContent, MailKind, SendIf, in_language, write
from interagency.matrix.cycles.answers import open_cycles
from interagency.matrix.cycles.board import board
from interagency.matrix.cycles.models import Cycle
from interagency.matrix.cycles.months import format_due, format_month
from interagency.matrix.cycles.standing import EntityStanding, standings, unanswered_label
from interagency.matrix.desk.models import Notice, NoticeRecipient
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.matrix.organisations.readers import keys_of, reader_of
from interagency.text.folding import listed, search_text
from interagency.web.context import settings

# The condition of the registry under which a letter leaves.
STILL_FOCAL_POINT = "notice"
ON_HOME, ON_HOME_FOR = 3, timedelta(days=60)
SIZE = 50


class Choice(enum.StrEnum):
    """Whom a letter is for."""

    ALL = "all"
    UNANSWERED = "unanswered"
    CHOSEN = "chosen"


@dataclass(slots=True)
class Recipient:
    """A focal point who gets a letter, and for which of the entities it is meant for."""

    person: Person
    entities: list[Organisation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who gets a letter, by name, and the entities it is meant for that nobody speaks for."""

    people: list[Recipient]
    nobody: list[Organisation]


def find_recipients(session: Session, choice: Choice, keys: Collection[str], at: datetime) -> Recipients:
    """The focal points of `at` (UTC): of all entities, of those without an answer in an open month, or of `keys`."""
    if choice is Choice.UNANSWERED:
        rows = [row for cycle in open_cycles(session) for row in board(session, cycle, at)]
        chosen = list({row.entity.id: row.entity for row in rows if row.is_expected and not row.has_answered}.values())
    else:
        chosen = [one for one in entities(session) if choice is Choice.ALL or one.key in keys]
    speaking = focal_points(session, at.astimezone(settings().zone).date())
    found: dict[int, Recipient] = {}
    for entity in chosen:
        for person in speaking.get(entity.id, []):
            found.setdefault(person.id, Recipient(person)).entities.append(entity)
    nobody = [one for one in chosen if not speaking.get(one.id) and (one.answers or choice is Choice.CHOSEN)]
    return Recipients(sorted(found.values(), key=lambda one: one.person.name), nobody)


@dataclass(frozen=True, slots=True)
class MonthsState:
    """Where every entity stands in the open months, read once for all letters."""

    months: list[tuple[Cycle, list[EntityStanding]]]

    def sentences(self) -> str:
        """Where the months stand, in words, a line each; empty without any open month."""
        lines = []
        for cycle, rows in self.months:
            lines.append(
                _(
                    "%(month)s: %(answered)s of %(all)s have answered; due %(due)s.",
                    month=format_month(cycle.month),
                    answered=sum(row.has_answered for row in rows),
                    all=len(rows),
                    due=format_due(cycle.due_at, settings().zone),
                )
            )
        return "\n".join(str(line) for line in lines)

    def of(self, mine: Iterable[Organisation]) -> str:
        """What they say of the entities `mine`: `November 2026: WHO has not answered yet.`"""
        ids, lines = {one.id for one in mine}, []
        for cycle, all_rows in self.months:
            rows = [row for row in all_rows if row.entity.id in ids]
            missing = [(row.entity.short, row.state) for row in rows if not row.has_answered]
            if missing:
                lines.append(
                    _("%(month)s: %(sentence)s.", month=format_month(cycle.month), sentence=unanswered_label(missing))
                )
            elif rows:
                names = listed(row.entity.short for row in rows)
                answered = ngettext("%(names)s has answered.", "%(names)s have answered.", len(rows), names=names)
                lines.append(_("%(month)s: %(sentence)s", month=format_month(cycle.month), sentence=answered))
        return "\n".join(lines)


def state_of_months(session: Session, at: datetime) -> MonthsState:
    """Where the open months stand at `at` (UTC)."""
    return MonthsState([(cycle, standings(session, cycle, at)) for cycle in open_cycles(session)])


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says and who writes it. `state` is None where it does not tell where the months stand."""

    subject: str
    text: str
    state: MonthsState | None
    by: Person

    def to(self, recipient: Recipient, link: str = "") -> MailContent:
        """The letter as one person gets it, with what the open months say of their entities."""
        paragraphs = [part.strip() for part in self.text.split("\n\n") if part.strip()]
        if self.state:
            said = (self.state.sentences(), self.state.of(recipient.entities))
            paragraphs.append("\n".join(part for part in said if part))
        names = listed(one.short for one in recipient.entities)
        return MailContent(
            subject=self.subject,
            greeting=_("Dear %(name)s,", name=recipient.person.name),
            paragraphs=tuple(part for part in paragraphs if part),
            link=link,
            link_label=_("Read it again"),
            closing=f"{self.by.name}, {self.by.email}\n\n"
            + _("You receive this as focal point of %(entities)s.", entities=names),
        )


def send_notice(session: Session, letter: Letter, people: Sequence[Recipient], *, at: datetime) -> Notice:
    """Keep the letter and write it into the outbox for each of `people`, in the caller's transaction."""
    notice = Notice(
        subject=letter.subject,
        text=letter.text,
        state=letter.state.sentences() if letter.state else "",
        words=search_text(letter.subject, letter.text),
        sent_at=at,
        by_id=letter.by.id,
        by_name=letter.by.name,
        recipients=[
            NoticeRecipient(person_id=one.person.id, name=one.person.name, entities=[e.short for e in one.entities])
            for one in people
        ],
    )
    session.add(notice)
    session.flush()
    for one in people:
        with in_language(one.person.language):
            content = letter.to(one, f"{settings().base_url}/notices/{notice.id}")
        write(
            session,
            f"notice/{notice.id}/{one.person.id}",
            to_address=one.person.email,
            to_name=one.person.name,
            letter=content,
            at=at,
            send_if=SendIf(STILL_FOCAL_POINT, {"entities": [entity.key for entity in one.entities]}),
            kind=MailKind.NOTICES,
        )
    audit(session, "notice.sent", by=letter.by, notice=notice.id, subject=letter.subject, recipients=len(people))
    return notice


def is_still_focal_point(session: Session, message: OutboxMessage, at: datetime, *, entities: list[str]) -> bool:
    """Whether the reader still speaks for one of the entities (keys). A condition of the registry."""
    return not keys_of(session, reader_of(session, message), at).isdisjoint(entities)


def readable_by(person: Person) -> list[sa.ColumnElement[bool]]:
    """The condition on letters that `person` may read: all for coordinators, for others those sent to them."""
    if person.is_coordinator:
        return []
    own = sa.select(NoticeRecipient.notice_id).where(NoticeRecipient.person_id == person.id)
    return [Notice.id.in_(own)]


def notices_of(session: Session, person: Person, *, page: int = 1) -> tuple[list[Notice], int]:
    """One page of the letters that `person` may read, newest first, and how many there are."""
    conditions = readable_by(person)
    total = session.scalar(sa.select(sa.func.count()).select_from(Notice).where(*conditions)) or 0
    query = sa.select(Notice).where(*conditions).options(selectinload(Notice.recipients))
    return list(session.scalars(query.order_by(Notice.id.desc()).limit(SIZE).offset(SIZE * (page - 1)))), total


def notices_on_home(session: Session, person: Person, at: datetime) -> list[Notice]:
    """The newest letters sent to `person`, of the last sixty days."""
    own = sa.select(NoticeRecipient.notice_id).where(NoticeRecipient.person_id == person.id)
    query = sa.select(Notice).where(Notice.id.in_(own), Notice.sent_at > at - ON_HOME_FOR)
    return list(session.scalars(query.order_by(Notice.id.desc()).limit(ON_HOME)))
