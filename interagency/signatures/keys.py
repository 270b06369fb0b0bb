"""The service's key pairs: made, kept, exchanged for new ones, published.

The private key is a line of text: the 32 bytes of RFC 8032 as base64, and after a full stop, as base64 too, the
envelope by which the key before vouches for it, if there was one. It is the setting INTERAGENCY_SIGNING_KEY, or the
file `signing-key` in the data folder. The public keys are in the database, each noted when it is first used.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from interagency.db.base import canonical_json
from interagency.settings import Settings
from interagency.signatures.models import SigningKey
from interagency.signatures.verify import TYPE

FILE = "signing-key"
# Servers get a new key one after the other: this long after it begins the one before still counts.
OVERLAP = timedelta(days=1)


class KeyRefusal(ValueError):
    """It cannot be done; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key pair, and how the one before vouches for it."""

    pair: Ed25519PrivateKey
    endorsed: str = ""

    @property
    def public(self) -> str:
        """The public key, as base64."""
        return b64encode(self.pair.public_key().public_bytes_raw()).decode()

    @property
    def id(self) -> str:
        """The short name of the public key."""
        return sha256(self.pair.public_key().public_bytes_raw()).hexdigest()[:16]

    def as_text(self) -> str:
        """What is kept of it, in one line."""
        parts = [self.pair.private_bytes_raw(), *([self.endorsed.encode()] if self.endorsed else [])]
        return ".".join(b64encode(part).decode() for part in parts)

    def envelope(self, payload: str) -> dict[str, Any]:
        """`payload` signed, as an envelope of DSSE 1.0 (https://github.com/secure-systems-lab/dsse)."""
        return make_envelope(payload, self.id, b64encode(self.pair.sign(encoded(payload.encode()))).decode())


def encoded(payload: bytes) -> bytes:
    """What is signed: the pre-authentication encoding of DSSE, so that no signature serves for another type."""
    return b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE, len(payload), payload)


def make_envelope(payload: str, key_id: str, signature: str) -> dict[str, Any]:
    """What was signed and the signature, as they travel."""
    text = b64encode(payload.encode()).decode()
    return {"payload": text, "payloadType": TYPE.decode(), "signatures": [{"keyid": key_id, "sig": signature}]}


def read_private_key(settings: Settings) -> PrivateKey | None:
    """The key that this server signs with; None where it has none. Raises KeyRefusal where it cannot be read."""
    text = settings.signing_key
    if not text:
        try:
            text = (settings.data_folder / FILE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise KeyRefusal(f"The signing key cannot be read: {problem.strerror}.") from None
    seed, _stop, endorsed = text.strip().partition(".")
    try:
        return PrivateKey(Ed25519PrivateKey.from_private_bytes(b64decode(seed)), b64decode(endorsed).decode())
    except ValueError:
        raise KeyRefusal("The signing key is not one that `interagency init` or `keys rotate` made.") from None


def keep_private_key(path: Path, key: PrivateKey) -> None:
    """Write it where its owner alone reads it, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(key.as_text() + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def key_in_use(session: Session, settings: Settings, at: datetime) -> PrivateKey | None:
    """The key that this server signs with, noted in the database (uncommitted) where it is new there."""
    key = read_private_key(settings)
    if key is not None and session.get(SigningKey, key.id) is None:
        newest = session.scalar(sa.select(sa.func.max(SigningKey.begins_at)))
        begins = at if newest is None else max(at, newest + timedelta(seconds=1))
        session.add(SigningKey(id=key.id, public=key.public, begins_at=begins, endorsed=key.endorsed))
        session.flush()
    return key


def prepare_key(session: Session, settings: Settings, at: datetime) -> str:
    """Make the first key of the service and note the one in use (uncommitted). Returns what there is to say of it."""
    if read_private_key(settings) is None:
        if session.scalar(sa.select(sa.func.count()).select_from(SigningKey)):
            return (
                "This server has no signing key: copy the file signing-key of the one that has it, or set "
                "INTERAGENCY_SIGNING_KEY. Where it is lost: interagency keys rotate --lost"
            )
        keep_private_key(settings.data_folder / FILE, PrivateKey(Ed25519PrivateKey.generate()))
    key = key_in_use(session, settings, at)
    assert key is not None
    return f"Signing key: {key.id}"


def rotate(session: Session, settings: Settings, at: datetime, *, lost: bool) -> tuple[str, Path]:
    """Make a key in place of the one in use, which vouches for it unless it is `lost`.

    Returns its id and the file it is in: the one in use from now on, or where the key is a setting one beside it, whose
    text is to become the setting on every server. Writes in the caller's transaction. Raises KeyRefusal.
    """
    old = None if lost else key_in_use(session, settings, at)
    if old is None and not lost:
        raise KeyRefusal("This server has no signing key that could vouch for a new one. If it is lost: --lost")
    pair = PrivateKey(Ed25519PrivateKey.generate())
    if old is not None:
        begun = session.scalars(sa.select(SigningKey.begins_at).where(SigningKey.id == old.id)).one()
        said = {"kind": "key", "public": pair.public, "signed_at": max(at, begun).isoformat()}
        pair = PrivateKey(pair.pair, canonical_json(old.envelope(canonical_json(said))))
    path = settings.data_folder / (f"{FILE}.next" if settings.signing_key else FILE)
    keep_private_key(path, pair)
    if not settings.signing_key:
        key_in_use(session, settings, at)
    return pair.id, path


def published_keys(session: Session) -> list[dict[str, Any]]:
    """Every public key, the oldest first, with the instants between which it counts (UTC; `until` null: in use)."""
    keys = list(session.scalars(sa.select(SigningKey).order_by(SigningKey.begins_at)))
    ends = [(one.begins_at + OVERLAP).isoformat() for one in keys[1:]]
    return [
        {
            "id": one.id,
            "algorithm": "Ed25519",
            "public": one.public,
            "from": one.begins_at.isoformat(),
            "until": until,
            "endorsed": json.loads(one.endorsed) if one.endorsed else None,
        }
        for one, until in zip(keys, [*ends, None], strict=False)
    ]
