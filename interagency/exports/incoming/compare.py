"""Three-way comparison by cell: what was exported, what was sent back, what stands now.

What was exported follows from the row's id and version and the record's history. An untouched cell does nothing,
also when the record moved on; a change that meets no other applies; only true conflicts are asked.
"""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.exports.columns import MATRIX, Column
from interagency.exports.incoming.reading import FileRow, FileTable
from interagency.exports.incoming.values import CellReader
from interagency.exports.picture import ActivityRow
from interagency.exports.workbook import safe_text
from interagency.history import Change, facts_at
from interagency.matrix.activities.bulk import entries
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.words import FactWords
from interagency.matrix.organisations.models import Organisation
from interagency.words import clean, fold

Facts = dict[str, Any]
EDITABLE: dict[str, Column] = {column.title: column for column in MATRIX if column.field}
DERIVED: dict[str, Column] = {
    column.title: column
    for column in MATRIX
    if not column.field and column.title not in ("ID", "Version", "Changed", "Confirmed", "Last changed (UTC)")
}
EMPTY: Facts = {
    "title": "", "description": "", "lead": None, "entities": [], "roles": {}, "participation": {}, "partners": [],
    "partners_incomplete": False, "level": None, "scope": None, "countries": [], "regions": [], "status": "ongoing",
    "start": None, "end": None, "recommendations": [], "chapters": [], "sdg": [], "figures": [], "results": "",
    "source": "", "link": "", "contact": "", "remarks": "", "is_listed": True,
}  # fmt: skip


class State(enum.StrEnum):
    """What becomes of a cell."""

    CHANGE = "change"
    CONFLICT = "conflict"
    REFUSED = "refused"


class Outcome(enum.StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    CONFLICT = "in conflict"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(slots=True)
class CellResult:
    """One cell that was changed in the file."""

    field: str
    title: str
    letter: str
    state: State
    was: str  # in words, as exported
    sent: str  # in words, as sent back
    stands: str = ""  # in words, where somebody else changed it
    reason: str = ""
    value: Any = None


@dataclass(slots=True)
class RowResult:
    """One row of the file and what it would do."""

    number: int
    outcome: Outcome
    title: str
    activity_id: int | None = None
    version: int = 0
    cells: list[CellResult] = field(default_factory=list)
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    alike: list[tuple[int, str]] = field(default_factory=list)

    def has(self, state: State) -> bool:
        return any(cell.state is state for cell in self.cells)

    @property
    def values(self) -> dict[str, Any]:
        """The cells that apply, by field."""
        return {cell.field: cell.value for cell in self.cells if cell.state is State.CHANGE}


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose file it is: a coordinator or the command line may all; others by their entities."""

    person: Person | None
    mine: tuple[Organisation, ...]

    @property
    def may_all(self) -> bool:
        return self.person is None or self.person.is_coordinator

    def reason_against(self, facts: Facts, words: FactWords) -> str:
        """Why this person may not change the record as it stands; empty when they may (rule 10)."""
        if self.may_all:
            return ""
        own = {entity.key for entity in self.mine}
        parts = {facts["lead"], *facts["entities"]} - {None}
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
        self.words = FactWords(session)
        ids = {number for row in table.rows if (number := _whole(row.cells.get("ID"))) is not None}
        self.entries = self._load(ids)
        self.changes = self._histories(
            {(_whole(row.cells.get("ID")), _whole(row.cells.get("Version"))) for row in table.rows}
        )
        self.seen: Counter[int] = Counter(
            number for row in table.rows if (number := _whole(row.cells.get("ID"))) is not None
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
        if all(_whole(row.cells.get("ID")) is not None for row in self.table.rows):
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
        number = _whole(raw)
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
        version = _whole(row.cells.get("Version"))
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
            if _same(raw, exported):
                continue
            cell = CellResult(
                column.field, title, self.table.letters[title], State.CHANGE, _shown(exported), _shown(raw)
            )
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
        if any(_says_same(cell.field, cell.value, part_of(facts, cell.field)) for facts in (base, now)):
            return False
        if against:
            cell.state, cell.reason = State.REFUSED, against
        elif cell.field == "status" and raw == "":
            cell.state, cell.reason = State.REFUSED, "A status cannot be empty."
        elif part_of(base, cell.field) != part_of(now, cell.field):
            cell.state = State.CONFLICT
            cell.stands = self.say(cell.field, part_of(now, cell.field))
            cell.reason = _who(history, cell.field)
        return True

    def _derived(self, row: FileRow, was: ActivityRow, result: RowResult) -> None:
        """Cells that follow from others are told when somebody changed them."""
        for title, column in DERIVED.items():
            if title in row.cells and not _same(row.cells[title], column.value(was)):
                reason = "This column follows from others, such as the recommendations. Change those."
                if title == "Roles of entities":
                    reason = "Each entity says its role in the browser."
                result.cells.append(
                    CellResult(
                        "", title, self.table.letters[title], State.REFUSED,
                        _shown(column.value(was)), _shown(row.cells[title]), reason=reason,
                    )
                )  # fmt: skip

    def _say_dates(self, cell: CellResult) -> None:
        """A date is shown as it was understood, so that 31/12/2026 can be checked before it is taken in."""
        if cell.field in ("start", "end") and cell.value:
            cell.sent = self.say(cell.field, cell.value)

    def say(self, field: str, value: Any) -> str:
        """A value in words."""
        if field.startswith("countries:"):
            return "; ".join(self.words.countries.get(code, code) for code in value) or "—"
        if field == "partners":
            return "; ".join(self.words.organisations.get(key, "and others") for key in value) or "—"
        return self.words.say(field, value)

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
            cell = CellResult(column.field, name, self.table.letters[name], State.CHANGE, "—", _shown(raw))
            try:
                cell.value = self.reader.read(column.field, raw)
                self._say_dates(cell)
            except ValueError as problem:
                cell.state, cell.reason = State.REFUSED, str(problem)
            result.cells.append(cell)
        self._check_new(result)
        return result

    def _check_new(self, result: RowResult) -> None:
        facts = merged(EMPTY, result.values)
        own = [entity.key for entity in self.rights.mine]
        if not self.rights.may_all and not set(own) & {facts["lead"], *facts["entities"]}:
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
                _says_same(name, value, part_of(known["facts"], name)) for name, value in result.values.items()
            ):
                result.outcome, result.activity_id = Outcome.UNCHANGED, number
                result.notes = [f"It stands already as record {number}."]
                result.cells, result.alike = [], []
                return


# --- Values and words ---


def part_of(facts: Facts, field: str) -> Any:
    """The value of a field as a cell's reader gives it."""
    if field.startswith("countries:"):
        role = field.split(":")[1]
        return [code for code, one in facts["countries"] if one == role]
    if field == "partners":
        return sorted(facts["partners"]) + ["…"] * bool(facts["partners_incomplete"])
    if field == "entities":
        return [key for key in facts["entities"] if facts["participation"].get(key) != "declined"]
    return facts[field]


def _says_same(field: str, one: Any, other: Any) -> bool:
    """Whether two values of a field mean the same; the order of entities beside the lead means nothing."""
    return bool(sorted(one) == sorted(other) if field == "entities" else one == other)


def merged(facts: Facts, values: Mapping[str, Any]) -> Facts:
    """`facts` with the values of cells put in."""
    result = dict(facts)
    for name, value in values.items():
        if name.startswith("countries:"):
            role = name.split(":")[1]
            others = [link for link in result["countries"] if link[1] != role]
            result["countries"] = sorted([*others, *([code, role] for code in value)])
        elif name == "partners":
            result["partners"] = sorted(key for key in value if key != "…")
            result["partners_incomplete"] = "…" in value
        elif name == "entities":
            declined = [key for key in result["entities"] if result["participation"].get(key) == "declined"]
            result["entities"] = [*value, *(key for key in declined if key not in value)]
        else:
            result[name] = value
    if result["lead"] in result["entities"]:
        result["entities"] = [key for key in result["entities"] if key != result["lead"]]
    return result


def _whole(raw: Any) -> int | None:
    if isinstance(raw, int):
        return raw
    text = str(raw or "").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _same(raw: Any, exported: Any) -> bool:
    """Whether a cell still says what was exported, up to what programs change on their own."""
    if raw == exported:
        return True
    if exported in (None, ""):
        return bool(raw == "")
    if isinstance(exported, str):
        return " ".join(str(raw).split()) == " ".join(safe_text(exported).split())
    return str(raw) == str(exported)


def _shown(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if text.strip() else "—"


def _who(history: list[Change], field: str) -> str:
    """Who changed a field last, and when."""
    name = {"partners": "partners"}.get(field, field.split(":", maxsplit=1)[0])
    made = [
        change
        for change in history
        if name in change.fields or (name == "partners" and "partners_incomplete" in change.fields)
    ]
    if not made:
        return ""
    last = max(made, key=lambda change: change.id)
    return f"{last.by_name}, {_day(last.at)}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
