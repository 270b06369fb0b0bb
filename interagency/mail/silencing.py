"""Signed addresses that silence a kind of mail without signing in (RFC 8058, section 3.1)."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import force_locale
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeSerializer

from interagency.mail.content import KIND_LABELS, MailKind
from interagency.settings import Settings

MAX_TOKEN = 200


def _signer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt="silence a kind of mail")


def silence_address(settings: Settings, message_id: int, kinds: Collection[MailKind]) -> str:
    """The address that silences `kinds` for whom the message went to. It names the message and no person."""
    token = _signer(settings).dumps([message_id, sorted(kind.value for kind in kinds)])
    return f"{settings.base_url}/silence/{token}"


def read_silence_token(settings: Settings, token: str) -> tuple[int, list[MailKind]] | None:
    """The message and the kinds that a token of `silence_address` names; None for any other text."""
    if len(token) > MAX_TOKEN:
        return None
    try:
        message_id, kinds = _signer(settings).loads(token)
        return int(message_id), [MailKind(kind) for kind in kinds]
    except (BadData, TypeError, ValueError):
        return None


def footer(settings: Settings, message_id: int, kinds: Collection[MailKind], language: str) -> list[tuple[str, str]]:
    """The last lines of a mail: an address to silence each of its kinds, and where all of it is chosen."""
    with force_locale(language or "en"):
        lines = [
            (
                str(_("No more mails about: %(kind)s", kind=KIND_LABELS[kind])),
                silence_address(settings, message_id, [kind]),
            )
            for kind in KIND_LABELS
            if kind in kinds
        ]
        return [*lines, (str(_("Choose what you get, and how often")), f"{settings.base_url}/account/mails")]
