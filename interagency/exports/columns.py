"""The columns of activities and events in workbook, CSV and JSON.

Hand-outs have columns of their own (`exports/external/files`): fewer fields, named one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from interagency.calendar.fields import FIELDS, EventField, Kind
from interagency.dates import ImpreciseDate
from interagency.exports.picture import ActivityRow, EventRow
from interagency.matrix.framework.models import ROMAN

Cell = str | int | float | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: title, value from the row, width in characters, kind of value, whether insiders only.

    `field` names the fact it can be read back into, empty for what is derived. `choices` names the list its
    drop-down offers. `meaning` is its line in the data dictionary, `hxl` its hashtag.
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


def joined(parts: Iterable[str]) -> str:
    """Several values in one cell."""
    return "; ".join(parts)


def _countries(role: str) -> Callable[[ActivityRow], str]:
    return lambda row: joined(row.countries(role))


def _in_chapter(number: int) -> Callable[[ActivityRow], str]:
    return lambda row: "x" if number in row.entry["chapters"] else ""


def _partners(row: ActivityRow) -> str:
    names = [row.short(key) for key in row.facts["partners"]]
    return joined([*names, "and others"] if row.facts["partners_incomplete"] else names)


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


def _others(row: ActivityRow) -> str:
    return joined(row.short(key) for key in row.entities if key != row.facts["lead"])


def _chapters(row: ActivityRow) -> str:
    return ", ".join(ROMAN[number] for number in row.entry["chapters"])


MATRIX: tuple[Column, ...] = (
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
    Column("Title", _text("title"), 48, field="title", hxl="#activity+name", meaning="What the work is called."),
    Column(
        "Lead entity",
        _lead,
        14,
        field="lead",
        choices="entities",
        hxl="#org+lead",
        meaning="The UN entity that leads; empty when not known.",
    ),
    Column(
        "Other UN entities",
        _others,
        20,
        field="entities",
        choices="entities",
        hxl="#org+partner+un",
        meaning="Further UN entities that take part; several by semicolon.",
    ),
    Column(
        "Joint",
        lambda r: "joint" if r.entry["joint"] else "individual",
        10,
        hxl="#activity+joint",
        meaning="joint when two or more UN entities take part.",
    ),
    Column(
        "Partners",
        _partners,
        28,
        field="partners",
        hxl="#org+partner",
        meaning="Other organisations; “and others” when the list is not complete.",
    ),
    Column(
        "Status",
        _text("status"),
        11,
        field="status",
        choices="statuses",
        hxl="#status",
        meaning="planned, ongoing, completed, suspended or cancelled; set by people.",
    ),
    Column(
        "Begins",
        _words("start"),
        16,
        field="start",
        hxl="#date+start+text",
        meaning="When it begins, as exactly as it is known.",
    ),
    Column(
        "Begins (first day)",
        _day("start"),
        12,
        "date",
        hxl="#date+start",
        meaning="For sorting: its first possible day.",
    ),
    Column(
        "Ends", _words("end"), 16, field="end", hxl="#date+end+text", meaning="When it ends, as exactly as it is known."
    ),
    Column(
        "Ends (last day)",
        _day("end", last=True),
        12,
        "date",
        hxl="#date+end",
        meaning="For sorting: its last possible day.",
    ),
    Column(
        "Level",
        _text("level"),
        14,
        field="level",
        choices="levels",
        hxl="#meta+level",
        meaning="Where the work is done from: headquarters, field or both.",
    ),
    Column(
        "Scope",
        _text("scope"),
        13,
        field="scope",
        choices="scopes",
        hxl="#meta+scope",
        meaning="How far it reaches: global, interregional, regional, national.",
    ),
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
    Column(
        "Recommendations",
        lambda r: joined(r.facts["recommendations"]),
        20,
        field="recommendations",
        choices="recommendations",
        hxl="#sector+recommendation",
        meaning="Operational recommendations it answers, such as 1(a); several by semicolon.",
    ),
    Column(
        "Beneficiary countries",
        _countries("beneficiary"),
        28,
        field="countries:beneficiary",
        hxl="#country+beneficiary",
        meaning="Countries that benefit, by UN name.",
    ),
    Column(
        "Host countries",
        _countries("host"),
        18,
        field="countries:host",
        hxl="#country+host",
        meaning="Countries it takes place in.",
    ),
    Column(
        "Partner countries",
        _countries("partner"),
        18,
        field="countries:partner",
        hxl="#country+partner",
        meaning="Governments that co-organise.",
    ),
    Column(
        "Countries it is about",
        _countries("subject"),
        18,
        field="countries:subject",
        hxl="#country+subject",
        meaning="Countries that are its subject.",
    ),
    Column("Regions", _words("regions"), 18, field="regions", hxl="#region+list", meaning="Regions it covers."),
    Column(
        "SDGs",
        lambda r: joined(r.facts["sdg"]),
        12,
        field="sdg",
        hxl="#sector+sdg",
        meaning="Goals and targets of the 2030 Agenda.",
    ),
    Column(
        "Figures",
        _words("figures"),
        28,
        field="figures",
        hxl="#value+list",
        meaning="Numbers with unit and how exact they are; never added up.",
    ),
    Column("Description", _text("description"), 60, field="description", hxl="#description", meaning="What is done."),
    Column("Results", _text("results"), 36, field="results", hxl="#description+results", meaning="What came of it."),
    Column("Roles of entities", _roles, 28, hxl="#description+roles", meaning="What each entity does in it."),
    Column("Source", _text("source"), 22, field="source", hxl="#meta+source", meaning="Where the facts are from."),
    Column("Link", _text("link"), 24, field="link", hxl="#meta+url", meaning="A page about it."),
    Column(
        "Contact", _text("contact"), 20, internal=True, field="contact", hxl="#contact", meaning="For internal eyes."
    ),
    Column(
        "Remarks",
        _text("remarks"),
        28,
        internal=True,
        field="remarks",
        hxl="#meta+remarks",
        meaning="For internal eyes.",
    ),
    Column(
        "Confirmed",
        lambda r: r.confirmed,
        11,
        internal=True,
        hxl="#date+confirmed",
        meaning="The month all its entities confirmed it for; empty when one never did.",
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


# What depends on the occurrence, or is more than its fact: of the event's fields by name.
_OF_OCCURRENCE: dict[str, Callable[[EventRow], Cell]] = {
    "title": lambda row: row.day.title,
    "status": lambda row: "cancelled" if row.day.is_cancelled else row.facts["status"],
    "chapters": lambda row: ", ".join(ROMAN[number] for number in row.entry["chapters"]),
}
# The columns that stand before the others, as people know them.
_FIRST = ("timezone", "title", "kind", "status", "organisers", "participants", "chapters")


def _event_value(field: EventField) -> Callable[[EventRow], Cell]:
    if field.kind is Kind.NUMBER:
        return lambda row: row.facts[field.name]
    return lambda row: field.words(row.facts[field.name], row.words) if row.facts[field.name] else ""


def _event_columns() -> Iterator[Column]:
    """The columns of the fields of an event, as `calendar.fields` describes them."""
    shown = [field for field in FIELDS if field.cell]
    for field in sorted(shown, key=lambda one: _FIRST.index(one.name) if one.name in _FIRST else len(_FIRST)):
        cell = field.cell
        assert cell is not None
        yield Column(
            cell.title, _OF_OCCURRENCE.get(field.name) or _event_value(field), cell.width,
            "number" if field.kind is Kind.NUMBER else "text", hxl=cell.hxl, meaning=cell.meaning,
        )  # fmt: skip


CALENDAR: tuple[Column, ...] = (
    Column("When", lambda r: r.day.when, 26, hxl="#date+text", meaning="Its days, as exactly as they are known."),
    Column("First day", lambda r: r.day.first_day, 12, "date", hxl="#date+start", meaning="For sorting."),
    Column("Last day", lambda r: r.day.last_day, 12, "date", hxl="#date+end", meaning="For sorting."),
    Column("From", lambda r: r.day.begins, 8, hxl="#date+start+time", meaning="Hour it begins, in the event's zone."),
    Column("To", lambda r: r.day.ends, 8, hxl="#date+end+time", meaning="Hour it ends, in the event's zone."),
    *_event_columns(),
)
