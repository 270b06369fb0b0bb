"""Events turned into an iCalendar feed (RFC 5545, 7986): pure, the same events give the same bytes.

No METHOD, ORGANIZER, ATTENDEE or VALARM: in a shared feed they leak addresses and make clients nag.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Literal, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from icalendar import Calendar, vDuration, vRecur, vText, vUri
from icalendar import Event as VEvent
from icalendar.parser import Contentline, Parameters

from interagency.calendar.events.recurrence_rules import rule_from
from interagency.calendar.feeds.zones import vtimezone
from interagency.text.folding import clean

log = logging.getLogger(__name__)
CONTENT_TYPE = "text/calendar; charset=utf-8"
PRODUCT = "-//UN interagency coordination//Interagency calendar//EN"
REFRESH = timedelta(hours=4)
# What the title of a link to an online meeting begins with.
MEETING = _l("Meeting")
LAST_YEAR_OF_ENDLESS_RULES = 2060
_UNTIL = re.compile(r"UNTIL=(\d{4})")
Moment = date | datetime


class _Text(vText):
    r"""TEXT as RFC 5545, 3.3.11 has it. icalendar would make a line break of the two signs ``\N``, as in ``C:\New``."""

    def to_ical(self) -> bytes:
        text = str(self).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n").encode()


@dataclass(frozen=True, slots=True)
class FeedOverride:
    """One occurrence moved, changed or cancelled; `original` is when the rule would have put it (local time).

    What it does not say of its own is as the event says it; `note` is said before the description.
    """

    original: Moment
    start: Moment
    end: Moment
    title: str | None = None
    cancelled: bool = False
    note: str | None = None
    location: str | None = None
    description: str | None = None
    status: Literal["tentative", "confirmed", "cancelled"] | None = None


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """What goes out of one event.

    `start` and `end` are dates (the last day included) or naive local times of the zone `tzid`; `stamp`
    and `created` are aware; `rrule` is RRULE text whose UNTIL is local.
    """

    uid: str
    sequence: int
    stamp: datetime
    created: datetime
    title: str
    status: Literal["tentative", "confirmed", "cancelled"]
    start: Moment
    end: Moment
    tzid: str | None = None
    rrule: str | None = None
    exdates: tuple[Moment, ...] = ()
    overrides: tuple[FeedOverride, ...] = ()
    location: str = ""
    description: str = ""
    url: str = ""
    categories: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    geo: tuple[float, float] | None = None
    colour: str | None = None
    related_to: str | None = None
    transparent: bool = False


def _naive(moment: Moment) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


def recurrence(event: FeedEvent) -> vRecur | None:
    """The RRULE with an UNTIL of the right type (RFC 5545, 3.3.10), or None when it happens once."""
    if not event.rrule:
        return None
    parts = dict(part.split("=", 1) for part in event.rrule.upper().split(";") if "=" in part)
    if parts.get("COUNT") == "1":
        return None  # Office 365 refuses COUNT=1
    if "UNTIL" in parts:
        text = parts.pop("UNTIL").rstrip("Z")
        until = datetime.strptime(text, "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")
        if not isinstance(event.start, datetime):
            parts["UNTIL"] = f"{until:%Y%m%d}"
        else:
            until = until if "T" in text else until.replace(hour=23, minute=59, second=59)
            local = _in_zone(until, event.tzid)
            assert isinstance(local, datetime)
            parts["UNTIL"] = f"{local.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    rule: vRecur = vRecur.from_ical(";".join(f"{name}={value}" for name, value in parts.items()))
    return rule


def _in_zone(moment: Moment, tzid: str | None) -> Moment:
    """A naive local time in its zone; a date stays a date."""
    if not isinstance(moment, datetime):
        return moment
    return moment.replace(tzinfo=ZoneInfo(tzid) if tzid else UTC)


def _uri(url: str) -> vUri:
    """An absolute URI with everything outside the URI characters percent-encoded."""
    return vUri(quote(clean(url, lines=False), safe="%:/?#[]@!$&'()*+,;=~-._"))


def _add_times(entry: VEvent, start: Moment, end: Moment, tzid: str | None) -> None:
    entry.add("dtstart", _in_zone(start, tzid))
    if not isinstance(start, datetime):
        entry.add("dtend", end + timedelta(days=1))  # exclusive (RFC 5545, 3.6.1)
    elif end > start:
        entry.add("dtend", _in_zone(end, tzid))
    else:
        entry.add("duration", vText("PT0S"))  # DTEND may not equal DTSTART; P0D would be a whole day to some


def _add_stamps(entry: VEvent, event: FeedEvent) -> None:
    entry.add("uid", event.uid)
    entry.add("dtstamp", event.stamp.astimezone(UTC))
    entry.add("created", event.created.astimezone(UTC))
    entry.add("last-modified", event.stamp.astimezone(UTC))
    entry.add("sequence", event.sequence)


def _description(event: FeedEvent, note: str | None = None) -> str:
    """The text with its links: most clients show nothing of CONFERENCE."""
    links = [f"{title}: {url}" if title != url else url for title, url in event.links]
    return clean("\n\n".join(part for part in (note or "", event.description, "\n".join(links), event.url) if part))


def _add_texts(entry: VEvent, event: FeedEvent, title: str, note: str | None = None) -> None:
    entry.add("summary", _Text(clean(title, lines=False)))
    if location := clean(event.location, lines=False):
        entry.add("location", _Text(location))
    if description := _description(event, note):
        entry.add("description", _Text(description))
    if event.url:
        entry.add("url", _uri(event.url))
        # The record this was made from (RFC 9253, 8.2); programs that do not know the property pass it over.
        record = _uri(event.url)
        record.params["LINKREL"] = "describedby"
        record.params["VALUE"] = "URI"
        record.params["FMTTYPE"] = "text/html"
        entry.add("link", record)
    for name, url in event.links:
        if name.startswith(str(MEETING)):
            conference = _uri(url)
            conference.params["VALUE"] = "URI"
            conference.params["FEATURE"] = "VIDEO"
            entry.add("conference", conference)
    if event.categories:
        entry.add("categories", [clean(category, lines=False) for category in event.categories])
    if event.geo:
        entry.add("geo", event.geo)
    if event.colour:
        entry.add("color", vText(event.colour))
    if event.related_to:
        entry.add("related-to", vText(event.related_to))


def _add_standing(entry: VEvent, event: FeedEvent, status: str) -> str:
    """STATUS and TRANSP; the title as it is shown.

    Outlook shows what is cancelled as if it took place, unless the title says so, and blocks the time unless it is
    transparent (MS-OXCICAL, 2.1.3.1.1.20.23).
    """
    is_cancelled = status == "cancelled"
    entry.add("status", status.upper())
    entry.add("transp", "TRANSPARENT" if event.transparent or is_cancelled else "OPAQUE")
    return str(_("Cancelled: %(title)s", title=event.title)) if is_cancelled else event.title


def _master(event: FeedEvent) -> VEvent:
    entry = VEvent()
    _add_stamps(entry, event)
    _add_times(entry, event.start, event.end, event.tzid)
    title = _add_standing(entry, event, event.status)
    rule = recurrence(event)
    if rule is not None:
        entry.add("rrule", rule)
        occurring = rule_from(event.rrule or "", event.start)
        # khal drops an event whose EXDATE hits nothing.
        for gone in sorted(event.exdates, key=_naive):
            if occurring.between(_naive(gone), _naive(gone), inc=True):
                entry.add("exdate", _in_zone(gone, event.tzid))
    _add_texts(entry, event, title)
    return entry


def _override(event: FeedEvent, change: FeedOverride) -> VEvent:
    entry = VEvent()
    _add_stamps(entry, event)
    entry.add("recurrence-id", _in_zone(change.original, event.tzid))
    _add_times(entry, change.start, change.end, event.tzid)
    own = replace(
        event,
        title=change.title or event.title,
        location=change.location or event.location,
        description=change.description or event.description,
    )
    title = _add_standing(entry, own, "cancelled" if change.cancelled else change.status or event.status)
    _add_texts(entry, own, title, change.note)
    return entry


def components(event: FeedEvent) -> list[VEvent]:
    """The VEVENT of one event, and one more for each changed occurrence."""
    blocks = [_master(event)]
    if event.rrule and recurrence(event) is not None:
        blocks += changed_dates(event)
    return blocks


def changed_dates(event: FeedEvent) -> list[VEvent]:
    """A VEVENT for each changed occurrence alone."""
    return [_override(event, change) for change in sorted(event.overrides, key=lambda c: _naive(c.original))]


def event_bytes(event: FeedEvent) -> bytes:
    """The components of one event. CRLF, folded at 75 octets."""
    return b"".join(block.to_ical(sorted=False) for block in components(event))


def _years(event: FeedEvent) -> tuple[int, int]:
    """The first and last year the event's times lie in."""
    moments = [event.start, event.end, *(m for c in event.overrides for m in (c.original, c.start, c.end))]
    first, last = min(m.year for m in moments), max(m.year for m in moments)
    if event.rrule:
        until = _UNTIL.search(event.rrule)
        if "COUNT=" in event.rrule.upper():
            ends = max(rule_from(event.rrule, event.start), default=None)
            last = max(last, (ends + (_naive(event.end) - _naive(event.start))).year if ends else last)
        else:
            last = max(last, int(until[1]) if until else LAST_YEAR_OF_ENDLESS_RULES)
    return first, last


class Block(NamedTuple):
    """The ready bytes of one event, and what a calendar must know to put them in their place."""

    begins: datetime
    uid: str
    body: bytes
    # The zone its times need, and for which years.
    tzid: str | None = None
    first_year: int | None = None
    last_year: int | None = None


def block_of(event: FeedEvent) -> Block:
    """The bytes of `event`, made by icalendar."""
    body = event_bytes(event)
    if not event.tzid:
        return Block(_naive(event.start), event.uid, body)
    return Block(_naive(event.start), event.uid, body, event.tzid, *_years(event))


def _zones(blocks: Iterable[Block]) -> bytes:
    """One VTIMEZONE for each zone in use, right for the years of its events."""
    used: dict[str, tuple[int, int]] = {}
    for tzid, begins, ends in {(block.tzid, block.first_year, block.last_year) for block in blocks}:  # a few dozen
        if tzid and begins and ends:
            first, last = used.get(tzid, (begins, ends))
            used[tzid] = (min(first, begins), max(last, ends))
    return b"".join(_zone(tzid, first - 1, last + 1) for tzid, (first, last) in sorted(used.items()))


def zone_bytes(event: FeedEvent) -> bytes:
    """The VTIMEZONE that the times of `event` need; nothing for whole days."""
    return _zones([Block(_naive(event.start), event.uid, b"", event.tzid, *_years(event))]) if event.tzid else b""


@lru_cache(maxsize=512)
def _zone(tzid: str, first_year: int, last_year: int) -> bytes:
    made: bytes = vtimezone(tzid, first_year, last_year).to_ical(sorted=False)
    return made


def _head(name: str, url: str, refresh: timedelta) -> bytes:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    title = clean(name, lines=False)
    calendar.add("name", vText(title))
    calendar.add("x-wr-calname", vText(title))
    interval = vDuration(refresh)
    interval.params["VALUE"] = "DURATION"
    calendar.add("refresh-interval", interval)
    calendar.add("x-published-ttl", vDuration(refresh))
    source = _uri(url)
    source.params["VALUE"] = "URI"
    calendar.add("source", source)
    whole: bytes = calendar.to_ical(sorted=False)
    return whole.removesuffix(b"END:VCALENDAR\r\n")


END = b"END:VCALENDAR\r\n"


def beginning(name: str, url: str, blocks: Sequence[Block], *, refresh: timedelta = REFRESH) -> bytes:
    """Everything of a calendar that stands before its events."""
    return _head(name, url, refresh) + _zones(blocks)


def blocks_of(events: Iterable[FeedEvent]) -> list[Block]:
    """The blocks of `events`. One that cannot be written is left out and logged: it takes no other with it."""
    found = []
    for event in events:
        try:
            found.append(block_of(event))
        except Exception:
            log.exception("%s is left out of feeds: it cannot be written", event.uid)
    return found


def in_order(blocks: Iterable[Block]) -> list[Block]:
    """`blocks` by begin and UID. Where two have the same UID the first given keeps it, the other gets its own."""
    found = list(blocks)
    if len({block.uid for block in found}) != len(found):
        found = _with_own_uids(found)
    return sorted(found, key=itemgetter(0, 1))  # begins, uid


def _with_own_uids(blocks: Iterable[Block]) -> list[Block]:
    """The blocks, no two with the same UID: programs refuse the whole calendar otherwise."""
    seen: set[str] = set()
    found = []
    for block in blocks:
        uid, number = block.uid, 2
        while uid in seen:
            uid, number = f"{block.uid}-{number}", number + 1
        seen.add(uid)
        found.append(block if uid == block.uid else _renamed(block, uid))
    return found


def _renamed(block: Block, uid: str) -> Block:
    """The same event under another UID."""
    body = block.body.replace(_uid_line(block.uid), _uid_line(uid))
    return block._replace(uid=uid, body=body)


def _uid_line(uid: str) -> bytes:
    line: bytes = Contentline.from_parts("UID", Parameters(), vText(uid)).to_ical()
    return line + b"\r\n"


def calendar_bytes(name: str, url: str, events: Iterable[FeedEvent], *, refresh: timedelta = REFRESH) -> bytes:
    """A calendar called `name`, to be found at `url`, with `events` in the order of begin and UID.

    One event never takes the others with it: one that cannot be written is left out and logged, and where two have the
    same UID the older keeps it and the other gets one of its own.
    """
    oldest_first = sorted(events, key=lambda event: (event.created, event.url, event.title))
    blocks = in_order(blocks_of(oldest_first))
    return beginning(name, url, blocks, refresh=refresh) + b"".join(block.body for block in blocks) + END
