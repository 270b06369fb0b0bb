"""The subscriptions page and the feeds themselves."""

from __future__ import annotations

import gzip

import segno
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from interagency.accounts.models import AccessToken
from interagency.calendar.feed import calendar_bytes
from interagency.calendar.models import Subscription
from interagency.calendar.publish import feed_events
from interagency.calendar.queries import get_event, read_event_filters
from interagency.calendar.subscriptions import (
    filters_of,
    make_feed,
    note_use,
    reset,
    subscribe,
    subscription_by_token,
    subscriptions_of,
)
from interagency.database import db, now
from interagency.web import public, settings
from interagency.words import clean

rooms = Blueprint("subscriptions", __name__)
NAME_LENGTH = 100
FEED_TYPE = "text/calendar; charset=utf-8"


@rooms.get("/subscriptions")
def subscriptions() -> ResponseReturnValue:
    """A person's subscriptions, and how to make one."""
    rows = [
        (subscription, kept, filters_of(db.session, subscription))
        for subscription, kept in subscriptions_of(db.session, current_user)
    ]
    return render_template(
        "calendar/subscriptions.html", rows=rows, filters=read_event_filters(db.session, request.args), made=None
    )


@rooms.post("/subscriptions")
def subscriptions_post() -> ResponseReturnValue:
    """A new private address, shown once."""
    name = clean(request.form.get("name", ""), lines=False)[:NAME_LENGTH] or _("UN interagency calendar")
    filters = read_event_filters(db.session, request.args)
    subscription, token = subscribe(db.session, current_user, name, filters)
    db.session.commit()
    return _address_page(subscription, token)


def _address_page(subscription: Subscription, token: str) -> ResponseReturnValue:
    """The page that shows an address the only time it can be shown."""
    address = settings().base_url + url_for("subscriptions.feed", token=token)
    rows = [(one, kept, filters_of(db.session, one)) for one, kept in subscriptions_of(db.session, current_user)]
    webcal = "webcal://" + address.split("://", 1)[1]
    picture = segno.make(webcal, error="m").svg_inline(scale=4, border=2, svgclass=None, lineclass=None, omitsize=True)
    made = {"name": subscription.name, "https": address, "webcal": webcal, "qr": Markup(picture)}  # noqa: S704  (made by segno: no text in it)
    return render_template(
        "calendar/subscriptions.html", rows=rows, filters=filters_of(db.session, subscription), made=made
    )


def _own(subscription_id: int) -> tuple[Subscription, AccessToken]:
    """One's own living subscription; 404 for anything else."""
    for subscription, kept in subscriptions_of(db.session, current_user):
        if subscription.id == subscription_id:
            return subscription, kept
    abort(404)


@rooms.post("/subscriptions/<int:subscription_id>/reset")
def reset_post(subscription_id: int) -> ResponseReturnValue:
    """A new address; the old one ends."""
    subscription, kept = _own(subscription_id)
    token = reset(db.session, kept)
    db.session.commit()
    return _address_page(subscription, token)


@rooms.post("/subscriptions/<int:subscription_id>/rename")
def rename_post(subscription_id: int) -> ResponseReturnValue:
    """Another name for the subscription."""
    subscription, kept = _own(subscription_id)
    name = clean(request.form.get("name", ""), lines=False)[:NAME_LENGTH]
    if name:
        subscription.name = kept.label = name
        db.session.commit()
        flash(_("Renamed to “%(name)s”.", name=name), "success")
    return redirect(url_for("subscriptions.subscriptions"))


@rooms.post("/subscriptions/<int:subscription_id>/revoke")
def revoke_post(subscription_id: int) -> ResponseReturnValue:
    """End the address."""
    subscription, kept = _own(subscription_id)
    kept.revoked_at = now()
    db.session.commit()
    flash(_("“%(name)s” is revoked: its address no longer works.", name=subscription.name), "success")
    return redirect(url_for("subscriptions.subscriptions"))


@rooms.get("/feeds/<token>.ics")
@public
def feed(token: str) -> ResponseReturnValue:
    """The calendar a private address opens, by the rights its owner has now. 404 for a dead one."""
    found = subscription_by_token(db.session, token[:200])
    if found is None:
        message = _("This calendar address does not work any more. Sign in and make a new one under Subscriptions.")
        return Response(message + "\n", 404, content_type="text/plain; charset=utf-8")
    subscription, kept, person = found
    address = settings().base_url + url_for("subscriptions.feed", token=token)
    made = make_feed(
        db.session,
        person,
        subscription,
        address,
        base_url=settings().base_url,
        whole_past=request.args.get("past") == "all",
    )
    note_use(db.session, kept)
    response = _calendar_response(made.body)
    response.set_etag(made.etag)
    response.last_modified = made.changed_at
    response.headers["Cache-Control"] = "private, max-age=900"
    _compress(response)
    return response.make_conditional(request)


def _calendar_response(body: bytes) -> Response:
    return Response(body, content_type=FEED_TYPE)


def _compress(response: Response) -> None:
    """gzip when asked for and switched on, under an ETag of its own."""
    response.headers["Vary"] = "Accept-Encoding"
    if (
        not settings().feed_compression
        or request.accept_encodings["gzip"] <= 0
        or "gzip" not in str(request.accept_encodings)
    ):
        return
    etag, _weak = response.get_etag()
    response.set_data(gzip.compress(response.get_data(), 6, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{etag}-gzip")


@rooms.get("/events/<int:event_id>.ics")
def event_file(event_id: int) -> ResponseReturnValue:
    """One event as a file, for “Add to my calendar”."""
    event = get_event(event_id)
    base = settings().base_url
    entries = feed_events([event], base)
    if not entries:
        abort(404)
    response = _calendar_response(calendar_bytes(event.title, f"{base}/events/{event.id}.ics", entries))
    response.headers["Content-Disposition"] = f"attachment; filename=event-{event.id}.ics"
    return response
