"""What cannot wait for a digest: an event within 48 hours that was moved or cancelled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event, EventStatus
from interagency.calendar.events.occurrences import format_days, occurrences
from interagency.calendar.events.queries import everything
from interagency.db.history import Action, Change
from interagency.following.changes import MOVED, interests_of
from interagency.mail.content import MailContent, MailKind
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import SendIf, existing_dedupe_keys, write
from interagency.matrix.organisations.queries import entities_of
from interagency.matrix.organisations.readers import reader_of
from interagency.text.dates import ImpreciseDate
from interagency.web.context import settings

CONDITION = "urgent"
WITHIN = timedelta(hours=48)
OFF = frozenset({EventStatus.CANCELLED.value, EventStatus.POSTPONED.value})


def _key(change_id: int, person_id: int) -> str:
    return f"urgent/{change_id}/{person_id}"


def told_urgently(session: Session, person: Person) -> dict[int, int]:
    """Up to which change the person knows of an event by urgent mails, by the event's number."""
    query = sa.select(OutboxMessage.send_if_args).where(
        OutboxMessage.to_address == person.email, OutboxMessage.send_if == CONDITION
    )
    found: dict[int, int] = {}
    for args in session.scalars(query):
        found[args["event"]] = max(found.get(args["event"], 0), args["change"])
    return found


def write_urgent(session: Session, *, at: datetime) -> int:
    """Write to those concerned that an event which was or is to take place within 48 hours of `at` (UTC) was moved or
    cancelled. Returns how many messages were written; safe to call again."""
    query = sa.select(Change).where(
        Change.record_type == "event", Change.action == Action.CHANGED, Change.at > at - WITHIN
    )
    changes = [one for one in session.scalars(query.order_by(Change.id)) if _is_moved(one)]
    if not changes:
        return 0
    loaded = sa.select(Event).where(Event.id.in_({one.record_id for one in changes}), Event.is_listed)
    events = {one.id: one for one in session.scalars(loaded.options(*everything())).unique()}
    urgent = [one for one in changes if one.record_id in events and is_soon(events[one.record_id], one, at)]
    # Of several changes of one event the last says where it stands.
    last = {one.record_id: one for one in urgent}
    written = 0
    if last:
        for person in session.scalars(sa.select(Person).where(Person.disabled_at.is_(None)).order_by(Person.id)):
            written += _write_to(session, person, last, events, at)
    return written


def _write_to(session: Session, person: Person, last: dict[int, Change], events: dict[int, Event], at: datetime) -> int:
    concerned = _concerned(session, person, last, at)
    mine = {number: last[number] for number in concerned if last[number].by_id != person.id}
    done = existing_dedupe_keys(session, [_key(one.id, person.id) for one in mine.values()])
    written = 0
    for number, change in mine.items():
        if _key(change.id, person.id) in done:
            continue
        written += write(
            session,
            _key(change.id, person.id),
            to_address=person.email,
            to_name=person.name,
            letter=_letter(person, events[number]),
            at=at,
            send_if=SendIf(CONDITION, {"event": number, "change": change.id}),
            kind=MailKind.EVENTS,
            is_urgent=True,
        )
    return written


def _concerned(session: Session, person: Person, numbers: Collection[int], at: datetime) -> set[int]:
    """Of the events those that concern the person at that moment."""
    mine = entities_of(session, person, at.astimezone(settings().zone).date())
    interests = interests_of(session, person, mine)
    some = [interests.own["event"], *interests.watched["event"]]
    query = sa.select(Event.id).where(Event.id.in_(numbers), sa.or_(*(Event.id.in_(ids) for ids in some)))
    return set(session.scalars(query))


def _is_moved(change: Change) -> bool:
    """Whether it moved or cancelled the event; a confirmed date is no move."""
    fields = MOVED & change.fields.keys()
    return bool(fields - {"status"}) or ("status" in fields and change.fields["status"][1] in OFF)


def is_soon(event: Event, change: Change, at: datetime) -> bool:
    """Whether the event takes place within 48 hours of `at`, or would have before `change`."""
    zone = settings().zone
    days = at.astimezone(zone).date(), (at + WITHIN).astimezone(zone).date()
    if any(one.exact and _begins_within(one.first, one.start, days, at) for one in occurrences(event, *days)):
        return True
    before = change.fields.get("segments", [[], []])[0] or []
    return any(days[0] <= day <= days[1] for segment in before if (day := _exact_day(segment)) is not None)


def _begins_within(day: date, start: datetime | None, days: tuple[date, date], at: datetime) -> bool:
    return at <= start <= at + WITHIN if start is not None else days[0] <= day <= days[1]


def _exact_day(segment: list[Any]) -> date | None:
    """The day a run of days began on, from its fact; None where it was not a day."""
    begins = ImpreciseDate.from_code(segment[0]) if segment[0] else None
    return begins.first if begins is not None and begins.is_exact else None


def _letter(person: Person, event: Event) -> MailContent:
    with force_locale(person.language or "en"):
        if event.status is EventStatus.CANCELLED:
            subject = _("Cancelled: %(title)s", title=event.title)
            said = _("This event is cancelled. It was to take place: %(when)s.", when=format_days(event))
        elif event.status is EventStatus.POSTPONED:
            subject = _("Postponed: %(title)s", title=event.title)
            said = _("This event is postponed.")
        else:
            subject = _("Changed: %(title)s", title=event.title)
            said = _("This event was changed shortly before it begins. Now it takes place: %(when)s.",
                     when=format_days(event))  # fmt: skip
        place = [str(_("Where: %(place)s", place=event.place))] if event.place else []
        return MailContent(
            subject=str(subject),
            greeting=str(_("Dear %(name)s,", name=person.name)),
            paragraphs=(event.title, str(said), *place),
            link=f"{settings().base_url}/events/{event.id}",
            link_label=str(_("Open the event")),
            language=person.language,
        )


def as_it_leaves(
    session: Session, message: OutboxMessage, at: datetime, *, event: int, change: int
) -> bool | MailContent:
    """The message as the event stands by now; False where it no longer concerns the reader, or is no longer near. A
    condition of the registry."""
    person = reader_of(session, message)
    found = session.scalar(sa.select(Event).where(Event.id == event, Event.is_listed).options(*everything()))
    made = session.get(Change, change)
    if person is None or found is None or made is None or not is_soon(found, made, at):
        return False
    return _letter(person, found) if _concerned(session, person, [event], at) else False
