"""The codes of what a hand-out says of an activity in words, for programs: of the same facts, and of no other."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from interagency.matrix.framework.load import read_file

NAME_LENGTH = 16  # hexadecimal digits


def identifier_of(activity_id: int, prefix: str, secret: str) -> str:
    """The name an activity has outside for ever (docs/decisions/010-iati.md): it does not show the record's number.

    The same number, prefix and secret give the same name.
    """
    name = hmac.new(secret.encode(), f"activity/{activity_id}".encode(), hashlib.sha256).hexdigest()
    return f"{prefix}-{name[:NAME_LENGTH]}"


def coded(
    facts: Mapping[str, Any], edition: Mapping[str, Any], taking_part: Iterable[str], identifier: str
) -> dict[str, Any]:
    """The codes of what a hand-out says of an activity in words; `taking_part` are the keys of its UN entities."""
    organisations: Mapping[str, Mapping[str, Any]] = edition["organisations"]
    parts = dict.fromkeys(facts["supporting"], "supports") | {facts["lead"]: "leads"}
    return {
        "identifier": identifier,
        "organisations": [
            *(_organisation(organisations, key, parts.get(key, "takes part")) for key in taking_part),
            *sorted(
                (_organisation(organisations, key, "partner") for key in facts["partners"]),
                key=lambda one: (one["short"], one["name"]),
            ),
        ],
        "countries": [
            [code, name]
            for name, code in sorted({(edition["countries"].get(code, code), code) for code, _ in facts["countries"]})
        ],
        "start": facts["start"] or "",
        "end": facts["end"] or "",
        "figures": facts["figures"],
        "sdg": facts["sdg"],
        "city": facts["city"],
    }


def _organisation(organisations: Mapping[str, Mapping[str, Any]], key: str, part: str) -> dict[str, str]:
    known = organisations.get(key, {"short": key, "name": key, "is_entity": False})
    return {"short": known["short"], "name": known["name"], "part": part, **identity_of(key, bool(known["is_entity"]))}


def identity_of(key: str, is_entity: bool) -> dict[str, str]:
    """The identifier of an organisation and its type by IATI's list, each "" where it is not known."""
    identifiers, types = _reference()
    kind = types.get(key, "")
    return {"ref": identifiers.get(key, ""), "type": kind or ("40" if is_entity else "")}


@lru_cache(maxsize=1)
def _reference() -> tuple[dict[str, str], dict[str, str]]:
    """Identifiers and types of the organisations of the reference data, by key."""
    known = read_file("iati-organisations.json")
    kinds = {one["key"]: known["types"].get(one["kind"], "") for one in read_file("organisations.json")}
    return known["identifiers"], kinds
