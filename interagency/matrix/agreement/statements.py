"""Saying what may be shared: an entity's default per audience, and narrower or wider for one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.matrix.agreement.gate import (
    ACTIVITY,
    COLUMNS,
    EVENT,
    INTERNAL,
    MESSAGE,
    Stance,
    Statement,
    Statements,
    stance,
    statements_for,
    why_inside,
)
from interagency.matrix.agreement.models import Agreement, Audience, Decision
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate


class AgreementRefusal(ValueError):
    """What was said cannot be kept; the text says why and what to do."""


def audiences(session: Session) -> list[Audience]:
    """All audiences, in their order."""
    return list(session.scalars(sa.select(Audience).order_by(Audience.position, Audience.key)))


def _say(
    session: Session,
    audience: Audience,
    entity: Organisation,
    decision: Decision,
    *,
    by: Person,
    at: datetime,
    day: date,
    kind: str,
    record_id: int | None,
    until: date | None = None,
    beyond_default: bool = False,
    statements: Statements,
) -> bool:
    """Keep a statement on a record of `kind` ("" for everything) beside all earlier ones, `statements`; False when it
    says what stands."""
    if until is not None and until < day:
        raise AgreementRefusal(_("The last day lies in the past. Leave it empty, or choose a later one."))
    default = stance(statements, entity.key, "", 0, day)
    if (
        kind not in ("", MESSAGE)
        and decision is Decision.AGREED
        and default is not Stance.AGREED
        and not beyond_default
    ):
        raise AgreementRefusal(
            _(
                "This goes beyond what %(short)s shares with “%(audience)s” by default. If that is meant, tick that "
                "it is.",
                short=entity.short,
                audience=audience.label,
            )
        )
    new = Statement(decision, until, beyond_default)
    if statements.get((entity.key, kind, record_id)) == new:
        return False
    session.add(
        Agreement(
            audience_key=audience.key,
            entity_id=entity.id,
            **({COLUMNS[kind].key: record_id} if kind else {}),
            decision=decision,
            beyond_default=beyond_default,
            until=until,
            said_at=at,
            said_by_id=by.id,
            said_by_name=by.name,
        )
    )
    named: dict[str, Any] = {ACTIVITY: None, EVENT: None} | ({kind: record_id} if kind else {})
    audit(
        session, "agreement.said", by=by, audience=audience.key, entity=entity.key, decision=decision.value,
        until=until.isoformat() if until else None, **named,
    )  # fmt: skip
    return True


def _one_at_a_time(session: Session, entity: Organisation) -> None:
    """Of two who say the same for an entity at once, the second says what stands."""
    # Without the key: who writes a record that names the entity need not wait, and nobody waits for each other in turn.
    row = sa.select(Organisation.id).where(Organisation.id == entity.id)
    session.execute(row.with_for_update(key_share=True))


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says in one act: to which audiences, what, until when, and that beyond the default is meant."""

    audiences: list[Audience]
    decision: Decision
    until: date | None = None
    beyond: bool = False


def say_to_each(
    session: Session,
    said: Said,
    entity: Organisation,
    *,
    by: Person,
    at: datetime,
    day: date,
    activity_ids: tuple[int, ...] = (),
    **about: int | None,
) -> int:
    """Say it for every audience, about everything or each of the records; how many statements are new.

    `about` names a record that is no activity by its column: `event_id`, `need_id` or `message_version_id`.

    All of it or, by AgreementRefusal (what cannot be kept, and why), nothing: the caller rolls back. "Beyond the
    default" is kept only where an agreement goes beyond it today, so that a tick for one audience widens no other.
    """
    _one_at_a_time(session, entity)
    records: list[tuple[str, int | None]] = [(ACTIVITY, number) for number in activity_ids]
    records += [(kind, about[name]) for kind, column in COLUMNS.items() if (name := column.key) in about]
    kept = 0
    for audience in said.audiences:
        statements = statements_for(session, audience.key)
        reaches = stance(statements, entity.key, "", 0, day) is Stance.AGREED
        beyond = said.beyond and said.decision is Decision.AGREED and not reaches
        for kind, number in records or [("", None)]:
            kept += _say(
                session, audience, entity, said.decision, by=by, at=at, day=day, kind=kind, record_id=number,
                until=said.until, beyond_default=beyond, statements=statements,
            )  # fmt: skip
    return kept


@dataclass(frozen=True, slots=True)
class SharingRow:
    """The choice for one audience in a form: what stands (its last day as it is typed), and what is chosen now.

    `counts`: whether what stands is an agreement that counts. Only what is chosen otherwise than it stood when the form
    was made is said anew, so that what a colleague said meanwhile is not undone by who touched nothing.
    """

    audience: Audience
    stood: str
    stood_until: str
    counts: bool
    choice: str
    until: str


def sharing_row(
    audience: Audience, statement: Statement | None, *, counts: bool, typed: Mapping[str, str] | None = None
) -> SharingRow:
    """The row of an audience about which `statement` stands, with what was `typed` in a form that was refused."""
    stood = (statement.decision if statement else Decision.AS_DEFAULT).value
    until = ImpreciseDate.day(statement.until).words() if statement and statement.until else ""
    typed = typed or {}
    choice, day = typed.get(f"say-{audience.key}", stood), typed.get(f"until-{audience.key}", until)
    return SharingRow(audience, stood, until, counts, choice, day)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the entities of one record stand for one audience. `inside`: why it stays inside all the same, or ""."""

    audience: Audience
    inside: str
    agreed: list[Organisation]
    awaited: list[Organisation]
    refused: list[Organisation]
    said: Mapping[str, Statement]  # by entity key, what each said last of this record

    def row(self, entity: Organisation) -> SharingRow:
        """What `entity` chose for this audience, to be chosen anew."""
        return sharing_row(self.audience, self.said.get(entity.key), counts=entity in self.agreed)

    @property
    def is_internal(self) -> bool:
        """Whether the record is marked as internal, so that nobody is asked."""
        return self.inside == str(INTERNAL)

    @property
    def may_leave(self) -> bool:
        """Whether the gate lets the record through to the audience."""
        return not self.inside and bool(self.agreed) and not self.awaited and not self.refused


def standings(
    session: Session, entities: list[Organisation], kind: str, record_id: int, day: date, *, shareable: bool = True
) -> list[Standing]:
    """For each audience who agreed to share a record that needs the agreement of `entities` (`gate.asked_of`), who is
    awaited, who refused, and whether it would leave."""
    inside = why_inside(entities, {"shareable": shareable})
    found = []
    for audience in audiences(session):
        statements = statements_for(session, audience.key)
        by: dict[Stance, list[Organisation]] = {one: [] for one in Stance}
        for entity in entities:
            by[stance(statements, entity.key, kind, record_id, day)].append(entity)
        said = {
            entity.key: statements[entity.key, kind, record_id]
            for entity in entities
            if (entity.key, kind, record_id) in statements
        }
        found.append(Standing(audience, inside, by[Stance.AGREED], by[Stance.AWAITED], by[Stance.REFUSED], said))
    return found


def log_of(session: Session, entity_id: int, limit: int = 100) -> list[Agreement]:
    """What an entity said, newest first."""
    query = sa.select(Agreement).where(Agreement.entity_id == entity_id).order_by(Agreement.id.desc())
    return list(session.scalars(query.limit(limit)))
