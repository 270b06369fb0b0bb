"""Single sign-on by OpenID Connect (Core 1.0, code flow with PKCE): only for people who were invited.

Who comes is known by the provider's subject; the first time by an e-mail address the provider has verified, which
binds the subject to the account. From then on the address no longer counts.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import gettext as _

from interagency.accounts.links import end_links
from interagency.accounts.models import LinkPurpose, Person
from interagency.accounts.queries import person_by_email
from interagency.db.base import db
from interagency.db.history import audit
from interagency.settings import Settings
from interagency.web.context import settings, utc_now

log = logging.getLogger("interagency")
NAME = "organisation"
DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT_SECONDS = 5
# Signatures only the provider can make: a token signed with a shared secret, or not at all, is none.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
MAX_SUBJECT_LENGTH = 255


class SignInRefusedError(Exception):
    """Why somebody the provider knows is not let in; the text says what to do. `act` names it in the audit log."""

    def __init__(self, act: str, text: str) -> None:
        super().__init__(text)
        self.act = act


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says is here."""

    subject: str
    email: str
    email_verified: bool
    # Whether the provider says that it asked for a second factor (`amr` holds `mfa`, RFC 8176).
    second_factor: bool


def prepare(app: Flask, chosen: Settings) -> None:
    """Give `app` its client of the provider, where one is set."""
    if not chosen.oidc_issuer:
        return
    # Imported here, so that a service without single sign-on need not load it.
    from authlib.integrations.flask_client import OAuth  # type: ignore[import-untyped]

    client = OAuth(app).register(
        NAME,
        client_id=chosen.oidc_client_id,
        client_secret=chosen.oidc_client_secret or None,
        server_metadata_url=chosen.oidc_issuer + DISCOVERY,
        client_kwargs={
            "scope": "openid email",
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_SECONDS,
            **({} if chosen.oidc_client_secret else {"token_endpoint_auth_method": "none"}),
        },
    )
    app.extensions["interagency_oidc"] = client


def client() -> Any:
    """The client, its provider's description read and checked. Raises what the network raises, or ValueError."""
    found = current_app.extensions["interagency_oidc"]
    described = found.load_server_metadata()
    if str(described.get("issuer")).rstrip("/") != settings().oidc_issuer:
        described.pop("_loaded_at", None)  # read again next time: it may be put right
        raise ValueError(f"the provider calls itself {described.get('issuer')!r}")
    offered = described.get("id_token_signing_alg_values_supported") or ["RS256"]
    described["id_token_signing_alg_values_supported"] = sorted(ALGORITHMS.intersection(offered))
    return found


def identity_from_claims(token: dict[str, Any]) -> Identity:
    """Who has come, from the checked ID token; what it lacks is asked of the provider. Raises ValueError."""
    claims = dict(token.get("userinfo") or {})
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH or not subject.isascii():
        raise ValueError("no usable subject")
    ours = settings().oidc_client_id
    if claims.get("aud") not in (ours, [ours]):  # Core 3.1.3.7: made for another service, it says nothing here
        raise ValueError("the token is not for this service alone")
    if "email" not in claims and client().server_metadata.get("userinfo_endpoint"):
        more = dict(client().userinfo(token=token))
        if more.get("sub") != subject:  # Core 5.3.2: answers about somebody else are not used
            raise ValueError("the answer is about somebody else")
        claims |= {name: more.get(name) for name in ("email", "email_verified")}
    email, methods = claims.get("email"), claims.get("amr")
    return Identity(
        subject=f"{client().server_metadata['issuer']} {subject}",
        # Beyond ASCII two addresses can fold to one.
        email=email if isinstance(email, str) and email.isascii() and email.isprintable() else "",
        email_verified=claims.get("email_verified") in (True, "true"),
        second_factor=isinstance(methods, list) and "mfa" in methods,
    )


def person_of(comer: Identity) -> Person:
    """The account of who has come, bound to the provider's subject the first time. Raises SignInRefusedError."""
    name = settings().oidc_name
    person = db.session.scalar(sa.select(Person).where(Person.oidc_subject == comer.subject))
    if person is None:
        if not comer.email or not comer.email_verified:
            text = _(
                "%(name)s did not confirm your e-mail address, so we cannot tell which account is yours. Sign in with "
                "your password, or ask whoever runs %(name)s.",
                name=name,
            )
            raise SignInRefusedError("unverified", text)
        person = person_by_email(db.session, comer.email)
        if person is None:
            text = _(
                "There is no account for %(email)s here. Accounts are by invitation: ask a coordinator or an "
                "administrator to invite this address.",
                email=comer.email[:100],
            )
            raise SignInRefusedError("unknown", text)
    if not person.is_active:
        raise SignInRefusedError("disabled", _("Your account here is closed. Ask an administrator to open it again."))
    if person.oidc_subject is None:
        person.oidc_subject = comer.subject
        end_links(db.session, person, utc_now(), LinkPurpose.INVITATION)
        audit(db.session, "single_sign_on.bound", by=person)
    elif person.oidc_subject != comer.subject:
        text = _(
            "The account of %(email)s is bound to another account at %(name)s. If yours was made anew there, ask an "
            "administrator here to release it.",
            email=person.email,
            name=name,
        )
        raise SignInRefusedError("other_subject", text)
    return person


def release(person: Person, *, by: Person | None) -> None:
    """Forget which account at the provider is this person's; their sessions end. Raises ValueError without one."""
    if person.oidc_subject is None:
        raise ValueError(_("No single sign-on is bound to this account."))
    person.oidc_subject = None
    person.session_epoch += 1
    audit(db.session, "single_sign_on.released", by=by, by_name="command line", person=person.id)
