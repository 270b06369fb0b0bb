"""Where each entity stands in a cycle: the one place that says it, for board, months, editions, workbooks and mails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_pgettext, ngettext
from sqlalchemy.orm import Session, joinedload

from interagency.matrix.cycles.models import Answer, AnswerKind, Cycle, Extension
from interagency.matrix.organisations.models import Organisation
from interagency.text.folding import listed
from interagency.text.labelled import Labelled
from interagency.text.languages import semicolons
from interagency.web.context import settings


class Standing(Labelled):
    """Where an entity stands in a cycle (rule 15)."""

    UPDATED = "updated", lazy_pgettext("an entity in a month", "updated")
    UNCHANGED = "confirmed unchanged", lazy_pgettext("an entity in a month", "confirmed unchanged")
    NOTHING = "nothing to report", lazy_pgettext("an entity in a month", "nothing to report")
    RETURNED = "returned with a note", lazy_pgettext("an entity in a month", "returned with a note")
    TAKEN_BACK = "taken back", lazy_pgettext("an entity in a month", "taken back")
    SILENT = "silent", lazy_pgettext("an entity in a month", "silent")
    AWAITED = "not answered yet", lazy_pgettext("an entity in a month", "not answered yet")


_BY_KIND = {
    AnswerKind.UPDATED: Standing.UPDATED,
    AnswerKind.UNCHANGED: Standing.UNCHANGED,
    AnswerKind.NOTHING: Standing.NOTHING,
}
ANSWERED = frozenset(_BY_KIND.values())
# How those without an answer are kept in an edition and in a picture of the open month.
UNANSWERED_KEYS = {
    Standing.SILENT: "silent",
    Standing.AWAITED: "awaited",
    Standing.TAKEN_BACK: "taken_back",
    Standing.RETURNED: "returned",
}


def standing_of(latest: Answer | None, *, due_at: datetime, at: datetime | None) -> Standing:
    """Where an entity stands whose newest answer is `latest`.

    `at` is now as long as the cycle is open, and None once it is closed: nobody is "not answered yet" then. Before
    its due date nobody is silent, and who took an answer back, or had it returned, has said something.
    """
    if latest is None:
        return Standing.AWAITED if at is not None and at <= due_at else Standing.SILENT
    if latest.ended_at is None:
        return _BY_KIND[latest.kind]
    return Standing.RETURNED if latest.returned_with_id is not None else Standing.TAKEN_BACK


@dataclass(frozen=True, slots=True)
class EntityStanding:
    """One entity's standing in a cycle. `answer` is the newest, standing or not."""

    entity: Organisation
    state: Standing
    due_at: datetime
    is_extended: bool
    answer: Answer | None
    is_expected: bool

    @property
    def has_answered(self) -> bool:
        return self.state in ANSWERED


def expected_entities(session: Session, day: date) -> list[Organisation]:
    """The entities asked on `day`: those that answer and are not retired, in the order of the decision."""
    query = sa.select(Organisation).where(
        Organisation.answers, sa.or_(Organisation.retired_on.is_(None), Organisation.retired_on > day)
    )
    return list(session.scalars(query.order_by(Organisation.position, Organisation.acronym)))


def standings(session: Session, cycle: Cycle, at: datetime, *, closing: bool = False) -> list[EntityStanding]:
    """Every entity that is asked in `cycle`, or has an answer that stands; in the order of the decision.

    `at`: now, in UTC. Of a closed cycle, and of one that is about to be (`closing`), those who were asked on the day
    of its closing.
    """
    is_over = closing or not cycle.is_open
    moment = at if cycle.is_open or cycle.closed_at is None else cycle.closed_at
    expected = expected_entities(session, moment.astimezone(settings().zone).date())
    query = sa.select(Answer).where(Answer.cycle_month == cycle.month).order_by(Answer.id)
    latest = {
        answer.entity_id: answer
        for answer in session.scalars(
            query.options(joinedload(Answer.signed_by), joinedload(Answer.returned_with), joinedload(Answer.entity))
        )
    }
    extensions = {
        extension.entity_id: extension.due_at
        for extension in session.scalars(sa.select(Extension).where(Extension.cycle_month == cycle.month))
    }
    asked = {entity.id for entity in expected}
    others = [answer.entity for answer in latest.values() if answer.entity_id not in asked and answer.ended_at is None]
    found = []
    for entity in [*expected, *sorted(others, key=lambda one: one.short)]:
        answer, due_at = latest.get(entity.id), extensions.get(entity.id, cycle.due_at)
        state = standing_of(answer, due_at=due_at, at=None if is_over else at)
        found.append(EntityStanding(entity, state, due_at, entity.id in extensions, answer, entity.id in asked))
    return found


def answers_of(session: Session, cycle: Cycle, at: datetime, *, closing: bool = False) -> dict[str, list[Any]]:
    """The answers of a cycle as plain values: `answers`, and the keys of the entities without one by their standing."""
    found: dict[str, list[Any]] = {"answers": [], **{name: [] for name in UNANSWERED_KEYS.values()}}
    rows = standings(session, cycle, at, closing=closing)
    for row in sorted(rows, key=lambda row: (row.entity.position, row.entity.key)):
        if row.has_answered and row.answer is not None:
            found["answers"].append(
                {
                    "entity": row.entity.key,
                    "kind": row.answer.kind.value,
                    "signed_at": row.answer.signed_at.isoformat(),
                    "late": row.answer.signed_at > row.due_at,
                    "on_behalf": bool(row.answer.on_behalf_reason),
                    "comment": row.answer.comment,
                }
            )
    for row in rows:
        if not row.has_answered:
            found[UNANSWERED_KEYS[row.state]].append(row.entity.key)
    return found


def unanswered_of(contents: Mapping[str, Any]) -> list[tuple[Standing, list[str]]]:
    """The keys of the entities without an answer in an edition or a picture of the month, by their standing."""
    return [(state, contents[name]) for state, name in UNANSWERED_KEYS.items() if contents.get(name)]


def unanswered_label(rows: Iterable[tuple[str, Standing]]) -> str:
    """That entities have no answer in an open month, for a letter or a line of a page, by short name and standing:
    `UNDP and WHO have not answered yet; UNODC took its answer back`."""
    by_state: dict[Standing, list[str]] = {}
    for name, state in rows:
        by_state.setdefault(Standing.AWAITED if state is Standing.SILENT else state, []).append(name)
    parts = []
    for state, names in by_state.items():
        words = {"names": listed(names)}
        if state is Standing.TAKEN_BACK:
            parts.append(
                ngettext("%(names)s took its answer back", "%(names)s took their answers back", len(names), **words)
            )
        elif state is Standing.RETURNED:
            parts.append(
                ngettext(
                    "the answer of %(names)s was returned with a note",
                    "the answers of %(names)s were returned with a note",
                    len(names),
                    **words,
                )
            )
        else:
            parts.append(
                ngettext("%(names)s has not answered yet", "%(names)s have not answered yet", len(names), **words)
            )
    return semicolons(str(part) for part in parts)


def unsigned_sentence(short: str, state: Standing) -> str:
    """What a closed month says of an entity whose answer does not stand: `WHO was silent.`"""
    if state is Standing.TAKEN_BACK:
        return str(_("%(entity)s took its answer back and did not sign again.", entity=short))
    if state is Standing.RETURNED:
        return str(_("The answer of %(entity)s was returned with a note and not signed again.", entity=short))
    return str(_("%(entity)s was silent.", entity=short))
