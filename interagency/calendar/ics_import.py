"""Taking an .ics file in: what it would do, doing it, undoing it. Nothing is written before it was shown."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar import record
from interagency.calendar.blocks import keep_blocks
from interagency.calendar.feed import calendar_bytes
from interagency.calendar.ics import IcsEvent, ReadCalendar, read_ics
from interagency.calendar.models import CalendarImport, Event, EventKind, EventStatus, LinkKind
from interagency.calendar.publish import feed_events, uid_of
from interagency.calendar.queries import everything
from interagency.calendar.record import EventDraft, ExceptionDraft, SegmentDraft, draft_of, may_edit_event
from interagency.dates import ImpreciseDate
from interagency.history import Action, audit, difference, record_change
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.activities.words import FactWords, event_field_words
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory
from interagency.web import settings
from interagency.words import fold

LIKENESS = 0.85
NEW, UPDATED, UNCHANGED, SKIPPED = "new", "updated", "unchanged", "skipped"


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
    """Compare a file with what stands and keep the result, flushed; no event is touched.

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
    kept = CalendarImport(
        person_id=importer.person.id if importer.person else None,
        file_name=file_name[:200],
        checksum=hashlib.sha256(body).hexdigest(),
        result=result,
    )
    session.add(kept)
    session.flush()
    return kept


def _compare(session: Session, read: ReadCalendar, importer: Importer) -> list[dict[str, Any]]:
    """One item per event of the file: what it would do, why, and the event itself."""
    known = _known(session, [event.uid for event in read.events])
    words, names = FactWords(session), event_field_words()
    items: list[dict[str, Any]] = []
    for incoming in read.events:
        stands, place = known.get(incoming.uid, (None, 0))
        item: dict[str, Any] = {"title": incoming.title, "when": _when(incoming), "notes": incoming.notes}
        if stands is None:
            alike = _alike(session, incoming)
            items.append(item | {"act": NEW, "event": incoming.as_json(), "alike": alike})
            continue
        item |= {"event_id": stands.id, "version": stands.version, "place": place}
        before = record.facts(stands)
        changes = difference(before, _facts_after(session, stands, incoming, place))
        told = [
            [names[name], words.say(name, was), words.say(name, now)]
            for name, (was, now) in changes.items()
            if name in names
        ]
        reason = _why_not(stands, incoming, importer)
        if not changes:
            items.append(item | {"act": UNCHANGED})
        elif reason:
            items.append(item | {"act": SKIPPED, "reason": reason, "changes": told})
        else:
            conflict = _changed_here(session, stands)
            items.append(item | {"act": UPDATED, "event": incoming.as_json(), "changes": told, "conflict": conflict})
    items += [
        {"title": title, "act": SKIPPED, "reason": reason, "when": "", "notes": []} for title, reason in read.skipped
    ]
    return items


def _known(session: Session, uids: Collection[str]) -> dict[str, tuple[Event, int]]:
    """The events that have these UIDs, each with the place of the run of days the UID stands for."""
    found: dict[str, tuple[Event, int]] = {}
    wanted = set(uids)
    bases = wanted | {_base(uid) for uid in wanted}
    names = sorted(bases)
    for first in range(0, len(names), 500):
        query = sa.select(Event).where(Event.uid.in_(names[first : first + 500])).options(*everything())
        for event in session.scalars(query):
            for place, segment in enumerate(event.segments):
                found[uid_of(event, segment)] = (event, place)
            found.setdefault(event.uid, (event, 0))
    return {uid: pair for uid, pair in found.items() if uid in wanted}


def _base(uid: str) -> str:
    name, at, host = uid.partition("@")
    return f"{name.rpartition('-')[0]}{at}{host}"


def _why_not(stands: Event, incoming: IcsEvent, importer: Importer) -> str:
    if not importer.may_edit(stands):
        return "It belongs to other entities; ask them, or a coordinator."
    if incoming.sequence < stands.sequence:
        return "What stands here is newer than the file."
    return ""


def _changed_here(session: Session, stands: Event) -> str:
    """Who changed the event here since it was last taken in; empty when nobody did."""
    for kept in session.scalars(sa.select(CalendarImport).order_by(CalendarImport.id.desc()).limit(50)):
        for done in kept.result.get("done", []):
            if done["event_id"] == stands.id:
                return "" if done["version"] == stands.version else "It was changed here since it was last taken in."
    return ""


def _alike(session: Session, incoming: IcsEvent) -> list[dict[str, Any]]:
    """Events that begin on the same day under a similar title: likely the same one."""
    first = incoming.segments[0][0]
    if first is None:
        return []
    query = sa.select(Event.id, Event.title).where(
        Event.is_listed.is_(True), Event.first_day == date.fromisoformat(first)
    )
    wanted = fold(incoming.title)
    return [
        {"event_id": event_id, "title": title}
        for event_id, title in session.execute(query.limit(50))
        if difflib.SequenceMatcher(None, wanted, fold(title)).ratio() >= LIKENESS
    ]


def _when(event: IcsEvent) -> str:
    parts = []
    for first, last, begins, ends in event.segments[:3]:
        hours = f" {begins[:5]}-{ends[:5]}" if begins and ends else ""
        parts.append(f"{first}{hours}" if first == last else f"{first} to {last}{hours}")
    return "; ".join(parts) + (" …" if len(event.segments) > 3 else "") + (", repeated" if event.rrule else "")


# --- Writing ---


def _sent(event: Event) -> dict[str, IcsEvent]:
    """What our own feed says of an event, by UID: what a file that came from us would say, unchanged."""
    body = calendar_bytes("", "https://interagency.invalid/", feed_events([event], settings().base_url))
    return {one.uid: one for one in read_ics(body, settings().timezone).events}


def _onto(draft: EventDraft, incoming: IcsEvent, base: IcsEvent | None, place: int = 0) -> EventDraft:
    """`draft` with what `incoming` says otherwise than `base`, which is what our feed would have said of it.

    `place` is the run of days the UID stands for; the others stay.
    """

    def said(name: str) -> bool:
        return base is None or getattr(incoming, name) != getattr(base, name)

    for name in ("title", "description", "venue", "timezone", "rrule"):
        if said(name):
            setattr(draft, name, getattr(incoming, name))
    if said("status"):
        draft.status = EventStatus(incoming.status)
    if said("segments"):
        kept = {segment.start.first: segment.days for segment in draft.segments}
        taken = [_segment(segment, kept) for segment in incoming.segments]
        draft.segments = [*draft.segments[:place], *taken, *draft.segments[place + 1 :]] if base else taken
    if said("exceptions"):
        draft.exceptions = [_exception(*values) for values in incoming.exceptions]
    if said("links"):
        draft.links = [(LinkKind(kind), title, address) for kind, title, address in incoming.links]
    return draft


def _exception(
    original: str, start: str | None, end: str | None, cancelled: bool, title: str, note: str
) -> ExceptionDraft:
    return ExceptionDraft(
        datetime.fromisoformat(original),
        datetime.fromisoformat(start) if start else None,
        datetime.fromisoformat(end) if end else None,
        cancelled,
        title,
        note,
    )


def _segment(values: list[str | None], days: dict[date, Any]) -> SegmentDraft:
    first, last, begins, ends = values
    assert first is not None and last is not None
    start = date.fromisoformat(first)
    return SegmentDraft(
        ImpreciseDate.day(start),
        ImpreciseDate.day(date.fromisoformat(last)),
        time.fromisoformat(begins) if begins else None,
        time.fromisoformat(ends) if ends else None,
        days.get(start, ()),
    )


def _facts_after(session: Session, stands: Event, incoming: IcsEvent, place: int) -> dict[str, Any]:
    """What the event would say with the file's part taken over."""
    base = _sent(stands).get(incoming.uid)
    with session.no_autoflush:
        savepoint = session.begin_nested()
        record.apply_draft(stands, _onto(draft_of(stands), incoming, base, place))
        after = record.facts(stands)
        savepoint.rollback()
        session.refresh(stands)
    return after


def apply(session: Session, kept: CalendarImport, chosen: Collection[int], importer: Importer) -> dict[str, int]:
    """Do the chosen items of a preview, in the caller's transaction. Doing it again changes nothing.

    Returns how many were added, changed, left, and in conflict with a save made since the preview.
    """
    counts = {"added": 0, "changed": 0, "left": 0, "conflicts": 0}
    result = dict(kept.result)
    done = list(result["done"])
    directory = Directory(session)
    for place, item in enumerate(result["items"]):
        if place not in chosen or item["act"] not in (NEW, UPDATED):
            continue
        incoming = IcsEvent(**item["event"])
        if item["act"] == NEW:
            made = _add(session, incoming, importer, kept, directory)
            counts["added" if made else "left"] += 1
            if made:
                done.append({"event_id": made.id, "version": made.version, "act": NEW})
        else:
            _change(session, item, incoming, importer, counts, done)
    result["done"], result["state"] = done, "applied"
    kept.result = result
    audit(session, "calendar.imported", by=importer.person, by_name="command line", file=kept.checksum, **counts)
    return counts


def _add(
    session: Session, incoming: IcsEvent, importer: Importer, kept: CalendarImport, directory: Directory
) -> Event | None:
    if session.scalar(sa.select(Event.id).where(Event.uid == incoming.uid)) is not None:
        return None
    draft = EventDraft(title="", kind=_kind(incoming, importer), status=EventStatus.CONFIRMED, segments=[])
    _onto(draft, incoming, None)
    draft.organisers = _organisers(incoming, importer, directory)
    draft.source = f"Taken in from {kept.file_name}"
    made = record.create_event(
        session, draft, by=importer.person, by_name="command line", mine=importer.mine, uid=incoming.uid
    )
    made.sequence = incoming.sequence
    session.flush()
    return made


def _kind(incoming: IcsEvent, importer: Importer) -> EventKind:
    named = {category.casefold() for category in incoming.categories}
    return next((kind for kind in EventKind if kind.value in named), importer.kind)


def _organisers(incoming: IcsEvent, importer: Importer, directory: Directory) -> list[Organisation]:
    """Entities the categories name, and the one new events are given to."""
    found = [importer.organiser] if importer.organiser else []
    for category in incoming.categories:
        try:
            one = directory.find(category)
        except ValueError:
            continue
        if one.is_entity and one not in found:
            found.append(one)
    return found


def _change(
    session: Session, item: dict[str, Any], incoming: IcsEvent, importer: Importer, counts: dict[str, int],
    done: list[dict[str, Any]],
) -> None:  # fmt: skip
    query = sa.select(Event).where(Event.id == item["event_id"]).options(*everything())
    event = session.scalar(query)
    if event is None or not importer.may_edit(event):
        counts["conflicts"] += 1
        return
    before = as_ics(event)
    draft = _onto(draft_of(event), incoming, _sent(event).get(incoming.uid), item.get("place", 0))
    try:
        changed = _save(session, event, draft, item["version"], importer)
    except StaleVersionError:
        counts["conflicts"] += 1
        return
    event.sequence = max(event.sequence, incoming.sequence)
    session.flush()
    if changed:
        done.append({"event_id": event.id, "version": event.version, "act": UPDATED, "before": before.as_json()})
    counts["changed" if changed else "left"] += 1


def _save(session: Session, event: Event, draft: EventDraft, version: int, importer: Importer) -> bool:
    if importer.person is not None:
        return record.save_event(session, event, draft, version=version, by=importer.person, mine=importer.mine)
    return record.save_event(session, event, draft, version=version, by=None, by_name="command line")


def as_ics(event: Event) -> IcsEvent:
    """The part of an event that an .ics speaks of, to be put back by undoing."""
    return IcsEvent(
        uid=event.uid,
        sequence=event.sequence,
        title=event.title,
        description=event.description,
        venue=event.venue,
        status=event.status.value,
        timezone=event.timezone,
        segments=[
            [
                segment.start.first.isoformat(),
                segment.end.last.isoformat(),
                segment.start_time.isoformat() if segment.start_time else None,
                segment.end_time.isoformat() if segment.end_time else None,
            ]
            for segment in event.segments
            if segment.start and segment.end
        ],
        rrule=event.rrule,
        exceptions=[
            [
                change.original.isoformat(),
                change.start.isoformat() if change.start else None,
                change.end.isoformat() if change.end else None,
                change.is_cancelled,
                change.title,
                change.note,
            ]
            for change in event.exceptions
        ],
        links=[[link.kind.value, link.title, link.url] for link in event.links],
    )


def undo(session: Session, kept: CalendarImport, importer: Importer, at: datetime) -> tuple[int, list[str]]:
    """Take back what an import did, where nobody has changed the event since.

    Returns how many events were put back and the titles of those that were left as they are.
    """
    undone, left = 0, []
    for item in reversed(kept.result["done"]):
        event = session.scalar(sa.select(Event).where(Event.id == item["event_id"]).options(*everything()))
        if event is None or event.version != item["version"] or not importer.may_edit(event):
            left.append(event.title if event else f"event {item['event_id']}")
            continue
        if item["act"] == NEW:
            _unlist(session, event, importer)
        else:
            draft = _onto(draft_of(event), IcsEvent(**item["before"]), None)
            draft.status = EventStatus(item["before"]["status"])
            _save(session, event, draft, event.version, importer)
        undone += 1
    kept.undone_at = at
    audit(session, "calendar.import_undone", by=importer.person, by_name="command line", undone=undone, left=len(left))
    return undone, left


def _unlist(session: Session, event: Event, importer: Importer) -> None:
    before = record.facts(event)
    event.is_listed = False
    session.flush()
    keep_blocks(session, event, settings().base_url)
    record_change(
        session, event, Action.CHANGED, before=before, after=record.facts(event), by=importer.person,
        by_name="command line", reason="Import undone",
    )  # fmt: skip


def imports_of(session: Session, person: Person) -> list[CalendarImport]:
    """The imports a person may look at, newest first: their own, and all for coordinators."""
    query = sa.select(CalendarImport).order_by(CalendarImport.id.desc()).limit(50)
    if not person.is_coordinator:
        query = query.where(CalendarImport.person_id == person.id)
    return list(session.scalars(query))


def chosen_by_default(items: Iterable[dict[str, Any]]) -> set[int]:
    """What is taken unless a person says otherwise: new ones that look like nothing, changes without conflict."""
    return {
        place
        for place, item in enumerate(items)
        if (item["act"] == NEW and not item.get("alike")) or (item["act"] == UPDATED and not item.get("conflict"))
    }
