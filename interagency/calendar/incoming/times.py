"""The times of one event of an .ics file, brought into the one zone it is kept in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from interagency.calendar.incoming.lines import EventNotRead, Line, read_duration, read_moment
from interagency.calendar.incoming.zones import Clock, FileZones
from interagency.text.zones import local_problem

UNIVERSAL = Clock("UTC", "UTC")
# Whole days written as times in UTC begin or end with one of these, where their writer meant days of UTC.
_EDGES_OF_A_DAY = (time(), time(23, 59, 59))


class Stamp:
    """A time as the file has it: on which clock, and what that clock shows."""

    __slots__ = ("clock", "shows")

    def __init__(self, clock: Clock, shows: datetime) -> None:
        self.clock, self.shows = clock, shows


class EventTimes:
    """Reads the times of one event. `settle` chooses its zone; after that `local` gives times of that zone.

    Times without a zone are those of the zone that the calendar states (X-WR-TIMEZONE), else of `default_zone`.
    """

    def __init__(self, zones: FileZones, default_zone: str) -> None:
        self._zones, self.default_zone = zones, default_zone
        self._floating = zones.stated() or Clock("", default_zone)
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
        moment = _moment(text)
        if not isinstance(moment, datetime):
            return moment
        if moment.tzinfo is not None:
            return Stamp(UNIVERSAL, moment.replace(tzinfo=None))
        if not tzid.strip():
            self.note(
                _(
                    "It names no time zone; its hours are taken in %(tzid)s.",
                    tzid=self._floating.tzid or self.default_zone,
                )
            )
            return Stamp(self._floating, moment)
        clock = self._zones.clock(tzid.strip())
        if clock is None:
            words = (
                _(
                    "Its time zone “%(tzid)s” is not known, and its description in the file cannot be read.",
                    tzid=tzid[:60],
                )
                if self._zones.is_described(tzid.strip())
                else _("Its time zone “%(tzid)s” is not known, and the file does not describe it.", tzid=tzid[:60])
            )
            raise EventNotRead(words)
        return Stamp(clock, moment)

    def days(self, line: Line) -> list[date]:
        """The days that a line means of an event of whole days, however it writes them.

        A local time stands for its day, whatever its zone. A time in UTC is read in the zone of the file, else of the
        service (Exchange and Outlook write midnight there), but for the first and the last second of a day of UTC.
        Raises EventNotRead.
        """
        tzid = line.parameters.get("TZID", "").strip()
        found = []
        for text in line.value.split(","):
            moment = _moment(text) if text.strip() else None
            if isinstance(moment, datetime):
                clock = self._zones.clock(tzid) if tzid else None
                is_universal = moment.tzinfo is not None or (clock is not None and clock.named == "UTC")
                found.append(self.day_of(moment.replace(tzinfo=None), is_universal=is_universal))
            elif moment is not None:
                found.append(moment)
        return found

    def day_of(self, moment: datetime, *, is_universal: bool) -> date:
        """The day that a naive time means of an event of whole days (see `days`)."""
        if is_universal and moment.time() not in _EDGES_OF_A_DAY:
            return self._shown_here(moment).date()
        return moment.date()

    def _shown_here(self, universal: datetime) -> datetime:
        """A naive time of UTC by the clock of the file, else of the service."""
        clock = self._zones.own() or Clock("", self.default_zone)
        return clock.local(universal.replace(tzinfo=UTC))

    def midnight(self, stamp: date | Stamp) -> date | None:
        """The day that begins at this time; None when it is no midnight, by its own clock or by that of the file."""
        if not isinstance(stamp, Stamp):
            return stamp
        shows = self._shown_here(stamp.shows) if stamp.clock.named == "UTC" else stamp.shows
        return shows.date() if shows.time() == time() else None

    def settle(self, start: Stamp, times: Sequence[datetime], *, repeats: bool) -> None:
        """Choose the zone the event is kept in. `times` are its begins as its clock shows them. Raises EventNotRead."""
        clock = start.clock
        zone = clock.zone_for(times, self.default_zone, exactly=repeats)
        if zone is None:
            raise EventNotRead(
                _(
                    "The file gives its time zone “%(tzid)s” clocks that no place known here has, so its repetition "
                    "cannot be kept. Give it the zone of a place and export it once more.",
                    tzid=clock.tzid[:60],
                )
            )
        self.zone = zone
        if clock.has_own_offsets and not clock.fits(zone, times):
            self.note(
                _(
                    "The file gives “%(tzid)s” other clocks than %(zone)s has; its times are taken by the file's own "
                    "offsets.",
                    tzid=clock.tzid[:60],
                    zone=zone,
                )
            )
        elif clock.tzid not in ("", zone):
            self.note(_("Its time zone “%(tzid)s” is taken as %(zone)s.", tzid=clock.tzid[:60], zone=zone))
        self.refuse_skipped(start.shows)

    def refuse_skipped(self, shows: datetime) -> None:
        """Raises EventNotRead when the clocks of the event's zone never show this time."""
        if local_problem(shows, self.zone or "UTC") == "skipped":
            raise EventNotRead(
                _(
                    "The clocks in %(zone)s skip %(time)s on %(day)s.",
                    zone=self.zone,
                    time=f"{shows:%H:%M}",
                    day=f"{shows:%Y-%m-%d}",
                )
            )

    def local(self, stamp: date | Stamp) -> date | datetime:
        """A date as it is; a time as a naive time of the event's zone. Raises EventNotRead."""
        if not isinstance(stamp, Stamp):
            return stamp
        if self.zone is None:
            raise EventNotRead(_("It begins with a day and goes on with an hour, or the other way round."))
        clock = stamp.clock
        if clock.fits(self.zone, [stamp.shows]) if clock.has_own_offsets else clock.named == self.zone:
            return stamp.shows
        return _at(clock.instant(stamp.shows), self.zone)

    def in_zone(self, moment: date | datetime, zone: str | None) -> date | datetime:
        """A local time of this event's zone as one of `zone`; days stay. Raises EventNotRead."""
        if not isinstance(moment, datetime) or not zone or not self.zone or self.zone == zone:
            return moment
        return _at(moment.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC), zone)

    def after(self, start: date | datetime, text: str) -> date | datetime:
        """The end of what lasts `text` from `start`: days by the calendar, hours as they pass. Raises EventNotRead."""
        try:
            days, length = read_duration(text)
        except ValueError as problem:
            raise EventNotRead(_("How long it lasts cannot be read: %(problem)s", problem=problem)) from None
        if not isinstance(start, datetime):
            last = start + timedelta(days=days - 1) + length
            if days + length.days < 0:
                raise EventNotRead(_("It ends before it begins."))
            return max(start, last)
        zone = ZoneInfo(self.zone or "UTC")
        if not length:
            return start + timedelta(days=days)
        return _at((start + timedelta(days=days)).replace(tzinfo=zone).astimezone(UTC) + length, zone.key)


def _moment(text: str) -> date | datetime:
    """A date or time as written. Raises EventNotRead."""
    try:
        return read_moment(text)
    except ValueError as problem:
        raise EventNotRead(_("Its dates cannot be read: %(problem)s", problem=problem)) from None


def _at(instant: datetime, zone: str) -> datetime:
    """The naive local time of an instant, if the zone shows that time only once. Raises EventNotRead."""
    local = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) != instant:
        raise EventNotRead(
            _(
                "%(local)s comes twice by the clocks in %(zone)s, and it means the second; that cannot be kept.",
                local=f"{local:%Y-%m-%d %H:%M}",
                zone=zone,
            )
        )
    return local
