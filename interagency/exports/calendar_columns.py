"""The columns of events in workbook, CSV and JSON: one row is one occurrence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from interagency.calendar.events.fields import FIELD, FIELDS, EventField, Kind
from interagency.exports.columns import Cell, Column
from interagency.exports.snapshot import EventRow
from interagency.matrix.framework.models import ROMAN


def _chapters(row: EventRow) -> list[int]:
    """Those of its days; in editions that do not keep them, of the event as a whole and of these days."""
    if row.day.chapters is not None:
        return list(row.day.chapters)
    days = {
        chapter
        for *_when, days in row.facts.get("segments") or []
        for day, chapter, _note in days
        if chapter and row.day.first <= day <= row.day.last
    }
    return sorted({*row.facts["chapters"], *days})


# What depends on the occurrence, or is more than its fact: of the event's fields by name.
_OF_OCCURRENCE: dict[str, Callable[[EventRow], Cell]] = {
    "title": lambda row: row.day.title,
    "status": lambda row: FIELD["status"].words(
        "cancelled" if row.day.is_cancelled else row.day.status or row.facts["status"], row.words
    ),
    "venue": lambda row: row.day.venue or row.facts["venue"],
    "city": lambda row: "" if row.day.venue else row.facts["city"],
    "country": lambda row: "" if row.day.venue else event_value(FIELD["country"])(row),
    "description": lambda row: row.day.description or row.facts["description"],
    "chapters": lambda row: ", ".join(ROMAN[number] for number in _chapters(row)),
}
# The columns that stand before the others, as people know them.
_FIRST = ("timezone", "title", "kind", "status", "organisers", "participants", "chapters")


def event_value(field: EventField) -> Callable[[EventRow], Cell]:
    """What the event as a whole says in `field`."""
    if field.kind is Kind.NUMBER:
        return lambda row: row.facts[field.name]
    return lambda row: field.words(row.facts[field.name], row.words) if row.facts[field.name] else ""


def _event_columns() -> Iterator[tuple[str, Column]]:
    """The columns of the fields of an event, as `calendar.fields` describes them, by the name of the field."""
    shown = [field for field in FIELDS if field.cell]
    for field in sorted(shown, key=lambda one: _FIRST.index(one.name) if one.name in _FIRST else len(_FIRST)):
        cell = field.cell
        assert cell is not None
        yield field.name, Column(
            cell.title, _OF_OCCURRENCE.get(field.name) or event_value(field), cell.width,
            "number" if field.kind is Kind.NUMBER else "text", hxl=cell.hxl, meaning=cell.meaning,
        )  # fmt: skip


CALENDAR_FIELDS: dict[str, Column] = dict(_event_columns())
CALENDAR: tuple[Column, ...] = (
    Column("When", lambda r: r.day.when, 26, hxl="#date+text", meaning="Its days, as exactly as they are known."),
    Column("First day", lambda r: r.day.first_day, 12, "date", hxl="#date+start", meaning="For sorting."),
    Column("Last day", lambda r: r.day.last_day, 12, "date", hxl="#date+end", meaning="For sorting."),
    Column("From", lambda r: r.day.begins, 8, hxl="#date+start+time", meaning="Hour it begins, in the event's zone."),
    Column("To", lambda r: r.day.ends, 8, hxl="#date+end+time", meaning="Hour it ends, in the event's zone."),
    *CALENDAR_FIELDS.values(),
)
