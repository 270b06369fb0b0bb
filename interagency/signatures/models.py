"""The public keys the service has signed with, and what it signed. The database refuses to change either."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from interagency.db.base import Model


class SigningKey(Model):
    """The public half of an Ed25519 key pair (RFC 8032). The private half is in no database."""

    __tablename__ = "signing_key"

    # The first 16 hexadecimal digits of the SHA-256 of the public key's 32 bytes.
    id: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    # The 32 bytes, as base64.
    public: Mapped[str] = mapped_column(sa.String(44))
    # It is in use until the next one begins.
    begins_at: Mapped[datetime]
    # The envelope, as JSON, by which the key before it vouches for it; empty where there was none, or it was lost.
    endorsed: Mapped[str]


class RecordSignature(Model):
    """The signature of an edition or of a hand-out. `number` counts editions, and hand-outs, without a gap."""

    __tablename__ = "record_signature"
    __table_args__ = (
        sa.CheckConstraint("(edition_number IS NULL) <> (hand_out_id IS NULL)", name="of"),
        sa.CheckConstraint("edition_number IS NULL OR edition_number = number", name="number"),
        sa.UniqueConstraint("is_hand_out", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    is_hand_out: Mapped[bool]
    edition_number: Mapped[int | None] = mapped_column(
        sa.ForeignKey("edition.number", ondelete="RESTRICT"), unique=True
    )
    hand_out_id: Mapped[int | None] = mapped_column(sa.ForeignKey("hand_out.id", ondelete="RESTRICT"), unique=True)
    key_id: Mapped[str] = mapped_column(sa.ForeignKey("signing_key.id", ondelete="RESTRICT"), index=True)
    # Exactly what was signed: canonical JSON.
    payload: Mapped[str]
    # Ed25519, as base64.
    signature: Mapped[str] = mapped_column(sa.String(88))

    @property
    def signed_at(self) -> datetime:
        """When (UTC)."""
        return datetime.fromisoformat(self.said["signed_at"])

    @property
    def said(self) -> dict[str, Any]:
        """What was signed, as a value."""
        value: dict[str, Any] = json.loads(self.payload)
        return value
