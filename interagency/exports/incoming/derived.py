"""Columns of a row that follow from others: chapters, joint, first and last days, the month it is confirmed for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from interagency.exports.columns import MATRIX
from interagency.exports.incoming.cells import CellResult, State, is_untouched, shown
from interagency.exports.incoming.marks import Unreadable
from interagency.exports.incoming.reading import FileRow, FileTable
from interagency.exports.incoming.values import CellReader, could_mean
from interagency.exports.snapshot import ActivityRow
from interagency.matrix.activities.facts import entities_taking_part
from interagency.matrix.activities.field_types import Facts
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.framework.models import ROMAN, Section
from interagency.matrix.framework.titles import spoken

_COLUMNS = {column.title: column for column in MATRIX}
CROSSES = {ROMAN[number]: number for number in range(1, 8)}
_WHY = {
    "Joint": _l("This column follows from others: joint where two or more entities take part. Change those."),
    "Begins (first day)": _l("This column follows from others: from Begins. Change that."),
    "Ends (last day)": _l("This column follows from others: from Ends. Change that."),
    "Confirmed": _l("A record is confirmed in the browser, by who signs for an entity."),
}


def chapters_that_follow(facts: Facts, sections: Iterable[Section]) -> set[int]:
    """The chapters that recommendations and section bring (rule 3)."""
    own = {section.chapter_number for section in sections if section.position == facts["section"]}
    return {int(code.partition("(")[0]) for code in facts["recommendations"]} | own


def row_of(
    facts: Facts, words: FactLabels, sections: Iterable[Section], entry: dict[str, Any] | None = None
) -> ActivityRow:
    """The row of an export with these facts, of the record `entry` or a new one: its columns as they would be."""
    blank = {"id": 0, "version": 0, "confirmed": {}}
    derived = {
        "facts": facts,
        "chapters": sorted(chapters_that_follow(facts, sections) | set(facts["chapters"])),
        "joint": len(entities_taking_part(facts)) > 1,
    }
    return ActivityRow((entry or blank) | derived, facts, words, "")


def row_cell(row: ActivityRow | None, title: str) -> Any:
    """What an export says of a row under a title, in the language of the row's words; nothing for no row."""
    if row is None:
        return ""
    if row.words.language == spoken().language:
        return _COLUMNS[title].value(row)
    with force_locale(row.words.language):
        return _COLUMNS[title].value(row)


def told_derived(row: FileRow, was: ActivityRow, table: FileTable) -> list[CellResult]:
    """The cells of `row` that say something else than what follows: refused, with where to say it."""
    found = []
    for title, why in _WHY.items():
        raw, exported = row.cells.get(title, ""), row_cell(was, title)
        is_new = not was.entry["id"]
        if (raw == "" and is_new) or title not in row.cells or _is_same(title, raw, exported):
            continue
        found.append(
            CellResult(
                "", title, table.letters[title], State.REFUSED, shown(exported), shown(raw),
                reason=raw.reason if isinstance(raw, Unreadable) else str(why),
            )
        )  # fmt: skip
    return found


def _is_same(title: str, raw: Any, exported: Any) -> bool:
    if is_untouched(raw, exported):
        return True
    periods = could_mean(raw)
    if title == "Confirmed":  # it moves on without a version: an earlier month is what was exported
        return raw == "" or any(period.code[:7] <= (exported or "") for period in periods)
    return isinstance(exported, date) and any(period.first == exported for period in periods if period.is_exact)


def wanted_chapters(row: FileRow, was: ActivityRow | None, reader: CellReader) -> tuple[set[int], str, str]:
    """The chapters a row asks for, the title of the first cell that was changed ("" for none), and a problem."""
    wanted: set[int] = set(was.entry["chapters"]) if was else set()
    changed, problem = "", ""
    for title in ("Chapters", *CROSSES):
        raw = row.cells.get(title, "")
        if title not in row.cells or is_untouched(raw, row_cell(was, title)):
            continue
        try:
            if title == "Chapters":
                wanted = set(reader.read("chapters", raw))
            elif reader.flag(raw) is not bool(row_cell(was, title)):
                wanted ^= {CROSSES[title]} if reader.flag(raw) is not (CROSSES[title] in wanted) else set()
            else:
                continue
        except ValueError as found:
            problem = problem or f"{title}: {found}"
        changed = changed or title
    return wanted, changed, problem
