"""What an invitation says of time, place and status, and what has changed of it: pure, knows no database.

A change of the title or the text alone is told to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from interagency.calendar.feeds.building import FeedEvent, FeedOverride, Moment


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one UID: when (begin, end, zone, rule), where, whether confirmed, and what single dates say otherwise.

    `dates` are by their original begin; one that is cancelled or left out says `cancelled`. `last` is the last day;
    None: it repeats without end.
    """

    when: tuple[str | None, ...]
    place: str
    status: str
    dates: Mapping[str, list[str]] = field(default_factory=dict)
    last: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be kept and read back by `standing_from`."""
        return asdict(self) | {"when": list(self.when)}

    def is_over(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.last is not None and date.fromisoformat(self.last) < today


def standing_from(kept: Mapping[str, Any]) -> Standing:
    """What `Standing.as_json` gave."""
    return Standing(tuple(kept["when"]), kept["place"], kept["status"], kept["dates"], kept["last"])


def standing_of(entry: FeedEvent, last: date | None) -> Standing:
    """What is told of an entry of the calendar whose last day is `last`."""
    return Standing(
        when=(entry.start.isoformat(), entry.end.isoformat(), entry.tzid, entry.rrule),
        place=entry.location,
        status=entry.status,
        dates=_dates(entry),
        last=last.isoformat() if last else None,
    )


def _dates(entry: FeedEvent) -> dict[str, list[str]]:
    found = {key_of(gone): ["cancelled"] for gone in entry.exdates}
    usual = _said(entry, FeedOverride(entry.start, entry.start, entry.end))
    for change in entry.overrides:
        said = _said(entry, change)
        if said != [*_moved(entry, usual, change.original)]:
            found[key_of(change.original)] = said
    return dict(sorted(found.items()))


def _said(entry: FeedEvent, change: FeedOverride) -> list[str]:
    if change.cancelled:
        return ["cancelled"]
    place, status = change.location or entry.location, change.status or entry.status
    return [change.start.isoformat(), change.end.isoformat(), place, status]


def _moved(entry: FeedEvent, usual: list[str], original: Moment) -> list[str]:
    """What a date says that is as the rule has it."""
    if usual == ["cancelled"]:
        return usual
    return [original.isoformat(), (original + (entry.end - entry.start)).isoformat(), *usual[2:]]  # type: ignore[operator]


def key_of(original: Moment) -> str:
    """The original begin of a date as it is kept: a local time, midnight for whole days."""
    return original.isoformat() if isinstance(original, datetime) else f"{original.isoformat()}T00:00:00"


def moment_of(key: str, entry: FeedEvent) -> Moment:
    """The original begin with that key: of the kind that the begin of the series is."""
    moment = datetime.fromisoformat(key)
    return moment if isinstance(entry.start, datetime) else moment.date()


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to be told: all of it, or the single `date` by its key; and of what the time is another, so that earlier
    answers to it count no more: of all of it (`asks`), or of `dates`.
    """

    date: str | None = None
    asks: bool = False
    dates: tuple[str, ...] = ()


def difference(told: Standing | None, stands: Standing, today: date) -> Difference | None:
    """What has changed since `told` (None: nothing was told yet) that concerns somebody on `today`; None: nothing."""
    if told is None or told.when != stands.when:
        return Difference(asks=True)
    keys = {*told.dates, *stands.dates}
    changed = [key for key in keys if told.dates.get(key) != stands.dates.get(key) and _is_ahead(key, stands, today)]
    moved = tuple(sorted(key for key in changed if _moves(told, stands, key)))
    if (told.place, told.status) != (stands.place, stands.status) or len(changed) > 1:
        return Difference(dates=moved)  # one mail for all of them
    return Difference(changed[0], dates=moved) if changed else None


def _is_ahead(key: str, stands: Standing, today: date) -> bool:
    """Whether a date was to begin, or begins by now, today or later."""
    begins = [key, *stands.dates.get(key, [])[:1]]
    return any(date.fromisoformat(one[:10]) >= today - timedelta(days=1) for one in begins if one != "cancelled")


def _moves(told: Standing, stands: Standing, key: str) -> bool:
    """Whether a date is at another time than it was told, or does not take place."""
    return _times(told, key) != _times(stands, key)


def _times(one: Standing, key: str) -> list[str]:
    """When a date takes place."""
    if key in one.dates:
        return one.dates[key][:2]
    start, end = one.when[:2]
    assert start is not None and end is not None
    original = datetime.fromisoformat(key)
    if "T" in start:
        length = datetime.fromisoformat(end) - datetime.fromisoformat(start)
        return [original.isoformat(), (original + length).isoformat()]
    days = date.fromisoformat(end) - date.fromisoformat(start)
    return [original.date().isoformat(), (original.date() + days).isoformat()]
