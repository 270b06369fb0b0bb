"""The page that other sites show in a frame, and the pages on which its address is made and revoked."""

from __future__ import annotations

import json
import zlib
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from interagency.accounts.models import AccessToken
from interagency.accounts.tokens import note_use
from interagency.db.base import db
from interagency.db.history import audit
from interagency.exports.embedding.embeds import (
    Opened,
    Source,
    embeds_of,
    make,
    opened,
    read_sites,
    source_of,
)
from interagency.exports.embedding.entries import (
    AHEAD,
    LISTED,
    Entry,
    month_of_entries,
    of_hand_out,
    of_subscription,
)
from interagency.exports.external.translated import in_language
from interagency.exports.external.views import LIMIT, gone, sealed
from interagency.exports.language import asked_language
from interagency.exports.models import EmbedView
from interagency.matrix.activities.queries import MAX_ID
from interagency.text.folding import clean
from interagency.text.languages import DEFAULT
from interagency.text.zones import is_known_zone, zones_by_city
from interagency.web.access import public
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse
from interagency.web.extensions import limiter
from interagency.web.headers import framed_by
from interagency.web.idempotency import derived_secret, idempotent, record_redirect

bp = Blueprint("embeds", __name__)
LABEL_LENGTH = 100
# Months that can be paged to, before and after this one.
MAX_MONTHS = 36


@bp.get("/embed/<token>")
@public
@limiter.limit(LIMIT)
def page(token: str) -> ResponseReturnValue:
    """The calendar for a frame: a month or a list, by the clock of the zone chosen, in the language of what it is made
    from or asked for (`language=fr`). The same 404 for every dead one."""
    found = opened(db.session, token[:200], utc_now())
    if found is None:
        return gone()
    source = found.source.hand_out or found.source.subscription
    with force_locale(asked_language(source.language if source else DEFAULT)):
        return _page(token, found)


def _page(token: str, found: Opened) -> ResponseReturnValue:
    """The page in the language that is spoken."""
    asked = request.args.get("zone", "")
    zone = ZoneInfo(asked if is_known_zone(asked) else settings().timezone)
    view = _view(request.args.get("view"), found.embed.view)
    month = _month(request.args.get("month", ""))
    first = today() if view is EmbedView.LIST else month
    last = first + AHEAD if view is EmbedView.LIST else _following(month) - timedelta(days=1)
    entries = _entries(found, first, last, zone)
    sites, is_outside = found.embed.sites, found.source.hand_out is not None
    body = render_template(
        "embeds/page.html",
        label=found.token.label,
        view=view,
        zone=zone.key,
        zone_problem=asked[:60] if asked and not is_known_zone(asked) else "",
        zones=zones_by_city(),
        month=month,
        previous=_shown_month((month - timedelta(days=1)).replace(day=1)),
        following=_shown_month(_following(month)),
        weeks=month_of_entries(entries, month) if view is EmbedView.MONTH else [],
        entries=entries[:LISTED] if view is EmbedView.LIST else entries,
        more=max(0, len(entries) - LISTED) if view is EmbedView.LIST else 0,
        is_outside=is_outside,
        language_asked=request.args.get("language", ""),
        today=today(),
    )
    note_use(token)
    return framed_by(sealed(Response(body, content_type="text/html; charset=utf-8")), sites)


def _entries(found: Opened, first: date, last: date, zone: ZoneInfo) -> list[Entry]:
    if found.source.hand_out is not None:
        content = in_language(json.loads(zlib.decompress(found.source.hand_out.contents)))
        return of_hand_out(content, first, last, zone)
    assert found.source.subscription is not None
    return of_subscription(db.session, found.source.subscription, found.person, first, last, zone, today())


def _view(asked: str | None, otherwise: EmbedView) -> EmbedView:
    return EmbedView(asked) if asked in set(EmbedView) else otherwise


def _following(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _months_away(month: date) -> int:
    return abs((month.year - today().year) * 12 + month.month - today().month)


def _shown_month(month: date) -> date | None:
    return month if _months_away(month) <= MAX_MONTHS else None


def _month(text: str) -> date:
    """The first day of the month asked for, or of this one."""
    this = today().replace(day=1)
    try:
        month = date.fromisoformat(f"{text}-01") if len(text) == 7 else this
    except ValueError:
        return this
    return _shown_month(month) or this


# --- Making and revoking ---


def _asked_source() -> tuple[Source, dict[str, int]]:
    """What the address says the calendar is made from; 404 for what is not there or not one's own."""
    named = {name: request.args.get(name, type=int) for name in ("subscription", "hand_out")}
    given = {name: number for name, number in named.items() if number is not None and 0 < number <= MAX_ID}
    source = source_of(db.session, current_user._get_current_object(), given.get("subscription"), given.get("hand_out"))
    if source is None:
        refuse(404, _("There is nothing to make it from. Choose a subscription of your own."))
    return source, given


@bp.get("/embeds")
def embeds() -> ResponseReturnValue:
    """One's embedded calendars."""
    return _list_page()


# What is pasted into the page of another site.
FRAME = Markup(
    '<iframe src="{}" title="{}"\n  width="100%" height="600" loading="lazy" referrerpolicy="no-referrer"></iframe>'
)


def _list_page(made: str = "", label: str = "") -> str:
    rows = embeds_of(db.session, current_user._get_current_object())
    lines = str(FRAME.format(made, label))
    return render_template("embeds/list.html", rows=rows, made=made, label=label, lines=lines)


@bp.get("/embeds/new")
def new() -> ResponseReturnValue:
    """The form for a new one."""
    return _form_page()


def _form_page(error: str = "", code: int = 200) -> ResponseReturnValue:
    source, given = _asked_source()
    name = source.subscription.name if source.subscription else _("UN interagency calendar")
    typed: dict[str, Any] = {"label": name, "view": EmbedView.LIST.value} | request.form.to_dict()
    page = render_template(
        "embeds/new.html", source=source, given=given, typed=typed, error=error, views=list(EmbedView)
    )
    return page, code


def _shown_again() -> ResponseReturnValue | None:
    """The address that this form made, for who sent it twice and saw the second answer only."""
    token = derived_secret()
    found = opened(db.session, token, utc_now())
    return _list_page(_address(token), found.token.label) if found else None


def _address(token: str) -> str:
    return settings().base_url + url_for("embeds.page", token=token)


@bp.post("/embeds/new")
@idempotent(_shown_again)
def new_post() -> ResponseReturnValue:
    """Make it, and show its address and the lines for the other site, once."""
    source, _given = _asked_source()
    label = clean(request.form.get("label", ""), lines=False)[:LABEL_LENGTH]
    if not label:
        return _form_page(_("Write a title for it."), 422)
    try:
        sites = read_sites(clean(request.form.get("sites", ""))[:4000])
    except ValueError as problem:
        return _form_page(str(problem), 422)
    token = derived_secret()
    view = _view(request.form.get("view"), EmbedView.LIST)
    by = current_user._get_current_object()
    make(db.session, source, label=label, sites=sites, view=view, by=by, token=token)
    record_redirect(url_for("embeds.embeds"))
    db.session.commit()
    return _list_page(_address(token), label)


@bp.post("/embeds/<int:embed_id>/revoke")
def revoke_post(embed_id: int) -> ResponseReturnValue:
    """End an address."""
    rows = embeds_of(db.session, current_user._get_current_object())
    row = next((one for one in rows if one.embed.id == embed_id), None)
    if row is None:
        refuse(404, _("There is no such calendar. Your own stand in the list."))
    kept = db.session.get_one(AccessToken, row.embed.token_id)
    kept.revoked_at = utc_now()
    audit(db.session, "embed.revoked", by=current_user, label=kept.label)
    db.session.commit()
    flash(_("“%(name)s” is revoked: no site shows it any more.", name=kept.label), "success")
    return redirect(url_for("embeds.embeds"))
