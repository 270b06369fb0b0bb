"""How large a request may be, and reading the rest of one that is too large."""

from __future__ import annotations

from contextlib import suppress

from flask import request

UPLOAD_LIMIT = 20 * 1024 * 1024
FORM_LIMIT = 2 * 1024 * 1024
# The wall of the proxy in front, and a little: what it let through is heard to the end, or it would miss our answer.
DRAIN_LIMIT = 26 * 1024 * 1024


def drain_request_body() -> None:
    """Let what is too large arrive, where its end is known and near, and keep none of it."""
    body, size = request.environ["wsgi.input"], request.content_length
    if size is None or size > DRAIN_LIMIT or not request.environ.get("wsgi.input_terminated"):
        return
    with suppress(OSError):
        while body.read(2**16):
            pass


def set_size_limits() -> None:
    # Uploads come to addresses under /imports; everything else is a form.
    request.max_content_length = UPLOAD_LIMIT if "import" in request.path else FORM_LIMIT
    request.max_form_memory_size = FORM_LIMIT
    request.max_form_parts = 5000
