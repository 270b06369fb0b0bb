"""One cell of a file sent back: its value among the facts of a record, its words, and what becomes of it. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_pgettext

from interagency.exports.columns import COUNTRY_CELLS, MATRIX
from interagency.exports.rows.cells import safe_text, unescaped
from interagency.matrix.activities.field_types import Facts, Field
from interagency.matrix.activities.fields import BY_NAME, EDITED
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import CountryRole
from interagency.text.folding import clean
from interagency.text.labelled import Labelled


class State(Labelled):
    """What becomes of a cell."""

    CHANGE = "change", lazy_pgettext("a cell of a file", "change")
    CONFLICT = "conflict", lazy_pgettext("a cell of a file", "conflict")
    REFUSED = "refused", lazy_pgettext("a cell of a file", "refused")
    ASKED = "asked", lazy_pgettext("a cell of a file", "asked")  # it can mean several things: the person says which


class Outcome(Labelled):
    """What becomes of a row."""

    NEW = "new", lazy_pgettext("a row of a file", "new")
    CHANGED = "changed", lazy_pgettext("a row of a file", "changed")
    CONFLICT = "in conflict", lazy_pgettext("a row of a file", "in conflict")
    UNCHANGED = "unchanged", lazy_pgettext("a row of a file", "unchanged")
    REFUSED = "refused", lazy_pgettext("a row of a file", "refused")
    ASKED = "to answer", lazy_pgettext("a row of a file", "to answer")


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
    understood: str = ""  # in words, where that is not what was typed
    clears: bool = False  # it would empty what stands
    # Of a cell that is asked about: values, in words.
    choices: list[tuple[Any, str]] = dataclasses.field(default_factory=list)
    unknown: list[str] = dataclasses.field(default_factory=list)  # names of organisations that nobody is called


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
    is_doubtful: bool = False  # only taken in when a person ticks it

    def has(self, state: State) -> bool:
        return any(cell.state is state for cell in self.cells)

    @property
    def values(self) -> dict[str, Any]:
        """The cells that apply, by field."""
        return {cell.field: cell.value for cell in self.cells if cell.state is State.CHANGE}


class PartnersCell(NamedTuple):
    """What a cell of partners says: their keys, and whether there are more than it names."""

    keys: list[str]
    is_incomplete: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What the cells of one column say of an activity: a field, unless a subclass says otherwise."""

    field: Field

    @property
    def names(self) -> tuple[str, ...]:
        """The facts it covers."""
        return (self.field.name,)

    def of(self, facts: Facts) -> Any:
        """Its value among `facts`, as a cell's reader gives it."""
        return facts[self.field.name]

    def put(self, facts: Facts, value: Any) -> None:
        """Write its value into `facts`."""
        facts[self.field.name] = value

    def says_same(self, one: Any, other: Any) -> bool:
        """Whether two of its values mean the same."""
        return bool(one == other)

    def say(self, value: Any, words: FactLabels) -> str:
        """A value in words."""
        return words.say(self.field.name, value)


class _Partners(Part):
    """Partners, and whether there are more."""

    @property
    def names(self) -> tuple[str, ...]:
        return ("partners", "partners_incomplete")

    def of(self, facts: Facts) -> PartnersCell:
        return PartnersCell(sorted(facts["partners"]), bool(facts["partners_incomplete"]))

    def put(self, facts: Facts, value: PartnersCell) -> None:
        facts["partners"], facts["partners_incomplete"] = sorted(value.keys), value.is_incomplete

    def say(self, value: PartnersCell, words: FactLabels) -> str:
        names = [words.organisations.get(key, key) for key in value.keys]
        return "; ".join([*names, str(_("and others"))] if value.is_incomplete else names) or "—"


class _Roles(Part):
    """What each entity does in it."""

    def of(self, facts: Facts) -> dict[str, str]:
        return dict(facts[self.field.name])


class _Entities(Part):
    """Entities beside the lead, in any order, without those that declined: these stay as they are."""

    def of(self, facts: Facts) -> list[str]:
        return [key for key in facts[self.field.name] if facts["participation"].get(key) != "declined"]

    def put(self, facts: Facts, value: list[str]) -> None:
        declined = [key for key in facts[self.field.name] if facts["participation"].get(key) == "declined"]
        facts[self.field.name] = [*value, *(key for key in declined if key not in value)]

    def says_same(self, one: Any, other: Any) -> bool:
        return sorted(one) == sorted(other)


@dataclass(frozen=True, slots=True)
class _Countries(Part):
    """The countries in one role."""

    role: CountryRole

    def of(self, facts: Facts) -> list[str]:
        return [code for code, role in facts["countries"] if role == self.role]

    def put(self, facts: Facts, value: list[str]) -> None:
        others = [link for link in facts["countries"] if link[1] != self.role]
        facts["countries"] = sorted([*others, *([code, self.role.value] for code in value)])

    def say(self, value: list[str], words: FactLabels) -> str:
        return "; ".join(words.countries.get(code, code) for code in value) or "—"


# By the name that a column, an answer to a conflict and a stored preview have for it.
PARTS: dict[str, Part] = {
    **{field.name: Part(field) for field in EDITED if field.column is not None},
    "partners": _Partners(BY_NAME["partners"]),
    **{name: _Entities(BY_NAME[name]) for name in ("entities", "supporting")},
    **{name: _Countries(BY_NAME["countries"], role) for role, name in COUNTRY_CELLS.items()},
}

# With what is read back from columns that follow from others.
ALL_PARTS: dict[str, Part] = PARTS | {"chapters": Part(BY_NAME["chapters"]), "roles": _Roles(BY_NAME["roles"])}
# What the cells of a column of ours say, by its title. Chapters that follow from recommendations come to nothing.
TAKEN: dict[str, str] = {column.title: column.field for column in MATRIX if column.field} | {
    "Chapters": "chapters",
    "Roles of entities": "roles",
}
# What a person may say that a column of a file is.
OFFERED: tuple[str, ...] = ("ID", "Version", *(column.title for column in MATRIX if column.title in TAKEN))


def merged(facts: Facts, values: Mapping[str, Any]) -> Facts:
    """`facts` with the values of cells put in."""
    result = dict(facts)
    for name, value in values.items():
        ALL_PARTS[name].put(result, value)
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
        text = safe_text(exported)
        # LibreOffice, and we ourselves before, write what looks like an escape as if it were one.
        return " ".join(str(raw).split()) in (" ".join(one.split()) for one in (text, clean(unescaped(text))))
    return str(raw) == str(exported)


def is_blank(value: Any) -> bool:
    """Whether a value says nothing."""
    return value == PartnersCell([], False) if isinstance(value, PartnersCell) else value in (None, "", [], {})


def shown(value: Any) -> str:
    """What a cell holds, as it is told; a dash where it holds nothing."""
    text = "" if value is None else str(value)
    return text if text.strip() else "—"
