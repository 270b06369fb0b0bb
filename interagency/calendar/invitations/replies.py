"""An iCalendar object that came in, read as answers to invitations (REPLY and COUNTER, RFC 5546). Knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

from flask_babel import gettext as _

from interagency.calendar.incoming.lines import Block, Budget, CalendarNotRead, EventNotRead, FileBlocks, Line
from interagency.calendar.incoming.times import EventTimes, Stamp
from interagency.calendar.incoming.zones import FileZones
from interagency.calendar.invitations.models import ADDRESS_LENGTH, COMMENT_LENGTH, NAME_LENGTH, Answer
from interagency.text.folding import clean

ANSWERS = {"ACCEPTED": Answer.ACCEPTED, "TENTATIVE": Answer.TENTATIVE, "DECLINED": Answer.DECLINED}
MAX_REPLIES, MAX_ATTENDEES = 100, 200
Time = date | datetime  # a day, or an instant (aware)


class NotAnAnswer(ValueError):
    """It is no answer to an invitation."""


@dataclass(frozen=True, slots=True)
class Attendee:
    """Who answers, and what (PARTSTAT as written, in capitals)."""

    address: str
    name: str
    state: str
    sent_by: str = ""
    delegates: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: to which UID, version and date, when it was given, by whom; and the time proposed instead."""

    uid: str
    organiser: str
    attendees: tuple[Attendee, ...]
    sequence: int | None
    stamp: datetime | None
    original: Time | None
    comment: str
    proposed: tuple[Time, Time] | None = None


def read_replies(body: bytes, default_zone: str) -> list[Reply]:
    """The answers in an iCalendar object. Raises NotAnAnswer for another method, ValueError for what cannot be read."""
    blocks = FileBlocks(body)
    if not blocks.calendars:
        raise CalendarNotRead(_("There is no calendar in it."))
    calendar = blocks.calendars[0]
    method = calendar.text("METHOD").strip().upper()
    if method not in ("REPLY", "COUNTER"):
        raise NotAnAnswer(f"Its method is {method[:40] or 'not said'}.")
    zones = FileZones(calendar, Budget())
    events = [block for block in calendar.parts if block.name == "VEVENT"][:MAX_REPLIES]
    if not events:
        raise NotAnAnswer("It holds no event.")
    try:
        return [_reply(block, EventTimes(zones, default_zone), is_counter=method == "COUNTER") for block in events]
    except OverflowError:
        raise EventNotRead(_("Its dates lie outside what a calendar can hold.")) from None


def _reply(block: Block, times: EventTimes, *, is_counter: bool) -> Reply:
    original = _time(block, "RECURRENCE-ID", times)
    start = _time(block, "DTSTART", times) if is_counter else None
    return Reply(
        uid=clean(block.text("UID"), lines=False),
        organiser=_address(block.all("ORGANIZER")[0].value) if "ORGANIZER" in block else "",
        attendees=tuple(_attendee(line) for line in block.all("ATTENDEE")[:MAX_ATTENDEES]),
        sequence=_number(block.text("SEQUENCE")),
        stamp=_stamp(block, times),
        original=original,
        comment=clean(block.text("COMMENT"))[:COMMENT_LENGTH],
        proposed=(start, _end(block, times, start)) if start is not None else None,
    )


def _attendee(line: Line) -> Attendee:
    given = line.parameters
    return Attendee(
        address=_address(line.value),
        name=clean(given.get("CN", ""), lines=False)[:NAME_LENGTH],
        state=given.get("PARTSTAT", "NEEDS-ACTION").strip().upper()[:40],
        sent_by=_address(given.get("SENT-BY", "")),
        delegates="DELEGATED-TO" in given or "DELEGATED-FROM" in given,
    )


def _address(value: str) -> str:
    """`mailto:Jane@Example.org` as a folded address."""
    text = clean(unquote(value.strip().strip("\"'")), lines=False).lower()
    return text.removeprefix("mailto:").strip()[:ADDRESS_LENGTH]


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else None


def _time(block: Block, name: str, times: EventTimes) -> Time | None:
    if name not in block:
        return None
    stamp = times.stamp(block.all(name)[0])
    return stamp.clock.instant(stamp.shows) if isinstance(stamp, Stamp) else stamp


def _stamp(block: Block, times: EventTimes) -> datetime | None:
    try:
        moment = _time(block, "DTSTAMP", times)
    except ValueError:
        return None
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).replace(microsecond=0)
    return None


def _end(block: Block, times: EventTimes, start: Time) -> Time:
    """The end, the last day included; where none is given or it lies before the begin, the begin."""
    end = _time(block, "DTEND", times)
    if end is None or isinstance(end, datetime) is not isinstance(start, datetime):
        return start
    if not isinstance(end, datetime):
        end -= timedelta(days=1)
    return max(start, end)  # both days or both instants
