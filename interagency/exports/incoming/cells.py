"""One cell of a file sent back: its value among the facts of a record, its words, and what becomes of it. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from interagency.exports.workbook import safe_text

Facts = dict[str, Any]
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


def says_same(field: str, one: Any, other: Any) -> bool:
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


def whole(raw: Any) -> int | None:
    """The whole number of a cell, or None."""
    if isinstance(raw, int):
        return raw
    text = str(raw or "").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


def is_untouched(raw: Any, exported: Any) -> bool:
    """Whether a cell still says what was exported, up to what programs change on their own."""
    if raw == exported:
        return True
    if exported in (None, ""):
        return bool(raw == "")
    if isinstance(exported, str):
        return " ".join(str(raw).split()) == " ".join(safe_text(exported).split())
    return str(raw) == str(exported)


def shown(value: Any) -> str:
    """What a cell holds, as it is told; a dash where it holds nothing."""
    text = "" if value is None else str(value)
    return text if text.strip() else "—"
