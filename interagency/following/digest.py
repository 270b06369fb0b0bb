"""The digest: one mail with everything that concerns a person, as it stands when it leaves.

What is told once (changes, remarks, events to come) lies in a window that the writing of the digest takes from the
person's settings; what is due and what waits is told as long as it is so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event, EventStatus
from interagency.calendar.events.occurrences import all_occurrences
from interagency.calendar.events.queries import everything
from interagency.db.history import Change
from interagency.following.changes import ChangedRecord, Interests, changes_told, interests_of
from interagency.following.models import DigestSettings, Frequency
from interagency.following.subjects import find_subjects, key_of
from interagency.following.urgent import told_urgently
from interagency.following.watching import newest_ids, settings_of_person
from interagency.mail.content import MailContent, MailKind, MailLine, MailSection
from interagency.mail.models import OutboxMessage
from interagency.mail.outbox import SendIf, write
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.cycles.answers import open_cycles
from interagency.matrix.cycles.models import Answer
from interagency.matrix.cycles.months import format_due, format_month
from interagency.matrix.cycles.standing import standings, unanswered_label
from interagency.matrix.framework.titles import spoken
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities_of, proposals_waiting
from interagency.matrix.organisations.readers import reader_of
from interagency.matrix.remarks.models import EDITABLE_FOR, Remark
from interagency.matrix.remarks.queries import asks
from interagency.web.context import settings

CONDITION = "digest"
# What was written a moment ago may still be changed by its writer, or be overtaken by what began before it.
SETTLED = EDITABLE_FOR
LISTED = 40
MAX_REMARK = 300
AHEAD = {Frequency.MONTHLY: 31, Frequency.WEEKLY: 14, Frequency.DAILY: 7, Frequency.NEVER: 0}


@dataclass(frozen=True, slots=True)
class Window:
    """What one digest tells: numbers of changes and remarks after the first, up to the second; days, both included."""

    changes: tuple[int, int]
    remarks: tuple[int, int]
    days: tuple[date, date]

    def as_args(self) -> dict[str, Any]:
        """As plain values."""
        days = [day.isoformat() for day in self.days]
        return {"changes": list(self.changes), "remarks": list(self.remarks), "days": days}


# --- Writing: whose digest is due ---


def is_due(kept: DigestSettings, day: date) -> bool:
    """Whether the digest is due on `day`: the first day of a new month or week (Monday) on which it is looked at."""
    last = kept.digest_on
    if last is None or kept.frequency is Frequency.NEVER or day <= last:
        return False
    if kept.frequency is Frequency.MONTHLY:
        return (day.year, day.month) != (last.year, last.month)
    return kept.frequency is Frequency.DAILY or day.isocalendar()[:2] != last.isocalendar()[:2]


def write_due_digests(session: Session, *, at: datetime) -> int:
    """Write the digests that are due at `at` (UTC) to the outbox. Returns how many; safe to call again."""
    day = at.astimezone(settings().zone).date()
    until = _settled_ids(session, at)
    kept = {one.person_id: one for one in session.scalars(sa.select(DigestSettings))}
    written = 0
    for person in session.scalars(sa.select(Person).where(Person.disabled_at.is_(None)).order_by(Person.id)):
        own = kept.get(person.id)
        if own is None or own.digest_on is None:  # whoever begins is told nothing of what was before
            _begin(session, own, person.id, day)
        elif is_due(own, day):
            written += _write(session, person, own, until, day, at)
    return written


def _begin(session: Session, own: DigestSettings | None, person_id: int, day: date) -> None:
    if own is None:
        own = settings_of_person(session, person_id)
        own.changes_told, own.remarks_told = newest_ids(session)
        session.add(own)
    own.digest_on, own.events_told = day, day


def _settled_ids(session: Session, at: datetime) -> tuple[int, int]:
    """The newest change and remark that nothing can come before any more."""
    settled = at - SETTLED
    change = sa.select(sa.func.max(Change.id)).where(Change.at <= settled).scalar_subquery()
    remark = sa.select(sa.func.max(Remark.id)).where(Remark.at <= settled).scalar_subquery()
    row = session.execute(sa.select(change, remark)).one()
    return row[0] or 0, row[1] or 0


def _write(
    session: Session, person: Person, own: DigestSettings, until: tuple[int, int], day: date, at: datetime
) -> bool:
    ahead = day + timedelta(days=AHEAD[own.frequency])
    told = own.events_told or day
    window = Window(
        (own.changes_told, max(own.changes_told, until[0])),
        (own.remarks_told, max(own.remarks_told, until[1])),
        (max(day, told + timedelta(days=1)), ahead),
    )
    with force_locale(person.language or "en"):
        blank = MailContent(str(_("Your digest")), str(_("Dear %(name)s,", name=person.name)), ())
    is_written = write(
        session,
        f"digest/{person.id}/{day}",
        to_address=person.email,
        to_name=person.name,
        letter=blank,
        at=at,
        send_if=SendIf(CONDITION, {"frequency": own.frequency.value, **window.as_args()}),
        kind=MailKind.DIGEST,
    )
    own.changes_told, own.remarks_told = window.changes[1], window.remarks[1]
    own.digest_on, own.events_told = day, max(told, ahead)
    return is_written


# --- What it says when it leaves ---


def as_it_leaves(
    session: Session, message: OutboxMessage, at: datetime, *, frequency: str, changes: list[int], remarks: list[int],
    days: list[str],
) -> bool | MailContent:  # fmt: skip
    """The digest with what its reader has a right to by now; False where that is nothing. A condition of the
    registry."""
    person = reader_of(session, message)
    if person is None:
        return False
    first, last = map(date.fromisoformat, days)
    window = Window((changes[0], changes[1]), (remarks[0], remarks[1]), (first, last))
    with force_locale(person.language or "en"):
        return digest_for(session, person, window, Frequency(frequency), at) or False


def digest_for(
    session: Session, person: Person, window: Window, frequency: Frequency, at: datetime
) -> MailContent | None:
    """What `window` holds for the person, in the language that is set; None where it is nothing to write a mail for."""
    mine = entities_of(session, person, at.astimezone(settings().zone).date())
    interests = interests_of(session, person, mine)
    silenced = set(settings_of_person(session, person.id).silenced)
    changed = changes_told(session, person, mine, interests, window.changes, known=told_urgently(session, person))
    news = [
        _accepted(changed),
        _remarks(session, person, mine, window),
        _changed([one for one in changed if not one.is_accepted]),
        _broken_views(interests),
        _events(session, interests, window.days),
    ]
    standing = [_due(session, person, mine, at), _waiting(session, person, mine)]
    wanted = [one for one in news if one is not None and one.kind not in silenced]
    if not wanted and frequency is not Frequency.MONTHLY:
        return None
    sections = [one for one in standing if one is not None and one.kind not in silenced] + wanted
    if not sections:
        return None
    return MailContent(
        subject=_subject(sections),
        greeting=str(_("Dear %(name)s,", name=person.name)),
        paragraphs=(str(_("What concerns you in the interagency matrix and calendar, since your last digest.")),),
        link=settings().base_url,
        link_label=str(_("Open your front page")),
        sections=tuple(sections),
        language=person.language,
    )


def _subject(sections: Collection[MailSection]) -> str:
    """`Interagency: what is due, remarks`, by the headings of its first sections."""
    headings = [one.heading for one in sections][:3]
    return str(_("Interagency: %(headings)s", headings=", ".join(headings)))


def _section(kind: MailKind, heading: str, lines: list[MailLine]) -> MailSection | None:
    if not lines:
        return None
    return MailSection(kind, heading, tuple(lines[:LISTED]), max(0, len(lines) - LISTED))


def _due(session: Session, person: Person, mine: Collection[Organisation], at: datetime) -> MailSection | None:
    ids, lines, base, zone = {one.id for one in mine}, [], settings().base_url, settings().zone
    for cycle in open_cycles(session):
        rows = standings(session, cycle, at)
        for row in rows:
            if row.entity.id in ids and row.is_expected and not row.has_answered:
                title = _("%(month)s for %(entity)s", month=format_month(cycle.month), entity=row.entity.short)
                link = f"{base}/month?cycle={cycle.month}&entity={row.entity.key}"
                lines.append(MailLine(str(title), link, str(_("Due %(when)s", when=format_due(row.due_at, zone)))))
        late = [(row.entity.short, row.state) for row in rows if row.is_expected and not row.has_answered]
        if person.is_coordinator and late:
            said = unanswered_label(late)
            lines.append(MailLine(format_month(cycle.month), f"{base}/cycles/{cycle.month}", said))
    return _section(MailKind.DUE, str(_("What is due")), lines)


def _waiting(session: Session, person: Person, mine: Collection[Organisation]) -> MailSection | None:
    base, ids = settings().base_url, [one.id for one in mine]
    query = (
        sa.select(Activity.id, Activity.title, Organisation.acronym, Organisation.name)
        .join(ActivityEntity, ActivityEntity.activity_id == Activity.id)
        .join(Organisation, Organisation.id == ActivityEntity.entity_id)
        .where(
            Activity.is_listed,
            ActivityEntity.entity_id.in_(ids),
            ActivityEntity.participation == Participation.AWAITED,
        )
        .order_by(Activity.id)
    )
    lines = [
        MailLine(title, f"{base}/activities/{number}",
                 str(_("%(entity)s is asked whether it takes part.", entity=spoken().called(acronym or name))))
        for number, title, acronym, name in session.execute(query)
    ]  # fmt: skip
    open_ones = sa.select(sa.func.count()).select_from(Remark)
    count = session.scalar(open_ones.where(asks(person.id, ids), Remark.answered_at.is_(None))) or 0
    if count:
        said = ngettext("%(num)s open remark asks you", "%(num)s open remarks ask you", count)
        lines.insert(0, MailLine(said, f"{base}/remarks"))
    if person.is_coordinator and (proposed := proposals_waiting(session)):
        said = ngettext(
            "%(num)s organisation is proposed for the directory", "%(num)s organisations are proposed for the "
            "directory", proposed,
        )  # fmt: skip
        lines.append(MailLine(said, f"{base}/organisations"))
    return _section(MailKind.WAITING, str(_("What waits for you")), lines)


def _lines(changed: Collection[ChangedRecord]) -> list[MailLine]:
    base = settings().base_url
    return [MailLine(one.title, f"{base}{one.path}", one.words()) for one in changed]


def _accepted(changed: Collection[ChangedRecord]) -> MailSection | None:
    lines = _lines([one for one in changed if one.is_accepted])
    return _section(MailKind.CHANGES, str(_("What your entity confirmed was changed")), lines)


def _changed(changed: Collection[ChangedRecord]) -> MailSection | None:
    return _section(MailKind.CHANGES, str(_("What changed of what you watch")), _lines(changed))


def _broken_views(interests: Interests) -> MailSection | None:
    lines = [
        MailLine(one.name, f"{settings().base_url}/views/{one.id}", str(_("Its filters no longer make sense.")))
        for one in interests.broken
    ]
    return _section(MailKind.CHANGES, str(_("Views to look at")), lines)


def _remarks(session: Session, person: Person, mine: Collection[Organisation], window: Window) -> MailSection | None:
    """Remarks that ask the reader; a note with which an answer was returned has had a letter of its own."""
    returned = sa.select(Answer.returned_with_id).where(Answer.returned_with_id.is_not(None))
    query = sa.select(Remark).where(
        Remark.id > window.remarks[0],
        Remark.id <= window.remarks[1],
        asks(person.id, [one.id for one in mine]),
        Remark.id.not_in(returned),
    )
    found = list(session.scalars(query.order_by(Remark.id)))
    subjects = find_subjects(session, [key_of(one) for one in found], person, mine)
    base, lines = settings().base_url, []
    for one in found:
        if (about := subjects.get(key_of(one))) is not None:
            text = one.text if len(one.text) <= MAX_REMARK else f"{one.text[:MAX_REMARK]}…"
            lines.append(MailLine(about.title, f"{base}{about.path}#remark-{one.id}", f"{one.by_name}: {text}"))
    return _section(MailKind.REMARKS, str(_("Remarks that ask you")), lines)


def _events(session: Session, interests: Interests, days: tuple[date, date]) -> MailSection | None:
    first, last = days
    if first > last:
        return None
    concerned = sa.or_(*(Event.id.in_(ids) for ids in (interests.own["event"], *interests.watched["event"])))
    query = sa.select(Event).where(
        Event.is_listed,
        Event.status != EventStatus.CANCELLED,
        concerned,
        Event.first_day <= last,
        sa.or_(Event.last_day.is_(None), Event.last_day >= first),
    )
    events = list(session.scalars(query.options(*everything())).unique())
    coming = [
        one
        for one in all_occurrences(events, first, last)
        if not one.is_cancelled and one.first >= first  # what began before was told before
    ]
    base = settings().base_url
    lines = [
        MailLine(one.title, f"{base}/events/{one.event.id}", " · ".join(part for part in (one.when, one.place) if part))
        for one in coming
    ]
    return _section(MailKind.EVENTS, str(_("Coming events")), lines)
