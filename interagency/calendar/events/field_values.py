"""How the fields of an event that are more than one plain value become facts, and facts become a draft again.

Facts are plain JSON values under stable keys; what they refer to stands in them by key, code or number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from flask_babel import pgettext
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session, object_session

from interagency.calendar.events.drafts import (
    EXCEPTION_FIELDS,
    DayDraft,
    ExceptionDraft,
    SegmentDraft,
)
from interagency.calendar.events.models import (
    Event,
    EventSeries,
    EventStatus,
    LinkKind,
    OccurrenceChange,
    Part,
    Segment,
)
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import Activity
from interagency.matrix.framework.models import ROMAN, Country
from interagency.matrix.framework.titles import names_of_country
from interagency.matrix.organisations.documents import DocumentDraft
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import names_of, survivor_of
from interagency.text.dates import ImpreciseDate, words_between

_KEYS: dict[type[Any], str] = {Organisation: "key", EventSeries: "title", Country: "code", Activity: "id", Event: "id"}


class Records:
    """The records that facts refer to. `known` are not asked for again; without a session only they are there."""

    def __init__(self, session: Session | None, known: Iterable[Any] = ()) -> None:
        self._session = session
        self._known = {(type(one), getattr(one, _KEYS[type(one)])): one for one in known}

    @classmethod
    def of_event(cls, event: Event) -> Records:
        """Those that `event` itself refers to."""
        known: list[Any] = [link.organisation for link in event.organisations]
        known += [document.owner for document in event.documents if document.owner]
        known += [one for one in (event.country, event.series, event.parent) if one]
        return cls(object_session(event), [*known, *event.activities])

    def get(self, model: type[Any], key: Any) -> Any:
        """The record of `model` with this key, code, title or id; None for None. Raises NoResultFound."""
        if key is None:
            return None
        if (model, key) not in self._known:
            if self._session is None:
                raise NoResultFound(f"{model.__name__} {key}")
            query = sa.select(model).where(getattr(model, _KEYS[model]) == key)
            found = self._session.scalars(query).one()
            # Facts may be older than a merging of organisations.
            self._known[model, key] = survivor_of(self._session, found) if model is Organisation else found
        return self._known[model, key]


def plain_words(value: Any) -> str:
    """A fact as it stands; a dash for what is empty within it."""
    if isinstance(value, (list, tuple)):
        return "; ".join(plain_words(item) for item in value) or "—"
    return "—" if value in (None, "") else str(value)


@dataclass(frozen=True, slots=True)
class Own:
    """How one field is read from the record, taken back from its fact, told, and what it is found by."""

    fact: Callable[[Event], Any]
    value: Callable[[Any, Records], Any]
    words: Callable[[Any, FactLabels], str] = lambda value, _words: plain_words(value)
    search: Callable[[Event], Iterable[str]] = lambda _event: ()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _segment_fact(segment: Segment) -> list[Any]:
    return [
        segment.start.code if segment.start else None,
        segment.end.code if segment.end else None,
        f"{segment.start_time:%H:%M}" if segment.start_time else None,
        f"{segment.end_time:%H:%M}" if segment.end_time else None,
        [[day.day.isoformat(), day.chapter_number, day.note] for day in segment.days],
    ]


def segment_draft(
    start: str, end: str, begins: str | None, ends: str | None, days: list[list[Any]], *, number: int | None = None
) -> SegmentDraft:
    """A run of days from plain values: codes of imprecise dates, local times, `[day, chapter, note]` of its days."""
    return SegmentDraft(
        ImpreciseDate.from_code(start),
        ImpreciseDate.from_code(end),
        time.fromisoformat(begins) if begins else None,
        time.fromisoformat(ends) if ends else None,
        tuple(DayDraft(date.fromisoformat(day), chapter, note) for day, chapter, note in days),
        number,
    )


def _segments_words(segments: list[list[Any]], _words: FactLabels) -> str:
    words = []
    for start, end, begins, ends, _days in segments:
        between = words_between(
            ImpreciseDate.from_code(start) if start else None, ImpreciseDate.from_code(end) if end else None
        )
        words.append(f"{between}, {begins}-{ends}" if begins else between)
    return "; ".join(words)


SEGMENTS = Own(
    lambda event: [_segment_fact(segment) for segment in event.segments],
    lambda facts, _records: [segment_draft(*fact) for fact in facts if fact[0] and fact[1]],
    _segments_words,
)


def _exception_fact(change: OccurrenceChange) -> list[Any]:
    """Original begin, begin, end, cancelled, title, note, place, text, status, has hours; empty as the event has it.

    That a date is left out stands at the end, and only where it is, so that other facts are as they always were.
    """
    *values, is_left_out = (getattr(change, name) for name in EXCEPTION_FIELDS)
    fact = [_iso(value) if isinstance(value, datetime) else value for value in values]
    return [*fact, True] if is_left_out else fact


def _exception(
    original: str, start: str | None, end: str | None, is_cancelled: bool, title: str, note: str, venue: str = "",
    description: str = "", status: str | None = None, has_hours: bool | None = None, is_left_out: bool = False,
) -> ExceptionDraft:  # fmt: skip
    """An exception from its fact; the facts of older editions end with the note."""
    return ExceptionDraft(
        datetime.fromisoformat(original), _moment(start), _moment(end), is_cancelled, title, note, venue, description,
        EventStatus(status) if status else None, has_hours, is_left_out,
    )  # fmt: skip


def _exceptions_words(facts: list[list[Any]], _words: FactLabels) -> str:
    """Each changed date, and what it says otherwise."""
    said = []
    for fact in facts:
        one = _exception(*fact)
        begins = f"{one.start:%Y-%m-%d %H:%M}-{one.end:%H:%M}" if one.start and one.end else ""
        if one.is_cancelled or one.is_left_out:
            begins = pgettext("a date", "cancelled") if one.is_cancelled else pgettext("a date", "left out")
        parts = [begins, one.title, one.venue, one.status or "", one.note]
        said.append(f"{one.original:%Y-%m-%d}: {', '.join(filter(None, [*parts, one.description]))}")
    return "; ".join(said)


EXCEPTIONS = Own(
    lambda event: [_exception_fact(change) for change in event.exceptions],
    lambda facts, _records: [_exception(*fact) for fact in facts],
    _exceptions_words,
    lambda event: (word for one in event.exceptions for word in (one.title, one.venue, one.description)),
)
COUNTRY = Own(
    lambda event: event.country_code,
    lambda code, records: records.get(Country, code),
    lambda code, words: words.countries.get(code, code),
    lambda event: names_of_country(event.country) if event.country else (),
)


def _organisations_words(keys: list[str], words: FactLabels) -> str:
    return "; ".join(words.organisations.get(key, key) for key in keys)


def _organisations(part: Part) -> Own:
    def present(event: Event) -> list[Organisation]:
        return event.organisers if part is Part.ORGANISER else event.participants

    return Own(
        lambda event: [organisation.key for organisation in present(event)],
        lambda keys, records: [records.get(Organisation, key) for key in keys],
        _organisations_words,
        lambda event: (name for organisation in present(event) for name in names_of(organisation)),
    )


ORGANISERS, PARTICIPANTS = _organisations(Part.ORGANISER), _organisations(Part.PARTICIPANT)
CHAPTERS = Own(
    lambda event: sorted(link.chapter_number for link in event.chapters if not link.by_day),
    lambda numbers, _records: list(numbers),
    lambda numbers, _words: ", ".join(ROMAN[number] for number in numbers),
)
LINKS = Own(
    lambda event: [[link.kind.value, link.title, link.url] for link in event.links],
    lambda facts, _records: [(LinkKind(kind), title, url) for kind, title, url in facts],
)
DOCUMENTS = Own(
    # None without any, as in editions that were made before events had documents.
    lambda event: [
        [document.title, document.url, document.owner.key if document.owner else None, document.is_permitted]
        for document in event.documents
    ] or None,
    lambda facts, records: [
        DocumentDraft(title, url, records.get(Organisation, owner), is_permitted)
        for title, url, owner, is_permitted in facts or []
    ],
)  # fmt: skip
ACTIVITIES = Own(
    lambda event: sorted(activity.id for activity in event.activities),
    lambda numbers, records: [records.get(Activity, number) for number in numbers],
)
MILESTONE = Own(lambda event: event.milestone_id, lambda number, _records: number)
PARENT = Own(lambda event: event.parent_id, lambda number, records: records.get(Event, number))
SERIES = Own(
    lambda event: event.series.title if event.series else None,
    lambda title, records: records.get(EventSeries, title),
    search=lambda event: (event.series.title,) if event.series else (),
)
