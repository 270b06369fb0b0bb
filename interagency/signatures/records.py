"""What is signed of editions and hand-outs, each chained to the one before."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.audit_chain import chain_end
from interagency.db.base import canonical_json
from interagency.signatures.keys import PrivateKey, make_envelope
from interagency.signatures.models import RecordSignature, SigningKey
from interagency.signatures.verify import opened

# Any number serves; who holds it on PostgreSQL signs the next hand-out.
LOCK = 1_630_105
# What is signed this long after it was made was signed later, and says so.
PROMPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Record:
    """An edition or a hand-out, as far as it is signed: number or id, SHA-256 of its contents, when it was made.

    `about`: what besides is said of it to whoever gets a signature.
    """

    id: int
    checksum: str
    made_at: datetime
    about: dict[str, Any]
    is_hand_out: bool = False


def digest_of(payload: str) -> str:
    """The SHA-256 that the next in the chain names."""
    return sha256(payload.encode()).hexdigest()


def newest_signature(session: Session, *, is_hand_out: bool) -> RecordSignature | None:
    """The end of a chain."""
    query = sa.select(RecordSignature).where(RecordSignature.is_hand_out.is_(is_hand_out))
    return session.scalar(query.order_by(RecordSignature.number.desc()).limit(1))


def wait_for_hand_outs(session: Session) -> None:
    """From here on until the commit no other server signs hand-outs. SQLite's writers wait for each other anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def sign_record(session: Session, key: PrivateKey, record: Record, at: datetime) -> RecordSignature:
    """Sign it as the next of its chain, at the instant `at` (UTC), in the caller's transaction.

    Of hand-outs after `wait_for_hand_outs`.

    A hand-out leaves, and the one before it was perhaps for others: a random number in each keeps anybody from trying
    out what the one before may have held. Nor does the number of a hand-out leave.
    """
    before = newest_signature(session, is_hand_out=record.is_hand_out)
    begun = session.scalars(sa.select(SigningKey.begins_at).where(SigningKey.id == key.id)).one()
    signed_at = max(at, begun)
    said = record.about | {
        "kind": "hand-out" if record.is_hand_out else "edition",
        "sha256": record.checksum,
        "previous": digest_of(before.payload) if before is not None else None,
        "made_at": record.made_at.isoformat(),
        "signed_at": signed_at.isoformat(),
        "signed_later": signed_at - record.made_at > PROMPT,
    }
    if record.is_hand_out:
        said["nonce"] = secrets.token_hex(16)
    else:
        said |= {"number": record.id, "audit": list(chain_end(session))}
    payload = canonical_json(said)
    made = RecordSignature(
        number=(before.number if before is not None else 0) + 1 if record.is_hand_out else record.id,
        is_hand_out=record.is_hand_out,
        edition_number=None if record.is_hand_out else record.id,
        hand_out_id=record.id if record.is_hand_out else None,
        key_id=key.id,
        payload=payload,
        signature=key.envelope(payload)["signatures"][0]["sig"],
    )
    session.add(made)
    session.flush()
    return made


def envelope_of(made: RecordSignature) -> dict[str, Any]:
    """A signature that is kept, as it travels."""
    return make_envelope(made.payload, made.key_id, made.signature)


def signature_problems(session: Session, keys: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each signature that does not hold, and for each place where a chain is broken."""
    known = {one["id"]: one for one in keys}
    for is_hand_out, word in ((False, "edition"), (True, "hand-out")):
        before: RecordSignature | None = None
        query = sa.select(RecordSignature).where(RecordSignature.is_hand_out.is_(is_hand_out))
        for one in session.scalars(query.order_by(RecordSignature.number)):
            name = f"{word} {one.hand_out_id if is_hand_out else one.number}"
            try:
                said = opened(envelope_of(one), known, set(known))
            except Exception as fault:  # whatever a changed text leads to
                yield f"the signature of {name} does not hold: {fault or type(fault).__name__}"
            else:
                expected = digest_of(before.payload) if before is not None else None
                if said["previous"] != expected or one.number != (before.number if before is not None else 0) + 1:
                    yield f"the chain is broken before {name}: the one before it is missing or was exchanged"
            before = one
