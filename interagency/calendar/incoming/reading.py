"""An .ics file read into plain events: bytes in, finished values and reasons out. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from interagency.calendar.incoming.event_reader import EventReader, IcsEvent, Member
from interagency.calendar.incoming.lines import MAX_FILE_SIZE, Budget, CalendarNotRead, EventNotRead, FileBlocks
from interagency.calendar.incoming.property_values import title_of
from interagency.calendar.incoming.recurrence import MAX_EXCEPTIONS
from interagency.calendar.incoming.zones import FileZones

OUTSIDE = _l("It stands outside the calendar of the file, before its beginning or after its end. Export it once more.")

__all__ = ["MAX_FILE_SIZE", "CalendarNotRead", "EventNotRead", "IcsEvent", "ReadCalendar", "read_ics"]


@dataclass(slots=True)
class ReadCalendar:
    """The events of a file, and what was left out: `(title or place, reason)`."""

    events: list[IcsEvent] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def read_ics(body: bytes, default_zone: str) -> ReadCalendar:
    """The events of an .ics file. Times without a zone are taken in the one the calendar states, else in `default_zone`
    (an IANA name), and said so.

    Every event that is left out stands in `skipped` with the reason in words. The same bytes give the same
    answer, whatever was read before. Raises CalendarNotRead when the file as a whole cannot be taken.
    """
    read, budget = ReadCalendar(), Budget()
    blocks = FileBlocks(body)
    groups: dict[str, list[Member]] = {}
    for calendar in blocks.calendars:
        zones, method = FileZones(calendar, budget), calendar.text("METHOD").strip().upper()
        for block in calendar.parts:
            if block.name != "VEVENT":
                continue
            member = Member(block, zones, method)
            if method in ("REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"):
                read.skipped.append((member.label, _("It is the answer to an invitation, not an event.")))
            else:
                groups.setdefault(member.uid, []).append(member)
    known: set[str] = set()
    for members in groups.values():
        for part in _apart(members):
            try:
                event = _read_group(part, default_zone, budget)
                if event.uid in known:  # one date of a series, named in two ways
                    raise EventNotRead(_("It stands more than once in the file."))
                known.add(event.uid)
                read.events.append(event)
            except EventNotRead as problem:
                read.skipped.append((part[0].label, str(problem)))
            except (ValueError, OverflowError):
                read.skipped.append((part[0].label, _("Its dates lie outside what a calendar can hold.")))
    for block in blocks.outside:
        read.skipped.append((title_of(block), str(OUTSIDE)))
    read.skipped += [(what, _("Its end is missing in the file. What follows it was read.")) for what in blocks.unclosed]
    return read


def _apart(members: list[Member]) -> list[list[Member]]:
    """What the file says of one UID: a series with its changed dates, or each date alone where that is missing."""
    if any(not member.is_change for member in members):
        return [members]
    dates: dict[str, list[Member]] = {}
    for member in members:
        dates.setdefault(member.block.lines["RECURRENCE-ID"][0].value.strip(), []).append(member)
    return list(dates.values())


def _read_group(members: list[Member], default_zone: str, budget: Budget) -> IcsEvent:
    """One event from all that the file says of its UID, or of one date of a series it does not hold.

    Raises EventNotRead.
    """
    masters = [member for member in members if not member.is_change]
    newest = max(masters or members, key=lambda member: member.newness)
    reader = EventReader(newest, default_zone, budget)
    if not masters:
        return reader.date_alone()
    event = reader.event()
    if len(masters) > 1:
        event.notes.append(_("It stands more than once in the file; the newest was taken."))
    changes = [member for member in members if member.is_change]
    reader.add_changes(event, sorted(changes, key=lambda member: member.newness))
    if len(event.exceptions) > MAX_EXCEPTIONS:
        raise EventNotRead(
            ngettext(
                "More than %(most)s single date is moved or cancelled.",
                "More than %(most)s single dates are moved or cancelled.",
                MAX_EXCEPTIONS,
                most=MAX_EXCEPTIONS,
            )
        )
    return event
