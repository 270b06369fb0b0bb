"""Writing messages: new ones, new versions of them, withdrawing, and telling who used one; and reading them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from interagency.accounts.models import Person
from interagency.db.base import now
from interagency.db.history import audit
from interagency.matrix.activities.models import Level
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.agreement.gate import MESSAGE, let_through
from interagency.matrix.agreement.models import Agreement
from interagency.matrix.messages.models import Message, MessageUse, MessageVersion
from interagency.matrix.organisations.models import Organisation


@dataclass(slots=True)
class MessageDraft:
    """A message as somebody wants it to be. `note` says what is new in it."""

    title: str
    texts: dict[str, str]
    chapter_number: int | None = None
    level: Level = Level.BOTH
    source: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    note: str = ""
    entities: list[Organisation] = field(default_factory=list)

    def says_the_same(self, version: MessageVersion) -> bool:
        """Whether `version` says this already, whatever is noted of it."""
        names = ("title", "texts", "chapter_number", "level", "source", "valid_from", "valid_until")
        same = all(getattr(self, name) == getattr(version, name) for name in names)
        return same and {one.id for one in self.entities} == {one.id for one in version.entities}


def may_write_message(person: Person, mine: Iterable[Organisation], message: Message | None = None) -> bool:
    """Coordinators; and focal points, of a message that there is those whose entity it names."""
    ids = {one.id for one in mine}
    named = ids if message is None else ids & {one.id for one in message.newest.entities}
    return person.is_coordinator or bool(named)


def _version(message: Message, number: int, draft: MessageDraft, by: Person) -> MessageVersion:
    names = ("title", "chapter_number", "level", "source", "valid_from", "valid_until", "note")
    return MessageVersion(
        message=message, number=number, texts=dict(draft.texts), entities=list(draft.entities), at=now(),
        by_id=by.id, by_name=by.name, **{name: getattr(draft, name) for name in names},
    )  # fmt: skip


def create_message(session: Session, draft: MessageDraft, *, by: Person) -> Message:
    """A new message with its first version, flushed. Nobody has agreed to it yet, its writer's entity neither."""
    message = Message()
    session.add(message)
    session.add(_version(message, 1, draft, by))
    session.flush()
    audit(session, "message.written", by=by, message=message.id, version=1)
    return message


def write_version(session: Session, message: Message, draft: MessageDraft, *, read: int, by: Person) -> bool:
    """A new version over that of the number `read`; nothing where it says the same. Returns whether there is one.

    Raises StaleVersionError when somebody wrote another meanwhile; the caller rolls back.
    """
    newest = message.newest
    if newest.number != read:
        raise StaleVersionError
    if draft.says_the_same(newest):
        return False
    session.add(_version(message, read + 1, draft, by))
    _touch(session, message)
    audit(session, "message.written", by=by, message=message.id, version=read + 1)
    return True


def _touch(session: Session, message: Message) -> None:
    """Raise the version of the message: of two who write at once one is told."""
    message.updated_at = max(now(), message.updated_at)
    sa.orm.attributes.flag_modified(message, "updated_at")
    try:
        session.flush()
    except sa.orm.exc.StaleDataError:
        raise StaleVersionError from None


def withdraw(session: Session, message: Message, *, withdrawn: bool, by: Person, at: datetime) -> bool:
    """Take a message out of use, or back into use. Returns whether that is new."""
    if (message.withdrawn_at is not None) is withdrawn:
        return False
    message.withdrawn_at = at if withdrawn else None
    _touch(session, message)
    audit(session, "message.withdrawn" if withdrawn else "message.taken_back", by=by, message=message.id)
    return True


def tell_use(
    session: Session, version: MessageVersion, *, entity: Organisation | None, place: str, day: date | None,
    by: Person, at: datetime,
) -> None:  # fmt: skip
    """Keep that a version was used: by which entity, where, on which day."""
    session.add(
        MessageUse(message_version_id=version.id, entity_id=entity.id if entity else None, place=place, day=day,
                   told_at=at, told_by_id=by.id, told_by_name=by.name)
    )  # fmt: skip


def everything() -> tuple[sa.orm.interfaces.ORMOption, ...]:
    """Loading options for all that a page shows of messages."""
    versions = selectinload(Message.versions)
    return (versions.selectinload(MessageVersion.entities), versions.selectinload(MessageVersion.chapter))


def all_messages(session: Session) -> list[Message]:
    """Every message with its versions, by chapter and title of the newest; those of no chapter first."""
    found = session.scalars(sa.select(Message).options(*everything()))
    return sorted(found, key=lambda one: (one.newest.chapter_number or 0, one.newest.title.casefold(), one.id))


def agreed_versions(
    session: Session, messages: Iterable[Message], audience: str, day: date
) -> dict[int, MessageVersion]:
    """By message, the version that may be used with `audience` on `day`: the newest of those valid then to which every
    entity it names has agreed. A draft takes the place of an agreed version only once it is agreed to itself."""
    valid = [version for one in messages for version in one.versions if version.is_valid_on(day)]
    found: dict[int, MessageVersion] = {}
    for version in let_through(session, MESSAGE, valid, audience, day):
        known = found.get(version.message_id)
        if known is None or known.number < version.number:
            found[version.message_id] = version
    return found


def uses_of(session: Session, message: Message) -> list[MessageUse]:
    """Who used which version, as it was told, newest first."""
    numbers = [version.id for version in message.versions]
    query = sa.select(MessageUse).where(MessageUse.message_version_id.in_(numbers))
    return list(session.scalars(query.options(selectinload(MessageUse.entity)).order_by(MessageUse.id.desc())))


def unsaid_by(session: Session, messages: Iterable[Message], mine: Iterable[Organisation]) -> set[int]:
    """The ids of the messages in use whose newest version names one of the entities `mine` that said nothing of it."""
    ids = {one.id for one in mine}
    asked = {one.newest.id: one.id for one in messages if one.withdrawn_at is None}
    named = {
        (one.newest.id, entity.id)
        for one in messages
        for entity in one.newest.entities
        if entity.id in ids and one.newest.id in asked
    }
    if not named:
        return set()
    query = sa.select(Agreement.message_version_id, Agreement.entity_id).where(Agreement.message_version_id.in_(asked))
    said = {(version, entity) for version, entity in session.execute(query) if version is not None}
    return {asked[version] for version, _entity in named - said}
