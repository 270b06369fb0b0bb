"""What a need says, who may change it, and saving it with history; offers of help beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.db.base import now
from interagency.db.history import Action, record_change
from interagency.matrix.activities.record import StaleVersionError
from interagency.matrix.framework.models import Country, Recommendation
from interagency.matrix.needs.models import Need, NeedOffer, NeedStatus, StatedBy
from interagency.matrix.organisations.models import Organisation
from interagency.text.dates import ImpreciseDate
from interagency.text.folding import search_text

# What an offer is called in the history of its need: this and the entity's key.
OFFER = "offer:"


@dataclass(slots=True)
class NeedDraft:
    """A need as somebody wants it to be."""

    title: str
    status: NeedStatus = NeedStatus.OPEN
    details: str = ""
    country: Country | None = None
    is_transit: bool = False
    stated_by: StatedBy = StatedBy.GOVERNMENT
    on_request: bool = False
    stated: ImpreciseDate | None = None
    source: str = ""
    link: str = ""
    shareable: bool = False
    recommendations: list[Recommendation] = field(default_factory=list)
    entities: list[Organisation] = field(default_factory=list)


def facts(need: Need) -> dict[str, Any]:
    """What `need` says as it stands in memory, saved or not: plain values by stable keys."""
    return {
        "title": need.title,
        "details": need.details,
        "country": need.country_code,
        "transit": need.is_transit,
        "stated_by": need.stated_by.value,
        "on_request": need.on_request,
        "stated": need.stated.code if need.stated else None,
        "source": need.source,
        "link": need.link,
        "status": need.status.value,
        "shareable": need.shareable,
        "recommendations": [one.code for one in sorted(need.recommendations, key=lambda one: one.position)],
        "entities": sorted(one.key for one in need.entities),
    }


def may_add_needs(person: Person, mine: Iterable[Organisation]) -> bool:
    """Coordinators and focal points may."""
    return person.is_coordinator or bool(list(mine))


def may_edit_need(person: Person, mine: Iterable[Organisation], need: Need) -> bool:
    """Coordinators, and the focal points of the entities that keep it: `mine` are those of `person` today."""
    return person.is_coordinator or bool({one.id for one in mine} & {one.id for one in need.entities})


def apply_draft(need: Need, draft: NeedDraft) -> None:
    """Make `need` say what `draft` says."""
    for name in ("title", "details", "is_transit", "stated_by", "on_request", "source", "link", "status", "shareable"):
        setattr(need, name, getattr(draft, name))
    need.country, need.stated = draft.country, draft.stated
    need.country_code = draft.country.code if draft.country else None
    need.recommendations, need.entities = list(draft.recommendations), list(draft.entities)
    country = draft.country
    need.words = search_text(
        draft.title, draft.details, draft.source, *(one.code for one in draft.recommendations),
        *((country.name, *country.other_names) if country else ()),
    )  # fmt: skip


def create_need(session: Session, draft: NeedDraft, *, by: Person) -> Need:
    """A new need with its first history row, flushed."""
    need = Need()
    apply_draft(need, draft)
    session.add(need)
    session.flush()
    record_change(session, need, Action.CREATED, before={}, after=facts(need), by=by)
    return need


def save_need(session: Session, need: Need, draft: NeedDraft, *, version: int, by: Person) -> bool:
    """Save `draft` over the need read at `version`. Returns whether anything changed.

    Raises StaleVersionError when somebody else saved in between; the caller rolls back.
    """
    if need.version != version:
        raise StaleVersionError
    before = facts(need)
    apply_draft(need, draft)
    after = facts(need)
    if after == before:
        return False
    need.updated_at = max(now(), need.updated_at)
    sa.orm.attributes.flag_modified(need, "updated_at")  # the version rises though only links changed
    try:
        session.flush()
    except sa.orm.exc.StaleDataError:
        raise StaleVersionError from None
    record_change(session, need, Action.CHANGED, before=before, after=after, by=by)
    return True


def offer_of(session: Session, need: Need, entity: Organisation) -> NeedOffer | None:
    """What `entity` said it can do about `need`."""
    query = sa.select(NeedOffer).where(NeedOffer.need_id == need.id, NeedOffer.entity_id == entity.id)
    return session.scalar(query)


def say_offer(
    session: Session, need: Need, entity: Organisation, word: str | None, *, by: Person, at: datetime
) -> bool:
    """Let `entity` say that it can help, with a word, or (None) that it offers no help. Returns whether that is new.

    An offer is no part of the need: its version stays, its history tells it. Lock the need before.
    """
    found = offer_of(session, need, entity)
    before = found.word if found else None
    if word == before:
        return False
    if word is None:
        session.delete(found)
    elif found is None:
        session.add(
            NeedOffer(need_id=need.id, entity_id=entity.id, word=word, said_at=at, said_by_id=by.id,
                      said_by_name=by.name)
        )  # fmt: skip
    else:
        found.word, found.said_at, found.said_by_id, found.said_by_name = word, at, by.id, by.name
    session.flush()
    name = f"{OFFER}{entity.key}"
    record_change(session, need, Action.CHANGED, before={name: before}, after={name: word}, by=by)
    return True
