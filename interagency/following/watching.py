"""What a person watches, how they are told, and how far they were told."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.accounts.queries import person_by_email
from interagency.db.history import Change, audit
from interagency.following.models import DigestSettings, Frequency, Watch, WatchKind
from interagency.mail.content import KIND_LABELS, MailKind
from interagency.mail.models import OutboxMessage
from interagency.matrix.remarks.models import Remark

MOST_WATCHED = 500


class TooManyWatched(ValueError):
    """A person watches as much as anybody can."""


def is_watched(session: Session, person_id: int, kind: WatchKind, target: str) -> bool:
    """Whether the person watches it by their own choice."""
    return session.get(Watch, (person_id, kind, target)) is not None


def watch(session: Session, person_id: int, kind: WatchKind, target: str, *, at: datetime) -> None:
    """Watch a record, a view or a country; what is watched already stays so. Raises TooManyWatched."""
    if is_watched(session, person_id, kind, target):
        return
    count = sa.select(sa.func.count()).select_from(Watch).where(Watch.person_id == person_id)
    if (session.scalar(count) or 0) >= MOST_WATCHED:
        raise TooManyWatched
    session.add(Watch(person_id=person_id, kind=kind, target=target, at=at))


def unwatch(session: Session, person_id: int, kind: WatchKind, target: str) -> None:
    """Watch it no more."""
    session.execute(sa.delete(Watch).where(Watch.person_id == person_id, Watch.kind == kind, Watch.target == target))


def watches_of(session: Session, person_id: int) -> list[Watch]:
    """All a person watches by their own choice, the newest first."""
    query = sa.select(Watch).where(Watch.person_id == person_id)
    return list(session.scalars(query.order_by(Watch.at.desc(), Watch.kind, Watch.target)))


def settings_of_person(session: Session, person_id: int) -> DigestSettings:
    """How the person is told; of who has chosen nothing, what everybody begins with (not yet in the session)."""
    found = session.get(DigestSettings, person_id)
    return found or DigestSettings(
        person_id=person_id, frequency=Frequency.MONTHLY, silenced=[], changes_told=0, remarks_told=0
    )


def newest_ids(session: Session) -> tuple[int, int]:
    """The newest change and the newest remark there are."""
    change, remark = sa.select(sa.func.max(Change.id)).scalar_subquery(), sa.select(sa.func.max(Remark.id))
    row = session.execute(sa.select(change, remark.scalar_subquery())).one()
    return row[0] or 0, row[1] or 0


def kept_settings(session: Session, person_id: int) -> DigestSettings:
    """How the person is told, to be changed. Whoever begins is told nothing of what was before."""
    found = session.get(DigestSettings, person_id)
    if found is None:
        found = settings_of_person(session, person_id)
        found.changes_told, found.remarks_told = newest_ids(session)
        session.add(found)
    return found


def silence(session: Session, person: Person, kinds: list[MailKind], *, way: str) -> None:
    """Send the person no more mails of `kinds`, urgent ones neither."""
    kept = kept_settings(session, person.id)
    wanted = set(kept.silenced) | {kind.value for kind in kinds}
    kept.silenced = [kind.value for kind in KIND_LABELS if kind.value in wanted]
    audit(session, "mails.silenced", by=person, kinds=[kind.value for kind in kinds], way=way)


def is_wanted(session: Session, message: OutboxMessage, _at: datetime, *, kind: str) -> bool:
    """Whether the reader of a message has not silenced its kind. A condition of the registry."""
    if kind == MailKind.DIGEST:
        return True  # its sections are looked at one by one
    person = person_by_email(session, message.to_address)
    return person is None or kind not in settings_of_person(session, person.id).silenced
