"""The tables and their columns. What a cell says, the workbook's column says: names differ, values do not.

A name that stands here stays: sheets and reports of other people refer to it. A column that comes later comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from interagency.calendar.events.fields import FIELD as EVENT_FIELD
from interagency.exports.calendar_columns import CALENDAR_FIELDS, event_value
from interagency.exports.columns import COUNTRY_CELLS, MATRIX, Cell, Column, joined
from interagency.exports.snapshot import ActivityRow, EventRow
from interagency.exports.tables.sources import Source
from interagency.matrix.activities.drafts import figure_draft
from interagency.matrix.activities.field_types import Kind, Seen
from interagency.matrix.activities.fields import BY_NAME
from interagency.matrix.activities.figure_parts import dates_of_period
from interagency.matrix.framework.models import ROMAN
from interagency.text.dates import ImpreciseDate, Precision

# Columns of the workbook that are no field, by their heading.
_DERIVED = {
    "ID": "id",
    "Version": "version",
    "Joint": "joint",
    "Begins (first day)": "start",
    "Ends (last day)": "end",
    "Chapters": "chapters",
    "Roles of entities": "roles",
    "Confirmed": "confirmed",
    "Last changed (UTC)": "updated",
}
_COUNTRIES = {cell: f"{role.value}_countries" for role, cell in COUNTRY_CELLS.items()}
# What an address opens may be passed on with a report, so what is for internal eyes is in no table (rule 22).
_WITHHELD = frozenset(name for name, field in BY_NAME.items() if field.seen is Seen.NEVER_LEAVES)
RowMaker = Callable[[Source], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its name in addresses, what a row is, its columns, and the rows of a source."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    rows: RowMaker


def _item(name: str, meaning: str, kind: str = "text") -> Column:
    """A column of rows that are dictionaries by the names of the columns."""
    return Column(name, lambda row: row[name], kind=kind, meaning=meaning)


def precision_of(first: date, last: date) -> str:
    """How exactly a date is known that lies from `first` to `last`: `day`, `month` …, or `period`."""
    for precision in Precision:
        try:
            ImpreciseDate(precision, first, last)
        except ValueError:
            continue
        return precision.value
    return "period"


def _precision(field: str) -> Callable[[ActivityRow], str]:
    def value(row: ActivityRow) -> str:
        code = row.facts[field]
        return ImpreciseDate.from_code(code).precision.value if code else ""

    return value


def _name_of(column: Column) -> str | None:
    """The name a column of the matrix has in tables; None where it is left out."""
    if column.field in _WITHHELD:
        return None
    if not column.field:
        return _DERIVED.get(column.title)
    name = _COUNTRIES.get(column.field, column.field)
    return f"{name}_text" if name in BY_NAME and BY_NAME[name].kind is Kind.DATE else name


def _activity_columns() -> Iterator[Column]:
    for column in MATRIX:
        if (name := _name_of(column)) is None:
            continue
        yield Column(name, column.value, kind=column.kind, hxl=column.hxl, meaning=column.meaning)
        if name in ("start", "end"):
            words = "How exactly that is known: day, month, quarter, half-year, year, early, mid or late in a year."
            yield Column(f"{name}_precision", _precision(name), meaning=words)


ACTIVITIES = Table(
    "activities", "One row is one activity.", tuple(_activity_columns()), lambda source: source.activity_rows()
)


def _each_activity(make: Callable[[Source, ActivityRow], Iterable[dict[str, Cell]]]) -> RowMaker:
    def rows(source: Source) -> Iterator[dict[str, Cell]]:
        for row in source.activity_rows():
            for one in make(source, row):
                yield {"activity_id": row.entry["id"], **one}

    return rows


_ID = _item("activity_id", "Number of the activity.", "number")


def _recommendations(source: Source, row: ActivityRow) -> Iterator[dict[str, Cell]]:
    for code in row.facts["recommendations"]:
        known = source.names["recommendations"][code]
        chapter = known["chapter"]
        title = known["title"]
        yield {"recommendation": code, "chapter": chapter, "chapter_numeral": ROMAN[chapter], "title": title}


def _countries(source: Source, row: ActivityRow) -> Iterator[dict[str, Cell]]:
    there = dict(row.facts["country_statuses"])
    for code, role in row.facts["countries"]:
        name, status = source.words.countries.get(code, code), there.get(code, row.facts["status"])
        yield {"country": code, "country_name": name, "role": role, "status": status}


def _entities(_source: Source, row: ActivityRow) -> Iterator[dict[str, Cell]]:
    facts = row.facts
    parts = [(key, "leads") for key in [facts["lead"]] if key]
    parts += [(key, "takes part") for key in facts["entities"]] + [(key, "supports") for key in facts["supporting"]]
    for key, part in parts:
        yield {
            "entity": key,
            "entity_name": row.short(key),
            "part": part,
            "participation": facts["participation"].get(key, "confirmed"),
            "role": facts["roles"].get(key, ""),
            "confirmed": row.entry["confirmed"].get(key, ""),
        }


def number_of(text: str) -> int | float:
    """A figure's number as programs take it."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _figures(_source: Source, row: ActivityRow) -> Iterator[dict[str, Cell]]:
    for fact in row.facts["figures"]:
        figure = figure_draft(fact)
        known = ImpreciseDate.from_code(figure.as_of) if figure.as_of else None
        due = ImpreciseDate.from_code(figure.due) if figure.due else None
        period = dates_of_period(figure.period)
        yield {
            "number": number_of(fact[0]),
            "qualifier": figure.qualifier.value,
            "unit": figure.unit,
            "as_of": known.first if known else None,
            "as_of_precision": known.precision.value if known else "",
            "source": figure.source,
            "kind": figure.kind.value,
            "due": due.last if due else None,
            "due_precision": due.precision.value if due else "",
            "period_first": period[0].first if period else None,
            "period_last": period[1].last if period else None,
            "entity": figure.entity,
            "evidence": figure.evidence,
        }


RECOMMENDATIONS = Table(
    "activity_recommendations",
    "One row is one recommendation that an activity answers.",
    (
        _ID,
        _item("recommendation", "Code of the recommendation, such as 1(a)."),
        _item("chapter", "Chapter of the outcome document, 1 to 7.", "number"),
        _item("chapter_numeral", "The same as the document numbers it, I to VII."),
        _item("title", "What the recommendation is about."),
    ),
    _each_activity(_recommendations),
)
COUNTRIES = Table(
    "activity_countries",
    "One row is one country of an activity in one role.",
    (
        _ID,
        _item("country", "Code of ISO 3166."),
        _item("country_name", "Name as the United Nations writes it."),
        _item("role", "beneficiary, host, partner or subject."),
        _item("status", "Status in this country; that of the activity where none is said."),
    ),
    _each_activity(_countries),
)
ENTITIES = Table(
    "activity_entities",
    "One row is one UN entity of an activity.",
    (
        _ID,
        _item("entity", "Key of the entity."),
        _item("entity_name", "Its acronym."),
        _item("part", "leads, takes part or supports."),
        _item("participation", "confirmed, awaited or declined: what the entity said to taking part."),
        _item("role", "What it does in it, in its own words."),
        _item("confirmed", "The month it last confirmed the record for."),
    ),
    _each_activity(_entities),
)
FIGURES = Table(
    "activity_figures",
    "One row is one figure of an activity. Figures of two activities are never added up.",
    (
        _ID,
        _item("number", "The number.", "number"),
        _item("qualifier", "exactly, about, more than or estimated."),
        _item("unit", "What it counts."),
        _item("as_of", "First day of when it was counted.", "date"),
        _item("as_of_precision", "How exactly that is known."),
        _item("source", "Where it is from."),
        _item("kind", "figure, target or achieved."),
        _item("due", "Last day by which a target is to be reached.", "date"),
        _item("due_precision", "How exactly that is known."),
        _item("period_first", "First day of the period it counts for.", "date"),
        _item("period_last", "Last day of that period.", "date"),
        _item("entity", "Key of the UN entity that set or counted it."),
        _item("evidence", "Address of the evidence."),
    ),
    _each_activity(_figures),
)


def _day(name: str) -> Callable[[dict[str, Any]], date | None]:
    return lambda entry: date.fromisoformat(entry[name]) if entry[name] else None


def _on_entry(read: Callable[[dict[str, Any]], Cell]) -> Callable[[EventRow], Cell]:
    return lambda row: read(row.entry)


def _of_day(read: Callable[[Any], Cell]) -> Callable[[EventRow], Cell]:
    return lambda row: read(row.day)


_EVENT_ID = Column("event_id", _on_entry(lambda entry: entry["id"]), kind="number", meaning="Number of the event.")
_UID = Column("uid", _on_entry(lambda entry: entry["uid"]), meaning="What calendars know it by.")
EVENTS = Table(
    "events",
    "One row is one event, however often it takes place.",
    (
        _EVENT_ID,
        _UID,
        Column("version", _on_entry(lambda entry: entry["version"]), kind="number", meaning="How often it was saved."),
        Column("when", _on_entry(lambda entry: entry["when"]), meaning="Its days, as exactly as they are known."),
        Column("first_day", _on_entry(_day("first")), kind="date", meaning="Its first possible day."),
        Column("last_day", _on_entry(_day("last")), kind="date", meaning="Its last possible day."),
        *(
            Column(name, event_value(EVENT_FIELD[name]), kind=one.kind, meaning=one.meaning)
            for name, one in CALENDAR_FIELDS.items()
        ),
    ),
    lambda source: source.event_rows(),
)
OCCURRENCES = Table(
    "occurrences",
    "One row is one time that an event takes place.",
    (
        _EVENT_ID,
        _UID,
        Column("when", _of_day(lambda day: day.when), meaning="Its days, as exactly as they are known."),
        Column("first_day", _of_day(lambda day: day.first_day), kind="date", meaning="Its first possible day."),
        Column("last_day", _of_day(lambda day: day.last_day), kind="date", meaning="Its last possible day."),
        Column(
            "precision",
            _of_day(lambda day: "day" if day.is_exact else precision_of(day.first_day, day.last_day)),
            meaning="day where both days are known; else month, year … or period.",
        ),
        Column("begins", _of_day(lambda day: day.begins), meaning="Hour it begins, in the event's zone."),
        Column("ends", _of_day(lambda day: day.ends), meaning="Hour it ends, in the event's zone."),
        *(Column(name, one.value, kind=one.kind, meaning=one.meaning) for name, one in CALENDAR_FIELDS.items()),
    ),
    lambda source: source.occurrence_rows(),
)
ANSWERS = Table(
    "answers",
    "One row is what one entity said for one month.",
    (
        _item("month", "The month, such as 2026-10."),
        _item("entity", "Key of the entity."),
        _item("entity_name", "Its acronym."),
        _item("answer", "updated, confirmed unchanged, nothing to report, silent, not answered yet, taken back …"),
        _item("signed_at", "When it was signed (UTC); empty without an answer."),
        _item("late", "true when it was signed after it was due."),
    ),
    lambda source: source.answers(),
)
CHANGES = Table(
    "changes",
    "One row is one field of a record that was changed.",
    (
        _item("at", "When (UTC); of an edition the day it was made."),
        _item("record_type", "activity or event."),
        _item("record_id", "Number of the record.", "number"),
        _item("version", "The record's version after the change; empty in an edition.", "number"),
        _item("action", "created, changed, merged …; of an edition new, changed, ended, no longer listed."),
        _item("field", "The field, by its stable name."),
        _item("was", "What it said before, in words."),
        _item("is", "What it says since, in words."),
    ),
    lambda source: source.changes(),
)
NEEDS = Table(
    "needs",
    "One row is one need that a country stated, as it stands; an edition has none.",
    (
        Column("need_id", lambda need: need.id, kind="number", meaning="Number of the need."),
        Column("title", lambda need: need.title, meaning="The need in one line."),
        Column("details", lambda need: need.details, meaning="The need in words."),
        Column("country", lambda need: need.country_code or "", meaning="ISO 3166 code; empty for a group."),
        Column("transit", lambda need: need.is_transit, meaning="true when it is one of transit countries."),
        Column("recommendations", lambda need: joined(one.code for one in need.recommendations), meaning="Codes."),
        Column("stated", lambda need: need.stated.first if need.stated else None, kind="date",
               meaning="First day of when it was stated."),
        Column("stated_text", lambda need: need.stated.words() if need.stated else "", meaning="As exactly as known."),
        Column("stated_by", lambda need: need.stated_by.value, meaning="government or others."),
        Column("on_request", lambda need: need.on_request, meaning="true when assistance was requested."),
        Column("status", lambda need: need.status.value, meaning="open, being met, met or withdrawn."),
        Column("source", lambda need: need.source, meaning="Where it was stated."),
        Column("entities", lambda need: joined(one.key for one in need.entities), meaning="Keys of who keeps it."),
        Column("can_help", lambda need: joined(one.entity.key for one in need.offers),
               meaning="Keys of the entities that say they can help."),
    ),
    lambda source: source.needs(),
)  # fmt: skip
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ACTIVITIES, RECOMMENDATIONS, COUNTRIES, ENTITIES, FIGURES, EVENTS, OCCURRENCES, ANSWERS, CHANGES,
        NEEDS,
    )
}  # fmt: skip
