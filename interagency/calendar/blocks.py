"""The bytes of each event in feeds: made by icalendar once, in the transaction that changes the event, and kept.

When a kept block is wrong: never while it stands. Triggers of the database (migration 0007) remove the blocks of an
event in the very transaction that changes a row its words come from, whoever changes it and by whatever way. A block
of another form (our code, the parts that write it, the base address) is not read. What is missing is made anew for
whoever reads, and kept by the next writer or by `keep_missing`.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from interagency import dates, words
from interagency.calendar import feed, publish
from interagency.calendar.feed import Block, blocks_of
from interagency.calendar.models import Event, EventBlock, EventOrganisation, FeedRevision, Segment
from interagency.calendar.publish import feed_events
from interagency.database import now

log = logging.getLogger("interagency")
MADE_BY = ("icalendar", "tzdata", "python-dateutil")
BATCH = 500


@lru_cache(maxsize=8)
def form_of(base_url: str) -> str:
    """What a block depends on beside the data: our code, the parts that write it, the base address."""
    code = [Path(str(module.__file__)).read_bytes() for module in (feed, publish, words, dates)]
    parts = [f"{name} {version(name)}".encode() for name in MADE_BY]
    return hashlib.sha256(b"\0".join([base_url.encode(), *parts, *code])).hexdigest()[:32]


def keep_blocks(session: Session, event: Event, base_url: str) -> None:
    """Make and keep the blocks of `event`, flushed, in this transaction.

    The record is read again first: the triggers have locked the revision, so what is read now is what will stand.
    """
    _keep(session, _load(session, [event.id], again=True), base_url)


def keep_missing(session: Session, base_url: str) -> int:
    """Make and keep every block that is missing or of another form; how many events.

    Commits in batches and forgets what the session had loaded.
    """
    form, kept = form_of(base_url), 0
    with_block = sa.select(EventBlock.event_id).where(EventBlock.form == form)
    while True:
        ids = list(session.scalars(sa.select(Event.id).where(Event.id.not_in(with_block)).limit(BATCH)))
        if not ids:
            return kept
        # The row is taken before the events are read, as a writer's trigger does.
        session.execute(
            sa.update(FeedRevision).where(FeedRevision.id == 1).values(number=FeedRevision.number + 1, changed_at=now())
        )
        _keep(session, _load(session, ids, again=True), base_url)
        session.commit()
        session.expunge_all()
        kept += len(ids)


def _load(session: Session, ids: Sequence[int], *, again: bool = False) -> list[Event]:
    touched = (
        selectinload(Event.segments).selectinload(Segment.days),
        selectinload(Event.exceptions),
        selectinload(Event.organisations).joinedload(EventOrganisation.organisation),
        selectinload(Event.chapters),
        selectinload(Event.links),
        joinedload(Event.country),
        joinedload(Event.parent),
    )
    query = sa.select(Event).where(Event.id.in_(ids)).options(*touched)
    return list(session.scalars(query.execution_options(populate_existing=again)))


def _keep(session: Session, events: Iterable[Event], base_url: str) -> None:
    form, rows = form_of(base_url), []
    events = list(events)
    for event in events:
        made = _made(event, base_url)
        _remember(made)
        rows += [_row(event.id, number, form, block) for number, block in enumerate(made, 1)]
        if not made:
            rows.append(_row(event.id, 0, form, None))
    session.execute(sa.delete(EventBlock).where(EventBlock.event_id.in_([event.id for event in events])))
    session.execute(sa.insert(EventBlock), rows)


def _made(event: Event, base_url: str) -> list[Block]:
    """The blocks of one event; none, and a line in the log, for one that cannot be put into a feed."""
    try:
        entries = feed_events([event], base_url)
    except Exception:
        log.exception("event %s is left out of feeds", event.id)
        return []
    return blocks_of(entries)


def _row(event_id: int, number: int, form: str, block: Block | None) -> dict[str, object]:
    return {
        "event_id": event_id,
        "number": number,
        "form": form,
        "begins": block.begins if block else None,
        "uid": block.uid if block else "",
        "tzid": block.tzid if block else None,
        "first_year": block.first_year if block else None,
        "last_year": block.last_year if block else None,
        "digest": block.digest if block else b"",
        "body": block.body if block else b"",
    }


# Blocks this process has read, by digest: what bytes with a digest are never changes, so they are never wrong.
_known: dict[bytes, Block] = {}
MOST_KNOWN = 40_000  # some 40 MB; a feed at hand holds the same blocks
Conditions = Sequence[sa.ColumnElement[bool]]


def blocks_under(session: Session, conditions: Conditions, base_url: str) -> list[Block]:
    """The blocks of the events under `conditions`, the oldest record first; what is missing is made for this reader.

    Only bytes that this process has not read before are read.
    """
    form = form_of(base_url)
    event, one = Event.__table__.c, EventBlock.__table__.c
    kept = sa.and_(one.event_id == event.id, one.form == form)
    query = sa.select(event.id, one.number, one.digest).where(*conditions)
    query = query.select_from(Event.__table__.outerjoin(EventBlock.__table__, kept))
    # Put in order here: SQLite would read whole events to give them in order.
    rows = sorted(session.connection().execute(query).all(), key=itemgetter(0, 1))
    # Taken now: what is known may be forgotten while the rest is read.
    have = {digest: block for _id, _number, digest in rows if digest and (block := _known.get(digest)) is not None}
    unread = {event_id for event_id, _number, digest in rows if digest and digest not in have}
    read = _read(session, conditions, form, unread)
    blocks: list[Block] = []
    missing: list[int] = []
    for event_id, _number, digest in rows:
        if event_id in unread:
            blocks += read.pop(event_id, [])
        elif digest:
            blocks.append(have[digest])
        elif digest is None:
            missing.append(event_id)
    for start in range(0, len(missing), BATCH):
        events = _load(session, missing[start : start + BATCH])
        blocks += [block for event in events for block in _made(event, base_url)]
    return blocks


def _read(session: Session, conditions: Conditions, form: str, events: Collection[int]) -> dict[int, list[Block]]:
    """The kept blocks of `events`, from one statement; remembered."""
    if not events:
        return {}
    row = EventBlock.__table__.c
    query = (
        sa.select(row.event_id, row.begins, row.uid, row.body, row.digest, row.tzid, row.first_year, row.last_year)
        .where(row.form == form)
        .order_by(row.event_id, row.number)
    )
    if len(events) <= BATCH:
        query = query.where(row.event_id.in_(events))
    else:
        query = query.join(Event, Event.id == row.event_id).where(*conditions)
    found: dict[int, list[Block]] = defaultdict(list)
    for event_id, begins, *values in session.execute(query):
        if event_id in events and begins is not None:
            found[event_id].append(Block(begins, *values))
    _remember([block for some in found.values() for block in some])
    return found


def _remember(blocks: Sequence[Block]) -> None:
    """Know these bytes by their digest, also where what they were made in is rolled back: they stay what they are."""
    if len(_known) > MOST_KNOWN:
        _known.clear()
    _known.update((block.digest, block) for block in blocks)
