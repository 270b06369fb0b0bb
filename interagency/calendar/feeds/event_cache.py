"""What each process remembers of feeds: the bytes of each event, and whole feeds ready to send.

Neither can be wrong. The bytes of an event are remembered with its `feed_version`, which triggers of the database raise
in the transaction of any change they could show (migration 0013); a feed is remembered under the state of everything
its bytes depend on (`feed_state`).
"""

from __future__ import annotations

import gzip
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from threading import Lock

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session, joinedload, selectinload

from interagency.calendar.events.models import Event, EventOrganisation, Segment
from interagency.calendar.events.queries import has_chapters_by_day
from interagency.calendar.feeds.building import Block, blocks_of
from interagency.calendar.feeds.publishing import feed_events
from interagency.matrix.framework.titles import spoken

log = logging.getLogger("interagency")
BATCH = 500
MAX_BYTES = 32 * 1024 * 1024
# Level 6 takes three times as long as level 3 and saves a tenth.
GZIP_LEVEL = 3
Stamp = tuple[int, str]
Key = tuple[int, str]  # an event, and the language it is told in


class EventCache:
    """The bytes of events in each language that is asked for, made by icalendar."""

    def __init__(self) -> None:
        self._cached: dict[Key, tuple[Stamp, list[Block]]] = {}
        self._making = Lock()

    def blocks(self, session: Session, conditions: Sequence[sa.ColumnElement[bool]], base_url: str) -> list[Block]:
        """The blocks of the events under `conditions`, the oldest record first; what is not cached is made.

        The versions are read first and the records afterwards, so that what is cached is never older than its version.
        """
        rows = session.execute(sa.select(Event.id, Event.feed_version).where(*conditions)).all()
        # Sorted here: SQLite would read whole events to give them in order.
        stamps = {event_id: (version, base_url) for event_id, version in sorted(rows, key=itemgetter(0))}
        blocks = self._known(stamps)
        if len(blocks) < len(stamps):
            with self._making:  # whoever waited finds most of it made
                blocks = self._known(stamps)
                missing = [event_id for event_id in stamps if event_id not in blocks]
                for start in range(0, len(missing), BATCH):
                    blocks |= self._make(session, missing[start : start + BATCH], stamps, base_url)
        return [block for event_id in stamps for block in blocks.get(event_id, ())]

    def blocks_about(
        self, session: Session, conditions: Sequence[sa.ColumnElement[bool]], base_url: str, chapters: Collection[int]
    ) -> list[Block]:
        """As `blocks`, of the days that are about one of `chapters`. Events that tell their chapters by day are made
        each time: how they are shown depends on what was asked for.
        """
        if not chapters:
            return self.blocks(session, conditions, base_url)
        found = self.blocks(session, [*conditions, sa.not_(has_chapters_by_day())], base_url)
        ids = list(session.scalars(sa.select(Event.id).where(*conditions, has_chapters_by_day()).order_by(Event.id)))
        for start in range(0, len(ids), BATCH):
            for event in sorted(_read(session, ids[start : start + BATCH]), key=lambda event: event.id):
                found += blocks_of(feed_events([event], base_url, chapters))
        return found

    def _known(self, stamps: dict[int, Stamp]) -> dict[int, list[Block]]:
        language = spoken().language
        entries = {event_id: self._cached.get((event_id, language)) for event_id in stamps}
        return {event_id: entry[1] for event_id, entry in entries.items() if entry and entry[0] == stamps[event_id]}

    def _make(
        self, session: Session, ids: Sequence[int], stamps: dict[int, Stamp], base_url: str
    ) -> dict[int, list[Block]]:
        made: dict[int, list[Block]] = {event_id: [] for event_id in ids}
        made |= {event.id: _blocks(event, base_url) for event in _read(session, ids)}
        language = spoken().language
        self._cached.update({(event_id, language): (stamps[event_id], blocks) for event_id, blocks in made.items()})
        return made


def event_cache() -> EventCache:
    """The cache of the running application."""
    cache: EventCache = current_app.extensions["interagency_event_cache"]
    return cache


def _read(session: Session, ids: Sequence[int]) -> list[Event]:
    """The events with all that feeds show. One that cannot be read is left out and logged; it takes no other along."""
    shown = (
        selectinload(Event.segments).selectinload(Segment.days),
        selectinload(Event.exceptions),
        selectinload(Event.organisations).joinedload(EventOrganisation.organisation),
        selectinload(Event.chapters),
        selectinload(Event.links),
        joinedload(Event.country),
        joinedload(Event.parent),
    )
    try:
        return list(session.scalars(sa.select(Event).where(Event.id.in_(ids)).options(*shown)))
    except sa.exc.SQLAlchemyError:
        raise
    except Exception:  # dates that cannot be, such as one that is not of its precision
        if len(ids) > 1:
            return [event for event_id in ids for event in _read(session, [event_id])]
        log.exception("event %s is left out of feeds: it cannot be read", ids[0])
        return []


def _blocks(event: Event, base_url: str) -> list[Block]:
    """The blocks of one event; none, and a line in the log, for one that cannot be written."""
    return blocks_of(feed_events([event], base_url))


@dataclass(frozen=True)
class Feed:
    """A feed ready to send, and the aware instant of its newest change."""

    body: bytes
    changed_at: datetime

    @cached_property
    def digest(self) -> str:
        """The same for the same bytes."""
        return hashlib.sha256(self.body).hexdigest()[:32]

    @cached_property
    def compressed(self) -> bytes:
        """The body as one gzip member, without a time in it: the same bytes give the same."""
        return gzip.compress(self.body, GZIP_LEVEL, mtime=0)

    @property
    def size(self) -> int:
        """Bytes of memory it takes, more or less."""
        return len(self.body) + len(self.__dict__.get("compressed", b""))


class FeedCache:
    """The feeds asked for last, by the name of their state."""

    def __init__(self, most_bytes: int = MAX_BYTES) -> None:
        self._cached: OrderedDict[str, Feed] = OrderedDict()
        self._lock = Lock()
        self._most_bytes = most_bytes

    def get(self, state: str, make: Callable[[], Feed]) -> Feed:
        """The feed in `state`; made, and remembered, where it is not here."""
        with self._lock:
            if state in self._cached:
                self._cached.move_to_end(state)
                return self._cached[state]
        feed = make()
        with self._lock:
            self._cached[state] = feed
            size = sum(cached.size for cached in self._cached.values())
            while size > self._most_bytes and len(self._cached) > 1:
                size -= self._cached.popitem(last=False)[1].size
        return feed
