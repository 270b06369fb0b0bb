"""What happens on which day: the occurrences of events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from interagency.calendar.events.models import Event, EventStatus, OccurrenceChange, Segment
from interagency.calendar.events.recurrence_rules import rule_from
from interagency.text.date_words import say_moment
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.languages import semicolons


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One happening of an event: its days, its hours where known (aware), the chapter of each day."""

    event: Event
    segment: Segment
    first: date
    last: date
    start: datetime | None
    end: datetime | None
    title: str
    is_cancelled: bool
    note: str
    exact: bool
    # The day a date of a series ends on as it is written, midnight of the next one too; None: as the segment says.
    written_end: date | None = None
    # Whether this date of a series was changed, moved or cancelled.
    is_changed: bool = False
    # What a single date of a series says of its own; empty or None: as the event.
    own_venue: str = ""
    own_description: str = ""
    own_status: EventStatus | None = None
    # How many days of its run lie before `first` and are left out, where only some of its days are looked for.
    days_before: int = 0

    @property
    def when(self) -> str:
        """Its days in words."""
        if self.written_end is None:
            return words_between(self.segment.start, self.segment.end)
        return words_between(ImpreciseDate.day(self.first), ImpreciseDate.day(self.written_end))

    @property
    def status(self) -> EventStatus:
        """The status of this date."""
        return EventStatus.CANCELLED if self.is_cancelled else self.own_status or self.event.status

    @property
    def place(self) -> str:
        """Where this date takes place, in words."""
        return self.own_venue or self.event.place

    @property
    def sort_key(self) -> tuple[date, datetime, int, int]:
        begins = self.start or datetime.combine(self.first, time(), ZoneInfo("UTC"))
        return (self.first, begins.replace(tzinfo=None), self.event.id, self.segment.number)


def chapters_on(event: Event, segment: Segment) -> list[int]:
    """The chapters that a run of days is about, by whichever of its days."""
    if segment.start is None or segment.end is None or not segment.is_exact:
        return sorted(_of_the_whole(event) | {day.chapter_number for day in segment.days if day.chapter_number})
    days = (segment.end.last - segment.start.first).days + 1
    return sorted({number for place in range(days) for number in _chapters_of_day(event, segment, place)})


def _of_the_whole(event: Event) -> set[int]:
    return {link.chapter_number for link in event.chapters if not link.by_day}


def _chapters_of_day(event: Event, segment: Segment, place: int) -> list[int]:
    """The chapters of the day that comes `place` days after the first of a run (rule 26): its own and those of the
    event as a whole; none where it is said to have none.
    """
    assert segment.start is not None
    whole = _of_the_whole(event)
    for day in segment.days:
        if (day.day - segment.start.first).days == place:
            return sorted(whole | {day.chapter_number}) if day.chapter_number else []
    return sorted(whole)


def chapters_by_day(one: Occurrence) -> list[list[int]]:
    """The chapters of each day of an occurrence, from its first on. Each date of a series has those of the first."""
    if not one.exact:
        return [chapters_on(one.event, one.segment)]
    assert one.segment.start is not None and one.segment.end is not None
    last = (one.segment.end.last - one.segment.start.first).days
    # What ends after midnight by the reader's clock has no chapters of that day.
    places = (min(one.days_before + number, last) for number in range((one.last - one.first).days + 1))
    return [_chapters_of_day(one.event, one.segment, place) for place in places]


def chapters_of(one: Occurrence) -> list[int]:
    """The chapters that an occurrence is about, by whichever of its days."""
    return sorted({number for own in chapters_by_day(one) for number in own})


def parts_about(one: Occurrence, chapters: Collection[int]) -> list[Occurrence]:
    """The days of an occurrence that are about one of `chapters`, those that touch as one; all of it where none are
    asked for. Call with its days in its own zone.
    """
    if not chapters:
        return [one]
    wanted = set(chapters)
    fits = [bool(wanted.intersection(own)) for own in chapters_by_day(one)]
    if all(fits):
        return [one]
    return [_part(one, begin, end) for begin, end in _runs_of(fits)]


def _runs_of(fits: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The first and last place of each run of what is true."""
    begin: int | None = None
    for place, fit in enumerate([*fits, False]):
        if fit and begin is None:
            begin = place
        elif not fit and begin is not None:
            yield begin, place - 1
            begin = None


def _part(one: Occurrence, begin: int, end: int) -> Occurrence:
    """The days of an occurrence from place `begin` to `end`, with its hours where each day could have them."""
    first, last = one.first + timedelta(days=begin), one.first + timedelta(days=end)
    start = end_hour = None
    if one.start and one.end:
        start = datetime.combine(first, one.start.timetz())
        midnight = one.end.time() == time()
        end_hour = datetime.combine(last + timedelta(days=midnight), one.end.timetz())
        if end_hour <= start:
            start = end_hour = None
    return replace(
        one, first=first, last=last, start=start, end=end_hour, written_end=last, days_before=one.days_before + begin
    )


class StoredOccurrence(NamedTuple):
    """One occurrence as editions and hand-outs keep it: in JSON a list of these values, in this order for ever.

    `when` says its days in words, `first` and `last` as ISO dates; `begins` and `ends` are local times of the event's
    zone as `HH:MM`, empty for whole days. `is_exact`: both days are known. `status`, `venue` and `description` are this
    date's own, empty where it says what its event says and in editions older than they are. Read one by
    `StoredOccurrence(*values)`.
    """

    when: str
    first: str
    last: str
    begins: str
    ends: str
    title: str
    is_cancelled: bool
    is_exact: bool
    status: str = ""
    venue: str = ""
    description: str = ""
    chapters: Sequence[int] | None = None

    @property
    def first_day(self) -> date | None:
        return date.fromisoformat(self.first) if self.first else None

    @property
    def last_day(self) -> date | None:
        return date.fromisoformat(self.last) if self.last else None

    @property
    def in_order(self) -> tuple[str, str]:
        """What lists of dates are sorted by; what has none comes last."""
        return self.first or "9999", self.begins


def stored(occurrence: Occurrence) -> StoredOccurrence:
    """An occurrence as an edition keeps it."""
    return StoredOccurrence(
        occurrence.when,
        occurrence.first.isoformat(),
        occurrence.last.isoformat(),
        f"{occurrence.start:%H:%M}" if occurrence.start else "",
        f"{occurrence.end:%H:%M}" if occurrence.end else "",
        occurrence.title,
        occurrence.is_cancelled,
        occurrence.exact,
        occurrence.own_status.value if occurrence.own_status else "",
        occurrence.own_venue,
        occurrence.own_description,
        chapters_of(occurrence),
    )


def stored_without_date(event: Event) -> StoredOccurrence:
    """An event whose date is not known, as an edition keeps it: its first and last day are empty."""
    is_cancelled = event.status is EventStatus.CANCELLED
    chapters = sorted(_of_the_whole(event))
    return StoredOccurrence(
        words_between(None, None), "", "", "", "", event.title, is_cancelled, False, chapters=chapters
    )


def outside(values: Sequence[Any]) -> list[Any]:
    """The values of a `StoredOccurrence` that hand-outs show: descriptions are written for colleagues."""
    return list(StoredOccurrence(*values)._replace(description=""))


def occurrences(event: Event, first: date, last: date) -> list[Occurrence]:
    """What of `event` happens on the days from `first` to `last`, in order; imprecise ones by their whole period."""
    if event.rrule and event.segments:
        return _recurring(event, event.segments[0], first, last)
    found = [_of_segment(event, segment) for segment in event.segments if segment.start and segment.end]
    return [one for one in found if one.first <= last and one.last >= first]


def all_occurrences(
    events: Iterable[Event], first: date, last: date, chapters: Collection[int] = ()
) -> list[Occurrence]:
    """What happens on the days from `first` to `last`, over all `events`, in order; where `chapters` are asked for,
    on the days that are about one of them.
    """
    found = [part for event in events for one in occurrences(event, first, last) for part in parts_about(one, chapters)]
    return sorted((one for one in found if one.first <= last and one.last >= first), key=lambda one: one.sort_key)


def format_days(event: Event, reader: ZoneInfo | None = None) -> str:
    """All days of an event in words, with the hours where they are known and their zone, and for a `reader` in another
    zone the hours there: `5 November 2026, 14:00-15:30 Europe/Vienna (22:00-23:30 Asia/Tokyo)`; `date not known`.
    """
    if not event.segments:
        return words_between(None, None)
    words = []
    for segment in event.segments:
        hours = f", {segment.start_time:%H:%M}-{segment.end_time:%H:%M}" if segment.start_time else ""
        if hours and event.timezone:
            hours += f" {event.timezone}{_hours_there(event, segment, reader)}"
        words.append(words_between(segment.start, segment.end) + hours)
    days = semicolons(words)
    return str(_("%(days)s, repeated", days=days)) if event.rrule else days


def _hours_there(event: Event, segment: Segment, reader: ZoneInfo | None) -> str:
    """The hours of a segment in another zone, in brackets, with the date where it is another; "" where they agree."""
    zone = zone_of(event)
    if (
        reader is None
        or zone is None
        or not (segment.start and segment.end and segment.start_time and segment.end_time)
    ):
        return ""
    own = (
        datetime.combine(segment.start.first, segment.start_time, zone),
        datetime.combine(segment.end.last, segment.end_time, zone),
    )
    there = [moment.astimezone(reader) for moment in own]
    if all(one.utcoffset() == other.utcoffset() for one, other in zip(own, there, strict=True)):
        return ""
    said = [
        f"{other:%H:%M}" if one.date() == other.date() else say_moment(other, year=False)
        for one, other in zip(own, there, strict=True)
    ]
    return f" ({'-'.join(said)} {reader.key})"


def zone_of(event: Event) -> ZoneInfo | None:
    """The zone of the event's times."""
    return _zone(event.timezone) if event.timezone else None


@cache
def _zone(name: str) -> ZoneInfo:
    """The zone of this name, read once: `ZoneInfo` itself holds on to no more than eight."""
    return ZoneInfo(name)


def _of_segment(event: Event, segment: Segment) -> Occurrence:
    assert segment.start is not None and segment.end is not None
    zone, start, end = zone_of(event), None, None
    if zone and segment.start_time and segment.end_time and segment.is_exact:
        start = datetime.combine(segment.start.first, segment.start_time, zone)
        end = datetime.combine(segment.end.last, segment.end_time, zone)
    return Occurrence(
        event=event,
        segment=segment,
        first=segment.start.first,
        last=_last_day(start, end) or segment.end.last,
        start=start,
        end=end,
        title=event.title,
        is_cancelled=event.status is EventStatus.CANCELLED,
        note="",
        exact=segment.is_exact,
    )


def _recurring(event: Event, segment: Segment, first: date, last: date) -> list[Occurrence]:
    if not (segment.start and segment.end):
        return []
    begins = datetime.combine(segment.start.first, segment.start_time or time())
    length = datetime.combine(segment.end.last, segment.end_time or time()) - begins
    changes = {change.original: change for change in event.exceptions}
    rule = rule_from(event.rrule, begins)
    window = (datetime.combine(first, time()) - length - timedelta(days=1), datetime.combine(last, time.max))
    given = rule.between(*window, inc=True)
    left_out = {change.original for change in event.exceptions if change.is_left_out}
    found = [
        _changed(event, segment, original, length, changes.get(original))
        for original in given
        if original not in left_out
    ]
    seen = set(given)
    found += [
        _changed(event, segment, change.original, length, change)
        for change in event.exceptions
        if change.original not in seen and change.start and first <= change.start.date() <= last
    ]
    return [one for one in found if one.first <= last and one.last >= first]


def originals(event: Event, first: date, last: date) -> list[tuple[datetime, Occurrence]]:
    """The occurrences of a repeated event by when the rule would have put them (local time), cancelled ones too."""
    segment = event.segments[0]
    if not (segment.start and segment.end):
        return []
    begins = datetime.combine(segment.start.first, segment.start_time or time())
    length = datetime.combine(segment.end.last, segment.end_time or time()) - begins
    changes = {change.original: change for change in event.exceptions}
    rule = rule_from(event.rrule, begins)
    window = (datetime.combine(first, time()), datetime.combine(last, time.max))
    return [
        (original, _changed(event, segment, original, length, changes.get(original)))
        for original in rule.between(*window, inc=True)
    ]


def _changed(
    event: Event, segment: Segment, original: datetime, length: timedelta, change: OccurrenceChange | None
) -> Occurrence:
    begins = change.start if change and change.start else original
    ends = change.end if change and change.end else begins + length
    zone = zone_of(event)
    timed = zone is not None and segment.start_time is not None
    if change and change.has_hours is not None:
        timed = zone is not None and change.has_hours
    start = begins.replace(tzinfo=zone) if timed else None
    end = ends.replace(tzinfo=zone) if timed else None
    cancelled = event.status is EventStatus.CANCELLED or bool(change and change.is_cancelled)
    return Occurrence(
        event=event,
        segment=segment,
        first=begins.date(),
        last=_last_day(start, end) or ends.date(),
        start=start,
        end=end,
        title=(change.title if change else "") or event.title,
        is_cancelled=cancelled,
        note=change.note if change else "",
        exact=True,
        written_end=ends.date(),
        is_changed=change is not None,
        own_venue=change.venue if change else "",
        own_description=change.description if change else "",
        own_status=change.status if change else None,
    )


def _last_day(start: datetime | None, end: datetime | None) -> date | None:
    """The last day of what has hours: what ends at midnight is not of the day that begins then."""
    if start is None or end is None:
        return None
    return end.date() if end.time() != time() or end == start else (end - timedelta(days=1)).date()
