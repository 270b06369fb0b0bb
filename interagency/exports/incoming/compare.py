"""Three-way comparison by cell: what was exported, what was sent back, what stands now.

What was exported follows from the row's id and version and the record's history. An untouched cell does nothing,
also when the record moved on; a change that meets no other applies; only true conflicts are asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import Change, facts_at
from interagency.exports.columns import MATRIX, Column
from interagency.exports.incoming.cells import (
    PARTS,
    CellResult,
    Outcome,
    RowResult,
    State,
    is_untouched,
    merged,
    shown,
    whole,
)
from interagency.exports.incoming.reading import FileRow, FileTable
from interagency.exports.incoming.values import CellReader
from interagency.exports.snapshot import ActivityRow
from interagency.matrix.activities.facts import named_entities
from interagency.matrix.activities.field_types import Facts, Kind
from interagency.matrix.activities.fields import empty_facts
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.reader import entries
from interagency.matrix.organisations.models import Organisation
from interagency.text.folding import clean, fold

EDITABLE: dict[str, Column] = {column.title: column for column in MATRIX if column.field}
DERIVED: dict[str, Column] = {
    column.title: column
    for column in MATRIX
    if not column.field and column.title not in ("ID", "Version", "Changed", "Confirmed", "Last changed (UTC)")
}


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose file it is: a coordinator or the command line may all; others by their entities."""

    person: Person | None
    mine: tuple[Organisation, ...]

    @property
    def may_all(self) -> bool:
        return self.person is None or self.person.is_coordinator

    def reason_against(self, facts: Facts, words: FactLabels) -> str:
        """Why this person may not change the record as it stands; empty when they may (rule 10)."""
        if self.may_all:
            return ""
        own = {entity.key for entity in self.mine}
        parts = set(named_entities(facts))
        if not own & parts:
            return "It belongs to other entities."
        if facts["lead"] is None or facts["lead"] in own:
            return ""
        return f"Only the lead, {words.organisations.get(facts['lead'], facts['lead'])}, changes this."


class Comparison:
    """A file against what stands, for one person."""

    def __init__(self, session: Session, table: FileTable, rights: Rights) -> None:
        self.session, self.table, self.rights = session, table, rights
        self.reader = CellReader(session)
        self.words = FactLabels(session)
        ids = {number for row in table.rows if (number := whole(row.cells.get("ID"))) is not None}
        self.entries = self._load(ids)
        self.changes = self._histories(
            {(whole(row.cells.get("ID")), whole(row.cells.get("Version"))) for row in table.rows}
        )
        self.seen: Counter[int] = Counter(
            number for row in table.rows if (number := whole(row.cells.get("ID"))) is not None
        )
        self.titles = self._titles_of_new()
        gone = [number for number, entry in self.entries.items() if not entry["facts"]["is_listed"]]
        query = sa.select(Activity.id, Activity.merged_into_id).where(Activity.id.in_(gone[:1000]))
        self.merged: dict[int, int | None] = dict(session.execute(query).all()) if gone else {}

    def _load(self, ids: Collection[int]) -> dict[int, dict[str, Any]]:
        wanted = sorted(number for number in ids if 0 < number < 2**31)
        found: dict[int, dict[str, Any]] = {}
        for first in range(0, len(wanted), 1000):
            some = wanted[first : first + 1000]
            found |= {entry["id"]: entry for entry in entries(self.session, [Activity.id.in_(some)])}
        return found

    def _histories(self, pairs: Collection[tuple[int | None, int | None]]) -> dict[int, list[Change]]:
        """The changes made since the file was exported, of records that moved on."""
        moved = [
            number for number, version in pairs
            if number in self.entries and version is not None and version < self.entries[number]["version"]
        ]  # fmt: skip
        found: dict[int, list[Change]] = defaultdict(list)
        for first in range(0, len(moved), 1000):
            query = sa.select(Change).where(
                Change.record_type == "activity", Change.record_id.in_(moved[first : first + 1000])
            )
            for change in self.session.scalars(query):
                found[change.record_id].append(change)
        return found

    def _titles_of_new(self) -> dict[str, list[tuple[int, str]]]:
        """Records by folded title, for the rows that name none."""
        if all(whole(row.cells.get("ID")) is not None for row in self.table.rows):
            return {}
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for number, title in self.session.execute(sa.select(Activity.id, Activity.title).where(Activity.is_listed)):
            found[fold(title)].append((number, title))
        return found

    def rows(self) -> list[RowResult]:
        """What each row of the file would do, in its order."""
        return [self._row(row) for row in self.table.rows]

    def _row(self, row: FileRow) -> RowResult:
        raw = row.cells.get("ID", "")
        title = clean(str(row.cells.get("Title", "")), lines=False)[:300]
        if raw == "":
            return self._new(row, title)
        number = whole(raw)
        result = RowResult(row.number, Outcome.REFUSED, title, number)
        entry = self.entries.get(number) if number is not None else None
        if entry is None or not entry["facts"]["is_listed"]:
            result.reason = f"There is no record {str(raw)[:20]}. Leave the ID empty for a new one; never type one."
            if entry is not None and (merged_into := self.merged.get(entry["id"])):
                result.reason = (
                    f"Record {number} was merged into record {merged_into}. Export again and change that one."
                )
            return result
        result.title = title or entry["facts"]["title"]
        if self.seen[entry["id"]] > 1:
            result.reason = f"Record {entry['id']} stands in {self.seen[entry['id']]} rows. Keep one of them."
            return result
        version = whole(row.cells.get("Version"))
        if version is None or version < 1:
            result.reason = "The row names a record but no version. Export the matrix again and edit that."
            return result
        if version > entry["version"]:
            result.reason = f"The row names version {version}, but the record has only {entry['version']}."
            return result
        result.version = entry["version"]
        self._compare(row, entry, version, result)
        return result

    # --- A record that exists ---

    def _compare(self, row: FileRow, entry: dict[str, Any], version: int, result: RowResult) -> None:
        now: Facts = entry["facts"]
        history = self.changes.get(entry["id"], [])
        base = facts_at(now, history, version)
        was = ActivityRow(entry | {"facts": base}, base, self.words, "")
        against = self.rights.reason_against(now, self.words)
        for title, column in EDITABLE.items():
            if title not in row.cells:
                continue
            raw, exported = row.cells[title], column.value(was)
            if is_untouched(raw, exported):
                continue
            cell = CellResult(column.field, title, self.table.letters[title], State.CHANGE, shown(exported), shown(raw))
            if self._judge(cell, raw, base, now, against, history):
                result.cells.append(cell)
        if version == entry["version"]:
            self._derived(row, was, result)
        if result.has(State.CONFLICT):
            result.outcome = Outcome.CONFLICT
        elif result.has(State.CHANGE):
            result.outcome = Outcome.CHANGED
        else:
            result.outcome = Outcome.REFUSED if result.cells else Outcome.UNCHANGED

    def _judge(self, cell: CellResult, raw: Any, base: Facts, now: Facts, against: str, history: list[Change]) -> bool:
        """Fill in what becomes of a changed cell; False when it comes to nothing."""
        try:
            cell.value = self.reader.read(cell.field, raw)
        except ValueError as problem:
            cell.state, cell.reason = State.REFUSED, str(problem)
            return True
        self._say_dates(cell)
        part = PARTS[cell.field]
        if any(part.says_same(cell.value, part.of(facts)) for facts in (base, now)):
            return False
        if against:
            cell.state, cell.reason = State.REFUSED, against
        elif part.of(base) != part.of(now):
            cell.state = State.CONFLICT
            cell.stands = part.say(part.of(now), self.words)
            cell.reason = _who(history, part.names)
        return True

    def _derived(self, row: FileRow, was: ActivityRow, result: RowResult) -> None:
        """Cells that follow from others are told when somebody changed them."""
        for title, column in DERIVED.items():
            if title in row.cells and not is_untouched(row.cells[title], column.value(was)):
                reason = "This column follows from others, such as the recommendations. Change those."
                if title == "Roles of entities":
                    reason = "Each entity says its role in the browser."
                result.cells.append(
                    CellResult(
                        "", title, self.table.letters[title], State.REFUSED,
                        shown(column.value(was)), shown(row.cells[title]), reason=reason,
                    )
                )  # fmt: skip

    def _say_dates(self, cell: CellResult) -> None:
        """A date is shown as it was understood, so that 31/12/2026 can be checked before it is taken in."""
        part = PARTS[cell.field]
        if part.field.kind is Kind.DATE and cell.value:
            cell.sent = part.say(cell.value, self.words)

    # --- A new one ---

    def _new(self, row: FileRow, title: str) -> RowResult:
        result = RowResult(row.number, Outcome.NEW, title or "no title")
        if not title:
            result.outcome, result.reason = Outcome.REFUSED, "A new row needs a title."
            return result
        for name, column in EDITABLE.items():
            raw = row.cells.get(name, "")
            if raw == "":
                continue
            cell = CellResult(column.field, name, self.table.letters[name], State.CHANGE, "—", shown(raw))
            try:
                cell.value = self.reader.read(column.field, raw)
                self._say_dates(cell)
            except ValueError as problem:
                cell.state, cell.reason = State.REFUSED, str(problem)
            result.cells.append(cell)
        self._check_new(result)
        return result

    def _check_new(self, result: RowResult) -> None:
        facts = merged(empty_facts(), result.values)
        own = [entity.key for entity in self.rights.mine]
        if not self.rights.may_all and not set(own) & set(named_entities(facts)):
            if facts["lead"] is None and len(own) == 1:
                result.cells.append(
                    CellResult("lead", "Lead entity", "", State.CHANGE, "—", self.rights.mine[0].short, value=own[0])
                )
                result.notes.append(f"Lead: {self.rights.mine[0].short}, because the row names none.")
                facts["lead"] = own[0]
            else:
                names = ", ".join(entity.short for entity in self.rights.mine)
                result.outcome = Outcome.REFUSED
                result.reason = f"You speak for {names}: a new row names it as lead or among the other entities."
                return
        if "status" not in result.values:
            result.notes.append("Status: ongoing, because the row names none.")
        result.alike = list(self.titles.get(fold(result.title), []))
        for number, _title in result.alike:
            known = self.entries.get(number) or self._load([number]).get(number)
            if known and all(
                PARTS[name].says_same(value, PARTS[name].of(known["facts"])) for name, value in result.values.items()
            ):
                result.outcome, result.activity_id = Outcome.UNCHANGED, number
                result.notes = [f"It stands already as record {number}."]
                result.cells, result.alike = [], []
                return


def _who(history: list[Change], names: Collection[str]) -> str:
    """Who changed one of these facts last, and when."""
    made = [change for change in history if any(name in change.fields for name in names)]
    if not made:
        return ""
    last = max(made, key=lambda change: change.id)
    return f"{last.by_name}, {_day(last.at)}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
