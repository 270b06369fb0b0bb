"""The columns of the matrix and the calendar, described once: workbook, CSV and JSON cannot disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from interagency.calendar.models import Event
from interagency.calendar.occurrences import Occurrence
from interagency.matrix.activities.figures import figure_words
from interagency.matrix.activities.forms import LEVEL_WORDS, SCOPE_WORDS, STATUS_WORDS
from interagency.matrix.activities.models import Activity, CountryRole
from interagency.matrix.framework.models import ROMAN

Cell = str | int | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: title, value from the row, width in characters, kind of value, whether insiders only."""

    title: str
    value: Callable[[Any], Cell]
    width: int = 16
    kind: str = "text"  # text, number, date
    internal: bool = False


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _countries(role: CountryRole) -> Callable[[Activity], str]:
    return lambda activity: _joined(link.country.name for link in activity.countries if link.role is role)


def _in_chapter(number: int) -> Callable[[Activity], str]:
    return lambda activity: "x" if number in activity.chapter_numbers else ""


def _partners(activity: Activity) -> str:
    names = [partner.short for partner in activity.partners]
    return _joined([*names, "and others"] if activity.partners_incomplete else names)


def _roles(activity: Activity) -> str:
    return _joined(f"{part.entity.short}: {part.role}" for part in activity.taking_part if part.role)


MATRIX: tuple[Column, ...] = (
    Column("ID", lambda a: a.id, 7, "number", internal=True),
    Column("Version", lambda a: a.version, 8, "number", internal=True),
    Column("Title", lambda a: a.title, 48),
    Column("Lead entity", lambda a: a.lead.entity.short if a.lead else "", 14),
    Column("Other UN entities", lambda a: _joined(p.entity.short for p in a.taking_part if not p.is_lead), 20),
    Column("Joint", lambda a: "joint" if a.is_joint else "individual", 10),
    Column("Partners", _partners, 28),
    Column("Status", lambda a: str(STATUS_WORDS[a.status]), 11),
    Column("Begins", lambda a: a.start.words() if a.start else "", 16),
    Column("Begins (first day)", lambda a: a.start.first if a.start else None, 12, "date"),
    Column("Ends", lambda a: a.end.words() if a.end else "", 16),
    Column("Ends (last day)", lambda a: a.end.last if a.end else None, 12, "date"),
    Column("Level", lambda a: str(LEVEL_WORDS[a.level]) if a.level else "", 14),
    Column("Scope", lambda a: str(SCOPE_WORDS[a.scope]) if a.scope else "", 13),
    *(Column(ROMAN[number], _in_chapter(number), 4) for number in range(1, 8)),
    Column("Chapters", lambda a: ", ".join(ROMAN[number] for number in sorted(a.chapter_numbers)), 11),
    Column("Recommendations", lambda a: _joined(r.code for r in a.recommendations), 20),
    Column("Beneficiary countries", _countries(CountryRole.BENEFICIARY), 28),
    Column("Host countries", _countries(CountryRole.HOST), 18),
    Column("Partner countries", _countries(CountryRole.PARTNER), 18),
    Column("Countries it is about", _countries(CountryRole.SUBJECT), 18),
    Column("Regions", lambda a: _joined(region.name for region in a.regions), 18),
    Column("SDGs", lambda a: _joined([*(str(g.number) for g in a.sdg_goals), *(t.code for t in a.sdg_targets)]), 12),
    Column("Figures", lambda a: _joined(figure_words(f.number, f.qualifier, f.unit) for f in a.figures), 28),
    Column("Description", lambda a: a.description, 60),
    Column("Results", lambda a: a.results, 36),
    Column("Roles of entities", _roles, 28),
    Column("Source", lambda a: a.source, 22),
    Column("Link", lambda a: a.link, 24),
    Column("Contact", lambda a: a.contact, 20, internal=True),
    Column("Remarks", lambda a: a.remarks, 28, internal=True),
    Column("Last changed (UTC)", lambda a: a.updated_at.date(), 12, "date", internal=True),
)


def _event(value: Callable[[Event], Cell]) -> Callable[[Occurrence], Cell]:
    return lambda occurrence: value(occurrence.event)


CALENDAR: tuple[Column, ...] = (
    Column("When", lambda o: o.when, 26),
    Column("First day", lambda o: o.first, 12, "date"),
    Column("Last day", lambda o: o.last, 12, "date"),
    Column("From", lambda o: f"{o.start:%H:%M}" if o.start else "", 8),
    Column("To", lambda o: f"{o.end:%H:%M}" if o.end else "", 8),
    Column("Time zone", _event(lambda e: e.timezone or ""), 16),
    Column("Title", lambda o: o.title, 52),
    Column("Kind", _event(lambda e: e.kind.value), 20),
    Column("Status", lambda o: "cancelled" if o.is_cancelled else o.event.status.value, 12),
    Column("Organisers", _event(lambda e: _joined(x.short for x in e.organisers)), 24),
    Column("Participants", _event(lambda e: _joined(x.short for x in e.participants)), 30),
    Column("Chapters", _event(lambda e: ", ".join(ROMAN[link.chapter_number] for link in e.chapters)), 12),
    Column("Venue", _event(lambda e: e.venue), 24),
    Column("City", _event(lambda e: e.city), 16),
    Column("Country", _event(lambda e: e.country.name if e.country else ""), 20),
    Column("Description", _event(lambda e: e.description), 50),
    Column("Source", _event(lambda e: e.source), 22),
)
