"""The other entity becomes a participant of one of two records that are the same work (rule 10)."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.accounts.models import Person
from interagency.matrix.activities.models import Activity, ActivityEntity, Participation
from interagency.matrix.activities.record import StaleVersionError, facts, finish, refresh_derived
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.overlaps.fields import MergeRefusal


def who_could_join(activity: Activity, other: Activity) -> list[Organisation]:
    """The entities of the other record that are not named in this one."""
    named = {part.entity_id for part in activity.entities}
    return [part.entity for part in other.taking_part if part.entity_id not in named]


def join(
    session: Session,
    activity: Activity,
    other: Activity,
    *,
    version: int,
    by: Person,
    mine: Iterable[Organisation],
    month: str | None,
) -> list[Organisation]:
    """Name the entities of `other` in `activity`; each is asked to confirm, unless the person speaks for it.

    Returns them. Raises MergeRefusal when there is none, StaleVersionError when somebody saved meanwhile.
    """
    if activity.version != version:
        raise StaleVersionError
    joining = who_could_join(activity, other)
    if not joining:
        raise MergeRefusal(_("Every entity of the other record is named in this one already."))
    before, own = facts(activity), {entity.id for entity in mine}
    last = max((part.position for part in activity.entities), default=-1)
    for place, entity in enumerate(joining, start=last + 1):
        state = Participation.CONFIRMED if entity.id in own else Participation.AWAITED
        activity.entities.append(
            ActivityEntity(entity_id=entity.id, entity=entity, participation=state, role="", position=place)
        )
    refresh_derived(activity)
    reason = _("Joined from record %(id)s, “%(title)s”.", id=other.id, title=other.title)
    finish(session, activity, before, by=by, mine=mine, month=month, reason=reason)
    return joining
