"""The times of one event of an .ics file, brought into the one zone it is kept in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from interagency.calendar.incoming.lines import Line, read_duration, read_moment
from interagency.calendar.incoming.zones import Clock, FileZones
from interagency.text.zones import local_problem

UNIVERSAL = Clock("UTC", "UTC", [], timedelta())


class EventNotRead(ValueError):
    """One event cannot be taken; the text says why."""


class Stamp:
    """A time as the file has it: on which clock, and what that clock shows."""

    __slots__ = ("clock", "shows")

    def __init__(self, clock: Clock, shows: datetime) -> None:
        self.clock, self.shows = clock, shows


class EventTimes:
    """Reads the times of one event. `settle` chooses its zone; after that `local` gives times of that zone."""

    def __init__(self, zones: FileZones, default_zone: str) -> None:
        self._zones, self.default_zone = zones, default_zone
        self._floating = Clock("", default_zone, [], timedelta())
        self.zone: str | None = None
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Tell the person something, once."""
        if text not in self.notes:
            self.notes.append(text)

    def stamps(self, line: Line) -> list[date | Stamp]:
        """The dates or times of a line, as the file has them. Raises EventNotRead."""
        return [self._stamp(text, line.parameters.get("TZID", "")) for text in line.value.split(",") if text.strip()]

    def stamp(self, line: Line) -> date | Stamp:
        """The one date or time of a line, as the file has it. Raises EventNotRead."""
        return self._stamp(line.value, line.parameters.get("TZID", ""))

    def _stamp(self, text: str, tzid: str) -> date | Stamp:
        if "/" in text:
            raise EventNotRead("It has further dates as periods; that cannot be kept.")
        try:
            moment = read_moment(text)
        except ValueError as problem:
            raise EventNotRead(f"Its dates cannot be read: {problem}") from None
        if not isinstance(moment, datetime):
            return moment
        if moment.tzinfo is not None:
            return Stamp(UNIVERSAL, moment.replace(tzinfo=None))
        if not tzid.strip():
            self.note(f"It names no time zone; its hours are taken in {self.default_zone}.")
            return Stamp(self._floating, moment)
        clock = self._zones.clock(tzid.strip())
        if clock is None:
            raise EventNotRead(f"Its time zone “{tzid[:60]}” is not known, and the file does not describe it.")
        return Stamp(clock, moment)

    def settle(self, start: Stamp, times: Sequence[datetime], *, repeats: bool) -> None:
        """Choose the zone the event is kept in. `times` are its begins as its clock shows them. Raises EventNotRead."""
        clock = start.clock
        zone = clock.zone_for(times, self.default_zone, exactly=repeats)
        if zone is None:
            raise EventNotRead(
                f"The clocks of its time zone “{clock.tzid[:60]}”, as the file describes it, are those of no place "
                "known here, so its repetition cannot be kept. Export it with a zone such as Europe/Vienna."
            )
        self.zone = zone
        if clock.has_own_offsets and not clock.fits(zone, times):
            self.note(
                f"The file gives “{clock.tzid[:60]}” other clocks than {zone} has; its times are taken by the "
                "file's own offsets."
            )
        elif clock.tzid not in ("", zone):
            self.note(f"Its time zone “{clock.tzid[:60]}” is taken as {zone}.")
        self.refuse_skipped(start.shows)

    def refuse_skipped(self, shows: datetime) -> None:
        """Raises EventNotRead when the clocks of the event's zone never show this time."""
        if local_problem(shows, self.zone or "UTC") == "skipped":
            raise EventNotRead(f"The clocks in {self.zone} skip {shows:%H:%M} on {shows:%Y-%m-%d}.")

    def local(self, stamp: date | Stamp) -> date | datetime:
        """A date as it is; a time as a naive time of the event's zone. Raises EventNotRead."""
        if not isinstance(stamp, Stamp):
            return stamp
        if self.zone is None:
            raise EventNotRead("It begins with a day and goes on with an hour, or the other way round.")
        clock = stamp.clock
        if clock.fits(self.zone, [stamp.shows]) if clock.has_own_offsets else clock.named == self.zone:
            return stamp.shows
        return self._at(clock.instant(stamp.shows))

    def _at(self, instant: datetime) -> datetime:
        """The naive local time of an instant, if the zone shows that time only once."""
        zone = ZoneInfo(self.zone or "UTC")
        found = instant.astimezone(zone).replace(tzinfo=None)
        if found.replace(tzinfo=zone).astimezone(UTC) != instant:
            raise EventNotRead(
                f"{found:%Y-%m-%d %H:%M} comes twice by the clocks in {self.zone}, and it means the second; "
                "that cannot be kept."
            )
        return found

    def from_zone(self, moment: date | datetime, other: EventTimes) -> date | datetime:
        """A local time of another event's zone as one of this event's. Raises EventNotRead."""
        if not isinstance(moment, datetime) or other.zone is None or other.zone == self.zone:
            return moment
        return self._at(moment.replace(tzinfo=ZoneInfo(other.zone)).astimezone(UTC))

    def after(self, start: date | datetime, text: str) -> date | datetime:
        """The end of what lasts `text` from `start`: days by the calendar, hours as they pass. Raises EventNotRead."""
        try:
            days, length = read_duration(text)
        except ValueError as problem:
            raise EventNotRead(f"How long it lasts cannot be read: {problem}") from None
        if not isinstance(start, datetime):
            last = start + timedelta(days=days - 1) + length
            if days + length.days < 0:
                raise EventNotRead("It ends before it begins.")
            return max(start, last)
        zone = ZoneInfo(self.zone or "UTC")
        if not length:
            return start + timedelta(days=days)
        return self._at((start + timedelta(days=days)).replace(tzinfo=zone).astimezone(UTC) + length)
