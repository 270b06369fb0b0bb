"""What browsers keep for us is signed with a time. The servers that read it may have clocks that differ a little."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

# How far the clocks of two servers may lie apart without anybody noticing.
CLOCK_SKEW = timedelta(seconds=60)


class SkewTolerantSigner(TimestampSigner):
    """Takes what another server signed a little later than it is here; everything else as its base class."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        """The value, with the instant it was signed at if `return_timestamp`.

        Raises BadSignature, and SignatureExpired where it is older than `max_age` seconds or younger than now by more
        than CLOCK_SKEW.
        """
        value, at = super().unsign(signed_value, return_timestamp=True)
        if max_age is not None:
            age = self.get_timestamp() - int(at.timestamp())
            if not -CLOCK_SKEW.total_seconds() <= age <= max_age:
                raise SignatureExpired(f"Signature age {age} seconds", payload=value, date_signed=at)
        return (value, at) if return_timestamp else value


class SessionInterface(SecureCookieSessionInterface):
    """Flask's sessions in signed cookies, under clocks that differ a little."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs and reads the cookie; None without a secret key."""
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = SkewTolerantSigner
        return serializer
