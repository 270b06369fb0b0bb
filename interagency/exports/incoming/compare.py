"""Three-way comparison by cell: what was exported, what was sent back, what stands now.

What was exported follows from the row's id and version and the record's history. An untouched cell does nothing,
also when the record moved on; a change that meets no other applies; only true conflicts are asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.history import Change, facts_at
from interagency.exports.columns import MATRIX, Column
from interagency.exports.incoming.cells import (
    ALL_PARTS,
    CellResult,
    Outcome,
    RowResult,
    State,
    is_blank,
    is_untouched,
    merged,
    shown,
    whole,
)
from interagency.exports.incoming.derived import chapters_that_follow, row_cell, row_of, told_derived, wanted_chapters
from interagency.exports.incoming.doubts import mark_doubtful, tell_copies, tell_twins
from interagency.exports.incoming.marks import DecimalCell, Unreadable
from interagency.exports.incoming.reading import FileRow, FileTable
from interagency.exports.incoming.values import CellReader, NeedsChoice, UnknownNames, could_mean
from interagency.exports.snapshot import ActivityRow
from interagency.matrix.activities.facts import named_entities
from interagency.matrix.activities.field_types import Facts, Kind
from interagency.matrix.activities.fields import empty_facts
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.reader import entries
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean, fold
from interagency.text.kept import in_readers_words
from interagency.text.languages import commas

EDITABLE: dict[str, Column] = {column.title: column for column in MATRIX if column.field}


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
            return str(_("It belongs to other entities."))
        if facts["lead"] is None or facts["lead"] in own:
            return ""
        lead = words.organisations.get(facts["lead"], facts["lead"])
        return str(_("Only the lead, %(lead)s, changes this.", lead=lead))


class Comparison:
    """A file against what stands, for one person."""

    def __init__(
        self, session: Session, table: FileTable, rights: Rights, organisations: Mapping[str, str] | None = None
    ) -> None:
        self.session, self.table, self.rights = session, table, rights
        self.reader = CellReader(session, organisations)
        self.words = FactLabels(session)
        self.language = table.language
        with force_locale(self.language):
            self.exported_words = FactLabels(session)  # what the cells of the file said when it was made
        ids = {number for row in table.rows if (number := whole(row.cells.get("ID"))) is not None}
        self.entries = self._load(ids)
        self.changes = self._histories(
            {(whole(row.cells.get("ID")), whole(row.cells.get("Version"))) for row in table.rows}
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
        found = [self._row(row) for row in self.table.rows]
        tell_copies(found, {number: entry["facts"]["title"] for number, entry in self.entries.items()})
        tell_twins(found)
        self.clearing = mark_doubtful(found)
        return found

    def _row(self, row: FileRow) -> RowResult:
        raw = row.cells.get("ID", "")
        title = clean(str(row.cells.get("Title", "")), lines=False)[:300]
        if raw == "":
            return self._new(row, title)
        number = whole(raw)
        result = RowResult(row.number, Outcome.REFUSED, title, number)
        if isinstance(raw, Unreadable):
            result.reason = _("ID: %(reason)s", reason=raw.reason)
            return result
        entry = self.entries.get(number) if number is not None else None
        if entry is None or not entry["facts"]["is_listed"]:
            result.reason = _(
                "There is no record %(raw)s. Leave the ID empty for a new one; never type one.", raw=str(raw)[:20]
            )
            if entry is not None and (merged_into := self.merged.get(entry["id"])):
                result.reason = _(
                    "Record %(number)s was merged into record %(merged_into)s. Export again and change that one.",
                    number=number,
                    merged_into=merged_into,
                )
            return result
        result.title = title or entry["facts"]["title"]
        version = whole(row.cells.get("Version"))
        if version is None or version < 1:
            result.reason = _("The row names a record but no version. Export the matrix again and edit that.")
            return result
        if version > entry["version"]:
            result.reason = _(
                "The row names version %(version)s, but the record has only %(newest)s.",
                version=version,
                newest=entry["version"],
            )
            return result
        result.version = entry["version"]
        self._compare(row, entry, version, result)
        return result

    # --- A record that exists ---

    def _compare(self, row: FileRow, entry: dict[str, Any], version: int, result: RowResult) -> None:
        now: Facts = entry["facts"]
        history = self.changes.get(entry["id"], [])
        base = facts_at(now, history, version)
        was = row_of(base, self.exported_words, self.reader.sections, entry)
        against = self.rights.reason_against(now, self.words)
        for title, column in EDITABLE.items():
            if title not in row.cells:
                continue
            raw, exported = row.cells[title], row_cell(was, title)
            if is_untouched(raw, exported):
                continue
            cell = self._cell(column.field, title, raw, shown(exported))
            if self._judge(cell, raw, base, now, against, history):
                result.cells.append(cell)
        self._roles(row, was, now, history, result)
        self._chapters(row, was, base, now, against, history, result)
        result.cells += told_derived(row, was, self.table)
        result.outcome = _outcome(result)

    def _cell(self, name: str, title: str, raw: Any, was: str = "—") -> CellResult:
        return CellResult(name, title, self.table.letters.get(title, ""), State.CHANGE, was, shown(raw))

    def _judge(self, cell: CellResult, raw: Any, base: Facts, now: Facts, against: str, history: list[Change]) -> bool:
        """Fill in what becomes of a changed cell; False when it comes to nothing."""
        part = ALL_PARTS[cell.field]
        if part.field.kind is Kind.DATE and part.of(base) in [period.code for period in could_mean(raw)]:
            return False  # the day or month that stood there, as a program writes it
        if cell.field == "sdg" and f"{raw}0" in part.of(base) and len(part.of(base)) == 1:
            raw = DecimalCell(raw)
        if not self._read(cell, raw):
            return False
        if cell.state is State.CHANGE and any(part.says_same(cell.value, part.of(facts)) for facts in (base, now)):
            return False
        self._settle(cell, base, now, against, history)
        return True

    def _settle(self, cell: CellResult, base: Facts, now: Facts, against: str, history: list[Change]) -> None:
        """Whether a cell that was read may be taken, and whether somebody else changed the same."""
        part = ALL_PARTS[cell.field]
        if cell.state is State.REFUSED:
            return
        if against:
            cell.state, cell.reason = State.REFUSED, against
        elif part.of(base) != part.of(now):
            cell.stands = part.say(part.of(now), self.words)
            if cell.state is State.CHANGE:
                cell.state, cell.reason = State.CONFLICT, _who(history, part.names)
        cell.clears = cell.state is State.CHANGE and is_blank(cell.value) and not is_blank(part.of(now))

    def _read(self, cell: CellResult, raw: Any) -> bool:
        """Read a cell: its value, its words, or why not; False where the person left out all it names."""
        part = ALL_PARTS[cell.field]
        try:
            cell.value = self.reader.read(cell.field, raw)
        except NeedsChoice as question:
            cell.state, cell.reason = State.ASKED, str(question)
            cell.choices = [(value, part.say(value, self.words)) for value in question.values]
            return True
        except ValueError as problem:
            cell.state, cell.reason = State.REFUSED, str(problem)
            cell.unknown = problem.names if isinstance(problem, UnknownNames) else []
            return True
        if self.reader.left_out and is_blank(cell.value):
            return False
        if part.field.kind not in (Kind.LINE, Kind.TEXT, Kind.ADDRESS):
            words = part.say(cell.value, self.words)
            cell.understood = "" if " ".join(words.split()) == " ".join(cell.sent.split()) else words
        return True

    # --- Chapters and roles ---

    def _chapters(
        self,
        row: FileRow,
        was: ActivityRow | None,
        base: Facts,
        now: Facts,
        against: str,
        history: list[Change],
        result: RowResult,
    ) -> None:
        """Chapters added by hand, from the list of chapters and the crosses under I to VII."""
        wanted, title, problem = wanted_chapters(row, was, self.reader)
        if not title:
            return
        cell = self._cell("chapters", title, row.cells[title], shown(row_cell(was, title)))
        after = merged(now, result.values)
        follow = chapters_that_follow(after, self.reader.sections)
        cell.value = sorted(wanted - follow)
        words = ", ".join(ROMAN[number] for number in sorted(wanted | follow))
        cell.understood = words if words != cell.sent else ""
        if problem:
            cell.state, cell.reason = State.REFUSED, problem
        elif gone := follow & (set(was.entry["chapters"]) if was else set()) - wanted:
            names = commas(ROMAN[number] for number in sorted(gone))
            cell.state = State.REFUSED
            cell.reason = _(
                "Chapter %(names)s follows from the recommendations or the section. Change those.", names=names
            )
        elif cell.value == sorted(set(now["chapters"]) - follow):
            return
        self._settle(cell, base, now, against, history)
        result.cells.append(cell)

    def _roles(self, row: FileRow, was: ActivityRow, now: Facts, history: list[Change], result: RowResult) -> None:
        """What entities do in it: each says its own, coordinators say all (rule 10)."""
        title, base = "Roles of entities", was.facts
        if title not in row.cells or is_untouched(row.cells[title], row_cell(was, title)):
            return
        cell = self._cell("roles", title, row.cells[title], shown(row_cell(was, title)))
        self._read(cell, row.cells[title])
        if cell.state is State.CHANGE:
            part = ALL_PARTS["roles"]
            if part.of(base) == cell.value or part.of(now) == cell.value:
                return
            cell.state, cell.reason = self._may_say_roles(cell.value, base["roles"], merged(now, result.values))
        self._settle(cell, base, now, "", history)
        result.cells.append(cell)

    def _may_say_roles(self, roles: dict[str, str], was: Mapping[str, str], facts: Facts) -> tuple[State, str]:
        changed = {key for key in {*roles, *was} if roles.get(key) != was.get(key)}
        names = self.words.organisations
        if strangers := sorted(names.get(key, key) for key in changed - set(named_entities(facts)) if key in roles):
            return State.REFUSED, _(
                "%(strangers)s takes no part in it. Name the entity first.", strangers=commas(strangers)
            )
        own = {entity.key for entity in self.rights.mine}
        if not self.rights.may_all and (others := sorted(names.get(key, key) for key in changed - own)):
            return State.REFUSED, _(
                "Each entity says its own role; this would change that of %(others)s.", others=commas(others)
            )
        return State.CHANGE, ""

    # --- A new one ---

    def _new(self, row: FileRow, title: str) -> RowResult:
        result = RowResult(row.number, Outcome.NEW, title or str(_("no title")))
        raw_title = row.cells.get("Title", "")
        if not title or isinstance(raw_title, Unreadable):
            result.outcome, result.reason = Outcome.REFUSED, _("A new row needs a title.")
            if isinstance(raw_title, Unreadable):
                result.reason = _("A new row needs a title. %(reason)s", reason=raw_title.reason)
            return result
        for name, column in EDITABLE.items():
            raw = row.cells.get(name, "")
            if raw == "":
                continue
            cell = self._cell(column.field, name, raw)
            if self._read(cell, raw):
                result.cells.append(cell)
        self._check_new(result)
        if result.outcome is not Outcome.NEW:
            return result
        facts = merged(empty_facts(), result.values)
        self._chapters(row, None, empty_facts(), empty_facts(), "", [], result)
        if raw := row.cells.get("Roles of entities", ""):
            cell = self._cell("roles", "Roles of entities", raw)
            self._read(cell, raw)
            if cell.state is State.CHANGE:
                cell.state, cell.reason = self._may_say_roles(cell.value, {}, facts)
            result.cells.append(cell)
        made = row_of(merged(empty_facts(), result.values), self.exported_words, self.reader.sections)
        result.cells += told_derived(row, made, self.table)
        return result

    def _check_new(self, result: RowResult) -> None:
        facts = merged(empty_facts(), result.values)
        own = [entity.key for entity in self.rights.mine]
        if not self.rights.may_all and not set(own) & set(named_entities(facts)):
            if facts["lead"] is None and len(own) == 1:
                result.cells.append(
                    CellResult("lead", "Lead entity", "", State.CHANGE, "—", self.rights.mine[0].short, value=own[0])
                )
                result.notes.append(_("Lead: %(short)s, because the row names none.", short=self.rights.mine[0].short))
                facts["lead"] = own[0]
            else:
                names = commas(entity.short for entity in self.rights.mine)
                result.outcome = Outcome.REFUSED
                result.reason = _(
                    "You speak for %(names)s: a new row names it as lead or among the other entities.", names=names
                )
                return
        if "status" not in result.values:
            result.notes.append(_("Status: ongoing, because the row names none."))
        result.alike = list(self.titles.get(fold(result.title), []))
        for number, _title in result.alike:
            known = self.entries.get(number) or self._load([number]).get(number)
            if known and all(
                ALL_PARTS[name].says_same(value, ALL_PARTS[name].of(known["facts"]))
                for name, value in result.values.items()
            ):
                result.outcome, result.activity_id = Outcome.UNCHANGED, number
                result.notes = [_("It stands already as record %(number)s.", number=number)]
                result.cells, result.alike = [], []
                return


def _outcome(result: RowResult) -> Outcome:
    """What becomes of a row of a record, by its cells."""
    for state, outcome in (
        (State.CONFLICT, Outcome.CONFLICT), (State.CHANGE, Outcome.CHANGED), (State.ASKED, Outcome.ASKED),
    ):  # fmt: skip
        if result.has(state):
            return outcome
    return Outcome.REFUSED if result.cells else Outcome.UNCHANGED


def _who(history: list[Change], names: Collection[str]) -> str:
    """Who changed one of these facts last, and when."""
    made = [change for change in history if any(name in change.fields for name in names)]
    if not made:
        return ""
    last = max(made, key=lambda change: change.id)
    return f"{in_readers_words(last.by_name)}, {ImpreciseDate.day(last.at.date()).words()}"
