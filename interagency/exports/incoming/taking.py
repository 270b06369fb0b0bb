"""The rows of a confirmed file: compared as they stand now, and written one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.exports.incoming.cells import Outcome, RowResult, State, merged
from interagency.exports.incoming.compare import Comparison, Rights
from interagency.exports.incoming.reading import FileTable, read_table
from interagency.exports.models import MatrixImport
from interagency.matrix.activities import record
from interagency.matrix.activities.drafts import ActivityDraft, Records, draft_from
from interagency.matrix.activities.fields import empty_facts
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import everything
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.cycles.answers import month_being_updated

KEEP_MINE, KEEP_THEIRS = "mine", "theirs"


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


def is_chosen(number: int, alike: Sequence[Any], rows: Collection[int] | None) -> bool:
    """Whether a row was confirmed; without a person choosing, those with a look-alike are left."""
    return not alike if rows is None else number in rows


class Work:
    """The rows of a confirmed file as they compare now, and how each is written."""

    def __init__(self, session: Session, kept: MatrixImport, rights: Rights, plan: Mapping[str, Any]) -> None:
        assert kept.contents is not None
        self.session, self.kept, self.rights = session, kept, rights
        self.rows = None if plan["rows"] is None else set(plan["rows"])
        self.answers = {(number, field): answer for number, field, answer in plan["answers"]}
        self.table = read_table(kept.contents, kept.file_name, kept.preview.get("mapping", {}))
        self.found = self._compared(self.table)
        self.chosen = [
            row
            for row in self.found
            if is_chosen(row.number, row.alike, self.rows) and (row.outcome is Outcome.NEW or row.values)
        ]
        self.records = Records(session)
        self.activities: dict[int, Activity] = {}
        self.versions: dict[int, int] = {}
        self.month: str | None = None

    def _compared(self, table: FileTable) -> list[RowResult]:
        found = Comparison(self.session, table, self.rights).rows()
        for row in found:
            _decide(row, self.answers)
        return found

    def read(self, rows: Sequence[RowResult]) -> None:
        """Read the activities of these rows as they stand."""
        query = sa.select(Activity).where(Activity.id.in_(_ids(rows))).options(*everything())
        standing = self.session.scalars(query.execution_options(populate_existing=True))
        self.activities = {activity.id: activity for activity in standing}

    def check(self, rows: Sequence[RowResult]) -> None:
        """See which were saved since, and the month they are confirmed for by now."""
        query = sa.select(Activity.id, Activity.version).where(Activity.id.in_(_ids(rows)))
        self.versions = dict(self.session.execute(query).all())
        self.month = month_being_updated(self.session, [entity.id for entity in self.rights.mine])

    def do(self, row: RowResult) -> dict[str, Any]:
        """Write a row; what it said and what was done, for the journal."""
        if row.outcome is Outcome.NEW:
            done = _add(self.session, row, self.records, self.rights, self.month, self.kept)
            return {"row": as_json(row), "done": done}
        activity = self.activities.get(row.activity_id or 0)
        if activity is not None and activity.version != self.versions.get(activity.id):
            others = self.activities
            self.read([row])
            activity, self.activities = self.activities.get(row.activity_id or 0), others
        if activity is None:
            return {"row": as_json(row), "done": None}
        if activity.version != row.version:  # saved by somebody since the rows were compared
            (row,) = self._compared(
                replace(self.table, rows=[one for one in self.table.rows if one.number == row.number])
            )
        change = row.values and _change(self.session, activity, row, self.records, self.rights, self.month, self.kept)
        return {"row": as_json(row), "done": change or None}


def _ids(rows: Sequence[RowResult]) -> list[int]:
    return [row.activity_id for row in rows if row.activity_id is not None]


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
        draft_from(records, merged(empty_facts(), row.values)),
        by=rights.person,
        mine=rights.mine,
        month=month,
    )
    return {"row": row.number, "id": made.id, "version": made.version, "new": True}


def _change(
    session: Session,
    activity: Activity,
    row: RowResult,
    records: Records,
    rights: Rights,
    month: str | None,
    kept: MatrixImport,
) -> dict[str, Any] | None:
    before = record.facts(activity)
    after = merged(before, row.values)
    try:
        with session.begin_nested():  # so that the other rows are not lost with this one
            changed = save(session, activity, draft_from(records, after), rights, month, f"Import {kept.id}")
    except StaleVersionError:  # saved by somebody else this very moment: the next upload shows it
        return None
    if not changed:
        return None
    stands = record.facts(activity)
    fields = {name: [before[name], stands[name]] for name in stands if stands[name] != before[name]}
    return {"row": row.number, "id": activity.id, "version": activity.version, "new": False, "fields": fields}


def save(
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
