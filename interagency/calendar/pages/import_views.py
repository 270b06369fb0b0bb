"""Taking .ics files in at the pages: upload, preview, confirm, undo."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from interagency.calendar.events.models import EventKind
from interagency.calendar.incoming.applying import begin, begin_undo, told_of_undo
from interagency.calendar.incoming.background import carry_on
from interagency.calendar.incoming.comparing import (
    SKIPPED,
    UNCHANGED,
    Importer,
    chosen_by_default,
    compared,
    imports_of,
)
from interagency.calendar.incoming.models import RUNS, CalendarImport
from interagency.calendar.incoming.reading import CalendarNotRead
from interagency.calendar.incoming.versions import NEW, UPDATED
from interagency.db.base import acquire_write_lock, db, defer_write_lock
from interagency.matrix.activities.queries import MAX_ID, my_entities
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities
from interagency.text.folding import clean
from interagency.web.background import first_titles, may_carry_on
from interagency.web.context import settings, viewer_language
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect, take_key

bp = Blueprint("calendar_imports", __name__)
# Titles that a message names of what was left.


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
        under_way=RUNS.all_under_way(db.session),
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


def _get(import_id: int) -> CalendarImport:
    """One's own import, or any for a coordinator; 404 otherwise."""
    _offered()
    within = import_id <= MAX_ID
    kept = db.session.get(CalendarImport, import_id, populate_existing=True) if within else None
    if kept is None or not (current_user.is_coordinator or kept.person_id == current_user.id):
        refuse(404, _("There is no such import. Your own stand in the list."))
    return kept


@bp.get("/imports/calendar/<int:import_id>")
def one(import_id: int) -> ResponseReturnValue:
    """What a file would do, or did; while that goes on, how far it is."""
    kept = _get(import_id)
    run = RUNS.under_way(db.session, import_id)
    if run is not None:
        return render_template(
            "import_progress.html",
            file_name=kept.file_name,
            run=run,
            rows_done=RUNS.rows_done(db.session, (import_id, run.undoes)),
            may_go_on=may_carry_on(kept.person_id, undoes=run.undoes),
            back=(url_for("calendar_imports.imports"), _("Take a calendar in")),
            here=url_for("calendar_imports.one", import_id=import_id),
            go_on=url_for("calendar_imports.go_on_post", import_id=import_id),
            undo=url_for("calendar_imports.undo_post", import_id=import_id),
        )
    items = kept.result["items"]
    is_open = kept.result["state"] == "previewed"
    return render_template(
        "calendar/import.html",
        kept=kept,
        items=items,
        counts={act: sum(item["act"] == act for item in items) for act in (NEW, UPDATED, UNCHANGED, SKIPPED)},
        chosen=chosen_by_default(items),
        is_open=is_open,
        without_kind=sum(item.get("has_kind") is False for item in items) if is_open else 0,
        kinds=list(EventKind),
    )


@bp.post("/imports/calendar/<int:import_id>")
@defer_write_lock
def confirm(import_id: int) -> ResponseReturnValue:
    """Do what was ticked, in batches between which others write. Doing it twice changes nothing."""
    kept = _get(import_id)
    if kept.result["state"] == "applied":
        flash(_("This file was taken in already; nothing was done again."), "success")
        return redirect(url_for("calendar_imports.one", import_id=import_id))
    if not may_carry_on(kept.person_id, undoes=False):
        refuse(403, _("Who sent the file confirms it."))
    chosen = {int(text) for text in request.form.getlist("item") if text.isdecimal() and len(text) < 6}
    kind = request.form.get("kind")
    acquire_write_lock()
    if not begin(db.session, kept, chosen, kind if kind in set(EventKind) else kept.result["kind"]):
        db.session.rollback()
    return _carried_on(import_id)


def _carried_on(import_id: int) -> ResponseReturnValue:
    """The page of an import that was begun, once it is done, or when it has gone on for some seconds."""
    person_id, language = current_user.id, viewer_language().code
    db.session.commit()  # nothing of this request's is in the way of the writing
    carry_on(current_app._get_current_object(), import_id, person_id, language)  # type: ignore[attr-defined]
    kept = _get(import_id)
    if RUNS.under_way(db.session, import_id) is None:
        _flash_done(kept)
    return redirect(url_for("calendar_imports.one", import_id=import_id))


def _flash_done(kept: CalendarImport) -> None:
    if kept.undone_at is None:
        if kept.result["state"] == "applied":
            words = _(
                "%(added)s added, %(changed)s changed, %(left)s left as they were, "
                "%(conflicts)s changed here meanwhile.",
                **kept.result["counts"],
            )
            flash(words, "success")
        return
    undone, left = told_of_undo(db.session, kept)
    flash(ngettext("%(num)s event is as it was before.", "%(num)s events are as they were before.", undone), "success")
    if left:
        titles = first_titles(left)
        flash(_("Left as they are, because somebody changed them since: %(titles)s", titles=titles), "warning")


@bp.post("/imports/calendar/<int:import_id>/go-on")
@defer_write_lock
def go_on_post(import_id: int) -> ResponseReturnValue:
    """Go on with what was begun and stopped: by another's hand, or with the service."""
    kept = _get(import_id)
    run = RUNS.under_way(db.session, import_id)
    if run is None:
        flash(_("There is nothing to go on with."), "success")
        return redirect(url_for("calendar_imports.one", import_id=import_id))
    if not may_carry_on(kept.person_id, undoes=run.undoes):
        refuse(403, _("Who sent the file goes on with it."))
    return _carried_on(import_id)


@bp.post("/imports/calendar/<int:import_id>/undo")
@defer_write_lock
def undo_post(import_id: int) -> ResponseReturnValue:
    """Take back what an import did, where nobody changed the event since; what is under way ends where it stands."""
    kept = _get(import_id)
    is_done = kept.result["state"] == "applied" and kept.undone_at is None
    if not is_done and RUNS.under_way(db.session, import_id) is None:
        flash(_("There is nothing to take back."), "success")
        return redirect(url_for("calendar_imports.one", import_id=import_id))
    if not may_carry_on(kept.person_id, undoes=True):
        refuse(403, _("Who sent the file takes it back, or a coordinator."))
    acquire_write_lock()
    if not begin_undo(db.session, kept, _importer(kept.result["organiser"], kept.result["kind"])):
        db.session.rollback()
    return _carried_on(import_id)
