"""Keeping a compared file, and taking it in. The comparison is made anew at the moment of writing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.exports.incoming.cells import Outcome, RowResult, State, merged
from interagency.exports.incoming.compare import Comparison, Rights
from interagency.exports.incoming.headers import Heading
from interagency.exports.incoming.names import unknown_names
from interagency.exports.incoming.opening import read_sheets
from interagency.exports.incoming.reading import read_table, table_of
from interagency.exports.incoming.undo import parts_of
from interagency.exports.models import HeaderMapping, ImportState, MatrixImport
from interagency.matrix.activities import record
from interagency.matrix.activities.drafts import Records, draft_from
from interagency.matrix.activities.fields import empty_facts
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import everything
from interagency.matrix.activities.reader import without_collector
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.cycles.answers import month_being_updated

KEEP_MINE, KEEP_THEIRS = "mine", "theirs"


# --- Preview ---


def preview(
    session: Session,
    body: bytes,
    file_name: str,
    rights: Rights,
    mapping: Mapping[str, str] | None = None,
    *,
    sheet: str = "",
    organisations: Mapping[str, str] | None = None,
) -> MatrixImport:
    """Compare a file with what stands and keep file and result, flushed; no record is touched.

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
        kept = MatrixImport(
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
            result={"done": []},
        )
        session.add(kept)
        session.flush()
    return kept


def as_json(row: RowResult) -> dict[str, Any]:
    """A row's result as plain values, for the page and to be kept."""
    return {
        "number": row.number,
        "outcome": row.outcome.value,
        "title": row.title,
        "activity_id": row.activity_id,
        "version": row.version,
        "cells": [asdict(cell) | {"state": cell.state.value} for cell in row.cells],
        "reason": row.reason,
        "notes": row.notes,
        "alike": [list(pair) for pair in row.alike],
        "is_doubtful": row.is_doubtful,
    }


def counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many rows of each outcome, and how many cells were refused."""
    numbers = {outcome.value: sum(row["outcome"] == outcome.value for row in rows) for outcome in Outcome}
    to_answer = numbers.pop(Outcome.ASKED.value)
    numbers["refused cells"] = sum(cell["state"] == State.REFUSED.value for row in rows for cell in row["cells"])
    return numbers | ({Outcome.ASKED.value: to_answer} if to_answer else {})


# --- Taking in ---


def apply(
    session: Session,
    kept: MatrixImport,
    rights: Rights,
    *,
    rows: set[int] | None,
    answers: Mapping[tuple[int, str], str],
    at: datetime,
) -> dict[str, int]:
    """Do the rows (None: all that need no decision) of a previewed file, in the caller's transaction.

    `answers` says for a conflict by row number and field whether the file's version is kept. What somebody
    saved since the preview is compared again, so nothing is overwritten unseen. Returns how many rows were
    added, changed, left for a decision, and refused.
    """
    assert kept.contents is not None
    told = kept.preview
    table = read_table(kept.contents, kept.file_name, told.get("mapping", {}), told.get("sheet", ""))
    found = Comparison(session, table, rights, told.get("organisations")).rows()
    records = Records(session)
    months = month_being_updated(session, [entity.id for entity in rights.mine])
    done: list[dict[str, Any]] = []
    numbers = {"added": 0, "changed": 0, "undecided": 0, "refused": 0}
    for row in found:
        _decide(row, answers)
        if row.outcome is Outcome.REFUSED or row.has(State.REFUSED):
            numbers["refused"] += 1
        if rows is not None and row.number not in rows:
            continue
        waits = rows is None and row.is_doubtful
        if waits or row.has(State.CONFLICT) or row.has(State.ASKED):
            numbers["undecided"] += 1
        if waits:
            continue
        if row.outcome is Outcome.NEW:
            done.append(_add(session, row, records, rights, months, kept))
            numbers["added"] += 1
        elif row.values and (change := _change(session, row, records, rights, months, kept)):
            done.append(change)
            numbers["changed"] += 1
    kept.state, kept.applied_at = ImportState.APPLIED, at
    kept.result = {"done": done, "counts": numbers, "rows": [as_json(row) for row in found]}
    _remember(session, kept, rights.person, at)
    audit(session, "matrix.imported", by=rights.person, by_name="command line", file=kept.checksum, **numbers)
    return numbers


def _decide(row: RowResult, answers: Mapping[tuple[int, str], str]) -> None:
    """Turn answered conflicts and questions into changes, or into nothing."""
    for cell in list(row.cells):
        answer = answers.get((row.number, cell.field), "")
        if cell.state is State.ASKED and answer.isdecimal() and int(answer) < len(cell.choices):
            cell.value = cell.choices[int(answer)][0]
            cell.state = State.CONFLICT if cell.stands else State.CHANGE
        elif cell.state is State.ASKED and answer == KEEP_THEIRS:
            row.cells.remove(cell)
        elif cell.state is State.CONFLICT:
            answer = answer or answers.get((row.number, "*")) or answers.get((0, "*"), "")
            if answer == KEEP_MINE:
                cell.state = State.CHANGE
            elif answer == KEEP_THEIRS:
                row.cells.remove(cell)


def _add(
    session: Session, row: RowResult, records: Records, rights: Rights, month: str | None, kept: MatrixImport
) -> dict[str, Any]:
    facts = merged(empty_facts(), row.values)
    made = record.create_activity(
        session, draft_from(records, facts), by=rights.person, mine=rights.mine, month=month, roles=facts["roles"]
    )
    return {"row": row.number, "id": made.id, "version": made.version, "new": True}


def _change(
    session: Session, row: RowResult, records: Records, rights: Rights, month: str | None, kept: MatrixImport
) -> dict[str, Any] | None:
    activity = session.scalar(sa.select(Activity).where(Activity.id == row.activity_id).options(*everything()))
    if activity is None:
        return None
    before, parts = record.facts(activity), parts_of(activity)
    after = merged(before, row.values)
    try:
        with session.begin_nested():  # so that the other rows are not lost with this one
            changed = record.save_activity(
                session,
                activity,
                draft_from(records, after),
                version=activity.version,
                by=rights.person,
                mine=rights.mine,
                month=month,
                roles=after["roles"] if "roles" in row.values else None,
                reason=f"Import {kept.id}",
            )
    except StaleVersionError:  # saved by somebody else this very moment: the next upload shows it
        return None
    if not changed:
        return None
    stands = record.facts(activity)
    fields = {name: [before[name], stands[name]] for name in stands if stands[name] != before[name]}
    return {
        "row": row.number,
        "id": activity.id,
        "version": activity.version,
        "new": False,
        "fields": fields,
        "parts": parts,
    }


def _remember(session: Session, kept: MatrixImport, person: Person | None, at: datetime) -> None:
    """Keep how the headers of a hand-made matrix were mapped."""
    mapping = kept.preview.get("mapping")
    if not mapping:
        return
    key = headers_hash(heading["name"] for heading in kept.preview["headings"])
    known = session.get(HeaderMapping, key)
    if known is None:
        known = HeaderMapping(headers_hash=key)
        session.add(known)
    known.mapping, known.saved_at = mapping, at
    known.saved_by_id = person.id if person else None


def headers_hash(headers: Iterable[str]) -> str:
    """What one set of headers is known by, in any order."""
    return hashlib.sha256("\n".join(sorted(headers)).encode()).hexdigest()


def remembered_mapping(session: Session, headings: list[Heading]) -> dict[str, str]:
    """The mapping a person confirmed for a file with these headings, or nothing.

    Mappings were once kept by the unknown headings alone.
    """
    for names in ([one.name for one in headings], [one.name for one in headings if not one.title]):
        if names and (known := session.get(HeaderMapping, headers_hash(names))):
            return dict(known.mapping)
    return {}


def imports_of(session: Session, person: Person) -> list[MatrixImport]:
    """The imports a person may look at, newest first: their own, and all for coordinators."""
    query = sa.select(MatrixImport).options(sa.orm.defer(MatrixImport.contents)).order_by(MatrixImport.id.desc())
    if not person.is_coordinator:
        query = query.where(MatrixImport.person_id == person.id)
    return list(session.scalars(query.limit(50)))
