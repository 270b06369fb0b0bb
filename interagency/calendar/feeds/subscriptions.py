"""Private addresses of feeds: made, read, reset, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask import abort
from flask_babel import force_locale
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from interagency.accounts.models import AccessToken, Person, TokenKind
from interagency.accounts.tokens import make_token, owner_of
from interagency.calendar.events.queries import chapters_wanted, event_conditions, read_event_filters
from interagency.calendar.feeds.building import END, FeedEvent, beginning, blocks_of, in_order
from interagency.calendar.feeds.deadlines import deadlines_of, left_the_window
from interagency.calendar.feeds.event_cache import Feed, event_cache
from interagency.calendar.feeds.models import FeedRevision, Subscription
from interagency.calendar.feeds.publishing import in_feeds, midnight
from interagency.db.base import now
from interagency.matrix.activities.filters import Filters
from interagency.matrix.organisations.models import Appointment
from interagency.matrix.organisations.queries import entities_of
from interagency.text.languages import BY_CODE, DEFAULT
from interagency.web.context import today


def subscriptions_of(
    session: Session, person: Person, kind: TokenKind = TokenKind.FEED
) -> list[tuple[Subscription, AccessToken]]:
    """The living subscriptions of a person (feeds, or data addresses) with their tokens, oldest first."""
    query = (
        sa.select(Subscription, AccessToken)
        .join(AccessToken, AccessToken.id == Subscription.token_id)
        .where(Subscription.person_id == person.id, AccessToken.revoked_at.is_(None), AccessToken.kind == kind)
        .order_by(Subscription.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def own_subscription(
    session: Session, person: Person, subscription_id: int, kind: TokenKind = TokenKind.FEED
) -> tuple[Subscription, AccessToken]:
    """One's own living subscription; 404 for anything else."""
    for subscription, kept in subscriptions_of(session, person, kind):
        if subscription.id == subscription_id:
            return subscription, kept
    abort(404)


def subscribe(
    session: Session,
    person: Person,
    name: str,
    filters: Filters,
    token: str | None = None,
    kind: TokenKind = TokenKind.FEED,
    language: str = DEFAULT,
) -> tuple[Subscription, str]:
    """A new subscription and its token, a new one unless one is given, which is shown once and kept only as a hash.

    `language` is that of what the feed says beside people's own text.
    """
    kept, token = make_token(session, kind, person, name, token=token)
    values = {key: list(chosen) for key, chosen in filters.values.items()}
    subscription = Subscription(person_id=person.id, token_id=kept.id, name=name, filters=values, language=language)
    session.add(subscription)
    session.flush()
    return subscription, token


def subscription_by_token(
    session: Session, token: str, kind: TokenKind = TokenKind.FEED
) -> tuple[Subscription, AccessToken, Person] | None:
    """What `token` opens, its kept form and whose it is.

    None for an unknown, revoked or expired one, or a disabled account.
    """
    found = owner_of(session, kind, token, now())
    if found is None:
        return None
    subscription = session.scalar(sa.select(Subscription).where(Subscription.token_id == found[0].id))
    return (subscription, *found) if subscription is not None else None


def feed_address(base_url: str, token: str) -> str:
    """The address a feed is fetched at, as people are shown it."""
    return f"{base_url}/feeds/{token}.ics"


def filters_of(session: Session, subscription: Subscription) -> Filters:
    """The filters a subscription was made with; names that have changed since are understood."""
    return read_event_filters(session, MultiDict(subscription.filters))


def make_feed(
    session: Session, person: Person, subscription: Subscription, address: str, *, base_url: str, whole_past: bool
) -> Feed:
    """The feed as the rights of `person` are now."""
    day = today()
    entities = entities_of(session, person, day)
    filters = filters_of(session, subscription)
    wanted = not filters or bool(filters.get("mine"))
    with force_locale(subscription.language if subscription.language in BY_CODE else DEFAULT):
        made = build_feed(
            session,
            filters,
            [entity.key for entity in entities],
            subscription.name,
            address,
            base_url,
            whole_past,
            deadlines=deadlines_of(session, entities, base_url) if wanted else [],
        )
    return replace(made, changed_at=max([made.changed_at, *appointment_turns(session, person, day)]))


def appointment_turns(session: Session, person: Person, day: date) -> list[datetime]:
    """When appointments of `person` last began or ended, seen on `day`: what is theirs changes at midnight."""
    begun, ended = session.execute(
        sa.select(
            sa.func.max(Appointment.first_day).filter(Appointment.first_day <= day),
            sa.func.max(Appointment.last_day).filter(Appointment.last_day < day),
        ).where(Appointment.person_id == person.id)
    ).one()
    days = [one for one in (begun, ended + timedelta(days=1) if ended else None) if one is not None]
    return [midnight(one) for one in days]


def build_feed(
    session: Session,
    filters: Filters,
    mine: list[str],
    name: str,
    address: str,
    base_url: str,
    whole_past: bool,
    *,
    deadlines: Sequence[FeedEvent] = (),
) -> Feed:
    """The events under `filters` as a calendar, and a focal point's own deadlines, from cached bytes of the events.

    The same data gives the same bytes."""
    day = today()
    revision = session.get(FeedRevision, 1)
    conditions = [*event_conditions(filters, mine), *in_feeds(day, whole_past=whole_past)]
    events = event_cache().blocks_about(session, conditions, base_url, chapters_wanted(filters))
    blocks = in_order([*events, *blocks_of(deadlines)])
    moments = [revision.changed_at if revision else now(), *left_the_window(session, day)]
    body = b"".join([beginning(name, address, blocks), *[block.body for block in blocks], END])
    return Feed(body, max(moments))
