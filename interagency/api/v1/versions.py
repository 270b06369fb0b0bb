"""A record's version as its ETag: "not changed" for who has it, and no change of one that was not read."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from interagency.web.problems import Problem


def tag_of(version: int) -> dict[str, str]:
    """The ETag of a record."""
    return {"ETag": f'"{version}"'}


def not_modified(version: int) -> Response | None:
    """304 for who has this version in this form."""
    if request.if_none_match.contains_weak(str(version)):
        response = Response(status=304)
        response.set_etag(str(version))
        return response
    return None


def version_read(version: int, stands: dict[str, Any]) -> int:
    """The version that If-Match names, which is `version`.

    428 without the header (RFC 6585), 412 where another version stands, which is told with what it says.
    """
    sent = request.if_match
    if not sent and not sent.star_tag:
        raise Problem(428, _("Read the record first, and send its ETag back as If-Match."), version=version)
    if not sent.contains(str(version)):
        raise_stale(version, stands)
    return version


def raise_stale(version: int, stands: dict[str, Any]) -> None:
    """412: somebody saved the record since it was read; `stands` is what it says now."""
    words = _("Somebody saved this record since you read it. Look at what stands now, then send yours again.")
    sent = sorted(request.if_match.as_set(include_weak=True))
    raise Problem(412, words, headers=tag_of(version), version=version, sent=sent, current=stands,
                  yours=request.get_json(silent=True))  # fmt: skip
