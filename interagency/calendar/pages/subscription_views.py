"""The subscriptions page and the feeds themselves."""

from __future__ import annotations

from typing import Any

import segno
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from interagency.accounts.tokens import reset_token, revoke_token
from interagency.calendar.events.queries import get_event, read_event_filters
from interagency.calendar.feeds.building import CONTENT_TYPE, calendar_bytes
from interagency.calendar.feeds.filter_words import filter_words
from interagency.calendar.feeds.models import Subscription
from interagency.calendar.feeds.publishing import feed_events
from interagency.calendar.feeds.subscriptions import (
    feed_address,
    filters_of,
    make_feed,
    own_subscription,
    subscribe,
    subscription_by_token,
    subscriptions_of,
)
from interagency.db.base import db, now
from interagency.matrix.activities.filters import Filters
from interagency.text.folding import clean
from interagency.text.languages import BY_CODE, LANGUAGES
from interagency.web.context import settings, viewer_language
from interagency.web.errors import refuse
from interagency.web.idempotency import derived_secret, idempotent, record_redirect

bp = Blueprint("subscriptions", __name__)
NAME_LENGTH = 100
# Bytes of a feed from which on its page warns: Google stops reading near one megabyte.
WARNED_SIZE = 900_000


@bp.get("/subscriptions")
def subscriptions() -> ResponseReturnValue:
    """A person's subscriptions, and how to make one."""
    return _page(read_event_filters(db.session, request.args), None)


def _page(filters: Filters, made: dict[str, Any] | None) -> str:
    rows = [(one, kept, filters_of(db.session, one)) for one, kept in subscriptions_of(db.session, current_user)]
    return render_template(
        "calendar/subscriptions.html", rows=rows, filters=filters, made=made, filter_words=filter_words,
        language=viewer_language().code, languages=LANGUAGES, by_code=BY_CODE,
        sizes={one.id: _size(one) for one, _kept, _filters in rows}, warned_size=WARNED_SIZE,
    )  # fmt: skip


def _size(subscription: Subscription) -> int:
    """How many bytes a feed has now; the bytes of its events are remembered."""
    base = settings().base_url
    address = feed_address(base, "0" * 43)
    feed = make_feed(db.session, current_user, subscription, address, base_url=base, whole_past=False)
    return len(feed.body)


def _qr(address: str) -> Markup:
    picture = segno.make(address, error="m").svg_inline(scale=4, border=2, svgclass=None, lineclass=None, omitsize=True)
    return Markup(picture)  # noqa: S704  (made by segno: no text in it)


def _shown_again() -> ResponseReturnValue | None:
    """The address that this form made, for who sent it twice and saw the second answer only."""
    token = derived_secret()
    found = subscription_by_token(db.session, token)
    return _address_page(found[0], token) if found else None


@bp.post("/subscriptions")
@idempotent(_shown_again)
def subscriptions_post() -> ResponseReturnValue:
    """A new private address, shown once."""
    name = clean(request.form.get("name", ""), lines=False)[:NAME_LENGTH] or _("UN interagency calendar")
    filters = read_event_filters(db.session, request.args)
    if filters.problems:
        refuse(400, " ".join(filters.problems))
    language = request.form.get("language", "")
    if language not in BY_CODE:
        language = viewer_language().code
    subscription, token = subscribe(db.session, current_user, name, filters, derived_secret(), language=language)
    record_redirect(url_for("subscriptions.subscriptions"))
    db.session.commit()
    return _address_page(subscription, token)


def _address_page(subscription: Subscription, token: str) -> ResponseReturnValue:
    """The page that shows an address the only time it can be shown."""
    address = feed_address(settings().base_url, token)
    webcal = "webcal://" + address.split("://", 1)[1]
    made = {
        "name": subscription.name, "https": address, "webcal": webcal, "qr_webcal": _qr(webcal),
        "qr_https": _qr(address),
    }  # fmt: skip
    return _page(filters_of(db.session, subscription), made)


@bp.post("/subscriptions/<int:subscription_id>/reset")
@idempotent(_shown_again)
def reset_post(subscription_id: int) -> ResponseReturnValue:
    """A new address; the old one ends."""
    subscription, kept = own_subscription(db.session, current_user, subscription_id)
    token = reset_token(db.session, kept, current_user, derived_secret())
    record_redirect(url_for("subscriptions.subscriptions"))
    db.session.commit()
    return _address_page(subscription, token)


@bp.post("/subscriptions/<int:subscription_id>/rename")
def rename_post(subscription_id: int) -> ResponseReturnValue:
    """Another name for the subscription."""
    subscription, kept = own_subscription(db.session, current_user, subscription_id)
    name = clean(request.form.get("name", ""), lines=False)[:NAME_LENGTH]
    if name:
        subscription.name = kept.label = name
        db.session.commit()
        flash(_("Renamed to “%(name)s”.", name=name), "success")
    return redirect(url_for("subscriptions.subscriptions"))


@bp.post("/subscriptions/<int:subscription_id>/revoke")
def revoke_post(subscription_id: int) -> ResponseReturnValue:
    """End the address."""
    subscription, kept = own_subscription(db.session, current_user, subscription_id)
    revoke_token(db.session, kept, current_user, now())
    db.session.commit()
    flash(_("“%(name)s” is revoked: its address no longer works.", name=subscription.name), "success")
    return redirect(url_for("subscriptions.subscriptions"))


@bp.get("/events/<int:event_id>.ics")
def event_file(event_id: int) -> ResponseReturnValue:
    """One event as a file, for “Add to my calendar”."""
    event = get_event(event_id)
    base = settings().base_url
    entries = feed_events([event], base)
    if not entries:
        abort(404)
    body = calendar_bytes(event.title, f"{base}/events/{event.id}.ics", entries)
    response = Response(body, content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = f"attachment; filename=event-{event.id}.ics"
    return response
