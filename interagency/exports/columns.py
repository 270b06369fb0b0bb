"""The columns of activities in workbook, CSV and JSON.

Hand-outs have columns of their own (`exports/external/files`): fewer fields, named one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from interagency.exports.snapshot import ActivityRow
from interagency.matrix.activities.field_types import Field, Kind, Seen
from interagency.matrix.activities.fields import BY_NAME, COUNTRIES_BY_ROLE, FIELDS
from interagency.matrix.activities.models import CountryRole
from interagency.matrix.framework.file_words import in_words
from interagency.matrix.framework.models import ROMAN
from interagency.text.dates import ImpreciseDate

Cell = str | int | float | date | None
# What the cells of one role of a country are known by.
COUNTRY_CELLS = {role: f"countries:{role.value}" for role in CountryRole}
PLAIN_TEXT = frozenset({Kind.LINE, Kind.TEXT, Kind.ADDRESS})


@dataclass(frozen=True, slots=True)
class Column:
    """A column: title, value from the row, width in characters, kind of value, whether insiders only.

    `field` names what it can be read back into (`incoming.cells.PARTS`), empty for what is derived. `choices` names
    the list its drop-down offers. `meaning` is its line in the data dictionary, `hxl` its hashtag.
    """

    title: str
    value: Callable[[Any], Cell]
    width: int = 16
    kind: str = "text"  # text, number, date
    internal: bool = False
    field: str = ""
    choices: str = ""
    hxl: str = ""
    meaning: str = ""

    @property
    def heading(self) -> str:
        """Its title in the language of the file; `title` names the column in every language."""
        return in_words(self.title)


def joined(parts: Iterable[str]) -> str:
    """Several values in one cell."""
    return "; ".join(parts)


def _column(field: Field, value: Callable[[Any], Cell]) -> Column:
    """The column that a field is read back from."""
    described = field.column
    assert described is not None, field.name
    return Column(
        described.title, value, described.width, internal=field.seen is Seen.NEVER_LEAVES, field=field.name,
        choices=field.list_name, hxl=described.hxl, meaning=described.meaning,
    )  # fmt: skip


def _countries() -> tuple[Column, ...]:
    return tuple(
        Column(
            one.column.title, _in_role(one.role.value), one.column.width, field=COUNTRY_CELLS[one.role],
            hxl=one.column.hxl, meaning=one.column.meaning,
        )
        for one in COUNTRIES_BY_ROLE
    )  # fmt: skip


def _in_role(role: str) -> Callable[[ActivityRow], str]:
    return lambda row: joined(row.countries(role))


def _in_chapter(number: int) -> Callable[[ActivityRow], str]:
    return lambda row: "x" if number in row.entry["chapters"] else ""


def _partners(row: ActivityRow) -> str:
    names = [row.short(key) for key in row.facts["partners"]]
    return joined([*names, in_words("and others")] if row.facts["partners_incomplete"] else names)


def _roles(row: ActivityRow) -> str:
    return joined(f"{row.short(key)}: {text}" for key, text in row.facts["roles"].items() if key in row.entities)


def _words(name: str) -> Callable[[ActivityRow], str]:
    return lambda row: row.words.say(name, row.facts[name]) if row.facts[name] else ""


def _text(name: str) -> Callable[[ActivityRow], str]:
    return lambda row: row.facts[name] or ""


def _day(name: str, *, last: bool = False) -> Callable[[ActivityRow], date | None]:
    def value(row: ActivityRow) -> date | None:
        code = row.facts[name]
        if not code:
            return None
        found = ImpreciseDate.from_code(code)
        return found.last if last else found.first

    return value


def _lead(row: ActivityRow) -> str:
    return row.short(row.facts["lead"]) if row.facts["lead"] else ""


def _taking_part(name: str) -> Callable[[ActivityRow], str]:
    """The entities of a fact, without those that declined."""
    return lambda row: joined(
        row.short(key) for key in row.facts[name] if row.facts["participation"].get(key) != "declined"
    )


def _chapters(row: ActivityRow) -> str:
    return ", ".join(ROMAN[number] for number in row.entry["chapters"])


# How the cells of what hangs on an activity are written; those of its own columns follow from the kind.
_VALUES: dict[str, Callable[[ActivityRow], Cell]] = {
    "lead": _lead,
    "entities": _taking_part("entities"),
    "supporting": _taking_part("supporting"),
    "partners": _partners,
    "recommendations": lambda row: joined(row.facts["recommendations"]),
    "sdg": lambda row: joined(row.facts["sdg"]),
    "regions": _words("regions"),
    "figures": _words("figures"),
    "documents": _words("documents"),
    "country_statuses": _words("country_statuses"),
}


def _of(name: str) -> Column:
    """The column of a described field."""
    field = BY_NAME[name]
    if not field.is_column:
        return _column(field, _VALUES[name])
    return _column(field, _text(name) if field.kind in PLAIN_TEXT else _words(name))


_FIRST: tuple[Column, ...] = (
    Column("ID", lambda r: r.entry["id"], 7, "number", True, hxl="#activity+id", meaning="Number of the record."),
    Column(
        "Version",
        lambda r: r.entry["version"],
        8,
        "number",
        True,
        hxl="#meta+version",
        meaning="How often the record was saved; lets an upload see what changed meanwhile.",
    ),
    Column(
        "Changed",
        lambda r: r.became,
        16,
        internal=True,
        hxl="#status+changed",
        meaning="What became of it since the last edition: new, changed (which fields), ended, unchanged.",
    ),
    *map(_of, ("title", "lead", "entities")),
    Column(
        "Joint",
        lambda r: in_words("joint" if r.entry["joint"] else "individual"),
        10,
        hxl="#activity+joint",
        meaning="joint when two or more UN entities take part.",
    ),
    *map(_of, ("partners", "status", "start")),
    Column(
        "Begins (first day)",
        _day("start"),
        12,
        "date",
        hxl="#date+start",
        meaning="For sorting: its first possible day.",
    ),
    _of("end"),
    Column(
        "Ends (last day)",
        _day("end", last=True),
        12,
        "date",
        hxl="#date+end",
        meaning="For sorting: its last possible day.",
    ),
    *map(_of, ("level", "scope")),
    *(
        Column(
            ROMAN[number],
            _in_chapter(number),
            4,
            hxl=f"#sector+chapter{number}",
            meaning=f"x when it stands under chapter {ROMAN[number]}.",
        )
        for number in range(1, 8)
    ),
    Column("Chapters", _chapters, 11, hxl="#sector+list", meaning="All chapters it stands under."),
    _of("recommendations"),
    *_countries(),
    *map(_of, ("regions", "sdg", "figures", "description", "results")),
    Column("Roles of entities", _roles, 28, hxl="#description+roles", meaning="What each entity does in it."),
    *map(_of, ("source", "link", "contact", "remarks")),
)
_LAST: tuple[Column, ...] = (
    Column(
        "Confirmed",
        lambda r: r.confirmed,
        11,
        internal=True,
        hxl="#date+confirmed",
        meaning="The month all its entities confirmed it for; empty when one never did.",
    ),
    Column(
        "Good practice",
        _words("practice"),
        12,
        internal=True,
        hxl="#status+practice",
        meaning="proposed by one of its entities, or confirmed by its lead or a coordinator.",
    ),
    Column(
        "Light",
        lambda r: r.light,
        11,
        internal=True,
        hxl="#status+light",
        meaning="in step; stale when not confirmed for three months; to look at when its end has passed or it should "
        "have begun.",
    ),
    Column(
        "Last changed (UTC)",
        lambda r: date.fromisoformat(r.entry["updated"][:10]),
        12,
        "date",
        True,
        hxl="#date+updated",
        meaning="The day the record was last saved.",
    ),
)
_PLACED = {column.field for column in _FIRST}
# A field that is given no place above has its column after the others, so that those that people know do not move.
_FURTHER = tuple(_of(field.name) for field in FIELDS if field.column is not None and field.name not in _PLACED)
MATRIX: tuple[Column, ...] = (*_FIRST, *_FURTHER, *_LAST)
