"""An .ics file read into plain events: bytes in, finished values and reasons out. Knows no database."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from interagency.calendar.events.recurrence_rules import as_moment
from interagency.calendar.incoming.lines import LARGEST_FILE, Block, CalendarNotRead, read_blocks, unescaped
from interagency.calendar.incoming.recurrence import (
    MOST_EXCEPTIONS,
    Budget,
    as_utc_text,
    further_segments,
    left_out,
    of_the_rule,
    original_of,
    rule_of,
    samples,
)
from interagency.calendar.incoming.times import EventNotRead, EventTimes, Stamp
from interagency.calendar.incoming.zones import FileZones
from interagency.matrix.activities.models import TEXT_LENGTH, TITLE_LENGTH
from interagency.text.folding import clean
from interagency.text.typed_dates import FIRST_YEAR, LAST_YEAR

LONGEST_UID = 255
LONGEST_EVENT = timedelta(days=3_660)
STATUSES = {"TENTATIVE": "tentative", "CONFIRMED": "confirmed", "CANCELLED": "cancelled"}
_BETWEEN_CATEGORIES = re.compile(r"(?<!\\),")

__all__ = ["LARGEST_FILE", "CalendarNotRead", "EventNotRead", "IcsEvent", "ReadCalendar", "read_ics"]


@dataclass(slots=True)
class IcsEvent:
    """What an .ics says of one event, as plain values: days and local times of `timezone` as ISO text.

    `segments` are `[first day, last day, from, to]`; `exceptions` are `[original, start, end, cancelled,
    title, note]`; `links` are `[kind, title, address]`. `notes` tell what was taken differently. `modified`
    is when its maker last changed it, in UTC, as far as the file says; `related` is the UID of what it belongs to.
    """

    uid: str
    sequence: int = 0
    modified: str = ""
    related: str = ""
    title: str = ""
    description: str = ""
    venue: str = ""
    status: str = "confirmed"
    timezone: str | None = None
    segments: list[list[str | None]] = field(default_factory=list)
    rrule: str = ""
    exceptions: list[list[Any]] = field(default_factory=list)
    links: list[list[str]] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be kept and read back by `IcsEvent(**values)`."""
        return asdict(self)


@dataclass(slots=True)
class ReadCalendar:
    """The events of a file, and what was left out: `(title or place, reason)`."""

    events: list[IcsEvent] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Member:
    """A VEVENT of the file with the clocks of its calendar."""

    block: Block
    zones: FileZones
    method: str

    @property
    def sequence(self) -> int:
        return _number(self.block.text("SEQUENCE"))

    @property
    def modified(self) -> str:
        return as_utc_text(self.block.text("LAST-MODIFIED") or self.block.text("DTSTAMP"))

    @property
    def newness(self) -> tuple[int, str]:
        return self.sequence, self.modified

    @property
    def label(self) -> str:
        return _words(self.block, "SUMMARY", 100) or "an event without title"


def read_ics(body: bytes, default_zone: str) -> ReadCalendar:
    """The events of an .ics file. Times without a zone are taken in `default_zone`, and said so.

    Every event that is left out stands in `skipped` with the reason in words. The same bytes give the same
    answer, whatever was read before. Raises CalendarNotRead when the file as a whole cannot be taken.
    """
    found = ReadCalendar()
    groups: dict[str, list[_Member]] = {}
    for calendar in read_blocks(body):
        zones, method = FileZones(calendar), calendar.text("METHOD").strip().upper()
        for block in calendar.parts:
            if block.name != "VEVENT":
                continue
            member = _Member(block, zones, method)
            uid = _uid(block)
            if not uid:
                found.skipped.append((member.label, "It has no UID, so it could not be told apart next time."))
            elif method in ("REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"):
                found.skipped.append((member.label, "It is the answer to an invitation, not an event."))
            else:
                groups.setdefault(uid, []).append(member)
    budget = Budget()
    for uid, members in groups.items():
        try:
            found.events.append(_read_group(uid, members, default_zone, budget))
        except EventNotRead as problem:
            found.skipped.append((members[0].label, str(problem)))
        except (ValueError, OverflowError):
            found.skipped.append((members[0].label, "Its dates lie outside what a calendar can hold."))
    return found


def _uid(block: Block) -> str:
    """The UID; one too long to keep is shortened so that it stays its own."""
    uid = clean(block.text("UID"), lines=False)
    if len(uid) <= LONGEST_UID:
        return uid
    return f"{uid[:180]}-{hashlib.sha256(uid.encode()).hexdigest()[:24]}"


def _words(block: Block, name: str, length: int) -> str:
    return clean(block.text(name), lines=False)[:length].strip()


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _read_group(uid: str, members: list[_Member], default_zone: str, budget: Budget) -> IcsEvent:
    """One event from all that the file says of its UID. Raises EventNotRead."""
    masters = [member for member in members if "RECURRENCE-ID" not in member.block]
    if not masters:
        raise EventNotRead("The file holds a changed date of a repeated event, but not the event itself.")
    newest = max(masters, key=lambda member: member.newness)
    reader = _Reader(newest, default_zone, budget)
    event = reader.event(uid)
    if len(masters) > 1:
        event.notes.append("It stands more than once in the file; the newest was taken.")
    changes = [member for member in members if "RECURRENCE-ID" in member.block]
    reader.add_changes(event, sorted(changes, key=lambda member: member.newness))
    if len(event.exceptions) > MOST_EXCEPTIONS:
        raise EventNotRead(f"More than {MOST_EXCEPTIONS} single dates are moved or cancelled.")
    return event


class _Reader:
    """Reads one event of the file and what belongs to it."""

    def __init__(self, member: _Member, default_zone: str, budget: Budget) -> None:
        self.member, self.default_zone, self.budget = member, default_zone, budget
        self.times = EventTimes(member.zones, default_zone)
        self.start: date | datetime = date.min

    def event(self, uid: str) -> IcsEvent:
        """The event itself with its rule and the dates left out, without its changed dates. Raises EventNotRead."""
        block, times = self.member.block, self.times
        rule, start, end = self._span()
        segments = [_segment(start, end)]
        exceptions: list[list[Any]] = []
        if not rule:
            length = as_moment(end) - as_moment(start)
            for one in further_segments(block, times, start):
                _check_year(one)
                _check_year(one + length)
                segments.append(_segment(one, one + length))
        elif "RDATE" in block:
            raise EventNotRead("It has a rule and further single dates; that cannot be kept. Split it in two.")
        else:
            gone = left_out(block, times, rule, start, self.budget)
            exceptions = [[moment.isoformat(), None, None, True, "", ""] for moment in gone]
        return IcsEvent(
            uid=uid,
            sequence=self.member.sequence,
            modified=self.member.modified,
            related=clean(block.text("RELATED-TO"), lines=False)[:LONGEST_UID],
            title=_words(block, "SUMMARY", TITLE_LENGTH) or "Event without title",
            description=clean(block.text("DESCRIPTION"))[:TEXT_LENGTH],
            venue=_words(block, "LOCATION", 300),
            status=self._status(),
            timezone=times.zone,
            segments=segments,
            rrule=rule,
            exceptions=exceptions,
            links=_links(block),
            categories=list(_categories(block)),
            notes=times.notes,
        )

    def _status(self) -> str:
        if self.member.method == "CANCEL":
            return "cancelled"
        return STATUSES.get(self.member.block.text("STATUS").strip().upper(), "confirmed")

    def _span(self) -> tuple[str, date | datetime, date | datetime]:
        """The rule, and begin and end as days or as naive times of the zone chosen. Raises EventNotRead."""
        block, times = self.member.block, self.times
        if "DTSTART" not in block:
            raise EventNotRead("It has no beginning.")
        stamp = times.stamp(block.lines["DTSTART"][0])
        _check_year(stamp.shows if isinstance(stamp, Stamp) else stamp)
        rule = rule_of(block, stamp, times, self.budget)
        if isinstance(stamp, Stamp):
            times.settle(stamp, samples(rule, stamp.shows), repeats=bool(rule))
        start = self.start = times.local(stamp)
        end = self._end(start)
        if end < start:
            raise EventNotRead("It ends before it begins.")
        for moment in (start, end):
            _check_year(moment)
        if as_moment(end) - as_moment(start) > LONGEST_EVENT:
            raise EventNotRead("It lasts longer than ten years.")
        return rule, start, end

    def _end(self, start: date | datetime) -> date | datetime:
        block = self.member.block
        if "DTEND" in block:
            end = self.times.local(self.times.stamp(block.lines["DTEND"][0]))
            if isinstance(start, datetime) != isinstance(end, datetime):
                raise EventNotRead("It begins with an hour and ends with a day, or the other way round.")
            if isinstance(end, datetime):
                return end
            if end < start:
                raise EventNotRead("It ends before it begins.")
            return max(start, end - timedelta(days=1))  # exclusive (RFC 5545, 3.6.1)
        if "DURATION" in block:
            return self.times.after(start, block.text("DURATION"))
        return start

    def add_changes(self, event: IcsEvent, members: list[_Member]) -> None:
        """Put the moved, changed and cancelled dates of a repeated event beside its rule, or note why not.

        Raises EventNotRead when a change cannot be read.
        """
        pairs: list[tuple[datetime, _Member]] = []
        for member in members[: 4 * MOST_EXCEPTIONS]:
            if member.block.lines["RECURRENCE-ID"][0].parameters.get("RANGE", "").upper() == "THISANDFUTURE":
                self.times.note(
                    "It changes a date and all that follow; that part was left out. Split the event in two."
                )
            elif not event.rrule:
                self.times.note("It changes a date of a repetition it does not have; that part was left out.")
            else:
                pairs.append((original_of(member.block, self.times, self.start), member))
        known = of_the_rule({original for original, _ in pairs}, event.rrule, self.start, self.budget) if pairs else ()
        changes = {datetime.fromisoformat(one[0]): one for one in event.exceptions}
        for original, member in pairs:
            if original not in known:
                self.times.note(f"It changes a date that its rule does not have, {original}; that part was left out.")
            elif (change := self._change(event, original, member)) is not None:
                changes[original] = change
        event.exceptions = [changes[original] for original in sorted(changes)]

    def _change(self, event: IcsEvent, original: datetime, member: _Member) -> list[Any] | None:
        """One changed date; None, with a note, when it is of another kind than the others."""
        if member.block.text("STATUS").strip().upper() == "CANCELLED" or member.method == "CANCEL":
            return [original.isoformat(), None, None, True, "", ""]
        inner = _Reader(member, self.default_zone, self.budget)
        rule, begins, ends = inner._span()
        if rule or isinstance(begins, datetime) != isinstance(self.start, datetime):
            self.times.note("A changed date is of another kind than the others; that part was left out.")
            return None
        if inner.times.zone and self.times.zone:
            begins, ends = self.times.from_zone(begins, inner.times), self.times.from_zone(ends, inner.times)
        title = _words(member.block, "SUMMARY", TITLE_LENGTH)
        return [
            original.isoformat(),
            as_moment(begins).isoformat(),
            as_moment(ends).isoformat(),
            False,
            title if title != event.title else "",
            "",
        ]


def _check_year(moment: date | datetime) -> None:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise EventNotRead(f"The year {moment.year} is out of range, {FIRST_YEAR} to {LAST_YEAR}.")


def _segment(start: date | datetime, end: date | datetime) -> list[str | None]:
    if isinstance(start, datetime) and isinstance(end, datetime):
        return [start.date().isoformat(), end.date().isoformat(), f"{start:%H:%M:%S}", f"{end:%H:%M:%S}"]
    return [start.isoformat(), end.isoformat(), None, None]


def _links(block: Block) -> list[list[str]]:
    found = []
    for name, kind in (("URL", "page"), ("CONFERENCE", "meeting")):
        for line in block.all(name)[:20]:
            address = clean(line.value, lines=False)
            if address.startswith(("https://", "http://")) and len(address) < 2000 and not set(address) & set('<>" '):
                found.append([kind, "", address])
    return found[:20]


def _categories(block: Block) -> Iterator[str]:
    for line in block.all("CATEGORIES")[:20]:
        for category in _BETWEEN_CATEGORIES.split(line.value)[:50]:
            if name := clean(unescaped(category), lines=False)[:100]:
                yield name
