"""A mail that came in, taken apart: who sent it, whose answer it may be, and the calendar in it. Knows no database.

Whatever arrives: a mail that cannot be read is one with a `problem`, never an error.
"""

from __future__ import annotations

import email.policy
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime

from interagency.calendar.invitations.addresses import tokens_in
from interagency.calendar.invitations.models import ADDRESS_LENGTH, EXCERPT_LENGTH, NAME_LENGTH, Reason
from interagency.text.folding import clean

MAX_MAIL_SIZE = 10 * 1024 * 1024
MAX_PARTS, DEEPEST = 200, 20
# A nesting deeper than this is not taken apart: the parser of the language would go with it, level by level.
MAX_BOUNDARIES = 100
MAX_CALENDAR_SIZE = 1024 * 1024
MAX_HEAD, MAX_DESCRIPTION = 20_000, 4_000
_RECIPIENTS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
_BULK = frozenset(["bulk", "junk", "list", "auto_reply", "auto-reply"])
# What describes a part. The language's reader of their parameters takes a step for each two signs.
_DESCRIPTION = re.compile(rb"^content-[a-z-]+:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(rb"boundary\s*=", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")


@dataclass(slots=True)
class ReceivedMessage:
    """What is known of a mail. `tokens` are those of the addresses it was sent to."""

    fingerprint: str
    from_address: str = ""
    from_name: str = ""
    subject: str = ""
    at: datetime | None = None
    tokens: list[str] = field(default_factory=list)
    is_automatic: bool = False
    is_returned: bool = False
    calendar: bytes = b""
    text: str = ""
    problem: Reason | None = None


def read_mail(body: bytes, *, is_whole: bool = True) -> ReceivedMessage:
    """What a mail is, from its bytes; from its head alone where it is not whole."""
    found = ReceivedMessage(hashlib.sha256(body).hexdigest())
    try:
        if len(body) > MAX_MAIL_SIZE or not is_whole:
            found.problem = Reason.TOO_LARGE
            body = _DESCRIPTION.sub(b"", body[:65_536].replace(b"\r\n", b"\n").partition(b"\n\n")[0]) + b"\n\n"
        elif _is_beyond_reading(body):
            found.problem = Reason.NOT_READ
            body = _DESCRIPTION.sub(b"", body.replace(b"\r\n", b"\n").partition(b"\n\n")[0][:65_536]) + b"\n\n"
        # Of the older kind: the newer one refuses heads that break its rules, and mails do.
        mail = BytesParser(policy=email.policy.compat32).parsebytes(body)
        _read_head(mail, found)
        if found.problem is None:
            _read_parts(mail, found)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        found.problem = Reason.NOT_READ
    return found


def _is_beyond_reading(body: bytes) -> bool:
    """Whether a mail is nested or described so that taking it apart would take for ever."""
    if len(_BOUNDARY.findall(body)) > MAX_BOUNDARIES:
        return True
    return any(found.end() - found.start() > MAX_DESCRIPTION for found in _DESCRIPTION.finditer(body))


def _head(mail: Message, name: str) -> str:
    """The lines of a head of that name, as written."""
    raw = [value for key, value in mail.raw_items() if key.lower() == name.lower()][:20]
    lines = [str(one)[:MAX_HEAD].encode("utf-8", "surrogateescape").decode("utf-8", "replace") for one in raw]
    return " ".join(clean(" ".join(lines), lines=False).split())


def _words(text: str) -> str:
    """A head with its encoded words read (RFC 2047)."""
    try:
        return " ".join(clean(str(make_header(decode_header(text[:2000]))), lines=False).split())
    except (ValueError, LookupError, HeaderParseError):
        return text[:2000]


def _read_head(mail: Message, found: ReceivedMessage) -> None:
    message_id = _head(mail, "Message-ID")[:1000]
    name, address = parseaddr(_head(mail, "From")[:2000])
    found.from_address, found.from_name = address.lower()[:ADDRESS_LENGTH], _words(name)[:NAME_LENGTH]
    found.subject = _words(_head(mail, "Subject"))[:300]
    if message_id:
        found.fingerprint = hashlib.sha256(f"{message_id} {found.from_address}".encode()).hexdigest()
    found.at = _moment(_head(mail, "Date")[:100])
    found.tokens = list(dict.fromkeys(token for name in _RECIPIENTS for token in tokens_in(_head(mail, name))))
    submitted = _head(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    found.is_automatic = (
        submitted not in ("", "no")
        or _head(mail, "Precedence").lower() in _BULK
        or any(name in mail for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
    )
    report = mail.get_content_type() == "multipart/report"
    found.is_returned = (report and "delivery-status" in str(mail.get_param("report-type", "")).lower()) or (
        _head(mail, "Return-Path") == "<>" and "mailer-daemon@" in found.from_address
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_parts(mail: Message, found: ReceivedMessage) -> None:
    page = ""
    for part in _parts_of(mail):
        kind = part.get_content_type()
        if _is_calendar(part, kind):
            body = _decoded(part)
            # The same calendar stands in many mails twice, shown and attached.
            if b"BEGIN:VCALENDAR" in body[:10_000].upper() and not found.calendar:
                found.calendar = body
        elif kind == "text/plain" and not found.text:
            found.text = _text_of(part)
        elif kind == "text/html" and not page:
            page = _TAG.sub(" ", _text_of(part)[:100_000])
    found.text = clean(found.text or page)[:EXCERPT_LENGTH]
    if len(found.calendar) > MAX_CALENDAR_SIZE:
        found.calendar, found.problem = b"", Reason.TOO_LARGE


def _is_calendar(part: Message, kind: str) -> bool:
    """Whether a part may be an iCalendar object: by its type, or as a file by its name."""
    name = str(part.get_filename() or part.get_param("name") or "").lower()
    return kind in ("text/calendar", "application/ics", "text/x-vcalendar") or name.endswith((".ics", ".vcs"))


def _parts_of(mail: Message, depth: int = 0) -> Iterator[Message]:
    """The parts of a mail but those of mails within it: an answer that somebody forwarded is not one of theirs."""
    if mail.get_content_type() == "message/rfc822" or depth > DEEPEST:
        return
    if mail.is_multipart():
        for part in mail.get_payload()[:MAX_PARTS]:  # type: ignore[index]
            if isinstance(part, Message | EmailMessage):
                yield from _parts_of(part, depth + 1)
    else:
        yield mail


def _decoded(part: Message) -> bytes:
    """The bytes of a calendar, in UTF-8 where the part says that they are something else."""
    payload = part.get_payload(decode=True)
    body = payload if isinstance(payload, bytes) else b""
    charset = str(part.get_content_charset() or "utf-8").lower()
    if charset.startswith(("utf-8", "us-ascii", "iso-8859", "windows")):
        try:
            body.decode()
            return body  # many say less than they write
        except UnicodeDecodeError:
            if charset.startswith(("utf-8", "us-ascii")):
                return body  # read line by line, see `incoming.lines`
    return body.decode(charset, "replace").encode()  # LookupError: there is no such charset


def _text_of(part: Message) -> str:
    payload = part.get_payload(decode=True)
    body = payload if isinstance(payload, bytes) else b""
    try:
        return body.decode(str(part.get_content_charset() or "utf-8"), "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
