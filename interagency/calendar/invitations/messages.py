"""The iCalendar object of an invitation, an update or a cancellation to one person (RFC 5546, 3.2.2 and 3.2.5): pure.

Each goes to one person and names that person alone: nobody learns who else is invited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from icalendar import Calendar, vCalAddress, vText
from icalendar import Event as VEvent

from interagency.calendar.feeds.building import (
    END,
    PRODUCT,
    FeedEvent,
    FeedOverride,
    changed_dates,
    components,
    zone_bytes,
)
from interagency.calendar.invitations.models import Answer
from interagency.text.folding import clean

Method = Literal["REQUEST", "CANCEL"]
PARTSTAT = {
    Answer.NONE: "NEEDS-ACTION",
    Answer.ACCEPTED: "ACCEPTED",
    Answer.TENTATIVE: "TENTATIVE",
    Answer.DECLINED: "DECLINED",
}


@dataclass(frozen=True, slots=True)
class To:
    """Whom a message is for, and from whom: names and addresses, and what the person has answered so far."""

    name: str
    address: str
    organiser: str
    organiser_address: str
    answer: Answer = Answer.NONE


def message_text(entry: FeedEvent, method: Method, to: To, *, sequence: int, at: datetime) -> str:
    """All of `entry`, to `to`, as version `sequence`, written at `at` (UTC)."""
    own = replace(entry, sequence=sequence, stamp=at, related_to=None, colour=None)
    if method == "CANCEL":
        own = replace(own, status="cancelled", overrides=())
        return _whole(own, components(own), method, to)
    # A request holds nothing that is cancelled: what is cancelled of a series is left out of its rule.
    gone = tuple(change.original for change in own.overrides if change.cancelled)
    left = tuple(change for change in own.overrides if not change.cancelled)
    own = replace(own, exdates=(*own.exdates, *gone), overrides=left)
    return _whole(own, components(own), method, to)


def date_text(entry: FeedEvent, date: FeedOverride, method: Method, to: To, *, sequence: int, at: datetime) -> str:
    """A single date of the series `entry` (RFC 5546, 3.2.2.1 and 3.2.5.1)."""
    own = replace(entry, sequence=sequence, stamp=at, related_to=None, colour=None, overrides=(date,))
    return _whole(own, changed_dates(own), method, to)


def _whole(entry: FeedEvent, parts: Sequence[VEvent], method: Method, to: To) -> str:
    head = Calendar()
    head.add("version", "2.0")
    head.add("prodid", PRODUCT)
    head.add("calscale", "GREGORIAN")
    head.add("method", method)
    for part in parts:
        _add_people(part, method, to)
    body = b"".join(part.to_ical(sorted=False) for part in parts)
    begins: bytes = head.to_ical(sorted=False)
    return (begins.removesuffix(END) + zone_bytes(entry) + body + END).decode()


def _add_people(part: VEvent, method: Method, to: To) -> None:
    organiser = vCalAddress(f"mailto:{to.organiser_address}")
    organiser.params["CN"] = vText(_name(to.organiser))
    part.add("organizer", organiser)
    attendee = vCalAddress(f"mailto:{to.address}")
    attendee.params["CUTYPE"] = vText("INDIVIDUAL")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    if method == "REQUEST":
        attendee.params["PARTSTAT"] = vText(PARTSTAT[to.answer])
        attendee.params["RSVP"] = vText("TRUE")
    attendee.params["CN"] = vText(_name(to.name) or to.address)
    part.add("attendee", attendee)


def _name(text: str) -> str:
    """A name that a parameter can hold: it has no way to write a quotation mark (RFC 5545, 3.2)."""
    return clean(text, lines=False).replace('"', "'")[:200]
