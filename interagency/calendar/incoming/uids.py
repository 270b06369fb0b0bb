"""Whose a UID of a file is. A UID never stands for two things in one feed, so what would make it so is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.calendar.events.models import Event
from interagency.calendar.events.queries import everything
from interagency.calendar.feeds.publishing import OWN_HOST, numbered_uid, uid_of
from interagency.calendar.incoming.reading import IcsEvent

_DEADLINE = re.compile(r"\Adue-.*@interagency\Z", re.S)
_RUN = re.compile(r"\A(?P<name>.+)-(?P<number>[2-9]|[1-9]\d{1,5})(?P<host>@.*)?\Z", re.S)


class Uids:
    """The UIDs of a file beside those that stand.

    `known` gives for a UID of the file the event it is, and the place of the run of days it stands for.
    """

    def __init__(self, session: Session, incoming: Sequence[IcsEvent]) -> None:
        self._in_file = {event.uid: event.title for event in incoming}
        further = {uid for event in incoming for uid in _further(event)}
        bases = {base for uid in (*self._in_file, *further) if (base := _base(uid))}
        series = {event.related for event in incoming if event.original}
        self._events = _events(session, {*self._in_file, *further, *bases, *series})
        self._runs = {
            uid_of(event, segment): (event, place)
            for event in self._events.values()
            for place, segment in enumerate(event.segments)
        }
        self.known: dict[str, tuple[Event, int]] = {}
        for one in incoming:
            uid = one.uid
            if uid in self._events:
                event = self._events[uid]
                self.known[uid] = (event, self._runs.get(uid, (event, 0))[1] if self._is_of(uid, event) else 0)
            elif uid in self._runs and self._is_ours(one, self._runs[uid][0]):
                self.known[uid] = self._runs[uid]

    @staticmethod
    def _is_ours(incoming: IcsEvent, event: Event) -> bool:
        """Whether it comes from our own feed, which names the event a run of days belongs to."""
        return incoming.related == event.uid or event.uid.endswith(OWN_HOST)

    def _is_of(self, uid: str, event: Event) -> bool:
        return uid in self._runs and self._runs[uid][0] is event

    def clash(self, incoming: IcsEvent) -> str:
        """Why an event of the file cannot be taken under its UID; empty when it can."""
        uid = incoming.uid
        if incoming.original and (series := self._events.get(incoming.related)) is not None:
            return str(
                _("It is one date of “%(title)s”, which stands here. Change that date there.", title=series.title)
            )
        if _DEADLINE.match(uid):
            return str(
                _("It is a deadline of this service; it stands in calendars by itself until the entity has signed.")
            )
        if uid not in self.known:
            if uid in self._runs:
                return str(
                    _("Its UID is that of a further run of days of “%(title)s”.", title=self._runs[uid][0].title)
                )
            base = self._events.get(_base(uid) or "")
            if base is not None and base.uid.endswith(OWN_HOST):
                return str(
                    _("It is a run of days that “%(title)s” no longer has. Add it there by hand.", title=base.title)
                )
        return self._clash_of_further(incoming)

    def _clash_of_further(self, incoming: IcsEvent) -> str:
        own = self.known.get(incoming.uid, (None, 0))[0]
        for uid in _further(incoming):
            other = self._events.get(uid) or self._runs.get(uid, (None, 0))[0]
            if other is not None and other is not own:
                return str(
                    _("Its further dates would get the UID of “%(title)s”. Take that one out first.", title=other.title)
                )
            if uid in self._in_file and uid not in self.known:
                return str(
                    _(
                        "Its further dates would get the UID of “%(in_file)s” in the same file.",
                        in_file=self._in_file[uid],
                    )
                )
        return ""


def _further(event: IcsEvent) -> list[str]:
    """The UIDs that the runs of days of an event after its first would get."""
    return [numbered_uid(event.uid, number) for number in range(2, len(event.segments) + 1)]


def _base(uid: str) -> str | None:
    """The UID of the event whose run of days this could be."""
    found = _RUN.match(uid)
    return f"{found['name']}{found['host'] or ''}" if found else None


def _events(session: Session, uids: set[str]) -> dict[str, Event]:
    names, found = sorted(uids), dict[str, Event]()
    for first in range(0, len(names), 500):
        query = sa.select(Event).where(Event.uid.in_(names[first : first + 500])).options(*everything())
        found |= {event.uid: event for event in session.scalars(query)}
    return found
