"""Verify files signed by an interagency service: python interagency-verify.py [--keys KEYS] FILE ...
FILE.sig lies beside each FILE. KEYS: the service's interagency-keys.json, kept since it was known to be genuine. Of
editions the chain is verified too. Needs Python 3.11 and the package `cryptography`; no network, no service."""

import json
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey as Ed25519

TYPE = b"application/vnd.interagency.signature+json"


def opened(envelope: dict[str, Any], keys: dict[str, Any], trusted: set[str]) -> dict[str, Any]:  # DSSE, version 1
    one, text = envelope["signatures"][0], (envelope["payload"], envelope["signatures"][0]["sig"])
    (payload, signature), key = map(b64decode, text), keys[one["keyid"]]
    signed = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE, len(payload), payload)
    Ed25519.from_public_bytes(b64decode(key["public"])).verify(signature, signed)
    if (b64encode(payload).decode(), b64encode(signature).decode(), TYPE.decode()) != (*text, envelope["payloadType"]):
        raise ValueError("the text of the signature was changed")
    said: dict[str, Any] = json.loads(payload) | {"keyid": one["keyid"], "digest": sha256(payload).hexdigest()}
    if one["keyid"] not in trusted or not key["from"] <= said["signed_at"] <= (key["until"] or "9"):
        raise ValueError(f"the key {one['keyid']} is not among those known, or was not in use then")
    return said


def verify(path: Path, known: list[str] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    envelope = json.loads(Path(f"{path}.sig").read_bytes())
    listed = json.loads(b64decode(envelope["payload"]))["keys"]
    keys = {sha256(b64decode(key["public"])).hexdigest()[:16]: key for key in listed}
    trusted = {name for name, key in keys.items() if known is None or key["public"] in known}
    for name, key in keys.items():  # a new key is endorsed by the one before
        if key["endorsed"] and key["endorsed"]["signatures"][0]["keyid"] in trusted:
            trusted |= {name} if opened(key["endorsed"], keys, trusted)["public"] == key["public"] else set()
    said = opened(envelope, keys, trusted)
    if (said["kind"], said["sha256"]) != ("file", sha256(path.read_bytes()).hexdigest()):
        raise ValueError("the file is not the one that was signed")
    return said, opened(said["record"], keys, trusted) if said["record"] else {}


if __name__ == "__main__":
    known, names, wrong, chain = None, sys.argv[1:], [], set()
    if names[:1] == ["--keys"]:
        known, names = [key["public"] for key in json.loads(Path(names[1]).read_bytes())["keys"]], names[2:]
    for name in names:
        try:
            said, record = verify(Path(name), known)
            chain |= {(record["number"], record["digest"], record["previous"])} if record.get("number") else set()
            about = {key: value for key, value in record.items() if key not in ("digest", "previous", "nonce")}
            sys.stdout.write(f"{name}: holds, signed {said['signed_at']} with key {said['keyid']}, made of {about}\n")
        except Exception as fault:
            wrong.append(f"{name}: {fault or type(fault).__name__}")
    for (before, digest, _), (number, _, previous) in zip(sorted(chain), sorted(chain)[1:], strict=False):
        if (number, previous) != (before + 1, digest):
            wrong.append(f"edition {before + 1} is {'missing' if number > before + 1 else 'exchanged'}")
    sys.exit("\n".join(wrong) or 0)
