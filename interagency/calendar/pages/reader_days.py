"""When events take place for the reader: their days and hours in the reader's zone (rule 26)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from interagency.calendar.events.models import Event
from interagency.calendar.events.occurrences import Occurrence, all_occurrences, zone_of
from interagency.calendar.pages.blueprint import bp
from interagency.web.context import viewer_zone
from interagency.web.formats import format_date_value

DAY = timedelta(days=1)


def reader_occurrences(
    events: Iterable[Event], first: date, last: date, chapters: Collection[int] = (), zone: ZoneInfo | None = None
) -> list[Occurrence]:
    """What happens on the days from `first` to `last` by the reader's clock, or that of `zone`, in order; where
    `chapters` are asked for, on the days that are about one of them.

    Read the events of a day more on either side: what is on Tuesday evening in New York is on Wednesday in Tokyo. What
    lasts a day or longer keeps the days that its place gives it, as do whole days.
    """
    zone = zone or viewer_zone()
    found = [in_zone(one, zone) for one in all_occurrences(events, first - DAY, last + DAY, chapters)]
    return sorted(
        (one for one in found if one.first <= last and one.last >= first), key=lambda one: (one.first, one.sort_key)
    )


def in_zone(one: Occurrence, zone: ZoneInfo) -> Occurrence:
    """The same with its hours, and the days they fall on, by the clock of `zone`."""
    if one.start is None or one.end is None:
        return one
    start, end = one.start.astimezone(zone), one.end.astimezone(zone)
    if end - start >= DAY or start.utcoffset() == one.start.utcoffset():
        return replace(one, start=start, end=end)
    last = end.date() - DAY if end.time() == time() and end > start else end.date()
    return replace(one, start=start, end=end, first=start.date(), last=last, written_end=last)


@bp.app_template_global()
def format_hours(one: Occurrence, *, own_first: bool = False) -> str:
    """The hours of an occurrence by the reader's clock with the zone, and by the event's where they differ:
    `20:00–21:30 Asia/Tokyo (12:00–13:30 Europe/Vienna)`; "" for whole days.

    `own_first`: the event's own come first, beside days that are the event's own. Dates are said where they are not
    those that the occurrence is shown under.
    """
    if one.start is None or one.end is None:
        return ""
    own_zone = zone_of(one.event) or viewer_zone()
    zones = [viewer_zone(), own_zone]
    spans = [(one.start.astimezone(zone), one.end.astimezone(zone)) for zone in zones]
    words = [f"{_span(start, end, one)} {zone.key}" for (start, end), zone in zip(spans, zones, strict=True)]
    if all(here.utcoffset() == there.utcoffset() for here, there in zip(*spans, strict=True)):
        return words[1]
    shown, other = (1, 0) if own_first else (0, 1)
    if own_first:
        start, end = spans[0]
        words[0] = f"{_dated(start, end)} {zones[0].key}"
    return f"{words[shown]} ({words[other]})"


def _span(start: datetime, end: datetime, one: Occurrence) -> str:
    last = end.date() - DAY if end.time() == time() and end > start else end.date()
    # Of what ends after midnight the days may be said either way.
    if start.date() == one.first and one.last in (last, end.date()):
        return f"{start:%H:%M}–{end:%H:%M}"
    return _dated(start, end)


def _dated(start: datetime, end: datetime) -> str:
    begins = f"{format_date_value(start.date())}, {start:%H:%M}"
    if start.date() == end.date():
        return f"{begins}–{end:%H:%M}"
    return str(_("%(begins)s to %(ends)s", begins=begins, ends=f"{format_date_value(end.date())}, {end:%H:%M}"))
