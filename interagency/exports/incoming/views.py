"""Sending a matrix back at the pages: upload, preview, decide, confirm, answer, undo."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import defer

from interagency.db.base import acquire_write_lock, db, defer_write_lock, reading
from interagency.db.paging import page_within
from interagency.exports.incoming.answer import answer_workbook
from interagency.exports.incoming.apply import (
    begin,
    begin_undo,
    compared,
    counts,
    discard,
    imports_of,
    outcome_words,
    results,
    told_of_undo,
)
from interagency.exports.incoming.background import carry_on
from interagency.exports.incoming.batches import all_under_way, rows_done, under_way
from interagency.exports.incoming.cells import OFFERED
from interagency.exports.incoming.compare import Rights
from interagency.exports.incoming.names import decide
from interagency.exports.incoming.opening import FileNotRead
from interagency.exports.incoming.reading import read_table
from interagency.exports.media_types import XLSX
from interagency.exports.models import ImportState, MatrixImport
from interagency.matrix.activities.queries import MAX_ID, my_entities
from interagency.matrix.organisations.choices import kind_labels
from interagency.matrix.organisations.directory import PARTNER_KINDS
from interagency.matrix.organisations.queries import all_organisations
from interagency.text.folding import clean
from interagency.web.background import first_titles, may_carry_on
from interagency.web.context import today, utc_now, viewer_language
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect, take_key

bp = Blueprint("imports", __name__)
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
@defer_write_lock
def upload() -> ResponseReturnValue:
    """Read the file and show what it would do; no record is touched."""
    rights = _rights()
    file = request.files.get("file")
    if file is None or not file.filename:
        return _page(_("Choose the workbook first."), 422)
    name, body = clean(file.filename, lines=False)[:200], file.read()
    try:
        found = compared(db.session, body, name, rights)
    except FileNotRead as problem:
        return _page(str(problem), 422)
    return take_key() or _kept(found)


def _kept(found: MatrixImport) -> ResponseReturnValue:
    """Keep a compared file, and lead to what it would do."""
    db.session.add(found)
    db.session.flush()
    address = url_for("imports.one", import_id=found.id)
    record_redirect(address)
    db.session.commit()
    return redirect(address)


def _get(import_id: int) -> MatrixImport:
    """One's own import, or any for a coordinator; 404 otherwise. The file and its preview are read when asked for."""
    unread = (defer(MatrixImport.contents), defer(MatrixImport.preview))
    known = 0 < import_id <= MAX_ID
    kept = db.session.get(MatrixImport, import_id, options=unread) if known else None
    if kept is None or not (current_user.is_coordinator or kept.person_id == current_user.id):
        refuse(404, _("There is no such import. Your own stand in the list."))
    return kept


@bp.get("/imports/<int:import_id>")
def one(import_id: int) -> ResponseReturnValue:
    """What a file would do, or did; while that goes on, how far it is."""
    _rights()
    kept = _get(import_id)
    run = under_way(db.session, import_id)
    if run is not None:
        return render_template(
            "import_progress.html",
            file_name=kept.file_name,
            back=(url_for("imports.imports"), _("Send a matrix back")),
            here=url_for("imports.one", import_id=import_id),
            go_on=url_for("imports.go_on_post", import_id=import_id),
            undo=url_for("imports.undo_post", import_id=import_id),
            run=run,
            rows_done=rows_done(db.session, (import_id, run.undoes)),
            may_go_on=may_carry_on(kept.person_id, undoes=run.undoes),
        )
    is_open = kept.state is ImportState.PREVIEWED
    rows, done = results(db.session, kept)
    told = [row for row in rows if row["outcome"] != "unchanged" or row["cells"] or row["notes"]]
    page, pages = page_within(request.args.get("page", 1, type=int), len(told), SHOWN)
    return render_template(
        "exports/import.html",
        kept=kept,
        rows=told[(page - 1) * SHOWN : page * SHOWN],
        told=len(told),
        page=page,
        pages=pages,
        counts=counts(rows),
        outcome_words=outcome_words(),
        is_open=is_open,
        is_undone=kept.state is ImportState.UNDONE,
        headings=_to_map(kept),
        names={heading["title"]: heading["name"] for heading in _to_map(kept) if heading["title"] != heading["name"]},
        columns=OFFERED,
        kinds=PARTNER_KINDS,
        kind_label=kind_labels,
        organisations=all_organisations(db.session) if is_open and kept.preview.get("names") else [],
        done=done,
    )


def _to_map(kept: MatrixImport) -> list[dict[str, str]]:
    """The columns of the file, those that mean nothing to us first."""
    return sorted(kept.preview.get("headings", []), key=lambda heading: heading["title"] != "")


@bp.post("/imports/<int:import_id>")
@defer_write_lock
def confirm(import_id: int) -> ResponseReturnValue:
    """Take in what was ticked, with the answers to conflicts. Doing it twice changes nothing."""
    _rights()
    kept = _get(import_id)
    if kept.state is not ImportState.PREVIEWED:
        flash(_("This file was taken in already; nothing was done again."), "success")
        return redirect(url_for("imports.one", import_id=kept.id))
    if not may_carry_on(kept.person_id, undoes=False):
        refuse(403, _("Who sent the file confirms it."))
    rows = {int(text) for text in request.form.getlist("row") if text.isdecimal() and len(text) < 8}
    shown = {int(text) for text in request.form.getlist("shown") if text.isdecimal() and len(text) < 8}
    every = {row["number"] for row in kept.preview["rows"]}
    doubtful = {row["number"] for row in kept.preview["rows"] if _needs_a_look(row)}
    further = every - shown - doubtful if request.form.get("rest") else set()
    acquire_write_lock()
    if not begin(db.session, kept, rows=rows | further, answers=_answers()):
        db.session.rollback()
    return _carried_on(import_id)


def _carried_on(import_id: int) -> ResponseReturnValue:
    """The page of an import that was begun, once it is done, or when it has gone on for some seconds."""
    person_id, language = current_user.id, viewer_language().code
    db.session.commit()  # nothing of this request's is in the way of the writing
    carry_on(current_app._get_current_object(), import_id, person_id, language)  # type: ignore[attr-defined]
    kept = _get(import_id)
    if under_way(db.session, import_id) is None:
        _flash_done(kept)
    return redirect(url_for("imports.one", import_id=import_id))


def _flash_done(kept: MatrixImport) -> None:
    if kept.state is ImportState.APPLIED:
        words = _(
            "%(added)s added, %(changed)s changed, %(undecided)s left undecided, refused cells in %(refused)s.",
            **kept.result["counts"],
        )
        flash(words, "success")
    elif kept.state is ImportState.UNDONE:
        undone, left = told_of_undo(db.session, kept)
        words = ngettext("%(num)s record is as it was before.", "%(num)s records are as they were before.", undone)
        flash(words, "success")
        if left:
            titles = first_titles(left)
            words = _(
                "Left as they are, because somebody built on them since, or they are not yours any more: %(titles)s",
                titles=titles,
            )
            flash(words, "warning")


@bp.post("/imports/<int:import_id>/go-on")
@defer_write_lock
def go_on_post(import_id: int) -> ResponseReturnValue:
    """Carry on with an import, or with putting it back, that was begun and stopped before its end."""
    _rights()
    kept = _get(import_id)
    run = under_way(db.session, import_id)
    if not may_carry_on(kept.person_id, undoes=run is not None and run.undoes):
        refuse(403, _("Who sent the file confirms it."))
    if run is None:
        flash(_("This file was taken in already; nothing was done again."), "success")
        return redirect(url_for("imports.one", import_id=import_id))
    return _carried_on(import_id)


def _needs_a_look(row: dict[str, Any]) -> bool:
    """Whether a row is only taken in when a person has seen it."""
    return bool(row["alike"] or row.get("is_doubtful") or row["outcome"] in ("in conflict", "to answer"))


def _answers() -> dict[tuple[int, str], str]:
    """The answers to conflicts and questions by row number and field: `answer-ROW-FIELD`. What is no answer is none."""
    answers = {}
    for name, value in request.form.items():
        word, _dash, named = name.partition("-")
        number, _dash, field = named.partition("-")
        is_answer = value in ("mine", "theirs") or (value.isdecimal() and len(value) < 3)
        if word == "answer" and is_answer and number.isdecimal() and len(number) < 8:
            answers[int(number), field] = value
    return answers


# --- Looking again: another sheet, other columns, organisations ---


def _look_again(
    kept: MatrixImport,
    rights: Rights,
    *,
    mapping: dict[str, str] | None,
    sheet: str,
    organisations: dict[str, str],
    keep_open: bool = False,
) -> ResponseReturnValue:
    """The same file compared anew; `keep_open` leaves the former preview to be confirmed too."""
    try:
        with reading():
            assert kept.contents is not None
            again = compared(
                db.session, kept.contents, kept.file_name, rights, mapping, sheet=sheet, organisations=organisations
            )
    except FileNotRead as problem:
        return _page(str(problem), 422)
    if repeated := take_key():
        return repeated
    if not keep_open:
        discard(db.session, kept.id)
    return _kept(again)


@bp.post("/imports/<int:import_id>/columns")
@idempotent()
@defer_write_lock
def columns_post(import_id: int) -> ResponseReturnValue:
    """Say which column of a hand-made matrix is which, and look again."""
    rights, kept = _rights(), _get(import_id)
    mapping = dict(kept.preview.get("mapping", {}))
    for place, heading in enumerate(_to_map(kept)):
        chosen = request.form.get(f"column-{place}", heading["title"])
        mapping[heading["name"]] = chosen if chosen in OFFERED or chosen == heading["title"] else ""
    decided = kept.preview.get("organisations", {})
    return _look_again(kept, rights, mapping=mapping, sheet=kept.preview.get("sheet", ""), organisations=decided)


@bp.post("/imports/<int:import_id>/sheet")
@idempotent()
@defer_write_lock
def sheet_post(import_id: int) -> ResponseReturnValue:
    """Read another sheet of the file: a preview of its own, beside this one."""
    rights, kept = _rights(), _get(import_id)
    wanted = request.form.get("sheet", "")
    if wanted not in [sheet["name"] for sheet in kept.preview.get("sheets", [])]:
        refuse(422, _("The file has no sheet of this name. Choose one on the page of the file."))
    decided = kept.preview.get("organisations", {})
    return _look_again(kept, rights, mapping=None, sheet=wanted, organisations=decided, keep_open=True)


@bp.post("/imports/<int:import_id>/organisations")
@idempotent()
@defer_write_lock
def organisations_post(import_id: int) -> ResponseReturnValue:
    """Say of each unknown name which organisation it means, that it is a new partner, or that it is left out."""
    rights, kept = _rights(), _get(import_id)
    if repeated := take_key():
        return repeated
    told = kept.preview  # read before the commit: what is read after it waits for those who write
    decided, problems = decide(db.session, told.get("names", []), request.form, current_user, today())
    # Until it was looked at again, the form led here: what it said of organisations stands.
    record_redirect(url_for("imports.one", import_id=kept.id))
    db.session.commit()
    for problem in problems:
        flash(problem, "warning")
    return _look_again(
        kept,
        rights,
        mapping=told.get("mapping") or None,
        sheet=told.get("sheet", ""),
        organisations=told.get("organisations", {}) | decided,
    )


@bp.get("/imports/<int:import_id>/answer.xlsx")
def answer(import_id: int) -> ResponseReturnValue:
    """The same file back with refused cells marked and a sheet of what was done."""
    _rights()
    kept = _get(import_id)
    assert kept.contents is not None
    rows, done = results(db.session, kept)
    table = read_table(kept.contents, kept.file_name, kept.preview.get("mapping"), kept.preview.get("sheet", ""))
    body = answer_workbook(kept.contents, kept.file_name, table, rows, done)
    response = Response(body, content_type=XLSX)
    response.headers["Content-Disposition"] = f"attachment; filename=answer-{kept.id}.xlsx"
    return response


@bp.post("/imports/<int:import_id>/undo")
@defer_write_lock
def undo_post(import_id: int) -> ResponseReturnValue:
    """Put back what an import did, where nobody has built on it since; what is being taken in ends where it stands."""
    _rights()
    kept = _get(import_id)
    if kept.state is not ImportState.APPLIED and under_way(db.session, import_id) is None:
        flash(_("There is nothing to take back."), "success")
        return redirect(url_for("imports.one", import_id=kept.id))
    if not may_carry_on(kept.person_id, undoes=True):
        refuse(403, _("Who sent the file takes it back, or a coordinator."))
    acquire_write_lock()
    if not begin_undo(db.session, kept, current_user, utc_now()):
        db.session.rollback()
    return _carried_on(import_id)
