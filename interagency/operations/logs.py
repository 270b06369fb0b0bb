"""What goes into the logs: one line per request and per event, without personal data or tokens."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

from interagency.web.request_id import request_id

log = logging.getLogger("interagency")
_SECRET_PATHS = re.compile(r"/(feeds|external|data|embed|invitations|invited|resets|downloads|silence)/[^\s'\"<>]+")
# Looked for from the beginning of a word on, or each sign of a long one would be a beginning.
_QUERY = re.compile(r"(?<![^\s'\"])([^\s'\"?]*)\?[^\s'\"]+")
_MAIL = re.compile(r"(?<![^\s'\"<>()=,;:])[^\s'\"<>()=,;:]+@[^\s'\"<>()=,;:]+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*(?:”|\Z)|\([^()]*\)=\([^()]*\)")
_READER = re.compile(r"\bip=[^\s,]+")
_LONG = re.compile(r"[A-Za-z0-9_\-]{30,}")
_DETAIL = re.compile(r"(DETAIL|CONTEXT|parameters):.*", re.DOTALL)


def redact(text: str) -> str:
    """`text` without mail addresses, secret parts of addresses, queries, and anything long enough for a token."""
    text = _SECRET_PATHS.sub(r"/\1/…", text)
    text = _QUERY.sub(r"\1?…", text)
    text = _MAIL.sub("…@…", text)
    text = _READER.sub("ip=…", text)
    return _LONG.sub("…", text)


def _redact_values(text: str) -> str:
    """The message of an error, without the values in it."""
    return redact(_QUOTED.sub("'…'", _DETAIL.sub(r"\1: …", text)))


def format_traceback(error: BaseException) -> str:
    """Where an error arose and of what kind it and its causes are; the values in their messages are left out."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)
        lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        head = f"{type(current).__module__}.{type(current).__name__}: {_redact_values(str(current))[:500]}"
        parts.append("\n".join([head, *lines]))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\ncaused by ".join(parts)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says, in the order it is written."""
    fields: dict[str, Any] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "process": record.process,
    }
    own: dict[str, Any] | None = getattr(record, "fields", None)
    if own is not None:
        return fields | own
    message = record.getMessage()
    # What gunicorn says of a request it could not read quotes it.
    clean = _redact_values(message) if record.name.startswith("gunicorn") else redact(message)
    fields |= {"logger": record.name, "message": clean}
    if (found := request_id()) != "":
        fields["request"] = found
    if record.exc_info and record.exc_info[1] is not None:
        fields["trace"] = format_traceback(record.exc_info[1])
    return fields


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_fields(record), ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for eyes: `at level words…`, a trace on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        trace = fields.pop("trace", "")
        line = " ".join(str(value).replace("\n", " ") for value in fields.values() if value != "")
        return f"{line}\n{trace}" if trace else line


def set_up(log_format: str, *, stream: TextIO | None = None) -> None:
    """Send what this process logs to `stream` (standard error), as `json` or `text`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter(log_format))
    root = logging.getLogger()
    for old in [one for one in root.handlers if getattr(one, "is_ours", False)]:
        root.removeHandler(old)
    handler.is_ours = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    log.setLevel(logging.INFO)


def formatter(log_format: str) -> logging.Formatter:
    """Lines as INTERAGENCY_LOG_FORMAT asks for them."""
    return JsonFormatter() if log_format == "json" else TextFormatter()
