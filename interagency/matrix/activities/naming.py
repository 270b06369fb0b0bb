"""What becomes of activities when the directory changes: who names an organisation that is another, names that one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from interagency.accounts.models import Person
from interagency.db.fulltext import refresh_texts
from interagency.matrix.activities.locks import lock
from interagency.matrix.activities.models import (
    Activity,
    ActivityDocument,
    ActivityEntity,
    Figure,
    Participation,
    activity_partner,
)
from interagency.matrix.activities.record import facts, finish, refresh_derived, searched_words
from interagency.matrix.organisations.models import Organisation
from interagency.registry import NamingPart

# What an entity said or is in an activity, beside its place.
_SAID = ("is_lead", "is_supporting", "role", "participation", "answered_at", "answered_by_id", "confirmed_month")


def ids(session: Session, organisation_id: int) -> list[int]:
    """The listed activities that name an organisation, as entity or as partner, as owner of a document or as who
    counted something."""
    named = sa.or_(Activity.id.in_(_naming(organisation_id)), Activity.id.in_(_beside(organisation_id)))
    query = sa.select(Activity.id).where(Activity.is_listed, named)
    return list(session.scalars(query.order_by(Activity.id)))


def tally(session: Session) -> dict[int, int]:
    """How many listed activities each organisation takes part in or is a partner of, by its id: as their filters find
    them."""
    listed = sa.select(Activity.id).where(Activity.is_listed)
    part = sa.select(ActivityEntity.entity_id, sa.func.count()).where(
        ActivityEntity.participation != Participation.DECLINED, ActivityEntity.activity_id.in_(listed)
    )
    partners = sa.select(activity_partner.c.organisation_id, sa.func.count()).where(
        activity_partner.c.activity_id.in_(listed)
    )
    return {
        **dict(session.execute(partners.group_by(activity_partner.c.organisation_id)).all()),
        **dict(session.execute(part.group_by(ActivityEntity.entity_id)).all()),
    }


def _naming(organisation_id: int) -> sa.CompoundSelect[int]:
    return sa.union(
        sa.select(ActivityEntity.activity_id).where(ActivityEntity.entity_id == organisation_id),
        sa.select(activity_partner.c.activity_id).where(activity_partner.c.organisation_id == organisation_id),
    )


def _beside(organisation_id: int) -> sa.CompoundSelect[int]:
    """Activities of which it owns a document, or counted something."""
    key = sa.select(Organisation.key).where(Organisation.id == organisation_id).scalar_subquery()
    return sa.union(
        sa.select(ActivityDocument.activity_id).where(ActivityDocument.owner_id == organisation_id),
        sa.select(Figure.activity_id).where(Figure.entity == key),
    )


def _activities(session: Session, numbers: Iterable[int]) -> Iterable[Activity]:
    wanted = list(numbers)
    lock(session, wanted)
    query = sa.select(Activity).where(Activity.id.in_(wanted)).order_by(Activity.id)
    return session.scalars(query.execution_options(populate_existing=True))


def rename_in(
    session: Session, numbers: list[int], old: Organisation, new: Organisation | None, by: Person | None, reason: str
) -> list[Any]:
    """Let the activities name `new` instead of `old`, or nobody. Returns how each named `old`.

    A partner that is a UN entity is asked whether it takes part (rule 10), and its agreement is needed from now on.
    """
    kept: list[dict[str, Any]] = []
    for activity in _activities(session, numbers):
        before = facts(activity)
        part = _part_of(activity, old)
        kept.append(
            {
                "id": activity.id,
                "is_entity": part is not None,
                "named": part is not None or old in activity.partners,
                "figures": [place for place, one in enumerate(activity.figures) if one.entity == old.key],
                "owned": [place for place, one in enumerate(activity.documents) if one.owner_id == old.id],
                "joined": new is not None and new not in activity.partners and _part_of(activity, new) is None,
            }
        )
        if part is not None and new is not None:
            _hand_over(activity, part, new)
        _count_for(activity, kept[-1]["figures"], old, new)
        _own(activity, kept[-1]["owned"], old, new)
        if old in activity.partners:
            activity.partners = [one for one in activity.partners if one is not old]
            if new is not None:
                _name(activity, new)
        _write(session, activity, before, by, reason)
    return kept


def _part_of(activity: Activity, entity: Organisation) -> ActivityEntity | None:
    return next((part for part in activity.entities if part.entity_id == entity.id), None)


def _hand_over(activity: Activity, part: ActivityEntity, new: Organisation) -> None:
    """The part of an entity becomes that of `new`; where it has one, they are one: a lead leads, no word is lost."""
    there = _part_of(activity, new)
    if there is None:
        there = ActivityEntity(entity_id=new.id, entity=new, position=part.position)
        for name in _SAID:
            setattr(there, name, getattr(part, name))
        activity.entities = [there if one is part else one for one in activity.entities]
        return
    roles = dict.fromkeys(role for role in (there.role, part.role) if role)
    there.is_lead = there.is_lead or part.is_lead
    there.is_supporting = there.is_supporting and not there.is_lead
    there.role = " ".join(roles)
    activity.entities = [one for one in activity.entities if one is not part]


def _count_for(activity: Activity, places: list[int], old: Organisation, new: Organisation | None) -> None:
    """The figures at `places` that `old` counted are those of `new`, or of nobody."""
    for place, figure in enumerate(activity.figures):
        if place in places and figure.entity == old.key:
            figure.entity = new.key if new is not None else ""


def _own(activity: Activity, places: list[int], old: Organisation, new: Organisation | None) -> None:
    """The documents at `places` that belong to `old` are those of `new`, or of nobody known."""
    for place, document in enumerate(activity.documents):
        if place in places and document.owner_id == old.id:
            document.owner = new
            document.owner_id = new.id if new is not None else None


def _give_back(activity: Activity, was: dict[str, Any], old: Organisation, new: Organisation | None) -> None:
    """What `old` counted and owned is its own again, where it is still that of `new`."""
    if new is not None:
        _count_for(activity, was.get("figures", []), new, old)
        _own(activity, was.get("owned", []), new, old)


def _name(activity: Activity, new: Organisation) -> None:
    if not new.is_entity:
        activity.partners = [*activity.partners, *([] if new in activity.partners else [new])]
    elif _part_of(activity, new) is None:
        last = max((part.position for part in activity.entities), default=-1)
        state = Participation.AWAITED
        part = ActivityEntity(entity_id=new.id, entity=new, position=last + 1, participation=state, role="")
        activity.entities = [*activity.entities, part]


def _write(session: Session, activity: Activity, before: dict[str, Any], by: Person | None, reason: str) -> bool:
    refresh_derived(activity)
    return finish(session, activity, before, by=by, reason=reason)


def name_again(
    session: Session, kept: list[Any], old: Organisation, new: Organisation | None, by: Person | None, reason: str
) -> int:
    """Let the activities name `old` again where they still name `new`. Returns in how many that changed something.

    An entity that has said meanwhile that it takes part stays named beside it.
    """
    told = {one["id"]: one for one in kept}
    changed = 0
    for activity in _activities(session, told):
        before, was = facts(activity), told[activity.id]
        part = _part_of(activity, new) if new is not None else None
        names_new = new is None or part is not None or new in activity.partners
        if not was.get("named", True):  # it only owned a document of it, or counted something
            _give_back(activity, was, old, new)
            changed += _write(session, activity, before, by, reason)
            continue
        if was["joined"] and new is not None:
            if not names_new:
                continue  # somebody took it out since
            if was["is_entity"] and part is not None:
                _hand_over(activity, part, old)
            elif part is not None and part.participation is Participation.AWAITED and not part.role:
                activity.entities = [one for one in activity.entities if one is not part]
            activity.partners = [one for one in activity.partners if one is not new]
        _name(activity, old)
        _give_back(activity, was, old, new)
        changed += _write(session, activity, before, by, reason)
    return changed


def refresh(session: Session, organisation_id: int) -> None:
    """Let the activities be found by the names that an organisation has by now."""
    loading = (
        selectinload(Activity.entities).joinedload(ActivityEntity.entity).selectinload(Organisation.names),
        selectinload(Activity.partners).selectinload(Organisation.names),
        selectinload(Activity.countries),
        selectinload(Activity.regions),
        selectinload(Activity.recommendations),
    )
    query = sa.select(Activity).where(Activity.id.in_(_naming(organisation_id))).options(*loading)
    refresh_texts(session, Activity, session.scalars(query), searched_words)


NAMING_PART = NamingPart(name="activity", ids=ids, tally=tally, replace=rename_in, put_back=name_again, refresh=refresh)
