"""One event of an .ics file, from its lines to plain values. Knows no database."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from interagency.calendar.events.recurrence_rules import as_moment
from interagency.calendar.incoming.lines import Block, Budget, EventNotRead
from interagency.calendar.incoming.property_values import categories_of, links_of, number_of, title_of, words_of
from interagency.calendar.incoming.recurrence import (
    MAX_EXCEPTIONS,
    as_utc_text,
    further_dates,
    left_out,
    of_the_rule,
    original_of,
    rule_of,
    samples,
)
from interagency.calendar.incoming.times import EventTimes, Stamp
from interagency.calendar.incoming.zones import FileZones
from interagency.matrix.activities.models import TEXT_LENGTH, TITLE_LENGTH
from interagency.text.folding import clean
from interagency.text.typed_dates import FIRST_YEAR, LAST_YEAR

MAX_UID_LENGTH = 255
MAX_EVENT_LENGTH = timedelta(days=3_660)
STATUSES = {"TENTATIVE": "tentative", "CONFIRMED": "confirmed", "CANCELLED": "cancelled"}
PRIVATE = {"PRIVATE": "private", "CONFIDENTIAL": "confidential"}
ALL_DAY_MARKS = ("X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT")
# As Outlook and our own feed mark what is cancelled.
_CANCELLED_MARK = re.compile(r"cancell?ed\s*:", re.IGNORECASE)


@dataclass(slots=True)
class IcsEvent:
    """What an .ics says of one event, as plain values: days and local times of `timezone` as ISO text.

    `segments` are `[first day, last day, from, to]`; `exceptions` are facts as `events/field_values.EXCEPTIONS` has
    them; `links` are `[kind, title, address]`. `notes` tell what was taken differently. `modified` is when its maker
    last changed it, in UTC, as far as the file says; `related` is the UID of what it belongs to. `original` is which
    date of the series `related` it was, where the file holds that date alone. `marked` is `private` or `confidential`
    where the file says so (RFC 5545, 3.8.1.3).
    """

    uid: str
    sequence: int = 0
    modified: str = ""
    related: str = ""
    original: str = ""
    marked: str = ""
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


@dataclass(frozen=True, slots=True)
class Member:
    """A VEVENT of the file with the clocks of its calendar."""

    block: Block
    zones: FileZones
    method: str

    @property
    def sequence(self) -> int:
        return number_of(self.block.text("SEQUENCE"))

    @property
    def modified(self) -> str:
        return as_utc_text(self.block.text("LAST-MODIFIED") or self.block.text("DTSTAMP"))

    @property
    def newness(self) -> tuple[int, str]:
        return self.sequence, self.modified

    @property
    def label(self) -> str:
        return title_of(self.block)

    @property
    def uid(self) -> str:
        """The UID. One too long is shortened so that it stays its own, a missing one is made from the content."""
        uid = clean(self.block.text("UID"), lines=False)
        if not uid:
            content = [self.block.text(name) for name in ("SUMMARY", "DTSTART", "LOCATION", "RRULE")]
            return f"{hashlib.sha256(chr(0).join(content).encode()).hexdigest()[:32]}@content"
        if len(uid) <= MAX_UID_LENGTH:
            return uid
        return f"{uid[:180]}-{hashlib.sha256(uid.encode()).hexdigest()[:24]}"

    @property
    def is_change(self) -> bool:
        """Whether it is one changed date of a series."""
        return "RECURRENCE-ID" in self.block

    @property
    def is_cancelled(self) -> bool:
        return self.method == "CANCEL" or self.block.text("STATUS").strip().upper() == "CANCELLED"


class EventReader:
    """Reads one event of the file and what belongs to it."""

    def __init__(self, member: Member, default_zone: str, budget: Budget) -> None:
        self.member, self.default_zone, self.budget = member, default_zone, budget
        self.times = EventTimes(member.zones, default_zone)
        self.start: date | datetime = date.min

    def event(self) -> IcsEvent:
        """The event itself with its rule and the dates left out, without its changed dates. Raises EventNotRead."""
        block, times = self.member.block, self.times
        rule, start, end = self.span(repeats=not self.member.is_change)
        segments = [_segment(start, end)]
        exceptions: list[list[Any]] = []
        if rule and "RDATE" in block:
            raise EventNotRead(_("It has a rule and further single dates; that cannot be kept. Split it in two."))
        if rule:
            exceptions = [_left_out(moment) for moment in left_out(block, times, rule, start, self.budget)]
        elif not self.member.is_change:
            length = as_moment(end) - as_moment(start)
            for moment in further_dates(block, times, start, end):
                first = moment if isinstance(start, datetime) else moment.date()
                _check_year(first)
                _check_year(first + length)
                segments.append(_segment(first, first + length))
        marked = PRIVATE.get(block.text("CLASS").strip().upper(), "")
        self._note_what_is_odd(marked)
        return IcsEvent(
            uid=self.member.uid,
            sequence=self.member.sequence,
            modified=self.member.modified,
            related=clean(block.text("RELATED-TO"), lines=False)[:MAX_UID_LENGTH],
            marked=marked,
            title=self._title() or str(_("Event without title")),
            description=self._description(),
            venue=self._venue(),
            status="cancelled" if self.member.is_cancelled else self._status() or "confirmed",
            timezone=times.zone,
            segments=segments,
            rrule=rule,
            exceptions=exceptions,
            links=links_of(block),
            categories=list(categories_of(block)),
            notes=times.notes,
        )

    def _note_what_is_odd(self, marked: str) -> None:
        if marked:
            self.times.note(
                _("It is marked private in the file; tick it only if everybody here may read it.")
                if marked == PRIVATE["PRIVATE"]
                else _("It is marked confidential in the file; tick it only if everybody here may read it.")
            )
        if not clean(self.member.block.text("UID"), lines=False):
            self.times.note(_("It has no UID in the file; it gets one made from its title, begin and place."))
        if not self.member.block.is_closed:
            self.times.note(_("Its end is missing in the file; look whether all of it is here."))

    def date_alone(self) -> IcsEvent:
        """One changed date of a series that the file does not hold, as an event of its own. Raises EventNotRead."""
        if self.member.is_cancelled:
            raise EventNotRead(_("It cancels one date of a repeated event that the file does not hold."))
        _refuse_all_that_follow(self.member.block)
        event = self.event()
        event.related = event.uid
        event.original = self._original_in_utc()
        name, at, host = event.uid[: MAX_UID_LENGTH - 20].partition("@")
        event.uid = f"{name}-{event.original}{at}{host}"
        event.notes.append(_("The file holds this one date of a repeated event; it is taken as an event of its own."))
        return event

    def _original_in_utc(self) -> str:
        """Which date of its series it was, in UTC; as written where its zone is not known."""
        line = self.member.block.lines["RECURRENCE-ID"][0]
        try:
            stamp = EventTimes(self.member.zones, self.default_zone).stamp(line)
        except EventNotRead:
            return "".join(sign for sign in line.value.upper() if sign in "0123456789TZ")[:16]
        if isinstance(stamp, Stamp):
            return f"{stamp.clock.instant(stamp.shows):%Y%m%dT%H%M%SZ}"
        return f"{stamp:%Y%m%d}"

    def _title(self) -> str:
        """The title; of what is cancelled without the mark that programs put before it."""
        title = words_of(self.member.block, "SUMMARY", TITLE_LENGTH)
        mark = _CANCELLED_MARK.match(title) if self.member.is_cancelled else None
        return title[mark.end() :].strip() if mark else title

    def _description(self) -> str:
        return clean(self.member.block.text("DESCRIPTION"))[:TEXT_LENGTH]

    def _venue(self) -> str:
        return words_of(self.member.block, "LOCATION", 300)

    def _status(self) -> str:
        return STATUSES.get(self.member.block.text("STATUS").strip().upper(), "")

    def span(self, *, repeats: bool = True) -> tuple[str, date | datetime, date | datetime]:
        """The rule, and begin and end as days or as naive times of the zone chosen. A rule beside RECURRENCE-ID means
        nothing, so it is read only where it `repeats`. Raises EventNotRead.
        """
        block, times = self.member.block, self.times
        if "DTSTART" not in block:
            raise EventNotRead(_("It has no beginning."))
        stamp: date | Stamp = self._whole_day() or times.stamp(block.lines["DTSTART"][0])
        _check_year(stamp.shows if isinstance(stamp, Stamp) else stamp)
        rule, later = rule_of(block, stamp, times, self.budget) if repeats else ("", timedelta())
        if isinstance(stamp, Stamp):
            times.settle(stamp, samples(rule, stamp.shows + later), repeats=bool(rule))
        start = times.local(stamp)
        end = self._end(start) + later
        start = self.start = start + later
        if end < start:
            raise EventNotRead(_("It ends before it begins."))
        for moment in (start, end):
            _check_year(moment)
        if as_moment(end) - as_moment(start) > MAX_EVENT_LENGTH:
            raise EventNotRead(_("It lasts longer than ten years."))
        return rule, start, end

    def _whole_day(self) -> date | None:
        """The first day of an event from midnight to midnight that is marked as one of whole days."""
        block, times = self.member.block, self.times
        if "DTEND" not in block or not any(block.text(mark).strip().upper() == "TRUE" for mark in ALL_DAY_MARKS):
            return None
        first, end = (times.midnight(times.stamp(block.lines[name][0])) for name in ("DTSTART", "DTEND"))
        return first if first and end and first < end else None

    def _end(self, start: date | datetime) -> date | datetime:
        block, times = self.member.block, self.times
        if "DTEND" in block:
            stamp = times.stamp(block.lines["DTEND"][0])
            end = times.local((times.midnight(stamp) if self._whole_day() else None) or stamp)
            if isinstance(start, datetime) != isinstance(end, datetime):
                raise EventNotRead(_("It begins with an hour and ends with a day, or the other way round."))
            if isinstance(end, datetime):
                return end
            if end < start:
                raise EventNotRead(_("It ends before it begins."))
            return max(start, end - timedelta(days=1))  # exclusive (RFC 5545, 3.6.1)
        if "DURATION" in block:
            return times.after(start, block.text("DURATION"))
        return start

    def add_changes(self, event: IcsEvent, members: list[Member]) -> None:
        """Put the moved, changed and cancelled dates of a repeated event beside its rule, or note why not.

        Raises EventNotRead when a change cannot be read, or changes all dates that follow.
        """
        pairs: list[tuple[datetime, Member]] = []
        for member in members[: 4 * MAX_EXCEPTIONS]:
            _refuse_all_that_follow(member.block)
            original = original_of(member.block, self.times, self.start)
            if event.rrule:
                pairs.append((original, member))
            else:
                self._change_listed(event, original, member)
        known = of_the_rule({original for original, _ in pairs}, event.rrule, self.start, self.budget) if pairs else ()
        changes = {datetime.fromisoformat(one[0]): one for one in event.exceptions}
        for original, member in pairs:
            if original in known:
                changes[original] = self._change(event, original, member)
            else:
                self.times.note(
                    _(
                        "It changes a date that its rule does not have, %(original)s; that part was left out.",
                        original=original,
                    )
                )
        event.exceptions = [changes[original] for original in sorted(changes)]

    def _change_listed(self, event: IcsEvent, original: datetime, member: Member) -> None:
        """Change a date of an event that lists its dates (RDATE), which are its runs of days. Raises EventNotRead."""
        begins = [datetime.fromisoformat(f"{first}T{begins or '00:00'}") for first, _, begins, _ in event.segments]
        if original not in begins:
            self.times.note(
                _("It changes a date that it does not have, %(original)s; that part was left out.", original=original)
            )
            return
        place = begins.index(original)
        _original, start, end, is_cancelled, *own, has_hours = self._change(event, original, member)
        if not is_cancelled:
            timed = isinstance(self.start, datetime) if has_hours is None else has_hours
            moments = (datetime.fromisoformat(text) for text in (start, end))
            event.segments[place] = _segment(*(moment if timed else moment.date() for moment in moments))
            if any(own):
                self.times.note(
                    _(
                        "What the date %(original)s says of its own, but for its hours, was left out.",
                        original=f"{original:%Y-%m-%d}",
                    )
                )
        elif len(event.segments) > 1:
            del event.segments[place]
        else:
            event.status = "cancelled"

    def _change(self, event: IcsEvent, original: datetime, member: Member) -> list[Any]:
        """What one changed date says otherwise than its series. Raises EventNotRead."""
        if member.is_cancelled:
            return _cancelled(original)
        inner = EventReader(member, self.default_zone, self.budget)
        _rule, begins, ends = inner.span(repeats=False)
        has_hours = isinstance(begins, datetime)
        if has_hours:
            event.timezone = event.timezone or inner.times.zone  # of a series of whole days
            begins, ends = (inner.times.in_zone(moment, event.timezone) for moment in (begins, ends))
        own = {"title": inner._title(), "venue": inner._venue(), "description": inner._description()}
        own = {name: text if text != getattr(event, name) else "" for name, text in own.items()}
        status = inner._status()
        return [
            original.isoformat(),
            as_moment(begins).isoformat(),
            as_moment(ends).isoformat(),
            False,
            own["title"],
            "",
            own["venue"],
            own["description"],
            status if status != event.status else "",
            None if has_hours == isinstance(self.start, datetime) else has_hours,
        ]


def _cancelled(original: datetime) -> list[Any]:
    """A date that was to take place and does not, as a fact."""
    return [original.isoformat(), None, None, True, "", "", "", "", "", None]


def _left_out(original: datetime) -> list[Any]:
    """A date that was never meant to take place, as a fact."""
    return [original.isoformat(), None, None, False, "", "", "", "", "", None, True]


def _refuse_all_that_follow(block: Block) -> None:
    """Raises EventNotRead for "this and future": without it, the later dates would stand at the old hour."""
    if block.lines["RECURRENCE-ID"][0].parameters.get("RANGE", "").upper() == "THISANDFUTURE":
        raise EventNotRead(
            _(
                "It changes a date and all that follow, which cannot be kept, and without that part the later dates "
                "would be wrong. End the event before that date and begin another there."
            )
        )


def _check_year(moment: date | datetime) -> None:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise EventNotRead(
            _(
                "The year %(year)s is out of range, %(first_year)s to %(last_year)s.",
                year=moment.year,
                first_year=FIRST_YEAR,
                last_year=LAST_YEAR,
            )
        )


def _segment(start: date | datetime, end: date | datetime) -> list[str | None]:
    if isinstance(start, datetime) and isinstance(end, datetime):
        return [start.date().isoformat(), end.date().isoformat(), f"{start:%H:%M:%S}", f"{end:%H:%M:%S}"]
    return [start.isoformat(), end.isoformat(), None, None]
