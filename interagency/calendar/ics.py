"""An .ics file read into plain events: bytes in, finished values and reasons out. Knows no database."""

from __future__ import annotations

import warnings
import zoneinfo
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar
from icalendar.error import GloballyUniqueTZIDGuessed
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from interagency.calendar.feed import check_rule
from interagency.calendar.zones import is_known_zone, local_problem
from interagency.dates import FIRST_YEAR, LAST_YEAR
from interagency.matrix.activities.models import TEXT_LENGTH, TITLE_LENGTH
from interagency.words import clean

LARGEST_FILE = 20 * 1024 * 1024
MOST_EVENTS = 5_000
LONGEST_LINE = 200_000
MOST_EXCEPTIONS = 500
# icalendar types a property as any of thirty kinds; what is read here is checked as it is read.
Component = Any
STATUSES = {"TENTATIVE": "tentative", "CONFIRMED": "confirmed", "CANCELLED": "cancelled"}


class CalendarNotRead(ValueError):
    """The file as a whole cannot be taken; the text says why and what to do."""


class EventNotRead(ValueError):
    """One event cannot be taken; the text says why."""


@dataclass(slots=True)
class IcsEvent:
    """What an .ics says of one event, as plain values: days and local times of `timezone` as ISO text.

    `segments` are `[first day, last day, from, to]`; `exceptions` are `[original, start, end, cancelled,
    title, note]`; `links` are `[kind, title, address]`. `notes` tell what was taken differently.
    """

    uid: str
    sequence: int = 0
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


def read_ics(body: bytes, default_zone: str) -> ReadCalendar:
    """The events of an .ics file. Times without a zone are taken in `default_zone`, and said so.

    Raises CalendarNotRead when the file as a whole cannot be taken.
    """
    calendars = _parse(body)
    found = ReadCalendar()
    groups: dict[str, list[tuple[Component, Component]]] = {}
    for calendar in calendars:
        for component in calendar.subcomponents:
            if component.name != "VEVENT":
                continue
            uid = clean(str(component.get("UID", "")), lines=False)[:200]
            if not uid:
                found.skipped.append((_label(component), "It has no UID, so it could not be told apart next time."))
                continue
            groups.setdefault(uid, []).append((calendar, component))
    for uid, members in groups.items():
        try:
            found.events.append(_read_group(uid, members, default_zone))
        except EventNotRead as problem:
            found.skipped.append((_label(members[0][1]), str(problem)))
        except (ValueError, TypeError, OverflowError, AttributeError, KeyError) as problem:
            found.skipped.append((_label(members[0][1]), f"It cannot be read: {str(problem)[:150]}"))
    return found


def _parse(body: bytes) -> list[Component]:
    if len(body) > LARGEST_FILE:
        raise CalendarNotRead("The file is larger than 20 MB. Export a shorter period, or send it in parts.")
    if b"BEGIN:VCALENDAR" not in body[:100_000].upper():
        raise CalendarNotRead("This is not a calendar file. Export the calendar as .ics and send that.")
    if body.upper().count(b"BEGIN:VEVENT") > MOST_EVENTS:
        raise CalendarNotRead(f"The file holds more than {MOST_EVENTS:,} events. Send it in parts.")
    lines = body.split(b"\n")
    longest = max(range(len(lines)), key=lambda place: len(lines[place]))
    if len(lines[longest]) > LONGEST_LINE:
        raise CalendarNotRead(f"Line {longest + 1} is longer than {LONGEST_LINE:,} signs. The file is damaged.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").lstrip()
    try:
        with warnings.catch_warnings():
            # A zone under a path of its maker is told to the person as a note.
            warnings.simplefilter("ignore", GloballyUniqueTZIDGuessed)
            return list(Calendar.from_ical(text, multiple=True))
    except (ValueError, IndexError, KeyError, TypeError, RecursionError) as problem:
        raise CalendarNotRead(
            f"The file is damaged and cannot be read: {str(problem)[:150]}. Export it once more."
        ) from None


def _label(component: Component) -> str:
    title = clean(str(component.get("SUMMARY", "")), lines=False)[:100]
    return title or "an event without title"


def _read_group(uid: str, members: list[tuple[Component, Component]], default_zone: str) -> IcsEvent:
    masters = [(calendar, one) for calendar, one in members if "RECURRENCE-ID" not in one]
    if not masters:
        raise EventNotRead("The file holds a changed date of a repeated event, but not the event itself.")
    calendar, master = max(masters, key=lambda pair: _number(pair[1].get("SEQUENCE", 0)))
    reader = _Reader(calendar, default_zone)
    event = reader.event(uid, master)
    if len(masters) > 1:
        event.notes.append("It stands more than once in the file; the newest was taken.")
    for _calendar, one in members:
        if "RECURRENCE-ID" in one:
            reader.add_change(event, one)
    event.exceptions.sort(key=lambda change: change[0])
    if len(event.exceptions) > MOST_EXCEPTIONS:
        raise EventNotRead(f"More than {MOST_EXCEPTIONS} single dates are moved or cancelled.")
    return event


def _number(value: Any) -> int:
    try:
        return max(0, min(int(value), 2**31 - 1))
    except (TypeError, ValueError):
        return 0


class _Reader:
    """Reads the components of one calendar; keeps the zone of the event at hand."""

    def __init__(self, calendar: Component, default_zone: str) -> None:
        self.calendar, self.default_zone = calendar, default_zone
        self.zone: str | None = None
        self.notes: list[str] = []

    def event(self, uid: str, component: Component) -> IcsEvent:
        start, end = self._times(component)
        timed = isinstance(start, datetime)
        event = IcsEvent(
            uid=uid,
            sequence=_number(component.get("SEQUENCE", 0)),
            title=clean(str(component.get("SUMMARY", "")), lines=False)[:TITLE_LENGTH] or "Event without title",
            description=clean(str(component.get("DESCRIPTION", "")))[:TEXT_LENGTH],
            venue=clean(str(component.get("LOCATION", "")), lines=False)[:300],
            status=STATUSES.get(str(component.get("STATUS", "")).upper(), "confirmed"),
            timezone=self.zone if timed else None,
            segments=[_segment(start, end)],
            links=_links(component),
            categories=list(_categories(component)),
            notes=self.notes,
        )
        self._repeat(event, component, start, end)
        return event

    # --- Times ---

    def _times(self, component: Component) -> tuple[date | datetime, date | datetime]:
        if "DTSTART" not in component:
            raise EventNotRead("It has no beginning.")
        start = self._local(component["DTSTART"], first=True)
        if "DTEND" in component:
            end = self._local(component["DTEND"])
            if not isinstance(end, datetime) and not isinstance(start, datetime):
                end = max(start, end - timedelta(days=1))  # exclusive (RFC 5545, 3.6.1)
        elif "DURATION" in component:
            end = self._after(start, component["DURATION"].dt)
        else:
            end = start
        if isinstance(start, datetime) != isinstance(end, datetime):
            raise EventNotRead("It begins with an hour and ends with a day, or the other way round.")
        if end < start:
            raise EventNotRead("It ends before it begins.")
        for moment in (start, end):
            if not FIRST_YEAR <= moment.year <= LAST_YEAR:
                raise EventNotRead(f"The year {moment.year} is out of range, {FIRST_YEAR} to {LAST_YEAR}.")
        return start, end

    def _after(self, start: date | datetime, length: timedelta) -> date | datetime:
        """A duration counts hours that pass, not hours of the clock (RFC 5545, 3.3.6)."""
        if isinstance(start, datetime):
            zone = ZoneInfo(self.zone or "UTC")
            return (start.replace(tzinfo=zone).astimezone(UTC) + length).astimezone(zone).replace(tzinfo=None)
        return max(start, start + length - timedelta(days=1))

    def _local(self, prop: Any, *, first: bool = False) -> date | datetime:
        """A DTSTART or the like as a date, or as a naive time of the event's zone."""
        value = prop.dt
        if not isinstance(value, datetime):
            return value  # type: ignore[no-any-return]
        name = self._zone_of(value, prop.params.get("TZID"))
        if first:
            self.zone = name
            local = value.replace(tzinfo=None)
            if local_problem(local, name) == "skipped":
                raise EventNotRead(f"The clocks in {name} skip {local:%H:%M} on {local:%Y-%m-%d}.")
            return local
        return self.to_local(value, name)

    def to_local(self, value: datetime, name: str) -> datetime:
        """`value`, a time of the zone `name`, as a naive time of the event's zone."""
        if self.zone is None:
            raise EventNotRead("It begins with a day and goes on with an hour, or the other way round.")
        if name == self.zone:
            return value.replace(tzinfo=None)
        return value.replace(tzinfo=ZoneInfo(name)).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def _zone_of(self, value: datetime, tzid: str | None) -> str:
        if tzid:
            name = self._known_zone(clean(str(tzid), lines=False), value.tzinfo)
            if name is None:
                raise EventNotRead(f"Its time zone “{str(tzid)[:60]}” is not known.")
            return name
        if value.tzinfo is None:
            note = f"It names no time zone; its hours are taken in {self.default_zone}."
            if note not in self.notes:
                self.notes.append(note)
            return self.default_zone
        return "UTC"

    def _known_zone(self, tzid: str, found: tzinfo | None) -> str | None:
        """The IANA name behind a TZID: itself, a Windows name, a path that ends in one, or one that acts the same."""
        plain = tzid.strip('"').strip()
        parts = plain.strip("/").split("/")
        candidates = [plain, WINDOWS_TO_OLSON.get(plain, ""), *("/".join(parts[-n:]) for n in (3, 2, 1))]
        for component in self.calendar.subcomponents:
            if component.name == "VTIMEZONE" and str(component.get("TZID", "")) == tzid:
                candidates.append(str(component.get("X-LIC-LOCATION", "")))
        for name in candidates:
            if name and is_known_zone(name):
                if name != plain:
                    self._note_zone(plain, name)
                return name
        if found is None:
            return None
        same = _same_offsets(tuple(_offsets(found)), self.default_zone)
        if same:
            self._note_zone(plain, same)
        return same

    def _note_zone(self, tzid: str, name: str) -> None:
        note = f"Its time zone “{tzid[:60]}” is taken as {name}."
        if note not in self.notes:
            self.notes.append(note)

    # --- Repetition ---

    def _repeat(self, event: IcsEvent, component: Component, start: date | datetime, end: date | datetime) -> None:
        rules = component.get("RRULE")
        extra = list(self._dates(component, "RDATE"))
        if isinstance(rules, list):
            raise EventNotRead("It has more than one rule of repetition.")
        if rules is None:
            length = end - start  # type: ignore[operator]  # both are days, or both are times
            more = [one for one in extra if one != start]
            if any(isinstance(one, datetime) != isinstance(start, datetime) for one in more):
                raise EventNotRead("Its further dates are of another kind than its first.")
            event.segments += [_segment(one, one + length) for one in sorted(set(more))][:MOST_EXCEPTIONS]
            return
        if extra:
            raise EventNotRead("It has a rule and further single dates; that cannot be kept. Split it in two.")
        event.rrule = self._rule(rules, start)
        try:
            check_rule(start, event.rrule)
        except ValueError as problem:
            raise EventNotRead(str(problem)) from None
        if self._missing(event, start, self._dates(component, "EXDATE")):
            event.notes.append("It leaves out dates on which it would not take place anyway.")

    def _missing(self, event: IcsEvent, start: date | datetime, dates: Iterator[date | datetime]) -> bool:
        """Note the dates left out; whether some are none of the rule's."""
        rule = _rule_from(event.rrule, start)
        missed = False
        for gone in dates:
            moment = _moment(gone, start)
            if moment is not None and rule.between(moment, moment, inc=True):
                event.exceptions.append([moment.isoformat(), None, None, True, "", ""])
            else:
                missed = True
        return missed

    def _rule(self, rules: Any, start: date | datetime) -> str:
        """The RRULE with UNTIL as a local date or time."""
        parts = []
        for part in rules.to_ical().decode().split(";"):
            name, _equals, value = part.partition("=")
            if name.upper() == "UNTIL":
                until = rules["UNTIL"][0]
                if isinstance(until, datetime):
                    local = until
                    if until.tzinfo is not None and self.zone:
                        local = until.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
                    value = f"{local:%Y%m%dT%H%M%S}" if isinstance(start, datetime) else f"{local:%Y%m%d}"
                else:
                    value = f"{until:%Y%m%d}"
            parts.append(f"{name.upper()}={value}")
        return ";".join(parts)

    def _dates(self, component: Component, name: str) -> Iterator[date | datetime]:
        found = component.get(name)
        for one in found if isinstance(found, list) else [found] if found is not None else []:
            for prop in one.dts:
                if isinstance(prop.dt, tuple):
                    raise EventNotRead("It has further dates as periods; that cannot be kept.")
                value = prop.dt
                if isinstance(value, datetime):
                    tzid = one.params.get("TZID") or prop.params.get("TZID")
                    yield self.to_local(value, self._zone_of(value, tzid)) if self.zone else value.replace(tzinfo=None)
                else:
                    yield value

    def add_change(self, event: IcsEvent, component: Component) -> None:
        """Put a moved, changed or cancelled date of a repeated event beside its rule, or note why not."""
        prop = component["RECURRENCE-ID"]
        if str(prop.params.get("RANGE", "")).upper() == "THISANDFUTURE":
            event.notes.append("It changes a date and all that follow; that part was left out. Split the event in two.")
            return
        if not event.rrule:
            event.notes.append("It changes a date of a repetition it does not have; that part was left out.")
            return
        start = _first(event)
        value = prop.dt
        if isinstance(value, datetime) and self.zone:
            value = self.to_local(value, self._zone_of(value, prop.params.get("TZID")))
        original = _moment(value, start)
        if original is None or not _rule_from(event.rrule, start).between(original, original, inc=True):
            event.notes.append(f"It changes a date that its rule does not have, {value}; that part was left out.")
            return
        event.exceptions = [one for one in event.exceptions if one[0] != original.isoformat()]
        if str(component.get("STATUS", "")).upper() == "CANCELLED":
            event.exceptions.append([original.isoformat(), None, None, True, "", ""])
            return
        inner = _Reader(self.calendar, self.default_zone)
        begins, ends = inner._times(component)
        if isinstance(begins, datetime) != isinstance(start, datetime):
            event.notes.append("A changed date is whole days where the others have hours, or the other way round.")
            return
        if isinstance(begins, datetime) and isinstance(ends, datetime) and inner.zone:
            begins, ends = self.to_local(begins, inner.zone), self.to_local(ends, inner.zone)
        title = clean(str(component.get("SUMMARY", "")), lines=False)[:TITLE_LENGTH]
        first, last = _as_moment(begins), _as_moment(ends)
        event.exceptions.append(
            [
                original.isoformat(),
                first.isoformat(),
                last.isoformat(),
                False,
                title if title != event.title else "",
                "",
            ]
        )


def _rule_from(rrule: str, start: date | datetime) -> Any:
    return rrulestr(rrule.replace("Z", ""), dtstart=_as_moment(start), ignoretz=True)


def _as_moment(value: date | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _moment(value: date | datetime, start: date | datetime) -> datetime | None:
    """A date of the repetition as the moment its rule gives; a plain day takes the hour of the first date."""
    if isinstance(start, datetime) and not isinstance(value, datetime):
        return datetime.combine(value, start.time())
    return _as_moment(value)


def _first(event: IcsEvent) -> date | datetime:
    day, _last, begins, _ends = event.segments[0]
    assert day is not None
    if begins is None:
        return date.fromisoformat(day)
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(begins))


def _segment(start: date | datetime, end: date | datetime) -> list[str | None]:
    if isinstance(start, datetime) and isinstance(end, datetime):
        return [start.date().isoformat(), end.date().isoformat(), f"{start:%H:%M:%S}", f"{end:%H:%M:%S}"]
    return [start.isoformat(), end.isoformat(), None, None]


def _links(component: Component) -> list[list[str]]:
    found = []
    for name, kind in (("URL", "page"), ("CONFERENCE", "meeting")):
        values = component.get(name)
        for value in values if isinstance(values, list) else [values] if values is not None else []:
            address = clean(str(value), lines=False)
            if address.startswith(("https://", "http://")) and len(address) < 2000 and not set(address) & set('<>" '):
                found.append([kind, "", address])
    return found[:20]


def _categories(component: Component) -> Iterator[str]:
    found = component.get("CATEGORIES")
    for one in found if isinstance(found, list) else [found] if found is not None else []:
        for category in getattr(one, "cats", []):
            yield clean(str(category), lines=False)[:100]


# --- Zones that go by another name ---

_SAMPLES = tuple(datetime(year, month, 15, 12) for year in (2019, 2023, 2026) for month in range(1, 13))


def _offsets(zone: tzinfo) -> Iterator[timedelta | None]:
    for moment in _SAMPLES:
        try:
            yield moment.replace(tzinfo=zone).utcoffset()
        except (ValueError, OverflowError):
            yield None


@lru_cache(maxsize=64)
def _same_offsets(offsets: tuple[timedelta | None, ...], preferred: str) -> str | None:
    """A zone by region and city whose clocks stood the same in all months of three years; `preferred` first."""
    if None in offsets:
        return None
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    for name in [preferred, *names]:
        if tuple(_offsets(ZoneInfo(name))) == offsets:
            return name
    return None
