"""One-time links: invitations and password resets. Kept as hashes; the newest replaces the ones before."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import LinkPurpose, OneTimeLink, Person, Role, new_token, token_hash
from interagency.accounts.queries import person_by_email
from interagency.db.history import audit
from interagency.mail.content import spoken
from interagency.mail.outbox import MailContent, in_language, write

LASTS = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.RESET: timedelta(days=1)}
# Only what a mail server and a header can carry; whether it exists shows when the invitation is opened.
ADDRESS = re.compile(r"""\A[^\s@,;:<>()\[\]"'\\]+@[^\s@,;:<>()\[\]"'\\]+""")
PATHS = {LinkPurpose.INVITATION: "invitations", LinkPurpose.RESET: "resets"}


def end_links(session: Session, person: Person, at: datetime, purpose: LinkPurpose | None = None) -> int:
    """End the links of `person` that still open, of one kind or of both. How many there were."""
    query = sa.select(OneTimeLink).where(
        OneTimeLink.person_id == person.id,
        OneTimeLink.used_at.is_(None),
        OneTimeLink.revoked_at.is_(None),
        OneTimeLink.expires_at > at,
    )
    if purpose is not None:
        query = query.where(OneTimeLink.purpose == purpose)
    living = list(session.scalars(query))
    for link in living:
        link.revoked_at = at
    return len(living)


def open_links(session: Session, at: datetime) -> dict[int, list[OneTimeLink]]:
    """The links that open now, by the person's id, oldest first."""
    query = sa.select(OneTimeLink).where(
        OneTimeLink.used_at.is_(None), OneTimeLink.revoked_at.is_(None), OneTimeLink.expires_at > at
    )
    found: dict[int, list[OneTimeLink]] = {}
    for link in session.scalars(query.order_by(OneTimeLink.id)):
        found.setdefault(link.person_id, []).append(link)
    return found


def revoke_link(session: Session, person: Person, link_id: int, *, by: Person | None, at: datetime) -> None:
    """End one open link of `person`. Raises ValueError when there is no such link any more."""
    link = next((one for one in open_links(session, at).get(person.id, []) if one.id == link_id), None)
    if link is None:
        raise ValueError(_("This link has ended already: it was used, replaced, revoked, or its time is over."))
    link.revoked_at = at
    audit(session, "link.revoked", by=by, by_name="command line", person=person.id, purpose=link.purpose.value)


def make_link(
    session: Session,
    person: Person,
    purpose: LinkPurpose,
    *,
    base_url: str,
    at: datetime,
    by: Person | None,
    by_name: str = "command line",
    token: str | None = None,
) -> str:
    """A new one-time address for `person`, written to them by mail; earlier ones of the kind end."""
    end_links(session, person, at, purpose)
    token = token or new_token()
    link = OneTimeLink(
        person_id=person.id,
        purpose=purpose,
        token_hash=token_hash(token),
        made_at=at,
        made_by_id=by.id if by else None,
        expires_at=at + LASTS[purpose],
    )
    session.add(link)
    session.flush()
    address = address_of(purpose, token, base_url)
    _write(session, link, person, address, at)
    audit(session, f"link.{purpose.value}", by=by, by_name=by_name, person=person.id)
    return address


def address_of(purpose: LinkPurpose, token: str, base_url: str) -> str:
    """Where a link opens."""
    return f"{base_url}/{PATHS[purpose]}/{token}"


def _write(session: Session, link: OneTimeLink, person: Person, address: str, at: datetime) -> None:
    # Who chose no language yet asked on this page, or is invited by who reads it.
    with in_language(person.language or spoken()):
        letter = _letter(link.purpose, person, address)
    once = f"{link.purpose.value}/{link.id}"
    write(session, once, to_address=person.email, to_name=person.name, letter=letter, at=at)


def _letter(purpose: LinkPurpose, person: Person, address: str) -> MailContent:
    if purpose is LinkPurpose.INVITATION:
        return MailContent(
            subject=_("Your invitation to the interagency matrix and calendar"),
            greeting=_("Dear %(name)s,", name=person.name),
            paragraphs=(
                _(
                    "You are invited to the matrix of activities and the joint calendar of the UN entities that follow "
                    "up UNGASS 2016. Open the address, choose a password, and sign in with this e-mail address."
                ),
                _("The address works once, for seven days. If it has ended, ask whoever invited you for a new one."),
            ),
            link=address,
            link_label=_("Choose your password"),
        )
    return MailContent(
        subject=_("A new password for the interagency matrix and calendar"),
        greeting=_("Dear %(name)s,", name=person.name),
        paragraphs=(
            _(
                "Somebody asked for a new password for this account. If it was you, open the address and choose one. "
                "It works once, for one day. If it was not you, do nothing: your password stays as it is."
            ),
        ),
        link=address,
        link_label=_("Choose a new password"),
    )


def valid_link(session: Session, token: str, purpose: LinkPurpose, at: datetime) -> tuple[OneTimeLink, Person] | None:
    """The link and whose it is; None when it is unknown, used, revoked, expired, or the account disabled."""
    query = sa.select(OneTimeLink).where(
        OneTimeLink.token_hash == token_hash(token[:200]),
        OneTimeLink.purpose == purpose,
        OneTimeLink.used_at.is_(None),
        OneTimeLink.revoked_at.is_(None),
        OneTimeLink.expires_at > at,
    )
    link = session.scalar(query.with_for_update())
    person = session.get(Person, link.person_id) if link else None
    return (link, person) if link and person and person.is_active else None


def invite(
    session: Session,
    email: str,
    name: str,
    role: Role,
    *,
    base_url: str,
    at: datetime,
    by: Person | None,
    token: str | None = None,
) -> tuple[Person, str]:
    """The account of `email`, made if missing, and a new invitation for it. Raises ValueError with a sentence."""
    address = email.strip().lower()
    if len(address) > 254 or not ADDRESS.fullmatch(address) or not address.isprintable():
        raise ValueError(_("“%(email)s” is not an e-mail address.", email=email[:60]))
    person = person_by_email(session, address)
    if person is None:
        if not name.strip():
            raise ValueError(_("Write the person's name."))
        person = Person(email=address, name=" ".join(name.split())[:200], role=role, session_epoch=0)
        session.add(person)
        session.flush()
    elif not person.is_active:
        raise ValueError(_("The account %(address)s is disabled. Enable it first.", address=address))
    return person, make_link(session, person, LinkPurpose.INVITATION, base_url=base_url, at=at, by=by, token=token)


def reset(
    session: Session, person: Person, *, base_url: str, at: datetime, by: Person | None, token: str | None = None
) -> str:
    """End all sessions of `person` and write them a link to choose a new password. Raises ValueError."""
    if not person.is_active:
        raise ValueError(_("The account %(email)s is disabled. Enable it first.", email=person.email))
    person.session_epoch += 1
    return make_link(session, person, LinkPurpose.RESET, base_url=base_url, at=at, by=by, token=token)


def choose_password(session: Session, person: Person, password: str, at: datetime) -> None:
    """Keep a password its owner chose: all sessions end, and every link that could choose another."""
    person.set_password(password)
    end_links(session, person, at)


def disable(session: Session, person: Person, *, by: Person | None, at: datetime) -> None:
    """Close the account: its sessions, feeds and links end at once. What the person did stays."""
    if person.disabled_at is None:
        person.disabled_at = at
        person.session_epoch += 1
        end_links(session, person, at)
        audit(session, "account.disabled", by=by, by_name="command line", person=person.id)


def enable(session: Session, person: Person, *, by: Person | None) -> None:
    """Open a disabled account again."""
    if person.disabled_at is not None:
        person.disabled_at = None
        audit(session, "account.enabled", by=by, by_name="command line", person=person.id)
