"""What changed of what concerns a person: the records of their entities, and what they watch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.calendar.events.fields import FIELDS as EVENT_FIELDS
from interagency.calendar.events.fields import labels as event_labels
from interagency.calendar.events.models import Event, EventOrganisation
from interagency.db.history import Action, Change
from interagency.following.models import SavedView, Watch, WatchKind
from interagency.following.saved_views import read_query, record_ids, visible_to
from interagency.matrix.activities.labels import field_labels
from interagency.matrix.activities.models import Activity, ActivityCountry, ActivityEntity, Participation
from interagency.matrix.framework.models import Country
from interagency.matrix.organisations.models import Appointment, Organisation
from interagency.text.folding import listed

# What makes an event take place otherwise than somebody has it in their diary.
MOVED = frozenset(field.name for field in EVENT_FIELDS if field.raises_sequence) - {"title"}
TOLD = (Action.CREATED, Action.CHANGED, Action.DECLINED, Action.MERGED, Action.ENDED)
Ids = sa.Select[int]


@dataclass(frozen=True, slots=True)
class Interests:
    """Selects of the numbers of records that concern a person, by kind of record.

    `own`: those their entities take part in. `accepted`: of those, what an entity has confirmed and does not lead.
    `watched`: those they chose. `broken`: views of theirs whose filters no longer make sense.
    """

    own: dict[str, Ids]
    accepted: Ids
    watched: dict[str, list[Ids]] = field(default_factory=lambda: {"activity": [], "event": []})
    broken: list[SavedView] = field(default_factory=list)

    def of(self, kind: str) -> sa.ColumnElement[bool]:
        """The condition of changes of records of that kind that concern the person."""
        some = [self.own[kind], *self.watched[kind]]
        return sa.and_(Change.record_type == kind, sa.or_(*(Change.record_id.in_(ids) for ids in some)))


def interests_of(session: Session, person: Person, mine: Collection[Organisation]) -> Interests:
    """What concerns the person, who speaks for `mine` today."""
    ids = [one.id for one in mine]
    part, link = ActivityEntity, EventOrganisation
    takes_part = sa.select(part.activity_id).where(
        part.entity_id.in_(ids), part.participation != Participation.DECLINED
    )
    found = Interests(
        own={
            "activity": takes_part,
            "event": sa.select(link.event_id).where(link.organisation_id.in_(ids)),
        },
        accepted=takes_part.where(part.participation == Participation.CONFIRMED, part.is_lead.is_(False)),
    )
    by_kind: dict[WatchKind, list[str]] = {}
    for kind, target in session.execute(sa.select(Watch.kind, Watch.target).where(Watch.person_id == person.id)):
        by_kind.setdefault(kind, []).append(target)
    for kind, model in ((WatchKind.ACTIVITY, Activity), (WatchKind.EVENT, Event)):
        numbers = [int(target) for target in by_kind.get(kind, ())]
        if numbers:
            found.watched[kind.value].append(sa.select(model.id).where(model.id.in_(numbers)))
    if codes := by_kind.get(WatchKind.COUNTRY):
        country = ActivityCountry
        found.watched["activity"].append(sa.select(country.activity_id).where(country.country_code.in_(codes)))
        found.watched["event"].append(sa.select(Event.id).where(Event.country_code.in_(codes)))
    if views := [int(target) for target in by_kind.get(WatchKind.VIEW, ())]:
        _add_views(session, found, person, mine, views)
    return found


def _add_views(
    session: Session, found: Interests, person: Person, mine: Collection[Organisation], numbers: list[int]
) -> None:
    query = sa.select(SavedView).where(SavedView.id.in_(numbers), visible_to(person, mine)).order_by(SavedView.id)
    for view in session.scalars(query):
        read = read_query(session, view.kind, view.query)
        if read.problems:
            found.broken.append(view)
            continue
        kind, ids = record_ids(view, read, mine)
        found.watched[kind].append(ids)


@dataclass(slots=True)
class ChangedRecord:
    """A record and what became of it: by whom, in which fields. `is_accepted`: an entity of the reader had confirmed
    it, or takes part in the event that was moved."""

    kind: str
    id: int
    title: str
    by: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    is_new: bool = False
    is_accepted: bool = False

    @property
    def path(self) -> str:
        return f"/{'activities' if self.kind == 'activity' else 'events'}/{self.id}"

    def words(self) -> str:
        """`new, by Farida Who`; `status, period: by Felix Undp`."""
        by = listed(self.by)
        if self.is_new:
            return str(_("new, by %(names)s", names=by))
        if not self.fields:
            return str(_("changed by %(names)s", names=by))
        return str(_("%(fields)s: changed by %(names)s", fields=", ".join(self.fields[:8]), names=by))


def changes_told(
    session: Session,
    person: Person,
    mine: Collection[Organisation],
    interests: Interests,
    window: tuple[int, int],
    *,
    known: Mapping[int, int],
) -> list[ChangedRecord]:
    """The records that concern a person and that somebody else changed in `window`; each once, the last changed first.

    `window`: numbers of changes, after the first, up to the second. `known`: up to which change they know of an event
    already, by its number.
    """
    query = sa.select(Change).where(
        Change.id > window[0],
        Change.id <= window[1],
        sa.or_(Change.by_id.is_(None), Change.by_id != person.id),
        Change.action.in_(TOLD),
        sa.or_(interests.of("activity"), interests.of("event")),
    )
    changes = [
        one
        for one in session.scalars(query.order_by(Change.id.desc()))
        if one.record_type != "event" or one.id > known.get(one.record_id, 0)
    ]
    titles = _titles(session, changes)
    own = _own_records(session, interests, changes)
    colleagues = _colleagues(session, mine)
    labels = {"activity": field_labels(), "event": event_labels()}
    found: dict[tuple[str, int], ChangedRecord] = {}
    for change in changes:
        key = (change.record_type, change.record_id)
        if key not in titles:
            continue
        record = found.setdefault(key, ChangedRecord(*key, titles[key]))
        _add(record, change, labels[change.record_type])
        moved = change.record_type == "activity" or not MOVED.isdisjoint(change.fields)
        others = change.by_id is None or change.by_id not in colleagues
        record.is_accepted |= key in own and moved and others and change.action is not Action.CREATED
    return list(found.values())


def _add(record: ChangedRecord, change: Change, labels: dict[str, str]) -> None:
    if change.by_name not in record.by:
        record.by.append(change.by_name)
    record.is_new |= change.action is Action.CREATED
    for name in change.fields:
        label = labels.get(name, name)
        if label not in record.fields:
            record.fields.append(label)


def _ids(changes: Sequence[Change], kind: str) -> set[int]:
    return {change.record_id for change in changes if change.record_type == kind}


def _titles(session: Session, changes: Sequence[Change]) -> dict[tuple[str, int], str]:
    """The titles of the listed records."""
    found: dict[tuple[str, int], str] = {}
    for kind, model in (("activity", Activity), ("event", Event)):
        if ids := _ids(changes, kind):
            query = sa.select(model.id, model.title).where(model.id.in_(ids), model.is_listed)
            found |= {(kind, number): title for number, title in session.execute(query)}
    return found


def _own_records(session: Session, interests: Interests, changes: Sequence[Change]) -> set[tuple[str, int]]:
    """Of the changed records those that an entity of the reader has confirmed or takes part in."""
    found: set[tuple[str, int]] = set()
    for kind, own in (("activity", interests.accepted), ("event", interests.own["event"])):
        if ids := _ids(changes, kind):
            column = own.selected_columns[0]
            found |= {(kind, number) for number in session.scalars(own.where(column.in_(ids)))}
    return found


def _colleagues(session: Session, mine: Collection[Organisation]) -> set[int]:
    """Whoever has ever spoken for one of `mine`: what they change their entity knows."""
    people = sa.select(Appointment.person_id).where(Appointment.entity_id.in_([one.id for one in mine]))
    return set(session.scalars(people))


def watched_titles(session: Session, watches: Sequence[Watch]) -> dict[tuple[WatchKind, str], tuple[str, str]]:
    """What each watch is of: its title and its path. What is gone is left out."""
    targets: dict[WatchKind, list[str]] = {}
    for one in watches:
        targets.setdefault(one.kind, []).append(one.target)
    found: dict[tuple[WatchKind, str], tuple[str, str]] = {}
    for kind, column, title, path in (
        (WatchKind.ACTIVITY, Activity.id, Activity.title, "/activities"),
        (WatchKind.EVENT, Event.id, Event.title, "/events"),
        (WatchKind.VIEW, SavedView.id, SavedView.name, "/views"),
        (WatchKind.COUNTRY, Country.code, Country.name, "/countries"),
    ):
        values = targets.get(kind, [])
        wanted = values if kind is WatchKind.COUNTRY else [int(value) for value in values]
        if wanted:
            query = sa.select(column, title).where(column.in_(wanted))
            found |= {(kind, str(key)): (words, f"{path}/{key}") for key, words in session.execute(query)}
    return found
