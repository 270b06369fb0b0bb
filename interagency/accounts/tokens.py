"""Tokens of every kind: made, found again, used, reset, ended. Feeds, data, hand-outs and the API share it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import AccessToken, Person, Scope, TokenKind, new_token, token_hash
from interagency.db.base import now, write_best_effort
from interagency.db.history import audit

USE_NOTED_EVERY = timedelta(hours=1)


def make_token(
    session: Session,
    kind: TokenKind,
    person: Person | None,
    label: str,
    *,
    token: str | None = None,
    expires_at: datetime | None = None,
    scopes: Iterable[Scope] = (),
) -> tuple[AccessToken, str]:
    """A token of `kind` that acts for `person`, flushed, and its secret (`token`, or a new one), which is kept hashed.

    It is audited where it has a person; a hand-out, which has none, is audited by itself.
    """
    token = token or new_token()
    kept = AccessToken(
        kind=kind, token_hash=token_hash(token), person_id=person.id if person else None, label=label,
        expires_at=expires_at, scopes=" ".join(scopes),
    )  # fmt: skip
    session.add(kept)
    session.flush()
    if person is not None:
        audit(session, "token.made", by=person, **_named(kept))
    return kept, token


def find_token(session: Session, kind: TokenKind, token: str) -> AccessToken | None:
    """The kept form of `token` if it is of this kind and was not revoked; its expiry is the caller's to check."""
    query = sa.select(AccessToken).where(
        AccessToken.token_hash == token_hash(token), AccessToken.kind == kind, AccessToken.revoked_at.is_(None)
    )
    return session.scalar(query)


def owner_of(session: Session, kind: TokenKind, token: str, at: datetime) -> tuple[AccessToken, Person] | None:
    """Whose `token` of this kind is, at the instant `at`.

    None for an unknown, revoked or expired one, one of another kind, and one of a disabled account.
    """
    kept = find_token(session, kind, token)
    person = session.get(Person, kept.person_id) if kept is not None and kept.is_alive(at) else None
    return (kept, person) if kept is not None and person is not None and person.is_active else None


def tokens_of(session: Session, kind: TokenKind, person: Person) -> list[AccessToken]:
    """The tokens of this kind that `person` made and did not revoke, oldest first; expired ones too."""
    query = sa.select(AccessToken).where(
        AccessToken.kind == kind, AccessToken.person_id == person.id, AccessToken.revoked_at.is_(None)
    )
    return list(session.scalars(query.order_by(AccessToken.id)))


def reset_token(session: Session, kept: AccessToken, by: Person, token: str | None = None) -> str:
    """A new secret in place of the old one, which ends at once."""
    token = token or new_token()
    kept.token_hash = token_hash(token)
    session.flush()
    audit(session, "token.reset", by=by, **_named(kept))
    return token


def revoke_token(session: Session, kept: AccessToken, by: Person, at: datetime) -> None:
    """Let a token open nothing any more."""
    if kept.revoked_at is None:
        kept.revoked_at = at
        audit(session, "token.revoked", by=by, **_named(kept))


def is_use_to_be_noted(kept: AccessToken, at: datetime) -> bool:
    """Whether a use at the instant `at` is worth a write: none was noted within the hour."""
    return kept.last_used_at is None or kept.last_used_at <= at - USE_NOTED_EVERY


def note_use(token: str) -> None:
    """Remember that a token was used, at most once an hour, without waiting for a busy database.

    For after the answer is made: what the session has loaded is given up.
    """
    used, at = AccessToken.last_used_at, now()
    due = sa.or_(used.is_(None), used <= at - USE_NOTED_EVERY)
    write_best_effort(
        sa.update(AccessToken).where(AccessToken.token_hash == token_hash(token), due).values(last_used_at=at)
    )


def _named(kept: AccessToken) -> dict[str, Any]:
    return {"kind": kept.kind.value, "token": kept.id, "label": kept.label} | (
        {"scopes": kept.scopes} if kept.scopes else {}
    )
