"""Idempotency-Key: what makes something anew is done once, by the keys that forms have (`web/idempotency`)."""

from __future__ import annotations

from flask import request
from flask_babel import gettext as _

from interagency.web.idempotency import KeyUsedOtherwise, record_redirect, take_header_key
from interagency.web.problems import Problem

HEADER = "Idempotency-Key"
LONGEST = 255


def led_to() -> str | None:
    """Where the same request led that came before with this key; None for the first, and without a key.

    409 for a key that was used for something else, 422 for one that is empty or too long.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST:
        words = _("Send a key of 1 to 255 signs, another one for each act.")
        raise Problem(422, words, errors={HEADER: [words]})
    try:
        return take_header_key(key)
    except KeyUsedOtherwise:
        raise Problem(409, _("This Idempotency-Key was used for something else. Send another one.")) from None


def note(address: str) -> None:
    """Keep where the act leads. Before the commit."""
    record_redirect(address)
