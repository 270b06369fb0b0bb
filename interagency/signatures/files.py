"""Signatures of files, and files with their signatures in one archive."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.db.base import canonical_json, start_write_transaction
from interagency.settings import Settings
from interagency.signatures import verify
from interagency.signatures.keys import KeyRefusal, PrivateKey, key_in_use, published_keys, read_private_key
from interagency.signatures.models import RecordSignature, SigningKey
from interagency.signatures.records import envelope_of

KEYS_FILE, SCRIPT_FILE = "interagency-keys.json", "interagency-verify.py"
READ_ME = """Each file comes with its signature, the file of the same name that ends in .sig.

To verify, with Python 3.11 or newer and its package `cryptography`, without a network:

    python interagency-verify.py --keys interagency-keys.json {names}

The keys in this archive prove nothing by themselves: compare them with those you know to be genuine, from the service's
address /.well-known/interagency-keys.json or kept since an earlier time.
"""


@dataclass(frozen=True, slots=True)
class FileSigner:
    """Signs files of one edition or hand-out (`record`), or of neither."""

    key: PrivateKey
    keys: list[dict[str, Any]]
    record: dict[str, Any] | None
    at: datetime

    def sign(self, name: str, body: bytes) -> bytes:
        """The signature of a file, as the file beside it. It holds the signature of the edition or hand-out too."""
        said = {
            "kind": "file",
            "name": name,
            "sha256": sha256(body).hexdigest(),
            "size": len(body),
            "signed_at": self.at.isoformat(),
            "keys": self.keys,
            "record": self.record,
        }
        return json.dumps(self.key.envelope(canonical_json(said))).encode()

    def archive(self, files: Iterable[tuple[str, bytes]]) -> bytes:
        """A ZIP of the files, their signatures, the public keys and the program that verifies them."""
        target, names = io.BytesIO(), []
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:

            def add(name: str, body: bytes) -> None:
                entry = zipfile.ZipInfo(name, self.at.timetuple()[:6])
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, body)

            for name, body in files:
                names.append(name)
                add(name, body)
                add(f"{name}.sig", self.sign(name, body))
            add(KEYS_FILE, keys_file(self.keys))
            add(SCRIPT_FILE, script())
            add("README.txt", READ_ME.format(names=" ".join(names)).encode())
        return target.getvalue()


def keys_file(keys: list[dict[str, Any]]) -> bytes:
    """The public keys as they are published."""
    return json.dumps({"keys": keys}, indent=1, sort_keys=True).encode()


def script() -> bytes:
    """The program that verifies files by itself."""
    return Path(verify.__file__).read_bytes()


def has_key(settings: Settings) -> bool:
    """Whether this server can sign."""
    try:
        return read_private_key(settings) is not None
    except KeyRefusal:
        return False


def file_signer(
    session: Session, settings: Settings, at: datetime, *, edition: int | None = None, hand_out: int | None = None
) -> FileSigner | None:
    """What signs the files of an edition, of a hand-out, or of neither; None where this server has no key.

    A key that is new to the database is noted there, and committed. Raises KeyRefusal where it cannot be read.
    """
    key = read_private_key(settings)
    if key is None:
        return None
    begins = session.scalar(sa.select(SigningKey.begins_at).where(SigningKey.id == key.id))
    if begins is None:
        start_write_transaction()
        key_in_use(session, settings, at)
        session.commit()
        begins = session.scalars(sa.select(SigningKey.begins_at).where(SigningKey.id == key.id)).one()
    made = None
    if edition is not None or hand_out is not None:
        of = RecordSignature.edition_number == edition
        of = of if hand_out is None else RecordSignature.hand_out_id == hand_out
        made = session.scalar(sa.select(RecordSignature).where(of))
    record = envelope_of(made) if made is not None else None
    return FileSigner(key, published_keys(session), record, max(at, begins))
