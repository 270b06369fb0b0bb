"""Everything on one country: as sheets of a workbook, and what a briefing on it says of contacts. For insiders."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from flask_babel import gettext as _

from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.exports.calendar_columns import CALENDAR
from interagency.exports.columns import MATRIX, Cell, Column
from interagency.exports.registers.briefing import Material, Section, cut
from interagency.exports.registers.needs import INSIDE
from interagency.exports.sheets import Sheet
from interagency.exports.snapshot import ActivityRow, EventRow
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.agreement.gate import entities_of_activity
from interagency.matrix.needs.country import Contacts
from interagency.matrix.needs.models import Need

MAX_CONTACTS = 6
Row = tuple[Cell, ...]


def _columns(*titles: tuple[str, int]) -> tuple[Column, ...]:
    return tuple(Column(title, itemgetter(place), width) for place, (title, width) in enumerate(titles))


def country_sheets(material: Material, needs: list[Need], contacts: Contacts) -> list[Sheet]:
    """Activities, events, needs, entities and contacts."""
    words = FactLabels.of_edition(dict(material.names))
    activities = [ActivityRow(entry, entry["facts"], words, "") for entry in material.activities]
    events = [
        EventRow(entry, entry["facts"], StoredOccurrence(*day), words)
        for entry in material.events
        for day in entry["days"]
    ]
    events.sort(key=lambda row: (row.day.in_order, row.entry["id"]))
    counts: dict[str, int] = {}
    for entry in material.activities:
        for key in entities_of_activity(entry["facts"]):
            counts[key] = counts.get(key, 0) + 1
    known = material.names["organisations"]
    entities = [
        (words.organisations.get(key, key), known.get(key, {}).get("name", ""), counts[key])
        for key in sorted(counts, key=lambda key: (-counts[key], key))
    ]
    return [
        Sheet("Activities", MATRIX, activities, freeze="C2"),
        Sheet("Events", CALENDAR, events, freeze="C2"),
        Sheet("Needs", INSIDE, needs, freeze="C2"),
        Sheet("Entities", _columns(("Entity", 14), ("Name", 50), ("Activities", 11)), entities),
        Sheet("Contacts", _columns(("What", 44), ("Who", 30), ("Where", 40)), list(_contact_rows(contacts))),
    ]


def _contact_rows(contacts: Contacts) -> Iterable[Row]:
    for one in contacts.readers:
        yield ("Resident Coordinator and country team", one.name, one.email)
    for organisation, people in contacts.focal_points:
        for one in people:
            yield (f"Focal point of {organisation.short}", one.name, one.email)
    for _number, title, contact in contacts.of_activities:
        yield (title, contact, "")


def contacts_section(contacts: Contacts) -> Section:
    """Whom to ask, the first of them."""
    found = Section(str(_("Whom to ask")))
    for one in contacts.readers:
        found.lines.append(f"{one.name}, {one.email}")
    for organisation, people in contacts.focal_points:
        names = ", ".join(f"{one.name} ({one.email})" for one in people[:2])
        found.lines.append(f"{organisation.short}: {names}")
    found.lines += [cut(f"{title}: {contact}", 160) for _number, title, contact in contacts.of_activities]
    found.lines = found.lines[:MAX_CONTACTS]
    if not found.lines:
        found.sentences = [str(_("No contact is named."))]
    return found
