"""Taking a compared file in, and taking that back. The comparison is made anew at the moment of writing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.dates import ImpreciseDate
from interagency.exports.incoming.cells import EMPTY, Facts, Outcome, RowResult, State, merged
from interagency.exports.incoming.compare import Comparison, Rights
from interagency.exports.incoming.reading import read_sheets, read_table, table_of
from interagency.exports.models import HeaderMapping, ImportState, MatrixImport
from interagency.history import Action, audit, record_change
from interagency.matrix.activities import record
from interagency.matrix.activities.bulk import without_collector
from interagency.matrix.activities.models import Activity, CountryRole, Level, Qualifier, Scope, Status
from interagency.matrix.activities.queries import everything
from interagency.matrix.activities.record import ActivityDraft, FigureDraft, StaleVersionError
from interagency.matrix.cycles.answers import month_being_updated
from interagency.matrix.framework.models import Country, Recommendation, Region, SdgGoal, SdgTarget
from interagency.matrix.organisations.models import Organisation

KEEP_MINE, KEEP_THEIRS = "mine", "theirs"


class Records:
    """The records that facts name by key, each loaded once."""

    def __init__(self, session: Session) -> None:
        self.organisations = {one.key: one for one in session.scalars(sa.select(Organisation))}
        self.countries = {one.code: one for one in session.scalars(sa.select(Country))}
        self.regions = {one.code: one for one in session.scalars(sa.select(Region))}
        self.recommendations = {one.code: one for one in session.scalars(sa.select(Recommendation))}
        self.goals = {str(one.number): one for one in session.scalars(sa.select(SdgGoal))}
        self.targets = {one.code: one for one in session.scalars(sa.select(SdgTarget))}

    def draft(self, facts: Facts) -> ActivityDraft:
        """A draft that says what `facts` say."""
        return ActivityDraft(
            title=facts["title"],
            status=Status(facts["status"]),
            description=facts["description"],
            lead=self.organisations[facts["lead"]] if facts["lead"] else None,
            entities=[self.organisations[key] for key in facts["entities"]],
            partners=[self.organisations[key] for key in facts["partners"]],
            partners_incomplete=facts["partners_incomplete"],
            level=Level(facts["level"]) if facts["level"] else None,
            scope=Scope(facts["scope"]) if facts["scope"] else None,
            countries=[(self.countries[code], CountryRole(role)) for code, role in facts["countries"]],
            regions=[self.regions[code] for code in facts["regions"]],
            start=ImpreciseDate.from_code(facts["start"]) if facts["start"] else None,
            end=ImpreciseDate.from_code(facts["end"]) if facts["end"] else None,
            recommendations=[self.recommendations[code] for code in facts["recommendations"]],
            chapters=list(facts["chapters"]),
            sdg_goals=[self.goals[code] for code in facts["sdg"] if code in self.goals],
            sdg_targets=[self.targets[code] for code in facts["sdg"] if code in self.targets],
            figures=[FigureDraft(Decimal(number), Qualifier(how), unit) for number, how, unit in facts["figures"]],
            results=facts["results"],
            source=facts["source"],
            link=facts["link"],
            contact=facts["contact"],
            remarks=facts["remarks"],
        )


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
    }


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
) -> dict[str, int]:
    """Do the rows (None: all that need no decision) of a previewed file, in the caller's transaction.

    `answers` says for a conflict by row number and field whether the file's version is kept. What somebody
    saved since the preview is compared again, so nothing is overwritten unseen. Returns how many rows were
    added, changed, left for a decision, and refused.
    """
    assert kept.contents is not None
    mapping = kept.preview.get("mapping", {})
    table = read_table(kept.contents, kept.file_name, mapping)
    found = Comparison(session, table, rights).rows()
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
        if row.has(State.CONFLICT):
            numbers["undecided"] += 1
        if rows is None and row.alike:
            numbers["undecided"] += 1
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
    """Turn answered conflicts into changes, or into nothing."""
    for cell in list(row.cells):
        if cell.state is not State.CONFLICT:
            continue
        answer = answers.get((row.number, cell.field)) or answers.get((row.number, "*")) or answers.get((0, "*"))
        if answer == KEEP_MINE:
            cell.state = State.CHANGE
        elif answer == KEEP_THEIRS:
            row.cells.remove(cell)


def _add(
    session: Session, row: RowResult, records: Records, rights: Rights, month: str | None, kept: MatrixImport
) -> dict[str, Any]:
    made = record.create_activity(
        session,
        records.draft(merged(EMPTY, row.values)),
        by=rights.person,
        mine=rights.mine,
        month=month,
    )
    return {"row": row.number, "id": made.id, "version": made.version, "new": True}


def _change(
    session: Session, row: RowResult, records: Records, rights: Rights, month: str | None, kept: MatrixImport
) -> dict[str, Any] | None:
    activity = session.scalar(sa.select(Activity).where(Activity.id == row.activity_id).options(*everything()))
    if activity is None:
        return None
    before = record.facts(activity)
    after = merged(before, row.values)
    try:
        with session.begin_nested():  # so that the other rows are not lost with this one
            changed = _save(session, activity, records.draft(after), rights, month, f"Import {kept.id}")
    except StaleVersionError:  # saved by somebody else this very moment: the next upload shows it
        return None
    if not changed:
        return None
    stands = record.facts(activity)
    fields = {name: [before[name], stands[name]] for name in stands if stands[name] != before[name]}
    return {"row": row.number, "id": activity.id, "version": activity.version, "new": False, "fields": fields}


def _save(
    session: Session, activity: Activity, draft: ActivityDraft, rights: Rights, month: str | None, reason: str
) -> bool:
    return record.save_activity(
        session,
        activity,
        draft,
        version=activity.version,
        by=rights.person,
        mine=rights.mine,
        month=month,
        reason=reason,
    )


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
            _save(session, activity, records.draft(facts), rights, None, f"Import {kept.id} undone")
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
