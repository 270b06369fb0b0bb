"""Addresses of calendars that other sites show in a frame: made, read, revoked.

One made from a subscription shows what its feed holds, by the rights that the owner has then; one made from a hand-out
shows what was frozen in it. It ends with what it was made from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session, aliased

from interagency.accounts.models import AccessToken, Person, TokenKind
from interagency.accounts.tokens import find_token, make_token
from interagency.calendar.feeds.models import Subscription
from interagency.db.history import audit
from interagency.exports.models import Embed, EmbedView, HandOut
from interagency.text.lines import check_line, split_lines

MAX_SITES = 10
# A host as it stands in a Content-Security-Policy: nothing in it ends a source or the directive.
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}\.)*[a-z0-9-]{0,62}")


def read_site(line: str) -> str:
    """The origin of a site, `https://www.example.org`, as typed or from any address on it.

    Raises ValueError with a sentence.
    """
    line = check_line(line).strip()
    try:
        parts = urlsplit(line if "://" in line else f"https://{line}")
        # No name of a host is longer, and the time of this takes the square of the length.
        host, port = (parts.hostname or "")[:254].encode("idna").decode(), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("https", "http") or len(host) > 253 or not _HOST.fullmatch(host) or parts.username:
        raise ValueError(_("“%(line)s” is not a site. Write it as https://www.example.org.", line=line[:60]))
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def read_sites(text: str) -> list[str]:
    """The sites of several lines, each once. Raises ValueError with a sentence."""
    sites = list(dict.fromkeys(read_site(line) for line in split_lines(text)))
    if not sites:
        raise ValueError(_("Write the sites that may show it, one per line; no other can."))
    if len(sites) > MAX_SITES:
        raise ValueError(
            ngettext("Write at most %(most)s site.", "Write at most %(most)s sites.", MAX_SITES, most=MAX_SITES)
        )
    return sites


class Source(NamedTuple):
    """What an embedded calendar is made from: a subscription or a hand-out."""

    subscription: Subscription | None
    hand_out: HandOut | None


def source_of(session: Session, person: Person, subscription_id: int | None, hand_out_id: int | None) -> Source | None:
    """One's own living subscription, or, for coordinators, a living hand-out with events; None for anything else."""
    if subscription_id is not None:
        query = sa.select(Subscription).join(AccessToken, AccessToken.id == Subscription.token_id)
        own = (Subscription.id == subscription_id, Subscription.person_id == person.id)
        found = session.scalar(query.where(*own, AccessToken.revoked_at.is_(None)))
        return Source(found, None) if found else None
    if hand_out_id is None or not person.is_coordinator:
        return None
    made = session.scalar(
        sa.select(HandOut).join(AccessToken, AccessToken.id == HandOut.token_id)
        .where(HandOut.id == hand_out_id, AccessToken.revoked_at.is_(None))
    )  # fmt: skip
    return Source(None, made) if made else None


def make(
    session: Session, source: Source, *, label: str, sites: Sequence[str], view: EmbedView, by: Person, token: str
) -> Embed:
    """An embedded calendar under `token`, which is kept as a hash. The caller commits."""
    kept, _token = make_token(session, TokenKind.EXTERNAL, by, label, token=token)
    embed = Embed(
        token_id=kept.id,
        subscription_id=source.subscription.id if source.subscription else None,
        hand_out_id=source.hand_out.id if source.hand_out else None,
        sites=list(sites),
        view=view,
        made_by_id=by.id,
    )
    session.add(embed)
    session.flush()
    audit(
        session, "embed.made", by=by, label=label, sites=", ".join(sites),
        made_from="subscription" if source.subscription else "hand-out",
    )  # fmt: skip
    return embed


class Opened(NamedTuple):
    """What an address opens, and what it was made from."""

    embed: Embed
    token: AccessToken
    source: Source
    person: Person


def opened(session: Session, token: str, at: datetime) -> Opened | None:
    """What `token` opens, which opens no hand-out; None for an unknown or revoked one, one whose source has ended, or a
    disabled account.
    """
    kept = find_token(session, TokenKind.EXTERNAL, token)
    embed = session.scalar(sa.select(Embed).where(Embed.token_id == kept.id)) if kept and kept.is_alive(at) else None
    if kept is None or embed is None:
        return None
    subscription = session.get(Subscription, embed.subscription_id) if embed.subscription_id else None
    hand_out = session.get(HandOut, embed.hand_out_id) if embed.hand_out_id else None
    made_from = subscription or hand_out
    behind = session.get(AccessToken, made_from.token_id) if made_from else None
    person = session.get(Person, subscription.person_id if subscription else embed.made_by_id)
    if behind is None or not behind.is_alive(at) or person is None:
        return None
    # What was handed out stands; a subscription is its owner's.
    if subscription is not None and not person.is_active:
        return None
    return Opened(embed, kept, Source(subscription, hand_out), person)


class Listed(NamedTuple):
    """A line of the list of embedded calendars."""

    embed: Embed
    token: AccessToken
    made_from: str


def embeds_of(session: Session, person: Person) -> list[Listed]:
    """The living ones of a person, for coordinators also those made from hand-outs, the newest first."""
    behind, own = aliased(AccessToken), Embed.made_by_id == person.id
    query = (
        sa.select(Embed, AccessToken, Subscription.name, HandOut.recipient)
        .join(AccessToken, AccessToken.id == Embed.token_id)
        .outerjoin(Subscription, Subscription.id == Embed.subscription_id)
        .outerjoin(HandOut, HandOut.id == Embed.hand_out_id)
        .join(behind, behind.id == sa.func.coalesce(Subscription.token_id, HandOut.token_id))
        .where(AccessToken.revoked_at.is_(None), behind.revoked_at.is_(None))
        .where(sa.or_(own, Embed.hand_out_id.is_not(None)) if person.is_coordinator else own)
        .order_by(Embed.id.desc())
    )
    return [Listed(row[0], row[1], row[2] or row[3] or "") for row in session.execute(query)]
