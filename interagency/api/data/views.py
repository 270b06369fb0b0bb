"""The page of data addresses: made, shown once, renamed, reset, revoked."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from interagency.accounts.models import TokenKind
from interagency.accounts.tokens import reset_token, revoke_token
from interagency.api.data.programs import lines_for
from interagency.api.data.serving import table_address
from interagency.calendar.feeds.models import Subscription
from interagency.calendar.feeds.subscriptions import (
    own_subscription,
    subscribe,
    subscription_by_token,
    subscriptions_of,
)
from interagency.db.base import db, now
from interagency.exports.tables.columns import TABLES
from interagency.matrix.activities.filters import Filters, read_filters
from interagency.text.folding import clean
from interagency.web.errors import refuse
from interagency.web.idempotency import derived_secret, idempotent, record_redirect

bp = Blueprint("data_addresses", __name__)
NAME_LENGTH = 100


def _filters_of(subscription: Subscription) -> Filters:
    return read_filters(db.session, MultiDict(subscription.filters))


def _page(filters: Filters, made: tuple[Subscription, str] | None = None) -> ResponseReturnValue:
    rows = [(one, kept, _filters_of(one)) for one, kept in subscriptions_of(db.session, current_user, TokenKind.DATA)]
    shown = None
    if made is not None:
        subscription, token = made
        address = table_address(token, "activities.csv")
        shown = {
            "name": subscription.name,
            "address": address,
            "base": table_address(token, ""),
            "power_bi": table_address(token, "activities.pbids"),
            "lines": lines_for(address),
        }
    return render_template("data/addresses.html", rows=rows, filters=filters, made=shown, tables=TABLES.values())


@bp.get("/subscriptions/data")
def addresses() -> ResponseReturnValue:
    """One's data addresses, and how to make one."""
    return _page(read_filters(db.session, request.args))


def _shown_again() -> ResponseReturnValue | None:
    """The address that this form made, for who sent it twice and saw the second answer only."""
    token = derived_secret()
    found = subscription_by_token(db.session, token, TokenKind.DATA)
    return _page(_filters_of(found[0]), (found[0], token)) if found else None


@bp.post("/subscriptions/data")
@idempotent(_shown_again)
def addresses_post() -> ResponseReturnValue:
    """A new data address, shown once."""
    name = clean(request.form.get("name", ""), lines=False)[:NAME_LENGTH] or _("UN interagency matrix")
    filters = read_filters(db.session, request.args)
    if filters.problems:
        refuse(400, " ".join(filters.problems))
    made = subscribe(db.session, current_user, name, filters, derived_secret(), TokenKind.DATA)
    record_redirect(url_for("data_addresses.addresses"))
    db.session.commit()
    return _page(filters, made)


@bp.post("/subscriptions/data/<int:subscription_id>/reset")
@idempotent(_shown_again)
def reset_post(subscription_id: int) -> ResponseReturnValue:
    """A new address; the old one ends."""
    subscription, kept = own_subscription(db.session, current_user, subscription_id, TokenKind.DATA)
    token = reset_token(db.session, kept, current_user, derived_secret())
    record_redirect(url_for("data_addresses.addresses"))
    db.session.commit()
    return _page(_filters_of(subscription), (subscription, token))


@bp.post("/subscriptions/data/<int:subscription_id>/revoke")
def revoke_post(subscription_id: int) -> ResponseReturnValue:
    """End the address."""
    subscription, kept = own_subscription(db.session, current_user, subscription_id, TokenKind.DATA)
    revoke_token(db.session, kept, current_user, now())
    db.session.commit()
    flash(_("“%(name)s” is revoked: its address no longer works.", name=subscription.name), "success")
    return redirect(url_for("data_addresses.addresses"))
