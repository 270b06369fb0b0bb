"""People, the links that let them in, their sessions, and the tokens that act for them."""

from __future__ import annotations

import enum
import hashlib
import secrets
from base64 import b64encode
from datetime import datetime

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from flask_babel import lazy_pgettext
from flask_login import UserMixin
from sqlalchemy.orm import Mapped, mapped_column

from interagency.db.base import Model, now
from interagency.text.labelled import Labelled

hasher = PasswordHasher()


def nobodys_hash() -> str:
    """A hash that no password has, at the cost of `hasher`: at random, as every start would wait for a real one."""
    cost = f"v={ARGON2_VERSION}$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (b64encode(secrets.token_bytes(size)) for size in (hasher.salt_len, hasher.hash_len))
    parts = f"argon2{hasher.type.name.lower()}", cost, *(part.decode().rstrip("=") for part in (salt, digest))
    return "$" + "$".join(parts)


# Verified when there is no account, so that an unknown address takes as long as a wrong password: by the same `hasher`.
DUMMY_HASH = nobodys_hash()


class Role(Labelled):
    """What a person may do by office. Focal points are readers with an appointment to an entity."""

    READER = "reader", lazy_pgettext("a person", "reader")
    COORDINATOR = "coordinator", lazy_pgettext("a person", "coordinator")
    ADMINISTRATOR = "administrator", lazy_pgettext("a person", "administrator")


class Person(UserMixin, Model):  # type: ignore[misc]  # flask-login has no types
    """Somebody with an account. Personal data is kept to name and work address."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Folded to lower case; what a person signs in with.
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[Role] = mapped_column(default=Role.READER)
    password_hash: Mapped[str | None]
    # Name of a time zone, or empty for the service's own.
    timezone: Mapped[str] = mapped_column(default="")
    # Code of one of the six languages, or empty for the browser's.
    language: Mapped[str] = mapped_column(sa.String(10), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    disabled_at: Mapped[datetime | None]
    # Raised when all sessions of the person must end (password changed, account reset): a session of
    # another epoch is no session.
    session_epoch: Mapped[int] = mapped_column(default=1)
    # The second factor, encrypted. It counts since a first code of it was confirmed.
    totp_secret: Mapped[str | None]
    totp_since: Mapped[datetime | None]
    # The half minute of the last code taken: a code works once.
    totp_last_step: Mapped[int | None]
    # "issuer subject" of single sign-on, once matched.
    oidc_subject: Mapped[str | None] = mapped_column(sa.String(400), unique=True)

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None

    @property
    def has_second_factor(self) -> bool:
        return self.totp_since is not None

    @property
    def is_coordinator(self) -> bool:
        return self.role is Role.COORDINATOR

    @property
    def is_administrator(self) -> bool:
        return self.role is Role.ADMINISTRATOR

    def set_password(self, password: str) -> None:
        """Keep the argon2id hash of `password` and end all sessions."""
        self.password_hash = hasher.hash(password)
        self.session_epoch = (self.session_epoch or 0) + 1


def verify_password(person: Person | None, password: str) -> bool:
    """Whether `password` opens the account of `person`; takes as long when there is no person."""
    kept = person.password_hash if person is not None and person.password_hash else DUMMY_HASH
    try:
        hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
    return person is not None and person.is_active and kept is not DUMMY_HASH


def new_token() -> str:
    """A secret for an address: 192 random bits."""
    return secrets.token_urlsafe(24)


def token_hash(token: str) -> str:
    """What is kept of a token. Plain SHA-256 serves: a token has no dictionary."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class LinkPurpose(enum.StrEnum):
    """What a one-time link is for."""

    INVITATION = "invitation"
    RESET = "reset"


class OneTimeLink(Model):
    """An invitation or a password reset: works once, until it expires or is revoked."""

    __tablename__ = "one_time_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    purpose: Mapped[LinkPurpose]
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(default=now)
    made_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SignIn(Model):
    """A session the server knows and can end."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    began_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
    # The person's session_epoch when it began.
    epoch: Mapped[int]
    # Whether a second factor was shown, ours or the single sign-on's.
    second_factor: Mapped[bool] = mapped_column(default=False)
    # "Firefox on Windows", so that a person knows which one it is.
    label: Mapped[str] = mapped_column(sa.String(200), default="")


class RecoveryCode(Model):
    """A code that replaces the second factor once. Plain SHA-256 serves: it holds 118 random bits."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    used_at: Mapped[datetime | None]


class TokenKind(enum.StrEnum):
    """What an address with a token opens."""

    FEED = "feed"  # a calendar
    EXTERNAL = "external"  # a hand-out
    DATA = "data"  # tables for programs that know no other key than an address
    API = "api"  # the API: not part of an address, sent with each request


class Scope(enum.StrEnum):
    """What a token of the API may be used for. Never more than its person may do on the day."""

    READ = "read"
    WRITE = "write"  # records and answers of the person's own entities
    COORDINATE = "coordinate"  # what a coordinator may do besides


class AccessToken(Model):
    """A secret that acts for its person: kept hashed, labelled, revocable, with the day it was last used."""

    __tablename__ = "access_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[TokenKind]
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    label: Mapped[str] = mapped_column(sa.String(200))
    made_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # Noted at most once an hour: reading a feed should not write each time.
    last_used_at: Mapped[datetime | None]
    # Of a token of the API: what it may be used for, divided by blanks.
    scopes: Mapped[str] = mapped_column(sa.String(60), default="", server_default=sa.text("''"))

    def is_alive(self, at: datetime) -> bool:
        """Whether the address still opens at the instant `at`."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)
