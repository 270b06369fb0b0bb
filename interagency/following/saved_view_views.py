"""Saved views and watching in the browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event
from interagency.db.base import db
from interagency.following.models import DigestSettings, SavedView, ViewKind, ViewScope, WatchKind
from interagency.following.saved_views import (
    PAGES,
    ReadView,
    ViewRefusal,
    delete_view,
    may_change,
    path_of,
    read_name,
    read_query,
    read_scope,
    save_view,
    view_for,
    views_of,
    visible_to,
)
from interagency.following.watching import TooManyWatched, is_watched, kept_settings, settings_of_person, unwatch, watch
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import MAX_ID, my_entities
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities_of
from interagency.web.context import today, utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect
from interagency.web.paths import is_internal_path

bp = Blueprint("views", __name__)


@dataclass(slots=True)
class Typed:
    """What the form of a view holds, with what is wrong with it by field."""

    name: str = ""
    scope: str = ViewScope.OWN.value
    errors: dict[str, str] = field(default_factory=dict)


def save_view_address(kind: str, query: str) -> str:
    """Where a page under its filters (`query`, written out) is saved as a view."""
    address = url_for("views.new", view=kind)
    return f"{address}&{query}" if query else address


@bp.app_template_global()
def save_this_view(kind: str) -> str:
    """Where the page that is shown is saved as a view."""
    return save_view_address(kind, request.query_string.decode("ascii", "replace"))


@bp.app_template_global()
def watches(kind: str, target: Any) -> bool:
    """Whether the person who is here watches it."""
    return is_watched(db.session, current_user.id, WatchKind(kind), str(target))


def _kind() -> ViewKind:
    kind = request.args.get("view", "")
    if kind not in set(ViewKind):
        abort(404)
    return ViewKind(kind)


def _read(kind: ViewKind) -> ReadView:
    args = request.args.copy()
    for name in ("view", "page", "after", "before", "print"):  # places in a list, not what it holds
        args.poplist(name)
    return read_query(db.session, kind, args)


@bp.get("/views")
def views() -> ResponseReturnValue:
    """The views that I see."""
    mine = my_entities()
    rows = [
        (one, read_query(db.session, one.kind, one.query), path_of(one))
        for one in views_of(db.session, current_user, mine)
    ]
    start = settings_of_person(db.session, current_user.id).start_view_id
    return render_template("following/views.html", rows=rows, pages=PAGES, start=start)


@bp.get("/views/new")
def new() -> ResponseReturnValue:
    """The form to save a page under its filters."""
    kind = _kind()
    return _new_page(kind, _read(kind), Typed())


def _new_page(kind: ViewKind, read: ReadView, typed: Typed, code: int = 200) -> ResponseReturnValue:
    if read.problems:
        typed.errors.setdefault("query", " ".join(read.problems))
    page = render_template(
        "following/new_view.html", kind=kind, read=read, typed=typed, pages=PAGES, mine=my_entities(),
        action=save_view_address(kind.value, read.query),
    )  # fmt: skip
    return page, code


@bp.post("/views/new")
@idempotent()
def new_post() -> ResponseReturnValue:
    """Save a view."""
    kind = _kind()
    read, typed, mine = _read(kind), _typed(), my_entities()
    try:
        name, scope = read_name(typed.name), read_scope(typed.scope, current_user, mine)
        view = save_view(db.session, kind, read, name, scope, by=current_user._get_current_object(), at=utc_now())
    except ViewRefusal as refusal:
        typed.errors[refusal.field] = str(refusal)
        return _new_page(kind, read, typed, 422)
    address = url_for("views.view", view_id=view.id)
    record_redirect(address)
    db.session.commit()
    flash(_("Saved as “%(name)s”.", name=name), "success")
    return redirect(address)


def _typed() -> Typed:
    return Typed(request.form.get("name", "")[:1000], request.form.get("scope", "")[:80])


def _get(view_id: int) -> SavedView:
    found = view_for(db.session, view_id, current_user, my_entities()) if 0 < view_id <= MAX_ID else None
    if found is None:
        refuse(404, _("There is no such view, or it is for others."))
    return found


def _get_own(view_id: int) -> SavedView:
    found = _get(view_id)
    if not may_change(current_user, found):
        refuse(403, _("Only who saved a view changes it, and coordinators what everybody sees."))
    return found


@bp.get("/views/<int:view_id>")
def view(view_id: int) -> ResponseReturnValue:
    """One view: its page, and the same as a feed, a data address and a workbook."""
    found = _get(view_id)
    scope = found.scope.value if found.entity is None else f"entity:{found.entity.key}"
    return _view_page(found, Typed(found.name, scope))


def _view_page(found: SavedView, typed: Typed, code: int = 200) -> ResponseReturnValue:
    start = settings_of_person(db.session, current_user.id).start_view_id
    page = render_template(
        "following/view.html", view=found, read=read_query(db.session, found.kind, found.query),
        path=path_of(found), page=PAGES[found.kind], typed=typed, mine=my_entities(),
        may_change=may_change(current_user, found), is_start=start == found.id,
    )  # fmt: skip
    return page, code


@bp.post("/views/<int:view_id>")
def view_post(view_id: int) -> ResponseReturnValue:
    """Another name, or others to see it."""
    found, typed, mine = _get_own(view_id), _typed(), my_entities()
    try:
        name = read_name(typed.name)
        scope = read_scope(typed.scope, current_user, mine)
    except ViewRefusal as refusal:
        typed.errors[refusal.field] = str(refusal)
        return _view_page(found, typed, 422)
    found.name, (found.scope, found.entity_id) = name, scope
    db.session.commit()
    flash(_("Saved as “%(name)s”.", name=name), "success")
    return redirect(url_for("views.view", view_id=view_id))


@bp.post("/views/<int:view_id>/delete")
def delete_post(view_id: int) -> ResponseReturnValue:
    """Delete a view; nobody loses a record by it."""
    found = _get_own(view_id)
    name = found.name
    delete_view(db.session, found, by=current_user._get_current_object())
    db.session.commit()
    flash(_("“%(name)s” is deleted. The records it showed stay as they are.", name=name), "success")
    return redirect(url_for("views.views"))


@bp.post("/views/<int:view_id>/start")
def start_post(view_id: int) -> ResponseReturnValue:
    """Let signing in lead to this view, or no longer."""
    found = _get(view_id)
    kept = kept_settings(db.session, current_user.id)
    kept.start_view_id = found.id if request.form.get("start") == "yes" else None
    db.session.commit()
    if kept.start_view_id:
        flash(_("Signing in now leads to “%(name)s”.", name=found.name), "success")
    else:
        flash(_("Signing in leads to where it did before."), "success")
    return redirect(url_for("views.view", view_id=view_id))


def start_page(session: Session, person: Person) -> str | None:
    """The path of the view that signing in leads the person to, if they chose one and may still see it. A hook of the
    registry."""
    mine: list[Organisation] = entities_of(session, person, today())
    query = (
        sa.select(SavedView)
        .join(DigestSettings, DigestSettings.start_view_id == SavedView.id)
        .where(DigestSettings.person_id == person.id, visible_to(person, mine))
    )
    found = session.scalar(query)
    return path_of(found) if found is not None else None


_MODELS: dict[WatchKind, tuple[Any, Any]] = {
    WatchKind.ACTIVITY: (Activity, Activity.title),
    WatchKind.EVENT: (Event, Event.title),
}


def _title_of(kind: WatchKind, target: str) -> str | None:
    """What is to be watched, if it is there and the person who is here may see it."""
    if kind is WatchKind.COUNTRY:
        return db.session.scalar(sa.select(Country.name).where(Country.code == target[:3]))
    if not (target.isascii() and target.isdecimal() and len(target) < 11 and 0 < int(target) <= MAX_ID):
        return None
    if kind is WatchKind.VIEW:
        found = view_for(db.session, int(target), current_user, my_entities())
        return found.name if found is not None else None
    model, title = _MODELS[kind]
    words: str | None = db.session.scalar(sa.select(title).where(model.id == int(target), model.is_listed))
    return words


@bp.post("/watch")
def watch_post() -> ResponseReturnValue:
    """Watch a record, a view or a country, or no longer."""
    kind, target = request.form.get("kind", ""), request.form.get("target", "")[:20]
    back = request.form.get("back", "")
    address = back if is_internal_path(back) else url_for("mails.preferences")
    if kind not in set(WatchKind):
        refuse(400, _("Choose what you want to watch from its page."))
    if request.form.get("watch") != "yes":
        unwatch(db.session, current_user.id, WatchKind(kind), target)
        db.session.commit()
        flash(_("You watch it no longer."), "success")
        return redirect(address)
    title = _title_of(WatchKind(kind), target)
    if title is None:
        refuse(404, _("There is nothing there that could be watched."))
    try:
        kept_settings(db.session, current_user.id)
        watch(db.session, current_user.id, WatchKind(kind), target, at=utc_now())
    except TooManyWatched:
        refuse(409, _("You watch as much as anybody can. Stop watching something else first, on your account page."))
    db.session.commit()
    flash(_("You watch “%(title)s”: your next digest tells what changes.", title=title), "success")
    return redirect(address)
