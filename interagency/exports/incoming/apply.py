"""Keeping a compared file, taking it in and taking that back. The comparison is made anew at the moment of writing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, defer

from interagency.accounts.models import Person
from interagency.db.base import now, reading
from interagency.db.history import audit
from interagency.exports.incoming.batches import (
    close,
    journal,
    keeping_what_is_read,
    rows_done,
    take_over,
    under_way,
    work_through,
)
from interagency.exports.incoming.cells import Outcome, State
from interagency.exports.incoming.compare import Comparison, Rights
from interagency.exports.incoming.mappings import remembered_mapping
from interagency.exports.incoming.names import unknown_names
from interagency.exports.incoming.opening import read_sheets
from interagency.exports.incoming.reading import table_of
from interagency.exports.incoming.taking import Taking, as_json, is_chosen, told
from interagency.exports.incoming.undo import Undoing
from interagency.exports.models import ImportRun, ImportState, MatrixImport
from interagency.matrix.activities.reader import without_collector

TAKEN = {Outcome.NEW.value, Outcome.CHANGED.value, Outcome.CONFLICT.value, Outcome.ASKED.value}


# --- Preview ---


def compared(
    session: Session,
    body: bytes,
    file_name: str,
    rights: Rights,
    mapping: Mapping[str, str] | None = None,
    *,
    sheet: str = "",
    organisations: Mapping[str, str] | None = None,
) -> MatrixImport:
    """Compare a file with what stands; nothing is written, and the result is kept by who adds it to a session.

    `mapping` says what the headings of a hand-made matrix mean; without one they are read as they were the last time.
    `sheet` names the sheet to read, "" for the best. `organisations` says which key a name means that is in no
    directory, by `name_key`, or "" to leave it out. Raises FileNotRead when the file as a whole cannot be taken.
    """
    with without_collector():
        sheets = read_sheets(body, file_name)
        table = table_of(sheets, mapping or {}, sheet)
        if mapping is None and (mapping := remembered_mapping(session, table.headings)):
            table = table_of(sheets, mapping, sheet)
        comparison = Comparison(session, table, rights, organisations)
        rows = comparison.rows()
        return MatrixImport(
            person_id=rights.person.id if rights.person else None,
            file_name=file_name[:200],
            checksum=hashlib.sha256(body).hexdigest(),
            contents=body,
            state=ImportState.PREVIEWED,
            preview={
                "rows": [as_json(row) for row in rows],
                "notes": table.notes,
                "sheet": table.sheet,
                "sheets": [asdict(one) for one in table.sheets],
                "headings": [asdict(heading) for heading in table.headings],
                "mapping": dict(mapping or {}),
                "clearing": comparison.clearing,
                "names": unknown_names(rows),
                "organisations": dict(organisations or {}),
            },
            result={},
        )


def discard(session: Session, import_id: int) -> None:
    """Note that a preview was looked at again in another way, unless it was confirmed. The caller commits."""
    begun = sa.select(ImportRun.import_id).where(ImportRun.import_id == import_id)
    previewed = sa.update(MatrixImport).where(
        MatrixImport.id == import_id, MatrixImport.state == ImportState.PREVIEWED, ~begun.exists()
    )
    session.execute(previewed.values(state=ImportState.DISCARDED).execution_options(synchronize_session=False))


def counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many rows of each outcome, and how many cells were refused."""
    numbers = {outcome.value: sum(row["outcome"] == outcome.value for row in rows) for outcome in Outcome}
    to_answer = numbers.pop(Outcome.ASKED.value)
    numbers["refused cells"] = sum(cell["state"] == State.REFUSED.value for row in rows for cell in row["cells"])
    return numbers | ({Outcome.ASKED.value: to_answer} if to_answer else {})


def outcome_words() -> dict[str, str]:
    """What the keys of `counts` are called."""
    return {outcome.value: str(outcome.label) for outcome in Outcome} | {"refused cells": str(_("refused cells"))}


# --- Taking in, and back ---


def begin(
    session: Session, kept: MatrixImport, *, rows: set[int] | None, answers: Mapping[tuple[int, str], str]
) -> bool:
    """Keep what was confirmed and commit; False where that was done before. No record is touched."""
    session.flush()
    if _state(session, kept) is not ImportState.PREVIEWED or under_way(session, kept.id) is not None:
        return False
    plan = {
        "rows": None if rows is None else sorted(rows),
        "answers": [[number, field, answer] for (number, field), answer in answers.items()],
    }
    chosen = [row for row in kept.preview["rows"] if is_chosen(row["number"], bool(row.get("is_doubtful")), rows)]
    total = sum(row["outcome"] in TAKEN for row in chosen)
    session.add(ImportRun(import_id=kept.id, undoes=False, plan=plan, total=total))
    session.commit()
    return True


def begin_undo(session: Session, kept: MatrixImport, person: Person | None, at: datetime) -> bool:
    """Keep that an import is to be put back and commit; False where there is nothing to put back, or it is begun.

    One that is under way ends where it stands.
    """
    session.flush()
    run = under_way(session, kept.id)
    if run is not None and not run.undoes:
        take_over(session, (kept.id, False))
        close(session, (kept.id, False), at)
        kept.state, kept.applied_at = ImportState.APPLIED, at
        number = rows_done(session, (kept.id, False))
        audit(session, "matrix.imported", by=person, by_name="command line", file=kept.checksum, stopped_after=number)
    elif run is not None or _state(session, kept) is not ImportState.APPLIED:
        return False
    total = rows_done(session, (kept.id, False)) or len(kept.result.get("done", []))
    session.add(ImportRun(import_id=kept.id, undoes=True, plan={}, total=total))
    session.commit()
    return True


def _state(session: Session, kept: MatrixImport) -> ImportState | None:
    """As it stands in the database, held until the end of the transaction."""
    return session.scalar(sa.select(MatrixImport.state).where(MatrixImport.id == kept.id).with_for_update())


def go_on(
    session: Session,
    kept: MatrixImport,
    rights: Rights,
    *,
    at: datetime,
    batches: int | None = None,
    say: Callable[[int], None] = lambda _rows: None,
) -> dict[str, int] | None:
    """Carry on with what was begun, at most so many `batches`; the session has nothing unsaved.

    What somebody saved since the preview is compared again, so nothing is overwritten unseen. Returns how many rows
    were added, changed, left for a decision and refused, or how many records were put back and left; None while it is
    not done, or is carried on elsewhere.
    """
    with keeping_what_is_read(session):
        with reading(), without_collector():
            run = under_way(session, kept.id)
            if run is None:
                session.commit()
                return None
            key = (kept.id, run.undoes)
            work: Taking | Undoing
            if run.undoes:
                work = Undoing(session, kept, rights, list(results(session, kept)[1].values()))
            else:
                work = Taking(session, kept, rights, run.plan)
            before = journal(session, key)
            todo: Sequence[Any] = work.todo(before.items)
            session.commit()
        if not work_through(session, key, before.number, todo, work, batches=batches, say=say):
            return None
        with reading():  # long for many rows, so that the lock is taken for a moment only
            numbers = work.numbers(journal(session, key).items)
            session.commit()
        if not take_over(session, key):  # ended meanwhile
            session.commit()
            return None
        work.finish(numbers, rights.person, at)
        close(session, key, now())
        session.commit()
        return numbers


# --- Looking at them ---


def results(session: Session, kept: MatrixImport) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:
    """The rows of an import as they were shown or, where they were taken in, as they were then; what was done to
    them, by row number."""
    return told(kept, journal(session, (kept.id, False)).items)


def told_of_undo(session: Session, kept: MatrixImport) -> tuple[int, list[str]]:
    """How many records were put back, and the titles of those that were left."""
    items = journal(session, (kept.id, True)).items
    left = [item["title"] for item in items if not item["undone"]]
    return len(items) - len(left), left


def imports_of(session: Session, person: Person) -> list[MatrixImport]:
    """The imports a person may look at, newest first: their own, and all for coordinators."""
    query = sa.select(MatrixImport).options(defer(MatrixImport.contents), defer(MatrixImport.preview))
    if not person.is_coordinator:
        query = query.where(MatrixImport.person_id == person.id)
    return list(session.scalars(query.order_by(MatrixImport.id.desc()).limit(50)))
