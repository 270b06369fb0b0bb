"""Addresses at which Google and Outlook on the web offer to add one event to one's calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from interagency.calendar.feeds.building import FeedEvent, recurrence

GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.office.com/calendar/0/action/compose"
MAX_TEXT_LENGTH = 1_000  # so that the address stays one that every browser and server takes


def google_address(event: FeedEvent) -> str:
    """Where Google Calendar offers to add `event`, with its rule and in its zone."""
    rule = recurrence(event)
    values = {
        "action": "TEMPLATE",
        "text": event.title,
        "dates": "/".join(_compact(moment) for moment in (event.start, _end(event))),
        "ctz": event.tzid if isinstance(event.start, datetime) else None,
        "recur": f"RRULE:{rule.to_ical().decode()}" if rule is not None else None,  # type: ignore[no-untyped-call]
        "location": event.location,
        "details": _text(event),
    }
    return f"{GOOGLE}?{urlencode({name: value for name, value in values.items() if value})}"


def outlook_address(event: FeedEvent) -> str | None:
    """Where Outlook on the web offers to add `event`; None for a repeated one, which it cannot be told."""
    if event.rrule:
        return None
    is_timed = isinstance(event.start, datetime)
    values = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": event.title,
        "startdt": _instant(event.start, event.tzid),
        "enddt": _instant(_end(event), event.tzid),
        "allday": None if is_timed else "true",
        "location": event.location,
        "body": _text(event),
    }
    return f"{OUTLOOK}?{urlencode({name: value for name, value in values.items() if value})}"


def _end(event: FeedEvent) -> date | datetime:
    """The end as calendars have it: of whole days the day after the last."""
    return event.end if isinstance(event.end, datetime) else event.end + timedelta(days=1)


def _compact(moment: date | datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}" if isinstance(moment, datetime) else f"{moment:%Y%m%d}"


def _instant(moment: date | datetime, tzid: str | None) -> str:
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return f"{moment.replace(tzinfo=ZoneInfo(tzid) if tzid else UTC).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _text(event: FeedEvent) -> str:
    return "\n\n".join(part for part in (event.description[:MAX_TEXT_LENGTH], event.url) if part)
