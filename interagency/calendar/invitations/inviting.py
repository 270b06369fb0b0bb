"""Inviting people to an event and taking an invitation back, and reading the addresses that somebody typed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.links import ADDRESS
from interagency.accounts.models import Person
from interagency.calendar.events.models import Event
from interagency.calendar.invitations.addresses import base_address
from interagency.calendar.invitations.models import ADDRESS_LENGTH, NAME_LENGTH, Invitee
from interagency.calendar.invitations.telling import write_due_invitations
from interagency.db.history import audit
from interagency.matrix.organisations.appointments import focal_points
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import clean
from interagency.web.context import settings

MAX_INVITEES = 1000
MAX_TYPED = 200_000


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody to be invited: an address folded to lower case, and for whom of the network."""

    name: str
    address: str
    person: Person | None = None
    entity_id: int | None = None


def read_addresses(text: str) -> list[tuple[str, str]]:
    """Names and addresses as people paste them: `Jane Doe <jane@example.org>`, one a line or between semicolons;
    addresses without names also between commas. Each address once. Raises ValueError with what cannot be read.
    """
    if len(text) > MAX_TYPED:
        raise ValueError(_("That is too long. Invite in parts."))
    found: dict[str, str] = {}
    for part in _parts(clean(text)):
        name, _bracket, rest = part.rpartition("<") if part.endswith(">") else ("", "", part)
        address = rest.removesuffix(">").strip().removeprefix("mailto:").lower()
        if len(address) > ADDRESS_LENGTH or not ADDRESS.fullmatch(address) or not address.isprintable():
            raise ValueError(_("“%(text)s” is not an e-mail address.", text=part[:60]))
        found.setdefault(address, " ".join(name.strip().strip("\"'").split())[:NAME_LENGTH])
    return [(name, address) for address, name in found.items()]


def _parts(text: str) -> Iterable[str]:
    for line in text.replace(";", "\n").split("\n"):
        pieces = [line] if "<" in line else line.split(",")
        yield from (piece.strip() for piece in pieces if piece.strip())


def named_guests(session: Session, typed: Sequence[tuple[str, str]]) -> list[Guest]:
    """The guests with these names and addresses; who has an account is known by it. Raises ValueError."""
    own_name, _at, own_host = base_address(settings()).lower().rpartition("@")
    if len(typed) > MAX_INVITEES:
        raise ValueError(_("At most %(max)s can be invited to an event.", max=MAX_INVITEES))
    query = sa.select(Person).where(Person.email.in_([address for _name, address in typed]))
    people = {one.email: one for one in session.scalars(query)}
    guests = []
    for name, address in typed:
        local, _at, host = address.rpartition("@")
        if host == own_host and local.partition("+")[0] == own_name:
            raise ValueError(_("“%(text)s” is the address of this service itself.", text=address[:60]))
        person = people.get(address)
        if person is not None and not person.is_active:
            raise ValueError(_("The account of %(address)s is disabled.", address=address))
        guests.append(Guest(name or (person.name if person else ""), address, person))
    return guests


def focal_point_guests(session: Session, keys: Collection[str], at: datetime) -> tuple[list[Guest], list[str]]:
    """The focal points of the entities with these keys at `at` (UTC), and the entities that have none, by name."""
    speaking = focal_points(session, at.astimezone(settings().zone).date())
    guests: dict[str, Guest] = {}
    nobody = []
    for entity in entities(session):
        if entity.key not in keys:
            continue
        if not speaking.get(entity.id):
            nobody.append(entity.short)
        for person in speaking.get(entity.id, []):
            guests.setdefault(person.email, Guest(person.name, person.email, person, entity.id))
    return list(guests.values()), nobody


def invitees_of(session: Session, event_id: int) -> list[Invitee]:
    """Everybody ever invited to an event, by name."""
    query = sa.select(Invitee).where(Invitee.event_id == event_id)
    return sorted(session.scalars(query), key=lambda one: (one.name or one.address).casefold())


def invite(session: Session, event: Event, guests: Sequence[Guest], *, by: Person, at: datetime) -> list[Invitee]:
    """Invite those of `guests` who are not yet, and write their mails, in the caller's transaction. Returns the new.

    Raises ValueError where there would be too many.
    """
    known = {one.address: one for one in invitees_of(session, event.id)}
    new = [guest for guest in guests if guest.address not in known or known[guest.address].removed_at is not None]
    standing = sum(one.removed_at is None for one in known.values())
    if standing + len(new) > MAX_INVITEES:
        raise ValueError(
            _(
                "At most %(max)s can be invited to an event; %(number)s are invited already.",
                max=MAX_INVITEES,
                number=standing,
            )
        )
    invited = []
    for guest in new:
        one = known.get(guest.address)
        if one is None:
            one = Invitee(event_id=event.id, address=guest.address, invitations=[])
            session.add(one)
        one.name, one.person, one.entity_id = guest.name, guest.person, guest.entity_id
        one.invited_at, one.invited_by_id = at, by.id
        one.removed_at, one.returned_at, one.checked_version = None, None, 0
        invited.append(one)
    if invited:
        session.flush()
        audit(session, "invitation.invited", by=by, event=event.id, number=len(invited))
        write_due_invitations(session, at, event.id)
    return invited


def remove(session: Session, invitee: Invitee, *, by: Person, at: datetime) -> bool:
    """Take an invitation back; who was told of it is told so. False where that was done already."""
    if invitee.removed_at is not None:
        return False
    invitee.removed_at, invitee.checked_version = at, 0
    audit(session, "invitation.removed", by=by, event=invitee.event_id, invitee=invitee.id)
    session.flush()
    write_due_invitations(session, at, invitee.event_id)
    return True


def invite_the_same(session: Session, event: Event, other: Event, *, by: Person, at: datetime) -> None:
    """Invite to `other` whoever is invited to `event`: to what follows when a series is divided."""
    guests = [
        Guest(one.name, one.address, one.person, one.entity_id)
        for one in invitees_of(session, event.id)
        if one.removed_at is None
    ]
    invite(session, other, guests, by=by, at=at)
