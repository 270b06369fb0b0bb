"""Telling those invited: what is to be told now, its mail, and what counts as told once the mail has left.

Nothing is told by the act that changes an event, whichever way it came: the scheduler compares what each invitee was
last told with the event as it stands. So three corrections in a row are one mail, and one taken back is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from email.headerregistry import Address
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session, joinedload, selectinload

from interagency.calendar.events.models import Event, EventStatus
from interagency.calendar.events.queries import everything
from interagency.calendar.feeds.building import FeedEvent, FeedOverride
from interagency.calendar.feeds.publishing import feed_events, numbered_uid, uid_of
from interagency.calendar.invitations.addresses import link_token, organiser_address
from interagency.calendar.invitations.content import InvitationContent, answer_labels, when_of, when_of_date
from interagency.calendar.invitations.messages import Method, To, date_text, message_text
from interagency.calendar.invitations.models import Answer, Invitation, InvitedDate, Invitee
from interagency.calendar.invitations.standing import (
    Difference,
    Standing,
    difference,
    key_of,
    moment_of,
    standing_from,
    standing_of,
)
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import MailContent, SendIf, write
from interagency.matrix.organisations.queries import entities_of
from interagency.settings import Settings
from interagency.web.context import settings

# The condition of the registry under which an invitation leaves.
STILL_TO_TELL = "invitation"


@dataclass(frozen=True, slots=True)
class Step:
    """A mail that is to be sent: to whom, which version, of which entry, and what it tells (None: it is cancelled)."""

    method: Method
    sequence: int
    entry: FeedEvent
    told: Standing | None
    difference: Difference
    is_first: bool
    date: FeedOverride | None = None


def entries_of(event: Event, base_url: str) -> dict[int, tuple[FeedEvent, Standing]]:
    """What stands in calendars of an event that takes place, by the number of its run of days."""
    if event.status is EventStatus.CANCELLED or not event.is_listed:
        return {}
    by_uid = {entry.uid: entry for entry in feed_events([event], base_url)}
    found = {}
    for segment in event.segments:
        entry = by_uid.get(uid_of(event, segment))
        if entry is not None and segment.end is not None:
            last = event.last_day if entry.rrule else segment.end.last
            found[segment.number] = entry, standing_of(entry, last)
    return found


def next_step(event: Event, invitation: Invitation, today: date, base_url: str) -> Step | None:
    """What one invitee is to be told now of one run of days; None: nothing."""
    told = standing_from(invitation.told) if invitation.told else None
    entry, stands = entries_of(event, base_url).get(invitation.number, (None, None))
    is_first = invitation.sent_count == 0
    sequence = event.sequence if is_first else max(event.sequence, invitation.sequence + 1)
    if told is not None and told.is_over(today):
        return None
    if entry is None or stands is None or invitation.invitee.removed_at is not None:
        if told is None:
            return None
        return Step("CANCEL", sequence, _as_told(event, invitation.number, told), None, Difference(), False)
    if stands.is_over(today):
        return None
    differs = difference(told, stands, today)
    if differs is None:
        return None
    step = Step("REQUEST", sequence, entry, stands, differs, is_first)
    if differs.date is None:
        return step
    single = date_of(entry, differs.date)
    return replace(step, method="CANCEL" if single.cancelled else "REQUEST", date=single)


def _as_told(event: Event, number: int, told: Standing) -> FeedEvent:
    """The entry that somebody has in their calendar and that is no more."""
    start, end, tzid, rrule = told.when
    assert start is not None and end is not None
    read = datetime.fromisoformat if "T" in start else date.fromisoformat
    return FeedEvent(
        uid=numbered_uid(event.uid, number),
        sequence=0,
        stamp=event.updated_at,
        created=event.created_at,
        title=event.title,
        status="cancelled",
        start=read(start),
        end=read(end),
        tzid=tzid,
        rrule=rrule,
        location=told.place,
    )


def date_of(entry: FeedEvent, key: str) -> FeedOverride:
    """A single date of a series as it stands: changed, cancelled, left out, or as the rule has it."""
    original = moment_of(key, entry)
    found = next((change for change in entry.overrides if change.original == original), None)
    length = entry.end - entry.start  # type: ignore[operator]  # both dates or both date-times
    is_left_out = original in entry.exdates
    return found or FeedOverride(original, original, original + length, cancelled=is_left_out)


# --- Whom it may be told ---


def may_be_told(session: Session, invitee: Invitee, at: datetime) -> bool:
    """Whether the account is in use and, for a focal point, still speaks for the entity. A named address may."""
    if invitee.person is None:
        return True
    if not invitee.person.is_active:
        return False
    if invitee.entity_id is None:
        return True
    day = at.astimezone(settings().zone).date()
    return invitee.entity_id in {entity.id for entity in entities_of(session, invitee.person, day)}


# --- Writing into the outbox ---


def write_due_invitations(session: Session, at: datetime, event_id: int | None = None) -> int:
    """Write what those invited are to be told, of all events or one, into the outbox. How many mails.

    In the caller's transaction; safe to run twice at once.
    """
    query = sa.select(Invitee).join(Event, Event.id == Invitee.event_id).where(Invitee.checked_version != Event.version)
    if event_id is not None:
        query = query.where(Event.id == event_id)
    due = list(session.scalars(query.options(selectinload(Invitee.invitations), joinedload(Invitee.person))))
    wanted = sa.select(Event).where(Event.id.in_({one.event_id for one in due})).options(*everything())
    events = {event.id: event for event in session.scalars(wanted)} if due else {}
    written = 0
    for invitee in due:
        event = events[invitee.event_id]
        invitee.checked_version = event.version
        if may_be_told(session, invitee, at):
            written += _write_for(session, event, invitee, at)
    session.flush()
    return written


def _write_for(session: Session, event: Event, invitee: Invitee, at: datetime) -> int:
    today, base_url = at.astimezone(settings().zone).date(), settings().base_url
    known = {one.number for one in invitee.invitations}
    if invitee.removed_at is None:
        missing = [segment.number for segment in event.segments if segment.number not in known]
        invitee.invitations += [_new_invitation(invitee, number) for number in missing]
        session.flush()
    written = 0
    for invitation in invitee.invitations:
        if next_step(event, invitation, today, base_url) is not None:
            written += write(
                session,
                f"invitation/{invitation.id}/{invitation.sent_count + 1}",
                to_address=invitee.address,
                to_name=invitee.name,
                letter=MailContent(event.title, "", ()),  # what it says is said when it leaves
                at=at,
                send_if=SendIf(STILL_TO_TELL, {"invitation": invitation.id}),
            )
    return written


def _new_invitation(invitee: Invitee, number: int) -> Invitation:
    return Invitation(invitee=invitee, number=number, sequence=0, asked_sequence=0, sent_count=0, dates=[])


# --- When it leaves, and once it has left ---


def as_it_stands(session: Session, _message: OutboxMessage, at: datetime, *, invitation: int) -> bool | MailContent:
    """What the mail says by now; False where there is nothing to tell any more. A condition of the registry."""
    found = session.get(Invitation, invitation, populate_existing=True)
    if found is None or not may_be_told(session, found.invitee, at):
        return False
    query = sa.select(Event).where(Event.id == found.invitee.event_id).options(*everything())
    event = session.scalars(query.execution_options(populate_existing=True)).one()
    step = next_step(event, found, at.astimezone(settings().zone).date(), settings().base_url)
    if step is None:
        return False
    found.leaving = {
        "sequence": step.sequence,
        "told": step.told.as_json() if step.told else None,
        "asks": step.difference.asks,
        "dates": list(step.difference.dates),
    }
    person = found.invitee.person
    with force_locale((person.language if person else "") or "en"):
        return _content(settings(), event, found, step, at)


def has_left(session: Session, _message: OutboxMessage, at: datetime, *, invitation: int) -> None:
    """Note what was told. Called once the server has taken the mail."""
    found = session.get(Invitation, invitation)
    if found is None or found.leaving is None:
        return
    said: dict[str, Any] = found.leaving
    found.told, found.leaving = said["told"], None
    found.sequence, found.sent_at, found.sent_count = said["sequence"], at, found.sent_count + 1
    found.invitee.checked_version = 0  # the event may have been saved while the mail was on its way
    if said["asks"]:
        found.asked_sequence = found.sequence
    for key in said["dates"]:
        date_row(found, datetime.fromisoformat(key)).asked_sequence = found.sequence
    session.flush()


def date_row(invitation: Invitation, original: datetime) -> InvitedDate:
    """What is kept of a single date, made where nothing is yet."""
    found = next((one for one in invitation.dates if one.original == original), None)
    if found is None:
        found = InvitedDate(original=original, asked_sequence=0, answer=Answer.NONE)
        invitation.dates.append(found)
    return found


def organiser_name(event: Event) -> str:
    """Who invites, in short: `WHO, UNODC`."""
    return ", ".join(one.short for one in event.organisers)[:150] or str(_("UN interagency calendar"))


def _content(chosen: Settings, event: Event, invitation: Invitation, step: Step, at: datetime) -> InvitationContent:
    invitee = invitation.invitee
    organiser, address = organiser_name(event), organiser_address(chosen, invitee.id)
    entry = step.entry if invitee.person_id is not None else for_outsiders(event, step.entry)
    to = To(invitee.name, invitee.address, organiser, address, _answer_so_far(invitation, step))
    if step.date is None:
        calendar = message_text(entry, step.method, to, sequence=step.sequence, at=at)
    else:
        calendar = date_text(entry, step.date, step.method, to, sequence=step.sequence, at=at)
    when = when_of(entry) if step.date is None else when_of_date(entry, step.date)
    title = (step.date.title if step.date else None) or entry.title
    place = (step.date.location if step.date else None) or entry.location
    subject, paragraph = _words(invitee, step, title, when, organiser)
    links = _links(chosen, invitation, step) if step.method == "REQUEST" else ()
    facts = ((_("What"), title), (_("When"), when), (_("Where"), place), (_("Organised by"), organiser))
    return InvitationContent(
        subject=subject,
        greeting=str(_("Dear %(name)s,", name=invitee.name or invitee.address)),
        paragraphs=(paragraph,),
        facts=tuple((str(label), words) for label, words in facts if words),
        answers=links,
        answers_label=str(_("Answer in your calendar, or here:")),
        link=f"{chosen.base_url}/events/{event.id}" if invitee.person_id is not None else "",
        link_label=str(_("The event in the interagency calendar")),
        calendar=calendar,
        calendar_method=step.method,
        from_address=str(Address(organiser, addr_spec=address)),
    )


def _answer_so_far(invitation: Invitation, step: Step) -> Answer:
    """The answer that stands when this mail has arrived: none where it asks anew."""
    asks_date = step.date is not None and bool(step.difference.dates)
    return Answer.NONE if step.difference.asks or asks_date else invitation.standing_answer


def _words(invitee: Invitee, step: Step, title: str, when: str, organiser: str) -> tuple[str, str]:
    """The subject, and the sentence that says what the mail is about."""
    if step.method == "CANCEL":
        subject = _("Cancelled: %(title)s, %(when)s", title=title, when=when)
        if invitee.removed_at is not None:
            return str(subject), str(_("You are no longer invited to this event. Take it out of your calendar."))
        if step.date is not None:
            return str(subject), str(_("This date is cancelled. The others stand."))
        return str(subject), str(_("This event is cancelled. Take it out of your calendar."))
    if step.is_first:
        subject = _("Invitation: %(title)s, %(when)s", title=title, when=when)
        return str(subject), str(_("%(organiser)s invites you to this event.", organiser=organiser))
    subject = _("Changed: %(title)s, %(when)s", title=title, when=when)
    if step.difference.asks or step.difference.dates:
        return str(subject), str(_("The time of this event is another. This is how it stands; please answer again."))
    return str(subject), str(_("Something of this event is different. This is how it stands; your answer is kept."))


def _links(chosen: Settings, invitation: Invitation, step: Step) -> tuple[tuple[str, str], ...]:
    """What each answer is called, and the address of its page."""
    token = link_token(chosen, invitation.invitee_id)
    query = ""
    if step.date is not None:
        query = f"?date={key_of(step.date.original)}"
    return tuple(
        (label, f"{chosen.base_url}/invited/{token}/{invitation.number}/{answer.value}{query}")
        for answer, label in answer_labels().items()
    )


def for_outsiders(event: Event, entry: FeedEvent) -> FeedEvent:
    """An entry as somebody without an account gets it: what, when, where, how to join and who invites. The text of the
    record and who takes part are for the network; of single dates too.
    """
    words = str(_("Organised by %(names)s", names=organiser_name(event)))
    overrides = tuple(replace(change, description=None) for change in entry.overrides)
    return replace(entry, url="", description=words, categories=(), overrides=overrides)
