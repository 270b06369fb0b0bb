"""Load the sample files. Safe to repeat: a record that is there stays as people left it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events.fields import EMPTY
from interagency.calendar.events.models import Event, EventSeries
from interagency.calendar.events.record import DayDraft, EventDraft, ExceptionDraft, SegmentDraft, create_event
from interagency.calendar.events.record import Records as EventRecords
from interagency.calendar.events.record import draft_from as event_draft_from
from interagency.matrix.activities.drafts import ActivityDraft, Records, draft_from
from interagency.matrix.activities.facts import figure_fact
from interagency.matrix.activities.field_types import Kind
from interagency.matrix.activities.fields import EDITED, empty_facts
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.record import create_activity
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.names import gazetteer
from interagency.matrix.organisations.queries import Directory
from interagency.text.dates import ImpreciseDate

FOLDER = Path(__file__).parent
ACTIVITY_FILES = ("activities-2018.toml", "activities-2020.toml")
EVENT_FILES = ("events.toml", "forward.toml")
BY = "sample data"


def read_sample(name: str, kind: str) -> list[dict[str, Any]]:
    """The entries of a sample file."""
    path = FOLDER / name
    entries: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8")).get(kind, [])
    return entries


class SampleLoader:
    """Turns entries of the sample files into records, with the reference lists read once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.directory = Directory(session)
        self.names = gazetteer(session)
        self.countries = {c.code: c for c in session.scalars(sa.select(Country))}
        self.records = Records(session)
        self.activities = {a.sample_key: a for a in session.scalars(sa.select(Activity)) if a.sample_key}
        self.events = {e.sample_key: e for e in session.scalars(sa.select(Event)) if e.sample_key}
        self.series = {s.title: s for s in session.scalars(sa.select(EventSeries))}
        self._records = EventRecords(session, self.countries.values())

    def add_activity(self, entry: dict[str, Any]) -> bool:
        """Add an activity unless it is there; whether it was added."""
        if entry["key"] in self.activities:
            return False
        draft = self.activity_draft(entry)
        made = create_activity(self.session, draft, by=None, by_name=BY, sample_key=entry["key"])
        self.activities[entry["key"]] = made
        return True

    def activity_draft(self, entry: dict[str, Any]) -> ActivityDraft:
        """What an entry says of an activity."""
        said = empty_facts()
        for field in EDITED:
            if field.is_column and entry.get(field.name) is not None:
                said[field.name] = str(entry[field.name]) if field.kind is Kind.DATE else entry[field.name]
        said |= {
            "description": said["description"].strip(),
            # They are published in the papers.
            "share_description": entry.get("share_description", True),
            "lead": self._key(entry["lead"]) if entry.get("lead") else None,
            "entities": [self._key(name) for name in entry.get("entities", [])],
            "supporting": [self._key(name) for name in entry.get("supporting", [])],
            "partners": [self._key(name) for name in entry.get("partners", [])],
            "countries": [[country["code"], country["role"]] for country in entry.get("countries", [])],
            "country_statuses": [[one["code"], one["status"]] for one in entry.get("country_statuses", [])],
            "regions": [self.names.region(name) for name in entry.get("regions", [])],
            "recommendations": entry.get("recommendations", []),
            "chapters": entry.get("chapters", []),
            "sdg": [str(code) for code in entry.get("sdg", [])],
            "figures": [
                figure_fact(
                    Decimal(str(f["number"])), f["qualifier"], f["unit"], f.get("as_of", ""), f.get("source", "")
                )
                for f in entry.get("figures", [])
            ],
        }
        return draft_from(self.records, said)

    def _key(self, name: str) -> str:
        return self.directory.find(name).key

    def add_event(self, entry: dict[str, Any]) -> bool:
        """Add an event unless it is there; whether it was added."""
        if entry["key"] in self.events:
            return False
        draft = self.event_draft(entry)
        made = create_event(
            self.session,
            draft,
            by=None,
            by_name=BY,
            sample_key=entry["key"],
            uid=f"{entry['key']}@sample.interagency",
            illustrative=entry.get("illustrative", False),
        )
        self.events[entry["key"]] = made
        return True

    def event_draft(self, entry: dict[str, Any]) -> EventDraft:
        """What an entry says of an event."""
        place = entry.get("place", {})
        own = {"segments", "exceptions", "activities", "parent", "series", "links", "organisers", "participants"}
        said = {name: value for name, value in entry.items() if name in EMPTY and name not in own}
        links = [[link.get("kind", "page"), link.get("title", ""), link["url"]] for link in entry.get("links", [])]
        said |= {
            "description": entry.get("description", "").strip(),
            "shareable": entry.get("shareable", True),  # they are published, too
            "venue": place.get("venue", ""),
            "city": place.get("city", ""),
            "country": place.get("country"),
            "series_number": entry.get("number"),
            "links": links,
        }
        draft = event_draft_from(said, self._records)
        draft.segments = [_segment(segment) for segment in entry.get("segment", [])]
        if "start" in entry:
            draft.segments.append(_timed_segment(entry))
        draft.exceptions = [_exception(change) for change in entry.get("exception", [])]
        draft.organisers = [self.directory.find(key) for key in entry.get("organisers", [])]
        draft.participants = [self.directory.find(key) for key in entry.get("participants", [])]
        draft.activities = [self.activities[key] for key in entry.get("activities", []) if key in self.activities]
        draft.parent = self.events.get(entry["parent"]) if entry.get("parent") else None
        draft.series = self._series(entry.get("series"))
        return draft

    def _series(self, title: str | None) -> EventSeries | None:
        if not title:
            return None
        if title not in self.series:
            self.series[title] = EventSeries(title=title)
            self.session.add(self.series[title])
            self.session.flush()
        return self.series[title]


def _date(code: Any) -> ImpreciseDate | None:
    return ImpreciseDate.from_code(str(code)) if code else None


def _segment(entry: dict[str, Any]) -> SegmentDraft:
    start = _date(entry["start"])
    assert start is not None
    days = tuple(
        DayDraft(datetime.fromisoformat(str(day["day"])).date(), day.get("chapter"), day.get("note", ""))
        for day in entry.get("day", [])
    )
    return SegmentDraft(start, _date(entry.get("end")) or start, days=days)


def _timed_segment(entry: dict[str, Any]) -> SegmentDraft:
    """The segment of an entry that gives its begin and end directly, with hours or without."""
    start, end = str(entry["start"]), str(entry.get("end", entry["start"]))
    if "T" not in start:
        first, last = _date(start), _date(end)
        assert first is not None and last is not None
        return SegmentDraft(first, last)
    begins, ends = datetime.fromisoformat(start), datetime.fromisoformat(end)
    return SegmentDraft(ImpreciseDate.day(begins.date()), ImpreciseDate.day(ends.date()), begins.time(), ends.time())


def _exception(entry: dict[str, Any]) -> ExceptionDraft:
    def instant(name: str) -> datetime | None:
        return datetime.fromisoformat(str(entry[name])) if entry.get(name) else None

    original = instant("original")
    assert original is not None
    return ExceptionDraft(
        original,
        instant("start"),
        instant("end"),
        entry.get("cancelled", False),
        entry.get("title", ""),
        entry.get("note", ""),
    )


def _parents_first(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries so that a session comes before its side events."""
    parents = {entry["key"]: entry.get("parent") for entry in entries}

    def depth(key: str | None) -> int:
        return 0 if key is None or key not in parents else 1 + depth(parents[key])

    return sorted(entries, key=lambda entry: depth(entry["key"]))


def load_sample(session: Session, progress: Callable[[str], object] = print) -> list[str]:
    """Add what is missing of the sample data. Returns a line for each kind of record."""
    loader = SampleLoader(session)
    lines = []
    activities = [entry for name in ACTIVITY_FILES for entry in read_sample(name, "activity")]
    events = _parents_first([entry for name in EVENT_FILES for entry in read_sample(name, "event")])
    if len(loader.activities) < len(activities):
        progress("Loading the sample data, a few seconds …")
    for words, entries, add in (
        ("sample activities", activities, loader.add_activity),
        ("sample events", events, loader.add_event),
    ):
        added = sum(add(entry) for entry in entries)
        lines.append(f"{words}: {added} added, {len(entries) - added} left as they were")
    return lines
