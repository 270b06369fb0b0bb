"""Browsers that somebody signed in with before: their attempts are counted apart from everybody else's.

Attempts are limited by account, whoever sends them; so who knows an address could keep its owner out. After a sign-in
the browser keeps a signed cookie that names the account and the device. With it, attempts at that account are counted
by device; without it, or for another account, together. It opens nothing (OWASP, "Slow Down Online Guessing Attacks
with Device Cookies").
"""

from __future__ import annotations

import hashlib
import secrets

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from interagency.web.context import settings
from interagency.web.signing import SkewTolerantSigner

LASTS_SECONDS = 400 * 24 * 3600  # longer is kept by no browser


def _cookie() -> str:
    return "__Host-device" if settings().secure_cookies else "device"


def _signer() -> URLSafeTimedSerializer:
    assert current_app.secret_key is not None
    return URLSafeTimedSerializer(
        str(current_app.secret_key),
        salt="device",
        signer=SkewTolerantSigner,
        signer_kwargs={"digest_method": hashlib.sha256},
    )


def _account(email: str) -> str:
    return hashlib.sha256(email.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def known_device(email: str) -> str | None:
    """The device of this request, if the account of that address was signed in to with it; else None."""
    try:
        account, device = _signer().loads(request.cookies.get(_cookie(), "")[:500], max_age=LASTS_SECONDS)
    except (BadSignature, ValueError, TypeError):
        return None
    return str(device) if account == _account(email) else None


def remember_device(email: str) -> None:
    """Let the browser of this request be known as one that the account of that address is signed in to with."""
    value = _signer().dumps([_account(email), known_device(email) or secrets.token_urlsafe(16)])

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            _cookie(),
            value,
            max_age=LASTS_SECONDS,
            httponly=True,
            secure=settings().secure_cookies,
            samesite="Lax",
        )
        return response
