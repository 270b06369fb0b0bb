"""Taking a compared file in, and taking that back. The comparison is made anew at the moment of writing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.base import reading
from interagency.db.history import Action, audit, record_change
from interagency.exports.incoming.batches import close, journal, keeping_what_is_read, under_way, work_through
from interagency.exports.incoming.cells import Outcome, State
from interagency.exports.incoming.compare import Comparison, Rights
from interagency.exports.incoming.reading import read_sheets, table_of
from interagency.exports.incoming.taking import Work, as_json, is_chosen, save
from interagency.exports.models import HeaderMapping, ImportRun, ImportState, MatrixImport
from interagency.matrix.activities import record
from interagency.matrix.activities.drafts import Records, draft_from
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import everything
from interagency.matrix.activities.reader import without_collector

# --- Preview ---


def preview(
    session: Session, body: bytes, file_name: str, rights: Rights, mapping: Mapping[str, str] | None = None
) -> MatrixImport:
    """Compare a file with what stands and keep file and result, flushed; no record is touched.

    Without a `mapping`, headers of a hand-made matrix are mapped as they were the last time. Raises FileNotRead
    when the file as a whole cannot be taken.
    """
    with without_collector():
        sheets = read_sheets(body, file_name)
        table = table_of(sheets, mapping or {})
        if mapping is None and (mapping := remembered_mapping(session, table.unknown)):
            table = table_of(sheets, mapping)
        found = [as_json(row) for row in Comparison(session, table, rights).rows()]
        kept = MatrixImport(
            person_id=rights.person.id if rights.person else None,
            file_name=file_name[:200],
            checksum=hashlib.sha256(body).hexdigest(),
            contents=body,
            state=ImportState.PREVIEWED,
            preview={"rows": found, "notes": table.notes, "unknown": table.unknown, "mapping": dict(mapping or {})},
            result={"done": []},
        )
        session.add(kept)
        session.flush()
    return kept


def counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many rows of each outcome, and how many cells were refused."""
    numbers = {outcome.value: sum(row["outcome"] == outcome.value for row in rows) for outcome in Outcome}
    numbers["refused cells"] = sum(cell["state"] == State.REFUSED.value for row in rows for cell in row["cells"])
    return numbers


# --- Taking in ---


def apply(
    session: Session,
    kept: MatrixImport,
    rights: Rights,
    *,
    rows: set[int] | None,
    answers: Mapping[tuple[int, str], str],
    at: datetime,
) -> dict[str, int] | None:
    """Do the rows (None: all that need no decision) of a previewed file, batch by batch, committed.

    `answers` says for a conflict by row number and field whether the file's version is kept. Returns what `go_on` does.
    """
    begin(session, kept, rows=rows, answers=answers)
    return go_on(session, kept, rights, at=at)


def begin(
    session: Session, kept: MatrixImport, *, rows: set[int] | None, answers: Mapping[tuple[int, str], str]
) -> bool:
    """Keep what was confirmed and commit; False where that was done before. No record is touched."""
    session.flush()
    state = session.scalar(sa.select(MatrixImport.state).where(MatrixImport.id == kept.id))
    if state is not ImportState.PREVIEWED or under_way(session, kept.id) is not None:
        return False
    taken = (Outcome.NEW.value, Outcome.CHANGED.value, Outcome.CONFLICT.value)
    chosen = [row for row in kept.preview["rows"] if is_chosen(row["number"], row["alike"], rows)]
    plan = {
        "rows": None if rows is None else sorted(rows),
        "answers": [[number, field, answer] for (number, field), answer in answers.items()],
    }
    session.add(ImportRun(import_id=kept.id, plan=plan, total=sum(row["outcome"] in taken for row in chosen)))
    session.commit()
    return True


def go_on(
    session: Session,
    kept: MatrixImport,
    rights: Rights,
    *,
    at: datetime,
    batches: int | None = None,
    say: Callable[[int], None] = lambda _rows: None,
) -> dict[str, int] | None:
    """Carry on with an import that was begun, at most so many `batches`; the session has nothing unsaved.

    What somebody saved since the preview is compared again, so nothing is overwritten unseen. Returns how many rows
    were added, changed, left for a decision, and refused; None while it is not done, or is carried on elsewhere.
    """
    with keeping_what_is_read(session):
        with reading(), without_collector():
            run = under_way(session, kept.id)
            if run is None:
                return None
            work = Work(session, kept, rights, run.plan)
            before = journal(session, kept.id)
            session.commit()
        behind = {item["row"]["number"] for item in before.items}
        todo = [row for row in work.chosen if row.number not in behind]
        if not work_through(session, kept.id, before.number, todo, work, batches=batches, say=say):
            return None
        return _finish(session, kept, rights.person, at, work)


def stop(session: Session, kept: MatrixImport, person: Person | None, at: datetime) -> None:
    """End an import that is under way where it stands; what it did can be taken back. The caller commits."""
    _keep_result(session, kept, person, at, journal(session, kept.id).items, kept.preview["rows"])


def _finish(
    session: Session, kept: MatrixImport, person: Person | None, at: datetime, work: Work
) -> dict[str, int] | None:
    with reading():  # long for many rows, so that the lock is taken for keeping it only
        items, rows = journal(session, kept.id).items, [as_json(row) for row in work.found]
        session.commit()
    if under_way(session, kept.id) is None:  # ended meanwhile
        session.commit()
        return None
    numbers = _keep_result(session, kept, person, at, items, rows, work.rows)
    _remember(session, kept, person, at)
    session.commit()
    return numbers


def _keep_result(
    session: Session,
    kept: MatrixImport,
    person: Person | None,
    at: datetime,
    items: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    chosen: Collection[int] | None = None,
) -> dict[str, int]:
    """Turn the journal into the result of the import. What stands in it counts, not how `rows` compare by now."""
    noted = {item["row"]["number"]: item["row"] for item in items}
    done = [item["done"] for item in items if item["done"]]
    rows = [noted.get(row["number"], row) for row in rows]
    states = [{cell["state"] for cell in row["cells"]} for row in rows]
    numbers = {
        "added": sum(item["new"] for item in done),
        "changed": sum(not item["new"] for item in done),
        "undecided": sum(
            (chosen is None and bool(row["alike"]))
            or (State.CONFLICT.value in held and is_chosen(row["number"], row["alike"], chosen))
            for row, held in zip(rows, states, strict=True)
        ),
        "refused": sum(
            row["outcome"] == Outcome.REFUSED.value or State.REFUSED.value in held
            for row, held in zip(rows, states, strict=True)
        ),
    }
    kept.state, kept.applied_at = ImportState.APPLIED, at
    kept.result = {"done": done, "counts": numbers, "rows": rows}
    close(session, kept.id)
    audit(session, "matrix.imported", by=person, by_name="command line", file=kept.checksum, **numbers)
    return numbers


def _remember(session: Session, kept: MatrixImport, person: Person | None, at: datetime) -> None:
    """Keep how the headers of a hand-made matrix were mapped."""
    mapping = kept.preview.get("mapping")
    if not mapping:
        return
    key = headers_hash(list(mapping))
    known = session.get(HeaderMapping, key)
    if known is None:
        known = HeaderMapping(headers_hash=key)
        session.add(known)
    known.mapping, known.saved_at = mapping, at
    known.saved_by_id = person.id if person else None


def headers_hash(headers: list[str]) -> str:
    """What one set of headers is known by, in any order."""
    return hashlib.sha256("\n".join(sorted(headers)).encode()).hexdigest()


def remembered_mapping(session: Session, unknown: list[str]) -> dict[str, str]:
    """The mapping kept for these unknown headers, or nothing."""
    known = session.get(HeaderMapping, headers_hash(unknown)) if unknown else None
    return dict(known.mapping) if known else {}


# --- Taking back ---


def undo(session: Session, kept: MatrixImport, rights: Rights, at: datetime) -> tuple[int, list[str]]:
    """Put back what an import did, where nobody has built on it since and the person may change it today.

    The caller commits.

    Returns how many records were put back, and the titles of those that were left.
    """
    records, undone, left = Records(session), 0, []
    for item in reversed(kept.result["done"]):
        activity = session.scalar(sa.select(Activity).where(Activity.id == item["id"]).options(*everything()))
        if activity is None or activity.version != item["version"] or not _may_change(rights, activity):
            left.append(activity.title if activity else f"record {item['id']}")
            continue
        if item["new"]:
            _unlist(session, activity, rights, kept)
        else:
            facts = record.facts(activity) | {name: was for name, (was, _now) in item["fields"].items()}
            save(session, activity, draft_from(records, facts), rights, None, f"Import {kept.id} undone")
        undone += 1
    kept.state, kept.undone_at = ImportState.UNDONE, at
    audit(session, "matrix.import_undone", by=rights.person, by_name="command line", undone=undone, left=len(left))
    return undone, left


def _may_change(rights: Rights, activity: Activity) -> bool:
    """By today's appointments: who sent the file may since have left the entity."""
    return rights.person is None or record.right_to_edit(rights.person, rights.mine, activity) is record.Right.ALL


def _unlist(session: Session, activity: Activity, rights: Rights, kept: MatrixImport) -> None:
    before = record.facts(activity)
    activity.is_listed = False
    session.flush()
    record_change(
        session,
        activity,
        Action.CHANGED,
        before=before,
        after=record.facts(activity),
        by=rights.person,
        reason=f"Import {kept.id} undone",
    )


def imports_of(session: Session, person: Person) -> list[MatrixImport]:
    """The imports a person may look at, newest first: their own, and all for coordinators."""
    query = sa.select(MatrixImport).options(sa.orm.defer(MatrixImport.contents)).order_by(MatrixImport.id.desc())
    if not person.is_coordinator:
        query = query.where(MatrixImport.person_id == person.id)
    return list(session.scalars(query.limit(50)))
