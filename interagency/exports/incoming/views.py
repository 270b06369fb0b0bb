"""Sending a matrix back at the pages: upload, preview, decide, confirm, answer, undo."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import acquire_write_lock, db, defer_write_lock
from interagency.exports.incoming.answer import answer_workbook
from interagency.exports.incoming.apply import begin, counts, imports_of, preview, stop, undo
from interagency.exports.incoming.background import carry_on
from interagency.exports.incoming.batches import all_under_way, rows_done, under_way
from interagency.exports.incoming.compare import EDITABLE, Rights
from interagency.exports.incoming.reading import FileNotRead, read_table
from interagency.exports.models import ImportState, MatrixImport
from interagency.matrix.activities.queries import LARGEST_ID, my_entities
from interagency.text.folding import clean
from interagency.web.context import utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("imports", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 400


def _rights() -> Rights:
    """What the person who is here may change; 403 for who may change nothing."""
    mine = tuple(my_entities())
    if not mine and not current_user.is_coordinator:
        refuse(403, _("Only focal points and coordinators send a matrix back."))
    return Rights(current_user._get_current_object(), mine)


def _page(error: str = "", code: int = 200) -> ResponseReturnValue:
    found, begun = imports_of(db.session, current_user), all_under_way(db.session)
    return render_template("exports/imports.html", imports=found, begun=begun, error=error), code


@bp.get("/imports")
def imports() -> ResponseReturnValue:
    """Upload a file, and what was sent before."""
    _rights()
    return _page()


@bp.post("/imports")
@idempotent()
def upload() -> ResponseReturnValue:
    """Read the file and show what it would do; no record is touched."""
    rights = _rights()
    file = request.files.get("file")
    if file is None or not file.filename:
        return _page(_("Choose the workbook first."), 422)
    name, body = clean(file.filename, lines=False)[:200], file.read()
    try:
        kept = preview(db.session, body, name, rights)
    except FileNotRead as problem:
        db.session.rollback()
        return _page(str(problem), 422)
    address = url_for("imports.one", import_id=kept.id)
    record_redirect(address)
    db.session.commit()
    return redirect(address)


def _get(import_id: int, *, to_write: bool = False) -> MatrixImport:
    """One's own import, or any for a coordinator; 404 otherwise. `to_write` makes a second click wait."""
    within = 0 < import_id <= LARGEST_ID
    kept = db.session.get(MatrixImport, import_id, with_for_update=to_write or None) if within else None
    if kept is None or not (current_user.is_coordinator or kept.person_id == current_user.id):
        refuse(404, _("There is no such import. Your own stand in the list."))
    return kept


@bp.get("/imports/<int:import_id>")
def one(import_id: int) -> ResponseReturnValue:
    """What a file would do, or did."""
    _rights()
    kept = _get(import_id)
    run = under_way(db.session, import_id)
    is_open = kept.state is ImportState.PREVIEWED and run is None
    rows = kept.preview["rows"] if is_open else kept.result.get("rows", kept.preview["rows"])
    told = [row for row in rows if row["outcome"] != "unchanged" or row["cells"]]
    return render_template(
        "exports/import.html",
        kept=kept,
        rows=told[:SHOWN],
        more=max(0, len(told) - SHOWN),
        all_rows=rows,
        counts=counts(rows),
        is_open=is_open,
        run=run,
        rows_done=rows_done(db.session, import_id) if run else 0,
        may_go_on=kept.person_id == current_user.id,
        is_undone=kept.state is ImportState.UNDONE,
        columns=list(EDITABLE),
        done={item["row"]: item for item in kept.result.get("done", [])},
    )


@bp.post("/imports/<int:import_id>")
@defer_write_lock
def confirm(import_id: int) -> ResponseReturnValue:
    """Take in what was ticked, with the answers to conflicts. Doing it twice changes nothing."""
    _rights()
    kept = _get(import_id, to_write=True)
    here = redirect(url_for("imports.one", import_id=kept.id))
    if kept.state is not ImportState.PREVIEWED:
        flash(_("This file was taken in already; nothing was done again."), "success")
        return here
    if kept.person_id != current_user.id:
        refuse(403, _("Who sent the file confirms it."))
    rows = {int(text) for text in request.form.getlist("row") if text.isdecimal() and len(text) < 8}
    shown = {int(text) for text in request.form.getlist("shown") if text.isdecimal() and len(text) < 8}
    every = {row["number"] for row in kept.preview["rows"]} - shown  # beyond the page: taken unless doubtful
    doubtful = {row["number"] for row in kept.preview["rows"] if row["alike"] or row["outcome"] == "in conflict"}
    answers = {}
    for name, value in request.form.items():
        word, _dash, named = name.partition("-")
        number, _dash, field = named.partition("-")
        if word == "answer" and value in ("mine", "theirs") and number.isdecimal() and len(number) < 8:
            answers[int(number), field] = value
    acquire_write_lock()
    if not begin(db.session, kept, rows=rows | (every - doubtful), answers=answers):
        db.session.rollback()
    return _carried_on(import_id)


def _carried_on(import_id: int) -> ResponseReturnValue:
    """The page of an import that was begun, once it is done, or when it has gone on for some seconds."""
    person_id = current_user.id
    db.session.commit()  # nothing of this request's is in the way of the writing
    carry_on(current_app._get_current_object(), import_id, person_id)  # type: ignore[attr-defined]
    kept = _get(import_id)
    if kept.state is ImportState.APPLIED:
        flash(
            _(
                "%(added)s added, %(changed)s changed, %(undecided)s left undecided, refused cells in %(refused)s.",
                **kept.result["counts"],
            ),
            "success",
        )
    return redirect(url_for("imports.one", import_id=import_id))


@bp.post("/imports/<int:import_id>/go-on")
@defer_write_lock
def go_on_post(import_id: int) -> ResponseReturnValue:
    """Carry on with an import that was begun and stopped before its end."""
    _rights()
    kept = _get(import_id)
    if kept.person_id != current_user.id:
        refuse(403, _("Who sent the file confirms it."))
    if under_way(db.session, import_id) is None:
        flash(_("This file was taken in already; nothing was done again."), "success")
        return redirect(url_for("imports.one", import_id=import_id))
    return _carried_on(import_id)


@bp.post("/imports/<int:import_id>/columns")
@idempotent()
def columns_post(import_id: int) -> ResponseReturnValue:
    """Say which column of a hand-made matrix is which, and look again."""
    rights, kept = _rights(), _get(import_id, to_write=True)
    assert kept.contents is not None
    mapping = dict(kept.preview.get("mapping", {}))
    for place, header in enumerate(kept.preview["unknown"]):
        chosen = request.form.get(f"column-{place}", "")
        mapping[header] = chosen if chosen in EDITABLE else ""
    try:
        again = preview(db.session, kept.contents, kept.file_name, rights, mapping)
    except FileNotRead as problem:
        db.session.rollback()
        return _page(str(problem), 422)
    if kept.state is ImportState.PREVIEWED:
        kept.state = ImportState.DISCARDED
    address = url_for("imports.one", import_id=again.id)
    record_redirect(address)
    db.session.commit()
    return redirect(address)


@bp.get("/imports/<int:import_id>/answer.xlsx")
def answer(import_id: int) -> ResponseReturnValue:
    """The same file back with refused cells marked and a sheet of what was done."""
    _rights()
    kept = _get(import_id)
    assert kept.contents is not None
    rows = kept.result.get("rows", kept.preview["rows"])
    done = {item["row"]: "added" if item["new"] else "changed" for item in kept.result.get("done", [])}
    sheet = read_table(kept.contents, kept.file_name, kept.preview.get("mapping")).sheet
    body = answer_workbook(kept.contents, sheet, rows, done)
    response = Response(body, content_type=XLSX)
    response.headers["Content-Disposition"] = f"attachment; filename=answer-{kept.id}.xlsx"
    return response


@bp.post("/imports/<int:import_id>/undo")
def undo_post(import_id: int) -> ResponseReturnValue:
    """Put back what an import did, where nobody has built on it since."""
    rights, kept = _rights(), _get(import_id, to_write=True)
    here = redirect(url_for("imports.one", import_id=kept.id))
    run = under_way(db.session, import_id)
    if kept.state is not ImportState.APPLIED and run is None:
        flash(_("There is nothing to take back."), "success")
        return here
    if kept.person_id != current_user.id and not current_user.is_coordinator:
        refuse(403, _("Who sent the file takes it back, or a coordinator."))
    if run is not None:
        stop(db.session, kept, current_user, utc_now())
    undone, left = undo(db.session, kept, rights, utc_now())
    db.session.commit()
    flash(_("%(undone)s records are as they were before.", undone=undone), "success")
    if left:
        flash(
            _(
                "Left as they are, because somebody built on them since, or they are not yours any more: %(titles)s",
                titles="; ".join(left),
            ),
            "warning",
        )
    return here
