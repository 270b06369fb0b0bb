"""Reading a folder of an IMAP server (RFC 9051): what is new in it since the last time. Nothing in it is changed."""

from __future__ import annotations

import hashlib
import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy.orm import Session

from interagency.calendar.invitations.mails import MAX_MAIL_SIZE
from interagency.calendar.invitations.models import Mailbox
from interagency.web.request_id import is_loopback

TIMEOUT_SECONDS = 30
MAX_AT_ONCE = 1000


class MailboxNotRead(Exception):
    """The mail server cannot be reached or refuses; the text says what it said."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A mail as it lies in the folder; of one that is too large its head alone."""

    uid: int
    body: bytes
    is_whole: bool


class Folder:
    """A folder that is open for reading."""

    def __init__(self, server: imaplib.IMAP4, validity: int) -> None:
        self._server = server
        self.validity = validity

    def after(self, last: int) -> list[int]:
        """The UIDs of the mails that came after the one with the UID `last`, oldest first; at most MAX_AT_ONCE."""
        _ok, answer = _ask(self._server.uid("SEARCH", f"UID {last + 1}:*"))
        uids = sorted(int(number) for number in (answer[0] or b"").split() if number.isdigit())
        # A range to the end always holds the last mail, also where it lies before its begin.
        return [uid for uid in uids if uid > last][:MAX_AT_ONCE]

    def read(self, uid: int) -> Raw | None:
        """A mail; None when it is gone by now."""
        _ok, sizes = _ask(self._server.uid("FETCH", str(uid), "(RFC822.SIZE)"))
        size = _size_of(sizes)
        if size is None:
            return None
        is_whole = size <= MAX_MAIL_SIZE
        wanted = "(BODY.PEEK[])" if is_whole else "(BODY.PEEK[HEADER]<0.65536>)"
        _ok, parts = _ask(self._server.uid("FETCH", str(uid), wanted))
        body = next((part[1] for part in parts if isinstance(part, tuple)), None)
        return Raw(uid, body, is_whole) if isinstance(body, bytes) else None


def _size_of(parts: list[Any]) -> int | None:
    for part in parts:
        text = part if isinstance(part, bytes) else b""
        _before, found, after = text.partition(b"RFC822.SIZE ")
        digits = after.split(b")")[0].split()[:1]
        if found and digits and digits[0].isdigit():
            return int(digits[0])
    return None


def _ask(answer: tuple[str, list[Any]]) -> tuple[str, list[Any]]:
    if answer[0] != "OK":
        raise MailboxNotRead(_words(answer[1]))
    return answer


def _words(said: list[Any]) -> str:
    return b" ".join(part for part in said if isinstance(part, bytes)).decode("utf-8", "replace")[:200]


@contextmanager
def open_folder(url: str) -> Iterator[Folder]:
    """The folder that INTERAGENCY_IMAP_URL names. Raises MailboxNotRead.

    A password goes over the line under TLS, to the server the certificate names, unless the address says `imap+plain`.
    """
    address = urlsplit(url)
    host, name = address.hostname or "localhost", unquote(address.path.strip("/")) or "INBOX"
    context = ssl.create_default_context()
    server: imaplib.IMAP4 | None = None
    try:
        if address.scheme == "imaps":
            server = imaplib.IMAP4_SSL(host, address.port or 993, ssl_context=context, timeout=TIMEOUT_SECONDS)
        else:
            server = imaplib.IMAP4(host, address.port or 143, timeout=TIMEOUT_SECONDS)
            if address.scheme == "imap" and not is_loopback(host):
                server.starttls(context)
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))
        _ask(server.select(f'"{name}"', readonly=True))
        validity = server.response("UIDVALIDITY")[1]
        yield Folder(server, int(validity[0]) if validity and validity[0] else 0)
    except (imaplib.IMAP4.error, OSError, ValueError) as problem:
        raise MailboxNotRead(f"{type(problem).__name__}: {problem}"[:200]) from None
    finally:
        if server is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()


def place_in(session: Session, url: str, validity: int) -> Mailbox:
    """How far the folder was read. One made anew is read from its begin: a mail is taken once anyway."""
    address = urlsplit(url)
    key = hashlib.sha256(f"{address.hostname} {address.port} {address.username} {address.path}".encode()).hexdigest()
    found = session.get(Mailbox, key)
    if found is None:
        found = Mailbox(key=key, validity=validity, last_uid=0)
        session.add(found)
    if found.validity != validity:
        found.validity, found.last_uid = validity, 0
    return found
