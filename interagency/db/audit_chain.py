"""The chain over the audit log: each entry's link holds the SHA-256 of the link before and of the entry.

Links are added as the last act before the commit, so that writers wait for each other no longer than a commit takes,
and never hold the chain while they wait for something else. What was written in a transaction that sees an old state
(REPEATABLE READ), or by an older version of the service, is linked by whoever writes next (`LOOK_BACK`) and by `cycle
tick`. A chain has no secret: that its end was not made anew is seen from the signed editions that name it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, mapped_column

from interagency.db.base import Model, RequestSession, canonical_json
from interagency.db.history import AuditEntry

START = "0" * 64
# How many numbers before the last link entries are looked for that came late.
LOOK_BACK = 1000
# Any number serves; who holds it on PostgreSQL adds links.
LOCK = 1_630_104
WRITTEN = "audit entries written"


class AuditLink(Model):
    """The place of an audit entry in the chain."""

    __tablename__ = "audit_link"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("audit_entry.id", ondelete="RESTRICT"), unique=True)
    # SHA-256 of the digest before (64 zeros at the start) and the entry's canonical JSON, as hexadecimal digits.
    digest: Mapped[str] = mapped_column(sa.String(64))


_COLUMNS = (AuditEntry.id, AuditEntry.at, AuditEntry.act, AuditEntry.by_id, AuditEntry.by_name, AuditEntry.details)
_NEWEST = (
    sa.select(AuditLink.position, AuditLink.digest, AuditLink.entry_id).order_by(AuditLink.position.desc()).limit(1)
)


def digest_of(before: str, entry: tuple[int, datetime, str, int | None, str, dict[str, Any]]) -> str:
    """The digest of an entry (its id, at, act, by_id, by_name, details) after the digest `before`."""
    number, at, *rest = entry
    return hashlib.sha256(f"{before}{canonical_json([number, at.isoformat(), *rest])}".encode()).hexdigest()


def link_entries(session: Session, *, all_of_them: bool = False) -> int:
    """Add a link for each entry that has none, of the newest or of `all_of_them`; uncommitted. Returns how many."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    position, digest, last = session.execute(_NEWEST).one_or_none() or (0, START, 0)
    query = sa.select(*_COLUMNS).outerjoin(AuditLink, AuditLink.entry_id == AuditEntry.id).order_by(AuditEntry.id)
    query = query.where(AuditLink.entry_id.is_(None), AuditEntry.id > (0 if all_of_them else last - LOOK_BACK))
    links = []
    for entry in session.execute(query).all():
        position, digest = position + 1, digest_of(digest, entry)
        links.append({"position": position, "entry_id": entry.id, "digest": digest})
    if links:
        session.execute(sa.insert(AuditLink), links)
    return len(links)


def chain_end(session: Session) -> tuple[int, str]:
    """The newest position and its digest."""
    position, digest, _entry = session.execute(_NEWEST).one_or_none() or (0, START, 0)
    return position, digest


def digest_at(session: Session, position: int) -> str | None:
    """The digest at a position; None where the chain is shorter."""
    return START if position == 0 else session.scalar(sa.select(AuditLink.digest).where(AuditLink.position == position))


def chain_problems(session: Session) -> Iterator[str]:
    """A line for each entry that was changed, is missing or is not in the chain."""
    before, expected = START, 1
    query = sa.select(AuditLink.position, AuditLink.entry_id, AuditLink.digest, *_COLUMNS)
    query = query.outerjoin(AuditEntry, AuditEntry.id == AuditLink.entry_id).order_by(AuditLink.position)
    for position, entry_id, digest, *entry in session.execute(query.execution_options(yield_per=LOOK_BACK)):
        if position != expected:
            yield f"the audit log lacks what stood at place {expected} of its chain"
        elif entry[0] is None:
            yield f"audit entry {entry_id} is missing"
        elif digest_of(before, tuple(entry)) != digest:
            yield f"audit entry {entry_id} is not what was written, or an entry before it was exchanged"
        before, expected = digest, position + 1
    query_of_loose = sa.select(AuditEntry.id).outerjoin(AuditLink, AuditLink.entry_id == AuditEntry.id)
    for number in session.scalars(query_of_loose.where(AuditLink.entry_id.is_(None)).order_by(AuditEntry.id)):
        yield f"audit entry {number} is not in the chain; an older version wrote it, or somebody else"


# --- The last act before a commit ---


@event.listens_for(RequestSession, "after_flush")
def _remember(session: Session, _context: Any) -> None:
    if any(isinstance(one, AuditEntry) for one in session.new):
        session.info[WRITTEN] = True


@event.listens_for(RequestSession, "before_commit")
def _link(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    if session.info.pop(WRITTEN, False):
        if session.connection().get_execution_options().get("isolation_level") != "REPEATABLE READ":
            link_entries(session)


@event.listens_for(RequestSession, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(WRITTEN, None)
