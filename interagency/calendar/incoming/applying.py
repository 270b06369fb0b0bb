"""Doing what an import showed, and undoing it: in one transaction, with history, heard of by subscribers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.calendar.events import record
from interagency.calendar.events.models import Event, EventStatus
from interagency.calendar.events.queries import everything
from interagency.calendar.events.record import EventDraft, Records, draft_from, draft_of
from interagency.calendar.incoming.comparing import Importer, known_kind
from interagency.calendar.incoming.drafts import onto, put_back, sent_of, state_of
from interagency.calendar.incoming.models import CalendarImport
from interagency.calendar.incoming.reading import IcsEvent
from interagency.calendar.incoming.versions import NEW, UPDATED
from interagency.db.base import is_conflict
from interagency.db.history import Action, audit, record_change
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory


def begin(kept: CalendarImport, chosen: Collection[int]) -> None:
    """Note what of a preview is to be done, in the caller's transaction: the items at the places `chosen`."""
    items = kept.result["items"]
    to_do = [place for place in sorted(chosen) if place < len(items) and items[place]["act"] in (NEW, UPDATED)]
    kept.result = kept.result | {"state": "applying", "to_do": to_do, "all": len(to_do), "counts": dict(_NONE_YET)}


def apply_batch(session: Session, kept: CalendarImport, importer: Importer, seconds: float) -> None:
    """Do the next items of an import that has begun, for so many seconds and at least one, in the caller's transaction.

    `kept.result["state"]` is `applied` once all are done. Whoever commits after each batch lets others write between
    them; what was done stays noted, so that an import that was cut short goes on where it stopped.
    """
    run = _Run(session, kept, importer)
    result, to_do, ends = dict(kept.result), list(kept.result["to_do"]), monotonic() + seconds
    while to_do:
        item = result["items"][to_do.pop(0)]
        run.counts[run.do(item, IcsEvent(**item["event"]))] += 1
        if monotonic() >= ends:
            break
    result |= {"to_do": to_do, "counts": run.counts, "done": list(run.done.values())}
    if not to_do:
        # What each event said is not needed again; the page tells what was done.
        result["items"] = [{name: value for name, value in item.items() if name != "event"} for item in result["items"]]
        result["state"] = "applied"
        audit(session, "calendar.imported", by=importer.person, by_name="command line", file=kept.checksum,
              **run.counts)  # fmt: skip
    kept.result = result
    session.flush()


def apply(session: Session, kept: CalendarImport, chosen: Collection[int], importer: Importer) -> dict[str, int]:
    """Do the chosen items of a preview, all in the caller's transaction. Doing it again changes nothing.

    Returns how many were added, changed, left, and in conflict with a save made since the preview.
    """
    begin(kept, chosen)
    while kept.result["state"] == "applying":
        apply_batch(session, kept, importer, seconds=60)
    return dict(kept.result["counts"])


_NONE_YET = {"added": 0, "changed": 0, "left": 0, "conflicts": 0}


class _Run:
    """One import being done: what was counted, and what is kept of each event to undo it."""

    def __init__(self, session: Session, kept: CalendarImport, importer: Importer) -> None:
        self.session, self.kept, self.importer = session, kept, importer
        self.directory = Directory(session)
        self.counts: dict[str, int] = dict(kept.result["counts"])
        self.done: dict[int, dict[str, Any]] = {one["event_id"]: one for one in kept.result["done"]}

    def do(self, item: dict[str, Any], incoming: IcsEvent) -> str:
        """Do one item; the name under which it counts."""
        if item["act"] == NEW and "event_id" not in item:
            return self._add(item, incoming)
        event = self.session.scalar(sa.select(Event).where(Event.id == item["event_id"]).options(*everything()))
        if event is None or not self.importer.may_edit(event):
            return "conflicts"
        # Several runs of days of one event may stand in one file.
        expected = self.done[event.id]["version"] if event.id in self.done else item["version"]
        if event.version != expected:
            return "conflicts"
        return self._list_again(item, event, incoming) if item["act"] == NEW else self._change(item, event, incoming)

    def _note(self, item: dict[str, Any], event: Event, incoming: IcsEvent, state: dict[str, Any] | None) -> None:
        earlier = self.done.get(event.id, {})
        self.done[event.id] = {
            "event_id": event.id,
            "act": item["act"],
            "before": state,
            "known": item.get("known", [0, ""]),
            **{name: earlier[name] for name in ("before", "known") if name in earlier},
            "version": event.version,
            "said": [incoming.sequence, incoming.modified],
        }

    def _add(self, item: dict[str, Any], incoming: IcsEvent) -> str:
        if self.session.scalar(sa.select(Event.id).where(Event.uid == incoming.uid)) is not None:
            return "left"
        said = {
            "kind": (known_kind(incoming) or self.importer.kind).value, "status": EventStatus.CONFIRMED.value,
            "source": f"Taken in from {self.kept.file_name}",
        }  # fmt: skip
        draft = draft_from(said, Records(self.session))
        onto(draft, incoming, None)
        draft.organisers = _organisers(incoming, self.importer, self.directory)
        try:
            with self.session.begin_nested():
                made = record.create_event(
                    self.session, draft, by=self.importer.person, by_name="command line", mine=self.importer.mine,
                    uid=incoming.uid,
                )  # fmt: skip
        except sa.exc.IntegrityError as error:  # somebody else took the same event in at this moment
            if not is_conflict(error):
                raise
            return "left"
        made.sequence = incoming.sequence
        self.session.flush()
        self._note(item, made, incoming, None)
        return "added"

    def _list_again(self, item: dict[str, Any], event: Event, incoming: IcsEvent) -> str:
        """An event that was taken back stands again, under its UID and as the file says it now."""
        self._save(event, onto(draft_of(event), incoming, None))
        _set_listed(self.session, event, True, self.importer)
        event.sequence = max(event.sequence, incoming.sequence)
        self.session.flush()
        self._note(item, event, incoming, None)
        return "added"

    def _change(self, item: dict[str, Any], event: Event, incoming: IcsEvent) -> str:
        state = state_of(event)
        draft = onto(draft_of(event), incoming, sent_of([event]).get(incoming.uid), item.get("place", 0))
        try:
            with self.session.begin_nested():  # so that the other events are not lost with this one
                changed = self._save(event, draft)
        except StaleVersionError:
            return "conflicts"
        if not changed:
            return "left"
        event.sequence = max(event.sequence, incoming.sequence)
        self.session.flush()
        self._note(item, event, incoming, state)
        return "changed"

    def _save(self, event: Event, draft: EventDraft) -> bool:
        return record.save_event(
            self.session, event, draft, version=event.version, by=self.importer.person, mine=self.importer.mine,
            by_name="command line",
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


def undo(session: Session, kept: CalendarImport, importer: Importer, at: datetime) -> tuple[int, list[str]]:
    """Take back what an import did, where nobody has changed the event since.

    Each event says again exactly what it said before, under its UID; to subscribers that is an update. What the
    import had added leaves the lists and feeds. Returns how many events were put back and the titles of those that
    were left as they are.
    """
    undone, left = 0, []
    for item in reversed(kept.result["done"]):
        event = session.scalar(sa.select(Event).where(Event.id == item["event_id"]).options(*everything()))
        if event is None or event.version != item["version"] or not importer.may_edit(event):
            left.append(event.title if event else f"event {item['event_id']}")
            continue
        if item["act"] == NEW:
            _set_listed(session, event, False, importer)
        else:
            _restore(session, event, item["before"], importer)
        undone += 1
    kept.undone_at = at
    audit(session, "calendar.import_undone", by=importer.person, by_name="command line", undone=undone, left=len(left))
    return undone, left


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
