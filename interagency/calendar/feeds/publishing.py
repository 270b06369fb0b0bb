"""From the record of an event to what goes out in a feed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _

from interagency.calendar.events.fields import KIND_LABELS
from interagency.calendar.events.models import Event, EventStatus, LinkKind, OccurrenceChange, Segment, SegmentDay
from interagency.calendar.events.occurrences import Occurrence, chapters_of, chapters_on, occurrences, parts_about
from interagency.calendar.feeds.building import MEETING, FeedEvent, FeedOverride
from interagency.matrix.framework.file_words import in_words
from interagency.matrix.framework.models import ROMAN
from interagency.matrix.framework.titles import spoken
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate
from interagency.text.languages import DEFAULT
from interagency.web.context import settings

log = logging.getLogger(__name__)
# What the UIDs made here end in.
OWN_HOST = "@interagency"
# Google stops reading near one megabyte; the far past is left out unless asked for.
PAST = timedelta(days=183)
CANCELLED_STAYS = timedelta(days=90)
# A CSS name for each chapter (RFC 7986, 5.9), near to the tones of the pages.
COLOURS = ("", "steelblue", "sienna", "seagreen", "mediumvioletred", "olive", "slateblue", "teal")
STATUS = {
    EventStatus.TENTATIVE: "tentative",
    EventStatus.POSTPONED: "tentative",
    EventStatus.CONFIRMED: "confirmed",
    EventStatus.HELD: "confirmed",
    EventStatus.CANCELLED: "cancelled",
}


def midnight(day: date) -> datetime:
    """When `day` begins in the zone of the service."""
    return datetime.combine(day, time(), settings().zone)


def in_feeds(day: date, *, whole_past: bool = False) -> list[sa.ColumnElement[bool]]:
    """The conditions on Event under which subscribers get it on `day`: not too old, not cancelled too long ago.

    They change at the service's own midnight and at no other time, so that a feed's validators need to know only the
    day.
    """
    conditions = [sa.or_(Event.cancelled_at.is_(None), Event.cancelled_at >= midnight(day - CANCELLED_STAYS))]
    if not whole_past:
        conditions.append(sa.or_(Event.last_day.is_(None), Event.last_day >= day - PAST))
    return conditions


def feed_events(events: Iterable[Event], base_url: str, chapters: Collection[int] = ()) -> list[FeedEvent]:
    """What a feed carries of `events`: an entry for each exactly dated segment; where `chapters` are asked for, for its
    days that are about one of them.

    Imprecise dates are left out: a feed cannot say `early 2018`, and a day that nobody named must not stand there.
    A record that cannot be told is left out and logged; it never takes the others with it.
    """
    entries = []
    for event in events:
        try:
            entries += [
                part
                for place, segment in enumerate(event.segments)
                if segment.is_exact
                for part in _parts(_entry(event, segment, place, base_url), event, segment, chapters)
            ]
        except Exception:
            log.exception("Event %s is left out of feeds: its record cannot be told", event.id)
    return entries


def _parts(entry: FeedEvent, event: Event, segment: Segment, chapters: Collection[int]) -> list[FeedEvent]:
    """The entry of a segment, or one for each run of its days that are about one of `chapters`, each under a UID of its
    own; of a series all or nothing.
    """
    if not chapters:
        return [entry]
    if entry.rrule:
        return [entry] if set(chapters_on(event, segment)).intersection(chapters) else []
    (whole,) = (one for one in occurrences(event, date.min, date.max) if one.segment is segment)
    found = parts_about(whole, chapters)
    return [entry] if found == [whole] else [_part(entry, event, segment, one) for one in found]


def _part(entry: FeedEvent, event: Event, segment: Segment, one: Occurrence) -> FeedEvent:
    """The entry of a segment for some of its days."""
    numbers = chapters_of(one)
    start: date | datetime = one.start.replace(tzinfo=None) if one.start else one.first
    end: date | datetime = one.end.replace(tzinfo=None) if one.end else one.last
    return replace(
        entry,
        uid=suffixed_uid(entry.uid, f"{one.first:%Y%m%d}"),
        start=start,
        end=end,
        tzid=entry.tzid if one.start else None,
        description=_description(event, segment, days=(one.first, one.last)),
        categories=_categories(event, numbers),
        colour=next((COLOURS[number] for number in numbers), None),
        transparent=one.start is None,
    )


def uid_of(event: Event, segment: Segment) -> str:
    """The UID of a segment: the event's own for the first, with the number for the others."""
    return numbered_uid(event.uid, segment.number)


def numbered_uid(uid: str, number: int) -> str:
    """The UID of the run of days with that number, of the event with this UID."""
    return uid if number == 1 else suffixed_uid(uid, str(number))


def suffixed_uid(uid: str, suffix: str) -> str:
    """The UID of a part of what has this UID."""
    name, at, host = uid.partition("@")
    return f"{name}-{suffix}{at}{host}"


def _entry(event: Event, segment: Segment, place: int, base_url: str) -> FeedEvent:
    assert segment.start is not None and segment.end is not None
    timed = bool(segment.start_time and segment.end_time and event.timezone)
    start: date | datetime = segment.start.first
    end: date | datetime = segment.end.last
    if timed:
        start = datetime.combine(segment.start.first, segment.start_time or time())
        end = datetime.combine(segment.end.last, segment.end_time or time())
    recurs = place == 0 and bool(event.rrule)
    changes = event.exceptions if recurs else []
    url = f"{base_url}/events/{event.id}"
    return FeedEvent(
        uid=uid_of(event, segment),
        sequence=event.sequence,
        stamp=event.updated_at,
        created=event.created_at,
        title=_title(event, place),
        status=STATUS[event.status],  # type: ignore[arg-type]
        start=start,
        end=end,
        tzid=event.timezone if timed or any(change.has_hours for change in changes) else None,
        rrule=event.rrule if recurs else None,
        exdates=tuple(_original(change, start) for change in changes if change.is_left_out),
        overrides=tuple(_override(event, segment, one, end, start) for one in changes if not one.is_left_out),
        location=event.place,
        description=_description(event, segment),
        url=url,
        categories=_categories(event, chapters_on(event, segment)),
        links=_links(event),
        geo=(event.latitude, event.longitude) if event.latitude is not None and event.longitude is not None else None,
        colour=next((COLOURS[number] for number in chapters_on(event, segment)), None),
        related_to=event.uid if segment.number != 1 else (event.parent.uid if event.parent else None),
        transparent=not timed,
    )


def _title(event: Event, place: int) -> str:
    title = event.title
    if len(event.segments) > 1:
        title = f"{title} ({place + 1}/{len(event.segments)})"
    return str(_("%(title)s (postponed)", title=title)) if event.status is EventStatus.POSTPONED else title


def _override(
    event: Event, segment: Segment, change: OccurrenceChange, end: date | datetime, start: date | datetime
) -> FeedOverride:
    """A moved, changed or cancelled occurrence, by its original begin."""
    timed = isinstance(start, datetime) if change.has_hours is None else change.has_hours
    original = _original(change, start)
    begins = original
    if change.start:
        begins = change.start if timed else change.start.date()
    ends: date | datetime = begins + (end - start)  # type: ignore[operator]  # both dates or both date-times
    if change.end:
        ends = change.end if timed else change.end.date()
    return FeedOverride(
        original=original,
        start=begins,
        end=ends,
        title=_title_of_date(event, change),
        cancelled=change.is_cancelled or event.status is EventStatus.CANCELLED,
        note=change.note or None,
        location=change.venue or None,
        description=_description(event, segment, change.description) if change.description else None,
        status=STATUS[change.status] if change.status else None,  # type: ignore[arg-type]
    )


def _original(change: OccurrenceChange, start: date | datetime) -> date | datetime:
    """When the rule would have put a date: of the same kind as the `start` of the series."""
    return change.original if isinstance(start, datetime) else change.original.date()


def _title_of_date(event: Event, change: OccurrenceChange) -> str | None:
    """The title of a changed date; None where it is that of its event."""
    if change.status is EventStatus.POSTPONED and event.status is not EventStatus.POSTPONED:
        return str(_("%(title)s (postponed)", title=change.title or event.title))
    return change.title or None


def _description(event: Event, segment: Segment, own: str = "", days: tuple[date, date] = (date.min, date.max)) -> str:
    """The text of an event, or its `own` of one date, and who organises it, with whom, and what its days are about,
    from the first to the last of `days`.
    """
    parts = [own or event.description]
    if event.organisers:
        parts.append(_("Organised by %(names)s", names=_shorts(event.organisers)))
    if event.participants:
        names = _shorts(event.participants)
        incomplete = event.participants_incomplete
        parts.append(_("With %(names)s and others", names=names) if incomplete else _("With %(names)s", names=names))
    about = [_about_day(day) for day in segment.days if days[0] <= day.day <= days[1]]
    parts += ["\n".join(about)]
    return "\n\n".join(part for part in parts if part)


def _shorts(organisations: Iterable[Organisation]) -> str:
    return "; ".join(one.short for one in organisations)


def _about_day(day: SegmentDay) -> str:
    """What one day is about, in words."""
    words = ImpreciseDate.day(day.day).words()
    if day.chapter_number:
        said = _("%(day)s: chapter %(roman)s", day=words, roman=ROMAN[day.chapter_number])
    else:
        said = _("%(day)s: no chapter", day=words)
    return str(_("%(about)s (%(note)s)", about=said, note=day.note)) if day.note else str(said)


def _categories(event: Event, numbers: Iterable[int]) -> tuple[str, ...]:
    entities = [organiser.short for organiser in event.organisers if organiser.is_entity]
    chapters = [in_words("Chapter {}").format(ROMAN[number]) for number in numbers]
    kind = event.kind.value.capitalize() if spoken().language == DEFAULT else str(KIND_LABELS[event.kind])
    return tuple(dict.fromkeys([kind, *entities, *chapters]))


def _links(event: Event) -> tuple[tuple[str, str], ...]:
    """Title and address; a meeting's title begins with `Meeting`, so that it is known as one."""
    words = {LinkKind.MEETING: str(MEETING), LinkKind.WEBCAST: _("Webcast"), LinkKind.PAGE: ""}
    return tuple(
        (": ".join(part for part in (words[link.kind], link.title) if part) or link.url, link.url)
        for link in event.links
    )
