"""What is typed while an event is planned, read as far as it goes: for the preview beside the form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from interagency.calendar.events.clashes import Plan
from interagency.calendar.events.lines import read_segment, split_days
from interagency.calendar.events.record import SegmentDraft
from interagency.calendar.events.recurrence import BASES, Repeat, rule_of, starts
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.folding import clean
from interagency.text.typed_dates import read_one_day
from interagency.text.zones import is_known_zone, zone_named


def read_plan(args: Mapping[str, str]) -> tuple[list[str], Plan]:
    """The dates in words (of a repetition the next ten) and the plan they make. Raises ValueError with a sentence."""
    segments = [read_segment(line) for line in split_days(clean(args.get("segments", "")))]
    zone_name = zone_named(clean(args.get("timezone", ""), lines=False)) or ""
    zone = ZoneInfo(zone_name) if is_known_zone(zone_name) else None
    kind = args.get("repeats", "")
    if (kind in BASES or kind == "weekday") and len(segments) == 1 and segments[0].start.is_exact:
        segments = _repeated(segments[0], _repeat(kind, args))
        dates = [words_between(one.start, one.end) for one in segments]
    else:
        dates = []
    days = tuple(_day(one, zone) for one in segments if one.start.is_exact and one.end.is_exact)
    event_id = args.get("event", "")
    plan = Plan(
        days,
        clean(args.get("city", ""), lines=False),
        clean(args.get("meant_for", ""), lines=False),
        int(event_id) if event_id.isdecimal() and len(event_id) < 10 else None,
    )
    return dates, plan


def _repeat(kind: str, args: Mapping[str, str]) -> Repeat:
    def number(name: str) -> int | None:
        text = args.get(name, "")
        return int(text) if text.isdecimal() and 0 < len(text) < 4 and int(text) else None

    until: date | None = None
    if text := clean(args.get("repeat_until", ""), lines=False):
        until = read_one_day(text)
        if until is None:
            raise ValueError(_("Write a day, such as 31 December 2027."))
    on, months = (clean(args.get(name, ""), lines=False)[:200] for name in ("repeat_on", "repeat_months"))
    return Repeat(kind, number("repeat_every") or 1, number("repeat_count"), until, on, months)


def _repeated(first: SegmentDraft, repeat: Repeat) -> list[SegmentDraft]:
    begins = datetime.combine(first.start.first, first.start_time or time())
    length = first.end.last - first.start.first
    return [
        SegmentDraft(
            ImpreciseDate.day(one.date()), ImpreciseDate.day(one.date() + length), first.start_time, first.end_time
        )
        for one in starts(rule_of(repeat, first.start.first), begins)
    ]


def _day(one: SegmentDraft, zone: ZoneInfo | None) -> tuple[date, date, datetime | None, datetime | None]:
    if zone is None or one.start_time is None or one.end_time is None:
        return (one.start.first, one.end.last, None, None)
    return (
        one.start.first,
        one.end.last,
        datetime.combine(one.start.first, one.start_time, zone),
        datetime.combine(one.end.last, one.end_time, zone),
    )
