"""The rows of a confirmed file: compared as they stand now, and written one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import audit
from interagency.exports.incoming.batches import Standing
from interagency.exports.incoming.cells import Outcome, RowResult, State, merged
from interagency.exports.incoming.compare import Comparison, Rights
from interagency.exports.incoming.mappings import remember
from interagency.exports.incoming.reading import FileTable, read_table
from interagency.exports.incoming.undo import parts_of
from interagency.exports.models import ImportState, MatrixImport
from interagency.matrix.activities import record
from interagency.matrix.activities.drafts import Records, draft_from
from interagency.matrix.activities.fields import empty_facts
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.cycles.answers import month_being_updated

KEEP_MINE, KEEP_THEIRS = "mine", "theirs"
WAITING = (State.CONFLICT.value, State.ASKED.value)


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


def is_chosen(number: int, is_doubtful: bool, rows: Collection[int] | None) -> bool:
    """Whether a row was confirmed; without a person choosing, those that a person ticks are left."""
    return not is_doubtful if rows is None else number in rows


class Taking(Standing[RowResult]):
    """The rows of a confirmed file as they compare now, and how each is written."""

    def __init__(self, session: Session, kept: MatrixImport, rights: Rights, plan: Mapping[str, Any]) -> None:
        assert kept.contents is not None
        super().__init__(session, lambda row: row.activity_id)
        self.kept, self.rights = kept, rights
        self.rows = None if plan["rows"] is None else set(plan["rows"])
        self.answers = {(number, field): answer for number, field, answer in plan["answers"]}
        told = kept.preview
        self.table = read_table(kept.contents, kept.file_name, told.get("mapping", {}), told.get("sheet", ""))
        self.found = self._compared(self.table)
        self.records = Records(session)
        self.month: str | None = None

    def _compared(self, table: FileTable) -> list[RowResult]:
        found = Comparison(self.session, table, self.rights, self.kept.preview.get("organisations")).rows()
        for row in found:
            _decide(row, self.answers)
        return found

    def todo(self, noted: Sequence[Mapping[str, Any]]) -> list[RowResult]:
        """The rows that were confirmed and are not `noted`: what there is to write, and what by now is another."""
        behind = {item["row"]["number"] for item in noted}
        shown = {row["number"]: row for row in self.kept.preview["rows"]}
        chosen = [row for row in self.found if is_chosen(row.number, row.is_doubtful, self.rows)]
        return [
            row
            for row in chosen
            if row.number not in behind
            and (_is_to_write(row) or (row.number in shown and as_json(row) != shown[row.number]))
        ]

    def check(self, rows: Sequence[RowResult]) -> None:
        """See which were saved since, and the month they are confirmed for by now."""
        super().check(rows)
        self.month = month_being_updated(self.session, [entity.id for entity in self.rights.mine])

    def do(self, row: RowResult) -> dict[str, Any]:
        """Write a row; what it said and what was done, for the journal."""
        if row.outcome is Outcome.NEW:
            return {"row": as_json(row), "done": self._add(row)}
        activity = self.standing(row) if row.values else None
        if activity is None:
            return {"row": as_json(row), "done": None}
        if activity.version != row.version:  # saved by somebody since the rows were compared
            (row,) = self._compared(
                replace(self.table, rows=[one for one in self.table.rows if one.number == row.number])
            )
        return {"row": as_json(row), "done": (row.values and self._change(activity, row)) or None}

    def _add(self, row: RowResult) -> dict[str, Any]:
        facts = merged(empty_facts(), row.values)
        made = record.create_activity(
            self.session,
            draft_from(self.records, facts),
            by=self.rights.person,
            mine=self.rights.mine,
            month=self.month,
            roles=facts["roles"],
        )
        return {"row": row.number, "id": made.id, "version": made.version, "new": True}

    def _change(self, activity: Activity, row: RowResult) -> dict[str, Any] | None:
        before, parts = record.facts(activity), parts_of(activity)
        after = merged(before, row.values)
        try:
            with self.session.begin_nested():  # so that the other rows are not lost with this one
                changed = record.save_activity(
                    self.session,
                    activity,
                    draft_from(self.records, after),
                    version=activity.version,
                    by=self.rights.person,
                    mine=self.rights.mine,
                    month=self.month,
                    roles=after["roles"] if "roles" in row.values else None,
                    reason=f"Import {self.kept.id}",
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

    def numbers(self, items: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """How many rows were added, changed, left for a decision and refused, by the journal `items`."""
        rows, done = told(self.kept, items)
        found = {"added": 0, "changed": 0, "undecided": 0, "refused": 0}
        for row in rows:
            states = {cell["state"] for cell in row["cells"]}
            chosen = is_chosen(row["number"], bool(row.get("is_doubtful")), self.rows)
            waits = (self.rows is None and not chosen) or (chosen and not states.isdisjoint(WAITING))
            found["undecided"] += waits
            found["refused"] += row["outcome"] == Outcome.REFUSED.value or State.REFUSED.value in states
        found["added"] = sum(item["new"] for item in done.values())
        found["changed"] = len(done) - found["added"]
        return found

    def finish(self, numbers: dict[str, int], person: Person | None, at: datetime) -> None:
        """Say that the import was taken in; short, for others wait. The caller commits."""
        self.kept.state, self.kept.applied_at = ImportState.APPLIED, at
        self.kept.result = {"counts": numbers}
        if mapping := self.kept.preview.get("mapping"):
            remember(self.session, self.kept.preview["headings"], mapping, person, at)
        audit(self.session, "matrix.imported", by=person, by_name="command line", file=self.kept.checksum, **numbers)


def told(
    kept: MatrixImport, items: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:
    """The rows of a file as its journal `items` tell them, else as they were shown; what was done, by row number.

    Imports of former versions keep all of it with their result.
    """
    noted = {item["row"]["number"]: item["row"] for item in items}
    done = [item["done"] for item in items if item["done"]] or kept.result.get("done", [])
    rows = kept.result.get("rows", kept.preview["rows"])
    return [noted.get(row["number"], row) for row in rows], {item["row"]: item for item in done}


def _is_to_write(row: RowResult) -> bool:
    return row.outcome is Outcome.NEW or bool(row.values)


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
