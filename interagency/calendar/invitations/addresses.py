"""The secret parts of addresses by which an answer is known: in the organiser's mail address, and in the links.

Both name the invitee and are signed with INTERAGENCY_SECRET_KEY, so nothing of them is kept. An answer that was
forwarded, or comes from another address of the same person, still names whom it is from.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from urllib.parse import unquote

from interagency.settings import Settings

# Of the 80 and 128 bits a guess would have to hit. A mail address holds at most 64 signs before its @ (RFC 5321).
_IN_MAIL, _IN_LINK = 10, 16
_NUMBER = 4
# Lower case and digits alone: servers fold the case of addresses.
_TOKEN_IN_ADDRESS = re.compile(r"\+([a-z2-7]{23})@")
TOKEN = re.compile(r"[a-z2-7]{32}")


def _signed(settings: Settings, purpose: str, number: int, size: int) -> bytes:
    words = f"invitation {purpose} {number}".encode()
    return number.to_bytes(_NUMBER) + hmac.digest(settings.secret_key.encode(), words, "sha256")[:size]


def _token(settings: Settings, purpose: str, number: int, size: int) -> str:
    return base64.b32encode(_signed(settings, purpose, number, size)).decode().rstrip("=").lower()


def _number(settings: Settings, purpose: str, token: str, size: int) -> int | None:
    """The invitee a token names; None when it was not made here."""
    try:
        given = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        return None
    number = int.from_bytes(given[:_NUMBER])
    return number if hmac.compare_digest(given, _signed(settings, purpose, number, size)) else None


def base_address(settings: Settings) -> str:
    """The organiser of all invitations: INTERAGENCY_CALENDAR_ADDRESS, else the sender of all mails."""
    return settings.calendar_address or settings.mail_from


def organiser_address(settings: Settings, invitee_id: int) -> str:
    """`calendar+TOKEN@example.org`: the organiser as one invitee knows it. Without an address of its own the plain one:
    nobody reads there.
    """
    name, _at, host = base_address(settings).rpartition("@")
    if not settings.calendar_address:
        return base_address(settings)
    return f"{name}+{_token(settings, 'mail', invitee_id, _IN_MAIL)}@{host}"


def tokens_in(text: str) -> list[str]:
    """The tokens of the addresses in a text, such as a header; also where `+` is written as `%2B`."""
    return _TOKEN_IN_ADDRESS.findall(unquote(text[:20_000]).lower())


def invitee_of_mail(settings: Settings, token: str) -> int | None:
    """The id of the invitee to whom an organiser's address with this token was given; None for any other token."""
    return _number(settings, "mail", token, _IN_MAIL)


def link_token(settings: Settings, invitee_id: int) -> str:
    """The secret part of an invitee's links."""
    return _token(settings, "link", invitee_id, _IN_LINK)


def invitee_of_link(settings: Settings, token: str) -> int | None:
    """The id of the invitee whose links have this secret part; None for any other."""
    return _number(settings, "link", token, _IN_LINK) if TOKEN.fullmatch(token) else None
