"""What remarks can be on: its title, its page, its version, and who may read and write there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session, load_only, selectinload

from interagency.accounts.models import Person
from interagency.calendar.events.models import Event
from interagency.exports.models import MatrixImport
from interagency.matrix.activities.models import Activity, ActivityEntity
from interagency.matrix.activities.queries import MAX_ID
from interagency.matrix.cycles.models import Answer
from interagency.matrix.cycles.months import format_month
from interagency.matrix.framework.titles import spoken
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.remarks.models import Remark, SubjectKind

Key = tuple[SubjectKind, int, int]


@dataclass(frozen=True, slots=True)
class About:
    """What a remark is on, for whom may read it. `path` is its page in the service, written out as
    mails are made where no request is."""

    kind: SubjectKind
    id: int
    part: int
    title: str
    path: str
    version: int | None = None


def key_of(remark: Remark) -> Key:
    """What the remark is on."""
    return remark.subject_kind, remark.subject_id, remark.subject_part


def find_subjects(
    session: Session, keys: Iterable[Key], person: Person, mine: Collection[Organisation]
) -> dict[Key, About]:
    """Those of `keys` that are there and that the person, focal point of `mine`, may read; two statements a kind."""
    wanted: dict[SubjectKind, set[Key]] = {}
    for key in keys:
        if all(0 <= number <= MAX_ID for number in key[1:]):
            wanted.setdefault(key[0], set()).add(key)
    ids = {one.id for one in mine}
    found: dict[Key, About] = {}
    for kind, some in wanted.items():
        found |= _FINDERS[kind](session, some, person, ids)
    return found


def find_subject(session: Session, key: Key, person: Person, mine: Collection[Organisation]) -> About | None:
    """The one of `key`, or None where it is not there or not for that person."""
    return find_subjects(session, [key], person, mine).get(key)


def _activities(session: Session, keys: set[Key], _person: Person, _ids: set[int]) -> dict[Key, About]:
    query = sa.select(Activity.id, Activity.title, Activity.version).where(Activity.id.in_({key[1] for key in keys}))
    rows = {row.id: row for row in session.execute(query)}
    return {
        key: About(*key, rows[key[1]].title, f"/activities/{key[1]}", rows[key[1]].version)
        for key in keys
        if key[1] in rows and not key[2]
    }


def _events(session: Session, keys: set[Key], _person: Person, _ids: set[int]) -> dict[Key, About]:
    query = sa.select(Event.id, Event.title, Event.version).where(Event.id.in_({key[1] for key in keys}))
    rows = {row.id: row for row in session.execute(query)}
    return {
        key: About(*key, rows[key[1]].title, f"/events/{key[1]}", rows[key[1]].version)
        for key in keys
        if key[1] in rows and not key[2]
    }


def _answers(session: Session, keys: set[Key], person: Person, ids: set[int]) -> dict[Key, About]:
    """For the entity's focal points and the coordinators."""
    query = sa.select(Answer.id, Answer.cycle_month, Answer.entity_id, Organisation.key, Organisation.acronym,
                      Organisation.name).join(Organisation, Organisation.id == Answer.entity_id)  # fmt: skip
    rows = {row.id: row for row in session.execute(query.where(Answer.id.in_({key[1] for key in keys})))}
    found = {}
    for key in keys:
        row = rows.get(key[1])
        if row is None or key[2] or not (person.is_coordinator or row.entity_id in ids):
            continue
        title = _("Answer of %(entity)s for %(month)s", entity=spoken().short(row.key, row.acronym or row.name),
                  month=format_month(row.cycle_month))  # fmt: skip
        if row.entity_id in ids:
            path = f"/month?cycle={row.cycle_month}&entity={row.key}"
        else:
            path = f"/cycles/{row.cycle_month}"
        found[key] = About(*key, title, path)
    return found


def _imports(session: Session, keys: set[Key], person: Person, _ids: set[int]) -> dict[Key, About]:
    """For who sent the file and the coordinators."""
    query = sa.select(MatrixImport.id, MatrixImport.file_name, MatrixImport.person_id)
    rows = {row.id: row for row in session.execute(query.where(MatrixImport.id.in_({key[1] for key in keys})))}
    found = {}
    for key in keys:
        row = rows.get(key[1])
        if row is None or not (person.is_coordinator or row.person_id == person.id):
            continue
        title = _("Row %(n)s of %(file)s", n=key[2], file=row.file_name) if key[2] else row.file_name
        found[key] = About(*key, title, f"/imports/{key[1]}")
    return found


def _pairs(session: Session, keys: set[Key], person: Person, ids: set[int]) -> dict[Key, About]:
    """For the entities of the two and the coordinators, as the page of a pair."""
    numbers = {number for key in keys for number in key[1:]}
    query = sa.select(Activity).where(Activity.id.in_(numbers))
    loaded = query.options(
        load_only(Activity.id, Activity.title),
        selectinload(Activity.entities).load_only(ActivityEntity.entity_id),
    )
    rows = {one.id: one for one in session.scalars(loaded)}
    found = {}
    for key in keys:
        first, second = rows.get(key[1]), rows.get(key[2])
        if first is None or second is None or first.id >= second.id:
            continue
        parts = {part.entity_id for one in (first, second) for part in one.entities}
        if person.is_coordinator or parts & ids:
            title = _("“%(first)s” and “%(second)s”", first=first.title, second=second.title)
            found[key] = About(*key, title, f"/overlaps/{first.id}/{second.id}")
    return found


_FINDERS: dict[SubjectKind, Callable[[Session, set[Key], Person, set[int]], dict[Key, About]]] = {
    SubjectKind.ACTIVITY: _activities,
    SubjectKind.EVENT: _events,
    SubjectKind.ANSWER: _answers,
    SubjectKind.IMPORT: _imports,
    SubjectKind.PAIR: _pairs,
}
