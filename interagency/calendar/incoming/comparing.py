"""Taking an .ics file in: who may, what it would do. Nothing is written before it was shown (`ics_apply` writes)."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events import record
from interagency.calendar.events.field_values import segment_draft
from interagency.calendar.events.fields import labels, say
from interagency.calendar.events.lines import segment_words
from interagency.calendar.events.models import Event, EventKind
from interagency.calendar.events.record import draft_of, may_edit_event
from interagency.calendar.events.recurrence import dates_of_rule, rule_words
from interagency.calendar.incoming.drafts import onto, sent_of
from interagency.calendar.incoming.models import CalendarImport
from interagency.calendar.incoming.reading import IcsEvent, ReadCalendar, read_ics
from interagency.calendar.incoming.uids import Uids
from interagency.calendar.incoming.versions import NEW, UPDATED, Taken, is_older, known_version, last_taken
from interagency.db.history import difference
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.organisations.models import Organisation
from interagency.text.folding import fold
from interagency.text.languages import commas, semicolons

LIKENESS = 0.85
UNCHANGED, SKIPPED = "unchanged", "skipped"
NOT_YOURS = _l("It belongs to other entities; ask them, or a coordinator.")


@dataclass(frozen=True, slots=True)
class Importer:
    """Who takes the file in, and what they may do: their entities, and which entity new events are given to."""

    person: Person | None  # None at the command line, which may do all
    mine: tuple[Organisation, ...]
    organiser: Organisation | None
    kind: EventKind = EventKind.WORKSHOP

    def may_edit(self, event: Event) -> bool:
        return self.person is None or may_edit_event(self.person, self.mine, event)


def preview(session: Session, body: bytes, file_name: str, importer: Importer, zone: str) -> CalendarImport:
    """What `compared` gives, kept: added and flushed."""
    kept = compared(session, body, file_name, importer, zone)
    session.add(kept)
    session.flush()
    return kept


def compared(session: Session, body: bytes, file_name: str, importer: Importer, zone: str) -> CalendarImport:
    """Compare a file with what stands; nothing is written, and the result is kept by who adds it to a session.

    Raises CalendarNotRead when the file as a whole cannot be taken.
    """
    read = read_ics(body, zone)
    result = {
        "state": "previewed",
        "organiser": importer.organiser.key if importer.organiser else None,
        "kind": importer.kind.value,
        "items": _compare(session, read, importer),
        "done": [],
    }
    return CalendarImport(
        person_id=importer.person.id if importer.person else None,
        file_name=file_name[:200],
        checksum=hashlib.sha256(body).hexdigest(),
        result=result,
    )


def _compare(session: Session, read: ReadCalendar, importer: Importer) -> list[dict[str, Any]]:
    """One item per event of the file: what it would do, why, and the event itself."""
    uids = Uids(session, read.events)
    taken = last_taken(session, {event.id for event, _place in uids.known.values()})
    sent = sent_of(list({event.id: event for event, _place in uids.known.values()}.values()))
    comparison = _Comparison(
        session, importer, uids, taken, FactLabels(session), _titles_by_day(session, read.events), sent
    )
    items = [
        {"title": incoming.title, "when": _when(incoming), "notes": incoming.notes, "marked": incoming.marked}
        | comparison.item(incoming)
        for incoming in read.events
    ]
    items += [
        {"title": title, "act": SKIPPED, "reason": reason, "when": "", "notes": []} for title, reason in read.skipped
    ]
    return items


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One file beside what stands."""

    session: Session
    importer: Importer
    uids: Uids
    taken: dict[int, Taken]
    words: FactLabels
    titles: dict[date, list[tuple[int, str]]]
    sent: dict[str, IcsEvent]

    def _alike(self, incoming: IcsEvent) -> list[dict[str, Any]]:
        """Events that begin on the same day under a similar title: likely the same one."""
        day, wanted = _first_day(incoming), fold(incoming.title)
        return [
            {"event_id": event_id, "title": title}
            for event_id, title in (self.titles.get(day, []) if day else [])[:50]
            if difflib.SequenceMatcher(None, wanted, fold(title)).ratio() >= LIKENESS
        ]

    def item(self, incoming: IcsEvent) -> dict[str, Any]:
        """What one event of the file would do, and why."""
        if clash := self.uids.clash(incoming):
            return {"act": SKIPPED, "reason": clash}
        stands, place = self.uids.known.get(incoming.uid, (None, 0))
        if stands is None:
            alike = self._alike(incoming)
            return {
                "act": NEW, "event": incoming.as_json(), "alike": alike, "has_kind": known_kind(incoming) is not None,
            }  # fmt: skip
        last = self.taken.get(stands.id)
        known = known_version(stands, last)
        item: dict[str, Any] = {
            "event_id": stands.id, "version": stands.version, "place": place, "known": list(known),
        }  # fmt: skip
        if not stands.is_listed:
            return item | self._again(stands, incoming, last)
        base = self.sent.get(incoming.uid)
        if onto(draft_of(stands), incoming, base, place) == draft_of(stands):
            return item | {"act": UNCHANGED}
        changes = difference(record.facts(stands), _facts_after(self.session, stands, incoming, base, place))
        if not changes:
            return item | {"act": UNCHANGED}
        told = self._told(changes)
        if reason := self._why_not(stands, incoming, known):
            return item | {"act": SKIPPED, "reason": reason, "changes": told}
        conflict = _("It was changed here since it was last taken in.") if self._changed_here(stands, last) else ""
        return item | {"act": UPDATED, "event": incoming.as_json(), "changes": told, "conflict": conflict}

    def _again(self, stands: Event, incoming: IcsEvent, last: Taken | None) -> dict[str, Any]:
        """An event that left the lists: it comes again only where an import had been taken back."""
        if not self.importer.may_edit(stands):
            return {"act": SKIPPED, "reason": str(NOT_YOURS)}
        if last is None or not (last.act == NEW and last.is_undone):
            return {"act": SKIPPED, "reason": _("It was removed here. Ask a coordinator if it should stand again.")}
        return {"act": NEW, "event": incoming.as_json(), "alike": []}

    def _told(self, changes: dict[str, list[Any]]) -> list[list[Any]]:
        names = labels()
        return [
            [names[name], say(self.words, name, was), say(self.words, name, now)]
            for name, (was, now) in changes.items()
            if name in names
        ]

    def _why_not(self, stands: Event, incoming: IcsEvent, known: tuple[int, str]) -> str:
        if not self.importer.may_edit(stands):
            return str(NOT_YOURS)
        if is_older(incoming, known):
            return str(_("What stands here is newer than the file."))
        return ""

    @staticmethod
    def _changed_here(stands: Event, last: Taken | None) -> bool:
        """Whether somebody changed the event here since it was last taken in."""
        return last is not None and not last.is_undone and last.version != stands.version


def known_kind(incoming: IcsEvent) -> EventKind | None:
    """The kind of event that its categories name; None when they name none."""
    named = {category.casefold() for category in incoming.categories}
    return next((kind for kind in EventKind if kind.value in named), None)


def _titles_by_day(session: Session, events: Sequence[IcsEvent]) -> dict[date, list[tuple[int, str]]]:
    """Number and title of the listed events that begin on one of the first days of `events`, by that day."""
    days = sorted({first for event in events if (first := _first_day(event))})
    titles: dict[date, list[tuple[int, str]]] = {}
    for place in range(0, len(days), 500):
        query = sa.select(Event.first_day, Event.id, Event.title).where(
            Event.is_listed.is_(True), Event.first_day.in_(days[place : place + 500])
        )
        for day, event_id, title in session.execute(query.order_by(Event.id)):
            if day is not None:
                titles.setdefault(day, []).append((event_id, title))
    return titles


def _first_day(event: IcsEvent) -> date | None:
    first = event.segments[0][0]
    return date.fromisoformat(first) if first else None


def _when(event: IcsEvent) -> str:
    """Days, hours with their zone, the rule with its end, and how many dates that makes, in words."""
    shown = [
        segment_words(segment_draft(first or "", last or "", begins, ends, []))
        for first, last, begins, ends in event.segments[:3]
    ]
    words = semicolons(shown) + ("; …" if len(event.segments) > 3 else "")
    if event.timezone and event.segments[0][2]:
        words += f" ({event.timezone})"
    if not event.rrule:
        return semicolons([words, _dates(len(event.segments))] if len(event.segments) > 1 else [words])
    first, _last, begins, _ends = event.segments[0]
    start = datetime.fromisoformat(f"{first}T{begins or '00:00:00'}")
    gone = sum(bool(one[3]) or len(one) > 10 for one in event.exceptions)
    numbers = []
    if dates := dates_of_rule(event.rrule, start):
        numbers.append(_dates(dates - gone))
    if gone:
        numbers.append(str(ngettext("%(num)s left out", "%(num)s left out", gone)))
    if changed := len(event.exceptions) - gone:
        numbers.append(str(ngettext("%(num)s changed", "%(num)s changed", changed)))
    return semicolons([words, rule_words(event.rrule, start.date()), *([commas(numbers)] if numbers else [])])


def _dates(number: int) -> str:
    return str(ngettext("%(num)s date", "%(num)s dates", number))


def _facts_after(
    session: Session, stands: Event, incoming: IcsEvent, base: IcsEvent | None, place: int
) -> dict[str, Any]:
    """What the event would say with the file's part taken over."""
    with session.no_autoflush:
        savepoint = session.begin_nested()
        record.apply_draft(stands, onto(draft_of(stands), incoming, base, place))
        after = record.facts(stands)
        savepoint.rollback()
        session.refresh(stands)
    return after


def imports_of(session: Session, person: Person) -> list[CalendarImport]:
    """The imports a person may look at, newest first: their own, and all for coordinators."""
    query = sa.select(CalendarImport).order_by(CalendarImport.id.desc()).limit(50)
    if not person.is_coordinator:
        query = query.where(CalendarImport.person_id == person.id)
    return list(session.scalars(query))


def chosen_by_default(items: Iterable[dict[str, Any]]) -> set[int]:
    """The places of `items` that are taken unless a person says otherwise: new ones that look like nothing, changes
    without conflict; nothing that is marked private or confidential.
    """
    return {
        place
        for place, item in enumerate(items)
        if not item.get("marked")
        and ((item["act"] == NEW and not item.get("alike")) or (item["act"] == UPDATED and not item.get("conflict")))
    }
