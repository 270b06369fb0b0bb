"""Taking .ics files in at the pages: upload, preview, confirm, undo."""

from __future__ import annotations

from time import monotonic, sleep

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.calendar.events.models import EventKind
from interagency.calendar.incoming.applying import apply_batch, begin, undo
from interagency.calendar.incoming.comparing import (
    SKIPPED,
    UNCHANGED,
    Importer,
    chosen_by_default,
    compared,
    imports_of,
)
from interagency.calendar.incoming.models import BATCH_SECONDS, BETWEEN_BATCHES, CalendarImport
from interagency.calendar.incoming.reading import CalendarNotRead
from interagency.calendar.incoming.versions import NEW, UPDATED
from interagency.db.base import db, defer_write_lock
from interagency.matrix.activities.queries import LARGEST_ID, my_entities
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import clean
from interagency.web.context import settings, utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect, take_key

bp = Blueprint("calendar_imports", __name__)
# After so many seconds a page says how far it is, before a proxy gives up waiting.
REQUEST_SECONDS = 8


def _offered() -> list[Organisation]:
    """The entities new events may be given to; 403 for who may add none."""
    mine = my_entities()
    if current_user.is_coordinator:
        return entities(db.session)
    if not mine:
        refuse(403, _("Only focal points and coordinators take calendars in."))
    return mine


def _importer(organiser: str | None, kind: str | None) -> Importer:
    offered = _offered()
    entity = next((one for one in offered if one.key == organiser), None)
    if entity is None and not current_user.is_coordinator:
        entity = offered[0]
    known = {one.value for one in EventKind}
    return Importer(
        current_user._get_current_object(),
        tuple(my_entities()),
        entity,
        EventKind(kind) if kind in known else EventKind.WORKSHOP,
    )


def _page(error: str = "", code: int = 200) -> ResponseReturnValue:
    return render_template(
        "calendar/imports.html",
        offered=_offered(),
        imports=imports_of(db.session, current_user),
        error=error,
    ), code


@bp.get("/imports/calendar")
def imports() -> ResponseReturnValue:
    """Upload a file, and what was taken in before."""
    return _page()


@bp.post("/imports/calendar")
@idempotent()
@defer_write_lock
def upload() -> ResponseReturnValue:
    """Read the file and show what it would do; nothing is written to the calendar."""
    importer = _importer(request.form.get("organiser"), None)
    file = request.files.get("file")
    if file is None or not file.filename:
        return _page(_("Choose an .ics file first."), 422)
    name = clean(file.filename, lines=False)[:200]
    try:
        kept = compared(db.session, file.read(), name, importer, settings().timezone)
    except CalendarNotRead as problem:
        return _page(str(problem), 422)
    if repeated := take_key():
        return repeated
    db.session.add(kept)
    db.session.flush()
    address = url_for("calendar_imports.one", import_id=kept.id)
    record_redirect(address)
    db.session.commit()
    return redirect(address)


def _get(import_id: int, *, to_write: bool = False) -> CalendarImport:
    """One's own import, or any for a coordinator; 404 otherwise. `to_write` makes a second click wait."""
    _offered()
    within = import_id <= LARGEST_ID
    kept = db.session.get(CalendarImport, import_id, with_for_update=to_write or None) if within else None
    if kept is None or not (current_user.is_coordinator or kept.person_id == current_user.id):
        refuse(404, _("There is no such import. Your own stand in the list."))
    return kept


@bp.get("/imports/calendar/<int:import_id>")
def one(import_id: int) -> ResponseReturnValue:
    """What a file would do, or did."""
    kept = _get(import_id)
    items = kept.result["items"]
    state = kept.result["state"]
    return render_template(
        "calendar/import.html",
        kept=kept,
        items=items,
        counts={act: sum(item["act"] == act for item in items) for act in (NEW, UPDATED, UNCHANGED, SKIPPED)},
        chosen=chosen_by_default(items),
        is_open=state == "previewed",
        left_to_do=len(kept.result["to_do"]) if state == "applying" else 0,
        without_kind=sum(item.get("has_kind") is False for item in items) if state == "previewed" else 0,
        kinds=list(EventKind),
    )


@bp.post("/imports/calendar/<int:import_id>")
def confirm(import_id: int) -> ResponseReturnValue:
    """Do what was ticked, in batches between which others write; what is left after a while waits for one more click.

    Doing it twice changes nothing.
    """
    kept = _get(import_id, to_write=True)
    here = redirect(url_for("calendar_imports.one", import_id=import_id))
    if kept.result["state"] == "applied":
        flash(_("This file was taken in already; nothing was done again."), "success")
        return here
    if kept.result["state"] == "previewed":
        begin(kept, {int(text) for text in request.form.getlist("item") if text.isdecimal() and len(text) < 6})
        kind = request.form.get("kind")
        kept.result = kept.result | {"kind": kind if kind in set(EventKind) else kept.result["kind"]}
    ends = monotonic() + REQUEST_SECONDS
    while kept.result["state"] == "applying":
        importer = _importer(kept.result["organiser"], kept.result["kind"])
        apply_batch(db.session, kept, importer, BATCH_SECONDS)
        db.session.commit()
        if monotonic() >= ends:
            return here
        if kept.result["state"] == "applying":
            sleep(BETWEEN_BATCHES)
            kept = _get(import_id, to_write=True)
    counts = kept.result["counts"]
    flash(
        _(
            "%(added)s added, %(changed)s changed, %(left)s left as they were, %(conflicts)s changed here meanwhile.",
            **counts,
        ),
        "success",
    )
    return here


@bp.post("/imports/calendar/<int:import_id>/undo")
def undo_post(import_id: int) -> ResponseReturnValue:
    """Take back what an import did, where nobody changed the event since."""
    kept = _get(import_id, to_write=True)
    here = redirect(url_for("calendar_imports.one", import_id=kept.id))
    if kept.result["state"] != "applied" or kept.undone_at is not None:
        flash(_("There is nothing to take back."), "success")
        return here
    importer = _importer(kept.result["organiser"], kept.result["kind"])
    undone, left = undo(db.session, kept, importer, utc_now())
    db.session.commit()
    flash(ngettext("%(num)s event is as it was before.", "%(num)s events are as they were before.", undone), "success")
    if left:
        flash(_("Left as they are, because somebody changed them since: %(titles)s", titles="; ".join(left)), "warning")
    return here
