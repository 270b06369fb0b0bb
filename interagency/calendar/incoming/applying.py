"""Doing what an import showed, and undoing it, batch by batch with a journal; with history, heard of by subscribers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.calendar.events import record
from interagency.calendar.events.models import Event, EventKind, EventStatus
from interagency.calendar.events.queries import everything
from interagency.calendar.events.record import EventDraft, Records, draft_from, draft_of
from interagency.calendar.incoming.comparing import Importer, known_kind
from interagency.calendar.incoming.drafts import onto, put_back, sent_of, state_of
from interagency.calendar.incoming.models import RUNS, CalendarImport, CalendarRun
from interagency.calendar.incoming.reading import IcsEvent
from interagency.calendar.incoming.versions import NEW, UPDATED
from interagency.db.base import is_conflict, now, reading
from interagency.db.history import Action, audit, record_change
from interagency.db.runs import keeping_what_is_read
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory

Note = dict[str, Any]
COUNTED = ("added", "changed", "left", "conflicts")


def begin(session: Session, kept: CalendarImport, chosen: Collection[int], kind: str) -> bool:
    """Keep which items of a preview are to be done, by their places, and the kind of new events that name none, and
    commit; False where that was done before.
    """
    session.flush()
    if _state(session, kept) != "previewed" or RUNS.under_way(session, kept.id) is not None:
        return False
    items = kept.result["items"]
    places = [place for place in sorted(chosen) if place < len(items) and items[place]["act"] in (NEW, UPDATED)]
    plan = {"places": places, "kind": kind}
    session.add(CalendarRun(import_id=kept.id, undoes=False, plan=plan, total=len(places)))
    session.commit()
    return True


def begin_undo(session: Session, kept: CalendarImport, importer: Importer) -> bool:
    """Keep that an import is to be put back and commit; False where there is nothing to put back, or it is begun.

    One that is under way ends where it stands.
    """
    session.flush()
    run = RUNS.under_way(session, kept.id)
    if run is not None and not run.undoes:
        RUNS.take_over(session, (kept.id, False))
        Taking(session, kept, importer, run.plan).finish(RUNS.journal(session, (kept.id, False)).items)
        RUNS.close(session, (kept.id, False), now())
    elif run is not None or _state(session, kept) != "applied" or kept.undone_at is not None:
        return False
    session.add(CalendarRun(import_id=kept.id, undoes=True, plan={}, total=len(kept.result["done"])))
    session.commit()
    return True


def _state(session: Session, kept: CalendarImport) -> str:
    """As it stands in the database, held until the end of the transaction."""
    session.refresh(kept, with_for_update=True)
    return str(kept.result["state"])


def go_on(
    session: Session,
    kept: CalendarImport,
    importer: Importer,
    *,
    batches: int | None = None,
    say: Callable[[int], None] = lambda _rows: None,
) -> bool:
    """Carry on with what was begun, at most so many `batches`; whether it is done. The session has nothing unsaved.

    Each batch is a transaction of its own: others write between them, and what is noted is done.
    """
    with keeping_what_is_read(session):
        with reading():
            run = RUNS.under_way(session, kept.id)
            if run is None:
                session.commit()
                return False
            key = (kept.id, run.undoes)
            before = RUNS.journal(session, key)
            work: Taking | Undoing
            work = Undoing(session, kept, importer) if run.undoes else Taking(session, kept, importer, run.plan)
            todo: Sequence[Any] = work.todo(before.items)
            session.commit()
        if not RUNS.work_through(session, key, before.number, todo, work, batches=batches, say=say):
            return False
        with reading():
            noted = RUNS.journal(session, key).items
            session.commit()
        if not RUNS.take_over(session, key):  # ended meanwhile
            session.commit()
            return False
        work.finish(noted)
        RUNS.close(session, key, now())
        session.commit()
        return True


def told_of_undo(session: Session, kept: CalendarImport) -> tuple[int, list[str]]:
    """How many events were put back, and the titles of those that were left."""
    items = RUNS.journal(session, (kept.id, True)).items
    left = [item["title"] for item in items if not item["undone"]]
    return len(items) - len(left), left


class _Standing:
    """Events read ahead of a batch while others may write; those saved since are read again."""

    def __init__(self, session: Session, kept: CalendarImport, importer: Importer) -> None:
        self.session, self.kept, self.importer = session, kept, importer
        self.events: dict[int, Event] = {}

    def read_events(self, ids: Collection[int]) -> None:
        """Read the events of these ids as they stand, with all that belongs to them."""
        query = sa.select(Event).where(Event.id.in_(ids)).options(*everything())
        found = self.session.scalars(query.execution_options(populate_existing=True)) if ids else ()
        self.events = {event.id: event for event in found}

    def check_events(self, ids: Collection[int]) -> None:
        """In the transaction that writes: read again the events that somebody saved since they were read."""
        if not ids:
            return
        versions = dict(self.session.execute(sa.select(Event.id, Event.version).where(Event.id.in_(ids))).all())
        saved = [number for number in ids if number in self.events and self.events[number].version != versions[number]]
        if saved:
            read = self.events
            self.read_events(saved)
            self.events = read | self.events


@dataclass(frozen=True, slots=True)
class _Added:
    """A new event that is to be written with its batch, what it says, and its line of the journal."""

    event: Event
    facts: dict[str, Any]
    note: Note
    item: dict[str, Any]
    incoming: IcsEvent


class Taking(_Standing):
    """The items of a preview that were confirmed, and how each is done."""

    def __init__(self, session: Session, kept: CalendarImport, importer: Importer, plan: dict[str, Any]) -> None:
        super().__init__(session, kept, importer)
        self.places: list[int] = plan["places"]
        self.kind = EventKind(plan["kind"])
        self.items: list[dict[str, Any]] = kept.result["items"]
        self.directory, self.records = Directory(session), Records(session)
        self.done: dict[int, Note] = {}
        self._uids: set[str] = set()
        self._new: list[_Added] = []

    def todo(self, noted: Sequence[Note]) -> list[int]:
        """The places of the items that are not `noted`."""
        self.done = _done(noted)
        behind = {note["place"] for note in noted}
        return [place for place in self.places if place not in behind]

    def _ids(self, places: Sequence[int]) -> list[int]:
        return sorted({self.items[place]["event_id"] for place in places if "event_id" in self.items[place]})

    def read(self, places: Sequence[int]) -> None:
        self.read_events(self._ids(places))

    def check(self, places: Sequence[int]) -> None:
        """See which were saved since, and which UIDs are taken."""
        self.check_events(self._ids(places))
        uids = [self.items[place]["event"]["uid"] for place in places]
        self._uids = set(self.session.scalars(sa.select(Event.uid).where(Event.uid.in_(uids))))
        self._new = []

    def do(self, place: int) -> Note:
        """Do one item; what the journal says of it: as what it counts, and what is needed to undo it."""
        item = self.items[place]
        incoming, note = IcsEvent(**item["event"]), {"place": place, "counted": "left", "done": None}
        if item["act"] == NEW and "event_id" not in item:
            return self._add(item, incoming, note)
        event = self.events.get(item["event_id"])
        if event is None or not self.importer.may_edit(event):
            return note | {"counted": "conflicts"}
        # Several runs of days of one event may stand in one file.
        expected = self.done[event.id]["version"] if event.id in self.done else item["version"]
        if event.version != expected:
            return note | {"counted": "conflicts"}
        if item["act"] == NEW:
            return self._list_again(item, event, incoming, note)
        return self._change(item, event, incoming, note)

    def settle(self) -> None:
        """Write the new events of the batch at once."""
        if not self._new:
            return
        try:
            with self.session.begin_nested():
                self.session.add_all([one.event for one in self._new])
                self.session.flush()
        except sa.exc.IntegrityError as error:  # somebody else took one of them in at this moment
            if not is_conflict(error):
                raise
            self._new = [one for one in self._new if self._is_added_alone(one)]
        for one in self._new:
            record_change(
                self.session, one.event, Action.CREATED, before={}, after=one.facts, by=self.importer.person,
                by_name="command line",
            )  # fmt: skip
            one.note["counted"] = "added"
            self._note(one.note, one.item, one.event, one.incoming, None)

    def _is_added_alone(self, one: _Added) -> bool:
        try:
            with self.session.begin_nested():
                self.session.add(one.event)
                self.session.flush()
        except sa.exc.IntegrityError as error:
            if not is_conflict(error):
                raise
            return False
        return True

    def finish(self, noted: Sequence[Note]) -> None:
        """Keep what was done. What each event said is not needed again; the page tells what was done."""
        found = Counter(note["counted"] for note in noted)
        counts = {name: found[name] for name in COUNTED}
        items = [{name: value for name, value in item.items() if name != "event"} for item in self.items]
        self.kept.result = self.kept.result | {
            "state": "applied", "kind": self.kind.value, "counts": counts, "done": list(_done(noted).values()),
            "items": items,
        }  # fmt: skip
        audit(self.session, "calendar.imported", by=self.importer.person, by_name="command line",
              file=self.kept.checksum, **counts)  # fmt: skip

    def _note(
        self, note: Note, item: dict[str, Any], event: Event, incoming: IcsEvent, state: dict[str, Any] | None
    ) -> Note:
        earlier = self.done.get(event.id, {})
        self.done[event.id] = note["done"] = {
            "event_id": event.id,
            "act": item["act"],
            "before": state,
            "known": item.get("known", [0, ""]),
            **{name: earlier[name] for name in ("before", "known") if name in earlier},
            "version": event.version,
            "said": [incoming.sequence, incoming.modified],
        }
        return note

    def _add(self, item: dict[str, Any], incoming: IcsEvent, note: Note) -> Note:
        if incoming.uid in self._uids:
            return note
        said = {
            "kind": (known_kind(incoming) or self.kind).value, "status": EventStatus.CONFIRMED.value,
            "source": _("Taken in from %(file)s", file=self.kept.file_name),
        }  # fmt: skip
        draft = draft_from(said, self.records)
        onto(draft, incoming, None)
        draft.organisers = _organisers(incoming, self.importer, self.directory)
        event, facts = record.new_event(draft, uid=incoming.uid, sequence=incoming.sequence)
        self._uids.add(incoming.uid)
        self._new.append(_Added(event, facts, note, item, incoming))
        return note

    def _list_again(self, item: dict[str, Any], event: Event, incoming: IcsEvent, note: Note) -> Note:
        """An event that was taken back stands again, under its UID and as the file says it now."""
        self._save(event, onto(draft_of(event), incoming, None))
        _set_listed(self.session, event, True, self.importer)
        event.sequence = max(event.sequence, incoming.sequence)
        self.session.flush()
        return self._note(note | {"counted": "added"}, item, event, incoming, None)

    def _change(self, item: dict[str, Any], event: Event, incoming: IcsEvent, note: Note) -> Note:
        state = state_of(event)
        draft = onto(draft_of(event), incoming, sent_of([event]).get(incoming.uid), item.get("place", 0))
        try:
            with self.session.begin_nested():  # so that the other events are not lost with this one
                changed = self._save(event, draft)
        except StaleVersionError:
            return note | {"counted": "conflicts"}
        if not changed:
            return note
        event.sequence = max(event.sequence, incoming.sequence)
        self.session.flush()
        return self._note(note | {"counted": "changed"}, item, event, incoming, state)

    def _save(self, event: Event, draft: EventDraft) -> bool:
        return record.save_event(
            self.session, event, draft, version=event.version, by=self.importer.person, mine=self.importer.mine,
            by_name="command line",
        )  # fmt: skip


def _done(noted: Sequence[Note]) -> dict[int, Note]:
    """What was done to each event, as it was left."""
    return {note["done"]["event_id"]: note["done"] for note in noted if note["done"]}


class Undoing(_Standing):
    """What an import did, the last first, taken back where nobody has changed the event since.

    Each event says again exactly what it said before, under its UID; to subscribers that is an update. What the
    import had added leaves the lists and feeds.
    """

    def todo(self, noted: Sequence[Note]) -> list[Note]:
        """What is still to be put back when so much is `noted`."""
        return list(reversed(self.kept.result["done"]))[len(noted) :]

    def read(self, items: Sequence[Note]) -> None:
        self.read_events([item["event_id"] for item in items])

    def check(self, items: Sequence[Note]) -> None:
        self.check_events([item["event_id"] for item in items])

    def do(self, item: Note) -> Note:
        """Put one event back; whether that was possible, for the journal."""
        event = self.events.get(item["event_id"])
        title = event.title if event else _("event %(id)s", id=item["event_id"])
        if event is None or event.version != item["version"] or not self.importer.may_edit(event):
            return {"title": title, "undone": False}
        if item["act"] == NEW:
            _set_listed(self.session, event, False, self.importer)
        else:
            _restore(self.session, event, item["before"], self.importer)
        return {"title": title, "undone": True}

    def settle(self) -> None:
        """Each event is whole as it is put back."""

    def finish(self, noted: Sequence[Note]) -> None:
        """Keep that it is put back."""
        self.kept.undone_at = now()
        undone = sum(item["undone"] for item in noted)
        audit(
            self.session, "calendar.import_undone", by=self.importer.person, by_name="command line", undone=undone,
            left=len(noted) - undone,
        )  # fmt: skip


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


def _restore(session: Session, event: Event, state: dict[str, Any], importer: Importer) -> None:
    sequence = event.sequence
    record.save_event(
        session, event, put_back(event, state), version=event.version, by=importer.person, by_name="command line"
    )
    since = state["cancelled_at"]
    event.cancelled_at = datetime.fromisoformat(since) if since else None
    # Calendars that heard of the import must hear of this, also where only words were changed.
    event.sequence = max(event.sequence, sequence + 1)
    session.flush()


def _set_listed(session: Session, event: Event, is_listed: bool, importer: Importer) -> None:
    before = record.facts(event)
    event.is_listed = is_listed
    event.sequence += 1
    session.flush()
    record_change(
        session, event, Action.CHANGED, before=before, after=record.facts(event), by=importer.person,
        by_name="command line", reason="Import repeated" if is_listed else "Import undone",
    )  # fmt: skip
