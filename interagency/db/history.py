"""What changed, who did it, when: for every record. Also the audit log of acts that change no record.

Rows are only ever added; the database refuses to change or remove
them (triggers, see the migrations).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_pgettext
from sqlalchemy.orm import Mapped, Session, mapped_column

from interagency.db.base import Model, now
from interagency.text.labelled import Labelled

Facts = Mapping[str, Any]


class Action(Labelled):
    """What was done to a record."""

    CREATED = "created", lazy_pgettext("what somebody did to a record", "created")
    CHANGED = "changed", lazy_pgettext("what somebody did to a record", "changed")
    CONFIRMED = "confirmed", lazy_pgettext("what somebody did to a record", "confirmed")
    DECLINED = "declined", lazy_pgettext("what somebody did to a record", "declined")
    MERGED = "merged", lazy_pgettext("what somebody did to a record", "merged")
    ENDED = "ended", lazy_pgettext("what somebody did to a record", "ended")


class Change(Model):
    """One act on one record: who, when, and for each field what was and what is."""

    __tablename__ = "change"
    __table_args__ = (sa.Index("ix_change_record", "record_type", "record_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_type: Mapped[str] = mapped_column(sa.String(40))
    record_id: Mapped[int]
    # The record's version after the act.
    record_version: Mapped[int]
    action: Mapped[Action]
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    # The name on the day of the act; "sample data" or "command line" where no person acted.
    by_name: Mapped[str]
    # {field: [what was, what is]}, values as in the record's facts.
    fields: Mapped[dict[str, Any]]
    # Why, in the person's words, or the month of the cycle for a confirmation.
    reason: Mapped[str] = mapped_column(default="")


class AuditEntry(Model):
    """An act worth keeping that changes no record: sign-ins, refusals, exports, hand-outs, rights."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    # A short dotted name, such as `sign_in.refused`.
    act: Mapped[str] = mapped_column(sa.String(60), index=True)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    by_name: Mapped[str]
    details: Mapped[dict[str, Any]]


class TextTranslation(Model):
    """A text of a record in another language, beside the original. The last one of its field and language holds; an
    empty one takes it back. Rows are only ever added."""

    __tablename__ = "text_translation"
    __table_args__ = (sa.Index("ix_text_translation_record", "record_type", "record_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_type: Mapped[str] = mapped_column(sa.String(40))
    record_id: Mapped[int]
    field: Mapped[str] = mapped_column(sa.String(40))
    language: Mapped[str] = mapped_column(sa.String(10))
    text: Mapped[str]
    # What was translated: where the record says something else now, the translation is older than the text.
    original: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    by_name: Mapped[str]


def difference(before: Facts, after: Facts) -> dict[str, list[Any]]:
    """`{field: [was, is]}` for each field whose value differs, in the order of `after`."""
    names = list(after) + [name for name in before if name not in after]
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def facts_at(facts: Facts, changes: list[Change], version: int) -> dict[str, Any]:
    """The facts a record had at `version`, from its facts today and all its changes."""
    past = dict(facts)
    for change in sorted(changes, key=lambda change: change.id, reverse=True):
        if change.record_version > version:
            for name, (was, _is) in change.fields.items():
                past[name] = was
    return past


def record_change(
    session: Session,
    record: Any,
    action: Action,
    *,
    before: Facts,
    after: Facts,
    by: Any | None,
    by_name: str = "command line",
    reason: str = "",
) -> Change:
    """Add the history row of one act on `record` (flushed, with `id` and `version`) to `session`.

    `by` is the person acting, or None for a command, which then gives its own `by_name`.
    """
    change = Change(
        record_type=record.__tablename__,
        record_id=record.id,
        record_version=record.version,
        action=action,
        by_id=by.id if by is not None else None,
        by_name=by.name if by is not None else by_name,
        fields=difference(before, after),
        reason=reason,
    )
    session.add(change)
    return change


def changes_of(session: Session, record_type: str, record_id: int) -> list[Change]:
    """All changes of one record, newest first."""
    query = sa.select(Change).where(Change.record_type == record_type, Change.record_id == record_id)
    return list(session.scalars(query.order_by(Change.id.desc())))


def newest(*models: type[Model]) -> list[sa.ScalarSelect[Any]]:
    """The newest change of any record, and the highest id of each of `models`, which can be loaded without history."""
    ids = (model.id for model in (Change, *models))  # type: ignore[attr-defined]
    return [sa.select(sa.func.coalesce(sa.func.max(number), 0)).scalar_subquery() for number in ids]


def revision(session: Session, *models: type[Model]) -> tuple[int, ...]:
    """The numbers of `newest`: other ones once any record has changed or one of `models` was added."""
    return tuple(session.execute(sa.select(*newest(*models))).one())


def audit(session: Session, act: str, *, by: Any | None = None, by_name: str = "nobody", **details: Any) -> None:
    """Add a line to the audit log. `details` hold no secrets, tokens or contents."""
    name = by.name if by is not None else by_name
    session.add(AuditEntry(act=act, by_id=by.id if by is not None else None, by_name=name, details=details))
